//! Whole runs of specification and implementation side by side: the same inputs, and the same bytes, keys, states and
//! named errors after every step. Several nodes and clients share a gateway that delivers what it likes, to whom and as often as it
//! likes, and tampers with a part of it.

mod client;
mod network;
mod node;
mod tampering;

pub use tampering::{Kind, Tampering};

use dke::Scalar;
use dke_spec::bytes::Bytes;
use dke_spec::error::Reject;
use network::Network;
use quickcheck::{Arbitrary, Gen};
use std::collections::BTreeMap;
use std::fmt;

/// One run: everything follows from the seed; fewer steps are a smaller case.
#[derive(Clone, Copy)]
pub struct Case {
    /// Reproduces the run.
    pub seed: u64,
    /// Number of actions after the first publications.
    pub steps: u8,
}

/// How to reproduce it: what quickcheck prints of a case that fails.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cargo differential --seed {} --steps {}", self.seed, self.steps)
    }
}

impl Arbitrary for Case {
    fn arbitrary(g: &mut Gen) -> Self {
        Case { seed: u64::arbitrary(g), steps: 8 + u8::arbitrary(g) % 9 }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let seed = self.seed;
        Box::new((0..self.steps).map(move |steps| Case { seed, steps }))
    }
}

/// How deep the runs went.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Actions, the first publications included.
    pub actions: u64,
    /// Actions that found nothing to do.
    pub idle: u64,
    /// Initiates that were accepted.
    pub accepted: u64,
    /// Exchanges that were completed by both ends.
    pub completed: u64,
    /// Messages that were rejected, by name.
    pub rejected: BTreeMap<String, u64>,
    /// Messages that were tampered with, by the way in which they were.
    pub tampered: BTreeMap<Tampering, u64>,
    /// Batches by depth.
    pub depths: BTreeMap<u64, u64>,
}

impl Tally {
    /// Adds another run's.
    pub fn add(&mut self, other: &Tally) {
        self.actions += other.actions;
        self.idle += other.idle;
        self.accepted += other.accepted;
        self.completed += other.completed;
        for (name, count) in &other.rejected {
            *self.rejected.entry(name.clone()).or_default() += count;
        }
        for (way, count) in &other.tampered {
            *self.tampered.entry(*way).or_default() += count;
        }
        for (depth, count) in &other.depths {
            *self.depths.entry(*depth).or_default() += count;
        }
    }

    /// Messages that were rejected.
    pub fn rejections(&self) -> u64 {
        self.rejected.values().sum()
    }
}

/// Runs a case; panics where the two differ.
pub fn run(case: Case) -> Tally {
    let mut network = Network::new(case.seed);
    network.publish_all();
    for _ in 0..case.steps {
        network.step();
        network.compare();
    }
    network.tally
}

/// One exchange over the last prekey of a batch of this depth; panics where the two differ.
pub fn run_at_depth(depth: u64) -> Tally {
    let mut network = Network::new(depth);
    network.exchange_at(depth);
    network.compare();
    network.tally
}

/// Every way to tamper with every message; panics where the two differ.
pub fn run_all_tamperings() -> Tally {
    let mut network = Network::new(0);
    network.publish_all();
    network.publish_all();
    network.tamper_with_everything();
    network.compare();
    network.tally
}

fn scalar(key: &Bytes) -> Scalar {
    Scalar::from_bytes(key.native_slice().try_into().expect("32 bytes")).expect("a scalar")
}

fn named<T>(result: Result<T, Reject>) -> Result<T, String> {
    result.map_err(|reject| format!("{reject:?}"))
}

/// Both sides accept and give the same, or both reject by the same name.
fn same<T: PartialEq + fmt::Debug>(
    step: &str,
    spec: Result<T, String>,
    implementation: Result<T, String>,
) -> Result<T, String> {
    assert_eq!(spec, implementation, "{step}: left is the specification, right the implementation");
    implementation
}
