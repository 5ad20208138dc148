//! How often a gateway is asked: as often as it says.

use super::Failure;
use std::time::Duration;
use tokio::time::sleep;

/// Seconds that one request waits in all before it is given up: an honest gateway's rate limit asks for one or two, and a lying one must not keep a node awake.
const PATIENCE: u64 = 60;

/// The pauses of one request.
pub(super) struct Pace {
    /// Seconds.
    left: u64,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { left: PATIENCE }
    }
}

impl Pace {
    /// Returns when the request may be made again: after the pause that a 4.29 asks for (RFC 8516 section 3; over HTTP, RFC 6585 section 4). Every other
    /// failure, and a pause that is longer than what is left of a minute, is given back.
    pub(super) async fn keep(&mut self, failure: Failure) -> Result<(), Failure> {
        let Failure::TooMany(seconds) = failure else { return Err(failure) };
        self.left = self.left.checked_sub(seconds).ok_or(failure)?;
        sleep(Duration::from_secs(seconds)).await;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn short_pauses_are_kept_and_long_ones_given_back() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        for seconds in [1, 2, 57] {
            pace.keep(Failure::TooMany(seconds)).await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::from_secs(60));
        assert!(matches!(pace.keep(Failure::TooMany(1)).await, Err(Failure::TooMany(1))));
        assert!(matches!(Pace::default().keep(Failure::TooMany(61)).await, Err(Failure::TooMany(61))));
        assert!(matches!(Pace::default().keep(Failure::Later(1)).await, Err(Failure::Later(1))));
        assert_eq!(start.elapsed(), Duration::from_secs(60));
    }
}
