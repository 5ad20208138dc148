//! G2: Offers, and what a requester has to do for one.

use super::{Gateway, ROUNDS};
use crate::batch::Parts;
use crate::leases::Lease;
use crate::puzzle::Checked;
use crate::record::NodeId;
use crate::refusal::Refusal;
use crate::steps;
use crate::store::Store;
use crate::time::until;
use dke::Reject;
use dke_coap::subscriber;
use std::net::IpAddr;
use std::time::Duration;

impl<S: Store> Gateway<S> {
    /// G2: the Offer of one prekey, leased to `by`. `solution`: of the puzzle that the gateway has set before, or nothing.
    /// `Puzzle` has the puzzle that is to be solved first, if there is one.
    pub async fn offer(&self, node: &NodeId, by: IpAddr, solution: &[u8]) -> Result<Vec<u8>, Refusal> {
        let (by, mut solved) = (subscriber(by), 0);
        for _ in 0..ROUNDS {
            let now = self.moment();
            let seconds = |end: Duration| until(end, now.up).max(1);
            match self.leases.lease(node, by, solved, now, &self.policy) {
                Lease::Given { epoch, index, reserve } => {
                    if let Some(to) = reserve {
                        tokio::spawn(self.reserve(*node, epoch, to));
                    }
                    return self.read_offer(node, epoch, index);
                }
                Lease::Unknown => self.load(node, now.up)?,
                Lease::Reserve { epoch, to } => self.reserve(*node, epoch, to).await?,
                Lease::Puzzle(difficulty) => solved = self.check_puzzle(difficulty, node, by, solution, now.up)?,
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
