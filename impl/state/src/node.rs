//! The node's state.

use crate::calls::KeptCall;
use crate::error::Error;
use crate::files::Locked;
use crate::hexed::{Hex, HexN, Secret};
use crate::identity::{Identity, Instance, Role};
use crate::original::{self, State};
use crate::party::Held;
use crate::session::SessionState;
use crate::sessions::{SESSIONS_MAX, bound};
use crate::undelivered::Shelf;
use dke::call::{self, Number};
use dke::crypto::{Hash, PublicKey};
use dke::node::Peer;
use dke::stock::Allowance;
use dke::store::{Batch, NodeStore, Prekey};
use dke::{Credential, Scalar, Session};
use dke_agent::{Counts, Kept, Ledger, Numbered, Remote, Unsent, Upkeep};
use dke_app::Exchange;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Requests that are kept at most: one whose response the gateway never asks for again would stay for ever.
const REQUESTS_MAX: usize = 64;

/// All that a node remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeState {
    /// Of the directory; see [`Identity`].
    pub(crate) instance: Instance,
    /// Epoch of the current batch; 0 before the first.
    pub last_epoch: u64,
    /// The epoch whose Publication a gateway on the network has acknowledged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub acknowledged: u64,
    /// Pinned credentials.
    pub clients: Vec<Hex>,
    /// Pinned credentials of authorities.
    pub authorities: Vec<Hex>,
    /// Current and previous batch, by epoch.
    pub batches: BTreeMap<u64, BatchState>,
    /// Confirms that the gateway has not acknowledged.
    pub outbox: Vec<KeptConfirm>,
    /// Oldest first.
    pub sessions: Vec<SessionState>,
    /// What it remembers from wake-up to wake-up.
    #[serde(default, skip_serializing_if = "UpkeepState::is_default")]
    pub upkeep: UpkeepState,
    /// Numbers of calls, so that none is carried out twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<KeptCall>,
    /// Requests whose responses the gateway has not acknowledged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<KeptRequest>,
    /// What was received and not delivered yet.
    #[serde(default, skip_serializing_if = "Shelf::is_empty")]
    pub undelivered: Shelf,
}

impl State for NodeState {
    const FILE: &'static str = "node.json";
    const FORMAT: &'static str = "dke-node-2";
    const ROLE: Role = Role::Node;

    fn instance(&mut self) -> &mut Instance {
        &mut self.instance
    }
}

// By reference, because serde wants it so.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Counted wake-ups, and what is used up of the rate of batches.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpkeepState {
    /// Wake-ups without a clock.
    pub wakes: u64,
    /// Which of them the newest batch was made at.
    pub made: u64,
    /// Batches that count towards the rate.
    pub spent: u16,
    /// Since when the next of them has been on its way back.
    pub since: u64,
}

impl UpkeepState {
    fn is_default(&self) -> bool {
        *self == UpkeepState::default()
    }
}

/// A batch.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchState {
    header: Hex,
    /// Shown to the gateway.
    pub token: HexN<16>,
    /// By index.
    pub prekeys: Vec<PrekeyState>,
}

impl BatchState {
    /// Prekeys that are not used up.
    pub fn left(&self) -> usize {
        self.prekeys.iter().filter(|prekey| prekey.y.is_some()).count()
    }

    /// Used and rejected prekeys.
    pub fn counts(&self) -> Counts {
        let of = |is: fn(&&PrekeyState) -> bool| self.prekeys.iter().filter(is).count().try_into().unwrap_or(u16::MAX);
        Counts { used: of(|prekey| prekey.y.is_none()), rejected: of(|prekey| prekey.y.is_some() && prekey.rejected) }
    }
}

/// A prekey; `y` is gone once it is used.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrekeyState {
    /// Secret.
    pub y: Option<Secret<32>>,
    public: HexN<32>,
    /// The gateway has an Initiate for it that was rejected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rejected: bool,
}

/// A Confirm in the outbox.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptConfirm {
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
    /// SHA-256 of the Initiate that it answers.
    initiate: HexN<32>,
    /// The message.
    pub confirm: Hex,
}

/// A request that was opened.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptRequest {
    /// SHA-256 of the outer request.
    digest: HexN<32>,
    /// The outer response, once there is one.
    response: Option<Hex>,
}

/// The node's directory, locked, and its state.
pub struct NodeDir {
    /// The directory.
    pub locked: Locked,
    identity: Identity,
    /// All that it remembers. What is changed here is durable after [`save`](Self::save).
    pub state: NodeState,
    begun: Option<(u64, Vec<PrekeyState>)>,
}

impl NodeDir {
    /// Reads the state; a node that was not used yet has published nothing. `WrongRole`, `Copied` or `StateMissing` if this is not the
    /// original directory of a node.
    pub fn open(locked: Locked) -> Result<NodeDir, Error> {
        let (identity, state) = original::open::<NodeState>(&locked)?;
        if state.clients.iter().chain(&state.authorities).any(|pinned| Credential::parse(&pinned.0).is_err()) {
            return Err(damaged(&locked, "a pinned credential is not well formed"));
        }
        Ok(NodeDir { locked, identity, state, begun: None })
    }

    /// Makes the state durable.
    pub fn save(&mut self) -> Result<(), Error> {
        original::save(&self.locked, &mut self.identity, &self.state)
    }

    /// N3.3: makes the Confirm and the session durable in one. Only after this the Confirm may be sent.
    pub fn keep_session(&mut self, session: SessionState) -> Result<(), Error> {
        self.state.sessions.push(session);
        bound(&mut self.state.sessions, SESSIONS_MAX);
        self.save()
    }
}

fn damaged(locked: &Locked, why: &str) -> Error {
    Error::Damaged(locked.path(NodeState::FILE), why.into())
}

impl Ledger for NodeDir {
    fn outbox(&self) -> Result<Vec<Unsent>, Error> {
        let unsent =
            |kept: &KeptConfirm| Unsent { epoch: kept.epoch, index: kept.index, confirm: kept.confirm.0.clone() };
        Ok(self.state.outbox.iter().map(unsent).collect())
    }

    fn counts(&self, epoch: u64) -> Result<Counts, Error> {
        Ok(self.state.batches.get(&epoch).map_or_else(Counts::default, BatchState::counts))
    }

    fn reject(&mut self, epoch: u64, index: u8) -> Result<(), Error> {
        let batch = self.state.batches.get_mut(&epoch);
        match batch.and_then(|batch| batch.prekeys.get_mut(usize::from(index))) {
            Some(prekey) if prekey.y.is_some() => prekey.rejected = true,
            _ => return Ok(()),
        }
        self.save()
    }

    fn is_rejected(&self, epoch: u64, index: u8) -> Result<bool, Error> {
        let prekey = self.state.batches.get(&epoch).and_then(|batch| batch.prekeys.get(usize::from(index)));
        Ok(prekey.is_some_and(|prekey| prekey.rejected))
    }

    fn upkeep(&self) -> Result<Upkeep, Error> {
        let UpkeepState { wakes, made, spent, since } = self.state.upkeep;
        Ok(Upkeep { wakes, made, allowance: Allowance { spent, since } })
    }

    fn set_upkeep(&mut self, upkeep: &Upkeep) -> Result<(), Error> {
        let Upkeep { wakes, made, allowance: Allowance { spent, since } } = *upkeep;
        self.state.upkeep = UpkeepState { wakes, made, spent, since };
        self.save()
    }

    fn acknowledged(&self) -> Result<u64, Error> {
        Ok(self.state.acknowledged)
    }

    fn set_acknowledged(&mut self, epoch: u64) -> Result<(), Error> {
        self.state.acknowledged = epoch;
        self.save()
    }

    fn calls(&self) -> impl Iterator<Item = call::Kept<'_>> {
        self.state.calls.iter().map(KeptCall::kept)
    }

    fn begin_call(&mut self, call: &Numbered<'_>) -> Result<(), Error> {
        self.state.calls.push(KeptCall::new(call));
        self.save()
    }

    fn settle_call(&mut self, client: &Hash, number: &Number, answer: &[u8]) -> Result<(), Error> {
        let this = |one: &&mut KeptCall| one.kept().client == client && one.kept().number == number;
        if let Some(one) = self.state.calls.iter_mut().find(this) {
            one.settle(answer);
        }
        Ok(())
    }

    fn keep(&mut self, peer: &Peer, early: &[u8; 32], session: &Session) -> Result<(), Error> {
        self.keep_session(SessionState::new(peer.subject(), peer.hash(), session, early).vouched(peer.vouched()))
    }

    fn exchanges(&mut self) -> Vec<(Remote, Exchange<'_>)> {
        let held = self.state.sessions.iter_mut().rev().map(|session| session.held(dke_app::Role::Node));
        let remote = |held: &Held<'_>| Remote {
            hash: held.peer_hash.unwrap_or_default(),
            subject: held.peer.clone(),
            vouched: held.vouched,
        };
        held.map(|held| (remote(&held), held.exchange)).collect()
    }

    fn kept(&self, request: &Hash) -> Result<Option<Kept>, Error> {
        let found = self.state.requests.iter().find(|one| one.digest.0 == *request);
        let how_far = |one: &KeptRequest| {
            one.response.as_ref().map_or(Kept::Opened, |response| Kept::Answered(response.0.clone()))
        };
        Ok(found.map(how_far))
    }

    fn keep_request(&mut self, request: &Hash, kept: Kept) -> Result<(), Error> {
        self.state.requests.retain(|one| one.digest.0 != *request);
        let response = match kept {
            Kept::Opened => None,
            Kept::Answered(response) => Some(Hex(response)),
        };
        let beyond = self.state.requests.len().saturating_add(1).saturating_sub(REQUESTS_MAX);
        self.state.requests.drain(..beyond);
        self.state.requests.push(KeptRequest { digest: HexN(*request), response });
        self.save()
    }

    fn forget_request(&mut self, request: &Hash) -> Result<(), Error> {
        let before = self.state.requests.len();
        self.state.requests.retain(|one| one.digest.0 != *request);
        if self.state.requests.len() == before { Ok(()) } else { self.save() }
    }
}

impl NodeStore for NodeDir {
    type Error = Error;

    fn last_epoch(&self) -> Result<u64, Error> {
        Ok(self.state.last_epoch)
    }

    fn batch(&self, epoch: u64) -> Result<Option<Batch>, Error> {
        let Some(batch) = self.state.batches.get(&epoch) else { return Ok(None) };
        let damaged = || damaged(&self.locked, "a batch header is too long");
        Batch::new(&batch.header.0, batch.token.0).ok_or_else(damaged).map(Some)
    }

    fn prekey(&self, epoch: u64, index: u8) -> Result<Option<Prekey>, Error> {
        let found = self.state.batches.get(&epoch).and_then(|batch| batch.prekeys.get(usize::from(index)));
        let Some(prekey) = found else { return Ok(None) };
        let secret = prekey.y.as_ref().map(|y| Scalar::from_bytes(y.expose())).transpose()?;
        Ok(Some(Prekey { secret, public: prekey.public.0 }))
    }

    /// In memory: it becomes durable in one with the new batch.
    fn begin_batch(&mut self, epoch: u64) -> Result<(), Error> {
        self.state.batches.retain(|old, _| old.saturating_add(2) > epoch);
        self.state.outbox.retain(|kept| kept.epoch.saturating_add(2) > epoch);
        self.state.calls.retain(|one| call::is_kept(one.epoch, epoch));
        // Section 15: the early keys go with the batch.
        let gone = self.state.sessions.iter_mut().filter(|session| session.epoch.saturating_add(2) <= epoch);
        gone.for_each(SessionState::erase_early);
        self.begun = Some((epoch, Vec::new()));
        Ok(())
    }

    fn put_prekey(&mut self, _epoch: u64, _index: u8, y: &Scalar, public: &PublicKey) -> Result<(), Error> {
        if let Some((_, prekeys)) = &mut self.begun {
            prekeys.push(PrekeyState { y: Some(Secret::new(y.expose())), public: HexN(*public), rejected: false });
        }
        Ok(())
    }

    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Error> {
        let prekeys = self.begun.take().map(|(_, prekeys)| prekeys).unwrap_or_default();
        let batch = BatchState { header: Hex(batch.header().to_vec()), token: HexN(batch.token), prekeys };
        self.state.batches.insert(epoch, batch);
        self.state.last_epoch = epoch;
        self.save()
    }

    fn erase_prekey(&mut self, epoch: u64, index: u8) -> Result<(), Error> {
        let batch = self.state.batches.get_mut(&epoch);
        if let Some(prekey) = batch.and_then(|batch| batch.prekeys.get_mut(usize::from(index))) {
            prekey.y = None;
        }
        self.save()
    }

    /// In memory: [`NodeDir::keep_session`] makes it durable, in one with the session.
    fn put_confirm(&mut self, epoch: u64, index: u8, initiate: &Hash, confirm: &[u8]) -> Result<(), Error> {
        self.state.outbox.push(KeptConfirm { epoch, index, initiate: HexN(*initiate), confirm: Hex(confirm.to_vec()) });
        Ok(())
    }

    fn confirm(&self, epoch: u64, index: u8, initiate: &Hash, out: &mut [u8]) -> Result<Option<usize>, Error> {
        let same = |kept: &&KeptConfirm| kept.epoch == epoch && kept.index == index && kept.initiate.0 == *initiate;
        let Some(kept) = self.state.outbox.iter().find(same) else { return Ok(None) };
        let length = kept.confirm.0.len();
        let damaged = || damaged(&self.locked, "a stored Confirm is too long");
        out.get_mut(..length).ok_or_else(damaged)?.copy_from_slice(&kept.confirm.0);
        Ok(Some(length))
    }

    fn drop_confirm(&mut self, epoch: u64, index: u8) -> Result<(), Error> {
        self.state.outbox.retain(|kept| (kept.epoch, kept.index) != (epoch, index));
        self.save()
    }
}
