//! The client's state in a file.

use crate::fault::Fault;
use crate::files::Locked;
use crate::hexed::{Hex, HexN};
use crate::party::Held;
use crate::session::{AskedState, Protected, SessionState};
use dke::client::{AWAITING, AwaitingConfirm};
use dke::crypto::Hash;
use dke::store::{ClientStore, Pending};
use dke_app::{Exchange, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

const FILE: &str = "client.json";
const FORMAT: &str = "dke-client-1";

/// All that a client remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientState {
    /// Highest epoch seen, by H(CRED_N) in hexadecimal.
    pub(crate) seen: BTreeMap<String, u64>,
    /// Node's subject, by H(CRED_N).
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) pending: Vec<PendingState>,
    pub(crate) sessions: Vec<SessionState>,
}

/// A pending exchange.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PendingState {
    pub(crate) exchange: HexN<32>,
    pub(crate) node: HexN<32>,
    pub(crate) epoch: u64,
    pub(crate) index: u8,
    pub(crate) state: HexN<AWAITING>,
    pub(crate) initiate: Hex,
    /// Under the early keys.
    #[serde(default, skip_serializing_if = "Protected::is_unused")]
    pub(crate) protected: Protected,
}

impl PendingState {
    /// The client's end of it, which has early keys only.
    pub(crate) fn held(&mut self, names: &BTreeMap<String, String>, file: &Path) -> Result<Held<'_>, Fault> {
        let awaiting: AwaitingConfirm = AwaitingConfirm::from_bytes(&self.state.0)
            .map_err(|_| Fault::state(file, "a pending exchange cannot be read"))?;
        let node = hex::encode(self.node.0);
        Ok(Held {
            peer: names.get(&node).cloned().unwrap_or(node),
            peer_hash: Some(self.node.0),
            epoch: self.epoch,
            index: self.index,
            fingerprint: None,
            exchange: Exchange {
                role: Role::Client,
                early: Some(awaiting.early_secret()),
                session: None,
                counters: &mut self.protected.counters,
            },
            awaiting: &mut self.protected.awaiting,
        })
    }
}

/// The client's directory, locked, and its state.
pub(crate) struct ClientFile {
    pub(crate) locked: Locked,
    pub(crate) state: ClientState,
    /// Of the exchange that has ended and becomes a session.
    ended: Protected,
}

impl ClientFile {
    pub(crate) fn open(locked: Locked) -> Result<ClientFile, Fault> {
        let state = locked.load(FILE, FORMAT)?.unwrap_or_default();
        Ok(ClientFile { locked, state, ended: Protected::default() })
    }

    pub(crate) fn save(&mut self) -> Result<(), Fault> {
        self.state.sessions.iter_mut().for_each(SessionState::erase_early_if_allowed);
        self.locked.save(FILE, FORMAT, &self.state)
    }

    /// The end of the pending exchange and its session become durable in one.
    pub(crate) fn keep(&mut self, session: SessionState) -> Result<(), Fault> {
        let protected = std::mem::take(&mut self.ended);
        self.state.sessions.push(SessionState { protected, ..session });
        self.save()
    }

    /// What awaits responses, of all exchanges.
    pub(crate) fn protected(&mut self) -> impl Iterator<Item = &mut Protected> {
        let pending = self.state.pending.iter_mut().map(|one| &mut one.protected);
        self.state.sessions.iter_mut().map(|one| &mut one.protected).chain(pending)
    }

    /// A request that awaits its response, with its exchange.
    pub(crate) fn asked(&mut self, id: &[u8; 8]) -> Result<Option<(AskedState, Held<'_>)>, Fault> {
        let path = self.locked.path(FILE);
        let find = |protected: &Protected| protected.awaiting.iter().find(|one| one.id.0 == *id).cloned();
        for session in &mut self.state.sessions {
            if let Some(asked) = find(&session.protected) {
                return Ok(Some((asked, session.held(Role::Client))));
            }
        }
        for pending in &mut self.state.pending {
            if let Some(asked) = find(&pending.protected) {
                return Ok(Some((asked, pending.held(&self.state.names, &path)?)));
            }
        }
        Ok(None)
    }
}

impl ClientStore for ClientFile {
    type Error = Fault;

    fn highest_epoch(&self, node: &Hash) -> Result<u64, Fault> {
        Ok(self.state.seen.get(&hex::encode(node)).copied().unwrap_or_default())
    }

    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Fault> {
        self.state.seen.insert(hex::encode(pending.node), pending.epoch);
        self.state.pending.push(PendingState {
            exchange: HexN(*pending.exchange),
            node: HexN(*pending.node),
            epoch: pending.epoch,
            index: pending.index,
            state: HexN(*pending.state),
            initiate: Hex(pending.initiate.to_vec()),
            protected: Protected::default(),
        });
        self.save()
    }

    /// In memory: [`ClientFile::keep`] makes it durable, in one with the session.
    fn end(&mut self, exchange: &Hash) -> Result<(), Fault> {
        if let Some(place) = self.state.pending.iter().position(|one| one.exchange.0 == *exchange) {
            self.ended = self.state.pending.remove(place).protected;
        }
        Ok(())
    }
}
