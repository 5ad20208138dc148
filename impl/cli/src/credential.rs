//! `dke credential`: what a credential says, and A1.

use crate::args::{self, Issue};
use crate::fault::Fault;
use crate::files::{self, Out};
use crate::report::Report;
use dke::Credential;
use dke::authority::{Grant, issue as issue_cwt};
use dke::params::CWT_MAX;
use dke_state::{Identity, Locked, Role};
use std::path::Path;

/// `dke credential ...`.
pub(crate) fn run(command: &args::Credential) -> Result<Report, Fault> {
    match command {
        args::Credential::Show { file } => show(file),
        args::Credential::Issue(args) => issue(args),
    }
}

fn show(path: &Path) -> Result<Report, Fault> {
    let bytes = files::read(path)?;
    let credential = Credential::parse(&bytes).map_err(|reject| Fault::from(reject).about(path))?;
    Ok(Report::new()
        .with("subject", credential.subject())
        .with("kid", hex::encode(credential.kid()))
        .with("bytes", bytes.len())
        .with("hash", hex::encode(credential.hash())))
}

/// A1.
pub(crate) fn issue(args: &Issue) -> Result<Report, Fault> {
    let client = files::read(&args.client)?;
    let client = Credential::parse(&client).map_err(|reject| Fault::from(reject).about(&args.client))?;
    let locked = Locked::open(&args.dir)?;
    let mut identity = Identity::load_as(&locked, Role::Authority)?;
    identity.decide(&locked, Role::Authority)?;
    let grant = Grant { client: &client, audience: &args.audience, epoch_max: args.epoch_max };
    let mut out = vec![0; CWT_MAX];
    let length = issue_cwt(&identity.key, identity.credential()?.kid(), &grant, &mut out)?;
    out.truncate(length);
    Out::reserve(&args.out)?.write(&out)?;
    Ok(Report::new()
        .with("step", "A1")
        .with("client", client.subject())
        .with("audience", args.audience.clone())
        .with("epoch_max", args.epoch_max)
        .with("cwt", args.out.display().to_string())
        .with("bytes", length))
}
