//! Batches in memory, ready for Offers: to read one from the store would be the largest part of an Offer's work.
//!
//! A stored batch never changes, so that there is nothing to be kept up to date. Memory has a bound: when it is reached, only one in
//! [`ADMITTED`] that are read takes the place of the one that was read first. Those that are asked for often come in soon, and where all are
//! asked for equally seldom, hardly any is copied in vain.

use crate::batch::{Batch, Parts};
use crate::record::NodeId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One in so many takes the place of another.
const ADMITTED: usize = 16;

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
    /// How many were not taken in since the last one that was.
    passed: usize,
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

    /// A batch was read: it is kept if there is room, or if it is its turn.
    pub(crate) fn keep(&self, node: &NodeId, epoch: u64, parts: &Parts<'_>) {
        let mut inner = self.lock();
        inner.forget(node);
        inner.passed = inner.passed.saturating_add(1);
        if inner.bytes.saturating_add(parts.len()) > self.limit && inner.passed < ADMITTED {
            return;
        }
        inner.passed = 0;
        inner.bytes = inner.bytes.saturating_add(parts.len());
        inner.order.push_back(*node);
        inner.known.insert(*node, (epoch, Batch::new(parts)));
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

    fn publication() -> Vec<u8> {
        let mut publication = vec![0x82, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0, 0x40, 0x58, 64];
        publication.extend([7; 64]);
        publication.extend([0x58, 32]);
        publication.extend([9; 32]);
        publication
    }

    fn parts<'a>(publication: &'a [u8], tree: &'a [u8]) -> Parts<'a> {
        Parts::read(&BatchRecord { publication, tree }).unwrap()
    }

    #[test]
    fn the_newest_batch_of_a_node() {
        let (batches, node, publication) = (Batches::new(usize::MAX), [1; 16], publication());
        let (old, new) = (parts(&publication, &[]), parts(&publication, &[1; 32]));
        batches.keep(&node, 1, &old);
        batches.keep(&node, 1, &old);
        assert!(batches.get(&node, 1).is_some() && batches.get(&node, 2).is_none());
        batches.keep(&node, 2, &new);
        assert!(batches.get(&node, 1).is_none());
        assert_eq!(batches.get(&node, 2).unwrap().len(), new.len());
        let inner = batches.lock();
        assert_eq!((inner.order.len(), inner.bytes), (1, new.len()));
    }

    #[test]
    fn memory_is_bounded_and_few_take_the_place_of_the_first() {
        let publication = publication();
        let one = parts(&publication, &[]);
        let batches = Batches::new(one.len() * 10 + 1);
        let read = |n: usize| batches.keep(&[u8::try_from(n).unwrap(); 16], 1, &one);
        let known = |n: usize| batches.get(&[u8::try_from(n).unwrap(); 16], 1).is_some();
        (0..10 + ADMITTED - 1).for_each(read);
        assert!((0..10).all(known) && !(10..10 + ADMITTED - 1).any(known));
        read(100);
        assert!(!known(0) && (1..10).all(known) && known(100));
        let inner = batches.lock();
        assert_eq!((inner.known.len(), inner.order.len(), inner.bytes), (10, 10, one.len() * 10));
    }
}
