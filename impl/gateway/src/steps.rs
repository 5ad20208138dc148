//! The rules that change something, inside a transaction: registration, G1, G3, G4, discarding, the mirror.

use crate::batch::tree;
use crate::leases::{Leases, Stored};
use crate::policy::Policy;
use crate::record::{
    Admission, BatchInfo, BatchRecord, ExchangeRecord, Message, NodeId, NodeRecord, Place, Representation, mapped,
    node_id,
};
use crate::refusal::Refusal;
use crate::store::{Read, StoreError, Write};
use crate::sweep;
use crate::time::Now;
use dke::crypto::Hash;
use dke::gateway::{Queued, Shelf, Slot, check_confirm, check_initiate};
use dke::message::{Confirm, Header, Initiate, Publication};
use dke::{Credential, Depth, Reject};
use dke_coap::shares::may_take;
use std::net::IpAddr;
use std::time::Duration;

/// Batches of a node that are kept.
const BATCHES: usize = 2;

/// Was it new, or the same as before?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Stored now.
    New,
    /// The very same bytes are stored: acknowledged again.
    Same,
}

pub(crate) fn node(records: &dyn Read, node: &NodeId) -> Result<NodeRecord, Refusal> {
    records.node(node)?.ok_or(Refusal::Rejected(Reject::UnknownNode))
}

/// The node's credential, as it was checked when it was registered.
pub(crate) fn credential(record: &NodeRecord) -> Result<Credential<'_>, StoreError> {
    Credential::parse(&record.credential).map_err(|_| damaged("a credential is not of the form that was verified"))
}

fn damaged(why: &str) -> StoreError {
    StoreError::Damaged(String::new(), why.into())
}

/// Registers a node by its credential; `by`: the address where it did that itself. `Conflict` if another one has its identifier.
pub(crate) fn register(
    records: &mut dyn Write,
    bytes: Vec<u8>,
    hash: &Hash,
    by: Option<IpAddr>,
    up: u64,
    policy: &Policy,
) -> Result<Kept, Refusal> {
    let (id, by) = (node_id(hash), by.map(mapped));
    match records.node(&id)? {
        Some(known) if known.credential == bytes => return Ok(Kept::Same),
        Some(_) => return Err(Refusal::Conflict),
        None => {}
    }
    records.room()?;
    let free = policy.nodes_max.saturating_sub(records.nodes_len()?);
    if free == 0 {
        return Err(Refusal::Busy(policy.retry_after));
    }
    if let Some(by) = &by {
        let own = records.registered_by(by, policy.nodes_per_address)?.len();
        if !may_take(own, usize::try_from(free).unwrap_or(usize::MAX), policy.nodes_per_address) {
            return Err(Refusal::TooMany(policy.registration));
        }
        sweep::put_registration(records, &id, up, policy)?;
    }
    let record =
        NodeRecord { credential: bytes, batches: Vec::new(), representations: 0, requests: 0, by, admission: None };
    records.put_node(&id, &record)?;
    Ok(Kept::New)
}

/// Is there room for more of this node? `Full` if there is none for anybody, `Busy` if the nodes that registered themselves from the same
/// address have all that these may have.
pub(crate) fn room(records: &dyn Write, record: &NodeRecord, policy: &Policy) -> Result<(), Refusal> {
    records.room()?;
    match &record.by {
        Some(by) if records.bytes_by(by)? >= policy.bytes_per_address => Err(Refusal::Busy(policy.retry_after)),
        _ => Ok(()),
    }
}

/// G1.5: stores a Publication that was verified against `seen`, the node as it was read before. `false` if the node has changed since.
pub(crate) fn publish(
    records: &mut dyn Write,
    leases: &Leases,
    id: &NodeId,
    seen: &NodeRecord,
    header: &Header,
    bytes: Vec<u8>,
    now: u64,
) -> Result<bool, Refusal> {
    let mut record = node(records, id)?;
    if newest(&record) != newest(seen) {
        return Ok(false);
    }
    let info = BatchInfo {
        epoch: header.epoch,
        depth: header.depth.get(),
        not_after: header.not_after,
        mailbox: header.mailbox,
        reserved: 0,
        start: leases.start(),
        stored: now,
    };
    record.batches.push(info);
    while record.batches.len() > BATCHES {
        let old = record.batches.remove(0);
        forget_batch(records, id, old.epoch)?;
    }
    records.put_node(id, &record)?;
    let tree = Publication::parse(&bytes).map(|publication| tree(publication.prekeys()))?;
    records.put_batch(id, header.epoch, &BatchRecord { publication: &bytes, tree: &tree })?;
    leases.replace(id, &info);
    Ok(true)
}

fn newest(record: &NodeRecord) -> Option<u64> {
    record.batches.last().map(|batch| batch.epoch)
}

/// Of the answered exchanges whose batches are gone, only so many are kept.
pub(crate) fn forget_oldest(records: &mut dyn Write, id: &NodeId, policy: &Policy) -> Result<(), Refusal> {
    let record = node(records, id)?;
    let mut gone = records.answered(id)?;
    gone.retain(|place| record.batches.iter().all(|batch| batch.epoch != place.epoch));
    for place in gone.iter().take(gone.len().saturating_sub(policy.exchanges_max)) {
        records.remove_exchange(place)?;
    }
    Ok(())
}

/// The node has erased this batch: what it has not answered until now can never be answered. Confirms stay until they are due.
fn forget_batch(records: &mut dyn Write, id: &NodeId, epoch: u64) -> Result<(), StoreError> {
    records.remove_batch(id, epoch)?;
    for index in records.taken(id, epoch)? {
        let place = Place { node: *id, epoch, index };
        if records.exchange(&place)?.is_some_and(|exchange| exchange.confirms.is_empty()) {
            records.remove_exchange(&place)?;
        }
    }
    Ok(())
}

/// Takes over what the store has of a node's leases, if nothing is known of them: from then on they follow the changes.
pub(crate) fn load(
    records: &dyn Read,
    leases: &Leases,
    id: &NodeId,
    record: &NodeRecord,
    now: Duration,
    policy: &Policy,
) -> Result<(), StoreError> {
    if record.batches.is_empty() || leases.knows(id) {
        return Ok(());
    }
    let stored = |info: &BatchInfo| {
        let admission = record.admission.filter(|admission| admission.epoch == info.epoch);
        Ok(Stored { info: *info, taken: records.taken(id, info.epoch)?, admission })
    };
    let stored = record.batches.iter().map(stored).collect::<Result<Vec<_>, StoreError>>()?;
    leases.load(id, &stored, now, policy);
    Ok(())
}

/// The node's newest batch is for clients alone that have this key. `EpochUnknown` if it is not of the newest batch.
pub(crate) fn admit(
    records: &mut dyn Write,
    leases: &Leases,
    id: &NodeId,
    token: &[u8],
    admission: Admission,
) -> Result<Kept, Refusal> {
    let mut record = node(records, id)?;
    check_token(&record, token)?;
    if newest(&record) != Some(admission.epoch) {
        return Err(Reject::EpochUnknown.into());
    }
    if record.admission == Some(admission) {
        return Ok(Kept::Same);
    }
    record.admission = Some(admission);
    records.put_node(id, &record)?;
    leases.admit(id, &admission);
    Ok(Kept::New)
}

/// G2: moves the mark below which indices may have been handed out.
pub(crate) fn reserve(records: &mut dyn Write, id: &NodeId, epoch: u64, to: u16, start: u64) -> Result<(), Refusal> {
    let mut record = node(records, id)?;
    let batch = record.batches.iter_mut().find(|batch| batch.epoch == epoch);
    let batch = batch.ok_or(Refusal::Rejected(Reject::EpochUnknown))?;
    if batch.reserved < to {
        (batch.reserved, batch.start) = (to, start);
        records.put_node(id, &record)?;
    }
    Ok(())
}

/// What is stored for the one place that a message names.
struct ShelfFor<'a> {
    epoch: u64,
    depth: Option<Depth>,
    slot: Slot<'a>,
    room: bool,
}

impl Shelf for ShelfFor<'_> {
    fn depth(&self, epoch: u64) -> Option<Depth> {
        self.depth.filter(|_| epoch == self.epoch)
    }

    fn slot(&self, _epoch: u64, _index: u8) -> Slot<'_> {
        self.slot
    }

    fn has_room(&self) -> bool {
        self.room
    }
}

/// Place and depth that a message names; an index that no batch has is left to the checks.
fn named(record: &NodeRecord, id: &NodeId, epoch: u64, index: u64) -> (Option<Depth>, Place) {
    let batch = record.batches.iter().find(|batch| batch.epoch == epoch);
    let depth = batch.and_then(|batch| Depth::new(batch.depth.into()));
    (depth, Place { node: *id, epoch, index: u8::try_from(index).unwrap_or_default() })
}

/// G3: queues an Initiate. It is taken from the holder of the lease alone; the very same bytes are acknowledged to anyone.
pub(crate) fn queue(
    records: &mut dyn Write,
    leases: &Leases,
    id: &NodeId,
    by: IpAddr,
    bytes: Vec<u8>,
    now: Now,
    policy: &Policy,
) -> Result<(Place, Kept), Refusal> {
    let message = Initiate::parse(&bytes)?;
    let record = node(records, id)?;
    let (depth, place) = named(&record, id, message.epoch, message.index);
    let known = records.exchange(&place)?;
    load(records, leases, id, &record, now.up, policy)?;
    let slot = match &known {
        Some(exchange) => Slot::Taken(&exchange.initiate),
        None if leases.holds(&place, by, now.up, policy) => Slot::Leased,
        None => Slot::Free,
    };
    // At most one Initiate waits for each prekey: often there is nothing to be counted.
    let room = prekeys(&record) <= policy.queue_max || waiting(records, id, policy)? < policy.queue_max;
    let shelf = ShelfFor { epoch: place.epoch, depth, slot, room };
    if let Queued::Same { .. } = check_initiate(&bytes, &shelf)? {
        return Ok((place, Kept::Same));
    }
    self::room(records, &record, policy)?;
    let exchange =
        ExchangeRecord { stored: now.date, discarded: false, initiate: bytes, confirms: Vec::new(), by: mapped(by) };
    records.put_exchange(&place, &exchange)?;
    records.put_due(now.up.as_secs().saturating_add(policy.retention), &place)?;
    leases.take(&place, by);
    Ok((place, Kept::New))
}

/// Is this the mailbox token of the node's newest batch?
pub(crate) fn check_token(record: &NodeRecord, token: &[u8]) -> Result<(), Refusal> {
    let newest = record.batches.last().ok_or(Reject::WrongToken)?;
    dke::gateway::check_token(token, &newest.mailbox).map_err(Refusal::from)
}

/// G4: keeps a Confirm, and takes its Initiate from the queue.
pub(crate) fn confirm(
    records: &mut dyn Write,
    leases: &Leases,
    id: &NodeId,
    token: &[u8],
    bytes: Vec<u8>,
    policy: &Policy,
) -> Result<(Place, Kept), Refusal> {
    let message = Confirm::parse(&bytes)?;
    let record = node(records, id)?;
    check_token(&record, token)?;
    let (depth, place) = named(&record, id, message.epoch, message.index);
    let known = records.exchange(&place)?;
    let slot = known.as_ref().map_or(Slot::Free, |exchange| Slot::Taken(&exchange.initiate));
    check_confirm(&bytes, &ShelfFor { epoch: place.epoch, depth, slot, room: true })?;
    let mut exchange = known.ok_or(Reject::NotOffered)?;
    let new = Message(bytes);
    if exchange.confirms.contains(&new) {
        return Ok((place, Kept::Same));
    }
    if exchange.confirms.len() >= policy.confirms_max {
        return Err(Reject::QueueFull.into());
    }
    if exchange.waits() {
        leases.give_back(&place, exchange.by);
    }
    exchange.confirms.push(new);
    records.put_exchange(&place, &exchange)?;
    Ok((place, Kept::New))
}

/// The node has rejected an Initiate: it leaves the queue, and its index stays taken.
pub(crate) fn discard(records: &mut dyn Write, leases: &Leases, place: &Place, token: &[u8]) -> Result<(), Refusal> {
    let record = node(records, &place.node)?;
    check_token(&record, token)?;
    let mut exchange = records.exchange(place)?.ok_or(Refusal::NotFound)?;
    if exchange.waits() {
        leases.give_back(place, exchange.by);
    }
    if !exchange.discarded {
        exchange.discarded = true;
        records.put_exchange(place, &exchange)?;
    }
    Ok(())
}

/// Prekeys of all batches that are stored.
fn prekeys(record: &NodeRecord) -> u32 {
    let of = |batch: &BatchInfo| Depth::new(batch.depth.into()).map_or(0, |depth| depth.prekeys().into());
    record.batches.iter().map(of).sum()
}

/// How many Initiates wait for a node; more than the queue has room for are not counted.
pub(crate) fn waiting(records: &dyn Read, id: &NodeId, policy: &Policy) -> Result<u32, StoreError> {
    let limit = policy.queue_max.try_into().unwrap_or(usize::MAX);
    Ok(records.waiting(id, limit)?.len().try_into().unwrap_or(u32::MAX))
}

/// Keeps a sealed representation under a name.
pub(crate) fn put_representation(
    records: &mut dyn Write,
    id: &NodeId,
    name: &str,
    token: &[u8],
    new: &Representation,
    policy: &Policy,
) -> Result<Kept, Refusal> {
    let mut record = node(records, id)?;
    check_token(&record, token)?;
    room(records, &record, policy)?;
    let known = records.representation(id, name)?;
    if known.is_none() {
        if record.representations >= policy.representations_max {
            return Err(Refusal::Rejected(Reject::QueueFull));
        }
        record.representations = record.representations.saturating_add(1);
        records.put_node(id, &record)?;
    }
    records.put_representation(id, name, new)?;
    Ok(if known.is_some() { Kept::Same } else { Kept::New })
}

/// Drops a sealed representation.
pub(crate) fn remove_representation(
    records: &mut dyn Write,
    id: &NodeId,
    name: &str,
    token: &[u8],
) -> Result<(), Refusal> {
    let mut record = node(records, id)?;
    check_token(&record, token)?;
    if !records.remove_representation(id, name)? {
        return Err(Refusal::NotFound);
    }
    record.representations = record.representations.saturating_sub(1);
    records.put_node(id, &record)?;
    Ok(())
}
