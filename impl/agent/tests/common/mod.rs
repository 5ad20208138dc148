//! A node in memory, clients, and gateways: real ones with a clock that the test sets, and one that says what the test wants.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    unused_imports,
    reason = "each test uses its part"
)]

mod ledger;
mod liar;

pub use ledger::{RamLedger, Steps};
pub use liar::Liar;

use dke::client::{Client, Request};
use dke::crypto::{Crypto as _, Hash};
use dke::node::{Node, Plan};
use dke::params::{CREDENTIAL_MAX, INITIATE_MAX, PUBLICATION_MAX, STOCK_MAX};
use dke::ram::RamClient;
use dke::stock::{Limits, Rate, Stock};
use dke::store::{NodeStore as _, Pins};
use dke::{AdmissionKey, Credential, Depth, Mode, RustCrypto, Scalar, Suite, credential};
use dke_agent::{Budget, Call, Gateway, Handler, Interrupted, Ledger as _, NodeAgent, Settings, Wake};
use dke_coap::Parameters;
use dke_gateway::{Embedded, Options, Policy, coap};
use rand_core::OsRng;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub const DAY: u64 = 24 * 3600;
pub const START: u64 = 1_900_000_000;

/// A test that hangs fails.
pub async fn limited<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(300), test).await.expect("the test hangs")
}

/// A clock of the test's own.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub fn new() -> TestClock {
        TestClock(Arc::new(AtomicU64::new(START)))
    }

    pub fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A party's key and credential.
pub struct Identity {
    pub key: Scalar,
    credential: Vec<u8>,
}

impl Identity {
    pub fn new(subject: &str) -> Identity {
        let key = Scalar::draw(&mut OsRng).unwrap();
        let mut bytes = vec![0; CREDENTIAL_MAX];
        let kid = &subject.as_bytes()[..1];
        let length = credential::encode(subject, kid, &RustCrypto::coordinates(&key), &mut bytes).unwrap();
        bytes.truncate(length);
        Identity { key, credential: bytes }
    }

    pub fn credential(&self) -> Credential<'_> {
        Credential::parse(&self.credential).unwrap()
    }

    pub fn hash(&self) -> Hash {
        *self.credential().hash()
    }
}

/// A real gateway on loopback.
pub struct Served {
    pub url: String,
    clock: TestClock,
    dir: TempDir,
    face: JoinHandle<Infallible>,
}

impl Served {
    pub async fn start(clock: &TestClock, policy: Policy) -> Served {
        let dir = tempfile::tempdir().unwrap();
        let (url, face) = serve(&dir.path().join("store"), clock, policy, u64::MAX).await;
        Served { url, clock: clock.clone(), dir, face }
    }

    pub fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Ends it, does something to its store, and starts another one, at another address.
    pub async fn restart(&mut self, policy: Policy, quota: u64, change: impl FnOnce(&Path)) {
        self.face.abort();
        while !self.face.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        change(&self.store());
        (self.url, self.face) = serve(&self.store(), &self.clock, policy, quota).await;
    }

    /// The gateway forgets everything.
    pub async fn lose_store(&mut self, policy: Policy) {
        self.restart(policy, u64::MAX, |store| std::fs::remove_file(store).unwrap()).await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.face.abort();
    }
}

/// All addresses are one here: what is one stranger's share in earnest, all of them have.
pub fn open() -> Policy {
    Policy {
        open: true,
        burst: 100_000,
        requests_per_second: 100_000,
        leases_per_address: 1000,
        prekey_share: 100,
        ..Policy::default()
    }
}

async fn serve(path: &Path, clock: &TestClock, policy: Policy, quota: u64) -> (String, JoinHandle<Infallible>) {
    // The gateway that was aborted may still have the store for a moment.
    let store = loop {
        match Embedded::open(path, Options { quota, ..Options::default() }) {
            Err(dke_gateway::store::StoreError::InUse(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            store => break store.unwrap(),
        }
    };
    let clock = clock.clone();
    let gateway = dke_gateway::Gateway::new(store, policy, Arc::new(move || clock.now()), &mut OsRng);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (at, face) = coap(Arc::new(gateway), any, Parameters::default()).await.unwrap();
    let face = tokio::spawn(async move {
        face.await;
        std::future::pending().await
    });
    (format!("coap://{at}"), face)
}

/// The lamp, its store, and whom it trusts.
pub struct Lamp {
    pub identity: Identity,
    pub store: RamLedger,
    pub settings: Settings,
    /// That it shares with its clients.
    pub admission: Option<AdmissionKey>,
}

impl Lamp {
    pub fn new(depth: u64) -> Lamp {
        let settings = Settings {
            suite: Suite::AesCcm8,
            depth: Depth::new(depth).unwrap(),
            limits: Limits::default(),
            rate: Rate::default(),
            budget: Budget::default(),
            end: 0,
            mends: true,
        };
        Lamp { identity: Identity::new("lamp"), store: RamLedger::default(), settings, admission: None }
    }

    /// One wake-up.
    pub async fn wake(
        &mut self,
        url: &str,
        now: Option<u64>,
        anna: &Identity,
    ) -> Result<Wake, Interrupted<dke::ram::Full>> {
        self.wake_with(&mut Echo, url, now, anna).await
    }

    /// One wake-up with this handler.
    pub async fn wake_with(
        &mut self,
        handler: &mut impl Handler,
        url: &str,
        now: Option<u64>,
        anna: &Identity,
    ) -> Result<Wake, Interrupted<dke::ram::Full>> {
        let clients = [anna.credential()];
        let agent = NodeAgent {
            gateway: match &self.admission {
                Some(key) => Gateway::connect(url, Parameters::default()).await.unwrap().admitting(key.clone()),
                None => Gateway::connect(url, Parameters::default()).await.unwrap(),
            },
            node: Node::new(self.identity.credential(), &self.identity.key, false),
            trust: Pins::new(&clients, &[]).unwrap(),
            settings: self.settings,
        };
        agent.wake(&mut self.store, handler, now, &mut OsRng).await
    }
}

impl Lamp {
    /// A batch that is not delivered.
    pub fn make_batch(&mut self, now: u64) {
        let plan = Plan { suite: self.settings.suite, depth: self.settings.depth, not_after: now + 30 * DAY };
        let node: Node<'_> = Node::new(self.identity.credential(), &self.identity.key, false);
        node.publish(&mut self.store, &plan, &mut OsRng, &mut vec![0; PUBLICATION_MAX]).unwrap();
    }

    pub fn acknowledge(&mut self) {
        let epoch = self.store.last_epoch().unwrap();
        self.store.set_acknowledged(epoch).unwrap();
    }

    pub fn forget_acknowledgement(&mut self) {
        self.store.set_acknowledged(0).unwrap();
    }
}

/// What a gateway says is left.
pub fn stock(epoch: u64, left: u16) -> (u16, Vec<u8>) {
    let mut out = [0; STOCK_MAX];
    let length = Stock { epoch, left, ends_in: 20 * DAY }.write(&mut out).unwrap();
    (200, out[..length].to_vec())
}

pub struct Echo;

impl Handler for Echo {
    async fn answer(&mut self, call: &Call<'_>) -> Option<Vec<u8>> {
        Some(call.data.to_vec())
    }
}

/// What of a wake-up says why.
pub fn mended(wake: &Wake) -> Vec<String> {
    wake.mended.iter().map(ToString::to_string).collect()
}

/// A client that has left an Initiate.
pub struct Left {
    epoch: u64,
    index: u8,
}

/// An Offer and an Initiate; `None` if there is no Offer.
pub async fn leave(anna: &Identity, lamp: &Identity, url: &str, now: u64) -> Option<Left> {
    let gateway = Gateway::connect(url, Parameters::default()).await.unwrap();
    let offer = gateway.offer(&lamp.hash(), &mut OsRng).await.ok()?;
    let credential = anna.credential();
    let client: Client<'_> = Client::pinned(&credential, &anna.key);
    let request = Request { mode: Mode::Basic, early_data: b"", now };
    let mut initiate = vec![0; INITIATE_MAX];
    let mut store = RamClient::<1, 1>::new();
    let begun = client.initiate(&mut store, &lamp.credential(), &offer, &request, &mut OsRng, &mut initiate).unwrap();
    gateway.initiate(&lamp.hash(), &initiate[..begun.len]).await.unwrap();
    let sent = dke::message::Initiate::parse(&initiate[..begun.len]).unwrap();
    Some(Left { epoch: sent.epoch, index: u8::try_from(sent.index).unwrap() })
}

impl Left {
    /// Has the node answered? `None` if the gateway does not keep the exchange.
    pub async fn answered(&self, lamp: &Identity, url: &str) -> Option<bool> {
        let path = format!("/dke/{}/confirm/{}/{}", name(lamp), self.epoch, self.index);
        let confirms = get(url, &path).await?;
        Some(!confirms.is_empty())
    }
}

fn name(lamp: &Identity) -> String {
    dke_coap::names::node_name(lamp.hash().first_chunk().unwrap())
}

/// A body that anyone may have; `None` if the gateway refuses.
async fn get(url: &str, path: &str) -> Option<Vec<u8>> {
    let endpoint = dke_coap::Endpoint::client("127.0.0.1:0", Parameters::default()).await.unwrap();
    let client = dke_coap::Client::new(endpoint, url.strip_prefix("coap://").unwrap().parse().unwrap(), 65536);
    let path: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let ask = dke_coap::client::Ask { method: dke_coap::Method::Get, path: &path, query: &[], format: None, body: &[] };
    let reply = client.request(&ask).await.unwrap();
    reply.code.is_success().then_some(reply.body)
}

/// Takes so many prekeys with garbage; no key is needed for it. Returns how many it got.
pub async fn spoil(lamp: &Identity, url: &str, times: usize) -> usize {
    let gateway = Gateway::connect(url, Parameters::default()).await.unwrap();
    for done in 0..times {
        let Ok(offer) = gateway.offer(&lamp.hash(), &mut OsRng).await else { return done };
        let offer = dke::message::Offer::parse(&offer).unwrap();
        let header = offer.batch.header(&lamp.hash()).unwrap();
        gateway.initiate(&lamp.hash(), &garbage(header.epoch, u8::try_from(offer.index).unwrap(), 0)).await.unwrap();
    }
    times
}

/// What looks like an Initiate. `salt` makes different ones.
pub fn garbage(epoch: u64, index: u8, salt: u8) -> Vec<u8> {
    let mut x = [0; 32];
    x[31] = 5;
    let mut message = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut message);
    encoder.array(6).unwrap().u8(0).unwrap().u64(epoch).unwrap().u8(index).unwrap();
    encoder.bytes(&x).unwrap().bytes(&[salt; 9]).unwrap().bytes(&[0; 8]).unwrap();
    message
}
