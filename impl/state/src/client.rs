//! The client's state.

use crate::calls::CallState;
use crate::error::Error;
use crate::files::Locked;
use crate::hexed::{Hex, HexN, Secret};
use crate::identity::{Identity, Instance, Role};
use crate::original::{self, State};
use crate::party::Held;
use crate::session::{AskedState, Protected, SessionState};
use crate::sessions::{AWAITING_MAX, PENDING_MAX, SESSIONS_MAX, bound};
use crate::undelivered::Shelf;
use dke::call::Number;
use dke::client::{AWAITING, AwaitingConfirm};
use dke::crypto::Hash;
use dke::params::CALL_NUMBER;
use dke::store::{ClientStore, Pending};
use dke_app::Exchange;
use dke_coap::shares::may_take;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All that a client remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientState {
    /// Of the directory; see [`Identity`].
    pub(crate) instance: Instance,
    /// Highest epoch seen, by H(CRED_N) in hexadecimal.
    pub seen: BTreeMap<String, u64>,
    /// Node's subject, by H(CRED_N).
    pub names: BTreeMap<String, String>,
    /// Oldest first.
    pub pending: Vec<PendingState>,
    /// Calls without an answer, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallState>,
    /// Oldest first.
    pub sessions: Vec<SessionState>,
    /// What was received and not delivered yet.
    #[serde(default, skip_serializing_if = "Shelf::is_empty")]
    pub undelivered: Shelf,
}

impl State for ClientState {
    const FILE: &'static str = "client.json";
    const FORMAT: &'static str = "dke-client-2";
    const ROLE: Role = Role::Client;

    fn instance(&mut self) -> &mut Instance {
        &mut self.instance
    }
}

/// A pending exchange.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingState {
    /// Tells it from all others.
    pub exchange: HexN<32>,
    /// H(CRED_N).
    pub node: HexN<32>,
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
    /// [`AwaitingConfirm`], encoded: secret.
    pub state: Secret<AWAITING>,
    /// The message.
    pub initiate: Hex,
    /// Number of the call to which it belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<HexN<CALL_NUMBER>>,
    /// Under the early keys.
    #[serde(default, skip_serializing_if = "Protected::is_unused")]
    pub protected: Protected,
}

impl PendingState {
    /// The client's end of it, which has early keys only.
    pub(crate) fn held(&mut self, names: &BTreeMap<String, String>, file: &Path) -> Result<Held<'_>, Error> {
        let awaiting: AwaitingConfirm = AwaitingConfirm::from_bytes(self.state.expose())
            .map_err(|_| Error::Damaged(file.to_path_buf(), "a pending exchange cannot be read".into()))?;
        let node = hex::encode(self.node.0);
        Ok(Held {
            peer: names.get(&node).cloned().unwrap_or(node),
            peer_hash: Some(self.node.0),
            vouched: false,
            epoch: self.epoch,
            index: self.index,
            fingerprint: None,
            exchange: Exchange {
                role: dke_app::Role::Client,
                early: Some(awaiting.early_secret()),
                session: None,
                counters: &mut self.protected.counters,
            },
            awaiting: &mut self.protected.awaiting,
        })
    }
}

/// The client's directory, locked, and its state.
pub struct ClientDir {
    /// The directory.
    pub locked: Locked,
    identity: Identity,
    /// All that it remembers. What is changed here is durable after [`save`](Self::save).
    pub state: ClientState,
    /// Of the exchange that has ended and becomes a session.
    ended: Protected,
}

impl ClientDir {
    /// Reads the state; a client that was not used yet has seen no node. `WrongRole`, `Copied` or `StateMissing` if this is not the original
    /// directory of a client.
    pub fn open(locked: Locked) -> Result<ClientDir, Error> {
        let (identity, state) = original::open(&locked)?;
        Ok(ClientDir { locked, identity, state, ended: Protected::default() })
    }

    /// Makes the state durable; early secrets that are of no use any more go.
    pub fn save(&mut self) -> Result<(), Error> {
        self.state.sessions.iter_mut().for_each(SessionState::erase_early_if_allowed);
        original::save(&self.locked, &mut self.identity, &self.state)
    }

    /// The end of the pending exchange and its session become durable in one.
    pub fn keep(&mut self, session: SessionState) -> Result<(), Error> {
        let protected = std::mem::take(&mut self.ended);
        self.state.sessions.push(SessionState { protected, ..session });
        bound(&mut self.state.sessions, SESSIONS_MAX);
        self.save()
    }

    /// C1.7: stores a pending exchange, of this call or of none.
    pub(crate) fn begin_as(&mut self, pending: &Pending<'_>, call: Option<&Number>) -> Result<(), Error> {
        let of_node = self.state.pending.iter().filter(|one| one.node.0 == *pending.node).count();
        if !may_take(of_node, PENDING_MAX.saturating_sub(self.state.pending.len()), PENDING_MAX) {
            return Err(Error::TooManyPending(of_node));
        }
        self.state.seen.insert(hex::encode(pending.node), pending.epoch);
        self.state.pending.push(PendingState {
            exchange: HexN(*pending.exchange),
            node: HexN(*pending.node),
            epoch: pending.epoch,
            index: pending.index,
            state: Secret::new(pending.state),
            initiate: Hex(pending.initiate.to_vec()),
            call: call.copied().map(HexN),
            protected: Protected::default(),
        });
        self.save()
    }

    /// In memory: a call has ended, with all its exchanges. One under whose early keys a request awaits its response stays, without the call.
    pub fn end_call(&mut self, number: &Number) {
        let of_call = |one: &PendingState| one.call.as_ref().is_some_and(|call| call.0 == *number);
        self.state.calls.retain(|one| one.number.0 != *number);
        self.state.pending.retain(|one| !of_call(one) || !one.protected.awaiting.is_empty());
        self.state.pending.iter_mut().filter(|one| of_call(one)).for_each(|one| one.call = None);
    }

    /// The state's file, for people.
    pub(crate) fn file(&self) -> PathBuf {
        self.locked.path(ClientState::FILE)
    }

    /// `TooManyRequests` if as many requests to this node as may await a response do.
    pub fn has_room_for_request(&self, is_node: impl Fn(&Hash) -> bool) -> Result<(), Error> {
        let (mut all, mut of_node) = (0_usize, 0_usize);
        for (node, protected) in self.awaiting() {
            let awaiting = protected.awaiting.len();
            all = all.saturating_add(awaiting);
            if node.is_some_and(&is_node) {
                of_node = of_node.saturating_add(awaiting);
            }
        }
        if may_take(of_node, AWAITING_MAX.saturating_sub(all), AWAITING_MAX) {
            Ok(())
        } else {
            Err(Error::TooManyRequests(of_node))
        }
    }

    /// What awaits responses, of all exchanges, with H(CRED_N) where it is known.
    pub(crate) fn awaiting(&self) -> impl Iterator<Item = (Option<&Hash>, &Protected)> {
        let sessions =
            self.state.sessions.iter().map(|one| (one.peer_hash.as_ref().map(|hash| &hash.0), &one.protected));
        sessions.chain(self.state.pending.iter().map(|one| (Some(&one.node.0), &one.protected)))
    }

    /// What awaits responses, of all exchanges.
    pub fn protected(&mut self) -> impl Iterator<Item = &mut Protected> {
        let pending = self.state.pending.iter_mut().map(|one| &mut one.protected);
        self.state.sessions.iter_mut().map(|one| &mut one.protected).chain(pending)
    }

    /// A request that awaits its response, with its exchange.
    pub fn asked(&mut self, id: &[u8; 8]) -> Result<Option<(AskedState, Held<'_>)>, Error> {
        let path = self.locked.path(ClientState::FILE);
        let find = |protected: &Protected| protected.awaiting.iter().find(|one| one.id.0 == *id).cloned();
        for session in &mut self.state.sessions {
            if let Some(asked) = find(&session.protected) {
                return Ok(Some((asked, session.held(dke_app::Role::Client))));
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

impl ClientState {
    /// The pending exchanges of a call.
    pub fn exchanges_of(&self, number: &Number) -> impl Iterator<Item = &PendingState> {
        self.pending.iter().filter(|one| one.call.as_ref().is_some_and(|call| call.0 == *number))
    }
}

impl ClientStore for ClientDir {
    type Error = Error;

    fn highest_epoch(&self, node: &Hash) -> Result<u64, Error> {
        Ok(self.state.seen.get(&hex::encode(node)).copied().unwrap_or_default())
    }

    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Error> {
        self.begin_as(pending, None)
    }

    /// In memory: [`ClientDir::keep`] makes it durable, in one with the session.
    fn end(&mut self, exchange: &Hash) -> Result<(), Error> {
        if let Some(place) = self.state.pending.iter().position(|one| one.exchange.0 == *exchange) {
            self.ended = self.state.pending.remove(place).protected;
        }
        Ok(())
    }
}
