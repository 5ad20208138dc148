//! Bodies in blocks, the server's side (RFC 7959): requests that are being put together, and answers that are being fetched.

use crate::block::{self, Block, EXPONENT_MAX};
use crate::message::Code;
use crate::service::Response;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// For how long half a transfer is kept.
const LIFETIME: Duration = Duration::from_secs(60);
/// Transfers of one kind that are kept.
const TRANSFERS_MAX: usize = 2048;

/// What a transfer belongs to: who, and the request without its blocks and its token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) peer: SocketAddr,
    pub(crate) code: u8,
    /// Host, OSCORE option, path, query and Request-Tag (RFC 9175) as they were sent.
    pub(crate) resource: Vec<u8>,
}

/// A table with a limit. The oldest entries go first.
struct Table<T> {
    entries: HashMap<Key, (u64, T)>,
    order: VecDeque<(Instant, u64, Key)>,
    next: u64,
}

impl<T> Table<T> {
    fn new() -> Table<T> {
        Table { entries: HashMap::new(), order: VecDeque::new(), next: 0 }
    }

    fn get(&mut self, key: &Key) -> Option<&mut T> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    fn insert(&mut self, key: Key, value: T, now: Instant) {
        self.next = self.next.wrapping_add(1);
        self.order.push_back((now, self.next, key.clone()));
        self.entries.insert(key, (self.next, value));
        while let Some((began, number, key)) = self.order.front() {
            let full = self.order.len() > TRANSFERS_MAX;
            if !full && now.saturating_duration_since(*began) < LIFETIME {
                break;
            }
            if self.entries.get(key).is_some_and(|(latest, _)| latest == number) {
                self.entries.remove(key);
            }
            self.order.pop_front();
        }
    }

    fn remove(&mut self, key: &Key) -> Option<T> {
        self.entries.remove(key).map(|(_, value)| value)
    }
}

/// All transfers of a server.
pub(crate) struct Transfers {
    uploads: Table<Vec<u8>>,
    downloads: Table<Arc<Response>>,
}

/// What became of a block of a request's body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    /// 2.31: the next one, please.
    Continue,
    /// The body is complete.
    Complete(Vec<u8>),
    /// 4.00, 4.08 or 4.13.
    Refused(Code),
}

impl Transfers {
    pub(crate) fn new() -> Transfers {
        Transfers { uploads: Table::new(), downloads: Table::new() }
    }

    /// One block of a request's body. A missing one is 4.08 (section 2.9.2), and never a hole.
    pub(crate) fn upload(&mut self, key: &Key, block: Block, part: &[u8], body_max: usize, now: Instant) -> Upload {
        if (block.more && part.len() != block.size()) || part.len() > block.size() {
            return Upload::Refused(Code::BAD_REQUEST);
        }
        let mut body = if block.number == 0 { Some(Vec::new()) } else { self.uploads.remove(key) };
        let Some(body) = body.as_mut().filter(|body| Some(body.len()) == block.offset()) else {
            return Upload::Refused(Code::INCOMPLETE);
        };
        if body.len().saturating_add(part.len()) > body_max {
            return Upload::Refused(Code::TOO_LARGE);
        }
        let mut body = std::mem::take(body);
        body.extend_from_slice(part);
        if !block.more {
            return Upload::Complete(body);
        }
        self.uploads.insert(key.clone(), body, now);
        Upload::Continue
    }

    /// Keeps an answer whose body does not fit one block.
    pub(crate) fn keep(&mut self, key: Key, response: Arc<Response>, now: Instant) {
        self.downloads.insert(key, response, now);
    }

    /// The answer of which a further block is wanted. It stays until its time is over: the last block may be lost.
    pub(crate) fn kept(&mut self, key: &Key) -> Option<Arc<Response>> {
        self.downloads.get(key).cloned()
    }
}

/// The part of an answer's body that goes into one message. `None` if the block lies beyond the end.
pub(crate) fn part(body: &[u8], wanted: Option<Block>) -> Option<(Option<Block>, &[u8])> {
    let (number, exponent) = wanted.map_or((0, EXPONENT_MAX), |block| (block.number, block.exponent));
    let (block, part) = block::slice(body, number, exponent)?;
    let whole = number == 0 && !block.more && wanted.is_none();
    Some((if whole { None } else { Some(block) }, part))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    fn key(port: u16) -> Key {
        Key { peer: SocketAddr::from(([192, 0, 2, 1], port)), code: 2, resource: b"a".to_vec() }
    }

    fn block(number: u32, more: bool) -> Block {
        Block { number, more, exponent: 0 }
    }

    #[test]
    fn a_body_comes_together() {
        let (mut transfers, now) = (Transfers::new(), Instant::now());
        assert_eq!(transfers.upload(&key(1), block(0, true), &[1; 16], 100, now), Upload::Continue);
        assert_eq!(transfers.upload(&key(1), block(1, true), &[2; 16], 100, now), Upload::Continue);
        let complete = Upload::Complete([vec![1; 16], vec![2; 16], vec![3; 5]].concat());
        assert_eq!(transfers.upload(&key(1), block(2, false), &[3; 5], 100, now), complete);
        assert_eq!(transfers.upload(&key(1), block(0, false), &[], 100, now), Upload::Complete(Vec::new()));
    }

    #[test]
    fn a_missing_block_is_no_hole() {
        let (mut transfers, now) = (Transfers::new(), Instant::now());
        let incomplete = Upload::Refused(Code::INCOMPLETE);
        assert_eq!(transfers.upload(&key(1), block(1, false), &[1; 5], 100, now), incomplete);
        transfers.upload(&key(1), block(0, true), &[1; 16], 100, now);
        assert_eq!(transfers.upload(&key(1), block(2, false), &[1; 5], 100, now), incomplete);
        // Another peer's blocks are no help.
        transfers.upload(&key(1), block(0, true), &[1; 16], 100, now);
        assert_eq!(transfers.upload(&key(2), block(1, false), &[1; 5], 100, now), incomplete);
    }

    #[test]
    fn sizes_are_checked() {
        let (mut transfers, now) = (Transfers::new(), Instant::now());
        let bad = Upload::Refused(Code::BAD_REQUEST);
        assert_eq!(transfers.upload(&key(1), block(0, true), &[1; 15], 100, now), bad);
        assert_eq!(transfers.upload(&key(1), block(0, false), &[1; 17], 100, now), bad);
        assert_eq!(transfers.upload(&key(1), block(0, true), &[1; 16], 20, now), Upload::Continue);
        assert_eq!(transfers.upload(&key(1), block(1, true), &[1; 16], 20, now), Upload::Refused(Code::TOO_LARGE));
    }

    #[test]
    fn half_transfers_are_forgotten() {
        let (mut transfers, now) = (Transfers::new(), Instant::now());
        for port in 0..u16::try_from(TRANSFERS_MAX).unwrap() + 10 {
            transfers.upload(&key(port), block(0, true), &[1; 16], 100, now);
        }
        assert_eq!(transfers.uploads.entries.len(), TRANSFERS_MAX);
        transfers.upload(&key(1), block(0, true), &[1; 16], 100, now + LIFETIME);
        assert_eq!(transfers.uploads.entries.len(), 1);
    }

    #[test]
    fn parts_of_an_answer() {
        let body = vec![1; 1500];
        assert_eq!(part(&body[..1024], None).unwrap(), (None, &body[..1024]));
        let (first, bytes) = part(&body, None).unwrap();
        assert_eq!((first.unwrap().more, bytes.len()), (true, 1024));
        let small = Block { number: 0, more: false, exponent: 2 };
        assert_eq!(part(&body[..10], Some(small)).unwrap(), (Some(small), &body[..10]));
        assert_eq!(part(&body, Some(Block { number: 2, more: false, exponent: 6 })), None);
    }
}
