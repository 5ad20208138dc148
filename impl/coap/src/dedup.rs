//! Deduplication by message id (RFC 7252 section 4.5): a request that comes again gets the answer that it got, and is not carried out again.
//!
//! A cache of sets: a message has a place in one set, chosen by a keyed hash, and pushes out the oldest of that set when it is full. So a
//! request costs one look, and memory has a bound, whoever sends whatever: an answer has at most one block and its options.

use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a message id stands for the same message: EXCHANGE_LIFETIME (RFC 7252 section 4.8.2).
const LIFETIME: Duration = Duration::from_secs(247);
/// Sets, a power of two, and requests of one set.
const SETS: usize = 8192;
const WAYS: usize = 4;

type Key = (SocketAddr, u16);

/// What is known of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing: it is to be carried out.
    New,
    /// It is being carried out.
    UnderWay,
    /// It was answered like this.
    Answered(Vec<u8>),
}

struct Entry {
    key: Key,
    began: Instant,
    /// Empty as long as it is being carried out.
    answer: Vec<u8>,
}

/// The last requests and their answers.
pub(crate) struct Dedup {
    hash: RandomState,
    sets: Vec<Vec<Entry>>,
}

impl Default for Dedup {
    fn default() -> Self {
        let sets = std::iter::repeat_with(Vec::new).take(SETS).collect();
        Dedup { hash: RandomState::new(), sets }
    }
}

impl Dedup {
    fn set(&mut self, key: &Key) -> Option<&mut Vec<Entry>> {
        let number = usize::try_from(self.hash.hash_one(key)).unwrap_or_default();
        self.sets.get_mut(number & (SETS - 1))
    }

    /// A request has come.
    pub(crate) fn begin(&mut self, peer: SocketAddr, id: u16, now: Instant) -> Seen {
        let key = (peer, id);
        let Some(set) = self.set(&key) else { return Seen::New };
        let old = |entry: &Entry| now.saturating_duration_since(entry.began) >= LIFETIME;
        if let Some(known) = set.iter().find(|entry| entry.key == key && !old(entry)) {
            return if known.answer.is_empty() { Seen::UnderWay } else { Seen::Answered(known.answer.clone()) };
        }
        let full = set.len() >= WAYS;
        match set.iter_mut().min_by_key(|entry| entry.began) {
            Some(oldest) if full || old(oldest) => {
                // Its buffer is used again.
                (oldest.key, oldest.began) = (key, now);
                oldest.answer.clear();
            }
            _ => set.push(Entry { key, began: now, answer: Vec::new() }),
        }
        Seen::New
    }

    /// It has been answered.
    pub(crate) fn end(&mut self, peer: SocketAddr, id: u16, answer: &[u8]) {
        let key = (peer, id);
        if let Some(known) = self.set(&key).and_then(|set| set.iter_mut().find(|entry| entry.key == key)) {
            known.answer.clear();
            known.answer.extend_from_slice(answer);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_id_is_the_same_message_for_a_while() {
        let (mut dedup, start) = (Dedup::default(), Instant::now());
        let peers: [SocketAddr; 2] = ["192.0.2.1:5683".parse().unwrap(), "192.0.2.1:5684".parse().unwrap()];
        let answer = b"answer".to_vec();
        assert_eq!(dedup.begin(peers[0], 7, start), Seen::New);
        assert_eq!(dedup.begin(peers[0], 7, start), Seen::UnderWay);
        dedup.end(peers[0], 7, &answer);
        assert_eq!(dedup.begin(peers[0], 7, start + LIFETIME / 2), Seen::Answered(answer));
        assert_eq!(dedup.begin(peers[1], 7, start), Seen::New);
        assert_eq!(dedup.begin(peers[0], 8, start), Seen::New);
        assert_eq!(dedup.begin(peers[0], 7, start + LIFETIME), Seen::New);
    }

    fn flood(dedup: &mut Dedup, requests: u32) -> Instant {
        let start = Instant::now();
        for n in 0..requests {
            let peer = SocketAddr::from((std::net::Ipv4Addr::from_bits(n), 5683));
            let now = start + Duration::from_millis(n.into());
            assert_eq!(dedup.begin(peer, 7, now), Seen::New);
            dedup.end(peer, 7, b"answer");
        }
        start
    }

    #[test]
    fn it_is_bounded() {
        let mut dedup = Dedup::default();
        flood(&mut dedup, 200_000);
        assert!(dedup.sets.len() == SETS && dedup.sets.iter().all(|set| set.len() <= WAYS));
    }

    #[test]
    fn a_message_is_remembered_while_there_is_room() {
        let mut dedup = Dedup::default();
        let requests = u32::try_from(SETS * WAYS / 4).unwrap();
        let start = flood(&mut dedup, requests);
        let remembered = (0..requests).filter(|n| {
            let peer = SocketAddr::from((std::net::Ipv4Addr::from_bits(*n), 5683));
            dedup.begin(peer, 7, start) != Seen::New
        });
        // A set has one on average; hardly one has more than four.
        assert!(remembered.count() > SETS * WAYS / 4 * 99 / 100);
    }
}
