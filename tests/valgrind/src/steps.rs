//! Each step of the protocol on the default backend, and the bare operations of P-256, counted one by one.

use crate::requests::count;
use crate::world::{Identity, Secrets, Store};
use dke::client::{Client, Request};
use dke::crypto::{Crypto, RustCrypto, Scalar};
use dke::gateway::{Known, offer, verify_publication};
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, DATA_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::store::Pins;
use dke::{Depth, Mode, Suite};
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::PrimeField;
use std::ffi::CStr;
use std::hint::black_box;

/// Runs all of them.
pub fn run() {
    p256();
    bare();
    exchange(Mode::Basic, [c"C1 initiate", c"N2, N3 accept and confirm, basic", c"C2 finish, basic"]);
    exchange(Mode::Refresh, [c"C1 initiate, refresh", c"N2, N3 accept and confirm, refresh", c"C2 finish, refresh"]);
}

/// What `p256` itself does.
fn p256() {
    let key = SigningKey::from_slice(Scalar::draw(&mut Secrets(7)).expect("a scalar").expose()).expect("a scalar");
    let s =
        p256::Scalar::from_repr((*Scalar::draw(&mut Secrets(8)).expect("a scalar").expose()).into()).expect("a scalar");
    let point = *VerifyingKey::from(&key).as_affine();
    count(c"p256: s·P", || (p256::ProjectivePoint::from(black_box(point)) * black_box(s)).to_affine());
    let signature: Signature = count(c"p256: sign", || key.sign_prehash(black_box(&[7; 32]))).expect("signed");
    let key = VerifyingKey::from(&key);
    count(c"p256: verify", || key.verify_prehash(black_box(&[7; 32]), &signature)).expect("verified");
}

/// What the default backend does.
fn bare() {
    let s = Scalar::draw(&mut Secrets(8)).expect("a scalar");
    let key = RustCrypto::coordinates(&s);
    let point = count(c"decompress P", || RustCrypto::decompress(black_box(&key.x))).expect("on the curve");
    count(c"s·P", || RustCrypto::agree(black_box(&s), &point));
    count(c"s·G", || RustCrypto::public_key(black_box(&s)));
    let signature = count(c"sign", || RustCrypto::sign(black_box(&s), &[7; 32]));
    assert!(count(c"verify", || RustCrypto::verify(black_box(&key), &[7; 32], &signature)));
}

fn exchange(mode: Mode, [initiate, accept, finish]: [&CStr; 3]) {
    let (node_id, client_id) =
        (Identity::new::<RustCrypto>("node", b"n", 1), Identity::new::<RustCrypto>("client", b"c", 2));
    let (node_credential, client_credential) = (node_id.credential(), client_id.credential());
    let (mut store, mut rng) = (Store::default(), Secrets(4));
    let node: Node<'_> = Node::new(node_credential, &node_id.key, false);
    let mut publish = |depth, store: &mut Store| {
        let plan = Plan { suite: Suite::AesCcm8, depth: Depth::new(depth).expect("a depth"), not_after: 10 };
        let mut publication = vec![0; PUBLICATION_MAX];
        let len = node.publish(store, &plan, &mut rng, &mut publication).expect("published");
        publication.truncate(len);
        publication
    };
    let publication = match mode {
        Mode::Basic => count(c"N1 publish 16 prekeys", || publish(4, &mut store)),
        Mode::Refresh => count(c"N1 publish 64 prekeys", || publish(6, &mut store)),
    };
    if mode == Mode::Refresh {
        let known = Known { publications: &[], highest_epoch: 0 };
        let verified = count(c"G1 verify a Publication of 64", || {
            verify_publication::<RustCrypto>(&publication, &node_credential, &known, 1)
        });
        verified.expect("verified");
    }
    let mut offered = [0; OFFER_MAX];
    let len = offer(&publication, node_credential.hash(), 2, &mut offered).expect("offered");

    let client: Client<'_> = Client::pinned(&client_credential, &client_id.key);
    let request = Request { mode, early_data: &[7; 16], now: 1 };
    let mut message = [0; INITIATE_MAX];
    let begun = count(initiate, || {
        client.initiate(&mut Store::default(), &node_credential, &offered[..len], &request, &mut rng, &mut message)
    });
    let begun = begun.expect("initiated");

    let clients = [client_id.credential()];
    let pins = Pins::new(&clients, &[]).expect("one");
    let (mut buffer, mut confirm) = ([0; CONFIRM_MAX], [0; CONFIRM_MAX]);
    let confirmed = count(accept, || {
        let incoming = node.accept(&mut store, &pins, &message[..begun.len], &mut buffer);
        let Ok(Incoming::Accepted(accepted)) = incoming else { panic!("not accepted") };
        accepted.confirm(&mut store, &[9; 16], &mut rng, &mut confirm)
    });
    let len = confirmed.map_err(|failed| failed.error).expect("confirmed").len;

    let mut answer = [0; DATA_MAX];
    let done = count(finish, || begun.awaiting.finish(&mut Store::default(), &confirm[..len], &mut answer));
    done.map_err(|failed| failed.error).expect("finished");
}
