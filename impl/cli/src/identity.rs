//! `dke keygen`: a party's key and credential.

use crate::args::{Keygen, RoleArg};
use crate::fault::Fault;
use crate::report::Report;
use dke::Misuse;
use dke_state::{CREDENTIAL_FILE, Error, Identity, Locked, Role};
use rand_core::{OsRng, RngCore as _};
use std::path::Path;

/// `dke keygen`.
pub(crate) fn keygen(args: &Keygen) -> Result<Report, Fault> {
    let kid = match &args.kid {
        Some(kid) => kid.0.clone(),
        None => {
            let mut kid = vec![0; 8];
            OsRng.try_fill_bytes(&mut kid).map_err(|_| Misuse::BrokenRandomness)?;
            kid
        }
    };
    let identity =
        Identity::draw(args.role.map(Role::from), &args.subject, &kid, &mut OsRng).map_err(|error| match error {
            Error::Misuse(Misuse::InvalidCredential) => Fault::Input {
                name: "InvalidCredential",
                sentence: "A subject has 1 to 64 bytes and a kid 1 to 16.".into(),
            },
            error => error.into(),
        })?;
    private_dir(&args.dir)?;
    identity.store(&Locked::open(&args.dir)?)?;
    let credential = identity.credential()?;
    Ok(Report::new()
        .with("subject", args.subject.clone())
        .with("kid", hex::encode(&kid))
        .with("credential", args.dir.join(CREDENTIAL_FILE).display().to_string())
        .with("bytes", credential.bytes().len())
        .with("hash", hex::encode(credential.hash())))
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Role {
        match role {
            RoleArg::Node => Role::Node,
            RoleArg::Client => Role::Client,
            RoleArg::Authority => Role::Authority,
        }
    }
}

/// Makes a directory that only its owner reads.
pub(crate) fn private_dir(dir: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| Fault::file(dir, &error))
}
