//! Whole runs of specification and implementation side by side: the same inputs, and the same bytes, keys, states and
//! named errors after every step.

use crate::corrupt::{Corruption, corrupt, items};
use crate::memory_store::{MemoryClientStore, MemoryNodeStore};
use crate::vectors::{credential, drawn, hex};
use dke::client::{AwaitingConfirm as Awaiting, Client};
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, CWT_MAX, DATA_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::store::Pins;
use dke::{Credential, Depth, Mode, Scalar, Suite};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::{client as spec_client, gateway as spec_gateway, node as spec_node};
use dke_vectors::Given;
use quickcheck::{Arbitrary, Gen};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// UNIX seconds.
const NOW: u64 = 1_800_000_000;

/// One run: everything follows from the seed; fewer steps are a smaller case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Printed on failure; reproduces the run.
    pub seed: u64,
    /// Number of actions after the first publication.
    pub steps: u8,
}

impl Arbitrary for Case {
    fn arbitrary(g: &mut Gen) -> Self {
        Case { seed: u64::arbitrary(g), steps: 6 + u8::arbitrary(g) % 9 }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let seed = self.seed;
        Box::new((0..self.steps).map(move |steps| Case { seed, steps }))
    }
}

/// How deep the runs went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depths {
    /// Initiates that were accepted.
    pub accepted: u64,
    /// Exchanges that were completed by both ends.
    pub completed: u64,
    /// Messages that were rejected.
    pub rejected: u64,
}

/// A client on both sides.
struct TwinClient {
    spec: spec_client::Client,
    credential: Vec<u8>,
    cwt: Option<Vec<u8>>,
    key: Scalar,
    store: MemoryClientStore,
    highest_epoch: u64,
}

/// An exchange under way.
struct Exchange {
    client: usize,
    spec: spec_client::AwaitingConfirm,
    awaiting: [u8; dke::client::AWAITING],
    initiate: Vec<u8>,
    confirm: Option<Vec<u8>>,
    node_session: Option<Vec<u8>>,
}

/// All parties on both sides.
struct Twin {
    random: StdRng,
    spec: spec_node::Node,
    store: MemoryNodeStore,
    node_key: Scalar,
    clients: Vec<TwinClient>,
    publications: Vec<Vec<u8>>,
    exchanges: Vec<Exchange>,
    depths: Depths,
}

fn scalar(key: &Bytes) -> Scalar {
    Scalar::from_bytes(key.native_slice().try_into().expect("32 bytes")).expect("a scalar")
}

/// Both sides accept and give the same, or both reject by the same name.
fn same<T: PartialEq + std::fmt::Debug>(step: &str, spec: &Result<T, String>, implementation: &Result<T, String>) {
    assert_eq!(spec, implementation, "{step}: left is the specification, right the implementation");
}

/// Runs a case; panics where the two differ.
pub fn run(case: Case) -> Depths {
    let mut twin = Twin::new(case.seed);
    twin.publish();
    for _ in 0..case.steps {
        twin.step();
        twin.compare_states();
    }
    twin.depths
}

impl Twin {
    fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let key = drawn(&format!("node {seed}"));
        let node_credential = credential("lock.example", b"N", &key);
        let authority_key = drawn(&format!("authority {seed}"));
        let authority = credential("authority", b"A", &authority_key);
        let clients: Vec<TwinClient> =
            (0..2).map(|i| TwinClient::new(seed, i, random.gen_bool(0.3).then_some(&authority_key))).collect();
        let pinned = clients.iter().filter(|client| client.cwt.is_none()).map(|client| bytes(&client.credential));
        let spec = spec_node::Node {
            credential: node_credential,
            key: key.clone(),
            insist_on_refresh: random.gen_bool(0.2),
            last_epoch: 0,
            batches: vec![],
            outbox: vec![],
            clients: pinned.collect(),
            authorities: vec![authority],
        };
        Twin {
            random,
            spec,
            store: MemoryNodeStore::default(),
            node_key: scalar(&key),
            clients,
            publications: vec![],
            exchanges: vec![],
            depths: Depths::default(),
        }
    }

    fn fresh(&mut self) -> Bytes {
        bytes(&self.random.r#gen::<[u8; 32]>())
    }

    /// Data of any size, mostly small, sometimes the largest or one too many.
    fn data(&mut self) -> Vec<u8> {
        let length = match self.random.gen_range(0..20) {
            0 => 0,
            1 => DATA_MAX,
            2 => DATA_MAX + 1,
            _ => self.random.gen_range(1..80),
        };
        (0..length).map(|_| self.random.r#gen()).collect()
    }

    /// The message, or in one case of four one of its corruptions.
    fn maybe_corrupt(&mut self, message: &[u8]) -> Vec<u8> {
        if self.random.gen_bool(0.2) {
            let items = items(message);
            let item = items[self.random.gen_range(0..items.len())];
            let corruption = Corruption::ALL[self.random.gen_range(0..Corruption::ALL.len())];
            corrupt(message, &item, corruption).unwrap_or_else(|| message.to_vec())
        } else {
            message.to_vec()
        }
    }

    fn step(&mut self) {
        match self.random.gen_range(0..100) {
            0..=7 => self.publish(),
            8..=39 => self.initiate(),
            40..=74 => self.deliver(),
            75..=94 => self.finish(),
            _ => self.acknowledge(),
        }
    }

    fn pins<R>(&self, then: impl FnOnce(&Pins<'_>) -> R) -> R {
        let parse = |all: &[Bytes]| all.iter().map(|one| one.native_slice().to_vec()).collect::<Vec<_>>();
        let (clients, authorities) = (parse(&self.spec.clients), parse(&self.spec.authorities));
        let clients: Vec<Credential<'_>> = clients.iter().map(|one| Credential::own(one).expect("pinned")).collect();
        let authorities: Vec<Credential<'_>> =
            authorities.iter().map(|one| Credential::own(one).expect("pinned")).collect();
        then(&Pins::new(&clients, &authorities).expect("unique"))
    }

    /// N1 and G1.
    fn publish(&mut self) {
        let (suite, depth) = (self.random.gen_range(2..=3), self.random.gen_range(0..=2));
        let token = self.fresh().slice(0, 16);
        let ys: Vec<Bytes> = (0..1 << depth).map(|_| self.fresh()).collect();
        let (next, expected) =
            spec_node::publish(&self.spec, suite, depth, NOW + 5, &token, &ys).expect("random bytes are scalars");
        let credential = self.spec.credential.native_slice().to_vec();
        let node: Node<'_> =
            Node::new(Credential::own(&credential).expect("a credential"), &self.node_key, self.spec.insist_on_refresh);
        let plan = Plan {
            suite: Suite::from_id(suite).expect("a suite"),
            depth: Depth::new(depth).expect("a depth"),
            not_after: NOW + 5,
        };
        let random = ys.iter().fold(token.native_slice().to_vec(), |all, y| [&all, y.native_slice()].concat());
        let mut out = vec![0; PUBLICATION_MAX];
        let len = node.publish(&mut self.store, &plan, &mut Given::new(random), &mut out).expect("N1");
        assert_eq!(hex(&expected), hex::encode(&out[..len]), "N1: the Publication");
        self.spec = next;
        let message = self.maybe_corrupt(&out[..len]);
        let highest = self.publications.len() as u64;
        let spec = spec_gateway::check_publication(&bytes(&message), &self.spec.credential, highest, NOW)
            .map(|header| header.epoch)
            .map_err(|reject| format!("{reject:?}"));
        let known = dke::gateway::Known { publications: &[], highest_epoch: highest };
        let node = Credential::own(&credential).expect("a credential");
        let implementation = dke::gateway::verify_publication::<dke::RustCrypto>(&message, &node, &known, NOW)
            .map(|verified| match verified {
                dke::gateway::Verified::Same(header) | dke::gateway::Verified::New(header, _) => header.epoch,
            })
            .map_err(|reject| reject.name().to_owned());
        same("G1", &spec, &implementation);
        self.depths.rejected += u64::from(spec.is_err());
        self.publications.push(out[..len].to_vec());
    }

    /// G2 and C1: an Offer, sometimes of an old batch.
    fn initiate(&mut self) {
        let old = self.publications.len() > 1 && self.random.gen_bool(0.15);
        let publication = self.publications[self.publications.len() - 1 - usize::from(old)].clone();
        // Mostly a prekey that the batch has.
        let most = self.spec.batches[0].prekeys.len().saturating_sub(1) as u8;
        let index = if self.random.gen_bool(0.9) { self.random.gen_range(0..=most) } else { 4 };
        let credential = self.spec.credential.native_slice().to_vec();
        let node = Credential::own(&credential).expect("a credential");
        let mut out = vec![0; OFFER_MAX];
        let offered = dke::gateway::offer(&publication, node.hash(), index, &mut out);
        let implementation = offered.map(|len| hex::encode(&out[..len])).map_err(|error| error.name().to_owned());
        let spec = spec_gateway::offer(&bytes(&publication), &self.spec.credential, index.into());
        let spec = spec.map(|offer| hex(&offer)).map_err(|reject| format!("{reject:?}"));
        same("G2", &spec, &implementation);
        let Ok(offer) = spec else { return };
        let offer = self.maybe_corrupt(&hex::decode(offer).expect("hex"));
        let (place, early_data, x) = (self.random.gen_range(0..self.clients.len()), self.data(), self.fresh());
        let refresh = self.random.gen_bool(0.5);
        let client = &mut self.clients[place];
        let request = spec_client::Request {
            node: self.spec.credential.clone(),
            highest_epoch: client.highest_epoch,
            now: NOW,
            refresh,
            early_data: bytes(&early_data),
            x: x.clone(),
        };
        let spec = spec_client::initiate(&client.spec, &request, &bytes(&offer));
        let own = Credential::own(&client.credential);
        let implementation = match &client.cwt {
            Some(cwt) => Client::vouched(cwt, &client.key).expect("a CWT"),
            None => Client::pinned(own.as_ref().expect("a credential"), &client.key),
        };
        let mode = if refresh { Mode::Refresh } else { Mode::Basic };
        let request = dke::client::Request { mode, early_data: &early_data, now: NOW };
        let mut out = vec![0; INITIATE_MAX];
        let mut rng = Given::new(x.native_slice());
        let initiated = implementation.initiate(&mut client.store, &node, &offer, &request, &mut rng, &mut out);
        let left = spec.as_ref().map(|pending| (hex(&pending.initiate), hex(&pending.early_secret)));
        let right = initiated.as_ref().map(|initiated| {
            (hex::encode(&out[..initiated.len]), hex::encode(initiated.awaiting.early_secret().expose()))
        });
        same("C1", &left.map_err(|reject| format!("{reject:?}")), &right.map_err(|error| error.name().to_owned()));
        match (spec, initiated) {
            (Ok(spec), Ok(initiated)) => {
                client.highest_epoch = client.highest_epoch.max(spec.epoch);
                self.exchanges.push(Exchange {
                    client: place,
                    awaiting: *initiated.awaiting.to_bytes(),
                    initiate: out[..initiated.len].to_vec(),
                    spec,
                    confirm: None,
                    node_session: None,
                });
            }
            _ => self.depths.rejected += 1,
        }
    }

    /// N2 and N3, for any Initiate ever made, as often as it comes.
    fn deliver(&mut self) {
        if self.exchanges.is_empty() {
            return;
        }
        let place = self.random.gen_range(0..self.exchanges.len());
        let (answer, z) = (self.data(), self.fresh());
        let message = self.maybe_corrupt(&self.exchanges[place].initiate.clone());
        let spec = spec_node::accept(&self.spec, &bytes(&message));
        let credential = self.spec.credential.native_slice().to_vec();
        let node: Node<'_> =
            Node::new(Credential::own(&credential).expect("a credential"), &self.node_key, self.spec.insist_on_refresh);
        let mut store = self.store.clone();
        let mut buffer = [0; CONFIRM_MAX];
        let implementation = self.pins(|pins| node.accept(&mut store, pins, &message, &mut buffer));
        match (spec, implementation) {
            (Ok((next, spec_node::Incoming::Repeated(left))), Ok(Incoming::Repeated(right))) => {
                assert_eq!(hex(&left), hex::encode(right), "N2: the repeated Confirm");
                self.spec = next;
            }
            (Ok((next, spec_node::Incoming::Accepted(left))), Ok(Incoming::Accepted(right))) => {
                assert_eq!(hex(&left.early_data), hex::encode(right.early_data()), "N2: early data");
                assert_eq!(hex(&left.early_secret), hex::encode(right.early_secret().expose()), "N2: early secret");
                self.depths.accepted += 1;
                let spec = spec_node::confirm(&next, &left, &bytes(&answer), &z);
                let mut out = vec![0; CONFIRM_MAX];
                let mut rng = Given::new(z.native_slice());
                let confirmed = right.confirm(&mut store, &answer, &mut rng, &mut out);
                let left =
                    spec.as_ref().map(|(_, confirmed)| (hex(&confirmed.confirm), hex(&confirmed.session_secret)));
                let right = confirmed.as_ref().map(|confirmed| {
                    (hex::encode(&out[..confirmed.len]), hex::encode(confirmed.session.secret.expose()))
                });
                let right = right.map_err(|failed| failed.error.name().to_owned());
                same("N3", &left.map_err(|reject| format!("{reject:?}")), &right);
                let exchange = &mut self.exchanges[place];
                if let Ok((confirm, session)) = right {
                    exchange.confirm = Some(hex::decode(confirm).expect("hex"));
                    exchange.node_session = Some(hex::decode(session).expect("hex"));
                }
                // Where N3 fails, N2 has happened all the same.
                self.spec = spec.map_or(next, |(after, _)| after);
            }
            (Err(left), Err(right)) => {
                assert_eq!(format!("{left:?}"), right.name(), "N2: the rejection");
                self.depths.rejected += 1;
            }
            (spec, implementation) => panic!(
                "N2: specification {:?}, implementation {:?}",
                spec.map(|_| "accepts"),
                implementation.map(|_| "accepts").map_err(|error| error.name())
            ),
        }
        self.store = store;
    }

    /// C2, sometimes with the Confirm of another exchange.
    fn finish(&mut self) {
        let confirms: Vec<Vec<u8>> = self.exchanges.iter().filter_map(|exchange| exchange.confirm.clone()).collect();
        if confirms.is_empty() {
            return;
        }
        let place = self.random.gen_range(0..self.exchanges.len());
        let own = self.exchanges[place].confirm.clone().filter(|_| self.random.gen_bool(0.8));
        let confirm = own.unwrap_or_else(|| confirms[self.random.gen_range(0..confirms.len())].clone());
        let message = self.maybe_corrupt(&confirm);
        let exchange = &self.exchanges[place];
        let spec = spec_client::finish(&exchange.spec, &bytes(&message));
        // As after a restart.
        let awaiting: Awaiting = Awaiting::from_bytes(&exchange.awaiting).expect("as stored");
        let mut buffer = [0; DATA_MAX];
        let store = &mut self.clients[exchange.client].store;
        let implementation = awaiting.finish(store, &message, &mut buffer);
        let left = spec.as_ref().map(|established| (hex(&established.answer), hex(&established.session_secret)));
        let right = implementation
            .as_ref()
            .map(|established| (hex::encode(established.answer), hex::encode(established.session.secret.expose())));
        let right = right.map_err(|failed| failed.error.name().to_owned());
        same("C2", &left.map_err(|reject| format!("{reject:?}")), &right);
        match right {
            Ok((_, session)) => {
                let node = exchange.node_session.as_ref().expect("the node has confirmed");
                assert_eq!(session, hex::encode(node), "both ends hold the same key");
                self.depths.completed += 1;
            }
            Err(_) => self.depths.rejected += 1,
        }
    }

    /// N4.
    fn acknowledge(&mut self) {
        if let Some(stored) = self.spec.outbox.first().cloned() {
            self.spec = spec_node::acknowledged(&self.spec, stored.epoch, stored.index);
            let credential = self.spec.credential.native_slice().to_vec();
            let node: Node<'_> = Node::new(Credential::own(&credential).expect("a credential"), &self.node_key, false);
            let index = u8::try_from(stored.index).expect("an index");
            node.acknowledged(&mut self.store, stored.epoch, index).expect("N4");
        }
    }

    /// The two nodes remember the same.
    fn compare_states(&self) {
        let memory = self.store.memory();
        assert_eq!(self.spec.last_epoch, memory.last_epoch, "the last epoch");
        assert_eq!(self.spec.batches.len(), memory.batches.len(), "the number of batches");
        for batch in &self.spec.batches {
            let stored = &memory.batches[&batch.epoch];
            let (header, token) = stored.committed.as_ref().expect("committed");
            assert_eq!(hex(&batch.header), hex::encode(header), "the header");
            assert_eq!(hex(&batch.token), hex::encode(token), "the token");
            assert_eq!(batch.prekeys.len(), stored.prekeys.len(), "the number of prekeys");
            for (index, prekey) in (0..).zip(&batch.prekeys) {
                let (y, public) = &stored.prekeys[&index];
                assert_eq!(hex(&prekey.public), hex::encode(public), "Y");
                assert_eq!(prekey.y.as_ref().map(hex), y.map(hex::encode), "y");
            }
        }
        let outbox: std::collections::BTreeMap<_, _> = (self.spec.outbox.iter())
            .map(|stored| ((stored.epoch, stored.index as u8), (hex(&stored.initiate), hex(&stored.confirm))))
            .collect();
        let stored: std::collections::BTreeMap<_, _> = memory
            .outbox
            .iter()
            .map(|(place, (digest, confirm))| (*place, (hex::encode(digest), hex::encode(confirm))))
            .collect();
        assert_eq!(outbox, stored, "the outbox");
    }
}

impl TwinClient {
    fn new(seed: u64, number: u8, authority: Option<&Bytes>) -> Self {
        let key = drawn(&format!("client {number} {seed}"));
        let kid = [b'C', number];
        let own = credential("client", &kid, &key);
        let cwt = authority.map(|authority| {
            let credential = Credential::own(own.native_slice()).expect("a credential");
            let grant = dke::authority::Grant { client: &credential, audience: "lock.example", epoch_max: 2 };
            let mut out = vec![0; CWT_MAX];
            let len = dke::authority::issue(&scalar(authority), b"A", &grant, &mut out).expect("A1");
            out.truncate(len);
            out
        });
        let spec = match &cwt {
            Some(cwt) => spec_client::with_cwt(&bytes(cwt), &key),
            None => spec_client::pinned(&own, &key),
        };
        TwinClient {
            spec: spec.expect("a client"),
            credential: own.native_slice().to_vec(),
            cwt,
            key: scalar(&key),
            store: MemoryClientStore::default(),
            highest_epoch: 0,
        }
    }
}
