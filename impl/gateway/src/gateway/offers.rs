//! G2: Offers, and what a requester has to do for one.

use super::{Gateway, ROUNDS};
use crate::batch::Parts;
use crate::leases::{Lease, Shown};
use crate::puzzle::Checked;
use crate::record::{Admission, NodeId};
use crate::refusal::Refusal;
use crate::steps::{self, Kept};
use crate::store::Store;
use crate::time::until;
use dke::{BatchKey, Reject};
use dke_coap::subscriber;
use std::net::IpAddr;
use std::time::Duration;

impl<S: Store> Gateway<S> {
    /// G2: the Offer of one prekey, leased to `by`. `solution`: the answer to the puzzle or challenge that the gateway has set before, or
    /// nothing. `Puzzle` has what is to be answered first, if there is something.
    pub async fn offer(&self, node: &NodeId, by: IpAddr, solution: &[u8]) -> Result<Vec<u8>, Refusal> {
        let (by, mut shown) = (subscriber(by), Shown::default());
        for _ in 0..ROUNDS {
            let now = self.moment();
            let seconds = |end: Duration| until(end, now.up).max(1);
            match self.leases.lease(node, by, shown, now, &self.policy) {
                Lease::Given { epoch, index, reserve } => {
                    if let Some(to) = reserve {
                        tokio::spawn(self.reserve(*node, epoch, to));
                    }
                    return self.read_offer(node, epoch, index);
                }
                Lease::Unknown => self.load(node, now.up)?,
                Lease::Reserve { epoch, to } => self.reserve(*node, epoch, to).await?,
                Lease::Puzzle(difficulty) => {
                    shown.solved = self.check_puzzle(difficulty, node, by, solution, now.up)?;
                }
                Lease::Admission { epoch, key } => {
                    self.check_admission(epoch, &key, node, by, solution, now.up)?;
                    shown.admitted = true;
                }
                Lease::Exhausted { back } => {
                    return Err(Refusal::Later(Reject::Exhausted, self.retry(node, back, now.up)));
                }
                Lease::TooMany { end } => return Err(Refusal::TooMany(seconds(end))),
                Lease::Share => return Err(Refusal::TooMany(self.retry(node, None, now.up))),
                Lease::Busy { end } => return Err(Refusal::Busy(seconds(end))),
            }
        }
        Err(Refusal::Busy(1))
    }

    /// The difficulty that was solved; `Puzzle` with a puzzle if it was not.
    fn check_puzzle(
        &self,
        difficulty: u8,
        node: &NodeId,
        by: IpAddr,
        solution: &[u8],
        now: Duration,
    ) -> Result<u8, Refusal> {
        let Some(puzzles) = &self.puzzles else { return Ok(difficulty) };
        match puzzles.check(difficulty, by, node, solution, now) {
            Checked::Solved => Ok(difficulty),
            Checked::Wrong => Err(Refusal::Puzzle(puzzles.set(difficulty, by, node, now))),
            Checked::Full => Err(Refusal::Busy(self.policy.retry_after)),
        }
    }

    /// `Puzzle` with a challenge if the requester has not shown that it has the admission key.
    fn check_admission(
        &self,
        epoch: u64,
        key: &BatchKey,
        node: &NodeId,
        by: IpAddr,
        answer: &[u8],
        now: Duration,
    ) -> Result<(), Refusal> {
        let busy = || Refusal::Busy(self.policy.retry_after);
        let puzzles = self.puzzles.as_ref().ok_or_else(busy)?;
        match puzzles.admit(key, by, node, answer, now) {
            Checked::Solved => Ok(()),
            Checked::Wrong => Err(Refusal::Puzzle(puzzles.challenge(epoch, by, node, now))),
            Checked::Full => Err(busy()),
        }
    }

    /// The node's newest batch is for those clients alone that have the admission key of this epoch.
    pub async fn put_admission(
        &self,
        node: &NodeId,
        token: &[u8],
        epoch: u64,
        key: &BatchKey,
    ) -> Result<Kept, Refusal> {
        let (id, token, leases) = (*node, token.to_vec(), self.leases.clone());
        let admission = Admission { epoch, key: *key.expose() };
        self.store.write(move |records| steps::admit(records, &leases, &id, &token, admission)).await
    }

    /// Takes over what the store knows of a node's leases.
    fn load(&self, node: &NodeId, now: Duration) -> Result<(), Refusal> {
        self.store.read(|records| {
            let record = steps::node(records, node)?;
            if record.batches.is_empty() {
                return Err(Refusal::Later(Reject::Exhausted, self.retry(node, None, now)));
            }
            Ok(steps::load(records, &self.leases, node, &record, now, &self.policy)?)
        })
    }

    /// Moves the mark in the store below which indices may have been handed out.
    fn reserve(&self, node: NodeId, epoch: u64, to: u16) -> impl Future<Output = Result<(), Refusal>> + Send + 'static {
        let (store, leases) = (self.store.clone(), self.leases.clone());
        async move {
            let start = leases.start();
            let moved = store.write(move |records| steps::reserve(records, &node, epoch, to, start)).await;
            leases.reserved(&node, epoch, moved.is_ok().then_some(to));
            moved
        }
    }

    fn read_offer(&self, node: &NodeId, epoch: u64, index: u8) -> Result<Vec<u8>, Refusal> {
        if let Some(batch) = self.batches.get(node, epoch) {
            return Ok(batch.parts()?.offer(index)?);
        }
        self.store.read(|records| {
            // A batch that was leased a moment ago may be gone by now.
            let mut offer = Err(Refusal::Busy(1));
            records.batch(node, epoch, &mut |record| {
                let parts = Parts::read(&record);
                offer = parts
                    .and_then(|parts| {
                        self.batches.keep(node, epoch, &parts);
                        parts.offer(index)
                    })
                    .map_err(Refusal::from);
            })?;
            offer
        })
    }
}
