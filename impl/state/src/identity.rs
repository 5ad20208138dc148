//! A party's identity: its key (secret) and its credential (public).

use crate::error::Error;
use crate::files::Locked;
use crate::hexed::{Hex, HexN};
use dke::crypto::Crypto as _;
use dke::params::CREDENTIAL_MAX;
use dke::{Credential, RustCrypto, Scalar, credential};
use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};

const FILE: &str = "identity.json";
const FORMAT: &str = "dke-identity-1";
/// The public half, to be handed to whoever pins it.
pub const CREDENTIAL_FILE: &str = "credential.cbor";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    key: HexN<32>,
    credential: Hex,
}

/// A key and its credential.
pub struct Identity {
    /// Secret.
    pub key: Scalar,
    credential: Vec<u8>,
}

impl Identity {
    /// From a party's directory.
    pub fn load(locked: &Locked) -> Result<Identity, Error> {
        let damaged = |why: &str| Error::Damaged(locked.path(FILE), why.into());
        let stored: Stored = locked.load(FILE, FORMAT)?.ok_or_else(|| Error::NoIdentity(locked.path(FILE)))?;
        let key = Scalar::from_bytes(&stored.key.0).map_err(|_| damaged("its key is no scalar"))?;
        let identity = Identity { key, credential: stored.credential.0.clone() };
        identity.credential().map_err(|_| damaged("its credential is not well formed"))?;
        Ok(identity)
    }

    /// Makes a key and its credential. The subject has 1 to 64 bytes, the kid 1 to 16; `InvalidCredential` otherwise.
    pub fn draw(subject: &str, kid: &[u8], rng: &mut impl CryptoRngCore) -> Result<Identity, Error> {
        let key = Scalar::draw(rng)?;
        let mut credential = vec![0; CREDENTIAL_MAX];
        let length = credential::encode(subject, kid, &RustCrypto::coordinates(&key), &mut credential)?;
        credential.truncate(length);
        Ok(Identity { key, credential })
    }

    /// Stores it in a directory that has none: the secret in `identity.json`, the public half in [`CREDENTIAL_FILE`].
    pub fn store(&self, locked: &Locked) -> Result<(), Error> {
        if locked.has(FILE)? {
            return Err(Error::IdentityExists(locked.disk().place().to_path_buf()));
        }
        // Killed between the two: there is no identity yet, and this can be repeated.
        locked.put(CREDENTIAL_FILE, &self.credential)?;
        let stored = Stored { key: HexN(*self.key.expose()), credential: Hex(self.credential.clone()) };
        locked.save(FILE, FORMAT, &stored)
    }

    /// The public half.
    pub fn credential(&self) -> Result<Credential<'_>, Error> {
        Ok(Credential::own(&self.credential)?)
    }
}
