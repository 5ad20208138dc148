//! Randomness that was drawn before.

use rand_core::{CryptoRng, Error, RngCore};
use std::num::NonZeroU32;

/// Gives the bytes that it was made of, in their order; then it fails.
#[derive(Clone, Debug)]
pub struct Given {
    bytes: std::vec::IntoIter<u8>,
}

impl Given {
    /// These bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Given { bytes: bytes.into().into_iter() }
    }
}

impl RngCore for Given {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        self.try_fill_bytes(out).expect("the given bytes are used up");
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        for byte in out {
            *byte = self.bytes.next().ok_or(Error::from(NonZeroU32::MIN))?;
        }
        Ok(())
    }
}

impl CryptoRng for Given {}
