//! A party's identity: its key (secret) and its credential (public).

use crate::args::Keygen;
use crate::fault::Fault;
use crate::files::{Locked, Out};
use crate::hexed::{Hex, HexN};
use crate::report::Report;
use dke::crypto::Crypto as _;
use dke::params::CREDENTIAL_MAX;
use dke::{Credential, RustCrypto, Scalar, credential};
use rand_core::{OsRng, RngCore as _};
use serde::{Deserialize, Serialize};
use std::path::Path;

const FILE: &str = "identity.json";
const FORMAT: &str = "dke-identity-1";
/// The public half, to be handed to whoever pins it.
pub(crate) const CREDENTIAL_FILE: &str = "credential.cbor";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    key: HexN<32>,
    credential: Hex,
}

/// A key and its credential.
pub(crate) struct Identity {
    /// Secret.
    pub(crate) key: Scalar,
    credential: Vec<u8>,
}

impl Identity {
    /// From a party's directory.
    pub(crate) fn load(locked: &Locked) -> Result<Identity, Fault> {
        let path = locked.path(FILE);
        let stored: Stored = locked
            .load(FILE, FORMAT)?
            .ok_or_else(|| Fault::usage(format!("{} is missing; make it with `dke keygen`.", path.display())))?;
        let key = Scalar::from_bytes(&stored.key.0).map_err(|_| Fault::state(&path, "its key is no scalar"))?;
        let identity = Identity { key, credential: stored.credential.0.clone() };
        identity.credential().map_err(|_| Fault::state(&path, "its credential is not well formed"))?;
        Ok(identity)
    }

    /// The public half.
    pub(crate) fn credential(&self) -> Result<Credential<'_>, Fault> {
        Ok(Credential::own(&self.credential)?)
    }
}

/// `dke keygen`.
pub(crate) fn keygen(args: &Keygen) -> Result<Report, Fault> {
    let kid = match &args.kid {
        Some(kid) => kid.0.clone(),
        None => {
            let mut kid = vec![0; 8];
            OsRng.try_fill_bytes(&mut kid).map_err(|_| dke::Misuse::BrokenRandomness)?;
            kid
        }
    };
    let key = Scalar::draw(&mut OsRng)?;
    let mut bytes = vec![0; CREDENTIAL_MAX];
    let length = credential::encode(&args.subject, &kid, &RustCrypto::coordinates(&key), &mut bytes).map_err(|_| {
        Fault::Input { name: "InvalidCredential", sentence: "A subject has 1 to 64 bytes and a kid 1 to 16.".into() }
    })?;
    bytes.truncate(length);
    private_dir(&args.dir)?;
    let locked = Locked::open(&args.dir)?;
    if locked.path(FILE).exists() {
        return Err(Fault::usage(format!("{} has an identity already.", args.dir.display())));
    }
    let path = locked.path(CREDENTIAL_FILE);
    let out = Out::reserve(&path)?;
    // Killed between the two: there is no identity yet, and the command can be repeated.
    out.write(&bytes)?;
    locked.save(FILE, FORMAT, &Stored { key: HexN(*key.expose()), credential: Hex(bytes.clone()) })?;
    let hash = hex::encode(RustCrypto::sha256(&bytes));
    Ok(Report::new()
        .with("subject", args.subject.clone())
        .with("kid", hex::encode(&kid))
        .with("credential", path.display().to_string())
        .with("bytes", length)
        .with("hash", hash))
}

/// Makes a directory that only its owner reads.
pub(crate) fn private_dir(dir: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| Fault::file(dir, &error))
}
