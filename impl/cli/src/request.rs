//! `dke request`: asks a node something through its gateway (PROTOCOL.md section 16).

use crate::exchange::{id, stage_name};
use crate::fault::Fault;
use crate::files;
use crate::network::runtime;
use crate::protect_args::Request;
use crate::report::{Report, data};
use coap_lite::{CoapOption, Packet};
use dke::crypto::Hash;
use dke_agent::serving::texts;
use dke_agent::{Gateway, Unanswered};
use dke_app::{Error, message};
use dke_coap::Parameters;
use dke_coap::names::NODES;
use dke_state::{ClientDir, Disk, Held, Locked, RealDisk, StoredRequest};
use rand_core::OsRng;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
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
    let mut waiting = begin(args, &url, request)?;
    let answered = gateway.answer_of(&waiting.node().clone(), &mut waiting, deadline(args.wait)).await;
    told(answered, args, &waiting)
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
    for waiting in StoredRequest::all(&disk(&args.dir)?, |node| url.is(node))? {
        let mut waiting = waiting.telling(facts);
        let answered = gateway.answer_of(&waiting.node().clone(), &mut waiting, deadline(args.wait)).await;
        let report = match told(answered, args, &waiting) {
            Ok(report) => {
                delivered.push(waiting.received());
                report.value()
            }
            Err(broken @ Fault::Broken(_)) => return Err(broken),
            Err(fault) => json!({ "request": line(waiting.message()), "unanswered": fault.to_string() }),
        };
        responses.push(report);
    }
    Ok(Report::new().with("responses", responses).delivering(&args.dir, delivered))
}

fn give_up(args: &Request, url: &Url) -> Result<Report, Fault> {
    let disk = disk(&args.dir)?;
    let waiting = StoredRequest::all(&disk, |node| url.is(node))?;
    StoredRequest::forget(&disk, &waiting)?;
    let given_up: Vec<String> = waiting.iter().map(|one| line(one.message())).collect();
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

/// Protects and stores it.
fn begin(args: &Request, url: &Url, request: Packet) -> Result<StoredRequest, Fault> {
    let protection = args.format.ok_or_else(|| Fault::usage("Name the protection with --as."))?.into();
    let chosen = |one: &Held<'_>| {
        args.session.as_ref().is_none_or(|wanted| one.fingerprint.is_some_and(|own| own[..] == wanted.0))
            && !(args.early && one.fingerprint.is_some())
    };
    let is_node = |node: &Hash| url.is(node);
    let begun = StoredRequest::begin(disk(&args.dir)?, is_node, chosen, protection, request, &mut OsRng);
    let waiting = begun.map_err(|error| match error {
        Error::Storage(dke_state::Error::NoExchange) => Fault::usage(
            "There is no exchange with this node here; begin one with `dke client call`, or see `dke client status`.",
        ),
        error => error.into(),
    })?;
    Ok(waiting.telling(facts))
}

fn disk(dir: &Path) -> Result<Arc<dyn Disk>, Fault> {
    Ok(Arc::new(RealDisk::open(dir)?))
}

fn told(
    answered: Result<Packet, Unanswered<dke_state::Error>>,
    args: &Request,
    waiting: &StoredRequest,
) -> Result<Report, Fault> {
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
        Unanswered::Storage(dke_state::Error::NotAwaited) => {
            Fault::usage(format!("{} awaits no response any more.", line(waiting.message())))
        }
        Unanswered::Storage(error) => error.into(),
    })?;
    Ok(response_report(waiting, &response).delivering(&args.dir, vec![waiting.received()]))
}

fn facts(waiting: &StoredRequest, response: &Packet) -> Vec<(String, Value)> {
    response_report(waiting, response).facts()
}

fn response_report(waiting: &StoredRequest, response: &Packet) -> Report {
    let code = message::code(response);
    let format = response.get_first_option(CoapOption::ContentFormat);
    let format = format.map(|bytes| bytes.iter().take(2).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte)));
    Report::new()
        .with("request", line(waiting.message()))
        .with("keys", stage_name(waiting.stage()))
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
