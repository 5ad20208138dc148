//! Leases: which prekey is kept for whom, in memory.
//!
//! An index is handed out to one requester at a time, and an Initiate for it is taken from that requester alone. All leases last
//! equally long, so they end in the order in which they began. What was handed out is not written down one by one: the store keeps a
//! mark for each batch, and at most [`RESERVE`] indices beyond it are handed out before it is moved, which happens beside the requests.
//! So at the next start all that *may* have been handed out lies below the mark and as many indices beyond it for every start since it
//! was written; it counts as leased, to a holder who is not known, for as long as a lease lasts. Only when nothing else is left, it is
//! handed out before.

mod counter;

use crate::policy::Policy;
use crate::record::{Address, Admission, BatchInfo, NodeId, Place};
use crate::time::Now;
use counter::{Counter, Empty};
use dke::BatchKey;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
    /// The requester is to solve a puzzle of this difficulty first.
    Puzzle(u8),
    /// The requester is to show that it has the admission key of the batch of this epoch.
    Admission { epoch: u64, key: Arc<BatchKey> },
    /// None is left; one may come back at this time.
    Exhausted { back: Option<Duration> },
    /// This address holds too many; the first of all ends at this time.
    TooMany { end: Duration },
    /// This address has its share of the batch: the next one may come with the next batch.
    Share,
    /// All addresses together hold too many.
    Busy { end: Duration },
}

/// One batch of a node, as it is in the store.
pub(crate) struct Stored {
    pub(crate) info: BatchInfo,
    /// Indices for which an Initiate is stored.
    pub(crate) taken: Vec<u8>,
    pub(crate) admission: Option<Admission>,
}

/// What a requester has shown.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shown {
    /// The difficulty of the puzzle that it has solved; 0 if none.
    pub(crate) solved: u8,
    /// It has the admission key.
    pub(crate) admitted: bool,
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
    ends: Ends,
}

/// A node's batches. They stand in the table itself: every step into other memory is felt in an Offer.
struct Counters {
    newest: Counter,
    previous: Option<Counter>,
}

impl Counters {
    fn find(&mut self, epoch: u64) -> Option<&mut Counter> {
        std::iter::once(&mut self.newest).chain(&mut self.previous).find(|counter| counter.epoch == epoch)
    }
}

/// All leases in the order of their ends, those included that were used. Leases are numbered as they are given.
#[derive(Default)]
struct Ends {
    queue: VecDeque<End>,
    /// Number of the first of them.
    first: u64,
}

struct End {
    until: Duration,
    place: Place,
    /// Not known after a restart.
    by: Option<IpAddr>,
}

impl Ends {
    /// Number of the lease that is given next.
    fn next(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.queue.len()).unwrap_or(u64::MAX))
    }

    /// The lease of this number, if it is not over yet.
    fn get(&self, number: u64) -> Option<&End> {
        self.queue.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    fn pop(&mut self) {
        self.queue.pop_front();
        self.first = self.first.saturating_add(1);
    }
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

    /// Leases one index of the newest batch. Who has the admission key needs neither a share of the batch nor a puzzle.
    pub(crate) fn lease(&self, node: &NodeId, by: IpAddr, shown: Shown, now: Now, policy: &Policy) -> Lease {
        let mut inner = self.lock();
        inner.end(now.up);
        let Inner { nodes, held, out, ends } = &mut *inner;
        let first_end = ends.queue.front().map_or(now.up, |end| end.until);
        let holds = held.get(&by).copied().unwrap_or_default();
        let Some(Counters { newest: counter, .. }) = nodes.get_mut(node) else { return Lease::Unknown };
        if counter.not_after < now.date {
            return Lease::Exhausted { back: None };
        }
        if let Some(key) = counter.admission.as_ref().filter(|_| !shown.admitted) {
            return Lease::Admission { epoch: counter.epoch, key: key.clone() };
        }
        let free = counter.free();
        if free > 0 {
            if ends.queue.len() >= policy.leases_max {
                return Lease::Busy { end: first_end };
            }
            if holds >= policy.leases_per_address {
                return Lease::TooMany { end: first_end };
            }
            if !shown.admitted && !counter.may_take(by, free, policy.prekey_share) {
                return Lease::Share;
            }
            let difficulty = policy.difficulty(free, counter.prekeys);
            if !shown.admitted && shown.solved < difficulty {
                return Lease::Puzzle(difficulty);
            }
        }
        let index = match counter.take_free() {
            Ok(index) => index,
            Err(Empty::Reserve(to)) => return Lease::Reserve { epoch: counter.epoch, to },
            Err(Empty::Exhausted(first)) => match take_unknown(counter, ends) {
                Some(index) => {
                    *out = out.saturating_sub(1);
                    index
                }
                None => {
                    return Lease::Exhausted { back: first.and_then(|number| ends.get(number)).map(|end| end.until) };
                }
            },
        };
        counter.out.push(index, ends.next());
        counter.charge(by);
        let (epoch, reserve) = (counter.epoch, counter.move_mark());
        held.insert(by, holds.saturating_add(1));
        *out = out.saturating_add(1);
        let until = now.up.saturating_add(Duration::from_secs(policy.lease));
        ends.queue.push_back(End { until, place: Place { node: *node, epoch, index }, by: Some(by) });
        Lease::Given { epoch, index, reserve }
    }

    /// G3: may an Initiate for this index come from there? From the holder of its lease; and where the holder is not known, from whoever
    /// could have leased it.
    pub(crate) fn holds(&self, place: &Place, by: IpAddr, now: Duration, policy: &Policy) -> bool {
        let mut inner = self.lock();
        inner.end(now);
        let Inner { nodes, held, ends, .. } = &mut *inner;
        let Some(counter) = nodes.get_mut(&place.node).and_then(|counters| counters.find(place.epoch)) else {
            return false;
        };
        let Some(end) = counter.out.number(place.index).and_then(|number| ends.get(number)) else { return false };
        match end.by {
            Some(holder) => holder == by,
            None => {
                let left = counter.free().saturating_add(counter.out.len());
                held.get(&by).copied().unwrap_or_default() < policy.leases_per_address
                    && counter.may_take(by, left, policy.prekey_share)
            }
        }
    }

    /// G3: this address's Initiate for it is stored; it is never handed out again.
    pub(crate) fn take(&self, place: &Place, by: IpAddr) {
        let mut inner = self.lock();
        let Inner { nodes, ends, .. } = &mut *inner;
        let Some(counter) = nodes.get_mut(&place.node).and_then(|counters| counters.find(place.epoch)) else { return };
        let Some(number) = counter.out.remove(place.index) else { return };
        if ends.get(number).is_some_and(|end| end.by.is_none()) {
            counter.charge(by);
        }
        inner.release(number);
    }

    /// The node has answered or rejected this address's Initiate: it counts no more for its share of the batch.
    pub(crate) fn give_back(&self, place: &Place, by: Address) {
        if let Some(counter) = self.lock().nodes.get_mut(&place.node).and_then(|counters| counters.find(place.epoch)) {
            counter.give_back(IpAddr::V6(by.into()).to_canonical());
        }
    }

    /// From now on the batch of this epoch is for those alone who have this key. Nothing happens for a node that is not known yet.
    pub(crate) fn admit(&self, node: &NodeId, admission: &Admission) {
        if let Some(counter) = self.lock().nodes.get_mut(node).and_then(|counters| counters.find(admission.epoch)) {
            counter.admission = Some(batch_key(admission));
        }
    }

    /// Are this node's leases known?
    pub(crate) fn knows(&self, node: &NodeId) -> bool {
        self.lock().nodes.contains_key(node)
    }

    /// Takes over what the store knows of a node: whatever may have been handed out counts as leased from now on.
    pub(crate) fn load(&self, node: &NodeId, batches: &[Stored], now: Duration, policy: &Policy) {
        let mut inner = self.lock();
        if inner.nodes.contains_key(node) {
            return;
        }
        let until = now.saturating_add(Duration::from_secs(policy.lease));
        let mut counters = Vec::new();
        for stored in batches {
            let mut counter = Counter::new(&stored.info, self.start);
            counter.admission = stored.admission.as_ref().map(batch_key);
            counter.next = counter.reserved;
            for index in (0..=u8::MAX).take(counter.next.into()).filter(|index| !stored.taken.contains(index)) {
                counter.out.push(index, inner.ends.next());
                let place = Place { node: *node, epoch: counter.epoch, index };
                inner.ends.queue.push_back(End { until, place, by: None });
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
        if let Some(counter) = inner.nodes.get_mut(node).and_then(|counters| counters.find(epoch)) {
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
        inner.drop_leases(gone);
    }

    /// The node is registered no more.
    pub(crate) fn forget(&self, node: &NodeId) {
        let mut inner = self.lock();
        let Some(Counters { newest, previous }) = inner.nodes.remove(node) else { return };
        inner.drop_leases(std::iter::once(newest).chain(previous));
    }

    /// Indices of the newest batch that can be handed out now; `None` if the node is not known.
    pub(crate) fn left(&self, node: &NodeId, now: Duration) -> Option<u16> {
        let mut inner = self.lock();
        inner.end(now);
        inner.nodes.get(node).map(|counters| counters.newest.free())
    }

    /// Leases under way.
    pub(crate) fn len(&self) -> usize {
        self.lock().out
    }
}

fn batch_key(admission: &Admission) -> Arc<BatchKey> {
    Arc::new(BatchKey::from_bytes(admission.key))
}

/// Takes the highest index out whose holder is not known: of those it is the one that was most likely never handed out.
fn take_unknown(counter: &mut Counter, ends: &Ends) -> Option<u8> {
    let unknown = |(_, number): &(u8, u64)| ends.get(*number).is_some_and(|end| end.by.is_none());
    let (index, _) = counter.out.0.iter().rev().find(|lent| unknown(lent)).copied()?;
    counter.out.remove(index);
    Some(index)
}

impl Inner {
    /// Returns what has run out.
    fn end(&mut self, now: Duration) {
        while let Some(End { place, by, .. }) = self.ends.queue.front().filter(|end| end.until <= now) {
            let (place, by, number) = (*place, *by, self.ends.first);
            if let Some(counter) = self.nodes.get_mut(&place.node).and_then(|counters| counters.find(place.epoch))
                && counter.out.number(place.index) == Some(number)
            {
                counter.out.remove(place.index);
                counter.returned.insert(place.index);
                if let Some(by) = by {
                    counter.give_back(by);
                }
                self.release(number);
            }
            self.ends.pop();
        }
    }

    /// These batches are gone, and their leases are over.
    fn drop_leases(&mut self, gone: impl IntoIterator<Item = Counter>) {
        let ended: Vec<u64> = gone.into_iter().flat_map(|counter| counter.out.0).map(|(_, number)| number).collect();
        for number in ended {
            self.release(number);
        }
    }

    /// The lease of this number is over, or used.
    fn release(&mut self, number: u64) {
        self.out = self.out.saturating_sub(1);
        let Some(by) = self.ends.get(number).and_then(|end| end.by) else { return };
        if let Some(held) = self.held.get_mut(&by) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.held.remove(&by);
            }
        }
    }
}
