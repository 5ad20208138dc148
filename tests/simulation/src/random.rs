//! Randomness that a seed determines.

use dke::RustCrypto;
use dke::crypto::Crypto as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::time::Duration;

/// A seed. Each purpose has a stream of its own: how much one part draws changes nothing for the others.
#[derive(Clone, Copy, Debug)]
pub struct Seed([u8; 32]);

impl Seed {
    /// The seed of this number.
    pub fn new(number: u64) -> Seed {
        Seed(RustCrypto::sha256(&number.to_be_bytes()))
    }

    /// The seed of a part.
    pub fn of(self, part: &str) -> Seed {
        Seed(RustCrypto::sha256(&[&self.0, part.as_bytes()].concat()))
    }

    /// Random bytes for a part.
    pub fn stream(self, part: &str) -> StdRng {
        StdRng::from_seed(self.of(part).0)
    }

    /// A number for a part.
    pub fn number(self, part: &str) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.of(part).0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

/// A time between two others.
pub fn between(random: &mut StdRng, from: Duration, to: Duration) -> Duration {
    Duration::from_secs_f64(random.gen_range(from.as_secs_f64()..=to.as_secs_f64()))
}

/// One of these.
pub fn one_of<T: Copy>(random: &mut StdRng, choices: &[T]) -> T {
    choices[random.gen_range(0..choices.len())]
}
