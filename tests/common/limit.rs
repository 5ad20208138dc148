//! A time limit for a test, and waiting for a condition. Included by the tests of several crates.
//!
//! Neither measures anything: both are far above what the slowest machine needs, and end a test that would hang because the code is wrong.

use std::io::Write as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// For one test.
const TEST: Duration = Duration::from_secs(900);
/// For one condition.
const CONDITION: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(20);

/// While this lives, the test that made it must end within a quarter of an hour; else the whole test binary fails.
pub struct Limit {
    _ended: Sender<()>,
}

impl Default for Limit {
    fn default() -> Limit {
        let (sender, ended) = channel::<()>();
        let test = thread::current().name().unwrap_or("a test").to_string();
        thread::spawn(move || {
            if ended.recv_timeout(TEST) == Err(RecvTimeoutError::Timeout) {
                // Past the harness, which would swallow it.
                let _ = writeln!(std::io::stderr(), "{test} has not ended after {} s", TEST.as_secs());
                std::process::exit(101);
            }
        });
        Limit { _ended: sender }
    }
}

/// Asks again and again until there is an answer.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < CONDITION, "{what}: not within {} s", CONDITION.as_secs());
        thread::sleep(POLL);
    }
}
