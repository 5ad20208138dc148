//! The gateway: the steps of PROTOCOL.md over a store.

mod offers;
mod requests;

use crate::batches::Batches;
use crate::bells::{Bells, Topic};
use crate::leases::Leases;
use crate::policy::Policy;
use crate::puzzle::Puzzles;
use crate::quota::Quota;
use crate::record::{NodeId, NodeRecord, Place, Representation, node_id};
use crate::refusal::Refusal;
use crate::steps::{self, Kept};
use crate::store::{Read, Store, StoreError, Write};
use crate::sweep;
use crate::time::{Now, Uptime, until};
use crate::wakes::Wakes;
use dke::gateway::{Known, Verified, verify_publication};
use dke::stock::Stock;
use dke::{Credential, Depth, Reject, RustCrypto};
use dke_coap::{Shares, subscriber};
use rand_core::CryptoRngCore;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

pub use requests::Asked;

/// Rounds in which an Offer is found or the reason why there is none.
const ROUNDS: usize = 8;

/// The wall clock: UNIX seconds.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A gateway. It is shared by its faces.
pub struct Gateway<S> {
    store: Arc<S>,
    policy: Arc<Policy>,
    leases: Arc<Leases>,
    batches: Batches,
    quota: Quota,
    wakes: Wakes,
    bells: Bells,
    puzzles: Option<Puzzles>,
    /// Clients that wait for a response.
    held: Shares,
    clock: Clock,
    uptime: Uptime,
}

/// What anyone may know of a node.
#[derive(Clone, Debug)]
pub struct NodeState {
    /// Its identifier.
    pub id: NodeId,
    /// Its name.
    pub subject: String,
    /// Of the newest batch; 0 if there is none.
    pub epoch: u64,
    /// Prekeys of the newest batch.
    pub prekeys: u16,
    /// Prekeys that can be handed out; `None` if nobody has asked since the gateway started.
    pub left: Option<u16>,
    /// End of the newest batch, UNIX seconds.
    pub not_after: Option<u64>,
    /// When the newest batch came, UNIX seconds.
    pub published: Option<u64>,
    /// Initiates that wait for it.
    pub waiting: u32,
    /// Requests that wait for it.
    pub requests: usize,
    /// When it was awake last, as far as is known.
    pub awake: Option<u64>,
    /// Seconds until its next wake-up, if it keeps its habits.
    pub next_wake: Option<u64>,
}

/// Sums over all nodes.
#[derive(Clone, Copy, Debug)]
pub struct Totals {
    /// Registered nodes.
    pub nodes: u64,
    /// Leases that are not over yet.
    pub leases: usize,
}

impl<S: Store> Gateway<S> {
    /// A gateway over this store. The random source gives it secrets of its own, anew at each start.
    pub fn new(store: S, policy: Policy, clock: Clock, random: &mut impl CryptoRngCore) -> Self {
        Gateway {
            leases: Arc::new(Leases::new(store.start())),
            uptime: Uptime::new(store.uptime()),
            store: Arc::new(store),
            held: Shares::new(policy.held_max, policy.held_per_address),
            batches: Batches::new(policy.ready_max),
            policy: Arc::new(policy),
            quota: Quota::new(),
            wakes: Wakes::default(),
            bells: Bells::default(),
            // Without randomness there are no puzzles that anyone could trust to be hard: none is set, and the limits do what they can.
            puzzles: Puzzles::new(random).ok(),
            clock,
        }
    }

    /// Its limits.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// UNIX seconds.
    pub fn now(&self) -> u64 {
        (self.clock)()
    }

    /// For how long gateways have run over this store.
    fn up(&self) -> Duration {
        self.uptime.get()
    }

    /// This moment by both clocks.
    fn moment(&self) -> Now {
        Now { up: self.up(), date: self.now() }
    }

    /// Call once per request: `TooMany` if this address has made too many. What can be forged, and what cannot (`proven`: over TCP, or with
    /// an Echo value), is counted apart, so that nobody uses up another one's requests in his name.
    pub fn admit(&self, address: IpAddr, proven: bool) -> Result<(), Refusal> {
        let allowed = self.quota.allow((subscriber(address), proven), self.up().as_secs(), &self.policy);
        if allowed { Ok(()) } else { Err(Refusal::TooMany(1)) }
    }

    /// Registers a node by its credential, for the operator.
    pub async fn register(&self, bytes: &[u8]) -> Result<(NodeId, Kept), Refusal> {
        self.register_by(None, bytes).await
    }

    /// A node registers itself from this address, where the policy is `open`: one address may do so for a share of the nodes, and a node
    /// that then publishes nothing is forgotten.
    pub async fn register_from(&self, by: IpAddr, bytes: &[u8]) -> Result<(NodeId, Kept), Refusal> {
        self.register_by(Some(subscriber(by)), bytes).await
    }

    async fn register_by(&self, by: Option<IpAddr>, bytes: &[u8]) -> Result<(NodeId, Kept), Refusal> {
        let hash = *Credential::parse(bytes)?.hash();
        let (bytes, up, policy) = (bytes.to_vec(), self.up().as_secs(), self.policy.clone());
        let kept = self.store.write(move |records| steps::register(records, bytes, &hash, by, up, &policy)).await?;
        Ok((node_id(&hash), kept))
    }

    /// G1. The signature is verified outside of the transaction.
    pub async fn publish(&self, node: &NodeId, bytes: &[u8]) -> Result<Kept, Refusal> {
        for _ in 0..ROUNDS {
            let now = self.moment();
            let (seen, stored) = self.store.read(|records| {
                let seen = steps::node(records, node)?;
                let mut stored = Vec::new();
                for batch in &seen.batches {
                    records.batch(node, batch.epoch, &mut |batch| stored.push(batch.publication.to_vec()))?;
                }
                Ok((seen, stored))
            })?;
            let publications: Vec<&[u8]> = stored.iter().map(Vec::as_slice).collect();
            let highest_epoch = seen.batches.last().map_or(0, |batch| batch.epoch);
            let known = Known { publications: &publications, highest_epoch };
            let header = match verify_publication::<RustCrypto>(bytes, &steps::credential(&seen)?, &known, now.date)? {
                Verified::Same(_) => {
                    self.wakes.awake(node, now.up);
                    return Ok(Kept::Same);
                }
                Verified::New(header, _) => header,
            };
            let (id, new, leases, policy) = (*node, bytes.to_vec(), self.leases.clone(), self.policy.clone());
            let change = move |records: &mut dyn Write| {
                // From here on the leases follow what is written: who reads an older state cannot put it in their place.
                let record = steps::node(records, &id)?;
                steps::load(records, &leases, &id, &record, now.up, &policy)?;
                steps::room(records, &record, &policy)?;
                let stored = steps::publish(records, &leases, &id, &seen, &header, new, now.date)?;
                steps::forget_oldest(records, &id, &policy)?;
                Ok(stored)
            };
            if self.store.write(change).await? {
                self.wakes.awake(node, now.up);
                return Ok(Kept::New);
            }
        }
        Err(Refusal::Busy(1))
    }

    /// Seconds after which another try may succeed: a lease comes back, or the node wakes up.
    fn retry(&self, node: &NodeId, back: Option<Duration>, now: Duration) -> u64 {
        let wake = self.wakes.next_in(node, now);
        let lease = back.map(|back| until(back, now));
        wake.into_iter().chain(lease).min().unwrap_or(self.policy.retry_after).max(1)
    }

    /// G3: an Initiate that came from there.
    pub async fn queue(&self, node: &NodeId, by: IpAddr, bytes: &[u8]) -> Result<(Place, Kept), Refusal> {
        let (id, by, bytes, now) = (*node, subscriber(by), bytes.to_vec(), self.moment());
        let (leases, policy) = (self.leases.clone(), self.policy.clone());
        let change = move |records: &mut dyn Write| steps::queue(records, &leases, &id, by, bytes, now, &policy);
        let queued = self.store.write(change).await;
        match queued {
            Ok((place, kept)) => {
                if kept == Kept::New {
                    self.bells.ring(&Topic::Mailbox(*node));
                }
                Ok((place, kept))
            }
            Err(Refusal::Rejected(Reject::QueueFull)) => {
                Err(Refusal::Later(Reject::QueueFull, self.retry(node, None, now.up)))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// The Initiates that wait for a node, oldest batch first, as a CBOR sequence; what does not fit comes when these are gone.
    pub fn mailbox(&self, node: &NodeId, token: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mail = self.store.read(|records| {
            steps::check_token(&steps::node(records, node)?, token)?;
            let mut mail = Vec::new();
            for place in records.waiting(node, self.policy.queue_max.try_into().unwrap_or(usize::MAX))? {
                let Some(exchange) = records.exchange(&place)? else { continue };
                if !mail.is_empty() && mail.len().saturating_add(exchange.initiate.len()) > self.policy.sequence_max {
                    break;
                }
                mail.extend_from_slice(&exchange.initiate);
            }
            Ok(mail)
        })?;
        self.wakes.awake(node, self.up());
        Ok(mail)
    }

    /// The node has rejected an Initiate.
    pub async fn discard(&self, place: &Place, token: &[u8]) -> Result<(), Refusal> {
        let (at, token, leases) = (*place, token.to_vec(), self.leases.clone());
        self.store.write(move |records| steps::discard(records, &leases, &at, &token)).await?;
        self.bells.ring(&Topic::Confirms(*place));
        self.wakes.awake(&place.node, self.up());
        Ok(())
    }

    /// G4.
    pub async fn confirm(&self, node: &NodeId, token: &[u8], bytes: &[u8]) -> Result<(Place, Kept), Refusal> {
        let (id, token, bytes) = (*node, token.to_vec(), bytes.to_vec());
        let (leases, policy) = (self.leases.clone(), self.policy.clone());
        let change = move |records: &mut dyn Write| steps::confirm(records, &leases, &id, &token, bytes, &policy);
        let kept = self.store.write(change).await?;
        self.wakes.awake(node, self.up());
        if kept.1 == Kept::New {
            self.bells.ring(&Topic::Confirms(kept.0));
        }
        Ok(kept)
    }

    /// The Confirms of an exchange, as a CBOR sequence: empty while the node sleeps. `NotFound` if there is no such exchange, or none
    /// that the node will answer.
    pub fn confirms(&self, place: &Place) -> Result<Vec<u8>, Refusal> {
        self.store.read(|records| {
            let exchange = records.exchange(place)?.ok_or(Refusal::NotFound)?;
            if exchange.discarded && exchange.confirms.is_empty() {
                return Err(Refusal::NotFound);
            }
            Ok(exchange.confirms.into_iter().flat_map(|confirm| confirm.0).collect())
        })
    }

    /// Keeps a sealed representation for the node's clients.
    pub async fn put_representation(
        &self,
        node: &NodeId,
        name: &str,
        token: &[u8],
        bytes: &[u8],
    ) -> Result<Kept, Refusal> {
        if bytes.len() > self.policy.representation_max {
            return Err(Refusal::TooLarge);
        }
        let (id, token, policy) = (*node, token.to_vec(), self.policy.clone());
        let (name, new) = (name.to_string(), Representation { stored: self.now(), bytes: bytes.to_vec() });
        let topic = Topic::Representation(id, name.clone());
        let change =
            move |records: &mut dyn Write| steps::put_representation(records, &id, &name, &token, &new, &policy);
        let kept = self.store.write(change).await?;
        self.bells.ring(&topic);
        Ok(kept)
    }

    /// A sealed representation, and its age in seconds.
    pub fn representation(&self, node: &NodeId, name: &str) -> Result<(Vec<u8>, u64), Refusal> {
        let now = self.now();
        self.store.read(|records| {
            let found = records.representation(node, name)?.ok_or(Refusal::NotFound)?;
            Ok((found.bytes, now.saturating_sub(found.stored)))
        })
    }

    /// The node takes a representation away.
    pub async fn remove_representation(&self, node: &NodeId, name: &str, token: &[u8]) -> Result<(), Refusal> {
        let (id, name, token) = (*node, name.to_string(), token.to_vec());
        let topic = Topic::Representation(id, name.clone());
        self.store.write(move |records| steps::remove_representation(records, &id, &name, &token)).await?;
        self.bells.ring(&topic);
        Ok(())
    }

    /// What anyone may know of a node.
    pub fn node(&self, node: &NodeId) -> Result<NodeState, Refusal> {
        self.store.read(|records| Ok(self.state(records, *node, &steps::node(records, node)?)?))
    }

    /// What is left of a node's newest batch. It is the node's to compare, and anyone's to know.
    pub fn stock(&self, node: &NodeId) -> Result<Stock, Refusal> {
        let now = self.now();
        self.store.read(|records| {
            let record = steps::node(records, node)?;
            let Some(newest) = record.batches.last() else { return Ok(Stock { epoch: 0, left: 0, ends_in: 0 }) };
            // A lease ends, and its index comes back: only an Initiate takes one for good.
            let taken = u16::try_from(records.taken(node, newest.epoch)?.len()).unwrap_or(u16::MAX);
            let prekeys = Depth::new(newest.depth.into()).map_or(0, Depth::prekeys);
            let left = if newest.not_after < now { 0 } else { prekeys.saturating_sub(taken) };
            Ok(Stock { epoch: newest.epoch, left, ends_in: newest.not_after.saturating_sub(now) })
        })
    }

    /// Nodes behind `after`, in the order of their identifiers.
    pub fn nodes(&self, after: Option<&NodeId>, limit: usize) -> Result<Vec<NodeState>, Refusal> {
        self.store.read(|records| {
            let found = records.nodes(after, limit)?;
            found.iter().map(|(id, record)| Ok(self.state(records, *id, record)?)).collect()
        })
    }

    fn state(&self, records: &dyn Read, id: NodeId, record: &NodeRecord) -> Result<NodeState, StoreError> {
        let (newest, now) = (record.batches.last(), self.moment());
        Ok(NodeState {
            id,
            subject: steps::credential(record)?.subject().to_string(),
            epoch: newest.map_or(0, |batch| batch.epoch),
            prekeys: newest.and_then(|batch| Depth::new(batch.depth.into())).map_or(0, Depth::prekeys),
            left: self.leases.left(&id, now.up),
            not_after: newest.map(|batch| batch.not_after),
            published: newest.map(|batch| batch.stored.min(now.date)),
            waiting: steps::waiting(records, &id, &self.policy)?,
            requests: records.requests_waiting(&id, self.policy.requests_max)?.len(),
            awake: self.wakes.ago(&id, now.up).map(|ago| now.date.saturating_sub(ago.as_secs())),
            next_wake: self.wakes.next_in(&id, now.up),
        })
    }

    /// Sums over all nodes.
    pub fn totals(&self) -> Result<Totals, Refusal> {
        let nodes = self.store.read(|records| Ok(records.nodes_len()?))?;
        Ok(Totals { nodes, leases: self.leases.len() })
    }

    /// Forgets exchanges, requests and registrations that have been kept long enough. To be called every minute or so; returns how many
    /// were forgotten.
    ///
    /// "Long enough" is measured by the time for which gateways have run over this store, which is written down here.
    pub async fn sweep(&self) -> Result<usize, Refusal> {
        let (up, policy, leases) = (self.up().as_secs(), self.policy.clone(), self.leases.clone());
        let (gone, forgotten) = self.store.write(move |records| sweep::forget(records, &leases, up, &policy)).await?;
        gone.iter().for_each(|node| self.wakes.forget(node));
        Ok(forgotten)
    }

    /// Resolves when the store has failed: the gateway must be ended, and started again.
    pub async fn failure(&self) -> StoreError {
        self.store.failure().await
    }

    /// Hears every change of a resource from now on.
    pub fn listen(&self, topic: Topic) -> watch::Receiver<()> {
        self.bells.listen(topic)
    }
}
