//! A party's exchanges, whichever end it is: which one is meant, and this end of it.

use crate::client_store::{ClientFile, ClientState};
use crate::fault::Fault;
use crate::files::Locked;
use crate::identity::Identity;
use crate::node_store::{self, NodeFile};
use crate::protect_args::Which;
use crate::session::AskedState;
use dke::crypto::Hash;
use dke::params::FINGERPRINT;
use dke_app::{Exchange, Role};
use std::path::Path;

/// The state of either end.
pub(crate) enum Party {
    Node(NodeFile),
    Client(ClientFile),
}

/// An exchange whose keys are kept.
pub(crate) struct Held<'a> {
    pub(crate) peer: String,
    pub(crate) peer_hash: Option<Hash>,
    pub(crate) epoch: u64,
    pub(crate) index: u8,
    /// Of the session; `None` while there are early keys only.
    pub(crate) fingerprint: Option<[u8; FINGERPRINT]>,
    pub(crate) exchange: Exchange<'a>,
    /// The client's requests without a response.
    pub(crate) awaiting: &'a mut Vec<AskedState>,
}

impl Party {
    /// A directory with an identity; it is a node's if it has a node's state.
    pub(crate) fn open(dir: &Path) -> Result<Party, Fault> {
        let locked = Locked::open(dir)?;
        Identity::load(&locked)?;
        if locked.path(node_store::FILE).exists() {
            NodeFile::open(locked).map(Party::Node)
        } else {
            ClientFile::open(locked).map(Party::Client)
        }
    }

    pub(crate) fn save(&mut self) -> Result<(), Fault> {
        match self {
            Party::Node(file) => file.save(),
            Party::Client(file) => file.save(),
        }
    }

    /// Newest first; those with a session before those without one.
    pub(crate) fn held(&mut self) -> Result<Vec<Held<'_>>, Fault> {
        match self {
            Party::Node(file) => Ok(file.state.sessions.iter_mut().rev().map(|one| one.held(Role::Node)).collect()),
            Party::Client(file) => {
                let path = file.locked.path("client.json");
                let ClientState { sessions, pending, names, .. } = &mut file.state;
                let sessions = sessions.iter_mut().rev().map(|one| Ok(one.held(Role::Client)));
                sessions.chain(pending.iter_mut().rev().map(|one| one.held(names, &path))).collect()
            }
        }
    }

    /// The newest exchange that is meant.
    pub(crate) fn chosen(&mut self, which: &Which) -> Result<Held<'_>, Fault> {
        let none = || {
            Fault::usage(
                "There is no such exchange here; `dke node status` and `dke client status` tell which there are.",
            )
        };
        self.held()?.into_iter().find(|one| which.fits(one)).ok_or_else(none)
    }
}

impl Which {
    pub(crate) fn fits(&self, held: &Held<'_>) -> bool {
        self.peer.as_ref().is_none_or(|peer| *peer == held.peer)
            && self.session.as_ref().is_none_or(|wanted| held.fingerprint.is_some_and(|own| own[..] == wanted.0))
            && (!self.early || held.exchange.early.is_some())
    }
}
