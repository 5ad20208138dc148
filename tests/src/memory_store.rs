//! The stores of node and client in memory, with faults on demand.
//!
//! What an operation changed is durable as soon as it returned `Ok`, so a crash is: drop everything but the store. An operation can be
//! made to fail before or after it took effect, and from then on nothing works until the store is mended.

use dke::Scalar;
use dke::client::AWAITING;
use dke::crypto::{Hash, PublicKey};
use dke::params::{KEY, TOKEN};
use dke::store::{Batch, ClientStore, NodeStore, Pending, Prekey};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

/// The only error of these stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the medium is broken")
    }
}

impl std::error::Error for Broken {}

/// When a store breaks. Operations are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The k-th operation and all later ones fail and do nothing.
    Before(u64),
    /// The k-th operation takes effect, but is reported as failed; all later ones fail and do nothing.
    After(u64),
}

/// Counts operations, and lets them fail.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    fault: Cell<Option<Fault>>,
    operations: Cell<u64>,
}

impl Faults {
    /// Breaks the store at an operation, counted from now.
    pub fn inject(&self, fault: Fault) {
        self.operations.set(0);
        self.fault.set(Some(fault));
    }

    /// Everything works again; counts from now.
    pub fn mend(&self) {
        self.operations.set(0);
        self.fault.set(None);
    }

    /// Operations tried since the last [`inject`](Self::inject) or [`mend`](Self::mend).
    pub fn operations(&self) -> u64 {
        self.operations.get()
    }

    fn operate<R>(&self, operation: impl FnOnce() -> R) -> Result<R, Broken> {
        let count = self.operations.get();
        self.operations.set(count + 1);
        match self.fault.get() {
            Some(Fault::Before(at) | Fault::After(at)) if count > at => Err(Broken),
            Some(Fault::Before(at)) if count == at => Err(Broken),
            Some(Fault::After(at)) if count == at => {
                operation();
                Err(Broken)
            }
            _ => Ok(operation()),
        }
    }
}

/// One batch on the node's medium.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct StoredBatch {
    /// Header and token; `None` until the batch is committed.
    pub committed: Option<(Vec<u8>, [u8; TOKEN])>,
    /// Each y, until it is erased, and Y.
    pub prekeys: BTreeMap<u8, (Option<[u8; KEY]>, PublicKey)>,
}

/// All that is on the node's medium.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeMemory {
    /// Epoch of the current batch.
    pub last_epoch: u64,
    /// By epoch.
    pub batches: BTreeMap<u64, StoredBatch>,
    /// By epoch and index: SHA-256 of the Initiate, and the Confirm.
    pub outbox: BTreeMap<(u64, u8), (Hash, Vec<u8>)>,
}

/// A [`NodeStore`] in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryNodeStore {
    memory: NodeMemory,
    /// Breaks and mends it.
    pub faults: Faults,
}

impl MemoryNodeStore {
    /// What is on the medium.
    pub const fn memory(&self) -> &NodeMemory {
        &self.memory
    }

    /// An image of the medium. As the medium of a crashed node it is taken at the moment of the crash.
    pub fn snapshot(&self) -> NodeMemory {
        self.memory.clone()
    }

    /// A sound store on this image.
    pub fn restore(image: NodeMemory) -> Self {
        MemoryNodeStore { memory: image, faults: Faults::default() }
    }
}

impl NodeStore for MemoryNodeStore {
    type Error = Broken;

    fn last_epoch(&self) -> Result<u64, Broken> {
        self.faults.operate(|| self.memory.last_epoch)
    }

    fn batch(&self, epoch: u64) -> Result<Option<Batch>, Broken> {
        self.faults.operate(|| {
            let (header, token) = self.memory.batches.get(&epoch)?.committed.as_ref()?;
            Batch::new(header, *token)
        })
    }

    fn prekey(&self, epoch: u64, index: u8) -> Result<Option<Prekey>, Broken> {
        self.faults.operate(|| {
            let batch = self.memory.batches.get(&epoch).filter(|batch| batch.committed.is_some())?;
            let (y, public) = batch.prekeys.get(&index)?;
            let secret = y.map(|y| Scalar::from_bytes(&y).expect("only scalars are stored"));
            Some(Prekey { secret, public: *public })
        })
    }

    fn begin_batch(&mut self, epoch: u64) -> Result<(), Broken> {
        let MemoryNodeStore { memory, faults } = self;
        faults.operate(|| {
            memory.batches.retain(|stored, _| *stored != epoch && stored.checked_add(2) != Some(epoch));
            memory.outbox.retain(|(stored, _), _| stored.checked_add(2) != Some(epoch));
        })
    }

    fn put_prekey(&mut self, epoch: u64, index: u8, y: &Scalar, public: &PublicKey) -> Result<(), Broken> {
        let MemoryNodeStore { memory, faults } = self;
        faults.operate(|| {
            memory.batches.entry(epoch).or_default().prekeys.insert(index, (Some(*y.expose()), *public));
        })
    }

    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Broken> {
        let MemoryNodeStore { memory, faults } = self;
        faults.operate(|| {
            memory.batches.entry(epoch).or_default().committed = Some((batch.header().to_vec(), batch.token));
            memory.last_epoch = epoch;
        })
    }

    fn erase_prekey(&mut self, epoch: u64, index: u8) -> Result<(), Broken> {
        let MemoryNodeStore { memory, faults } = self;
        faults.operate(|| {
            if let Some((y, _)) = memory.batches.get_mut(&epoch).and_then(|batch| batch.prekeys.get_mut(&index)) {
                *y = None;
            }
        })
    }

    fn put_confirm(&mut self, epoch: u64, index: u8, initiate: &Hash, confirm: &[u8]) -> Result<(), Broken> {
        let MemoryNodeStore { memory, faults } = self;
        faults.operate(|| {
            memory.outbox.insert((epoch, index), (*initiate, confirm.to_vec()));
        })
    }

    fn confirm(&self, epoch: u64, index: u8, initiate: &Hash, out: &mut [u8]) -> Result<Option<usize>, Broken> {
        self.faults.operate(|| {
            let (_, confirm) = self.memory.outbox.get(&(epoch, index)).filter(|(digest, _)| digest == initiate)?;
            out[..confirm.len()].copy_from_slice(confirm);
            Some(confirm.len())
        })
    }

    fn drop_confirm(&mut self, epoch: u64, index: u8) -> Result<(), Broken> {
        let MemoryNodeStore { memory, faults } = self;
        faults.operate(|| {
            memory.outbox.remove(&(epoch, index));
        })
    }
}

/// One pending exchange on the client's medium.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredPending {
    /// H(CRED_N).
    pub node: Hash,
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
    /// Secret state.
    pub state: [u8; AWAITING],
    /// The message.
    pub initiate: Vec<u8>,
}

/// All that is on the client's medium.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientMemory {
    /// By H(CRED_N).
    pub highest_epoch: BTreeMap<Hash, u64>,
    /// By TH_3.
    pub pending: BTreeMap<Hash, StoredPending>,
}

/// A [`ClientStore`] in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryClientStore {
    memory: ClientMemory,
    /// Breaks and mends it.
    pub faults: Faults,
}

impl MemoryClientStore {
    /// What is on the medium.
    pub const fn memory(&self) -> &ClientMemory {
        &self.memory
    }

    /// An image of the medium.
    pub fn snapshot(&self) -> ClientMemory {
        self.memory.clone()
    }

    /// As if a batch of this epoch had been seen before.
    pub fn seen(&mut self, node: &Hash, epoch: u64) {
        self.memory.highest_epoch.insert(*node, epoch);
    }

    /// A sound store on this image.
    pub fn restore(image: ClientMemory) -> Self {
        MemoryClientStore { memory: image, faults: Faults::default() }
    }
}

impl ClientStore for MemoryClientStore {
    type Error = Broken;

    fn highest_epoch(&self, node: &Hash) -> Result<u64, Broken> {
        self.faults.operate(|| self.memory.highest_epoch.get(node).copied().unwrap_or_default())
    }

    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Broken> {
        let MemoryClientStore { memory, faults } = self;
        faults.operate(|| {
            memory.highest_epoch.insert(*pending.node, pending.epoch);
            let Pending { exchange, node, epoch, index, state, initiate } = *pending;
            let stored = StoredPending { node: *node, epoch, index, state: *state, initiate: initiate.to_vec() };
            memory.pending.insert(*exchange, stored);
        })
    }

    fn end(&mut self, exchange: &Hash) -> Result<(), Broken> {
        let MemoryClientStore { memory, faults } = self;
        faults.operate(|| {
            memory.pending.remove(exchange);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_comes_before_or_after_the_effect_and_stays() {
        for (fault, erased) in [(Fault::Before(1), false), (Fault::After(1), true)] {
            let mut store = MemoryNodeStore::default();
            store.memory.batches.entry(1).or_default().prekeys.insert(0, (Some([1; KEY]), [2; KEY]));
            store.faults.inject(fault);
            assert_eq!(store.last_epoch(), Ok(0));
            assert_eq!(store.erase_prekey(1, 0), Err(Broken));
            assert_eq!(store.last_epoch(), Err(Broken));
            assert_eq!(store.faults.operations(), 3);
            let after = MemoryNodeStore::restore(store.snapshot());
            assert_eq!(after.memory().batches[&1].prekeys[&0].0.is_none(), erased);
            assert_eq!(after.last_epoch(), Ok(0));
        }
    }

    #[test]
    fn a_third_batch_pushes_the_first_one_out_with_its_confirms() {
        let mut store = MemoryNodeStore::default();
        for epoch in 1..=3 {
            store.begin_batch(epoch).unwrap();
            store.commit_batch(epoch, &Batch::new(b"header", [0; TOKEN]).unwrap()).unwrap();
            store.put_confirm(epoch, 0, &[0; 32], b"confirm").unwrap();
        }
        assert!(store.batch(1).unwrap().is_none() && store.batch(2).unwrap().is_some());
        assert_eq!(store.memory().outbox.keys().copied().collect::<Vec<_>>(), [(2, 0), (3, 0)]);
    }
}
