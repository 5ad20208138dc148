//! `dke node`: N1 to N4 on a directory.

use crate::args::{self, Accept, Data, Place, Publish, Trust};
use crate::exchange;
use crate::fault::Fault;
use crate::files::{self, Out, now};
use crate::report::{Report, data};
use dke::crypto::Crypto as _;
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, DATA_MAX, PUBLICATION_MAX};
use dke::store::{NodeStore as _, Pins};
use dke::{Credential, Depth, RustCrypto, Suite};
use dke_state::{Hex, HexN, Identity, Locked, NodeDir, SessionState, Undelivered, mode_name};
use rand_core::OsRng;
use serde_json::json;
use std::path::PathBuf;

const MONTH: u64 = 30 * 24 * 3600;

/// `dke node ...`.
pub(crate) fn run(command: &args::Node, json: bool) -> Result<Report, Fault> {
    match command {
        args::Node::Publish(args) => publish(args),
        args::Node::Accept(args) => accept(args),
        args::Node::Forget(args) => forget(args),
        args::Node::Trust(args) => trust(args),
        args::Node::Status(args) => status(args),
        args::Node::Recover(args) => crate::recover::node(args),
        args::Node::Run(args) => crate::node_run::run(args, json),
        args::Node::Leave(args) => crate::protect::leave(args),
    }
}

/// N1.
pub(crate) fn publish(args: &Publish) -> Result<Report, Fault> {
    let locked = Locked::open(&args.dir)?;
    let identity = Identity::load(&locked)?;
    let mut file = NodeDir::open(locked)?;
    let node: Node<'_> = Node::new(identity.credential()?, &identity.key, false);
    let output = Out::reserve(&args.out)?;
    let mut out = vec![0; PUBLICATION_MAX];
    let length = if args.again {
        if !file.state.batches.contains_key(&file.state.last_epoch) {
            return Err(Fault::usage("Nothing has been published yet."));
        }
        node.republish(&file, &mut out)?
    } else {
        let suite = Suite::from_id(args.suite).ok_or_else(|| Fault::usage("The suite is 2 or 3."))?;
        let depth = Depth::new(args.depth).ok_or_else(|| Fault::usage("The depth is 0 to 8."))?;
        let not_after = args.not_after.unwrap_or_else(|| now(None).saturating_add(MONTH));
        if not_after < now(None) {
            return Err(Fault::usage("The batch would be over before it begins: --not-after has passed."));
        }
        node.publish(&mut file, &Plan { suite, depth, not_after }, &mut OsRng, &mut out)?
    };
    out.truncate(length);
    output.write(&out)?;
    let epoch = file.last_epoch()?;
    let batch = file.state.batches.get(&epoch);
    Ok(Report::new()
        .with("step", "N1")
        .with("epoch", epoch)
        .with("prekeys", batch.map_or(0, |batch| batch.prekeys.len()))
        .with("token", batch.map(|batch| hex::encode(batch.token.0)))
        .with("publication", args.out.display().to_string())
        .with("bytes", length))
}

/// N2 and N3.
pub(crate) fn accept(args: &Accept) -> Result<Report, Fault> {
    let initiate = files::read(&args.initiate)?;
    let answer = given(&args.data)?;
    let locked = Locked::open(&args.dir)?;
    let identity = Identity::load(&locked)?;
    let mut file = NodeDir::open(locked)?;
    let output = Out::reserve(&args.out)?;
    let from = RustCrypto::sha256(&initiate);
    // Before a prekey is used up.
    if file.state.undelivered.find(&from).is_none() {
        file.state.undelivered.has_room()?;
    }
    let (clients, authorities) = (file.state.clients.clone(), file.state.authorities.clone());
    let (clients, authorities) = (parse(&clients)?, parse(&authorities)?);
    let pins = Pins::new(&clients, &authorities)?;
    let node: Node<'_> = Node::new(identity.credential()?, &identity.key, args.insist_on_refresh);
    let mut buffer = [0; CONFIRM_MAX];
    let about = |fault: Fault| fault.about(&args.initiate);
    let accepted = match node.accept(&mut file, &pins, &initiate, &mut buffer).map_err(|e| about(e.into()))? {
        Incoming::Repeated(confirm) => {
            output.write(confirm)?;
            if let Some(received) = file.state.undelivered.find(&from) {
                return Ok(Report::again(received).delivering(&args.dir, vec![from]));
            }
            return Ok(Report::new()
                .with("step", "N3")
                .with("repeated", true)
                .with("confirm", args.out.display().to_string())
                .with("bytes", confirm.len()));
        }
        Incoming::Accepted(accepted) => accepted,
    };
    let early = accepted.early_secret();
    let peer = accepted.peer().clone();
    let early_data = data(accepted.early_data());
    let mut out = vec![0; CONFIRM_MAX];
    let confirmed = accepted.confirm(&mut file, &answer, &mut OsRng, &mut out).map_err(|failed| failed.error)?;
    out.truncate(confirmed.len);
    let session = confirmed.session;
    let report = Report::new()
        .with("step", "N3")
        .with("repeated", false)
        .with("client", peer.subject())
        .with("kid", hex::encode(peer.kid()))
        .with("client_hash", hex::encode(peer.hash()))
        .with("vouched", peer.vouched())
        .with("mode", mode_name(session.mode))
        .with("epoch", session.epoch)
        .with("index", session.index)
        .with("early_data", early_data)
        .with("early_fingerprint", hex::encode(early.fingerprint()))
        .with("session_fingerprint", hex::encode(session.secret.fingerprint()))
        .with("confirm", args.out.display().to_string())
        .with("bytes", out.len());
    let received = Undelivered { from: HexN(from), peer: HexN(*peer.hash()), facts: report.facts(), content: None };
    file.state.undelivered.put(received)?;
    let state = SessionState::new(peer.subject(), peer.hash(), &session, early.expose()).vouched(peer.vouched());
    file.keep_session(state)?;
    output.write(&out)?;
    Ok(report.delivering(&args.dir, vec![from]))
}

/// N4.
pub(crate) fn forget(args: &Place) -> Result<Report, Fault> {
    let locked = Locked::open(&args.dir)?;
    let identity = Identity::load(&locked)?;
    let mut file = NodeDir::open(locked)?;
    let stored = file.state.outbox.iter().any(|kept| (kept.epoch, kept.index) == (args.epoch, args.index));
    if !stored {
        return Err(Fault::usage(format!("The outbox has no Confirm of epoch {} index {}.", args.epoch, args.index)));
    }
    let node: Node<'_> = Node::new(identity.credential()?, &identity.key, false);
    node.acknowledged(&mut file, args.epoch, args.index)?;
    Ok(Report::new().with("step", "N4").with("epoch", args.epoch).with("index", args.index))
}

/// Pins clients and authorities.
pub(crate) fn trust(args: &Trust) -> Result<Report, Fault> {
    if args.client.is_empty() && args.authority.is_empty() {
        return Err(Fault::usage("Name a credential with --client or --authority."));
    }
    let locked = Locked::open(&args.dir)?;
    Identity::load(&locked)?;
    let mut file = NodeDir::open(locked)?;
    add(&mut file.state.clients, &args.client)?;
    add(&mut file.state.authorities, &args.authority)?;
    file.save()?;
    Ok(Report::new().with("clients", file.state.clients.len()).with("authorities", file.state.authorities.len()))
}

fn add(pinned: &mut Vec<Hex>, paths: &[PathBuf]) -> Result<(), Fault> {
    for path in paths {
        let bytes = Hex(files::read(path)?);
        let new = Credential::parse(&bytes.0).map_err(|reject| Fault::from(reject).about(path))?;
        if pinned.contains(&bytes) {
            continue;
        }
        if parse(pinned)?.iter().any(|old| old.kid() == new.kid()) {
            let sentence = format!("Another pinned credential has the kid {}.", hex::encode(new.kid()));
            return Err(Fault::Input { name: "InvalidCredential", sentence }.about(path));
        }
        pinned.push(bytes);
    }
    Ok(())
}

fn status(args: &args::Dir) -> Result<Report, Fault> {
    let locked = Locked::open(&args.dir)?;
    let identity = Identity::load(&locked)?;
    let file = NodeDir::open(locked)?;
    let state = &file.state;
    let batches = state.batches.iter().map(|(epoch, batch)| {
        let left = batch.prekeys.iter().filter(|prekey| prekey.y.is_some()).count();
        json!({ "epoch": epoch, "prekeys": batch.prekeys.len(), "left": left })
    });
    let outbox = state
        .outbox
        .iter()
        .map(|kept| json!({ "epoch": kept.epoch, "index": kept.index, "bytes": kept.confirm.0.len() }));
    let credential = identity.credential()?;
    Ok(Report::new()
        .with("subject", credential.subject())
        .with("kid", hex::encode(credential.kid()))
        .with("id", exchange::id(credential.hash()))
        .with("epoch", state.last_epoch)
        .with("token", state.batches.get(&state.last_epoch).map(|batch| hex::encode(batch.token.0)))
        .with("batches", batches.collect::<Vec<_>>())
        .with("outbox", outbox.collect::<Vec<_>>())
        .with("clients", names(&state.clients)?)
        .with("authorities", names(&state.authorities)?)
        .with("sessions", state.sessions.iter().map(exchange::told).collect::<Vec<_>>()))
}

fn names(pinned: &[Hex]) -> Result<Vec<String>, Fault> {
    Ok(parse(pinned)?.iter().map(|one| format!("{} kid {}", one.subject(), hex::encode(one.kid()))).collect())
}

/// Pinned credentials.
pub(crate) fn parse(pinned: &[Hex]) -> Result<Vec<Credential<'_>>, Fault> {
    pinned.iter().map(|bytes| Ok(Credential::own(&bytes.0)?)).collect()
}

/// The data that a command was given.
pub(crate) fn given(data: &Data) -> Result<Vec<u8>, Fault> {
    let bytes = match (&data.data, &data.data_file) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, Some(path)) => files::read(path)?,
        (None, None) => Vec::new(),
    };
    if bytes.len() > DATA_MAX { Err(dke::Misuse::DataTooLong.into()) } else { Ok(bytes) }
}
