//! A node's store in memory.

use dke::call::{self, Number};
use dke::crypto::{Hash, PublicKey};
use dke::key_schedule::SessionSecret;
use dke::node::Peer;
use dke::ram::{Full, RamNode};
use dke::store::{Batch, NodeStore, Prekey};
use dke::{Scalar, Session};
use dke_agent::{Counts, Kept, Ledger, Numbered, Remote, Unsent, Upkeep};
use dke_app::exchange::Counters;
use dke_app::{Exchange, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// What happens, in order.
pub type Steps = Arc<Mutex<Vec<&'static str>>>;

/// A call that has begun.
struct Begun {
    client: Hash,
    number: Number,
    digest: Hash,
    epoch: u64,
    answer: Option<Vec<u8>>,
}

#[derive(Default)]
pub struct RamLedger {
    ram: Box<RamNode<256, 8>>,
    sent: Vec<(u64, u8, Vec<u8>)>,
    acknowledged: u64,
    rejected: BTreeSet<(u64, u8)>,
    upkeep: Upkeep,
    calls: Vec<Begun>,
    /// Batches that were made.
    pub batches: usize,
    /// Of the one session that it has.
    pub secret: Option<[u8; 32]>,
    counters: Counters,
    /// Requests that were opened.
    pub requests: BTreeMap<Hash, Kept>,
    /// What has become durable of them.
    pub steps: Steps,
}

impl NodeStore for RamLedger {
    type Error = Full;

    fn last_epoch(&self) -> Result<u64, Full> {
        self.ram.last_epoch()
    }

    fn batch(&self, epoch: u64) -> Result<Option<Batch>, Full> {
        self.ram.batch(epoch)
    }

    fn prekey(&self, epoch: u64, index: u8) -> Result<Option<Prekey>, Full> {
        self.ram.prekey(epoch, index)
    }

    fn begin_batch(&mut self, epoch: u64) -> Result<(), Full> {
        self.calls.retain(|one| call::is_kept(one.epoch, epoch));
        self.ram.begin_batch(epoch)
    }

    fn put_prekey(&mut self, epoch: u64, index: u8, y: &Scalar, public: &PublicKey) -> Result<(), Full> {
        self.ram.put_prekey(epoch, index, y, public)
    }

    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Full> {
        self.batches += 1;
        self.ram.commit_batch(epoch, batch)
    }

    fn erase_prekey(&mut self, epoch: u64, index: u8) -> Result<(), Full> {
        self.ram.erase_prekey(epoch, index)
    }

    fn put_confirm(&mut self, epoch: u64, index: u8, initiate: &Hash, confirm: &[u8]) -> Result<(), Full> {
        self.sent.push((epoch, index, confirm.to_vec()));
        self.ram.put_confirm(epoch, index, initiate, confirm)
    }

    fn confirm(&self, epoch: u64, index: u8, initiate: &Hash, out: &mut [u8]) -> Result<Option<usize>, Full> {
        self.ram.confirm(epoch, index, initiate, out)
    }

    fn drop_confirm(&mut self, epoch: u64, index: u8) -> Result<(), Full> {
        self.sent.retain(|(of, at, _)| (*of, *at) != (epoch, index));
        self.ram.drop_confirm(epoch, index)
    }
}

impl Ledger for RamLedger {
    fn outbox(&self) -> Result<Vec<Unsent>, Full> {
        let unsent = |(epoch, index, confirm): &(u64, u8, Vec<u8>)| Unsent {
            epoch: *epoch,
            index: *index,
            confirm: confirm.clone(),
        };
        Ok(self.sent.iter().map(unsent).collect())
    }

    fn counts(&self, epoch: u64) -> Result<Counts, Full> {
        let mut counts = Counts::default();
        for index in 0..=u8::MAX {
            match self.ram.prekey(epoch, index)? {
                Some(prekey) if prekey.secret.is_none() => counts.used += 1,
                Some(_) if self.rejected.contains(&(epoch, index)) => counts.rejected += 1,
                _ => {}
            }
        }
        Ok(counts)
    }

    fn reject(&mut self, epoch: u64, index: u8) -> Result<(), Full> {
        if self.ram.prekey(epoch, index)?.is_some_and(|prekey| prekey.secret.is_some()) {
            self.rejected.insert((epoch, index));
        }
        Ok(())
    }

    fn is_rejected(&self, epoch: u64, index: u8) -> Result<bool, Full> {
        Ok(self.rejected.contains(&(epoch, index)))
    }

    fn upkeep(&self) -> Result<Upkeep, Full> {
        Ok(self.upkeep)
    }

    fn set_upkeep(&mut self, upkeep: &Upkeep) -> Result<(), Full> {
        self.upkeep = *upkeep;
        Ok(())
    }

    fn acknowledged(&self) -> Result<u64, Full> {
        Ok(self.acknowledged)
    }

    fn set_acknowledged(&mut self, epoch: u64) -> Result<(), Full> {
        self.acknowledged = epoch;
        Ok(())
    }

    fn calls(&self) -> impl Iterator<Item = call::Kept<'_>> {
        self.calls.iter().map(|one| call::Kept {
            client: &one.client,
            number: &one.number,
            digest: &one.digest,
            answer: one.answer.as_deref(),
        })
    }

    fn begin_call(&mut self, call: &Numbered<'_>) -> Result<(), Full> {
        let Numbered { client, number, digest, epoch } = *call;
        self.calls.push(Begun { client: *client, number: *number, digest: *digest, epoch, answer: None });
        Ok(())
    }

    fn settle_call(&mut self, client: &Hash, number: &Number, answer: &[u8]) -> Result<(), Full> {
        let this = |one: &&mut Begun| one.client == *client && one.number == *number;
        if let Some(one) = self.calls.iter_mut().find(this) {
            one.answer = Some(answer.to_vec());
        }
        Ok(())
    }

    fn keep(&mut self, _peer: &Peer, _early: &[u8; 32], _session: &Session) -> Result<(), Full> {
        Ok(())
    }

    fn exchanges(&mut self) -> Vec<(Remote, Exchange<'_>)> {
        let Some(secret) = self.secret else { return Vec::new() };
        let session = Some(SessionSecret::restore(secret));
        let peer = Remote { hash: [0; 32], subject: "anna".into(), vouched: false };
        vec![(peer, Exchange { role: Role::Node, early: None, session, counters: &mut self.counters })]
    }

    fn kept(&self, request: &Hash) -> Result<Option<Kept>, Full> {
        Ok(self.requests.get(request).cloned())
    }

    fn keep_request(&mut self, request: &Hash, kept: Kept) -> Result<(), Full> {
        self.steps.lock().unwrap().push(if kept == Kept::Opened { "opened" } else { "answered" });
        self.requests.insert(*request, kept);
        Ok(())
    }

    fn forget_request(&mut self, request: &Hash) -> Result<(), Full> {
        self.requests.remove(request);
        self.steps.lock().unwrap().push("forgotten");
        Ok(())
    }
}
