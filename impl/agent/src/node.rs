//! The node's side: what an application and a store bring to a wake-up.

use crate::budget::Budget;
use crate::gateway::Gateway;
use crate::serving::{Kept, Opened, Remote};
use coap_lite::Packet;
use dke::call::Number;
use dke::crypto::Hash;
use dke::key_schedule::EarlySecret;
use dke::node::{Node, Peer};
use dke::stock::{Allowance, Limits, Rate};
use dke::store::NodeStore;
use dke::{Mode, Session};
use dke_app::Exchange;
use std::future::Future;

/// A call that is to be carried out.
pub struct Call<'a> {
    /// Who calls.
    pub peer: &'a Peer,
    /// Tells it from all other calls of this peer.
    pub number: &'a Number,
    /// 0..1011 bytes.
    pub data: &'a [u8],
    /// What the answer will be.
    pub mode: Mode,
}

/// Answers calls. A call is given to it once, over however many exchanges it comes (section 18.2).
pub trait Handler {
    /// The answer, at most 1,019 bytes. `None` if it cannot say whether the call was carried out: the client is told so.
    fn answer(&mut self, call: &Call<'_>) -> impl Future<Output = Option<Vec<u8>>> + Send;

    /// The answer is stored, and about to be sent: the keys of both kinds may be used.
    fn established(&mut self, _peer: &Peer, _early: &EarlySecret, _session: &Session) {}

    /// The response to a request (section 16), which is asked once: a payload of at most [`RESPONSE_MAX`](crate::serving::RESPONSE_MAX) bytes. `None` if this node serves
    /// none: 5.01.
    fn serve(&mut self, _request: &Opened<'_>) -> impl Future<Output = Option<Packet>> + Send {
        async { None }
    }
}

/// A Confirm in the outbox.
pub struct Unsent {
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
    /// The message.
    pub confirm: Vec<u8>,
}

/// A call that begins.
pub struct Numbered<'a> {
    /// H(CRED_C).
    pub client: &'a Hash,
    /// The client's number.
    pub number: &'a Number,
    /// SHA-256 of the early data.
    pub digest: &'a Hash,
    /// Of the exchange.
    pub epoch: u64,
}

/// What has become of a batch's prekeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Erased: an authentic Initiate came.
    pub used: u16,
    /// Not erased, but the gateway has an Initiate for them that was rejected, and no other one will come.
    pub rejected: u16,
}

/// What a node remembers from wake-up to wake-up, besides its prekeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Wake-ups without a clock.
    pub wakes: u64,
    /// Which of them the newest batch was made at.
    pub made: u64,
    /// What is left of the [`Rate`].
    pub allowance: Allowance,
}

/// What an agent needs of the node's store besides the protocol's own.
pub trait Ledger: NodeStore<Error: std::fmt::Debug + std::fmt::Display> {
    /// Confirms that the gateway has not acknowledged.
    fn outbox(&self) -> Result<Vec<Unsent>, Self::Error>;
    /// What has become of the prekeys of a batch that is stored.
    fn counts(&self, epoch: u64) -> Result<Counts, Self::Error>;
    /// Marks a prekey, durably: the Initiate that the gateway has for it was rejected. Nothing happens if it is erased, or there is none.
    fn reject(&mut self, epoch: u64, index: u8) -> Result<(), Self::Error>;
    /// Is it marked?
    fn is_rejected(&self, epoch: u64, index: u8) -> Result<bool, Self::Error>;
    /// What is remembered from wake-up to wake-up; the default before the first.
    fn upkeep(&self) -> Result<Upkeep, Self::Error>;
    /// Remembers it, durably.
    fn set_upkeep(&mut self, upkeep: &Upkeep) -> Result<(), Self::Error>;
    /// The epoch whose Publication the gateway acknowledged last; 0 for none.
    fn acknowledged(&self) -> Result<u64, Self::Error>;
    /// The gateway has acknowledged the Publication of this epoch.
    fn set_acknowledged(&mut self, epoch: u64) -> Result<(), Self::Error>;
    /// The numbers of calls that are kept, in any order. They are dropped when a batch begins for which [`dke::call::is_kept`] does not
    /// hold any more.
    fn calls(&self) -> impl Iterator<Item = dke::call::Kept<'_>>;
    /// Keeps a number, durably. Only after this the call is carried out.
    fn begin_call(&mut self, call: &Numbered<'_>) -> Result<(), Self::Error>;
    /// The answer to a call that has begun: it becomes durable with [`keep`](Self::keep).
    fn settle_call(&mut self, client: &Hash, number: &Number, answer: &[u8]) -> Result<(), Self::Error>;

    /// Makes a session durable, together with the Confirm that was just put, and the answer to its call. Only after this the Confirm is sent.
    fn keep(&mut self, peer: &Peer, early: &[u8; 32], session: &Session) -> Result<(), Self::Error>;

    /// This end of the exchanges whose keys are kept, newest first, with the other end. What is changed in them becomes durable with
    /// [`keep_request`](Self::keep_request).
    fn exchanges(&mut self) -> Vec<(Remote, Exchange<'_>)>;
    /// How far the request with this SHA-256 is.
    fn kept(&self, request: &Hash) -> Result<Option<Kept>, Self::Error>;
    /// Makes it durable, in one with the exchanges.
    fn keep_request(&mut self, request: &Hash, kept: Kept) -> Result<(), Self::Error>;
    /// The gateway has acknowledged the response.
    fn forget_request(&mut self, request: &Hash) -> Result<(), Self::Error>;
}

/// How a node behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What a new batch is like.
    pub suite: dke::Suite,
    /// 2^depth prekeys.
    pub depth: dke::Depth,
    /// When a batch is replaced.
    pub limits: Limits,
    /// How often, at most, where no client has come.
    pub rate: Rate,
    /// What a wake-up may cost.
    pub budget: Budget,
    /// not_after of a batch that is made without a clock, UNIX seconds.
    pub end: u64,
    /// Does it register and publish? A node that leaves a gateway only answers there.
    pub mends: bool,
}

/// A node on the network.
pub struct NodeAgent<'a, T> {
    /// Where it leaves its prekeys.
    pub gateway: Gateway,
    /// Who it is.
    pub node: Node<'a>,
    /// Whom it trusts.
    pub trust: T,
    /// How it behaves.
    pub settings: Settings,
}
