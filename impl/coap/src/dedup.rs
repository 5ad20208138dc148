//! Deduplication by message id (RFC 7252 section 4.5): a request that comes again gets the answer that it got, and is not carried out again.
//!
//! A ring of the last requests with their answers, and an index of sets: a request has a place in one set, chosen by a keyed hash, and pushes
//! out the oldest of that set when it is full. So a request costs one look, and memory has a bound, whoever sends whatever: an answer has at
//! most one block and its options. The index is small enough for a processor's cache; the ring is written from its start to its end.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// How long a message id stands for the same message: EXCHANGE_LIFETIME (RFC 7252 section 4.8.2).
const LIFETIME: Duration = Duration::from_secs(247);
/// Sets, a power of two, and requests of one set.
const SETS: usize = 8192;
const WAYS: usize = 4;
/// Requests in the ring.
const LENGTH: usize = SETS * WAYS;

type Key = (SocketAddr, u16);

/// What is known of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing: it is to be carried out. It has this number.
    New(u64),
    /// It is being carried out.
    UnderWay,
    /// It was answered like this.
    Answered(Vec<u8>),
}

struct Entry {
    number: u64,
    key: Key,
    began: Instant,
    /// Empty as long as it is being carried out.
    answer: Vec<u8>,
}

/// Which request, counted from 1, and a part of its hash, so that one need not look at the others of its set. 0: none.
#[derive(Clone, Copy, Default)]
struct Slot {
    number: u64,
    tag: u64,
}

/// The last requests and their answers. Those of addresses that may be forged are kept apart: they push out nothing of the others.
pub(crate) struct Dedup {
    /// Hashed first, so that nobody can choose requests that push out another one's.
    secret: [u8; 16],
    shown: Ring,
    strangers: Ring,
}

/// Marks the number of a stranger's request.
const STRANGER: u64 = 1 << 63;

struct Ring {
    sets: Vec<[Slot; WAYS]>,
    /// Request n stands at n modulo [`LENGTH`].
    ring: Vec<Entry>,
    /// How many there have been.
    count: u64,
}

impl Dedup {
    /// An empty one. The secret is random.
    pub(crate) fn new(secret: [u8; 16]) -> Dedup {
        Dedup { secret, shown: Ring::new(), strangers: Ring::new() }
    }

    fn tag(&self, key: &Key) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.secret);
        key.hash(&mut hasher);
        hasher.finish()
    }

    /// A request has come, of a stranger or of somebody who has shown that he receives, perhaps since it came first.
    pub(crate) fn begin(&mut self, peer: SocketAddr, id: u16, is_stranger: bool, now: Instant) -> Seen {
        let key = (peer, id);
        let tag = self.tag(&key);
        if let Some(seen) = self.strangers.seen(tag, &key, now) {
            return seen;
        }
        if is_stranger {
            return Seen::New(self.strangers.begin(tag, key, now) | STRANGER);
        }
        match self.shown.seen(tag, &key, now) {
            Some(seen) => seen,
            None => Seen::New(self.shown.begin(tag, key, now)),
        }
    }

    /// The request of this number has been answered.
    pub(crate) fn end(&mut self, number: u64, answer: &[u8]) {
        if number & STRANGER == 0 {
            self.shown.end(number, answer);
        } else {
            self.strangers.end(number & !STRANGER, answer);
        }
    }
}

impl Ring {
    fn new() -> Ring {
        Ring { sets: vec![Default::default(); SETS], ring: Vec::new(), count: 0 }
    }

    fn seen(&mut self, tag: u64, key: &Key, now: Instant) -> Option<Seen> {
        let known = self.find(tag, key).filter(|known| now.saturating_duration_since(known.began) < LIFETIME)?;
        Some(if known.answer.is_empty() { Seen::UnderWay } else { Seen::Answered(known.answer.clone()) })
    }

    /// A new one. Returns its number.
    fn begin(&mut self, tag: u64, key: Key, now: Instant) -> u64 {
        self.count = self.count.saturating_add(1);
        let number = self.count;
        match self.ring.get_mut(place(number)) {
            Some(oldest) => {
                // Its buffer is used again.
                (oldest.number, oldest.key, oldest.began) = (number, key, now);
                oldest.answer.clear();
            }
            None => self.ring.push(Entry { number, key, began: now, answer: Vec::new() }),
        }
        if let Some(oldest) = self.set(tag).iter_mut().min_by_key(|slot| slot.number) {
            *oldest = Slot { number, tag };
        }
        number
    }

    fn end(&mut self, number: u64, answer: &[u8]) {
        // A later one may stand in its place.
        if let Some(known) = self.ring.get_mut(place(number)).filter(|entry| entry.number == number) {
            known.answer.clear();
            known.answer.extend_from_slice(answer);
        }
    }

    fn set(&mut self, tag: u64) -> &mut [Slot] {
        let number = usize::try_from(tag).unwrap_or_default() & (SETS - 1);
        self.sets.get_mut(number).map(<[Slot; WAYS]>::as_mut_slice).unwrap_or_default()
    }

    /// The last request of this key.
    fn find(&mut self, tag: u64, key: &Key) -> Option<&mut Entry> {
        let number = self.set(tag).iter().filter(|slot| slot.tag == tag).map(|slot| slot.number).max()?;
        self.ring.get_mut(place(number)).filter(|entry| entry.number == number && entry.key == *key)
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number.wrapping_sub(1)).unwrap_or_default() % LENGTH
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_id_is_the_same_message_for_a_while() {
        let (mut dedup, start) = (Dedup::new([7; 16]), Instant::now());
        let peers: [SocketAddr; 2] = ["192.0.2.1:5683".parse().unwrap(), "192.0.2.1:5684".parse().unwrap()];
        let answer = b"answer".to_vec();
        assert_eq!(dedup.begin(peers[0], 7, false, start), Seen::New(1));
        assert_eq!(dedup.begin(peers[0], 7, false, start), Seen::UnderWay);
        dedup.end(1, &answer);
        assert_eq!(dedup.begin(peers[0], 7, false, start + LIFETIME / 2), Seen::Answered(answer));
        assert_eq!(dedup.begin(peers[1], 7, false, start), Seen::New(2));
        assert_eq!(dedup.begin(peers[0], 8, false, start), Seen::New(3));
        assert_eq!(dedup.begin(peers[0], 7, false, start + LIFETIME), Seen::New(4));
    }

    fn flood(dedup: &mut Dedup, requests: u32) {
        let start = Instant::now();
        for n in 0..requests {
            let peer = SocketAddr::from((std::net::Ipv4Addr::from_bits(n), 5683));
            let now = start + Duration::from_millis(n.into());
            let number = u64::from(n) + 1;
            assert_eq!(dedup.begin(peer, 7, false, now), Seen::New(number));
            dedup.end(number, b"answer");
        }
    }

    #[test]
    fn an_answer_that_comes_too_late_is_not_another_ones() {
        let (mut dedup, start) = (Dedup::new([7; 16]), Instant::now());
        let peer: SocketAddr = "192.0.2.1:5683".parse().unwrap();
        assert_eq!(dedup.begin(peer, 7, false, start), Seen::New(1));
        for n in 0..LENGTH {
            dedup.begin(peer, u16::try_from(n + 8).unwrap(), false, start);
        }
        dedup.end(1, b"late");
        assert_eq!(dedup.begin(peer, u16::try_from(LENGTH + 7).unwrap(), false, start), Seen::UnderWay);
    }

    #[test]
    fn it_is_bounded() {
        let mut dedup = Dedup::new([7; 16]);
        flood(&mut dedup, 200_000);
        assert!(dedup.shown.sets.len() == SETS && dedup.shown.ring.len() == LENGTH);
    }

    #[test]
    fn a_message_is_remembered_while_there_is_room() {
        let mut dedup = Dedup::new([7; 16]);
        let requests = u32::try_from(SETS * WAYS / 4).unwrap();
        flood(&mut dedup, requests);
        let remembered = (0..requests).filter(|n| {
            let key = (SocketAddr::from((std::net::Ipv4Addr::from_bits(*n), 5683)), 7);
            {
                let tag = dedup.tag(&key);
                dedup.shown.find(tag, &key)
            }
            .is_some()
        });
        // A set has one on average; hardly one has more than four.
        assert!(remembered.count() > SETS * WAYS / 4 * 99 / 100);
    }

    /// Whoever sends in others' names pushes out nothing of those who have shown that they receive; and who has shown it meanwhile is
    /// recognised.
    #[test]
    fn strangers_are_kept_apart() {
        let (mut dedup, start) = (Dedup::new([7; 16]), Instant::now());
        let peer: SocketAddr = "192.0.2.1:5683".parse().unwrap();
        assert_eq!(dedup.begin(peer, 1, false, start), Seen::New(1));
        dedup.end(1, b"shown");
        let Seen::New(stranger) = dedup.begin(peer, 2, true, start) else { panic!("it is new") };
        assert_eq!(dedup.begin(peer, 2, false, start), Seen::UnderWay);
        dedup.end(stranger, b"stranger");
        assert_eq!(dedup.begin(peer, 2, false, start), Seen::Answered(b"stranger".to_vec()));
        for n in 0..u32::try_from(2 * LENGTH).unwrap() {
            let forged = SocketAddr::from((std::net::Ipv4Addr::from_bits(n), 5683));
            dedup.begin(forged, 7, true, start);
        }
        assert_eq!(dedup.begin(peer, 1, false, start), Seen::Answered(b"shown".to_vec()));
        assert!(matches!(dedup.begin(peer, 2, true, start), Seen::New(_)), "the oldest stranger has gone");
    }
}
