//! A node on both sides.

use super::{named, same, scalar};
use crate::memory_store::MemoryNodeStore;
use crate::vectors::{credential, drawn, hex};
use dke::gateway::{Known, Verified, offer, verify_publication};
use dke::node::{Accepted, Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::store::Pins;
use dke::{Credential, Depth, RustCrypto, Scalar, Suite};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::weakening::Weakening;
use dke_spec::{gateway as spec_gateway, node as spec_node};
use dke_vectors::Given;
use std::collections::BTreeMap;

/// A node, and what the gateway has of it.
pub(super) struct TwinNode {
    pub(super) credential: Vec<u8>,
    pub(super) publications: Vec<Vec<u8>>,
    spec: spec_node::Node,
    store: MemoryNodeStore,
    key: Scalar,
}

/// What is random in N1.
pub(super) struct Batch {
    pub(super) suite: u64,
    pub(super) depth: u64,
    pub(super) not_after: u64,
    pub(super) token: Bytes,
    pub(super) ys: Vec<Bytes>,
}

/// What is random in N3.
pub(super) struct Answer {
    pub(super) data: Vec<u8>,
    pub(super) z: Bytes,
}

/// What N2 and N3 came to.
pub(super) enum Outcome {
    Rejected(String),
    Repeated,
    /// Accepted; Confirm and session secret, if there were not too many data.
    Accepted(Option<(Vec<u8>, Vec<u8>)>),
}

impl TwinNode {
    pub(super) fn new(seed: u64, number: usize, pinned: Vec<Bytes>, authority: Bytes, insist_on_refresh: bool) -> Self {
        let key = drawn(&format!("node {number} {seed}"));
        let own = credential(&subject(number), b"N", &key);
        TwinNode {
            credential: own.native_slice().to_vec(),
            publications: vec![],
            store: MemoryNodeStore::default(),
            key: scalar(&key),
            spec: spec_node::Node {
                credential: own,
                key,
                insist_on_refresh,
                last_epoch: 0,
                batches: vec![],
                outbox: vec![],
                clients: pinned,
                authorities: vec![authority],
                weakening: Weakening::NONE,
                remains: vec![],
            },
        }
    }

    fn own(&self) -> Credential<'_> {
        Credential::own(&self.credential).expect("a credential")
    }

    /// Prekeys in the newest batch.
    pub(super) fn prekeys(&self) -> u64 {
        self.spec.batches[0].prekeys.len() as u64
    }

    /// N1.
    pub(super) fn publish(&mut self, batch: &Batch) -> Vec<u8> {
        let Batch { suite, depth, not_after, token, ys } = batch;
        let (next, expected) =
            spec_node::publish(&self.spec, *suite, *depth, *not_after, token, ys).expect("random bytes are scalars");
        let plan = Plan {
            suite: Suite::from_id(*suite).expect("a suite"),
            depth: Depth::new(*depth).expect("a depth"),
            not_after: *not_after,
        };
        let random = ys.iter().fold(token.native_slice().to_vec(), |all, y| [&all, y.native_slice()].concat());
        let mut store = std::mem::take(&mut self.store);
        let node: Node<'_> = Node::new(self.own(), &self.key, self.spec.insist_on_refresh);
        let mut out = vec![0; PUBLICATION_MAX];
        let len = node.publish(&mut store, &plan, &mut Given::new(random), &mut out).expect("N1");
        out.truncate(len);
        assert_eq!(hex(&expected), hex::encode(&out), "N1: the Publication");
        self.spec = next;
        self.store = store;
        self.publications.push(out.clone());
        out
    }

    /// G1: gives the name of the rejection, if there is one.
    pub(super) fn check_publication(&self, message: &[u8], highest_epoch: u64, now: u64) -> Option<String> {
        let spec = spec_gateway::check_publication(&bytes(message), &self.spec.credential, highest_epoch, now)
            .map(|header| header.epoch);
        let known = Known { publications: &[], highest_epoch };
        let implementation =
            verify_publication::<RustCrypto>(message, &self.own(), &known, now).map(|verified| match verified {
                Verified::Same(header) | Verified::New(header, _) => header.epoch,
            });
        same("G1", named(spec), implementation.map_err(|reject| reject.name().to_owned())).err()
    }

    /// G2: the Offer of one prekey of a Publication.
    pub(super) fn offer(&self, publication: &[u8], index: u8) -> Result<Vec<u8>, String> {
        let spec = spec_gateway::offer(&bytes(publication), &self.spec.credential, index.into());
        let mut out = vec![0; OFFER_MAX];
        let implementation = offer(publication, self.own().hash(), index, &mut out);
        let implementation = implementation.map(|len| out[..len].to_vec()).map_err(|error| error.name().to_owned());
        same("G2", named(spec).map(|offer| offer.native_slice().to_vec()), implementation)
    }

    /// N2 and N3.
    pub(super) fn deliver(&mut self, message: &[u8], answer: &Answer) -> Outcome {
        let spec = spec_node::accept(&self.spec, &bytes(message));
        let (clients, authorities) = (owned(&self.spec.clients), owned(&self.spec.authorities));
        let (clients, authorities) = (parsed(&clients), parsed(&authorities));
        let pins = Pins::new(&clients, &authorities).expect("unique");
        let mut store = std::mem::take(&mut self.store);
        let node: Node<'_> = Node::new(self.own(), &self.key, self.spec.insist_on_refresh);
        let mut buffer = [0; CONFIRM_MAX];
        let (next, outcome) = match (spec, node.accept(&mut store, &pins, message, &mut buffer)) {
            (Ok((next, spec_node::Incoming::Repeated(left))), Ok(Incoming::Repeated(right))) => {
                assert_eq!(hex(&left), hex::encode(right), "N2: the repeated Confirm");
                (next, Outcome::Repeated)
            }
            (Ok((next, spec_node::Incoming::Accepted(left))), Ok(Incoming::Accepted(right))) => {
                accepted(next, &left, right, &mut store, answer)
            }
            (Err(left), Err(right)) => {
                assert_eq!(format!("{left:?}"), right.name(), "N2: the rejection");
                (self.spec.clone(), Outcome::Rejected(right.name().to_owned()))
            }
            (spec, implementation) => panic!(
                "N2: specification {:?}, implementation {:?}",
                spec.map(|_| "does not reject"),
                implementation.map(|_| "does not reject").map_err(|error| error.name())
            ),
        };
        self.spec = next;
        self.store = store;
        outcome
    }

    /// N4, for the oldest Confirm in the outbox. `false` if there is none.
    pub(super) fn acknowledge(&mut self) -> bool {
        let Some(stored) = self.spec.outbox.first().cloned() else { return false };
        self.spec = spec_node::acknowledged(&self.spec, stored.epoch, stored.index);
        let mut store = std::mem::take(&mut self.store);
        let node: Node<'_> = Node::new(self.own(), &self.key, false);
        let index = u8::try_from(stored.index).expect("an index");
        node.acknowledged(&mut store, stored.epoch, index).expect("N4");
        self.store = store;
        true
    }

    /// Power is lost: only the store's medium is left.
    pub(super) fn restart(&mut self) {
        self.store = MemoryNodeStore::restore(self.store.snapshot());
    }

    /// Both sides remember the same.
    pub(super) fn compare(&self) {
        let memory = self.store.memory();
        assert_eq!(self.spec.last_epoch, memory.last_epoch, "the last epoch");
        assert_eq!(self.spec.batches.len(), memory.batches.len(), "the number of batches");
        for batch in &self.spec.batches {
            let stored = &memory.batches[&batch.epoch];
            let (header, token) = stored.committed.as_ref().expect("committed");
            assert_eq!((hex(&batch.header), hex(&batch.token)), (hex::encode(header), hex::encode(token)));
            assert_eq!(batch.prekeys.len(), stored.prekeys.len(), "the number of prekeys");
            for (index, prekey) in (0..=u8::MAX).zip(&batch.prekeys) {
                let (y, public) = &stored.prekeys[&index];
                assert_eq!(prekey.public.native_slice(), public, "Y");
                assert_eq!(prekey.y.as_ref().map(Bytes::native_slice), y.as_ref().map(<[u8; 32]>::as_slice), "y");
            }
        }
        let spec: BTreeMap<_, _> = (self.spec.outbox.iter())
            .map(|stored| ((stored.epoch, stored.index as u8), (hex(&stored.initiate), hex(&stored.confirm))))
            .collect();
        let stored: BTreeMap<_, _> = (memory.outbox.iter())
            .map(|(place, (digest, confirm))| (*place, (hex::encode(digest), hex::encode(confirm))))
            .collect();
        assert_eq!(spec, stored, "the outbox");
    }
}

/// The rest of N2, and N3.
fn accepted(
    next: spec_node::Node,
    left: &spec_node::Accepted,
    right: Accepted<'_>,
    store: &mut MemoryNodeStore,
    answer: &Answer,
) -> (spec_node::Node, Outcome) {
    assert_eq!(hex(&left.early_data), hex::encode(right.early_data()), "N2: early data");
    assert_eq!(hex(&left.early_secret), hex::encode(right.early_secret().expose()), "N2: early secret");
    assert_eq!(dke_spec::sha256::sha256(&left.client).native_slice(), right.peer().hash(), "N2: the client");
    let spec = spec_node::confirm(&next, left, &bytes(&answer.data), &answer.z);
    let mut out = vec![0; CONFIRM_MAX];
    let confirmed = right.confirm(store, &answer.data, &mut Given::new(answer.z.native_slice()), &mut out);
    let implementation = confirmed
        .map(|confirmed| (out[..confirmed.len].to_vec(), confirmed.session.secret.expose().to_vec()))
        .map_err(|failed| failed.error.name().to_owned());
    // Where N3 fails, N2 has happened all the same.
    let after = spec.as_ref().map_or(next, |(after, _)| after.clone());
    let bytes_of = |bytes: Bytes| bytes.native_slice().to_vec();
    let spec = spec.map(|(_, confirmed)| (bytes_of(confirmed.confirm), bytes_of(confirmed.session_secret)));
    (after, Outcome::Accepted(same("N3", named(spec), implementation).ok()))
}

/// The subject of the node of this number.
pub(super) fn subject(number: usize) -> String {
    format!("lock {number}")
}

fn owned(credentials: &[Bytes]) -> Vec<Vec<u8>> {
    credentials.iter().map(|one| one.native_slice().to_vec()).collect()
}

fn parsed(credentials: &[Vec<u8>]) -> Vec<Credential<'_>> {
    credentials.iter().map(|one| Credential::own(one).expect("pinned")).collect()
}
