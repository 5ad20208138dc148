//! A party's identity: its role, its key (secret) and its credential (public).

use crate::client::ClientState;
use crate::error::Error;
use crate::files::Locked;
use crate::hexed::{Hex, HexN, Secret};
use crate::node::NodeState;
use crate::original::State;
use dke::crypto::Crypto as _;
use dke::params::CREDENTIAL_MAX;
use dke::{Credential, Misuse, RustCrypto, Scalar, credential};
use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};
use std::fmt;

const FILE: &str = "identity.json";
const FORMAT: &str = "dke-identity-2";
/// The public half, to be handed to whoever pins it.
pub const CREDENTIAL_FILE: &str = "credential.cbor";

/// What a party is. A key has one use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Publishes prekeys and accepts calls.
    Node,
    /// Calls nodes.
    Client,
    /// Vouches for clients.
    Authority,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Node => "node",
            Role::Client => "client",
            Role::Authority => "authority",
        })
    }
}

/// Tells a directory from what it was before it began anew.
pub(crate) type Instance = HexN<16>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// `None` until the directory is first used.
    role: Option<Role>,
    instance: Instance,
    key: Secret<32>,
    credential: Hex,
}

/// A role, a key and its credential.
pub struct Identity {
    /// Secret.
    pub key: Scalar,
    role: Option<Role>,
    instance: Instance,
    credential: Vec<u8>,
    original: bool,
}

impl Identity {
    /// From a party's directory.
    pub fn load(locked: &Locked) -> Result<Identity, Error> {
        let damaged = |why: &str| Error::Damaged(locked.path(FILE), why.into());
        let loaded = locked.load_stamped::<Stored>(FILE, FORMAT)?;
        let loaded = loaded.ok_or_else(|| Error::NoIdentity(locked.path(FILE)))?;
        let Stored { role, instance, key, credential } = loaded.state;
        let key = Scalar::from_bytes(key.expose()).map_err(|_| damaged("its key is no scalar"))?;
        let identity = Identity { key, role, instance, credential: credential.0.clone(), original: loaded.original };
        identity.credential().map_err(|_| damaged("its credential is not well formed"))?;
        Ok(identity)
    }

    /// The same for a role, which becomes the directory's with the first state that is stored. `WrongRole` if it has another one,
    /// `Copied` if it is not the original. An authority keeps nothing that a copy could repeat.
    pub fn load_as(locked: &Locked, role: Role) -> Result<Identity, Error> {
        let identity = Identity::load(locked)?;
        match identity.role_in(locked)? {
            Some(other) if other != role => Err(Error::WrongRole(locked.dir(), other, role)),
            _ if !identity.original && role != Role::Authority => Err(Error::Copied(locked.dir(), role, locked.dir())),
            _ => Ok(identity),
        }
    }

    /// Makes a key and its credential. The subject has 1 to 64 bytes, the kid 1 to 16; `InvalidCredential` otherwise. Without a role the
    /// directory's first use decides.
    pub fn draw(
        role: Option<Role>,
        subject: &str,
        kid: &[u8],
        random: &mut impl CryptoRngCore,
    ) -> Result<Identity, Error> {
        let key = Scalar::draw(random)?;
        let mut credential = vec![0; CREDENTIAL_MAX];
        let length = credential::encode(subject, kid, &RustCrypto::coordinates(&key), &mut credential)?;
        credential.truncate(length);
        Ok(Identity { key, role, instance: instance(random)?, credential, original: true })
    }

    /// Stores it in a directory that has none: the secret in `identity.json`, the public half in [`CREDENTIAL_FILE`], and an empty state.
    pub fn store(&self, locked: &Locked) -> Result<(), Error> {
        if locked.has(FILE)? {
            return Err(Error::IdentityExists(locked.dir()));
        }
        // Killed before the last one: there is no identity yet, and this can be repeated.
        locked.put(CREDENTIAL_FILE, &self.credential)?;
        match self.role {
            Some(Role::Node) => empty::<NodeState>(locked, &self.instance)?,
            Some(Role::Client) => empty::<ClientState>(locked, &self.instance)?,
            Some(Role::Authority) | None => {}
        }
        self.save(locked)
    }

    fn save(&self, locked: &Locked) -> Result<(), Error> {
        let stored = Stored {
            role: self.role,
            instance: self.instance.clone(),
            key: Secret::new(self.key.expose()),
            credential: Hex(self.credential.clone()),
        };
        locked.save(FILE, FORMAT, &stored)
    }

    /// The public half.
    pub fn credential(&self) -> Result<Credential<'_>, Error> {
        Ok(Credential::own(&self.credential)?)
    }

    /// The role; `None` before the first use.
    pub fn role_in(&self, locked: &Locked) -> Result<Option<Role>, Error> {
        // The first use was cut off between the state and the role.
        Ok(match self.role {
            Some(role) => Some(role),
            None if locked.has(NodeState::FILE)? => Some(Role::Node),
            None if locked.has(ClientState::FILE)? => Some(Role::Client),
            None => None,
        })
    }

    /// From now on the directory has this role.
    pub fn decide(&mut self, locked: &Locked, role: Role) -> Result<(), Error> {
        if self.role.is_some() {
            return Ok(());
        }
        self.role = Some(role);
        self.save(locked)
    }

    /// Has the directory been used, so that it must have a state?
    pub(crate) const fn is_decided(&self) -> bool {
        self.role.is_some()
    }

    pub(crate) const fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The directory begins anew: what was stored before belongs to another one.
    pub(crate) fn renew(&mut self, random: &mut impl CryptoRngCore) -> Result<(), Error> {
        self.instance = instance(random)?;
        Ok(())
    }

    /// The end of beginning anew.
    pub(crate) fn save_as(&mut self, locked: &Locked, role: Role) -> Result<(), Error> {
        self.role = Some(role);
        self.save(locked)
    }
}

fn empty<S: State>(locked: &Locked, instance: &Instance) -> Result<(), Error> {
    locked.save(S::FILE, S::FORMAT, &S::empty(instance))
}

fn instance(random: &mut impl CryptoRngCore) -> Result<Instance, Error> {
    let mut instance = HexN([0; 16]);
    random.try_fill_bytes(&mut instance.0).map_err(|_| Misuse::BrokenRandomness)?;
    Ok(instance)
}
