//! Time (PROTOCOL.md section 18.5): durations by the monotonic clock, dates by the wall clock.
//!
//! The two have different types, so that neither is taken for the other: a duration since the gateway's store was made is a
//! [`Duration`], a date is a number of UNIX seconds.

use std::time::Duration;
use tokio::time::Instant;

/// One moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// For how long gateways have run over this store: it never steps, and stands still while none runs.
    pub(crate) up: Duration,
    /// UNIX seconds, by a clock that may be wrong and may step.
    pub(crate) date: u64,
}

/// Seconds until then, rounded up.
pub(crate) fn until(then: Duration, now: Duration) -> u64 {
    let left = then.saturating_sub(now);
    left.as_secs().saturating_add((left.subsec_nanos() > 0).into())
}

/// Counts for how long gateways have run over a store.
pub(crate) struct Uptime {
    before: Duration,
    since: Instant,
}

impl Uptime {
    /// `before`: seconds that the store has seen before this start.
    pub(crate) fn new(before: u64) -> Uptime {
        Uptime { before: Duration::from_secs(before), since: Instant::now() }
    }

    pub(crate) fn get(&self) -> Duration {
        self.before.saturating_add(self.since.elapsed())
    }
}
