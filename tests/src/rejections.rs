//! The negative vectors: which bytes are changed, and which rejection that is.

use crate::corrupt::{Corruption, corrupt, items};
use crate::vectors::{INDEX, Kind, NOT_AFTER, World, drawn, hex, judge, token, world};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::client::{self, Client};
use dke_spec::message::{
    Header, Initiate, encode_confirm, encode_header, encode_initiate, encode_offer, encode_publication, parse_confirm,
    parse_header, parse_initiate, parse_offer, parse_publication,
};
use dke_spec::params::BATCH_AAD;
use dke_spec::weakening::Weakening;
use dke_spec::{cose, cwt, gateway, node};
use dke_vectors::form::{Rejection, State, Step};

/// Collects vectors over one base.
struct Collector {
    base: String,
    world: World,
    rejections: Vec<Rejection>,
}

impl Collector {
    fn new(kind: Kind) -> Self {
        Self { base: kind.name(), world: world(kind), rejections: Vec::new() }
    }

    /// Adds the message, if the specification rejects it.
    fn add_in(&mut self, state: State, step: Step, change: String, message: Bytes) {
        if let Some(reject) = judge(&self.world, step, state, &message) {
            self.rejections.push(Rejection {
                name: format!("{step:?}: {change}"),
                base: self.base.clone(),
                step,
                change,
                state,
                message: hex(&message),
                reject: format!("{reject:?}"),
            });
        }
    }

    fn add(&mut self, step: Step, change: &str, message: Bytes) {
        self.add_in(State::Before, step, change.into(), message);
    }

    /// Every structured corruption of every item of a message.
    fn corruptions(&mut self, step: Step, message: &Bytes, names: &[&str]) {
        let message = message.native_slice();
        let items = items(message);
        assert_eq!(items.len(), names.len(), "each item of the message has a name");
        for (item, name) in items.iter().zip(names) {
            for corruption in Corruption::ALL {
                if let Some(spoiled) = corrupt(message, item, corruption) {
                    self.add_in(State::Before, step, format!("{name} {}", corruption.name()), bytes(&spoiled));
                }
            }
        }
    }

    /// A header with a change, signed by the node all the same.
    fn signed(&self, change: impl Fn(&mut Header)) -> cose::Sign1 {
        let batch = &self.world.node.batches[0];
        let mut header =
            parse_header(&batch.header, &dke_spec::sha256::sha256(&self.world.node.credential)).expect("a header");
        change(&mut header);
        self.sign(&encode_header(&header))
    }

    fn sign(&self, header: &Bytes) -> cose::Sign1 {
        let key = dke_spec::p256::scalar(&self.world.node.key).expect("a scalar");
        cose::sign(key, &gateway::batch_protected(), BATCH_AAD, header).expect("a signature")
    }

    /// The same signed header in a Publication (G1) and in an Offer (C1).
    fn batch(&mut self, change: &str, batch: cose::Sign1) {
        let mut publication = parse_publication(&self.world.publication).expect("a Publication");
        let mut offer = parse_offer(&self.world.offer).expect("an Offer");
        publication.batch = batch.clone();
        offer.batch = batch;
        self.add(Step::G1, change, encode_publication(&publication));
        self.add(Step::C1, change, encode_offer(&offer));
    }

    /// A raw change of the header's bytes, signed by the node all the same.
    fn header_corruptions(&mut self) {
        let names = ["header", "version", "suite", "node", "epoch", "not_after", "depth", "root", "mailbox"];
        let header = self.world.node.batches[0].header.clone();
        for (item, name) in items(header.native_slice()).iter().zip(names) {
            for corruption in
                [Corruption::NotShortest, Corruption::WrongType, Corruption::Shortened, Corruption::Trailing]
            {
                if let Some(spoiled) = corrupt(header.native_slice(), item, corruption) {
                    self.batch(&format!("header.{name} {}", corruption.name()), self.sign(&bytes(&spoiled)));
                }
            }
        }
    }

    fn headers(&mut self) {
        self.batch("suite 1", self.signed(|header| header.suite = 1));
        self.batch("suite 0", self.signed(|header| header.suite = 0));
        self.batch("another node", self.signed(|header| header.node = drawn("another node")));
        self.batch("depth 9", self.signed(|header| header.depth = 9));
        self.batch("depth 1", self.signed(|header| header.depth = 1));
        self.batch("depth 3", self.signed(|header| header.depth = 3));
        self.batch("epoch 0", self.signed(|header| header.epoch = 0));
        self.batch("an older epoch", self.signed(|header| header.epoch = 5));
        self.batch("expired", self.signed(|header| header.not_after = 1_700_000_000));
        self.batch("another root", self.signed(|header| header.root = drawn("root")));
        let mut version = self.world.node.batches[0].header.native_slice().to_vec();
        version[1] = 2;
        self.batch("version 2", self.sign(&bytes(&version)));
        let mut other_key = self.signed(|header| header.not_after = NOT_AFTER);
        other_key.protected = bytes(&[0xa1, 0x01, 0x27]);
        self.batch("algorithm EdDSA", other_key);
        let mut unsigned = self.signed(|header| header.not_after = NOT_AFTER + 1);
        unsigned.signature = bytes(&[0; 64]);
        self.batch("signature of zeros", unsigned);
        let mut swapped = self.signed(|header| header.mailbox = drawn("mailbox"));
        swapped.payload = self.world.node.batches[0].header.clone();
        self.batch("signature of another header", swapped);
    }

    fn offers(&mut self) {
        let offer = parse_offer(&self.world.offer).expect("an Offer");
        let other = parse_offer(&gateway::offer(&self.world.publication, &self.world.node.credential, 1).expect("G2"))
            .expect("an Offer");
        for (change, index) in [("index 3", 3), ("index 4", 4), ("index 256", 256), ("index 2^32", 1 << 32)] {
            self.add(Step::C1, change, encode_offer(&dke_spec::message::Offer { index, ..offer.clone() }));
        }
        self.add(
            Step::C1,
            "Y of another index",
            encode_offer(&dke_spec::message::Offer { y: other.y.clone(), ..offer.clone() }),
        );
        self.add(
            Step::C1,
            "path of another index",
            encode_offer(&dke_spec::message::Offer { path: other.path, ..offer.clone() }),
        );
        self.add(
            Step::C1,
            "Y off the curve",
            encode_offer(&dke_spec::message::Offer { y: off_curve(), ..offer.clone() }),
        );
        let publication = parse_publication(&self.world.publication).expect("a Publication");
        let mut ys = publication.ys.native_slice().to_vec();
        ys[..64].rotate_left(32);
        let exchanged = dke_spec::message::Publication { ys: bytes(&ys), ..publication };
        self.add(Step::G1, "two prekeys exchanged", encode_publication(&exchanged));
        // A node that signs a key off the curve.
        let mut keys = gateway::prekeys(
            &self.world.node.batches[0].prekeys.iter().fold(Bytes::new(0), |all, prekey| all.concat(&prekey.public)),
        );
        keys[INDEX as usize] = off_curve();
        let batch = self.signed(|header| header.root = dke_spec::merkle::root(&Weakening::NONE, &keys, 2));
        let path = dke_spec::merkle::path(&Weakening::NONE, &keys, 2, INDEX as usize);
        let signed = dke_spec::message::Offer { batch, index: INDEX, y: off_curve(), path };
        self.add(Step::C1, "signed Y off the curve", encode_offer(&signed));
    }

    fn initiates(&mut self) {
        let initiate = parse_initiate(&self.world.pending.initiate).expect("an Initiate");
        let with = |change: &dyn Fn(&mut Initiate)| {
            let mut changed = initiate.clone();
            change(&mut changed);
            encode_initiate(&changed)
        };
        self.add(Step::N2, "the other mode", with(&|i| i.flags ^= 1));
        self.add(Step::N2, "reserved flag", with(&|i| i.flags |= 2));
        self.add(Step::N2, "flags 2^63", with(&|i| i.flags = 1 << 63));
        self.add(Step::N2, "epoch 0", with(&|i| i.epoch = 0));
        self.add(Step::N2, "epoch 5, erased", with(&|i| i.epoch = 5));
        self.add(Step::N2, "epoch 8, not published", with(&|i| i.epoch = 8));
        self.add(Step::N2, "epoch 2^64 - 1", with(&|i| i.epoch = u64::MAX));
        self.add(Step::N2, "index 3, another prekey", with(&|i| i.index = 3));
        self.add(Step::N2, "index 4", with(&|i| i.index = 4));
        self.add(Step::N2, "index 2^40", with(&|i| i.index = 1 << 40));
        self.add(Step::N2, "X off the curve", with(&|i| i.x = off_curve()));
        self.add(Step::N2, "X = p", with(&|i| i.x = bytes(&P)));
        self.add(Step::N2, "X = 2^256 - 1", with(&|i| i.x = bytes(&[0xff; 32])));
        self.add(
            Step::N2,
            "X of another exchange",
            with(&|i| i.x = self.world.node.batches[0].prekeys[0].public.clone()),
        );
        self.add(Step::N2, "CT_2 of 1,041 bytes", with(&|i| i.ct_2 = Bytes::new(1041)));
        self.add(Step::N2, "CT_1 of 356 bytes", with(&|i| i.ct_1 = Bytes::new(356)));
        self.add(Step::N2, "CT_1 of 8 bytes", with(&|i| i.ct_1 = Bytes::new(8)));
        self.add_in(
            State::Erased,
            Step::N2,
            "a second Initiate for a used prekey".into(),
            self.world.pending.initiate.clone(),
        );
    }

    /// An Initiate by a client that names itself in this way.
    fn identity(&mut self, change: &str, id_cred: Bytes) {
        let client = Client { id_cred, ..self.world.client.clone() };
        let pending = client::initiate(&client, &self.world.request, &self.world.offer).expect("C1");
        self.add(Step::N2, change, pending.initiate);
    }

    fn identities(&mut self) {
        let kid = |kid: &[u8]| dke_spec::cbor::encode_bstr(&bytes(kid));
        self.identity("kid of nobody", kid(b"X"));
        self.identity("kid of 17 bytes", kid(&[7; 17]));
        self.identity("kid of 0 bytes", kid(b""));
        self.identity("kid as text", bytes(&[0x61, 0x43]));
        self.identity("kid not in its shortest form", bytes(&[0x58, 0x01, 0x43]));
        self.identity("kid and a byte", bytes(&[0x41, 0x43, 0x00]));
        let vouched = |audience: &str, epoch_max, kid: &[u8], signer: &str| {
            cwt::id_cred(&token(audience, epoch_max, kid, signer))
        };
        self.identity("CWT for another node", vouched("gate.example", 9, b"A1", "authority"));
        self.identity("CWT up to epoch 6", vouched("lock.example", 6, b"A1", "authority"));
        self.identity("CWT of an unknown authority", vouched("lock.example", 9, b"A2", "authority"));
        self.identity("CWT signed by another key", vouched("lock.example", 9, b"A1", "another authority"));
        let good = vouched("lock.example", 9, b"A1", "authority");
        let parts = items(good.native_slice());
        for (item, name) in
            parts.iter().zip(["id_cred", "kcwt", "cwt", "protected", "unprotected", "claims", "signature"])
        {
            for corruption in Corruption::ALL {
                if let Some(spoiled) =
                    corrupt(good.native_slice(), item, corruption).filter(|id_cred| id_cred.len() > 1)
                {
                    self.identity(&format!("id_cred.{name} {}", corruption.name()), bytes(&spoiled));
                }
            }
        }
        let other = Client { credential: drawn("credential"), ..self.world.client.clone() };
        let pending = client::initiate(&other, &self.world.request, &self.world.offer).expect("C1");
        self.add(Step::N2, "another credential in TH_2", pending.initiate);
        let thief = Client { key: drawn("thief"), ..self.world.client.clone() };
        let pending = client::initiate(&thief, &self.world.request, &self.world.offer).expect("C1");
        self.add(Step::N2, "another static key", pending.initiate);
    }

    fn confirms(&mut self) {
        let confirm = parse_confirm(&self.world.confirm).expect("a Confirm");
        let with = |change: &dyn Fn(&mut dke_spec::message::Confirm)| {
            let mut changed = confirm.clone();
            change(&mut changed);
            encode_confirm(&changed)
        };
        self.add(Step::C2, "another epoch", with(&|c| c.epoch = 6));
        self.add(Step::C2, "another index", with(&|c| c.index = 1));
        self.add(Step::C2, "without Z", with(&|c| c.z = Bytes::new(0)));
        self.add(Step::C2, "Z off the curve", with(&|c| c.z = off_curve()));
        self.add(Step::C2, "Z = p", with(&|c| c.z = bytes(&P)));
        self.add(Step::C2, "another Z", with(&|c| c.z = self.world.node.batches[0].prekeys[0].public.clone()));
        self.add(Step::C2, "CT_3 of 1,041 bytes", with(&|c| c.ct_3 = Bytes::new(1041)));
        self.add(Step::C2, "CT_3 of 7 bytes", with(&|c| c.ct_3 = Bytes::new(7)));
        // The node's answer to another client in the same mode.
        let mut other = self.world.accepted.clone();
        other.th_3 = drawn("another transcript");
        let (_, swapped) = node::confirm(&self.world.erased, &other, &Bytes::new(0), &drawn("z")).expect("N3");
        self.add(Step::C2, "Confirm of another exchange", swapped.confirm);
        let mut basic = self.world.accepted.clone();
        basic.mode = 0;
        let (_, downgraded) = node::confirm(&self.world.erased, &basic, &Bytes::new(0), &drawn("z")).expect("N3");
        self.add(Step::C2, "a valid basic Confirm where refresh was asked", downgraded.confirm);
    }
}

const P: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff,
];

/// The least x coordinate that no point has.
fn off_curve() -> Bytes {
    let candidates = (0..=255).map(|last| [&[0; 31][..], &[last]].concat());
    candidates.map(|x| bytes(&x)).find(|x| dke_spec::p256::decompress(x).is_err()).expect("half of them have none")
}

const SIGNED_BATCH: [&str; 5] = ["batch", "protected", "unprotected", "payload", "signature"];

/// All negative vectors.
pub fn rejections() -> Vec<Rejection> {
    let mut refresh = Collector::new(Kind { suite: 2, refresh: true, cwt: false, data: true });
    let (publication, offer) = (refresh.world.publication.clone(), refresh.world.offer.clone());
    refresh.corruptions(Step::G1, &publication, &[&["publication"], &SIGNED_BATCH[..], &["ys"]].concat());
    refresh.corruptions(Step::C1, &offer, &[&["offer"], &SIGNED_BATCH[..], &["index", "y", "path"]].concat());
    let (initiate, confirm) = (refresh.world.pending.initiate.clone(), refresh.world.confirm.clone());
    refresh.corruptions(Step::N2, &initiate, &["initiate", "flags", "epoch", "index", "x", "ct_1", "ct_2"]);
    refresh.corruptions(Step::C2, &confirm, &["confirm", "epoch", "index", "z", "ct_3"]);
    refresh.header_corruptions();
    refresh.headers();
    refresh.offers();
    refresh.initiates();
    refresh.confirms();
    let mut vouched = Collector::new(Kind { suite: 3, refresh: false, cwt: true, data: true });
    vouched.identities();
    vouched.confirms();
    refresh.rejections.extend(vouched.rejections);
    refresh.rejections
}
