//! A gateway's puzzle (PROTOCOL.md section 14): `[difficulty, I]`, answered with `[I, J]`.

use dke::RustCrypto;
use dke::crypto::Crypto as _;
use minicbor::{Decoder, Encoder};

/// Zeros up to which a puzzle is solved: some seconds of work.
const DIFFICULTY_MAX: u8 = 24;
const I: usize = 16;

/// The solution; `None` if this is no puzzle, or it is too hard.
pub(crate) fn solve(puzzle: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(puzzle);
    if decoder.array().ok()? != Some(2) {
        return None;
    }
    let difficulty = decoder.u8().ok().filter(|difficulty| *difficulty <= DIFFICULTY_MAX)?;
    let i: [u8; I] = decoder.bytes().ok()?.try_into().ok()?;
    let begins = |j: &[u8; 8]| {
        let hash = RustCrypto::sha256(&[i.as_slice(), j].concat());
        hash.first_chunk().is_some_and(|first| u32::from_be_bytes(*first).leading_zeros() >= difficulty.into())
    };
    // A random beginning: solutions count once, and a client may ask more than once.
    let begin = rand_core::RngCore::next_u64(&mut rand_core::OsRng);
    let j = (0..=u64::MAX).map(|n| begin.wrapping_add(n).to_be_bytes()).find(begins)?;
    let mut solution = vec![0; 1 + 1 + I + 1 + 8];
    let mut encoder = Encoder::new(solution.as_mut_slice());
    encoder.array(2).ok()?.bytes(&i).ok()?.bytes(&j).ok()?;
    Some(solution)
}
