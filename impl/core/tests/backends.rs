//! Every backend passes the same published vectors and writes the same bytes.

mod common;

use common::{Identity, NOW, TestRng, cwt};
use dke::client::{AwaitingConfirm, Client, Request};
use dke::crypto::{AeadKeys, Coordinates, Crypto, Prk, Scalar, Sha256};
use dke::gateway::{Known, Verified, offer, verify_publication};
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, DATA_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::ram::{RamClient, RamNode};
use dke::store::Pins;
use dke::{Depth, Mode, Reject, RustCrypto, Suite};

#[test]
fn rustcrypto() {
    vectors::<RustCrypto>();
    exchange::<RustCrypto>();
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn aws_lc() {
    vectors::<dke::crypto::AwsLc>();
    assert_eq!(exchange::<dke::crypto::AwsLc>(), exchange::<RustCrypto>());
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    assert_eq!(text.len(), 2 * N);
    core::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

fn vectors<C: Crypto>() {
    // FIPS 180-4, "abc".
    let abc = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(C::sha256(b"abc"), abc);
    let mut parts = C::Sha256::new();
    parts.update(b"a");
    parts.update(b"bc");
    assert_eq!(parts.finish(), abc);

    // RFC 5903 section 8.1.
    let i = Scalar::from_bytes(&hex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433")).unwrap();
    let r = Scalar::from_bytes(&hex("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53")).unwrap();
    let gi = Coordinates {
        x: hex("dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"),
        y: hex("5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"),
    };
    let shared = hex("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
    assert_eq!((C::coordinates(&i), C::public_key(&i)), (gi, gi.x));
    assert_eq!(C::agree(&r, &C::point(&gi).unwrap()).expose(), &shared);
    assert_eq!(C::agree(&r, &C::decompress(&gi.x).unwrap()).expose(), &shared);
    assert_eq!(C::agree(&i, &C::decompress(&C::public_key(&r)).unwrap()).expose(), &shared);
    assert!(C::point(&Coordinates { y: gi.x, ..gi }).is_none());
    assert!(C::decompress(&[0xff; 32]).is_none());
    // p itself, and x = 0, whose other coordinate is the square root of b.
    assert!(C::decompress(&hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")).is_none());
    assert!(C::decompress(&[0; 32]).is_some());

    // RFC 6979 section A.2.5, SHA-256, "sample".
    let key = Scalar::from_bytes(&hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")).unwrap();
    let digest = C::sha256(b"sample");
    let signature = C::sign(&key, &digest);
    assert_eq!(signature[..32], hex::<32>("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"));
    assert_eq!(signature[32..], hex::<32>("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"));
    let public = C::coordinates(&key);
    assert!(C::verify(&public, &digest, &signature));
    // n − s verifies as well.
    let mut other = signature;
    other[32..].copy_from_slice(&negated(&signature[32..]));
    assert!(C::verify(&public, &digest, &other));
    let bad = |position: usize| {
        let mut bad = signature;
        bad[position] ^= 1;
        C::verify(&public, &digest, &bad)
    };
    assert!(!(0..64).any(bad));
    assert!(!C::verify(&public, &C::sha256(b"other"), &signature));
    assert!(!C::verify(&gi, &digest, &signature));
    assert!(!C::verify(&public, &digest, &[0; 64]) && !C::verify(&public, &digest, &[0xff; 64]));
    assert!(!C::verify(&Coordinates { y: gi.x, ..gi }, &digest, &signature));

    // RFC 5869 appendix A.1, info in parts.
    let prk = Prk::from_bytes(hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"));
    let mut okm = [0; 42];
    C::expand(&prk, &[&hex::<4>("f0f1f2f3"), &[], &hex::<6>("f4f5f6f7f8f9")], &mut okm);
    let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert_eq!(okm, hex(expected));
    let mut long = [1; 8161];
    C::expand(&prk, &[], &mut long);
    assert_eq!(long, [0; 8161]);
    // HMAC(salt, ikm) of RFC 5869, computed once by both backends.
    let es = C::agree(&i, &C::point(&C::coordinates(&r)).unwrap());
    let reference = RustCrypto::extract(
        &[1; 32],
        &RustCrypto::agree(&i, &RustCrypto::point(&RustCrypto::coordinates(&r)).unwrap()),
    );
    assert_eq!(C::extract(&[1; 32], &es).expose(), reference.expose());

    // RFC 3610 section 8, packet vector 1: key, nonce and tag have the sizes of suite 2.
    let key = core::array::from_fn(|i| 0xc0 + i as u8);
    let keys = AeadKeys { key, nonce: hex("00000003020100a0a1a2a3a4a5") };
    let mut packet: [u8; 31] = core::array::from_fn(|i| if i < 23 { 8 + i as u8 } else { 0 });
    C::seal(Suite::AesCcm8, &keys, &hex::<8>("0001020304050607"), &mut packet);
    assert_eq!(packet, hex("588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0"));

    // AES-CCM: opens what it sealed, and nothing else.
    for suite in [Suite::AesCcm8, Suite::AesCcm16] {
        let keys = AeadKeys { key: [1; 16], nonce: [2; 13] };
        for length in [0, 1, 15, 16, 17, 1024] {
            let mut sealed = vec![3; length + suite.tag()];
            C::seal(suite, &keys, b"aad", &mut sealed);
            let (text, tag) = sealed.split_at(length);
            let mut plain = text.to_vec();
            assert!(C::open(suite, &keys, b"aad", &mut plain, tag));
            assert_eq!(plain, vec![3; length]);
            let mut plain = text.to_vec();
            assert!(!C::open(suite, &keys, b"abd", &mut plain, tag));
            assert_eq!(plain, vec![0; length]);
            assert!(!C::open(suite, &keys, b"aad", &mut text.to_vec(), &tag[1..]));
        }
    }
}

/// n − s, by hand.
fn negated(s: &[u8]) -> [u8; 32] {
    let n: [u8; 32] = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let mut borrow = 0;
    let mut difference = [0; 32];
    for i in (0..32).rev() {
        let digit = i16::from(n[i]) - i16::from(s[i]) - borrow;
        borrow = i16::from(digit < 0);
        difference[i] = digit.rem_euclid(256) as u8;
    }
    difference
}

/// All messages and secrets of exchanges in every combination.
fn exchange<C: Crypto>() -> Vec<Vec<u8>> {
    let (node_id, client_id) = (Identity::new("node", b"n", 1), Identity::new("client", b"c", 2));
    let authority = Identity::new("authority", b"a", 3);
    let token = cwt(&authority, &client_id, "node", 99);
    let (clients, authorities) = ([client_id.credential()], [authority.credential()]);
    let pins = Pins::new(&clients, &authorities).unwrap();
    let node = Node::<C>::with_crypto(node_id.credential(), &node_id.key, false);
    let mut rng = TestRng::new(4);
    let mut node_store = RamNode::<4, 2>::default();
    let mut client_store = RamClient::<1, 1>::default();
    let mut all = Vec::new();
    for suite in [Suite::AesCcm8, Suite::AesCcm16] {
        let mut publication = vec![0; PUBLICATION_MAX];
        let plan = Plan { suite, depth: Depth::new(2).unwrap(), not_after: NOW };
        let len = node.publish(&mut node_store, &plan, &mut rng, &mut publication).unwrap();
        publication.truncate(len);
        let known = Known { publications: &[], highest_epoch: 0 };
        let verified = verify_publication::<C>(&publication, &node_id.credential(), &known, NOW).unwrap();
        let Verified::New(header, _) = verified else { panic!() };
        let combinations = [Mode::Basic, Mode::Refresh].into_iter().flat_map(|mode| [(mode, false), (mode, true)]);
        for (index, (mode, vouched)) in (0..).zip(combinations) {
            let mut offered = [0; OFFER_MAX];
            let len = offer(&publication, node_id.credential().hash(), index, &mut offered).unwrap();
            let client = match vouched {
                true => Client::<C>::vouched_with_crypto(&token, &client_id.key).unwrap(),
                false => Client::<C>::pinned_with_crypto(&client_id.credential(), &client_id.key),
            };
            let request = Request { mode, early_data: b"early", now: NOW };
            let mut initiate = vec![0; INITIATE_MAX];
            let peer = node_id.credential();
            let begun =
                client.initiate(&mut client_store, &peer, &offered[..len], &request, &mut rng, &mut initiate).unwrap();
            initiate.truncate(begun.len);
            let exchange = *begun.awaiting.exchange();
            drop(begun);
            let state = client_store.pending(&exchange).unwrap();
            let awaiting = AwaitingConfirm::<C>::from_bytes(state).unwrap();
            assert_eq!((awaiting.node(), awaiting.epoch()), (peer.hash(), header.epoch));
            assert_eq!((awaiting.index(), awaiting.asked(), awaiting.suite()), (index, mode, suite));

            let mut buffer = [0; CONFIRM_MAX];
            let Incoming::Accepted(accepted) = node.accept(&mut node_store, &pins, &initiate, &mut buffer).unwrap()
            else {
                panic!()
            };
            let mut confirm = vec![0; CONFIRM_MAX];
            let confirmed = accepted.confirm(&mut node_store, b"answer", &mut rng, &mut confirm).unwrap();
            confirm.truncate(confirmed.len);
            let Incoming::Repeated(again) = node.accept(&mut node_store, &pins, &initiate, &mut buffer).unwrap() else {
                panic!()
            };
            assert_eq!(again, confirm);
            node.acknowledged(&mut node_store, header.epoch, index).unwrap();
            let result = node.accept(&mut node_store, &pins, &initiate, &mut buffer).map(|_| ());
            assert_eq!(result, Err(Reject::PrekeyConsumed.into()));

            let mut answer = [0; DATA_MAX];
            let done = awaiting.finish(&mut client_store, &confirm, &mut answer).unwrap();
            assert_eq!(done.session.secret.expose(), confirmed.session.secret.expose());
            assert!(client_store.pending(&exchange).is_none());
            all.extend([initiate, confirm, done.session.secret.expose().to_vec()]);
        }
        all.push(publication);
    }
    all
}
