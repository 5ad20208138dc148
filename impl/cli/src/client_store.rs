//! The client's state in a file.

use crate::fault::Fault;
use crate::files::Locked;
use crate::hexed::{Hex, HexN};
use crate::node_store::SessionState;
use dke::client::AWAITING;
use dke::crypto::Hash;
use dke::store::{ClientStore, Pending};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
}

/// The client's directory, locked, and its state.
pub(crate) struct ClientFile {
    pub(crate) locked: Locked,
    pub(crate) state: ClientState,
}

impl ClientFile {
    pub(crate) fn open(locked: Locked) -> Result<ClientFile, Fault> {
        let state = locked.load(FILE, FORMAT)?.unwrap_or_default();
        Ok(ClientFile { locked, state })
    }

    pub(crate) fn save(&self) -> Result<(), Fault> {
        self.locked.save(FILE, FORMAT, &self.state)
    }

    /// The end of the pending exchange and its session become durable in one.
    pub(crate) fn keep(&mut self, session: SessionState) -> Result<(), Fault> {
        self.state.sessions.push(session);
        self.save()
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
        });
        self.save()
    }

    /// In memory: [`ClientFile::keep`] makes it durable, in one with the session.
    fn end(&mut self, exchange: &Hash) -> Result<(), Fault> {
        self.state.pending.retain(|one| one.exchange.0 != *exchange);
        Ok(())
    }
}
