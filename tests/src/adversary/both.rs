//! Specification and implementation side by side: they must agree on everything at every step, errors included.

use super::implementation::Implementation;
use super::side::{Answered, Batch, Begun, Cast, Done, Key, Loss, Pending, Reply, Side, Stop, Wish};
use super::specification::Specification;
use crate::memory_store::{ClientMemory, NodeMemory};
use dke_spec::weakening::Weakening;
use std::fmt::Debug;

/// Both sides, and where they differed first.
#[derive(Clone)]
pub struct Both {
    specification: Specification,
    implementation: Implementation,
    difference: Option<String>,
}

impl Both {
    /// Nothing has happened yet.
    pub fn new(cast: &Cast) -> Self {
        Both {
            specification: Specification::new(cast, Weakening::NONE),
            implementation: Implementation::new(cast),
            difference: None,
        }
    }

    fn same<T: PartialEq + Debug>(&mut self, step: &str, specification: T, implementation: T) -> T {
        if specification != implementation {
            self.differ(format!("{step}: specification {specification:?}, implementation {implementation:?}"));
        }
        implementation
    }

    fn differ(&mut self, difference: String) {
        self.difference.get_or_insert(difference);
    }

    fn same_node(&mut self, step: &str, node: usize) {
        if self.specification.node_memory(node) != self.implementation.node_memory(node) {
            self.differ(format!("{step}: what the node n{node} has stored"));
        }
    }

    fn same_client(&mut self, step: &str, client: usize) {
        if self.specification.client_memory(client) != self.implementation.client_memory(client) {
            self.differ(format!("{step}: what the client c{client} has stored"));
        }
    }
}

impl Side for Both {
    fn publish(&mut self, node: usize, batch: &Batch) -> Vec<u8> {
        let (left, right) = (self.specification.publish(node, batch), self.implementation.publish(node, batch));
        self.same_node("N1", node);
        self.same("N1", left, right)
    }

    fn pin(&mut self, node: usize, credential: &[u8]) {
        self.specification.pin(node, credential);
        self.implementation.pin(node, credential);
    }

    fn take(&mut self, client: usize, cwt: &[u8]) -> Result<(), Stop> {
        let (left, right) = (self.specification.take(client, cwt), self.implementation.take(client, cwt));
        self.same("A1", left, right)
    }

    fn initiate(&mut self, client: usize, wish: &Wish) -> Result<Begun, Stop> {
        let (left, right) = (self.specification.initiate(client, wish), self.implementation.initiate(client, wish));
        self.same_client("C1", client);
        self.same("C1", left, right)
    }

    fn deliver(&mut self, node: usize, initiate: &[u8], reply: &Reply) -> Result<Answered, Stop> {
        let left = self.specification.deliver(node, initiate, reply);
        let right = self.implementation.deliver(node, initiate, reply);
        self.same_node("N2, N3", node);
        self.same("N2, N3", left, right)
    }

    fn finish(&mut self, client: usize, exchange: Pending, confirm: &[u8], loss: Option<Loss>) -> Result<Done, Stop> {
        let left = self.specification.finish(client, exchange, confirm, loss);
        let right = self.implementation.finish(client, exchange, confirm, loss);
        self.same_client("C2", client);
        self.same("C2", left, right)
    }

    fn acknowledged(&mut self, node: usize, epoch: u64, index: u8) {
        self.specification.acknowledged(node, epoch, index);
        self.implementation.acknowledged(node, epoch, index);
        self.same_node("N4", node);
    }

    fn restart_node(&mut self, node: usize) {
        self.implementation.restart_node(node);
        self.same_node("a restart", node);
    }

    fn restart_client(&mut self, client: usize) {
        self.implementation.restart_client(client);
        self.same_client("a restart", client);
    }

    fn stolen(&self, node: usize, epoch: u64, index: u8) -> Option<Key> {
        self.implementation.stolen(node, epoch, index)
    }

    fn node_memory(&self, node: usize) -> NodeMemory {
        self.implementation.node_memory(node)
    }

    fn client_memory(&self, client: usize) -> ClientMemory {
        self.implementation.client_memory(client)
    }

    fn difference(&self) -> Option<String> {
        self.difference.clone()
    }
}
