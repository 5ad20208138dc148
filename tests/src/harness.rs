//! Parties of the implementation with everything that they need in memory: identities, randomness, stores, and a gateway that keeps
//! what it is given. Everything is deterministic.

use crate::memory_store::{Broken, MemoryClientStore, MemoryNodeStore};
use dke::authority::{Grant, issue};
use dke::client::{AwaitingConfirm, Client, Request};
use dke::gateway::{self, Known, Queued, Shelf, Slot, Verified};
use dke::message::Publication;
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, CREDENTIAL_MAX, CWT_MAX, DATA_MAX, HASH, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::store::Pins;
use dke::{Credential, Crypto, Depth, Error, Mode, Reject, RustCrypto, Scalar, Session, Suite, credential};
use rand_core::{CryptoRng, RngCore};
use std::collections::BTreeMap;

/// The moment at which everything happens, in UNIX seconds.
pub const NOW: u64 = 1_800_000_000;
/// When batches expire.
pub const NOT_AFTER: u64 = NOW + 86_400;

/// Randomness that repeats itself: SHA-256(seed ‖ counter) for counter = 0, 1, ... of 8 bytes big-endian.
#[derive(Clone, Debug)]
pub struct TestRng {
    seed: Vec<u8>,
    counter: u64,
    ready: Vec<u8>,
}

impl TestRng {
    /// An endless stream that depends on the seed only.
    pub fn seed(seed: impl AsRef<[u8]>) -> Self {
        TestRng { seed: seed.as_ref().to_vec(), counter: 0, ready: Vec::new() }
    }

    fn next(&mut self) -> u8 {
        loop {
            if let Some(byte) = self.ready.pop() {
                return byte;
            }
            self.ready = RustCrypto::sha256(&[&*self.seed, &self.counter.to_be_bytes()].concat()).to_vec();
            self.ready.reverse();
            self.counter += 1;
        }
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
        out.fill_with(|| self.next());
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl CryptoRng for TestRng {}

/// A key and its credential.
#[derive(Clone)]
pub struct Identity {
    /// ES256 of a node or an authority, ECDH of a client.
    pub key: Scalar,
    bytes: Vec<u8>,
}

impl Identity {
    /// The key depends on the subject only.
    pub fn new(subject: &str, kid: &[u8]) -> Self {
        let key = Scalar::draw(&mut TestRng::seed(format!("identity {subject}"))).expect("a scalar");
        let mut out = [0; CREDENTIAL_MAX];
        let len = credential::encode(subject, kid, &RustCrypto::coordinates(&key), &mut out).expect("a credential");
        Identity { key, bytes: out[..len].to_vec() }
    }

    /// The credential.
    pub fn credential(&self) -> Credential<'_> {
        Credential::own(&self.bytes).expect("made by new")
    }

    /// The credential's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A1, as an authority: vouches for a client.
    pub fn issue(&self, client: &Identity, audience: &str, epoch_max: u64) -> Vec<u8> {
        let mut out = [0; CWT_MAX];
        let grant = Grant { client: &client.credential(), audience, epoch_max };
        let len = issue(&self.key, self.credential().kid(), &grant, &mut out).expect("a CWT");
        out[..len].to_vec()
    }
}

/// A node.
#[derive(Clone)]
pub struct TestNode {
    /// Who it is.
    pub identity: Identity,
    /// Its policy.
    pub insist_on_refresh: bool,
    /// Credentials of the clients that it pins.
    pub clients: Vec<Vec<u8>>,
    /// Credentials of the authorities that it pins.
    pub authorities: Vec<Vec<u8>>,
    /// Its memory.
    pub store: MemoryNodeStore,
    /// Its randomness.
    pub rng: TestRng,
}

impl TestNode {
    /// Nothing published, nobody pinned, no insistence.
    pub fn new(subject: &str, kid: &[u8]) -> Self {
        TestNode {
            identity: Identity::new(subject, kid),
            insist_on_refresh: false,
            clients: Vec::new(),
            authorities: Vec::new(),
            store: MemoryNodeStore::default(),
            rng: TestRng::seed(format!("random {subject}")),
        }
    }

    /// N1.
    pub fn publish(&mut self, suite: Suite, depth: u64) -> Result<Vec<u8>, Error<Broken>> {
        let node: Node<'_> = Node::new(self.identity.credential(), &self.identity.key, self.insist_on_refresh);
        let plan = Plan { suite, depth: Depth::new(depth).expect("a depth"), not_after: NOT_AFTER };
        let mut out = [0; PUBLICATION_MAX];
        let len = node.publish(&mut self.store, &plan, &mut self.rng, &mut out)?;
        Ok(out[..len].to_vec())
    }

    /// N2, then whatever `then` does with it.
    pub fn accept<R>(
        &mut self,
        initiate: &[u8],
        then: impl FnOnce(Incoming<'_>, &mut MemoryNodeStore, &mut TestRng) -> R,
    ) -> Result<R, Error<Broken>> {
        let clients = parse(&self.clients);
        let authorities = parse(&self.authorities);
        let pins = Pins::new(&clients, &authorities)?;
        let node: Node<'_> = Node::new(self.identity.credential(), &self.identity.key, self.insist_on_refresh);
        let mut buffer = [0; CONFIRM_MAX];
        let incoming = node.accept(&mut self.store, &pins, initiate, &mut buffer)?;
        Ok(then(incoming, &mut self.store, &mut self.rng))
    }

    /// N2 and N3. `PrekeyConsumed` stands for a repeated Initiate, too.
    pub fn answer(&mut self, initiate: &[u8], answer: &[u8]) -> Result<(Vec<u8>, Session), Error<Broken>> {
        self.accept(initiate, |incoming, store, rng| match incoming {
            Incoming::Repeated(_) => Err(Reject::PrekeyConsumed.into()),
            Incoming::Accepted(accepted) => {
                let mut out = [0; CONFIRM_MAX];
                let confirmed = accepted.confirm(store, answer, rng, &mut out).map_err(|failed| failed.error)?;
                Ok((out[..confirmed.len].to_vec(), confirmed.session))
            }
        })?
    }

    /// N4.
    pub fn acknowledged(&mut self, epoch: u64, index: u8) -> Result<(), Error<Broken>> {
        let node: Node<'_> = Node::new(self.identity.credential(), &self.identity.key, self.insist_on_refresh);
        node.acknowledged(&mut self.store, epoch, index)
    }
}

fn parse(credentials: &[Vec<u8>]) -> Vec<Credential<'_>> {
    credentials.iter().map(|bytes| Credential::own(bytes).expect("a credential")).collect()
}

/// A client of one node.
#[derive(Clone)]
pub struct TestClient {
    /// Who it is.
    pub identity: Identity,
    /// Vouches for it; else the node is to pin its credential.
    pub cwt: Option<Vec<u8>>,
    /// The node's credential, pinned.
    pub node: Vec<u8>,
    /// Its memory.
    pub store: MemoryClientStore,
    /// Its randomness.
    pub rng: TestRng,
}

impl TestClient {
    /// A client without a CWT.
    pub fn new(subject: &str, kid: &[u8], node: &Identity) -> Self {
        TestClient {
            identity: Identity::new(subject, kid),
            cwt: None,
            node: node.bytes.clone(),
            store: MemoryClientStore::default(),
            rng: TestRng::seed(format!("random {subject}")),
        }
    }

    /// C1.
    pub fn initiate(
        &mut self,
        offer: &[u8],
        mode: Mode,
        early_data: &[u8],
    ) -> Result<(Vec<u8>, AwaitingConfirm), Error<Broken>> {
        let client: Client<'_> = match &self.cwt {
            Some(cwt) => Client::vouched(cwt, &self.identity.key)?,
            None => Client::pinned(&self.identity.credential(), &self.identity.key),
        };
        let node = Credential::own(&self.node)?;
        let request = Request { mode, early_data, now: NOW };
        let mut out = [0; INITIATE_MAX];
        let initiated = client.initiate(&mut self.store, &node, offer, &request, &mut self.rng, &mut out)?;
        Ok((out[..initiated.len].to_vec(), initiated.awaiting))
    }

    /// The pending exchange over this prekey as it comes out of the store.
    pub fn pending(&self, epoch: u64, index: u8) -> Option<AwaitingConfirm> {
        let node = RustCrypto::sha256(&self.node);
        let mut pending = self.store.memory().pending.values();
        let stored = pending.find(|one| (one.node, one.epoch, one.index) == (node, epoch, index))?;
        Some(AwaitingConfirm::from_bytes(&stored.state).expect("as stored"))
    }

    /// C2, for the pending exchange over this prekey, which must be there. Gives the answer and the session.
    pub fn finish(&mut self, epoch: u64, index: u8, confirm: &[u8]) -> Result<(Vec<u8>, Session), Error<Broken>> {
        let awaiting = self.pending(epoch, index).expect("a pending exchange");
        let mut buffer = [0; DATA_MAX];
        let established = awaiting.finish(&mut self.store, confirm, &mut buffer).map_err(|failed| failed.error)?;
        Ok((established.answer.to_vec(), established.session))
    }
}

/// What a gateway has for one prekey that it handed out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lease {
    /// To this requester.
    Leased(String),
    /// This Initiate is stored.
    Taken(Vec<u8>),
}

/// A gateway that serves one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TestGateway {
    node: Vec<u8>,
    /// By epoch.
    pub publications: BTreeMap<u64, Vec<u8>>,
    /// By epoch and index.
    pub leases: BTreeMap<(u64, u8), Lease>,
    /// Initiates that the node has not fetched.
    pub queue: Vec<Vec<u8>>,
    /// By epoch and index.
    pub confirms: BTreeMap<(u64, u8), Vec<Vec<u8>>>,
}

impl TestGateway {
    /// For the node with this credential.
    pub fn new(node: &Identity) -> Self {
        TestGateway {
            node: node.bytes.clone(),
            publications: BTreeMap::new(),
            leases: BTreeMap::new(),
            queue: Vec::new(),
            confirms: BTreeMap::new(),
        }
    }

    /// H(CRED_N).
    pub fn node(&self) -> [u8; HASH] {
        RustCrypto::sha256(&self.node)
    }

    /// G1. Gives the epoch.
    pub fn publication(&mut self, publication: &[u8]) -> Result<u64, Reject> {
        let stored: Vec<&[u8]> = self.publications.values().map(Vec::as_slice).collect();
        let highest_epoch = self.publications.keys().next_back().copied().unwrap_or_default();
        let known = Known { publications: &stored, highest_epoch };
        let node = Credential::own(&self.node).expect("registered");
        match gateway::verify_publication::<RustCrypto>(publication, &node, &known, NOW)? {
            Verified::Same(header) => Ok(header.epoch),
            Verified::New(header, _) => {
                self.publications.insert(header.epoch, publication.to_vec());
                Ok(header.epoch)
            }
        }
    }

    /// G2: the next free prekey of the newest batch.
    pub fn offer(&mut self, requester: &str) -> Result<Vec<u8>, Reject> {
        let (&epoch, publication) = self.publications.last_key_value().ok_or(Reject::UnknownNode)?;
        let count = Publication::parse(publication)?.prekeys().len();
        let free = (0..=u8::MAX).take(count).find(|index| !self.leases.contains_key(&(epoch, *index)));
        let index = free.ok_or(Reject::Exhausted)?;
        let offer = offer(publication, &self.node(), index);
        self.leases.insert((epoch, index), Lease::Leased(requester.to_owned()));
        Ok(offer)
    }

    /// G3.
    pub fn initiate(&mut self, initiate: &[u8]) -> Result<Queued, Reject> {
        let queued = gateway::check_initiate(initiate, self)?;
        if let Queued::New { epoch, index } = queued {
            self.leases.insert((epoch, index), Lease::Taken(initiate.to_vec()));
            self.queue.push(initiate.to_vec());
        }
        Ok(queued)
    }

    /// G4. Gives epoch and index.
    pub fn confirm(&mut self, confirm: &[u8]) -> Result<(u64, u8), Reject> {
        let place = gateway::check_confirm(confirm, self)?;
        let kept = self.confirms.entry(place).or_default();
        if !kept.iter().any(|stored| stored == confirm) {
            kept.push(confirm.to_vec());
        }
        Ok(place)
    }
}

/// The Offer of one prekey of a good Publication.
pub fn offer(publication: &[u8], node: &[u8; HASH], index: u8) -> Vec<u8> {
    let mut out = [0; OFFER_MAX];
    let len = gateway::offer(publication, node, index, &mut out).expect("a Publication that was verified");
    out[..len].to_vec()
}

impl Shelf for TestGateway {
    fn depth(&self, epoch: u64) -> Option<Depth> {
        let message = Publication::parse(self.publications.get(&epoch)?).ok()?;
        message.batch.header(&self.node()).ok().map(|header| header.depth)
    }

    fn slot(&self, epoch: u64, index: u8) -> Slot<'_> {
        match self.leases.get(&(epoch, index)) {
            None => Slot::Free,
            Some(Lease::Leased(_)) => Slot::Leased,
            Some(Lease::Taken(initiate)) => Slot::Taken(initiate),
        }
    }

    fn has_room(&self) -> bool {
        self.queue.len() < 16
    }
}
