//! `dke request`: asks a node something through its gateway (PROTOCOL.md section 16).

use crate::exchange::{id, stage_name};
use crate::fault::Fault;
use crate::files;
use crate::protect_args::Request;
use crate::report::{Report, data};
use crate::serve::runtime;
use coap_lite::{CoapOption, Packet};
use dke::RustCrypto;
use dke::crypto::{Crypto as _, Hash};
use dke_agent::serving::texts;
use dke_agent::{Gateway, Unanswered, Waiting};
use dke_app::{Error, message};
use dke_coap::Parameters;
use dke_coap::names::NODES;
use dke_state::{AskedState, ClientDir, Held, Hex, HexN, Locked, Party, Undelivered};
use rand_core::{OsRng, RngCore as _};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// The gateway holds a request over CoAP for up to 60 s (section 16).
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(75);

/// `dke request`.
pub(crate) fn run(args: &Request) -> Result<Report, Fault> {
    runtime()?.block_on(async {
        let url = Url::parse(&args.url)?;
        let parameters = Parameters { response_timeout: RESPONSE_TIMEOUT, ..Parameters::default() };
        let gateway = Gateway::connect(&url.gateway, parameters).await?;
        if args.give_up {
            return give_up(args, &url);
        }
        if args.again {
            return again(args, &url, &gateway).await;
        }
        ask(args, &gateway).await
    })
}

/// One new request.
pub(crate) async fn ask(args: &Request, gateway: &Gateway) -> Result<Report, Fault> {
    let url = Url::parse(&args.url)?;
    let request = request(args, &url)?;
    let mut waiting = begin(args, &url, &request)?;
    told(gateway.answer_of(&waiting.node.clone(), &mut waiting, deadline(args.wait)).await, &waiting)
}

/// All that this node has not answered.
async fn again(args: &Request, url: &Url, gateway: &Gateway) -> Result<Report, Fault> {
    let file = ClientDir::open(Locked::wait(&args.dir)?)?;
    // What was received and not delivered, and is an answer of this node, comes first.
    let kept: Vec<_> = file
        .state
        .undelivered
        .all()
        .iter()
        .filter(|one| url.is(&one.peer.0) && one.tells("request"))
        .cloned()
        .collect();
    drop(file);
    let mut responses: Vec<Value> = kept.iter().map(|one| Report::again(one).value()).collect();
    let mut delivered: Vec<Hash> = kept.iter().map(|one| one.from.0).collect();
    for mut waiting in all(&args.dir, url)? {
        let report =
            match told(gateway.answer_of(&waiting.node.clone(), &mut waiting, deadline(args.wait)).await, &waiting) {
                Ok(report) => {
                    delivered.push(waiting.received());
                    report.value()
                }
                Err(broken @ Fault::Broken(_)) => return Err(broken),
                Err(fault) => json!({ "request": waiting.line, "unanswered": fault.to_string() }),
            };
        responses.push(report);
    }
    Ok(Report::new().with("responses", responses).delivering(&args.dir, delivered))
}

fn give_up(args: &Request, url: &Url) -> Result<Report, Fault> {
    let given_up: Vec<Value> = all(&args.dir, url)?.into_iter().map(|waiting| waiting.line.into()).collect();
    let mut file = ClientDir::open(Locked::open(&args.dir)?)?;
    for state in file.state.sessions.iter_mut().filter(|one| one.peer_hash.as_ref().is_some_and(|hash| url.is(&hash.0)))
    {
        state.protected.awaiting.clear();
    }
    for state in file.state.pending.iter_mut().filter(|one| url.is(&one.node.0)) {
        state.protected.awaiting.clear();
    }
    file.save()?;
    Ok(Report::new().with("given_up", given_up))
}

fn deadline(wait: u64) -> Instant {
    let now = Instant::now();
    now.checked_add(Duration::from_secs(wait)).unwrap_or(now + Duration::from_secs(u32::MAX.into()))
}

/// What is protected.
fn request(args: &Request, url: &Url) -> Result<Packet, Fault> {
    let mut request = message::with_code(args.method.code());
    for segment in &url.path {
        request.add_option(CoapOption::UriPath, segment.clone());
    }
    for part in &url.query {
        request.add_option(CoapOption::UriQuery, part.clone());
    }
    if let Some(format) = args.content_format {
        let bytes = format.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        request.add_option(CoapOption::ContentFormat, bytes);
    }
    request.payload = match (&args.data, &args.data_file) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, Some(path)) => files::read(path)?,
        (None, None) => Vec::new(),
    };
    Ok(request)
}

/// Protects and stores it: from here on it can be sent again with the same bytes, and its number is used up.
fn begin(args: &Request, url: &Url, request: &Packet) -> Result<AskedFile, Fault> {
    let protection = args.format.ok_or_else(|| Fault::usage("Name the protection with --as."))?.into();
    let file = ClientDir::open(Locked::wait(&args.dir)?)?;
    file.has_room_for_request(|node| url.is(node))?;
    let mut party = Party::Client(file);
    let mut id = [0; 8];
    OsRng.try_fill_bytes(&mut id).map_err(|_| dke::Misuse::BrokenRandomness)?;
    let here = |one: &Held<'_>| {
        args.session.as_ref().is_none_or(|wanted| one.fingerprint.is_some_and(|own| own[..] == wanted.0))
            && one.peer_hash.is_some_and(|hash| url.is(&hash))
            && !(args.early && one.fingerprint.is_some())
    };
    let mut held = party.held()?.into_iter().find(here).ok_or_else(|| {
        Fault::usage(
            "There is no exchange with this node here; begin one with `dke client call`, or see `dke client status`.",
        )
    })?;
    let (asked, _) = held.exchange.ask(protection, request)?;
    let node = held.peer_hash.unwrap_or_default();
    let state = AskedState { id: HexN(id), asked, message: Hex(message::encode(request)?.to_vec()) };
    held.awaiting.push(state);
    party.save()?;
    let line = line(request);
    Ok(AskedFile { dir: args.dir.clone(), node, id, keys: stage_name(asked.stage), line })
}

fn all(dir: &Path, url: &Url) -> Result<Vec<AskedFile>, Fault> {
    let file = ClientDir::open(Locked::wait(dir)?)?;
    let sessions = file.state.sessions.iter().filter_map(|one| Some((one.peer_hash.as_ref()?.0, &one.protected)));
    let pending = file.state.pending.iter().map(|one| (one.node.0, &one.protected));
    let here = sessions.chain(pending).filter(|(node, _)| url.is(node));
    Ok(here
        .flat_map(|(node, protected)| protected.awaiting.iter().map(move |one| (node, one)))
        .map(|(node, one)| AskedFile {
            dir: dir.to_path_buf(),
            node,
            id: one.id.0,
            keys: stage_name(one.asked.stage),
            line: one.packet().as_ref().map(line).unwrap_or_default(),
        })
        .collect())
}

fn told(answered: Result<Packet, Unanswered<Fault>>, waiting: &AskedFile) -> Result<Report, Fault> {
    let response = answered.map_err(|unanswered| match unanswered {
        Unanswered::Gateway(failure) => failure.into(),
        Unanswered::Sleeps => Fault::Input { name: "Pending", sentence: unanswered.to_string() },
        Unanswered::Unprotected(..) => Fault::Input { name: "Gateway", sentence: unanswered.to_string() },
        Unanswered::Rejected(reject) => {
            let fault = Fault::from(reject);
            match fault {
                Fault::Input { name, .. } => Fault::Input { name, sentence: unanswered.to_string() },
                other => other,
            }
        }
        Unanswered::Caller(misuse) => misuse.into(),
        Unanswered::Storage(fault) => fault,
    })?;
    Ok(response_report(&response, waiting).delivering(&waiting.dir, vec![waiting.received()]))
}

fn response_report(response: &Packet, waiting: &AskedFile) -> Report {
    let code = message::code(response);
    let format = response.get_first_option(CoapOption::ContentFormat);
    let format = format.map(|bytes| bytes.iter().take(2).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte)));
    Report::new()
        .with("request", waiting.line.clone())
        .with("keys", waiting.keys)
        .with("code", format!("{}.{:02}", code >> 5, code & 0x1f))
        .with("format", format)
        .with("payload", data(&response.payload))
}

/// Method and path, for people.
fn line(request: &Packet) -> String {
    let query = texts(request, CoapOption::UriQuery).join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    let method = crate::node_run::method_name(message::code(request));
    format!("{method} /{}{mark}{query}", texts(request, CoapOption::UriPath).join("/"))
}

/// A request in the client's file, which is locked for each step only: the node may sleep for long.
struct AskedFile {
    dir: PathBuf,
    node: Hash,
    id: [u8; 8],
    keys: &'static str,
    line: String,
}

impl AskedFile {
    /// Tells its response from all that waits to be delivered.
    fn received(&self) -> Hash {
        RustCrypto::sha256(&self.id)
    }

    fn gone(&self) -> Error<Fault> {
        Error::Storage(Fault::usage(format!("{} awaits no response any more.", self.line)))
    }

    fn open_file(&self) -> Result<ClientDir, Error<Fault>> {
        Locked::wait(&self.dir).and_then(ClientDir::open).map_err(storage)
    }
}

fn storage(error: dke_state::Error) -> Error<Fault> {
    Error::Storage(error.into())
}

impl Waiting for AskedFile {
    type Error = Fault;

    fn outer(&self) -> Result<Packet, Error<Fault>> {
        let mut file = self.open_file()?;
        let (state, held) = file.asked(&self.id).map_err(storage)?.ok_or_else(|| self.gone())?;
        let request = state.packet().ok_or_else(|| self.gone())?;
        Ok(held.exchange.ask_again(&state.asked, &request)?)
    }

    fn open(&mut self, outer: &Packet) -> Result<Packet, Error<Fault>> {
        let mut file = self.open_file()?;
        let (state, mut held) = file.asked(&self.id).map_err(storage)?.ok_or_else(|| self.gone())?;
        let request = state.packet().ok_or_else(|| self.gone())?;
        let response = held.exchange.open_response(&state.asked, &request, outer).map_err(|error| match error {
            Error::Peer(reject) => Error::Peer(reject),
            Error::Caller(misuse) => Error::Caller(misuse),
            Error::Storage(never) => match never {},
        })?;
        for protected in file.protected() {
            protected.awaiting.retain(|one| one.id.0 != self.id);
        }
        let facts = response_report(&response, self).facts();
        let received = Undelivered { from: HexN(self.received()), peer: HexN(self.node), facts, content: None };
        file.state.undelivered.put(received).map_err(storage)?;
        file.save().map_err(storage)?;
        Ok(response)
    }
}

/// `coap://GATEWAY/nodes/NODE/PATH?QUERY`
struct Url {
    /// Scheme and authority.
    gateway: String,
    /// As it stands in paths.
    node: String,
    path: Vec<Vec<u8>>,
    query: Vec<Vec<u8>>,
}

impl Url {
    fn parse(text: &str) -> Result<Url, Fault> {
        let wrong = || {
            Fault::usage(format!(
                "{text} is no address of a node; coap://GATEWAY/{NODES}/NODE/PATH or http://GATEWAY/{NODES}/NODE/PATH is expected."
            ))
        };
        let (before, query) = text.split_once('?').map_or((text, None), |(before, query)| (before, Some(query)));
        let (scheme, rest) = before.split_once("://").ok_or_else(wrong)?;
        let mut segments = rest.split('/');
        let authority = segments.next().ok_or_else(wrong)?;
        if segments.next() != Some(NODES) {
            return Err(wrong());
        }
        let node = segments.next().filter(|node| dke_coap::names::read_node_name(node).is_some()).ok_or_else(wrong)?;
        let path: Option<Vec<_>> = segments.map(decoded).collect();
        let query: Option<Vec<_>> = query.into_iter().flat_map(|query| query.split('&')).map(decoded).collect();
        let mut path = path.ok_or_else(wrong)?;
        // "/" is the same as nothing (RFC 7252 section 6.4).
        if path.len() == 1 && path.iter().all(Vec::is_empty) {
            path.clear();
        }
        let query = query.ok_or_else(wrong)?;
        Ok(Url { gateway: format!("{scheme}://{authority}"), node: node.to_string(), path, query })
    }

    fn is(&self, node: &Hash) -> bool {
        id(node) == self.node
    }
}

/// Percent-encodings turned into bytes; `None` if one is not two hexadecimal digits.
fn decoded(component: &str) -> Option<Vec<u8>> {
    let mut parts = component.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.extend(hex::decode(digits).ok()?);
        bytes.extend(rest.as_bytes());
    }
    Some(bytes)
}
