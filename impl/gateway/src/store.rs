//! The durable store, behind a trait.
//!
//! The rules of the protocol run inside a transaction: they read and change records through [`Read`] and [`Write`], and the store decides
//! where a transaction runs and which of them share one commit. So the rules exist once, whatever the store is.

use crate::record::{Address, BatchRecord, ExchangeRecord, NodeId, NodeRecord, Place, Representation, RequestRecord};
use crate::refusal::Refusal;
use dke::crypto::Hash;
use std::future::Future;

/// Why the store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What is stored is not what was stored: nothing was changed, and nothing is thrown away.
    #[error("The store {0} is damaged: {1}. Nothing was changed; restore it from a backup.")]
    Damaged(String, String),
    /// Another process has it open.
    #[error("The store {0} is in use by another process.")]
    InUse(String),
    /// It is at its quota.
    #[error("The store is full.")]
    Full,
    /// The medium failed; the change was not made.
    #[error("The store failed: {0}.")]
    Failed(String),
}

/// Reads records, all from one moment.
pub trait Read {
    /// A registered node.
    fn node(&self, node: &NodeId) -> Result<Option<NodeRecord>, StoreError>;
    /// Registered nodes behind `after`, in the order of their identifiers.
    fn nodes(&self, after: Option<&NodeId>, limit: usize) -> Result<Vec<(NodeId, NodeRecord)>, StoreError>;
    /// How many nodes are registered.
    fn nodes_len(&self) -> Result<u64, StoreError>;
    /// Shows a stored batch where it is, without a copy. `false` if there is none.
    fn batch(&self, node: &NodeId, epoch: u64, see: &mut dyn FnMut(BatchRecord<'_>)) -> Result<bool, StoreError>;
    /// An exchange whose Initiate is stored.
    fn exchange(&self, place: &Place) -> Result<Option<ExchangeRecord>, StoreError>;
    /// Indices of a batch for which an Initiate is stored.
    fn taken(&self, node: &NodeId, epoch: u64) -> Result<Vec<u8>, StoreError>;
    /// Places of the Initiates that wait for a node, oldest batch first.
    fn waiting(&self, node: &NodeId, limit: usize) -> Result<Vec<Place>, StoreError>;
    /// Places of a node's exchanges that do not wait, oldest batch first.
    fn answered(&self, node: &NodeId) -> Result<Vec<Place>, StoreError>;
    /// Nodes that registered themselves from this address.
    fn registered_by(&self, by: &Address, limit: usize) -> Result<Vec<NodeId>, StoreError>;
    /// Bytes of what is stored for all of them.
    fn bytes_by(&self, by: &Address) -> Result<u64, StoreError>;
    /// Exchanges that are due after `up` seconds or later, last ones first.
    fn due_after(&self, up: u64, limit: usize) -> Result<Vec<(u64, Place)>, StoreError>;
    /// Requests that are due after `up` seconds or later, last ones first.
    fn requests_due_after(&self, up: u64, limit: usize) -> Result<Vec<(u64, NodeId, u64)>, StoreError>;
    /// Exchanges that are due to be forgotten before `up`, in seconds for which gateways have run: when each was due, and where it is.
    fn due(&self, up: u64, limit: usize) -> Result<Vec<(u64, Place)>, StoreError>;
    /// A node's sealed representation.
    fn representation(&self, node: &NodeId, name: &str) -> Result<Option<Representation>, StoreError>;
    /// A client's request to a node.
    fn request(&self, node: &NodeId, number: u64) -> Result<Option<RequestRecord>, StoreError>;
    /// The number of the stored request with this digest.
    fn request_number(&self, node: &NodeId, digest: &Hash) -> Result<Option<u64>, StoreError>;
    /// Numbers of the requests that wait for a node, in order.
    fn requests_waiting(&self, node: &NodeId, limit: usize) -> Result<Vec<u64>, StoreError>;
    /// Numbers of the requests that a node has answered, in order.
    fn requests_answered(&self, node: &NodeId, limit: usize) -> Result<Vec<u64>, StoreError>;
    /// Requests that are due to be forgotten before `up`: when each was due, and which it is.
    fn requests_due(&self, up: u64, limit: usize) -> Result<Vec<(u64, NodeId, u64)>, StoreError>;
}

/// Changes records. Changes of one transaction become durable together, or not at all.
pub trait Write: Read {
    /// `Full` if nothing more is to be taken in. To be asked by a change that adds something, before it changes anything.
    fn room(&self) -> Result<(), StoreError>;
    /// Writes down for how many seconds gateways have run over this store.
    fn put_uptime(&mut self, up: u64) -> Result<(), StoreError>;
    /// Stores or replaces a node; one that registered itself is counted for its address.
    fn put_node(&mut self, node: &NodeId, record: &NodeRecord) -> Result<(), StoreError>;
    /// Removes a node that has nothing but its credential.
    fn remove_node(&mut self, node: &NodeId, record: &NodeRecord) -> Result<(), StoreError>;
    /// Stores or replaces a batch.
    fn put_batch(&mut self, node: &NodeId, epoch: u64, record: &BatchRecord<'_>) -> Result<(), StoreError>;
    /// Removes a batch. Nothing happens if there is none.
    fn remove_batch(&mut self, node: &NodeId, epoch: u64) -> Result<(), StoreError>;
    /// Stores or replaces an exchange; it is in its node's queue as long as it [waits](ExchangeRecord::waits).
    fn put_exchange(&mut self, place: &Place, record: &ExchangeRecord) -> Result<(), StoreError>;
    /// Removes an exchange. `false` if there was none.
    fn remove_exchange(&mut self, place: &Place) -> Result<bool, StoreError>;
    /// Notes when an exchange is to be forgotten.
    fn put_due(&mut self, at: u64, place: &Place) -> Result<(), StoreError>;
    /// Drops that note.
    fn remove_due(&mut self, at: u64, place: &Place) -> Result<(), StoreError>;
    /// Stores or replaces a sealed representation.
    fn put_representation(&mut self, node: &NodeId, name: &str, record: &Representation) -> Result<(), StoreError>;
    /// Removes it. `false` if there was none.
    fn remove_representation(&mut self, node: &NodeId, name: &str) -> Result<bool, StoreError>;
    /// Stores or replaces a request; it is in its node's queue as long as it has no response.
    fn put_request(&mut self, node: &NodeId, number: u64, record: &RequestRecord) -> Result<(), StoreError>;
    /// Removes a request. `false` if there was none.
    fn remove_request(&mut self, node: &NodeId, number: u64) -> Result<bool, StoreError>;
    /// Notes when a request is to be forgotten.
    fn put_request_due(&mut self, at: u64, node: &NodeId, number: u64) -> Result<(), StoreError>;
    /// Drops that note.
    fn remove_request_due(&mut self, at: u64, node: &NodeId, number: u64) -> Result<(), StoreError>;
}

/// A change: the rules of one step.
pub trait Change<T>: FnOnce(&mut dyn Write) -> Result<T, Refusal> + Send + 'static {}

impl<T, F: FnOnce(&mut dyn Write) -> Result<T, Refusal> + Send + 'static> Change<T> for F {}

/// A durable, transactional store.
pub trait Store: Send + Sync + 'static {
    /// Which start of a gateway over this store this is: counted from 1, durable before the store is used.
    fn start(&self) -> u64;

    /// For how many seconds gateways had run over this store when that was [written down](Write::put_uptime) last.
    fn uptime(&self) -> u64;

    /// Reads from the last commit.
    fn read<T>(&self, query: impl FnOnce(&dyn Read) -> Result<T, Refusal>) -> Result<T, Refusal>;

    /// Runs a change in a transaction. When it resolves to `Ok`, the change is durable: it survives the end of the process and a loss of
    /// power. A change that refuses must not have changed anything before. `Busy` if too many changes wait.
    fn write<T: Send + 'static>(&self, change: impl Change<T>) -> impl Future<Output = Result<T, Refusal>> + Send;

    /// Resolves when nothing can be written any more until the store is opened anew, and says why.
    fn failure(&self) -> impl Future<Output = StoreError> + Send;
}
