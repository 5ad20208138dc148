//! Batches in memory, ready for Offers: reading one from the store costs as much as all else of an Offer together.
//!
//! A stored batch never changes, so that there is nothing to be kept up to date. Memory has a bound; the batches that were read first go first.

use crate::batch::Batch;
use crate::record::NodeId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The newest batches of nodes that were asked for lately.
pub(crate) struct Batches {
    /// Bytes of all batches together.
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// One batch of each node, and its epoch.
    known: HashMap<NodeId, (u64, Batch)>,
    /// These nodes, in the order in which their batches were read.
    order: VecDeque<NodeId>,
    bytes: usize,
}

impl Batches {
    pub(crate) fn new(limit: usize) -> Batches {
        Batches { limit, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, node: &NodeId, epoch: u64) -> Option<Batch> {
        self.lock().known.get(node).filter(|(known, _)| *known == epoch).map(|(_, batch)| batch.clone())
    }

    /// Keeps a batch in place of what is known of this node.
    pub(crate) fn keep(&self, node: &NodeId, epoch: u64, batch: Batch) {
        let mut inner = self.lock();
        inner.forget(node);
        inner.bytes = inner.bytes.saturating_add(batch.len());
        inner.order.push_back(*node);
        inner.known.insert(*node, (epoch, batch));
        while inner.bytes > self.limit
            && let Some(first) = inner.order.front().copied()
        {
            inner.forget(&first);
        }
    }
}

impl Inner {
    fn forget(&mut self, node: &NodeId) {
        let Some((_, batch)) = self.known.remove(node) else { return };
        self.bytes = self.bytes.saturating_sub(batch.len());
        // The first one, or the batch of a node that has published again, which is seldom.
        if let Some(place) = self.order.iter().position(|known| known == node) {
            self.order.remove(place);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use crate::record::BatchRecord;

    fn batch(tree: usize) -> Batch {
        let mut publication = vec![0x82, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0, 0x40, 0x58, 64];
        publication.extend([7; 64]);
        publication.extend([0x58, 32]);
        publication.extend([9; 32]);
        Batch::read(&BatchRecord { publication: &publication, tree: &vec![1; tree] }).unwrap()
    }

    #[test]
    fn the_newest_batch_of_a_node() {
        let (batches, node) = (Batches::new(usize::MAX), [1; 16]);
        batches.keep(&node, 1, batch(0));
        batches.keep(&node, 1, batch(0));
        assert!(batches.get(&node, 1).is_some() && batches.get(&node, 2).is_none());
        batches.keep(&node, 2, batch(32));
        assert!(batches.get(&node, 1).is_none() && batches.get(&node, 2).is_some());
        let inner = batches.lock();
        assert_eq!((inner.order.len(), inner.bytes), (1, batch(32).len()));
    }

    #[test]
    fn memory_is_bounded_and_the_first_go_first() {
        let batch = batch(32);
        let batches = Batches::new(batch.len() * 10 + 1);
        for n in 0..=10 {
            batches.keep(&[n; 16], 1, batch.clone());
        }
        assert!(batches.get(&[0; 16], 1).is_none() && batches.get(&[1; 16], 1).is_some());
        let inner = batches.lock();
        assert_eq!((inner.known.len(), inner.order.len(), inner.bytes), (10, 10, batch.len() * 10));
    }
}
