//! Power that fails in the middle of an operation, as flash sees it.

use crate::{Flash, PAGE, WORD};
use core::fmt;

/// What is left of power: the n-th operation from now on is torn, and none follows.
#[derive(Clone, Copy, Debug)]
struct Cut {
    operations: u32,
    seed: u64,
}

/// A flash that loses power when it is told to.
pub struct PowerCut<F> {
    flash: F,
    cut: Option<Cut>,
}

/// Power was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLost;

impl fmt::Display for PowerLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Power was lost.")
    }
}

impl core::error::Error for PowerLost {}

impl<F: RawFlash> PowerCut<F> {
    /// With power that lasts.
    pub const fn new(flash: F) -> Self {
        PowerCut { flash, cut: None }
    }

    /// The word or page that is written after `operations` others is the one at which power fails. `seed` says
    /// which of its bits have changed by then.
    pub const fn cut_after(&mut self, operations: u32, seed: u64) {
        self.cut = Some(Cut { operations, seed });
    }

    /// The memory when power is gone.
    pub fn into_inner(self) -> F {
        self.flash
    }

    /// Bits of the operation that is next which take place: all of them while there is power.
    fn next(&mut self) -> Result<Strength, PowerLost> {
        let Some(cut) = &mut self.cut else { return Ok(Strength::Full) };
        match cut.operations.checked_sub(1) {
            Some(left) => {
                cut.operations = left;
                Ok(Strength::Full)
            }
            None if cut.seed == 0 => Err(PowerLost),
            None => Ok(Strength::Torn(core::mem::take(&mut cut.seed))),
        }
    }
}

/// Memory in which an emulated flash lies.
pub trait RawFlash {
    /// All of it.
    fn bytes(&self) -> &[u8];
    /// All of it, to be changed.
    fn bytes_mut(&mut self) -> &mut [u8];
}

enum Strength {
    Full,
    Torn(u64),
}

impl Strength {
    /// Changes the bits of `bytes` towards `to`: all of them, or those that a random mask leaves.
    fn apply<'a>(self, bytes: impl Iterator<Item = (&'a mut u8, u8)>) -> Result<(), PowerLost> {
        match self {
            Strength::Full => {
                bytes.for_each(|(byte, to)| *byte = to);
                Ok(())
            }
            Strength::Torn(mut state) => {
                for (byte, to) in bytes {
                    let [mask, ..] = xorshift(&mut state).to_be_bytes();
                    *byte = *byte & !mask | to & mask;
                }
                Err(PowerLost)
            }
        }
    }
}

impl<F: RawFlash> Flash for PowerCut<F> {
    type Error = PowerLost;

    fn memory(&self) -> &[u8] {
        self.flash.bytes()
    }

    fn program(&mut self, at: usize, word: &[u8; WORD]) -> Result<(), PowerLost> {
        let strength = self.next()?;
        let bytes = self.flash.bytes_mut().iter_mut().skip(at).zip(word);
        strength.apply(bytes.map(|(byte, word)| {
            let to = *byte & word;
            (byte, to)
        }))
    }

    fn erase(&mut self, page: usize) -> Result<(), PowerLost> {
        let strength = self.next()?;
        let bytes = self.flash.bytes_mut().iter_mut().skip(page * PAGE).take(PAGE);
        strength.apply(bytes.map(|byte| (byte, u8::MAX)))
    }
}

/// Marsaglia's xorshift64 (13, 7, 17).
fn xorshift(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
