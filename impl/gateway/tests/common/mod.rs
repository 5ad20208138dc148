//! A gateway on a store in a temporary directory, nodes and clients with real keys, and a clock that the test sets.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test uses its part")]

pub mod faces;
#[path = "../../../../tests/common/limit.rs"]
pub mod limit;

use dke::client::{Client, Request};
use dke::crypto::Crypto as _;
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, CREDENTIAL_MAX, INITIATE_MAX, PUBLICATION_MAX};
use dke::ram::{RamClient, RamNode};
use dke::store::{NodeStore as _, Pins};
use dke::{Credential, Depth, Mode, RustCrypto, Scalar, Suite, credential};
use dke_gateway::{Embedded, Gateway, NodeId, Options, Policy, node_id};
use rand::rngs::OsRng;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

pub const START: u64 = 1_800_000_000;
pub const ANNA: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
pub const BEN: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

thread_local! {
    static NOW: AtomicU64 = const { AtomicU64::new(START) };
}

/// The test's clock: each test runs on a thread of its own.
pub fn clock() -> u64 {
    NOW.with(|now| now.load(Ordering::Relaxed))
}

/// Time passes, by both clocks.
pub async fn sleep(seconds: u64) {
    step(i64::try_from(seconds).unwrap());
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// The wall clock steps, and no time passes.
pub fn step(seconds: i64) {
    NOW.with(|now| now.fetch_add(seconds.cast_unsigned(), Ordering::Relaxed));
}

/// A directory for a store, for as long as a test may take.
pub struct Place {
    pub dir: TempDir,
    _limit: limit::Limit,
}

impl Place {
    pub fn new() -> Place {
        Place { dir: tempfile::tempdir().unwrap(), _limit: limit::Limit::default() }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    pub fn gateway(&self, policy: Policy) -> Gateway<Embedded> {
        open(&self.path(), policy)
    }
}

pub fn open(path: &Path, policy: Policy) -> Gateway<Embedded> {
    Gateway::new(Embedded::open(path, Options::default()).unwrap(), policy, Arc::new(clock), &mut OsRng)
}

/// A party's key and credential.
pub struct Identity {
    pub key: Scalar,
    pub credential: Vec<u8>,
}

impl Identity {
    pub fn new(subject: &str) -> Identity {
        let key = Scalar::draw(&mut OsRng).unwrap();
        let mut bytes = vec![0; CREDENTIAL_MAX];
        let length = credential::encode(subject, b"k", &RustCrypto::coordinates(&key), &mut bytes).unwrap();
        bytes.truncate(length);
        Identity { key, credential: bytes }
    }

    pub fn credential(&self) -> Credential<'_> {
        Credential::parse(&self.credential).unwrap()
    }
}

pub struct Lamp {
    pub identity: Identity,
    pub store: RamNode<256, 16>,
}

impl Lamp {
    pub fn new(subject: &str) -> Lamp {
        Lamp { identity: Identity::new(subject), store: RamNode::new() }
    }

    pub fn id(&self) -> NodeId {
        node_id(self.identity.credential().hash())
    }

    fn node(&self) -> Node<'_> {
        Node::new(self.identity.credential(), &self.identity.key, false)
    }

    pub fn publish(&mut self, depth: u64) -> Vec<u8> {
        let plan =
            Plan { suite: Suite::AesCcm8, depth: Depth::new(depth).unwrap(), not_after: clock() + 30 * 24 * 3600 };
        let mut out = vec![0; PUBLICATION_MAX];
        let node: Node<'_> = Node::new(self.identity.credential(), &self.identity.key, false);
        let length = node.publish(&mut self.store, &plan, &mut OsRng, &mut out).unwrap();
        out.truncate(length);
        out
    }

    pub fn token(&self) -> Vec<u8> {
        let epoch = self.store.last_epoch().unwrap();
        self.store.batch(epoch).unwrap().unwrap().token.to_vec()
    }

    /// N2 and N3, for a client that is pinned.
    pub fn answer(&mut self, client: &Identity, initiate: &[u8]) -> Vec<u8> {
        let clients = [client.credential()];
        let pins = Pins::new(&clients, &[]).unwrap();
        let mut buffer = [0; CONFIRM_MAX];
        let node: Node<'_> = Node::new(self.identity.credential(), &self.identity.key, false);
        let incoming = node.accept(&mut self.store, &pins, initiate, &mut buffer).unwrap();
        let Incoming::Accepted(accepted) = incoming else { panic!("repeated") };
        let mut out = vec![0; CONFIRM_MAX];
        let confirmed = accepted.confirm(&mut self.store, b"done", &mut OsRng, &mut out).map_err(|f| f.error).unwrap();
        out.truncate(confirmed.len);
        out
    }
}

/// C1.
pub fn initiate(client: &Identity, node: &Identity, offer: &[u8]) -> Vec<u8> {
    let credential = client.credential();
    let one: Client<'_> = Client::pinned(&credential, &client.key);
    let mut store = RamClient::<1, 1>::new();
    let request = Request { mode: Mode::Basic, early_data: b"on", now: clock() };
    let mut out = vec![0; INITIATE_MAX];
    let begun = one.initiate(&mut store, &node.credential(), offer, &request, &mut OsRng, &mut out).unwrap();
    out.truncate(begun.len);
    out
}

pub fn index(offer: &[u8]) -> u64 {
    dke::message::Offer::parse(offer).unwrap().index
}
