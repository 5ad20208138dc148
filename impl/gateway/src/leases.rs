//! Leases: which prekey is kept for whom, in memory.
//!
//! An index is handed out to one requester at a time. All leases last equally long, so they end in the order in which they began. What was
//! handed out is not written down one by one: the store keeps a mark for each batch, and at most [`RESERVE`] indices beyond it are handed
//! out before it is moved, which happens beside the requests. So at the next start all that *may* have been handed out lies below the mark
//! and as many indices beyond it for every start since it was written; it counts as leased for as long as a lease lasts.

use crate::policy::Policy;
use crate::record::{BatchInfo, NodeId, Place};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Indices by which the mark in the store is moved, and that may be handed out beyond it.
const RESERVE: u16 = 16;
/// So many beyond the mark, it is time to move it.
const MOVE: u16 = RESERVE / 2;

/// G2: what becomes of a request for an Offer.
pub(crate) enum Lease {
    /// This index, for this requester; where the store's mark is to be moved, if it is time.
    Given { epoch: u64, index: u8, reserve: Option<u16> },
    /// Nothing is known of this node: [`Leases::load`].
    Unknown,
    /// Move the store's mark first: [`Leases::reserved`].
    Reserve { epoch: u64, to: u16 },
    /// None is left; one may come back at this time.
    Exhausted { back: Option<u64> },
    /// This address holds too many; the first of all ends at this time.
    TooMany { end: u64 },
    /// All addresses together hold too many.
    Busy { end: u64 },
}

/// One batch of a node, as it is in the store.
pub(crate) struct Stored {
    pub(crate) info: BatchInfo,
    /// Indices for which an Initiate is stored.
    pub(crate) taken: Vec<u8>,
}

/// All leases.
pub(crate) struct Leases {
    inner: Mutex<Inner>,
    /// Counts the starts of the gateway over this store.
    start: u64,
}

#[derive(Default)]
struct Inner {
    nodes: HashMap<NodeId, Counters>,
    held: HashMap<IpAddr, u32>,
    /// Leases that are under way, those of unknown holders included.
    out: usize,
    /// All leases in the order of their ends, those included that were used. Leases are numbered as they are given.
    ends: VecDeque<End>,
    /// Number of the first of them.
    first: u64,
}

/// A node's batches. They stand in the table itself: every step into other memory is felt in an Offer.
struct Counters {
    newest: Counter,
    previous: Option<Counter>,
}

struct Counter {
    epoch: u64,
    not_after: u64,
    prekeys: u16,
    /// Indices from here on were never handed out.
    next: u16,
    /// The store's mark: fewer than [`RESERVE`] indices from here on may be handed out.
    reserved: u16,
    /// The mark is being moved.
    moving: bool,
    out: Lent,
    returned: Indices,
}

/// A set of indices.
#[derive(Default)]
struct Indices([u64; 4]);

impl Indices {
    fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    fn len(&self) -> u16 {
        self.0.iter().map(|word| word.count_ones()).sum::<u32>().try_into().unwrap_or(u16::MAX)
    }

    fn insert(&mut self, index: u8) {
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
struct Lent(VecDeque<(u8, u64)>);

impl Lent {
    /// The number is above all that were given before.
    fn push(&mut self, index: u8, number: u64) {
        self.0.push_back((index, number));
    }

    fn number(&self, index: u8) -> Option<u64> {
        self.0.iter().find(|(lent, _)| *lent == index).map(|(_, number)| *number)
    }

    /// Leases end in the order in which they began: what is given back stands in front nearly always.
    fn remove(&mut self, index: u8) -> Option<u64> {
        let place = self.0.iter().position(|(lent, _)| *lent == index)?;
        self.0.remove(place).map(|(_, number)| number)
    }

    /// The first lease.
    fn first(&self) -> Option<u64> {
        self.0.front().map(|(_, number)| *number)
    }
}

struct End {
    until: u64,
    place: Place,
    /// Not known after a restart.
    by: Option<IpAddr>,
}

impl Leases {
    pub(crate) fn new(start: u64) -> Leases {
        Leases { inner: Mutex::default(), start }
    }

    /// Of the gateway over this store, counted from 1.
    pub(crate) const fn start(&self) -> u64 {
        self.start
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leases one index of the newest batch.
    pub(crate) fn lease(&self, node: &NodeId, by: IpAddr, now: u64, policy: &Policy) -> Lease {
        let mut inner = self.lock();
        inner.end(now);
        let first_end = inner.ends.front().map_or(now, |end| end.until);
        let held = inner.held.get(&by).copied().unwrap_or_default();
        let full = inner.ends.len() >= policy.leases_max;
        let number = inner.next();
        let Some(Counters { newest: counter, .. }) = inner.nodes.get_mut(node) else { return Lease::Unknown };
        if counter.not_after < now {
            return Lease::Exhausted { back: None };
        }
        if !counter.returned.is_empty() || counter.next < counter.prekeys {
            if full {
                return Lease::Busy { end: first_end };
            }
            if held >= policy.leases_per_address {
                return Lease::TooMany { end: first_end };
            }
        }
        let index = match counter.take_free() {
            Ok(index) => index,
            Err(Empty::Reserve(to)) => return Lease::Reserve { epoch: counter.epoch, to },
            Err(Empty::Exhausted(first)) => {
                return Lease::Exhausted { back: first.and_then(|number| inner.lease(number)).map(|end| end.until) };
            }
        };
        counter.out.push(index, number);
        let (epoch, reserve) = (counter.epoch, counter.move_mark());
        inner.held.insert(by, held.saturating_add(1));
        inner.out = inner.out.saturating_add(1);
        let until = now.saturating_add(policy.lease);
        inner.ends.push_back(End { until, place: Place { node: *node, epoch, index }, by: Some(by) });
        Lease::Given { epoch, index, reserve }
    }

    /// Is this index kept for somebody now?
    pub(crate) fn is_leased(&self, place: &Place, now: u64) -> bool {
        let mut inner = self.lock();
        inner.end(now);
        inner.counter(place).is_some_and(|counter| counter.out.number(place.index).is_some())
    }

    /// G3: an Initiate for it is stored; it is never handed out again.
    pub(crate) fn take(&self, place: &Place) {
        let mut inner = self.lock();
        let Some(number) = inner.counter(place).and_then(|counter| counter.out.remove(place.index)) else { return };
        inner.release(number);
    }

    /// Are this node's leases known?
    pub(crate) fn knows(&self, node: &NodeId) -> bool {
        self.lock().nodes.contains_key(node)
    }

    /// Takes over what the store knows of a node: whatever may have been handed out counts as leased from now on.
    pub(crate) fn load(&self, node: &NodeId, batches: &[Stored], now: u64, policy: &Policy) {
        let mut inner = self.lock();
        if inner.nodes.contains_key(node) {
            return;
        }
        let until = now.saturating_add(policy.lease);
        let mut counters = Vec::new();
        for stored in batches {
            let mut counter = Counter::new(&stored.info, self.start);
            counter.next = counter.reserved;
            for index in (0..=u8::MAX).take(counter.next.into()).filter(|index| !stored.taken.contains(index)) {
                counter.out.push(index, inner.next());
                inner.ends.push_back(End {
                    until,
                    place: Place { node: *node, epoch: counter.epoch, index },
                    by: None,
                });
                inner.out = inner.out.saturating_add(1);
            }
            counters.push(counter);
        }
        let Some(newest) = counters.pop() else { return };
        inner.nodes.insert(*node, Counters { newest, previous: counters.pop() });
    }

    /// The store's mark was moved to there; `None`: it could not be moved.
    pub(crate) fn reserved(&self, node: &NodeId, epoch: u64, to: Option<u16>) {
        let mut inner = self.lock();
        if let Some(counter) = inner.counter(&Place { node: *node, epoch, index: 0 }) {
            counter.reserved = counter.reserved.max(to.unwrap_or_default());
            counter.moving = false;
        }
    }

    /// G1: a new batch is stored; the one before the previous is gone. Nothing happens for a node that is not known yet.
    pub(crate) fn replace(&self, node: &NodeId, info: &BatchInfo) {
        let mut inner = self.lock();
        let Some(counters) = inner.nodes.get_mut(node) else { return };
        let before = std::mem::replace(&mut counters.newest, Counter::new(info, self.start));
        let gone = counters.previous.replace(before);
        let ended: Vec<u64> = gone.into_iter().flat_map(|counter| counter.out.0).map(|(_, number)| number).collect();
        for number in ended {
            inner.release(number);
        }
    }

    /// Indices of the newest batch that can still be handed out or come back; `None` if the node is not known.
    pub(crate) fn left(&self, node: &NodeId, now: u64) -> Option<u16> {
        let mut inner = self.lock();
        inner.end(now);
        let Counters { newest, .. } = inner.nodes.get(node)?;
        Some(newest.prekeys.saturating_sub(newest.next).saturating_add(newest.returned.len()))
    }

    /// Leases under way.
    pub(crate) fn len(&self) -> usize {
        self.lock().out
    }
}

impl Inner {
    fn counter(&mut self, place: &Place) -> Option<&mut Counter> {
        let Counters { newest, previous } = self.nodes.get_mut(&place.node)?;
        std::iter::once(newest).chain(previous).find(|counter| counter.epoch == place.epoch)
    }

    /// Number of the lease that is given next.
    fn next(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.ends.len()).unwrap_or(u64::MAX))
    }

    /// The lease of this number, if it is not over yet.
    fn lease(&self, number: u64) -> Option<&End> {
        self.ends.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Returns what has run out.
    fn end(&mut self, now: u64) {
        while self.ends.front().is_some_and(|end| end.until < now) {
            let number = self.first;
            let place = self.ends.front().map(|end| end.place);
            if let Some(place) = place
                && let Some(counter) = self.counter(&place)
                && counter.out.number(place.index) == Some(number)
            {
                counter.out.remove(place.index);
                counter.returned.insert(place.index);
                self.release(number);
            }
            self.ends.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    /// The lease of this number is over, or used.
    fn release(&mut self, number: u64) {
        self.out = self.out.saturating_sub(1);
        let Some(by) = self.lease(number).and_then(|end| end.by) else { return };
        if let Some(held) = self.held.get_mut(&by) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.held.remove(&by);
            }
        }
    }
}

/// Why no index is free.
enum Empty {
    /// The store's mark is to be moved to there first.
    Reserve(u16),
    /// All are used or on loan; the first of these leases has this number.
    Exhausted(Option<u64>),
}

impl Counter {
    fn new(info: &BatchInfo, start: u64) -> Counter {
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
        }
    }

    /// The lowest index that is free.
    fn take_free(&mut self) -> Result<u8, Empty> {
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
    fn move_mark(&mut self) -> Option<u16> {
        let due = self.reserved < self.prekeys && self.next >= self.reserved.saturating_add(MOVE);
        (due && !std::mem::replace(&mut self.moving, due)).then(|| self.mark())
    }
}
