//! What the protocol costs beside the bare P-256 operations that it cannot avoid, as `p256` itself does them: the floor. A ratio below 1
//! says that the implementation's own multiplication (`dke::crypto`, signed combs) saves more than all the rest of the step costs.
//!
//! `cargo bench -p dke-tests --bench exchange` prints a table of ratios, measured alternately in one run, and then lets criterion
//! measure each step for itself.

use criterion::Criterion;
use dke::client::{Client, Request};
use dke::crypto::{Hash, PublicKey};
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, CREDENTIAL_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::store::{Batch, ClientStore, NodeStore, Pending, Pins, Prekey};
use dke::{Credential, Crypto, Depth, Mode, RustCrypto, Scalar, Suite, credential, gateway};
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::point::DecompressPoint;
use p256::{AffinePoint, ProjectivePoint};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 301;
const PREKEYS: usize = 64;
/// At most this much above the bare operations.
const TARGET: f64 = 1.05;

/// Accepts the same Initiate again and again: forgets that the prekey was erased.
#[derive(Default)]
struct Forgetful {
    last: u64,
    batch: Option<Batch>,
    prekeys: Vec<(Scalar, PublicKey)>,
}

impl NodeStore for Forgetful {
    type Error = Infallible;

    fn last_epoch(&self) -> Result<u64, Infallible> {
        Ok(self.last)
    }
    fn batch(&self, _: u64) -> Result<Option<Batch>, Infallible> {
        Ok(self.batch.clone())
    }
    fn prekey(&self, _: u64, index: u8) -> Result<Option<Prekey>, Infallible> {
        let found = self.prekeys.get(usize::from(index));
        Ok(found.map(|(y, public)| Prekey { secret: Some(y.clone()), public: *public }))
    }
    fn begin_batch(&mut self, _: u64) -> Result<(), Infallible> {
        self.prekeys.clear();
        Ok(())
    }
    fn put_prekey(&mut self, _: u64, _: u8, y: &Scalar, public: &PublicKey) -> Result<(), Infallible> {
        self.prekeys.push((y.clone(), *public));
        Ok(())
    }
    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Infallible> {
        self.last = epoch;
        self.batch = Some(batch.clone());
        Ok(())
    }
    fn erase_prekey(&mut self, _: u64, _: u8) -> Result<(), Infallible> {
        Ok(())
    }
    fn put_confirm(&mut self, _: u64, _: u8, _: &Hash, confirm: &[u8]) -> Result<(), Infallible> {
        black_box(confirm);
        Ok(())
    }
    fn confirm(&self, _: u64, _: u8, _: &Hash, _: &mut [u8]) -> Result<Option<usize>, Infallible> {
        Ok(None)
    }
    fn drop_confirm(&mut self, _: u64, _: u8) -> Result<(), Infallible> {
        Ok(())
    }
}

impl ClientStore for Forgetful {
    type Error = Infallible;

    fn highest_epoch(&self, _: &Hash) -> Result<u64, Infallible> {
        Ok(0)
    }
    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Infallible> {
        black_box(pending.state);
        Ok(())
    }
    fn end(&mut self, _: &Hash) -> Result<(), Infallible> {
        Ok(())
    }
}

/// One step of the protocol, and the bare operations that it cannot avoid.
struct Case {
    name: &'static str,
    floor: &'static str,
    step: Box<dyn FnMut()>,
    bare: Box<dyn FnMut()>,
}

fn identity(subject: &str, kid: &[u8], rng: &mut StdRng) -> (&'static Scalar, Credential<'static>) {
    let key = Scalar::draw(rng).unwrap();
    let mut ccs = vec![0; CREDENTIAL_MAX];
    let len = credential::encode(subject, kid, &RustCrypto::coordinates(&key), &mut ccs).unwrap();
    ccs.truncate(len);
    (Box::leak(Box::new(key)), Credential::parse(ccs.leak()).unwrap())
}

fn scalar(rng: &mut StdRng) -> p256::Scalar {
    p256::Scalar::from_repr((*Scalar::draw(rng).unwrap().expose()).into()).unwrap()
}

fn multiply(point: impl Into<ProjectivePoint>, s: &p256::Scalar) -> AffinePoint {
    (point.into() * black_box(s)).to_affine()
}

fn decompress(x: &PublicKey) -> AffinePoint {
    AffinePoint::decompress(black_box(&(*x).into()), 0.into()).unwrap()
}

fn publish(node: &Node<'_>, store: &mut Forgetful, rng: &mut StdRng, out: &mut [u8]) -> usize {
    let depth = Depth::new(u64::from(PREKEYS.trailing_zeros())).unwrap();
    let plan = Plan { suite: Suite::AesCcm8, depth, not_after: u64::from(u32::MAX) };
    node.publish(store, &plan, rng, out).unwrap()
}

fn publication(node: Node<'static>, rng: &mut StdRng) -> Case {
    let mut step_rng = rng.clone();
    let mut store = Forgetful::default();
    let mut out = vec![0; PUBLICATION_MAX];
    let (key, s) = (SigningKey::from_slice(Scalar::draw(rng).unwrap().expose()).unwrap(), scalar(rng));
    Case {
        name: "publication of 64 prekeys",
        floor: "64 multiplications, 1 signature",
        step: Box::new(move || {
            black_box(publish(&node, &mut store, &mut step_rng, &mut out));
        }),
        bare: Box::new(move || {
            for _ in 0..PREKEYS {
                black_box(multiply(ProjectivePoint::GENERATOR, &s));
            }
            let signature: Signature = key.sign_prehash(black_box(&[7; 32])).unwrap();
            black_box(signature);
        }),
    }
}

/// A published batch, an Offer and both parties.
#[derive(Clone)]
struct Scene {
    node_key: &'static Scalar,
    node: Credential<'static>,
    client_key: &'static Scalar,
    client: Credential<'static>,
    publication: Vec<u8>,
    offer: Vec<u8>,
}

fn initiate(scene: &Scene, mode: Mode, rng: &mut StdRng, out: &mut [u8; INITIATE_MAX]) -> usize {
    let client: Client<'_> = Client::pinned(&scene.client, scene.client_key);
    let request = Request { mode, early_data: &[7; 16], now: 0 };
    client.initiate(&mut Forgetful::default(), &scene.node, &scene.offer, &request, rng, out).unwrap().len
}

fn initiation(scene: Scene, rng: &mut StdRng) -> Case {
    let mut step_rng = rng.clone();
    let mut out = [0; INITIATE_MAX];
    let (x, c, y) = (scalar(rng), scalar(rng), RustCrypto::public_key(&Scalar::draw(rng).unwrap()));
    let key = SigningKey::from_slice(scene.node_key.expose()).unwrap();
    let signature: Signature = key.sign_prehash(&[7; 32]).unwrap();
    let key = VerifyingKey::from(&key);
    Case {
        name: "client's initiation",
        floor: "1 verification, decompress Y, 3 multiplications",
        step: Box::new(move || {
            black_box(initiate(&scene, Mode::Basic, &mut step_rng, &mut out));
        }),
        bare: Box::new(move || {
            key.verify_prehash(black_box(&[7; 32]), &signature).unwrap();
            let point = decompress(&y);
            black_box(multiply(ProjectivePoint::GENERATOR, &x));
            black_box(multiply(point, &x));
            black_box(multiply(point, &c));
        }),
    }
}

fn acceptance(scene: Scene, mut store: Forgetful, mode: Mode, rng: &mut StdRng) -> Case {
    let mut message = [0; INITIATE_MAX];
    let len = initiate(&scene, mode, rng, &mut message);
    let mut step_rng = rng.clone();
    let clients: &'static [Credential<'static>] = vec![scene.client].leak();
    let node: Node<'static> = Node::new(scene.node, scene.node_key, false);
    let (y, z) = (scalar(rng), scalar(rng));
    let x = RustCrypto::public_key(&Scalar::draw(rng).unwrap());
    let c = multiply(ProjectivePoint::GENERATOR, &scalar(rng));
    Case {
        name: match mode {
            Mode::Basic => "node's acceptance, basic",
            Mode::Refresh => "node's acceptance, refresh",
        },
        floor: match mode {
            Mode::Basic => "decompress X, 2 multiplications",
            Mode::Refresh => "decompress X, 4 multiplications",
        },
        step: Box::new(move || {
            let pins = Pins::new(clients, &[]).unwrap();
            let (mut buffer, mut out) = ([0; CONFIRM_MAX], [0; CONFIRM_MAX]);
            let incoming = node.accept(&mut store, &pins, &message[..len], &mut buffer).unwrap();
            let Incoming::Accepted(accepted) = incoming else { unreachable!() };
            let confirmed = accepted.confirm(&mut store, &[9; 16], &mut step_rng, &mut out);
            black_box(confirmed.map_err(|failed| failed.error).unwrap().len);
        }),
        bare: Box::new(move || {
            let x = decompress(&x);
            black_box(multiply(x, &y));
            black_box(multiply(c, &y));
            if mode == Mode::Refresh {
                black_box(multiply(ProjectivePoint::GENERATOR, &z));
                black_box(multiply(x, &z));
            }
        }),
    }
}

fn cases() -> Vec<Case> {
    let mut rng = StdRng::seed_from_u64(1);
    let (node_key, node) = identity("node", b"n", &mut rng);
    let (client_key, client) = identity("client", b"c", &mut rng);
    let mut scene = Scene { node_key, node, client_key, client, publication: Vec::new(), offer: Vec::new() };
    let batch = |rng: &mut StdRng| {
        let (mut store, mut out) = (Forgetful::default(), vec![0; PUBLICATION_MAX]);
        let len = publish(&Node::new(node, node_key, false), &mut store, rng, &mut out);
        out.truncate(len);
        (store, out)
    };
    let (basic, _) = batch(&mut rng.clone());
    let (refresh, publication_bytes) = batch(&mut rng.clone());
    scene.publication = publication_bytes;
    scene.offer = vec![0; OFFER_MAX];
    let len = gateway::offer(&scene.publication, node.hash(), 5, &mut scene.offer).unwrap();
    scene.offer.truncate(len);
    vec![
        acceptance(scene.clone(), basic, Mode::Basic, &mut rng),
        acceptance(scene.clone(), refresh, Mode::Refresh, &mut rng),
        initiation(scene, &mut rng),
        publication(Node::new(node, node_key, false), &mut rng),
    ]
}

fn time(run: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ratios(cases: &mut [Case]) {
    println!("{:<28} {:>10} {:>10} {:>6}   bare operations", "step", "step µs", "bare µs", "ratio");
    for case in cases {
        let rounds = if case.name.starts_with("publication") { ROUNDS / 10 } else { ROUNDS };
        let (step, bare) = (0..rounds).map(|_| (time(&mut case.step), time(&mut case.bare))).unzip();
        let (step, bare) = (median(step).as_secs_f64() * 1e6, median(bare).as_secs_f64() * 1e6);
        let ratio = step / bare;
        let verdict = if ratio <= TARGET { "" } else { "  ABOVE TARGET" };
        println!("{:<28} {step:>10.1} {bare:>10.1} {ratio:>6.3}   {}{verdict}", case.name, case.floor);
    }
    println!("target: at most {TARGET}; medians of alternating runs\n");
}

fn main() {
    let mut cases = cases();
    ratios(&mut cases);
    let mut criterion = Criterion::default().configure_from_args();
    for case in &mut cases {
        criterion.bench_function(case.name, |bencher| bencher.iter(&mut case.step));
        criterion.bench_function(&format!("{}: {}", case.name, case.floor), |bencher| bencher.iter(&mut case.bare));
    }
    criterion.final_summary();
}
