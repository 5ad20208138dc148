//! When nodes were awake, and so when to try again.

use crate::record::NodeId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Time without a request after which a node counts as having slept.
const SLEEP: Duration = Duration::from_secs(5);

/// Last wake-ups of the nodes, as far as this process has seen them.
#[derive(Default)]
pub(crate) struct Wakes {
    seen: Mutex<HashMap<NodeId, Wake>>,
}

#[derive(Clone, Copy)]
struct Wake {
    began: Duration,
    last: Duration,
    /// Between the last two wake-ups.
    interval: Option<Duration>,
}

impl Wakes {
    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Wake>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request that only the node itself can make came now.
    pub(crate) fn awake(&self, node: &NodeId, now: Duration) {
        let mut seen = self.lock();
        let wake = seen.entry(*node).or_insert(Wake { began: now, last: now, interval: None });
        if now.saturating_sub(wake.last) > SLEEP {
            wake.interval = Some(now.saturating_sub(wake.began));
            wake.began = now;
        }
        wake.last = now;
    }

    /// The node is registered no more.
    pub(crate) fn forget(&self, node: &NodeId) {
        self.lock().remove(node);
    }

    /// How long ago the node was awake.
    pub(crate) fn ago(&self, node: &NodeId, now: Duration) -> Option<Duration> {
        self.lock().get(node).map(|wake| now.saturating_sub(wake.last))
    }

    /// Seconds until its next wake-up, if it keeps its habits.
    pub(crate) fn next_in(&self, node: &NodeId, now: Duration) -> Option<u64> {
        let wake = self.lock().get(node).copied()?;
        let interval = wake.interval?.as_secs().max(1);
        let since = now.saturating_sub(wake.began).as_secs().checked_rem(interval)?;
        Some(interval.saturating_sub(since))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn habits() {
        let at = Duration::from_secs;
        let (wakes, node) = (Wakes::default(), [1; 16]);
        wakes.awake(&node, at(1000));
        wakes.awake(&node, at(1003));
        assert_eq!((wakes.ago(&node, at(1010)), wakes.next_in(&node, at(1010))), (Some(at(7)), None));
        wakes.awake(&node, at(1600));
        assert_eq!(wakes.next_in(&node, at(1610)), Some(590));
        // It missed one: the next but one is expected.
        assert_eq!(wakes.next_in(&node, at(2300)), Some(500));
        assert_eq!(wakes.ago(&[2; 16], at(2300)), None);
    }
}
