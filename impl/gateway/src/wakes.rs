//! When nodes were awake, and so when to try again.

use crate::record::NodeId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Seconds without a request after which a node counts as having slept.
const SLEEP: u64 = 5;

/// Last wake-ups of the nodes, as far as this process has seen them.
#[derive(Default)]
pub(crate) struct Wakes {
    seen: Mutex<HashMap<NodeId, Wake>>,
}

#[derive(Clone, Copy, Default)]
struct Wake {
    began: u64,
    last: u64,
    /// Between the last two wake-ups.
    interval: Option<u64>,
}

impl Wakes {
    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Wake>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request that only the node itself can make came now.
    pub(crate) fn awake(&self, node: &NodeId, now: u64) {
        let mut seen = self.lock();
        let wake = seen.entry(*node).or_insert(Wake { began: now, last: now, interval: None });
        if now.saturating_sub(wake.last) > SLEEP {
            wake.interval = Some(now.saturating_sub(wake.began));
            wake.began = now;
        }
        wake.last = now;
    }

    /// When the node was awake last, UNIX seconds.
    pub(crate) fn last(&self, node: &NodeId) -> Option<u64> {
        self.lock().get(node).map(|wake| wake.last)
    }

    /// Seconds until its next wake-up, if it keeps its habits.
    pub(crate) fn next_in(&self, node: &NodeId, now: u64) -> Option<u64> {
        let wake = self.lock().get(node).copied()?;
        let interval = wake.interval?.max(1);
        let since = now.saturating_sub(wake.began).checked_rem(interval)?;
        Some(interval.saturating_sub(since))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn habits() {
        let (wakes, node) = (Wakes::default(), [1; 16]);
        wakes.awake(&node, 1000);
        wakes.awake(&node, 1003);
        assert_eq!((wakes.last(&node), wakes.next_in(&node, 1010)), (Some(1003), None));
        wakes.awake(&node, 1600);
        assert_eq!(wakes.next_in(&node, 1610), Some(590));
        // It missed one: the next but one is expected.
        assert_eq!(wakes.next_in(&node, 2300), Some(500));
        assert_eq!(wakes.last(&[2; 16]), None);
    }
}
