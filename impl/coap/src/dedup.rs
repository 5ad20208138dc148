//! Deduplication by message id (RFC 7252 section 4.5): a request that comes again gets the answer that it got, and is not carried out again.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a message id stands for the same message: EXCHANGE_LIFETIME (RFC 7252 section 4.8.2).
const LIFETIME: Duration = Duration::from_secs(247);
/// Requests that are remembered.
const ENTRIES_MAX: usize = 65_536;
/// Bytes of all answers that are remembered.
const BYTES_MAX: usize = 32 * 1024 * 1024;

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

/// The last requests and their answers. Beyond the limits the oldest are forgotten.
#[derive(Default)]
pub(crate) struct Dedup {
    entries: HashMap<Key, Option<Vec<u8>>>,
    order: VecDeque<(Instant, Key)>,
    bytes: usize,
}

impl Dedup {
    /// A request has come.
    pub(crate) fn begin(&mut self, peer: SocketAddr, id: u16, now: Instant) -> Seen {
        self.forget(now);
        match self.entries.entry((peer, id)) {
            Entry::Occupied(known) => match known.get() {
                Some(answer) => Seen::Answered(answer.clone()),
                None => Seen::UnderWay,
            },
            Entry::Vacant(new) => {
                new.insert(None);
                self.order.push_back((now, (peer, id)));
                Seen::New
            }
        }
    }

    /// It has been answered.
    pub(crate) fn end(&mut self, peer: SocketAddr, id: u16, answer: Vec<u8>) {
        if let Some(known) = self.entries.get_mut(&(peer, id)) {
            self.bytes = self.bytes.saturating_add(answer.len());
            *known = Some(answer);
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((began, key)) = self.order.front().copied() {
            let full = self.order.len() >= ENTRIES_MAX || self.bytes >= BYTES_MAX;
            if !full && now.saturating_duration_since(began) < LIFETIME {
                break;
            }
            self.order.pop_front();
            if let Some(Some(answer)) = self.entries.remove(&key) {
                self.bytes = self.bytes.saturating_sub(answer.len());
            }
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
        dedup.end(peers[0], 7, answer.clone());
        assert_eq!(dedup.begin(peers[0], 7, start + LIFETIME / 2), Seen::Answered(answer));
        assert_eq!(dedup.begin(peers[1], 7, start), Seen::New);
        assert_eq!(dedup.begin(peers[0], 8, start), Seen::New);
        assert_eq!(dedup.begin(peers[0], 7, start + LIFETIME), Seen::New);
    }

    #[test]
    fn it_is_bounded() {
        let (mut dedup, now) = (Dedup::default(), Instant::now());
        let answer = vec![0; 1000];
        for n in 0..200_000_u32 {
            let peer = SocketAddr::from((std::net::Ipv4Addr::from_bits(n), 5683));
            assert_eq!(dedup.begin(peer, 7, now), Seen::New);
            dedup.end(peer, 7, answer.clone());
        }
        // The newest answer may go beyond.
        assert!(dedup.entries.len() <= ENTRIES_MAX && dedup.bytes < BYTES_MAX + answer.len());
        assert_eq!(dedup.entries.len(), dedup.order.len());
    }
}
