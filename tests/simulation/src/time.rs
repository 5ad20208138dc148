//! Simulated time. Durations are tokio's paused clock; dates are what a host's wall clock says.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// When each simulation begins, UNIX seconds.
pub const START: u64 = 1_800_000_000;
/// An hour.
pub const HOUR: Duration = Duration::from_secs(3600);
/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// The wall clock of a host, which may be wrong.
#[derive(Clone)]
pub struct WallClock {
    begin: Instant,
    wrong_by: Arc<AtomicI64>,
}

impl WallClock {
    /// A clock that is right.
    pub fn new(begin: Instant) -> WallClock {
        WallClock { begin, wrong_by: Arc::default() }
    }

    /// UNIX seconds, as this host believes.
    pub fn now(&self) -> u64 {
        (START + self.begin.elapsed().as_secs()).saturating_add_signed(self.wrong_by.load(Ordering::Relaxed))
    }

    /// Is it right?
    pub fn is_right(&self) -> bool {
        self.wrong_by.load(Ordering::Relaxed) == 0
    }

    /// From now on it is wrong by so many seconds; 0: it is right.
    pub fn set_wrong_by(&self, seconds: i64) {
        self.wrong_by.store(seconds, Ordering::Relaxed);
    }
}

/// Days, hours, minutes, seconds and milliseconds, for people.
pub fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    format!("{days:4}d {hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, time.subsec_millis())
}
