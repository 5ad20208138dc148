//! A random generator for a board that has none: SHA-256(seed ‖ counter). Where the seed is known, so is everything:
//! a product draws from its hardware's generator instead.

use core::num::NonZeroU32;
use dke::{Crypto, RustCrypto};
use rand_core::{CryptoRng, Error, RngCore};

const UNSEEDED: NonZeroU32 = NonZeroU32::MIN.saturating_add(Error::CUSTOM_START);

/// Fails until it has a seed.
pub struct Random {
    seed: Option<[u8; 32]>,
    counter: u64,
}

impl Random {
    /// Without a seed.
    pub const fn unseeded() -> Self {
        Random { seed: None, counter: 0 }
    }

    /// From this seed.
    pub const fn new(seed: [u8; 32]) -> Self {
        Random { seed: Some(seed), counter: 0 }
    }
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_be_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        // For callers that cannot be told of an error; `dke` uses the other method.
        if self.try_fill_bytes(out).is_err() {
            out.fill(0);
        }
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        let Some(seed) = self.seed else {
            return Err(UNSEEDED.into());
        };
        for part in out.chunks_mut(32) {
            let mut block = [0; 40];
            let (first, last) = block.split_at_mut(32);
            first.copy_from_slice(&seed);
            last.copy_from_slice(&self.counter.to_be_bytes());
            self.counter += 1;
            part.iter_mut().zip(RustCrypto::sha256(&block)).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

impl CryptoRng for Random {}
