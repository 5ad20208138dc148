//! A party's exchanges, whichever end it is: which one is meant, and this end of it.

use crate::client::{ClientDir, ClientState};
use crate::error::Error;
use crate::files::Locked;
use crate::identity::{Identity, Role};
use crate::node::NodeDir;
use crate::original::State as _;
use crate::session::AskedState;
use dke::crypto::Hash;
use dke::params::FINGERPRINT;
use dke_app::Exchange;
use std::path::Path;

/// The state of either end.
pub enum Party {
    /// A node's.
    Node(NodeDir),
    /// A client's.
    Client(ClientDir),
}

/// An exchange whose keys are kept.
pub struct Held<'a> {
    /// The other end: subject, or H(CRED) where no name is known.
    pub peer: String,
    /// H(CRED) of the other end.
    pub peer_hash: Option<Hash>,
    /// An authority vouched for the other end; otherwise it was pinned.
    pub vouched: bool,
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
    /// Of the session; `None` while there are early keys only.
    pub fingerprint: Option<[u8; FINGERPRINT]>,
    /// The keys.
    pub exchange: Exchange<'a>,
    /// The client's requests without a response.
    pub awaiting: &'a mut Vec<AskedState>,
}

impl Party {
    /// The directory of a node or of a client.
    pub fn open(dir: &Path) -> Result<Party, Error> {
        Party::of(Locked::open(dir)?)
    }

    /// The same, after other processes have ended.
    pub fn wait(dir: &Path) -> Result<Party, Error> {
        Party::of(Locked::wait(dir)?)
    }

    fn of(locked: Locked) -> Result<Party, Error> {
        match Identity::load(&locked)?.role_in(&locked)? {
            Some(Role::Node) => NodeDir::open(locked).map(Party::Node),
            Some(Role::Client) => ClientDir::open(locked).map(Party::Client),
            Some(Role::Authority) | None => Err(Error::NoExchange),
        }
    }

    /// Makes the state durable.
    pub fn save(&mut self) -> Result<(), Error> {
        match self {
            Party::Node(file) => file.save(),
            Party::Client(file) => file.save(),
        }
    }

    /// Newest first; those with a session before those without one.
    pub fn held(&mut self) -> Result<Vec<Held<'_>>, Error> {
        match self {
            Party::Node(file) => {
                Ok(file.state.sessions.iter_mut().rev().map(|one| one.held(dke_app::Role::Node)).collect())
            }
            Party::Client(file) => {
                let path = file.locked.path(ClientState::FILE);
                let ClientState { sessions, pending, names, .. } = &mut file.state;
                let sessions = sessions.iter_mut().rev().map(|one| Ok(one.held(dke_app::Role::Client)));
                sessions.chain(pending.iter_mut().rev().map(|one| one.held(names, &path))).collect()
            }
        }
    }
}
