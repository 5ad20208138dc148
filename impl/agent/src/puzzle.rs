//! A gateway's puzzle (PROTOCOL.md section 14): `[difficulty, I]`, answered with `[I, J]`.

use dke::RustCrypto;
use dke::crypto::Crypto as _;
use minicbor::{Decoder, Encoder};
use rand_core::CryptoRngCore;
use tokio::task::yield_now;

/// Zeros up to which a puzzle is solved: some seconds of work.
const DIFFICULTY_MAX: u8 = 24;
const I: usize = 16;
/// Hashes after which other tasks have their turn: less than a millisecond.
const TURN: u32 = 1024;

/// The solution; `None` if this is no puzzle, or it is too hard. Ends with the future: who does not wait does not compute.
pub(crate) async fn solve(puzzle: &[u8], random: &mut impl CryptoRngCore) -> Option<Vec<u8>> {
    let (difficulty, i) = read(puzzle)?;
    let begins = |j: &[u8; 8]| {
        let hash = RustCrypto::sha256(&[i.as_slice(), j].concat());
        hash.first_chunk().is_some_and(|first| u32::from_be_bytes(*first).leading_zeros() >= difficulty.into())
    };
    // A random beginning: solutions count once, and a client may ask more than once.
    let mut next = random.next_u64();
    let j = loop {
        let found = (0..TURN).map(|n| next.wrapping_add(n.into()).to_be_bytes()).find(begins);
        if let Some(j) = found {
            break j;
        }
        next = next.wrapping_add(TURN.into());
        yield_now().await;
    };
    let mut solution = vec![0; 1 + 1 + I + 1 + 8];
    let mut encoder = Encoder::new(solution.as_mut_slice());
    encoder.array(2).ok()?.bytes(&i).ok()?.bytes(&j).ok()?;
    Some(solution)
}

fn read(puzzle: &[u8]) -> Option<(u8, [u8; I])> {
    let mut decoder = Decoder::new(puzzle);
    if decoder.array().ok()? != Some(2) {
        return None;
    }
    let difficulty = decoder.u8().ok().filter(|difficulty| *difficulty <= DIFFICULTY_MAX)?;
    Some((difficulty, decoder.bytes().ok()?.try_into().ok()?))
}
