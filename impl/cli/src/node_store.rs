//! The node's state in a file.

use crate::fault::Fault;
use crate::files::Locked;
use crate::hexed::{Hex, HexN};
use crate::session::SessionState;
use dke::crypto::{Hash, PublicKey};
use dke::store::{Batch, NodeStore, Prekey};
use dke::{Credential, Scalar};
use dke_agent::Kept;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(crate) const FILE: &str = "node.json";
const FORMAT: &str = "dke-node-1";
/// Requests that are kept at most: a gateway that does not ask for the response of one any more leaves it here.
const REQUESTS_MAX: usize = 64;

/// All that a node remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeState {
    pub(crate) last_epoch: u64,
    /// The epoch whose Publication a gateway on the network has acknowledged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) acknowledged: u64,
    pub(crate) clients: Vec<Hex>,
    pub(crate) authorities: Vec<Hex>,
    pub(crate) batches: BTreeMap<u64, BatchState>,
    pub(crate) outbox: Vec<KeptConfirm>,
    pub(crate) sessions: Vec<SessionState>,
    /// Requests whose responses the gateway has not acknowledged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requests: Vec<KeptRequest>,
}

// By reference, because serde wants it so.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A batch.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchState {
    header: Hex,
    pub(crate) token: HexN<16>,
    pub(crate) prekeys: Vec<PrekeyState>,
}

/// A prekey; `y` is gone once it is used.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrekeyState {
    pub(crate) y: Option<HexN<32>>,
    public: HexN<32>,
}

/// A Confirm in the outbox.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptConfirm {
    pub(crate) epoch: u64,
    pub(crate) index: u8,
    initiate: HexN<32>,
    pub(crate) confirm: Hex,
}

/// A request that was opened.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptRequest {
    /// SHA-256 of the outer request.
    digest: HexN<32>,
    /// The outer response, once there is one.
    response: Option<Hex>,
}

/// The node's directory, locked, and its state.
pub(crate) struct NodeFile {
    pub(crate) locked: Locked,
    pub(crate) state: NodeState,
    begun: Option<(u64, Vec<PrekeyState>)>,
}

impl NodeFile {
    pub(crate) fn open(locked: Locked) -> Result<NodeFile, Fault> {
        let state: NodeState = locked.load(FILE, FORMAT)?.unwrap_or_default();
        let path = locked.path(FILE);
        if state.clients.iter().chain(&state.authorities).any(|pinned| Credential::parse(&pinned.0).is_err()) {
            return Err(Fault::state(&path, "a pinned credential is not well formed"));
        }
        Ok(NodeFile { locked, state, begun: None })
    }

    pub(crate) fn save(&self) -> Result<(), Fault> {
        self.locked.save(FILE, FORMAT, &self.state)
    }

    /// N3.3: makes the Confirm and the session durable in one. Only after this the Confirm may be sent.
    pub(crate) fn keep(&mut self, session: SessionState) -> Result<(), Fault> {
        self.state.sessions.push(session);
        self.save()
    }

    /// How far a request is.
    pub(crate) fn kept(&self, request: &Hash) -> Option<Kept> {
        let found = self.state.requests.iter().find(|one| one.digest.0 == *request)?;
        Some(found.response.as_ref().map_or(Kept::Opened, |response| Kept::Answered(response.0.clone())))
    }

    /// Makes it durable, in one with the numbers and windows of its exchange.
    pub(crate) fn keep_request(&mut self, request: &Hash, kept: Kept) -> Result<(), Fault> {
        self.state.requests.retain(|one| one.digest.0 != *request);
        let response = match kept {
            Kept::Opened => None,
            Kept::Answered(response) => Some(Hex(response)),
        };
        let beyond = (self.state.requests.len() + 1).saturating_sub(REQUESTS_MAX);
        self.state.requests.drain(..beyond);
        self.state.requests.push(KeptRequest { digest: HexN(*request), response });
        self.save()
    }

    /// The gateway has the response.
    pub(crate) fn forget_request(&mut self, request: &Hash) -> Result<(), Fault> {
        let before = self.state.requests.len();
        self.state.requests.retain(|one| one.digest.0 != *request);
        if self.state.requests.len() == before { Ok(()) } else { self.save() }
    }
}

impl NodeStore for NodeFile {
    type Error = Fault;

    fn last_epoch(&self) -> Result<u64, Fault> {
        Ok(self.state.last_epoch)
    }

    fn batch(&self, epoch: u64) -> Result<Option<Batch>, Fault> {
        let Some(batch) = self.state.batches.get(&epoch) else { return Ok(None) };
        let damaged = || Fault::state(&self.locked.path(FILE), "a batch header is too long");
        Batch::new(&batch.header.0, batch.token.0).ok_or_else(damaged).map(Some)
    }

    fn prekey(&self, epoch: u64, index: u8) -> Result<Option<Prekey>, Fault> {
        let found = self.state.batches.get(&epoch).and_then(|batch| batch.prekeys.get(usize::from(index)));
        let Some(prekey) = found else { return Ok(None) };
        let secret = prekey.y.as_ref().map(|y| Scalar::from_bytes(&y.0)).transpose()?;
        Ok(Some(Prekey { secret, public: prekey.public.0 }))
    }

    /// In memory: it becomes durable in one with the new batch.
    fn begin_batch(&mut self, epoch: u64) -> Result<(), Fault> {
        self.state.batches.retain(|old, _| old.saturating_add(2) > epoch);
        self.state.outbox.retain(|kept| kept.epoch.saturating_add(2) > epoch);
        // Section 15: the early keys go with the batch.
        let gone = self.state.sessions.iter_mut().filter(|session| session.epoch.saturating_add(2) <= epoch);
        gone.for_each(SessionState::erase_early);
        self.begun = Some((epoch, Vec::new()));
        Ok(())
    }

    fn put_prekey(&mut self, _epoch: u64, _index: u8, y: &Scalar, public: &PublicKey) -> Result<(), Fault> {
        if let Some((_, prekeys)) = &mut self.begun {
            prekeys.push(PrekeyState { y: Some(HexN(*y.expose())), public: HexN(*public) });
        }
        Ok(())
    }

    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Fault> {
        let prekeys = self.begun.take().map(|(_, prekeys)| prekeys).unwrap_or_default();
        let batch = BatchState { header: Hex(batch.header().to_vec()), token: HexN(batch.token), prekeys };
        self.state.batches.insert(epoch, batch);
        self.state.last_epoch = epoch;
        self.save()
    }

    fn erase_prekey(&mut self, epoch: u64, index: u8) -> Result<(), Fault> {
        let batch = self.state.batches.get_mut(&epoch);
        if let Some(prekey) = batch.and_then(|batch| batch.prekeys.get_mut(usize::from(index))) {
            prekey.y = None;
        }
        self.save()
    }

    /// In memory: [`NodeFile::keep`] makes it durable, in one with the session.
    fn put_confirm(&mut self, epoch: u64, index: u8, initiate: &Hash, confirm: &[u8]) -> Result<(), Fault> {
        self.state.outbox.push(KeptConfirm { epoch, index, initiate: HexN(*initiate), confirm: Hex(confirm.to_vec()) });
        Ok(())
    }

    fn confirm(&self, epoch: u64, index: u8, initiate: &Hash, out: &mut [u8]) -> Result<Option<usize>, Fault> {
        let same = |kept: &&KeptConfirm| kept.epoch == epoch && kept.index == index && kept.initiate.0 == *initiate;
        let Some(kept) = self.state.outbox.iter().find(same) else { return Ok(None) };
        let length = kept.confirm.0.len();
        let damaged = || Fault::state(&self.locked.path(FILE), "a stored Confirm is too long");
        out.get_mut(..length).ok_or_else(damaged)?.copy_from_slice(&kept.confirm.0);
        Ok(Some(length))
    }

    fn drop_confirm(&mut self, epoch: u64, index: u8) -> Result<(), Fault> {
        self.state.outbox.retain(|kept| (kept.epoch, kept.index) != (epoch, index));
        self.save()
    }
}
