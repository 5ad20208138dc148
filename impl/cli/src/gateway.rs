//! `dke gateway`: G1 to G4 on a directory; [`crate::serve`] is the one on the network.

use crate::args::{self, Carried, Collect, Drain, Offer};
use crate::fault::Fault;
use crate::files::{self, Out, now};
use crate::gateway_store::{CONFIRMS_MAX, GatewayFile, Mailbox, ShelfAt};
use crate::identity::private_dir;
use crate::report::Report;
use dke::crypto::Crypto as _;
use dke::gateway::{Known, Queued, Verified, check_confirm, check_initiate, check_token, verify_publication};
use dke::params::OFFER_MAX;
use dke::{Credential, Reject, RustCrypto};
use dke_state::{Hex, Locked};
use serde_json::json;
use std::path::Path;

/// `dke gateway ...`.
pub(crate) fn run(command: &args::Gateway, json: bool) -> Result<Report, Fault> {
    match command {
        args::Gateway::Register(args) => register(args),
        args::Gateway::Publish(args) => publish(args),
        args::Gateway::Offer(args) => offer(args),
        args::Gateway::Queue(args) => queue(args),
        args::Gateway::Drain(args) => drain(args),
        args::Gateway::Confirm(args) => confirm(args),
        args::Gateway::Collect(args) => collect(args),
        args::Gateway::Status(args) => status(&args.dir),
        args::Gateway::Serve(args) => crate::serve::run(args, json),
    }
}

fn open(dir: &Path) -> Result<GatewayFile, Fault> {
    GatewayFile::open(Locked::open(dir)?)
}

/// Registers a node.
pub(crate) fn register(args: &Carried) -> Result<Report, Fault> {
    let bytes = Hex(files::read(&args.file)?);
    let credential = Credential::parse(&bytes.0).map_err(|reject| Fault::from(reject).about(&args.file))?;
    private_dir(&args.dir)?;
    let mut file = open(&args.dir)?;
    let (subject, hash) = (credential.subject().to_string(), hex::encode(credential.hash()));
    if !file.state.nodes.contains_key(&hash) {
        file.state.nodes.insert(hash.clone(), Mailbox::new(bytes.clone()));
        file.save()?;
    }
    Ok(Report::new().with("node", subject).with("hash", hash))
}

/// G1.
pub(crate) fn publish(args: &Carried) -> Result<Report, Fault> {
    let bytes = files::read(&args.file)?;
    let mut file = open(&args.dir)?;
    let mailbox = file.mailbox(args.select.node.as_deref())?;
    let credential = Credential::own(&mailbox.credential.0)?;
    let publications: Vec<&[u8]> = mailbox.publications.values().map(|one| one.0.as_slice()).collect();
    let known = Known { publications: &publications, highest_epoch: mailbox.highest_epoch };
    let verified = verify_publication::<RustCrypto>(&bytes, &credential, &known, now(args.select.now))
        .map_err(|reject| Fault::from(reject).about(&args.file))?;
    let (header, new) = match verified {
        Verified::Same(header) => (header, false),
        Verified::New(header, _) => (header, true),
    };
    if new {
        let oldest = mailbox.highest_epoch;
        mailbox.publications.retain(|epoch, _| *epoch >= oldest);
        mailbox.slots.retain(|epoch, _| *epoch >= oldest);
        mailbox.publications.insert(header.epoch, Hex(bytes.clone()));
        mailbox.highest_epoch = header.epoch;
        file.save()?;
    }
    Ok(Report::new()
        .with("step", "G1")
        .with("new", new)
        .with("epoch", header.epoch)
        .with("prekeys", header.depth.prekeys())
        .with("suite", header.suite.id())
        .with("not_after", header.not_after)
        .with("bytes", bytes.len()))
}

/// G2.
pub(crate) fn offer(args: &Offer) -> Result<Report, Fault> {
    let mut file = open(&args.dir)?;
    let time = now(args.select.now);
    let mailbox = file.mailbox(args.select.node.as_deref())?;
    let (epoch, index) = mailbox.free(time)?;
    let publication = mailbox.publications.get(&epoch).ok_or(Reject::Exhausted)?;
    let mut out = vec![0; OFFER_MAX];
    let node = RustCrypto::sha256(&mailbox.credential.0);
    let length = dke::gateway::offer(&publication.0, &node, index, &mut out)?;
    out.truncate(length);
    let output = Out::reserve(&args.out)?;
    let until = time.saturating_add(args.lease);
    mailbox.slot(epoch, index).until = until;
    file.save()?;
    output.write(&out)?;
    Ok(Report::new()
        .with("step", "G2")
        .with("epoch", epoch)
        .with("index", index)
        .with("leased_until", until)
        .with("offer", args.out.display().to_string())
        .with("bytes", length))
}

/// G3.
pub(crate) fn queue(args: &Carried) -> Result<Report, Fault> {
    let bytes = files::read(&args.file)?;
    let mut file = open(&args.dir)?;
    let mailbox = file.mailbox(args.select.node.as_deref())?;
    let shelf = ShelfAt { mailbox, now: now(args.select.now) };
    let queued = check_initiate(&bytes, &shelf).map_err(|reject| Fault::from(reject).about(&args.file))?;
    let (epoch, index, new) = match queued {
        Queued::Same { epoch, index } => (epoch, index, false),
        Queued::New { epoch, index } => (epoch, index, true),
    };
    if new {
        mailbox.slot(epoch, index).initiate = Some(Hex(bytes.clone()));
        file.save()?;
    }
    Ok(Report::new()
        .with("step", "G3")
        .with("new", new)
        .with("epoch", epoch)
        .with("index", index)
        .with("bytes", bytes.len()))
}

/// The node drains its mailbox.
pub(crate) fn drain(args: &Drain) -> Result<Report, Fault> {
    if !args.out_dir.is_dir() {
        return Err(Fault::Input { name: "File", sentence: format!("{} is no directory.", args.out_dir.display()) });
    }
    let mut file = open(&args.dir)?;
    let mailbox = file.mailbox(args.select.node.as_deref())?;
    let newest = mailbox.header(mailbox.highest_epoch).ok_or(Reject::WrongToken)?;
    check_token(&args.token.0, &newest.mailbox)?;
    let mut files = Vec::new();
    for (epoch, index, initiate) in mailbox.waiting() {
        let path = args.out_dir.join(format!("initiate-{epoch}-{index}.cbor"));
        Out::reserve(&path)?.write(&initiate.0)?;
        files.push(json!({ "file": path.display().to_string(), "bytes": initiate.0.len() }));
    }
    Ok(Report::new().with("waiting", files.len()).with("initiates", files))
}

/// G4.
pub(crate) fn confirm(args: &Carried) -> Result<Report, Fault> {
    let bytes = Hex(files::read(&args.file)?);
    let mut file = open(&args.dir)?;
    let mailbox = file.mailbox(args.select.node.as_deref())?;
    let shelf = ShelfAt { mailbox, now: now(args.select.now) };
    let (epoch, index) = check_confirm(&bytes.0, &shelf).map_err(|reject| Fault::from(reject).about(&args.file))?;
    let slot = mailbox.slot(epoch, index);
    let new = !slot.confirms.contains(&bytes);
    if new {
        if slot.confirms.len() >= CONFIRMS_MAX {
            return Err(Fault::from(Reject::QueueFull).about(&args.file));
        }
        slot.confirms.push(bytes.clone());
        file.save()?;
    }
    Ok(Report::new()
        .with("step", "G4")
        .with("new", new)
        .with("epoch", epoch)
        .with("index", index)
        .with("bytes", bytes.0.len()))
}

/// The client collects a Confirm.
pub(crate) fn collect(args: &Collect) -> Result<Report, Fault> {
    let mut file = open(&args.place.dir)?;
    let mailbox = file.mailbox(args.select.node.as_deref())?;
    let slot = mailbox.slots.get(&args.place.epoch).and_then(|slots| slots.get(&args.place.index));
    let confirm = slot.and_then(|slot| slot.confirms.get(args.number)).ok_or_else(|| {
        Fault::usage(format!("No such Confirm of epoch {} index {} is kept.", args.place.epoch, args.place.index))
    })?;
    Out::reserve(&args.out)?.write(&confirm.0)?;
    Ok(Report::new().with("confirm", args.out.display().to_string()).with("bytes", confirm.0.len()))
}

fn status(dir: &Path) -> Result<Report, Fault> {
    let file = open(dir)?;
    let nodes = file.state.nodes.iter().map(|(hash, mailbox)| {
        let slots = || mailbox.slots.values().flat_map(|slots| slots.values());
        json!({
            "node": mailbox.subject(),
            "hash": hash,
            "epoch": mailbox.highest_epoch,
            "prekeys": mailbox.header(mailbox.highest_epoch).map(|header| header.depth.prekeys()),
            "handed_out": slots().count(),
            "waiting": mailbox.waiting().count(),
            "confirms": slots().map(|slot| slot.confirms.len()).sum::<usize>(),
        })
    });
    Ok(Report::new().with("nodes", nodes.collect::<Vec<_>>()))
}
