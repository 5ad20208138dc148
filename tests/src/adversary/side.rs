//! What drives the honest parties: the implementation, the specification, or both.

use crate::memory_store::{ClientMemory, NodeMemory};
use dke::crypto::Hash;

/// A secret scalar or a public key, 32 bytes.
pub type Key = [u8; 32];

/// Who the honest parties are. All nodes pin the authority.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Credential, key, and whether it insists on refresh.
    pub nodes: Vec<(Vec<u8>, Key, bool)>,
    /// Credential and key.
    pub clients: Vec<(Vec<u8>, Key)>,
    /// The authority's credential.
    pub authority: Vec<u8>,
}

/// When power is lost in a step that stores something: just before or just after it was stored, so that the step's result is
/// lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// Nothing is stored.
    Before,
    /// It is stored, but nobody was told.
    After,
}

/// When power is lost while an Initiate is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnswerLoss {
    /// At the erasure of y (N2).
    Erasure(Loss),
    /// At the storing of Confirm (N3).
    Confirm(Loss),
}

/// Why a step came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// By the name of the rejection.
    Rejected(String),
    /// Power was lost.
    PowerLost,
}

/// What is random and what is decided in N1.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "PROTOCOL.md, N1")]
pub struct Batch {
    pub suite: u64,
    pub depth: u64,
    pub token: [u8; 16],
    pub ys: Vec<Key>,
}

/// What a client wants of C1.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "PROTOCOL.md, C1")]
pub struct Wish {
    /// Credential.
    pub node: Vec<u8>,
    pub offer: Vec<u8>,
    pub refresh: bool,
    pub early: Vec<u8>,
    pub x: Key,
    pub loss: Option<Loss>,
}

/// What C1 gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "PROTOCOL.md, C1")]
pub struct Begun {
    pub initiate: Vec<u8>,
    pub early_secret: Vec<u8>,
}

/// What N2 and N3 take beside the Initiate.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "PROTOCOL.md, N3")]
pub struct Reply {
    pub data: Vec<u8>,
    pub z: Key,
    pub loss: Option<AnswerLoss>,
}

/// What N2 and N3 give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The Confirm of before.
    Repeated(Vec<u8>),
    /// The Initiate was accepted.
    Accepted(Accepted),
}

/// An accepted Initiate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "PROTOCOL.md, N2 and N3")]
pub struct Accepted {
    /// H(CRED_C).
    pub client: Hash,
    pub early: Vec<u8>,
    pub early_secret: Vec<u8>,
    pub refresh: bool,
    /// Confirm and session secret; none if power was lost before.
    pub confirmed: Option<(Vec<u8>, Vec<u8>)>,
}

/// What C2 gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "PROTOCOL.md, C2")]
pub struct Done {
    pub answer: Vec<u8>,
    pub session_secret: Vec<u8>,
    pub refresh: bool,
}

/// By what a client tells its pending exchanges apart: TH_3.
pub type Pending = Hash;

/// The honest parties. After a loss of power a party restarts with what it has stored.
pub trait Side {
    /// N1.
    fn publish(&mut self, node: usize, batch: &Batch) -> Vec<u8>;
    /// The node's owner pins a client.
    fn pin(&mut self, node: usize, credential: &[u8]);
    /// A client takes a CWT for its key into use.
    fn take(&mut self, client: usize, cwt: &[u8]) -> Result<(), Stop>;
    /// C1.
    fn initiate(&mut self, client: usize, wish: &Wish) -> Result<Begun, Stop>;
    /// N2 and N3.
    fn deliver(&mut self, node: usize, initiate: &[u8], reply: &Reply) -> Result<Answered, Stop>;
    /// C2.
    fn finish(&mut self, client: usize, exchange: Pending, confirm: &[u8], loss: Option<Loss>) -> Result<Done, Stop>;
    /// N4.
    fn acknowledged(&mut self, node: usize, epoch: u64, index: u8);
    /// A node loses power between two steps.
    fn restart_node(&mut self, node: usize);
    /// A client loses power between two steps.
    fn restart_client(&mut self, client: usize);
    /// What a thief of the node's store finds: y.
    fn stolen(&self, node: usize, epoch: u64, index: u8) -> Option<Key>;
    /// What the node has stored.
    fn node_memory(&self, node: usize) -> NodeMemory;
    /// What the client has stored.
    fn client_memory(&self, client: usize) -> ClientMemory;
    /// Where two sides differ, if there are two.
    fn difference(&self) -> Option<String> {
        None
    }
}
