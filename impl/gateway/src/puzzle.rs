//! What comes before an Offer, against those who drain prekeys: a puzzle, which is work for the requester and none to speak of for the
//! gateway; or a challenge that only those can answer who have the node's admission key.
//!
//! The idea is HIP's (RFC 7401 section 4.1.2): find J so that a hash over the gateway's value and J begins with so many zeros. The gateway's
//! value I is a MAC over requester, node and time, so nothing is kept for a puzzle that was set; answers are kept while their
//! I lasts, so that each counts once. A challenge is the same I.

use crate::record::NodeId;
use dke::crypto::{Crypto as _, Prk};
use dke::params::{ADMISSION_CHALLENGE, ADMISSION_NONCE, ADMISSION_TAG};
use dke::{BatchKey, RustCrypto, Scalar};
use minicbor::{Decoder, Encoder};
use rand_core::CryptoRngCore;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Bytes of I, of J, and of an admitted client's tag.
const I: usize = ADMISSION_CHALLENGE;
const J: usize = ADMISSION_NONCE;
const TAG: usize = ADMISSION_TAG;
/// Seconds after which I changes; it is taken for as long again.
const PERIOD: u64 = 60;
/// Solutions that are remembered.
const USED_MAX: usize = 1 << 20;

/// Bytes of the longest answer, which is that to a challenge.
pub(crate) const ANSWER_MAX: usize = 1 + 1 + I + 1 + J + 1 + TAG;

/// Sets puzzles and checks solutions.
pub(crate) struct Puzzles {
    key: Prk,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    period: u64,
    now: HashSet<[u8; I + J]>,
    before: HashSet<[u8; I + J]>,
}

/// What became of a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    Solved,
    /// Not solved, not this requester's, too old, or used before.
    Wrong,
    /// Too many are remembered.
    Full,
}

impl Puzzles {
    /// With a key of its own: what an earlier process has set does not count.
    pub(crate) fn new(random: &mut impl CryptoRngCore) -> Result<Puzzles, dke::Misuse> {
        let drawn = Scalar::draw(random)?;
        Ok(Puzzles { key: Prk::from_bytes(RustCrypto::sha256(drawn.expose())), used: Mutex::default() })
    }

    fn value(&self, by: IpAddr, node: &NodeId, period: u64) -> [u8; I] {
        let by = match by {
            IpAddr::V4(by) => by.to_ipv6_mapped().octets(),
            IpAddr::V6(by) => by.octets(),
        };
        let text = [by.as_slice(), node, &period.to_be_bytes()].concat();
        // Expand (RFC 5869 section 2.3) is HMAC-SHA-256 over the text.
        let mut value = [0; I];
        RustCrypto::expand(&self.key, &[&text], &mut value);
        value
    }

    /// `[difficulty, I]` for this requester.
    pub(crate) fn set(&self, difficulty: u8, by: IpAddr, node: &NodeId, now: Duration) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out);
        let value = self.value(by, node, now.as_secs() / PERIOD);
        // Writing to a vector does not fail.
        let _ = encoder.array(2).and_then(|e| e.u8(difficulty)).and_then(|e| e.bytes(&value));
        out
    }

    /// Checks `[I, J]`.
    pub(crate) fn check(&self, difficulty: u8, by: IpAddr, node: &NodeId, solution: &[u8], now: Duration) -> Checked {
        match read(solution) {
            Some(Answer { i, j, tag: None }) if zeros(&i, &j) >= u32::from(difficulty) => {
                self.once(by, node, i, j, now)
            }
            _ => Checked::Wrong,
        }
    }

    /// The challenge `[I, epoch]` for who asks for an Offer of an admitted node.
    pub(crate) fn challenge(&self, epoch: u64, by: IpAddr, node: &NodeId, now: Duration) -> Vec<u8> {
        let mut out = Vec::new();
        let value = self.value(by, node, now.as_secs() / PERIOD);
        // Writing to a vector does not fail.
        let _ = Encoder::new(&mut out).array(2).and_then(|e| e.bytes(&value)).and_then(|e| e.u64(epoch));
        out
    }

    /// Checks `[I, J, tag]`.
    pub(crate) fn admit(&self, key: &BatchKey, by: IpAddr, node: &NodeId, answer: &[u8], now: Duration) -> Checked {
        match read(answer) {
            Some(Answer { i, j, tag: Some(tag) }) if key.verify(&i, &j, &tag) => self.once(by, node, i, j, now),
            _ => Checked::Wrong,
        }
    }

    /// Is this I for this requester, and was it not answered with this J before?
    fn once(&self, by: IpAddr, node: &NodeId, i: [u8; I], j: [u8; J], now: Duration) -> Checked {
        let period = now.as_secs() / PERIOD;
        if [period, period.saturating_sub(1)].iter().all(|period| self.value(by, node, *period) != i) {
            return Checked::Wrong;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.turn(period);
        let mut both = [0; I + J];
        for (to, from) in both.iter_mut().zip(i.iter().chain(&j)) {
            *to = *from;
        }
        if used.before.contains(&both) {
            return Checked::Wrong;
        }
        if used.now.len() >= USED_MAX {
            return Checked::Full;
        }
        if used.now.insert(both) { Checked::Solved } else { Checked::Wrong }
    }
}

impl Used {
    fn turn(&mut self, period: u64) {
        if period == self.period {
            return;
        }
        let old = std::mem::take(&mut self.now);
        self.before = if self.period.checked_add(1) == Some(period) { old } else { HashSet::new() };
        self.period = period;
    }
}

/// `[I, J]`, or `[I, J, tag]`.
struct Answer {
    i: [u8; I],
    j: [u8; J],
    tag: Option<[u8; TAG]>,
}

fn read(answer: &[u8]) -> Option<Answer> {
    let mut decoder = Decoder::new(answer);
    let items = decoder.array().ok()??;
    let i = decoder.bytes().ok()?.try_into().ok()?;
    let j = decoder.bytes().ok()?.try_into().ok()?;
    let tag = match items {
        2 => None,
        3 => Some(decoder.bytes().ok()?.try_into().ok()?),
        _ => return None,
    };
    (decoder.position() == answer.len()).then_some(Answer { i, j, tag })
}

/// Zeros at the beginning of SHA-256(I ‖ J).
fn zeros(i: &[u8; I], j: &[u8; J]) -> u32 {
    let hash = RustCrypto::sha256(&[i.as_slice(), j].concat());
    hash.first_chunk().map_or(0, |first| u64::from_be_bytes(*first).leading_zeros())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use rand::rngs::OsRng;

    const NODE: NodeId = [1; 16];

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn solve(puzzle: &[u8]) -> Vec<u8> {
        let mut decoder = Decoder::new(puzzle);
        decoder.array().unwrap();
        let difficulty = decoder.u8().unwrap();
        let i: [u8; I] = decoder.bytes().unwrap().try_into().unwrap();
        let j = (0_u64..).map(u64::to_be_bytes).find(|j| zeros(&i, j) >= difficulty.into()).unwrap();
        [&[0x82, 0x50], i.as_slice(), &[0x48], &j].concat()
    }

    /// A challenge, too, holds for one to two minutes, and says the epoch.
    #[test]
    fn a_challenge_lasts_for_a_period() {
        let puzzles = Puzzles::new(&mut OsRng).unwrap();
        let by: IpAddr = "192.0.2.1".parse().unwrap();
        let challenge = |epoch, seconds| puzzles.challenge(epoch, by, &NODE, at(seconds));
        assert_eq!(challenge(1, 0), challenge(1, PERIOD - 1));
        assert_ne!(challenge(1, 0), challenge(1, PERIOD));
        assert_ne!(challenge(1, 0), challenge(2, 0));
    }

    #[test]
    fn a_solution_counts_once_for_who_found_it() {
        let (puzzles, by) = (Puzzles::new(&mut OsRng).unwrap(), "192.0.2.1".parse().unwrap());
        let solution = solve(&puzzles.set(10, by, &NODE, at(1000)));
        assert_eq!(solution.len(), ANSWER_MAX - 1 - TAG);
        let other = "192.0.2.2".parse().unwrap();
        assert_eq!(puzzles.check(10, other, &NODE, &solution, at(1000)), Checked::Wrong);
        assert_eq!(puzzles.check(10, by, &[2; 16], &solution, at(1000)), Checked::Wrong);
        assert_eq!(puzzles.check(10, by, &NODE, &solution, at(1000 + 2 * PERIOD)), Checked::Wrong);
        assert_eq!(Puzzles::new(&mut OsRng).unwrap().check(10, by, &NODE, &solution, at(1000)), Checked::Wrong);
        assert_eq!(puzzles.check(10, by, &NODE, &solution, at(1000 + PERIOD)), Checked::Solved);
        assert_eq!(puzzles.check(10, by, &NODE, &solution, at(1000 + PERIOD)), Checked::Wrong);
        assert_eq!(puzzles.check(10, by, &NODE, &[], at(1000)), Checked::Wrong);
        // Hardly any other J would do.
        let mut bad = solve(&puzzles.set(10, by, &NODE, at(2000)));
        *bad.last_mut().unwrap() ^= 1;
        assert_eq!(puzzles.check(10, by, &NODE, &bad, at(2000)), Checked::Wrong);
    }

    #[test]
    fn what_was_used_before_the_turn_is_remembered() {
        let (puzzles, by) = (Puzzles::new(&mut OsRng).unwrap(), "2001:db8::1".parse().unwrap());
        let solution = solve(&puzzles.set(4, by, &NODE, at(1000)));
        assert_eq!(puzzles.check(4, by, &NODE, &solution, at(1000)), Checked::Solved);
        assert_eq!(puzzles.check(4, by, &NODE, &solution, at(1000 + PERIOD)), Checked::Wrong);
    }
}
