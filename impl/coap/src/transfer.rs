//! Bodies in blocks, the server's side (RFC 7959): requests that are being put together, and answers that are being fetched.

use crate::block::{self, Block, EXPONENT_MAX};
use crate::message::Code;
use crate::service::Response;
use crate::shares::{Share, Shares};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// For how long half a transfer is kept.
const LIFETIME: Duration = Duration::from_secs(60);
/// Transfers of one kind that are kept, and those of one address.
const TRANSFERS_MAX: usize = 2048;
const PER_ADDRESS_MAX: usize = 256;

/// What a transfer belongs to: who, and the request without its blocks and its token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) peer: SocketAddr,
    pub(crate) code: u8,
    /// Host, OSCORE option, path, query and Request-Tag (RFC 9175) as they were sent.
    pub(crate) resource: Vec<u8>,
}

/// Who sends a block.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) key: &'a Key,
    /// Has the address shown that it receives?
    pub(crate) shown: bool,
}

/// A table in which each address has its share; what is there stays until its time is over.
struct Table<T> {
    entries: HashMap<Key, (u64, T, Share)>,
    order: VecDeque<(Instant, u64, Key)>,
    next: u64,
    shares: Shares,
}

impl<T> Table<T> {
    fn new() -> Table<T> {
        let shares = Shares::new(TRANSFERS_MAX, PER_ADDRESS_MAX);
        Table { entries: HashMap::new(), order: VecDeque::new(), next: 0, shares }
    }

    fn get(&mut self, key: &Key) -> Option<&mut T> {
        self.entries.get_mut(key).map(|(_, value, _)| value)
    }

    /// `false` if there is no place for this address.
    fn insert(&mut self, key: Key, value: T, now: Instant) -> bool {
        self.expire(now);
        self.entries.remove(&key);
        let Some(share) = self.shares.take(key.peer.ip()) else { return false };
        self.next = self.next.wrapping_add(1);
        self.order.push_back((now, self.next, key.clone()));
        self.entries.insert(key, (self.next, value, share));
        true
    }

    fn expire(&mut self, now: Instant) {
        while let Some((began, number, key)) = self.order.front() {
            let replaced = self.entries.get(key).is_none_or(|(latest, ..)| latest != number);
            if !replaced && now.saturating_duration_since(*began) < LIFETIME {
                break;
            }
            if !replaced {
                self.entries.remove(key);
            }
            self.order.pop_front();
        }
    }

    fn remove(&mut self, key: &Key) -> Option<T> {
        self.entries.remove(key).map(|(_, value, _)| value)
    }
}

/// All transfers of a server.
pub(crate) struct Transfers {
    uploads: Table<Begun>,
    /// Those of addresses that have not shown that they receive, and may be forged.
    strangers: Table<Begun>,
    downloads: Table<Arc<Response>>,
}

/// A body of which the beginning has come.
#[derive(Default)]
struct Begun {
    format: Option<u32>,
    body: Vec<u8>,
}

/// What became of a block of a request's body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    /// 2.31: the next one, please.
    Continue,
    /// The body is complete.
    Complete(Vec<u8>),
    /// 4.00, 4.08, 4.13, or 5.03 if there is no place for it.
    Refused(Code),
}

impl Transfers {
    pub(crate) fn new() -> Transfers {
        Transfers { uploads: Table::new(), strangers: Table::new(), downloads: Table::new() }
    }

    /// One block of a request's body. A missing one is 4.08 (section 2.9.2), and never a hole; as is one that has another format than those
    /// before.
    pub(crate) fn upload(
        &mut self,
        Sender { key, shown }: Sender<'_>,
        block: Block,
        (format, part): (Option<u32>, &[u8]),
        body_max: usize,
        now: Instant,
    ) -> Upload {
        if (block.more && part.len() != block.size()) || part.len() > block.size() {
            return Upload::Refused(Code::BAD_REQUEST);
        }
        // A stranger may have shown meanwhile that it is none.
        let known = [&mut self.uploads, &mut self.strangers].into_iter().filter_map(|table| table.remove(key)).next();
        let begun = if block.number == 0 { Some(Begun { format, body: Vec::new() }) } else { known };
        let belongs = |begun: &Begun| begun.format == format && Some(begun.body.len()) == block.offset();
        let Some(mut begun) = begun.filter(belongs) else {
            return Upload::Refused(Code::INCOMPLETE);
        };
        if begun.body.len().saturating_add(part.len()) > body_max {
            return Upload::Refused(Code::TOO_LARGE);
        }
        begun.body.extend_from_slice(part);
        if !block.more {
            return Upload::Complete(begun.body);
        }
        let table = if shown { &mut self.uploads } else { &mut self.strangers };
        if table.insert(key.clone(), begun, now) { Upload::Continue } else { Upload::Refused(Code::UNAVAILABLE) }
    }

    /// Keeps an answer whose body does not fit one block, if there is a place for it.
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

    fn upload(transfers: &mut Transfers, port: u16, block: Block, part: &[u8], max: usize, now: Instant) -> Upload {
        transfers.upload(Sender { key: &key(port), shown: true }, block, (None, part), max, now)
    }

    #[test]
    fn a_body_comes_together() {
        let (mut transfers, now) = (Transfers::new(), Instant::now());
        assert_eq!(upload(&mut transfers, 1, block(0, true), &[1; 16], 100, now), Upload::Continue);
        assert_eq!(upload(&mut transfers, 1, block(1, true), &[2; 16], 100, now), Upload::Continue);
        let complete = Upload::Complete([vec![1; 16], vec![2; 16], vec![3; 5]].concat());
        assert_eq!(upload(&mut transfers, 1, block(2, false), &[3; 5], 100, now), complete);
        assert_eq!(upload(&mut transfers, 1, block(0, false), &[], 100, now), Upload::Complete(Vec::new()));
    }

    #[test]
    fn a_missing_block_is_no_hole() {
        let (mut transfers, now) = (Transfers::new(), Instant::now());
        let incomplete = Upload::Refused(Code::INCOMPLETE);
        assert_eq!(upload(&mut transfers, 1, block(1, false), &[1; 5], 100, now), incomplete);
        upload(&mut transfers, 1, block(0, true), &[1; 16], 100, now);
        assert_eq!(upload(&mut transfers, 1, block(2, false), &[1; 5], 100, now), incomplete);
        // Another peer's blocks are no help.
        upload(&mut transfers, 1, block(0, true), &[1; 16], 100, now);
        assert_eq!(upload(&mut transfers, 2, block(1, false), &[1; 5], 100, now), incomplete);
    }

    #[test]
    fn sizes_are_checked() {
        let (mut transfers, now) = (Transfers::new(), Instant::now());
        let bad = Upload::Refused(Code::BAD_REQUEST);
        assert_eq!(upload(&mut transfers, 1, block(0, true), &[1; 15], 100, now), bad);
        assert_eq!(upload(&mut transfers, 1, block(0, false), &[1; 17], 100, now), bad);
        assert_eq!(upload(&mut transfers, 1, block(0, true), &[1; 16], 20, now), Upload::Continue);
        assert_eq!(upload(&mut transfers, 1, block(1, true), &[1; 16], 20, now), Upload::Refused(Code::TOO_LARGE));
    }

    #[test]
    fn blocks_of_two_formats_are_no_body() {
        let (mut transfers, now, key) = (Transfers::new(), Instant::now(), key(1));
        let mut upload = |number, format| {
            let sender = Sender { key: &key, shown: true };
            transfers.upload(sender, block(number, number == 0), (format, &[1; 16]), 100, now)
        };
        assert_eq!(upload(0, Some(42)), Upload::Continue);
        assert_eq!(upload(1, Some(60)), Upload::Refused(Code::INCOMPLETE));
        assert_eq!(upload(0, Some(42)), Upload::Continue);
        assert_eq!(upload(1, Some(42)), Upload::Complete(vec![1; 32]));
    }

    #[test]
    fn half_transfers_are_bounded_for_each_address_and_forgotten_in_time() {
        let (mut transfers, now) = (Transfers::new(), Instant::now());
        let full = Upload::Refused(Code::UNAVAILABLE);
        for port in 0..u16::try_from(PER_ADDRESS_MAX).unwrap() {
            assert_eq!(upload(&mut transfers, port, block(0, true), &[1; 16], 100, now), Upload::Continue);
        }
        assert_eq!(upload(&mut transfers, 9999, block(0, true), &[1; 16], 100, now), full);
        let other = Key { peer: SocketAddr::from(([192, 0, 2, 2], 1)), ..key(1) };
        for shown in [true, false] {
            let sender = Sender { key: &other, shown };
            assert_eq!(transfers.upload(sender, block(0, true), (None, &[1; 16]), 100, now), Upload::Continue);
        }
        let later = now + LIFETIME;
        assert_eq!(upload(&mut transfers, 9999, block(0, true), &[1; 16], 100, later), Upload::Continue);
        assert_eq!(transfers.uploads.entries.len(), 1);
        assert_eq!((transfers.uploads.shares.held(), transfers.uploads.order.len()), (1, 1));
    }

    #[test]
    fn strangers_take_no_place_from_others() {
        let (mut transfers, now) = (Transfers::new(), Instant::now());
        let from = |n: u32| Key { peer: SocketAddr::from((std::net::Ipv4Addr::from_bits(n), 1)), ..key(1) };
        let mut upload =
            |n, shown| transfers.upload(Sender { key: &from(n), shown }, block(0, true), (None, &[1; 16]), 100, now);
        let places = u32::try_from(TRANSFERS_MAX).unwrap();
        let taken = (0..2 * places).filter(|n| upload(*n, false) == Upload::Continue).count();
        assert_eq!(taken, TRANSFERS_MAX);
        assert_eq!(upload(3 * places, true), Upload::Continue);
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
