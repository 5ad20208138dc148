//! What all peers have in common: an exchange between a client and a node that sleeps.

use rustix::time::{ClockId, clock_gettime};

/// Prekeys that a node publishes at once.
pub(crate) const BATCH: usize = 64;

/// The curve of a peer's Diffie-Hellman, which decides what its times can be compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    /// All peers with it compute on the crate p256 0.13.
    P256,
    Curve25519,
}

/// What does not depend on the run.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    pub(crate) cryptography: &'static str,
    pub(crate) curve: Curve,
    /// Does the client have a key before the node wakes up? Otherwise it awaits one wake-up first.
    pub(crate) early: bool,
}

/// A message over the constrained link, in bytes, seen from the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flight {
    In(usize),
    Out(usize),
}

impl Flight {
    pub(crate) fn bytes(self) -> usize {
        let (Flight::In(bytes) | Flight::Out(bytes)) = self;
        bytes
    }
}

/// One exchange: CPU of each side in µs, and the flights of each time that the node is awake.
pub(crate) struct Exchange {
    pub(crate) node: f64,
    pub(crate) client: f64,
    pub(crate) wakes: Vec<Vec<Flight>>,
}

/// One publication of [`BATCH`] prekeys: the node's CPU in µs, and its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Publication {
    pub(crate) node: f64,
    pub(crate) bytes: usize,
}

/// A protocol with both of its ends. Each exchange ends with the same key on both sides, or panics.
pub(crate) trait Peer {
    fn facts(&self) -> Facts;
    fn exchange(&mut self) -> Exchange;
    /// Only of those that have prekeys.
    fn publish(&mut self) -> Option<Publication> {
        None
    }
}

/// The result, and the CPU time of this thread in µs.
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
    };
    let start = now();
    let result = run();
    (result, now() - start)
}
