//! What is wrong with this side's own input.

use crate::common::{BadRng, Identity, accepted, error};
use crate::forge::world;
use dke::crypto::Scalar;
use dke::node::{Node, Plan};
use dke::params::{CONFIRM_MAX, PUBLICATION_MAX};
use dke::store::Pins;
use dke::{Credential, Depth, Misuse, Mode, Reject, Suite, credential};

#[test]
fn credentials() {
    let identity = Identity::new("name", b"kid", 1);
    let good = &identity.ccs;
    let change = |position: usize, value: u8| {
        let mut bad = good.clone();
        bad[position] = value;
        bad
    };
    for (bad, reject) in [
        (good[..good.len() - 1].to_vec(), Reject::Malformed),
        ([good.as_slice(), &[0]].concat(), Reject::TrailingBytes),
        (change(1, 3), Reject::Malformed),
        (change(2, 0x60), Reject::Malformed),
        (change(3, 0xff), Reject::Malformed),
        (change(good.len() - 1, good[good.len() - 1] ^ 1), Reject::InvalidPoint),
    ] {
        assert_eq!(Credential::parse(&bad).unwrap_err(), reject);
        assert_eq!(Credential::own(&bad).unwrap_err(), Misuse::InvalidCredential);
    }
    let key = *identity.credential().key();
    let mut out = [0; 300];
    for (subject, kid) in [("", [1; 16].as_slice()), ("s", &[]), ("s", &[1; 17]), (&"s".repeat(65), &[1])] {
        assert_eq!(credential::encode(subject, kid, &key, &mut out), Err(Misuse::InvalidCredential));
    }
    // Of 1 and of 64 bytes a subject is good, of 0 and 65 it is not, whoever wrote it.
    for subject in ["s".to_owned(), "s".repeat(64)] {
        let len = credential::encode(&subject, b"k", &key, &mut out).unwrap();
        assert_eq!(Credential::parse(&out[..len]).unwrap().subject(), subject);
    }
    for subject in [vec![0x60], [vec![0x78, 65], vec![b's'; 65]].concat()] {
        // { 2: subject, ... }, where the good one has one byte of head and four of text
        let bad = [&good[..2], &subject, &good[2 + 1 + 4..]].concat();
        assert_eq!(Credential::parse(&bad).unwrap_err(), Reject::Malformed);
    }
    let off = dke::crypto::Coordinates { x: key.y, y: key.x };
    assert_eq!(credential::encode("s", b"k", &off, &mut out), Err(Misuse::InvalidCredential));
    assert_eq!(credential::encode("s", b"k", &key, &mut out[..50]), Err(Misuse::BufferTooSmall));
    let twice = [identity.credential(), identity.credential()];
    assert_eq!(error(Pins::new(&twice, &[])), Misuse::InvalidCredential);
    assert_eq!(error(Pins::new(&[], &twice)), Misuse::InvalidCredential);
    let grant = dke::authority::Grant { client: &twice[0], audience: "", epoch_max: 0 };
    assert_eq!(dke::authority::issue(&identity.key, b"k", &grant, &mut out), Err(Misuse::InvalidCredential));
    let grant = dke::authority::Grant { audience: "n", ..grant };
    assert_eq!(dke::authority::issue(&identity.key, &[1; 17], &grant, &mut out), Err(Misuse::InvalidCredential));
    assert_eq!(dke::authority::issue(&identity.key, b"k", &grant, &mut out[..9]), Err(Misuse::BufferTooSmall));
}

#[test]
fn callers() {
    let (mut world, _) = world();
    // n, and 0, are no scalars; n − 1 is one.
    let n = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let mut n: [u8; 32] = core::array::from_fn(|i| u8::from_str_radix(&n[2 * i..2 * i + 2], 16).unwrap());
    assert_eq!(error(Scalar::from_bytes(&n)), Misuse::InvalidKey);
    n[31] -= 1;
    assert_eq!(Scalar::from_bytes(&n).unwrap().expose(), &n);
    assert_eq!(error(Scalar::from_bytes(&[0; 32])), Misuse::InvalidKey);
    assert_eq!(error(Scalar::draw(&mut BadRng(Some(0xff)))), Misuse::BrokenRandomness);

    let plan = Plan { suite: Suite::AesCcm8, depth: Depth::new(0).unwrap(), not_after: 0 };
    let node: Node<'_> = Node::new(world.node.credential(), &world.node.key, false);
    let mut out = [0; PUBLICATION_MAX];
    let store = &mut world.node_store;
    let result = node.publish(store, &plan, &mut world.node_rng, &mut out[..200]);
    assert_eq!(result, Err(Misuse::BufferTooSmall.into()));
    for bad in [Some(0), None] {
        assert_eq!(node.publish(store, &plan, &mut BadRng(bad), &mut out), Err(Misuse::BrokenRandomness.into()));
    }
    assert_eq!(store.last, 1);

    let (initiate, awaiting) = world.initiate(&world.offer(0), Mode::Refresh, false, b"").unwrap();
    let early = awaiting.early_secret();
    let session = world
        .accept(&initiate, |incoming, store, rng| {
            let mut out = [0; CONFIRM_MAX];
            let failed = error(accepted(incoming).confirm(store, b"", &mut BadRng(Some(0)), &mut out));
            assert_eq!(failed.error, Misuse::BrokenRandomness.into());
            failed.state.confirm(store, b"", rng, &mut out).unwrap().session
        })
        .unwrap();
    let mut out = vec![0; 8161];
    for (label, context, length) in
        [("", 0, 1), (&*"l".repeat(65), 0, 1), ("l", 65_536, 1), ("l", 0, 0), ("l", 0, 8161)]
    {
        let context = vec![0; context];
        assert_eq!(early.export(label, &context, &mut out[..length]), Err(Misuse::ExportLength));
        assert_eq!(session.secret.export(label, &context, &mut out[..length]), Err(Misuse::ExportLength));
    }
    session.secret.export(&"l".repeat(64), &vec![0; 65_535], &mut out[..8160]).unwrap();
    assert!(out[8128..8160].iter().any(|byte| *byte != 0));
    let mut print = [0; 8];
    session.secret.export("fingerprint", &[], &mut print).unwrap();
    assert_eq!(print, session.secret.fingerprint());
}
