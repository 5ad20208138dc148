//! Delayed Key Exchange, with client and node pinned to each other.

use crate::exchange::{BATCH, Curve, Exchange, Facts, Flight, Peer, Publication, timed};
use dke::client::{Client, Request};
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, CREDENTIAL_MAX, DATA_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::ram::{RamClient, RamNode};
use dke::store::Pins;
use dke::{Credential, Crypto, Depth, Mode, RustCrypto, Scalar, Suite, credential, gateway};
use rand::rngs::StdRng;

/// From here on an epoch and an index take two bytes each, as most of them do.
const TWO_BYTES: u8 = 24;

pub(crate) const BASIC: &str = "DKE basic";
pub(crate) const REFRESH: &str = "DKE refresh";

pub(crate) struct Dke {
    mode: Mode,
    node: Node<'static>,
    client: Client<'static>,
    pinned: &'static [Credential<'static>],
    store: Box<RamNode<BATCH, 1>>,
    publication: Vec<u8>,
    index: u8,
    rng: StdRng,
}

/// A private key with its credential; the kid has one byte, as in EDHOC's examples.
pub(crate) fn identity(subject: &str, kid: u8, rng: &mut StdRng) -> (&'static Scalar, Credential<'static>) {
    let key = Scalar::draw(rng).unwrap();
    let mut ccs = vec![0; CREDENTIAL_MAX];
    let len = credential::encode(subject, &[kid], &RustCrypto::coordinates(&key), &mut ccs).unwrap();
    ccs.truncate(len);
    (Box::leak(Box::new(key)), Credential::parse(ccs.leak()).unwrap())
}

impl Dke {
    pub(crate) fn new(mode: Mode, mut rng: StdRng) -> Self {
        let (n, cred_n) = identity("node", 0x0a, &mut rng);
        let (c, cred_c) = identity("client", 0x2b, &mut rng);
        let mut dke = Dke {
            mode,
            node: Node::new(cred_n, n, false),
            client: Client::pinned(&cred_c, c),
            pinned: vec![cred_c].leak(),
            store: Box::new(RamNode::new()),
            publication: Vec::new(),
            index: TWO_BYTES,
            rng,
        };
        for _ in 1..TWO_BYTES {
            dke.publish_batch(1);
        }
        dke
    }

    /// The node's CPU, µs.
    fn publish_batch(&mut self, prekeys: usize) -> f64 {
        let depth = Depth::new(prekeys.trailing_zeros().into()).unwrap();
        let plan = Plan { suite: Suite::AesCcm8, depth, not_after: u32::MAX.into() };
        self.publication = vec![0; PUBLICATION_MAX];
        let (len, cpu) =
            timed(|| self.node.publish(&mut *self.store, &plan, &mut self.rng, &mut self.publication).unwrap());
        self.publication.truncate(len);
        self.index = prekeys as u8;
        cpu
    }
}

impl Peer for Dke {
    fn facts(&self) -> Facts {
        Facts {
            name: match self.mode {
                Mode::Basic => BASIC,
                Mode::Refresh => REFRESH,
            },
            cryptography: "P-256, AES-CCM-16-64-128, SHA-256",
            curve: Curve::P256,
            early: true,
        }
    }

    fn publish(&mut self) -> Option<Publication> {
        let node = self.publish_batch(BATCH);
        Some(Publication { node, bytes: self.publication.len() })
    }

    fn exchange(&mut self) -> Exchange {
        if self.index <= TWO_BYTES {
            self.publish_batch(BATCH);
        }
        self.index -= 1;
        let cred_n = *self.node.credential();
        let (mut offer, mut store) = (vec![0; OFFER_MAX], RamClient::<1, 1>::new());
        let len = gateway::offer(&self.publication, cred_n.hash(), self.index, &mut offer).unwrap();
        let request = Request { mode: self.mode, early_data: &[], now: 0 };
        let mut initiate = [0; INITIATE_MAX];
        let (begun, c1) = timed(|| {
            self.client.initiate(&mut store, &cred_n, &offer[..len], &request, &mut self.rng, &mut initiate).unwrap()
        });
        let pins = Pins::new(self.pinned, &[]).unwrap();
        let (mut buffer, mut confirm) = ([0; CONFIRM_MAX], [0; CONFIRM_MAX]);
        let initiate = &initiate[..begun.len];
        let (confirmed, node) = timed(|| {
            let incoming = self.node.accept(&mut *self.store, &pins, initiate, &mut buffer).unwrap();
            let Incoming::Accepted(accepted) = incoming else { panic!("no Initiate comes twice") };
            accepted.confirm(&mut *self.store, &[], &mut self.rng, &mut confirm).unwrap()
        });
        let epoch = begun.awaiting.epoch();
        let mut answer = [0; DATA_MAX];
        let confirm = &confirm[..confirmed.len];
        let (done, c2) = timed(|| begun.awaiting.finish(&mut store, confirm, &mut answer).unwrap());
        self.node.acknowledged(&mut *self.store, epoch, self.index).unwrap();
        assert_eq!(done.session.secret.expose(), confirmed.session.secret.expose());
        let flights = vec![Flight::In(initiate.len()), Flight::Out(confirm.len())];
        Exchange { node, client: c1 + c2, wakes: vec![flights] }
    }
}

/// The bare operation that all peers on P-256 share: one ECDH.
pub(crate) fn scalar_multiplication(rng: &mut StdRng) -> impl FnOnce() {
    let (secret, peer) = (p256::SecretKey::random(rng), p256::SecretKey::random(rng).public_key());
    move || drop(std::hint::black_box(p256::ecdh::diffie_hellman(secret.to_nonzero_scalar(), peer.as_affine())))
}
