//! `dke client`: C1 and C2 on a directory.

use crate::args::{self, Initiate, Place};
use crate::client_call::answer;
use crate::exchange;
use crate::fault::Fault;
use crate::files::{self, Out, now};
use crate::node::given;
use crate::report::{Report, data};
use dke::client::{AwaitingConfirm, Client, Request};
use dke::crypto::Crypto as _;
use dke::params::{DATA_MAX, INITIATE_MAX};
use dke::{Credential, Misuse, Mode, Reject, RustCrypto};
use dke_agent::Answered;
use dke_state::{ClientDir, HexN, Identity, Locked, SessionState, Undelivered, mode_name};
use rand_core::OsRng;
use serde_json::json;
use std::path::Path;

/// `dke client ...`.
pub(crate) fn run(command: &args::Client) -> Result<Report, Fault> {
    match command {
        args::Client::Initiate(args) => initiate(args),
        args::Client::Finish { dir, confirm } => finish(dir, confirm),
        args::Client::Resend { place, out } => resend(place, out),
        args::Client::Status(args) => status(&args.dir),
        args::Client::Call(args) => crate::client_call::call(args),
        args::Client::Resume(args) => crate::client_call::resume(args),
        args::Client::Recover(args) => crate::recover::client(args),
        args::Client::Read(args) => crate::protect::read(args),
    }
}

/// C1.
pub(crate) fn initiate(args: &Initiate) -> Result<Report, Fault> {
    let node = files::read(&args.node)?;
    let node = Credential::parse(&node).map_err(|reject| Fault::from(reject).about(&args.node))?;
    let offer = files::read(&args.offer)?;
    let cwt = args.cwt.as_deref().map(files::read).transpose()?;
    let early_data = given(&args.data)?;
    let locked = Locked::open(&args.dir)?;
    let identity = Identity::load(&locked)?;
    let mut file = ClientDir::open(locked)?;
    let output = Out::reserve(&args.out)?;
    let client: Client<'_> = match (&cwt, &args.cwt) {
        (Some(cwt), Some(path)) => {
            Client::vouched(cwt, &identity.key).map_err(|misuse| Fault::from(misuse).about(path))?
        }
        _ => Client::pinned(&identity.credential()?, &identity.key),
    };
    let mode = if args.refresh { Mode::Refresh } else { Mode::Basic };
    let request = Request { mode, early_data: &early_data, now: now(args.now) };
    file.state.names.insert(hex::encode(node.hash()), node.subject().to_string());
    let mut out = vec![0; INITIATE_MAX];
    let begun = client
        .initiate(&mut file, &node, &offer, &request, &mut OsRng, &mut out)
        .map_err(|error| Fault::from(error).about(&args.offer))?;
    out.truncate(begun.len);
    output.write(&out)?;
    Ok(Report::new()
        .with("step", "C1")
        .with("node", node.subject())
        .with("asked", mode_name(mode))
        .with("epoch", begun.awaiting.epoch())
        .with("index", begun.awaiting.index())
        .with("early_fingerprint", hex::encode(begun.awaiting.early_secret().fingerprint()))
        .with("initiate", args.out.display().to_string())
        .with("bytes", out.len()))
}

/// C2.
pub(crate) fn finish(dir: &Path, confirm: &Path) -> Result<Report, Fault> {
    let bytes = files::read(confirm)?;
    let message = dke::message::Confirm::parse(&bytes).map_err(|reject| Fault::from(reject).about(confirm))?;
    let mut file = ClientDir::open(Locked::open(dir)?)?;
    let from = RustCrypto::sha256(&bytes);
    if let Some(received) = file.state.undelivered.find(&from) {
        return Ok(Report::again(received).delivering(dir, vec![from]));
    }
    let candidates: Vec<_> = file
        .state
        .pending
        .iter()
        .filter(|one| (one.epoch, u64::from(one.index)) == (message.epoch, message.index))
        .cloned()
        .collect();
    let mut fault = Fault::from(Reject::WrongExchange);
    for pending in candidates {
        let awaiting: AwaitingConfirm = AwaitingConfirm::from_bytes(pending.state.expose())
            .map_err(|_: Misuse| unreadable(&file.locked.path("client.json")))?;
        let early = awaiting.early_secret();
        let mut buffer = [0; DATA_MAX];
        match awaiting.finish(&mut file, &bytes, &mut buffer) {
            Ok(done) => {
                let node = hex::encode(pending.node.0);
                let peer = file.state.names.get(&node).cloned().unwrap_or(node);
                let answered = match &pending.call {
                    Some(call) => {
                        let answered = Answered::read(done.answer);
                        let refused = matches!(answered, Answered::Refused(_));
                        if !refused || file.state.exchanges_of(&call.0).next().is_none() {
                            file.end_call(&call.0);
                        }
                        answered
                    }
                    None => Answered::Done(done.answer.to_vec()),
                };
                let session = SessionState::new(&peer, &pending.node.0, &done.session, early.expose());
                let answer = match answer(answered) {
                    Ok(answer) => answer,
                    Err(fault) => {
                        file.keep(session)?;
                        return Err(fault);
                    }
                };
                let report = Report::new()
                    .with("step", "C2")
                    .with("node", peer.clone())
                    .with("mode", mode_name(done.session.mode))
                    .with("epoch", done.session.epoch)
                    .with("index", done.session.index)
                    .with("answer", data(&answer))
                    .with("early_fingerprint", hex::encode(early.fingerprint()))
                    .with("session_fingerprint", hex::encode(done.session.secret.fingerprint()));
                let (from_hash, facts) = (HexN(from), report.facts());
                let received = Undelivered { from: from_hash, peer: pending.node.clone(), facts, content: None };
                file.state.undelivered.put(received)?;
                file.keep(session)?;
                return Ok(report.delivering(dir, vec![from]));
            }
            Err(failed) => fault = failed.error.into(),
        }
    }
    Err(fault.about(confirm))
}

fn resend(place: &Place, out: &Path) -> Result<Report, Fault> {
    let file = ClientDir::open(Locked::open(&place.dir)?)?;
    let found = file.state.pending.iter().find(|one| (one.epoch, one.index) == (place.epoch, place.index));
    let pending = found.ok_or_else(|| {
        Fault::usage(format!("No exchange of epoch {} index {} is pending.", place.epoch, place.index))
    })?;
    Out::reserve(out)?.write(&pending.initiate.0)?;
    Ok(Report::new().with("initiate", out.display().to_string()).with("bytes", pending.initiate.0.len()))
}

fn status(dir: &Path) -> Result<Report, Fault> {
    let locked = Locked::open(dir)?;
    let identity = Identity::load(&locked)?;
    let file = ClientDir::open(locked)?;
    let name = |node: &str| file.state.names.get(node).cloned().unwrap_or_else(|| node.to_string());
    let seen = file.state.seen.iter().map(|(node, epoch)| json!({ "node": name(node), "epoch": epoch }));
    let pending = file.state.pending.iter().map(|one| {
        json!({ "node": name(&hex::encode(one.node.0)), "epoch": one.epoch, "index": one.index, "bytes": one.initiate.0.len() })
    });
    let calls = file.state.calls.iter().map(|call| {
        let exchanges = file.state.exchanges_of(&call.number.0).count();
        json!({
            "number": hex::encode(call.number.0), "node": name(&hex::encode(call.node.0)), "mode": call.mode,
            "bytes": call.data.0.len(), "epoch": call.first, "exchanges": exchanges,
        })
    });
    let credential = identity.credential()?;
    Ok(Report::new()
        .with("subject", credential.subject())
        .with("kid", hex::encode(credential.kid()))
        .with("seen", seen.collect::<Vec<_>>())
        .with("pending", pending.collect::<Vec<_>>())
        .with("calls", calls.collect::<Vec<_>>())
        .with("sessions", file.state.sessions.iter().map(exchange::told).collect::<Vec<_>>()))
}

/// A pending exchange that nobody has written.
pub(crate) fn unreadable(path: &Path) -> Fault {
    dke_state::Error::Damaged(path.to_path_buf(), "a pending exchange cannot be read".into()).into()
}
