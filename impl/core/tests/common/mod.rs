//! A node, a client, an authority and a gateway's message path in memory, with stores that fail when told to.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use dke::client::{AWAITING, AwaitingConfirm, Client, Request};
use dke::crypto::{Crypto, Hash, PublicKey, Scalar};
use dke::node::{Accepted, Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, CREDENTIAL_MAX, CWT_MAX, DATA_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::store::{Batch, ClientStore, NodeStore, Pending, Pins, Prekey};
use dke::{Credential, Depth, Error, Mode, RustCrypto, Session, Suite, credential};
use rand_core::{CryptoRng, RngCore};
use std::cell::Cell;
use std::collections::BTreeMap;

pub const NOW: u64 = 1_800_000_000;

/// Deterministic, for tests: SHA-256 of a seed and a counter.
pub struct TestRng {
    seed: u64,
    counter: u64,
}

impl TestRng {
    pub fn new(seed: u64) -> Self {
        TestRng { seed, counter: 0 }
    }
}

impl RngCore for TestRng {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, out: &mut [u8]) {
        self.counter += 1;
        let mut block = self.seed.to_be_bytes().to_vec();
        block.extend(self.counter.to_be_bytes());
        out.copy_from_slice(&RustCrypto::sha256(&block)[..out.len()]);
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(out);
        Ok(())
    }
}
impl CryptoRng for TestRng {}

/// A generator that gives the same byte for ever, or fails.
pub struct BadRng(pub Option<u8>);

impl RngCore for BadRng {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, out: &mut [u8]) {
        out.fill(self.0.unwrap());
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        match self.0 {
            Some(byte) => {
                out.fill(byte);
                Ok(())
            }
            None => Err(core::num::NonZeroU32::MIN.into()),
        }
    }
}
impl CryptoRng for BadRng {}

/// The store's only error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl core::fmt::Display for Broken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("broken")
    }
}

/// Counts down at every access and fails at zero.
#[derive(Clone, Default)]
pub struct Fuse(Cell<Option<u32>>);

impl Fuse {
    pub fn set(&self, accesses: u32) {
        self.0.set(Some(accesses));
    }
    pub fn mend(&self) {
        self.0.set(None);
    }
    fn access(&self) -> Result<(), Broken> {
        match self.0.get() {
            Some(0) => Err(Broken),
            left => {
                self.0.set(left.map(|n| n - 1));
                Ok(())
            }
        }
    }
}

pub type Keys = BTreeMap<u8, (Option<Scalar>, PublicKey)>;

#[derive(Clone, Default)]
pub struct MemoryNode {
    pub last: u64,
    pub batches: BTreeMap<u64, (Batch, Keys)>,
    pub begun: Option<(u64, Keys)>,
    pub outbox: BTreeMap<(u64, u8), (Hash, Vec<u8>)>,
    pub fuse: Fuse,
}

impl NodeStore for MemoryNode {
    type Error = Broken;

    fn last_epoch(&self) -> Result<u64, Broken> {
        self.fuse.access()?;
        Ok(self.last)
    }
    fn batch(&self, epoch: u64) -> Result<Option<Batch>, Broken> {
        self.fuse.access()?;
        Ok(self.batches.get(&epoch).map(|(batch, _)| batch.clone()))
    }
    fn prekey(&self, epoch: u64, index: u8) -> Result<Option<Prekey>, Broken> {
        self.fuse.access()?;
        let found = self.batches.get(&epoch).and_then(|(_, keys)| keys.get(&index));
        Ok(found.map(|(secret, public)| Prekey { secret: secret.clone(), public: *public }))
    }
    fn begin_batch(&mut self, epoch: u64) -> Result<(), Broken> {
        self.fuse.access()?;
        self.batches.retain(|old, _| old + 2 > epoch);
        self.outbox.retain(|(old, _), _| old + 2 > epoch);
        self.begun = Some((epoch, Keys::new()));
        Ok(())
    }
    fn put_prekey(&mut self, epoch: u64, index: u8, y: &Scalar, public: &PublicKey) -> Result<(), Broken> {
        self.fuse.access()?;
        let (begun, keys) = self.begun.as_mut().unwrap();
        assert_eq!(*begun, epoch);
        keys.insert(index, (Some(y.clone()), *public));
        Ok(())
    }
    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Broken> {
        self.fuse.access()?;
        let (begun, keys) = self.begun.take().unwrap();
        assert_eq!(begun, epoch);
        self.last = epoch;
        self.batches.insert(epoch, (batch.clone(), keys));
        Ok(())
    }
    fn erase_prekey(&mut self, epoch: u64, index: u8) -> Result<(), Broken> {
        self.fuse.access()?;
        self.batches.get_mut(&epoch).unwrap().1.get_mut(&index).unwrap().0 = None;
        Ok(())
    }
    fn put_confirm(&mut self, epoch: u64, index: u8, initiate: &Hash, confirm: &[u8]) -> Result<(), Broken> {
        self.fuse.access()?;
        self.outbox.insert((epoch, index), (*initiate, confirm.to_vec()));
        Ok(())
    }
    fn confirm(&self, epoch: u64, index: u8, initiate: &Hash, out: &mut [u8]) -> Result<Option<usize>, Broken> {
        self.fuse.access()?;
        Ok(self.outbox.get(&(epoch, index)).filter(|(hash, _)| hash == initiate).map(|(_, confirm)| {
            out[..confirm.len()].copy_from_slice(confirm);
            confirm.len()
        }))
    }
    fn drop_confirm(&mut self, epoch: u64, index: u8) -> Result<(), Broken> {
        self.fuse.access()?;
        self.outbox.remove(&(epoch, index));
        Ok(())
    }
}

/// What a client has stored of a pending exchange.
#[derive(Clone)]
pub struct Stored {
    pub state: [u8; AWAITING],
    pub initiate: Vec<u8>,
}

#[derive(Clone, Default)]
pub struct MemoryClient {
    pub highest: BTreeMap<Hash, u64>,
    pub pending: BTreeMap<Hash, Stored>,
    pub fuse: Fuse,
}

impl ClientStore for MemoryClient {
    type Error = Broken;

    fn highest_epoch(&self, node: &Hash) -> Result<u64, Broken> {
        self.fuse.access()?;
        Ok(self.highest.get(node).copied().unwrap_or_default())
    }
    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Broken> {
        self.fuse.access()?;
        self.highest.insert(*pending.node, pending.epoch);
        let stored = Stored { state: *pending.state, initiate: pending.initiate.to_vec() };
        self.pending.insert(*pending.exchange, stored);
        Ok(())
    }
    fn end(&mut self, exchange: &Hash) -> Result<(), Broken> {
        self.fuse.access()?;
        self.pending.remove(exchange);
        Ok(())
    }
}

/// A key with its credential.
pub struct Identity {
    pub key: Scalar,
    pub ccs: Vec<u8>,
}

impl Identity {
    pub fn new(subject: &str, kid: &[u8], seed: u64) -> Self {
        let key = Scalar::draw(&mut TestRng::new(seed)).unwrap();
        let mut ccs = vec![0; CREDENTIAL_MAX];
        let len = credential::encode(subject, kid, &RustCrypto::coordinates(&key), &mut ccs).unwrap();
        ccs.truncate(len);
        Identity { key, ccs }
    }

    pub fn credential(&self) -> Credential<'_> {
        Credential::parse(&self.ccs).unwrap()
    }
}

/// Everybody, and all stores.
pub struct World {
    pub node: Identity,
    pub client: Identity,
    pub authority: Identity,
    pub cwt: Vec<u8>,
    pub insist: bool,
    pub pin_client: bool,
    pub node_store: MemoryNode,
    pub client_store: MemoryClient,
    pub node_rng: TestRng,
    pub client_rng: TestRng,
    pub publication: Vec<u8>,
}

impl World {
    pub fn new() -> Self {
        let node = Identity::new("node-1", b"n1", 1);
        let client = Identity::new("client-1", b"c1", 2);
        let authority = Identity::new("authority", b"a1", 3);
        let cwt = cwt(&authority, &client, "node-1", 10);
        World {
            node,
            client,
            authority,
            cwt,
            insist: false,
            pin_client: true,
            node_store: MemoryNode::default(),
            client_store: MemoryClient::default(),
            node_rng: TestRng::new(4),
            client_rng: TestRng::new(5),
            publication: Vec::new(),
        }
    }

    pub fn publish(&mut self, suite: Suite, depth: u64) {
        self.try_publish(suite, depth).unwrap();
    }

    pub fn try_publish(&mut self, suite: Suite, depth: u64) -> Result<(), Error<Broken>> {
        let plan = Plan { suite, depth: Depth::new(depth).unwrap(), not_after: NOW + 1000 };
        let mut out = vec![0; PUBLICATION_MAX];
        let node: Node<'_> = Node::new(self.node.credential(), &self.node.key, self.insist);
        let len = node.publish(&mut self.node_store, &plan, &mut self.node_rng, &mut out)?;
        out.truncate(len);
        self.publication = out;
        Ok(())
    }

    pub fn offer(&self, index: u8) -> Vec<u8> {
        let mut out = vec![0; OFFER_MAX];
        let node = self.node.credential();
        let len = dke::gateway::offer(&self.publication, node.hash(), index, &mut out).unwrap();
        out.truncate(len);
        out
    }

    pub fn initiate(
        &mut self,
        offer: &[u8],
        mode: Mode,
        vouched: bool,
        early_data: &[u8],
    ) -> Result<(Vec<u8>, AwaitingConfirm), Error<Broken>> {
        let client = match vouched {
            true => Client::vouched(&self.cwt, &self.client.key).unwrap(),
            false => Client::pinned(&self.client.credential(), &self.client.key),
        };
        let mut out = vec![0; INITIATE_MAX];
        let request = Request { mode, early_data, now: NOW };
        let node = self.node.credential();
        let begun = client.initiate(&mut self.client_store, &node, offer, &request, &mut self.client_rng, &mut out)?;
        out.truncate(begun.len);
        Ok((out, begun.awaiting))
    }

    pub fn accept<R>(
        &mut self,
        initiate: &[u8],
        then: impl FnOnce(Incoming<'_>, &mut MemoryNode, &mut TestRng) -> R,
    ) -> Result<R, Error<Broken>> {
        let mut buffer = [0; CONFIRM_MAX];
        let clients = [self.client.credential()];
        let authorities = [self.authority.credential()];
        let pins = Pins::new(if self.pin_client { &clients } else { &[] }, &authorities).unwrap();
        let node: Node<'_> = Node::new(self.node.credential(), &self.node.key, self.insist);
        let incoming = node.accept(&mut self.node_store, &pins, initiate, &mut buffer)?;
        Ok(then(incoming, &mut self.node_store, &mut self.node_rng))
    }

    pub fn answer(&mut self, initiate: &[u8], answer: &[u8]) -> Result<(Vec<u8>, Session), Error<Broken>> {
        self.accept(initiate, |incoming, store, rng| {
            let mut out = [0; CONFIRM_MAX];
            let confirmed = accepted(incoming).confirm(store, answer, rng, &mut out).map_err(|failed| failed.error)?;
            Ok((out[..confirmed.len].to_vec(), confirmed.session))
        })?
    }

    #[allow(clippy::result_large_err)]
    pub fn finish(&mut self, awaiting: AwaitingConfirm, confirm: &[u8]) -> Finish {
        let mut buffer = [0; DATA_MAX];
        match awaiting.finish(&mut self.client_store, confirm, &mut buffer) {
            Ok(done) => Ok((done.answer.to_vec(), done.session)),
            Err(failed) => Err((failed.state, failed.error)),
        }
    }
}

/// Answer and session, or the state handed back and the error.
#[allow(clippy::result_large_err)]
pub type Finish = Result<(Vec<u8>, Session), (AwaitingConfirm, Error<Broken>)>;

pub fn accepted(incoming: Incoming<'_>) -> Accepted<'_> {
    match incoming {
        Incoming::Accepted(accepted) => accepted,
        Incoming::Repeated(_) => panic!("repeated"),
    }
}

pub fn cwt(authority: &Identity, client: &Identity, audience: &str, epoch_max: u64) -> Vec<u8> {
    let mut out = vec![0; CWT_MAX];
    let client = client.credential();
    let grant = dke::authority::Grant { client: &client, audience, epoch_max };
    let len = dke::authority::issue(&authority.key, authority.credential().kid(), &grant, &mut out).unwrap();
    out.truncate(len);
    out
}

/// Unwraps the error of a result whose value has no `Debug`.
pub fn error<T, E>(result: Result<T, E>) -> E {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => error,
    }
}
