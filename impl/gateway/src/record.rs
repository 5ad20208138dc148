//! What the store keeps: records in CBOR, keyed by node, epoch and index.

use dke::crypto::Hash;
use dke::params::HASH;
use dke_coap::names::NODE_ID;
use dke_coap::subscriber;
use minicbor::{Decode, Encode};
use std::net::IpAddr;

/// A node's identifier: the first 16 bytes of H(CRED_N).
pub type NodeId = [u8; NODE_ID];

/// The identifier of the node with this H(CRED_N).
pub fn node_id(hash: &Hash) -> NodeId {
    hash.first_chunk().copied().unwrap_or_default()
}

/// An exchange's place: which node, which batch, which prekey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Of the node.
    pub node: NodeId,
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
}

/// A registered node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NodeRecord {
    /// CRED_N.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub credential: Vec<u8>,
    /// The newest batch last; at most two.
    #[n(1)]
    pub batches: Vec<BatchInfo>,
    /// Sealed representations.
    #[n(2)]
    pub representations: u32,
    /// Requests that have come so far: the next one's number.
    #[cbor(n(3), default)]
    pub requests: u64,
    /// The address from which it registered itself, an IPv4 one mapped into IPv6; none where the operator did.
    #[cbor(n(4), default, with = "minicbor::bytes")]
    pub by: Option<Address>,
    /// Of the newest batch, if the node has given one.
    #[n(5)]
    pub admission: Option<Admission>,
}

/// Tells the clients of one batch from strangers.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Admission {
    /// Of the batch.
    #[n(0)]
    pub epoch: u64,
    /// K_epoch.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub key: [u8; HASH],
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admission").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// What is needed of a batch at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BatchInfo {
    /// Counts batches from 1.
    #[n(0)]
    pub epoch: u64,
    /// 2^depth prekeys.
    #[n(1)]
    pub depth: u8,
    /// UNIX seconds.
    #[n(2)]
    pub not_after: u64,
    /// SHA-256 of the mailbox token.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub mailbox: Hash,
    /// Indices below this may have been handed out, and some beyond for every start since: after a restart they count as leased.
    #[n(4)]
    pub reserved: u16,
    /// The [start](crate::store::Store::start) at which that was written.
    #[n(6)]
    pub start: u64,
    /// When it was stored, UNIX seconds.
    #[n(5)]
    pub stored: u64,
}

/// A Publication and the tree over its prekeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BatchRecord<'a> {
    /// As the node sent it.
    #[cbor(b(0), with = "minicbor::bytes")]
    pub publication: &'a [u8],
    /// The tree's hashes, level by level from the leaves up, without the root: 32 bytes each.
    #[cbor(b(1), with = "minicbor::bytes")]
    pub tree: &'a [u8],
}

/// An Initiate and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ExchangeRecord {
    /// When the Initiate was stored, UNIX seconds.
    #[n(0)]
    pub stored: u64,
    /// The node has discarded it: it does not wait any more.
    #[n(1)]
    pub discarded: bool,
    /// As the client sent it.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub initiate: Vec<u8>,
    /// As the node sent them.
    #[n(3)]
    pub confirms: Vec<Message>,
    /// Who sent the Initiate.
    #[cbor(n(4), default, with = "minicbor::bytes")]
    pub by: Address,
}

impl ExchangeRecord {
    /// Does the node have to answer it?
    pub fn waits(&self) -> bool {
        !self.discarded && self.confirms.is_empty()
    }
}

/// A message's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Message(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

/// A sealed representation: ciphertext for clients that know how to open it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Representation {
    /// When it was stored, UNIX seconds.
    #[n(0)]
    pub stored: u64,
    /// As the node sent it.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A client's request to a node, and the node's response.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RequestRecord {
    /// When the request was stored, UNIX seconds.
    #[n(0)]
    pub stored: u64,
    /// SHA-256 of the request, as the node gets it.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub digest: Hash,
    /// How far it is.
    #[n(2)]
    pub state: RequestState,
}

/// How far a request is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RequestState {
    /// It waits for the node.
    #[n(0)]
    Waits {
        /// Who asks: the subscriber's address, an IPv4 one mapped into IPv6.
        #[cbor(n(0), with = "minicbor::bytes")]
        by: Address,
        /// The request, as the node gets it.
        #[cbor(n(1), with = "minicbor::bytes")]
        request: Vec<u8>,
    },
    /// The node has answered; the request is not needed any more.
    #[n(1)]
    Answered {
        /// The response, as the node sent it.
        #[cbor(n(0), with = "minicbor::bytes")]
        response: Vec<u8>,
        /// Who asks.
        #[cbor(n(1), default, with = "minicbor::bytes")]
        by: Address,
        /// The node protected it, and the client has not collected it yet: nobody's request takes its place.
        #[cbor(n(2), default)]
        awaited: bool,
    },
}

impl RequestRecord {
    /// The node's response, if there is one.
    pub fn response(&self) -> Option<&[u8]> {
        match &self.state {
            RequestState::Answered { response, .. } => Some(response),
            RequestState::Waits { .. } => None,
        }
    }

    /// Who is to have the place that it takes: nobody, if another request may take it.
    pub fn held_by(&self) -> Option<Address> {
        match &self.state {
            RequestState::Waits { by, .. } | RequestState::Answered { by, awaited: true, .. } => Some(*by),
            RequestState::Answered { .. } => None,
        }
    }

    /// Who has not collected the response yet.
    pub fn awaited_by(&self) -> Option<Address> {
        self.response().and_then(|_| self.held_by())
    }
}

/// A subscriber's address: an IPv4 one mapped into IPv6, or an IPv6 network.
pub type Address = [u8; 16];

/// As it is stored.
pub(crate) fn mapped(address: IpAddr) -> Address {
    match subscriber(address) {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}
