//! `dke export`, `dke seal`, `dke open`, and sealed representations at the gateway.

use crate::args::Dir;
use crate::exchange::{stage_name, trust_name};
use crate::fault::Fault;
use crate::files::{self, Out, now};
use crate::network::{asked, runtime};
use crate::protect_args::{Export, Leave, ObjectFormat, Open, Read, Seal};
use crate::report::{Report, data};
use dke::crypto::Crypto as _;
use dke::store::NodeStore as _;
use dke::{Credential, RustCrypto};
use dke_app::exchange::{Format, Stage};
use dke_app::{Error, Exporter as _, Misuse, Reject};
use dke_state::{CREDENTIAL_FILE, Held, Hex, HexN, Party, Undelivered};
use std::io::{self, Read as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of the largest content.
const CONTENT_MAX: u64 = 1024 * 1024;

/// `dke export`.
pub(crate) fn export(args: &Export) -> Result<Report, Fault> {
    let mut party = Party::open(&args.dir)?;
    let held = args.which.chosen(&mut party)?;
    let stage = if args.which.early { Stage::Early } else { held.exchange.stage().ok_or(Misuse::NoKeys)? };
    let context = args.context.as_ref().map_or(&[][..], |context| &context.0);
    // A length that no export has is refused before there is room for it.
    let mut out = Zeroizing::new(vec![0; args.length.min(dke::params::EXPORT_MAX + 1)]);
    held.exchange.secret(stage)?.export(&args.label, context, &mut out)?;
    let exported = hex::encode(&*out);
    let text = format!("{exported}\n");
    Ok(about(&held, stage).with("label", args.label.clone()).with("exported", exported).shown_as(text))
}

/// `dke seal`.
pub(crate) fn seal(args: &Seal) -> Result<Report, Fault> {
    let content = input(args.file.as_deref())?;
    let output = args.out.as_deref().map(Out::reserve).transpose()?;
    let mut party = Party::open(&args.dir)?;
    let mut held = args.which.chosen(&mut party)?;
    let (stage, object) = sealed(&mut held, args.format.into(), args.exp, &content)?;
    let report = about(&held, stage);
    // The number is used up before the object is seen.
    party.save()?;
    written(report, "object", output, args.out.as_deref(), object)
}

/// `dke open`.
pub(crate) fn open(args: &Open) -> Result<Report, Fault> {
    let object = input(args.file.as_deref())?;
    let output = args.out.as_deref().map(Out::reserve).transpose()?;
    let mut party = Party::open(&args.dir)?;
    let received = opened(&mut party, args.format.into(), &object, |party| args.which.all(party))?;
    let content = received.content.as_ref().map(|content| content.0.clone()).unwrap_or_default();
    let report = Report::again(&received).delivering(&args.dir, vec![received.from.0]);
    written(report, "content", output, args.out.as_deref(), content)
}

/// `dke deliver`.
pub(crate) fn deliver(args: &Dir) -> Result<Report, Fault> {
    let mut party = Party::open(&args.dir)?;
    let told = |one: &Undelivered| {
        let report = Report::again(one);
        match &one.content {
            Some(content) => report.with("content", data(&content.0)).value(),
            None => report.value(),
        }
    };
    let all = party.undelivered().all();
    let contents = all.iter().map(|one| one.from.0).collect();
    let told: Vec<_> = all.iter().map(told).collect();
    Ok(Report::new().with("received", told).delivering(&args.dir, contents))
}

/// `dke node leave`.
pub(crate) fn leave(args: &Leave) -> Result<Report, Fault> {
    let content = match (&args.data, &args.data_file) {
        (Some(text), _) => Zeroizing::new(text.clone().into_bytes()),
        (None, file) => input(file.as_deref())?,
    };
    let forms = args.format.map_or(vec![ObjectFormat::Cose, ObjectFormat::Jwe], |form| vec![form]);
    let mut objects = Vec::new();
    let mut party = Party::open(&args.dir)?;
    let mut held = args.which.chosen(&mut party)?;
    let mut report = Report::new().with("client", held.peer.clone());
    for form in forms {
        let title = title(&args.name, form)?;
        objects.push((title, sealed(&mut held, form.into(), None, &content)?.1));
    }
    party.save()?;
    let Party::Node(file) = party else { return Err(Fault::usage("This is no node's directory.")) };
    let credential = files::read(&args.dir.join(CREDENTIAL_FILE))?;
    let credential = Credential::parse(&credential)?;
    let batch = file.batch(file.state.last_epoch)?;
    let token = batch.map(|batch| batch.token).ok_or_else(|| Fault::usage("Nothing has been published yet."))?;
    drop(file);
    let left: Vec<String> = objects.iter().map(|(title, _)| title.clone()).collect();
    runtime()?.block_on(async {
        let gateway = asked(&args.gateway).await?;
        for (title, object) in &objects {
            gateway.put_sealed(credential.hash(), &token, title, object).await?;
        }
        Ok::<_, Fault>(())
    })?;
    report = report.with("left", left);
    Ok(report)
}

/// `dke client read`.
pub(crate) fn read(args: &Read) -> Result<Report, Fault> {
    let node = files::read(&args.node)?;
    let node = Credential::parse(&node).map_err(|reject| Fault::from(reject).about(&args.node))?;
    let over_http = args.gateway.starts_with("http:");
    let form = args.format.unwrap_or(if over_http { ObjectFormat::Jwe } else { ObjectFormat::Cose });
    let title = title(&args.name, form)?;
    let object = runtime()?.block_on(async {
        let gateway = asked(&args.gateway).await?;
        Ok::<_, Fault>(gateway.sealed(node.hash(), &title).await?)
    })?;
    let mut party = Party::open(&args.dir)?;
    let received = opened(&mut party, form.into(), &object, |party| {
        let mut held = party.held()?;
        held.retain(|one| one.peer_hash == Some(*node.hash()));
        Ok(held)
    })?;
    let report = Report::again(&received).with("name", title);
    let content = received.content.as_ref().map(|content| data(&content.0));
    Ok(report.with("content", content).delivering(&args.dir, vec![received.from.0]))
}

/// The name under which an object stands at the gateway.
fn title(name: &str, form: ObjectFormat) -> Result<String, Fault> {
    match form {
        ObjectFormat::Cose => Ok(format!("{name}.cose")),
        ObjectFormat::Jwe => Ok(format!("{name}.jwe")),
        _ => Err(Fault::usage("A representation is sealed as cose or jwe.")),
    }
}

fn sealed(held: &mut Held<'_>, format: Format, exp: Option<u64>, content: &[u8]) -> Result<(Stage, Vec<u8>), Fault> {
    let stage = held.exchange.stage().ok_or(Misuse::NoKeys)?;
    Ok((stage, held.exchange.seal(stage, format, exp, content)?))
}

/// Opens an object with the keys of one of these exchanges. That it was opened becomes durable in one with the content, which stays until it is
/// delivered.
fn opened(
    party: &mut Party,
    format: Format,
    object: &[u8],
    meant: impl for<'a> Fn(&'a mut Party) -> Result<Vec<Held<'a>>, Fault>,
) -> Result<Undelivered, Fault> {
    let from = RustCrypto::sha256(object);
    if let Some(received) = party.undelivered().find(&from) {
        return Ok(received.clone());
    }
    let mut refusal = Reject::UnknownKey.into();
    for mut held in meant(party)? {
        match held.exchange.open(format, Some(now(None)), object) {
            Ok((stage, content)) => {
                let (from, peer) = (HexN(from), HexN(held.peer_hash.unwrap_or_default()));
                let facts = about(&held, stage).facts();
                let received = Undelivered { from, peer, facts, content: Some(Hex(content)) };
                party.undelivered().put(received.clone())?;
                party.save()?;
                return Ok(received);
            }
            Err(Error::Peer(Reject::UnknownKey)) => {}
            Err(error) => refusal = error,
        }
    }
    Err(refusal.into())
}

fn about(held: &Held<'_>, stage: Stage) -> Report {
    Report::new()
        .with("peer", held.peer.clone())
        .with("peer_hash", held.peer_hash.map(hex::encode))
        .with("trust", trust_name(held.vouched))
        .with("keys", stage_name(stage))
        .with("epoch", held.epoch)
        .with("index", held.index)
}

/// Standard input, or a file.
fn input(file: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, Fault> {
    if let Some(path) = file {
        return files::read_large(path).map(Zeroizing::new);
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let name = Path::new("standard input");
    io::stdin().take(CONTENT_MAX).read_to_end(&mut bytes).map_err(|error| Fault::file(name, &error))?;
    Ok(bytes)
}

/// To a file, or to standard output as it is; with --json as a fact.
fn written(
    report: Report,
    name: &'static str,
    output: Option<Out>,
    path: Option<&Path>,
    bytes: Vec<u8>,
) -> Result<Report, Fault> {
    if let (Some(output), Some(path)) = (output, path) {
        output.write(&bytes)?;
        return Ok(report.with(name, path.display().to_string()).with("bytes", bytes.len()));
    }
    Ok(report.with(name, data(&bytes)).raw(bytes))
}
