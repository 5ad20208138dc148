//! One batch's prekeys: which were handed out, which are on loan, which came back, and what each address has of them.

use super::{MOVE, RESERVE};
use crate::record::BatchInfo;
use dke::BatchKey;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

pub(super) struct Counter {
    pub(super) epoch: u64,
    /// UNIX seconds.
    pub(super) not_after: u64,
    pub(super) prekeys: u16,
    /// Indices from here on were never handed out.
    pub(super) next: u16,
    /// The store's mark: fewer than [`RESERVE`] indices from here on may be handed out.
    pub(super) reserved: u16,
    /// The mark is being moved.
    pub(super) moving: bool,
    pub(super) out: Lent,
    pub(super) returned: Indices,
    /// Prekeys that an address has on loan, or whose Initiates wait for the node.
    shares: Vec<(IpAddr, u16)>,
    /// Only who has this key gets an Offer.
    pub(super) admission: Option<Arc<BatchKey>>,
}

/// Why no index is free.
pub(super) enum Empty {
    /// The store's mark is to be moved to there first.
    Reserve(u16),
    /// All are used or on loan; the first of these leases has this number.
    Exhausted(Option<u64>),
}

impl Counter {
    pub(super) fn new(info: &BatchInfo, start: u64) -> Counter {
        let prekeys = dke::Depth::new(info.depth.into()).map_or(0, dke::Depth::prekeys);
        let starts = u16::try_from(start.saturating_sub(info.start)).unwrap_or(u16::MAX);
        Counter {
            epoch: info.epoch,
            not_after: info.not_after,
            prekeys,
            next: 0,
            reserved: info.reserved.saturating_add(starts.saturating_mul(RESERVE)).min(prekeys),
            moving: false,
            out: Lent::default(),
            returned: Indices::default(),
            shares: Vec::new(),
            admission: None,
        }
    }

    /// Indices that can be handed out now.
    pub(super) fn free(&self) -> u16 {
        self.prekeys.saturating_sub(self.next).saturating_add(self.returned.len())
    }

    /// May this address have one more, of so many that are left? `percent`: its share of these and its own together.
    pub(super) fn may_take(&self, by: IpAddr, left: u16, percent: u8) -> bool {
        let own = u32::from(self.share(by));
        let all = own.saturating_add(left.into());
        own == 0 || own.saturating_mul(100) < all.saturating_mul(percent.into())
    }

    fn share(&self, by: IpAddr) -> u16 {
        self.shares.iter().find(|(address, _)| *address == by).map_or(0, |(_, share)| *share)
    }

    /// This address has one more.
    pub(super) fn charge(&mut self, by: IpAddr) {
        match self.shares.iter_mut().find(|(address, _)| *address == by) {
            Some((_, share)) => *share = share.saturating_add(1),
            None => self.shares.push((by, 1)),
        }
    }

    /// This address has one less.
    pub(super) fn give_back(&mut self, by: IpAddr) {
        let Some(place) = self.shares.iter().position(|(address, _)| *address == by) else { return };
        if let Some((_, share)) = self.shares.get_mut(place) {
            *share = share.saturating_sub(1);
            if *share == 0 {
                self.shares.swap_remove(place);
            }
        }
    }

    /// The lowest index that is free.
    pub(super) fn take_free(&mut self) -> Result<u8, Empty> {
        if let Some(index) = self.returned.pop_first() {
            return Ok(index);
        }
        match u8::try_from(self.next) {
            Ok(index) if self.next < self.prekeys.min(self.reserved.saturating_add(RESERVE)) => {
                self.next = self.next.saturating_add(1);
                Ok(index)
            }
            _ if self.next < self.prekeys => Err(Empty::Reserve(self.mark())),
            _ => Err(Empty::Exhausted(self.out.first())),
        }
    }

    /// Where the mark goes next.
    fn mark(&self) -> u16 {
        self.next.saturating_add(MOVE).min(self.prekeys)
    }

    /// Is it time to move the mark, and does nobody do it yet?
    pub(super) fn move_mark(&mut self) -> Option<u16> {
        let due = self.reserved < self.prekeys && self.next >= self.reserved.saturating_add(MOVE);
        (due && !std::mem::replace(&mut self.moving, due)).then(|| self.mark())
    }
}

/// A set of indices.
#[derive(Default)]
pub(super) struct Indices([u64; 4]);

impl Indices {
    fn len(&self) -> u16 {
        self.0.iter().map(|word| word.count_ones()).sum::<u32>().try_into().unwrap_or(u16::MAX)
    }

    pub(super) fn insert(&mut self, index: u8) {
        if let Some(word) = self.0.get_mut(usize::from(index / 64)) {
            *word |= 1 << (index % 64);
        }
    }

    /// Takes the lowest one out.
    fn pop_first(&mut self) -> Option<u8> {
        let (number, word) = (0_u8..).zip(&mut self.0).find(|(_, word)| **word != 0)?;
        let bit = u8::try_from(word.trailing_zeros()).ok()?;
        *word &= word.wrapping_sub(1);
        number.checked_mul(64)?.checked_add(bit)
    }
}

/// Indices on loan and the numbers of their leases, in the order of these.
#[derive(Default)]
pub(super) struct Lent(pub(super) VecDeque<(u8, u64)>);

impl Lent {
    /// The number is above all that were given before.
    pub(super) fn push(&mut self, index: u8, number: u64) {
        self.0.push_back((index, number));
    }

    pub(super) fn number(&self, index: u8) -> Option<u64> {
        self.0.iter().find(|(lent, _)| *lent == index).map(|(_, number)| *number)
    }

    /// Leases end in the order in which they began: what is given back stands in front nearly always.
    pub(super) fn remove(&mut self, index: u8) -> Option<u64> {
        let place = self.0.iter().position(|(lent, _)| *lent == index)?;
        self.0.remove(place).map(|(_, number)| number)
    }

    /// How many are on loan.
    pub(super) fn len(&self) -> u16 {
        self.0.len().try_into().unwrap_or(u16::MAX)
    }

    /// The first lease.
    fn first(&self) -> Option<u64> {
        self.0.front().map(|(_, number)| *number)
    }
}
