//! N2.

use crate::common::{Identity, World, cwt, error};
use crate::forge::{bstr, signed, world};
use dke::client::Client;
use dke::crypto::Scalar;
use dke::{Misuse, Mode, Reject, RustCrypto, Suite};

/// The node rejects, and its store is as it was.
pub(crate) fn rejects(world: &mut World, bad: &[u8], reject: Reject) {
    let before = world.node_store.clone();
    assert_eq!(error(world.answer(bad, b"")), reject.into());
    let after = &world.node_store;
    assert_eq!((before.last, before.outbox.len()), (after.last, after.outbox.len()));
    for (epoch, (_, keys)) in &before.batches {
        let kept = |(index, (y, _)): (&u8, &(Option<Scalar>, _))| (*index, y.is_some());
        assert!(keys.iter().map(kept).eq(after.batches[epoch].1.iter().map(kept)));
    }
}

#[test]
fn initiates() {
    let (mut world, _) = world();
    let (good, _) = world.initiate(&world.offer(1), Mode::Basic, false, b"").unwrap();
    let with = |position: usize, item: &[u8]| {
        let mut bad = good.clone();
        bad.splice(position..position + 1, item.iter().copied());
        bad
    };
    let cases: [(Vec<u8>, Reject); 24] = [
        (with(0, &[0x87]), Reject::Malformed),
        (with(0, &[0x98, 6]), Reject::NotDeterministic),
        (with(0, &[0x9f]), Reject::Malformed),
        (with(1, &[2]), Reject::UnknownFlags),
        (with(1, &[0x18, 0]), Reject::NotDeterministic),
        (with(1, &[0x1c]), Reject::Malformed),
        (with(1, &[0x20]), Reject::Malformed),
        (with(2, &[0]), Reject::EpochTooOld),
        (with(2, &[2]), Reject::EpochUnknown),
        (with(2, &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), Reject::NotDeterministic),
        // The least values of each length are in their shortest form, the greatest ones of the length below are not.
        (with(2, &[0x18, 23]), Reject::NotDeterministic),
        (with(2, &[0x18, 24]), Reject::EpochUnknown),
        (with(2, &[0x1a, 0, 0, 0xff, 0xff]), Reject::NotDeterministic),
        (with(2, &[0x1a, 0, 1, 0, 0]), Reject::EpochUnknown),
        (with(2, &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0]), Reject::EpochUnknown),
        (with(3, &[2]), Reject::IndexOutOfRange),
        (with(3, &[0x19, 1, 0]), Reject::IndexOutOfRange),
        (with(3, &[0x19, 0, 0xff]), Reject::NotDeterministic),
        (with(4, &[0x59, 0]), Reject::NotDeterministic),
        (with(5, &[31]), Reject::Malformed),
        (with(6, &[good[6] ^ 1]), Reject::IdentityNotAuthentic),
        ([good.as_slice(), &[0]].concat(), Reject::TrailingBytes),
        (good[..good.len() - 1].to_vec(), Reject::Malformed),
        (Vec::new(), Reject::Malformed),
    ];
    for (bad, reject) in cases {
        if bad.len() == good.len() && reject == Reject::IdentityNotAuthentic {
            // Another x: on the curve or not, but never authentic.
            let result = error(world.answer(&bad, b""));
            assert!(result == reject.into() || result == Reject::InvalidPoint.into());
            continue;
        }
        rejects(&mut world, &bad, reject);
    }
    let ct_1 = 38 + 1;
    let mut bad = good.clone();
    bad[ct_1] ^= 1;
    rejects(&mut world, &bad, Reject::IdentityNotAuthentic);
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    rejects(&mut world, &bad, Reject::EarlyDataNotAuthentic);
    // CT_2 of 8 bytes begins 9 bytes before the end.
    let until = good.len() - 9;
    rejects(&mut world, &[&good[..until], &bstr(&[0; 1033])].concat(), Reject::DataTooLong);
    rejects(&mut world, &[&good[..until], &bstr(&[0; 1032])].concat(), Reject::EarlyDataNotAuthentic);
    rejects(&mut world, &[&good[..until], &bstr(&[0; 7])].concat(), Reject::Malformed);
    rejects(&mut world, &[&good[..38], &bstr(&[0; 8]), &bstr(&[0; 8])].concat(), Reject::Malformed);
    rejects(&mut world, &[&good[..38], &bstr(&[0; 356]), &bstr(&[0; 8])].concat(), Reject::Malformed);
    rejects(&mut world, &[&good[..38], &bstr(&[0; 355]), &bstr(&[0; 8])].concat(), Reject::IdentityNotAuthentic);
    world.pin_client = false;
    rejects(&mut world, &good, Reject::UnknownClient);
    world.pin_client = true;
    world.answer(&good, b"").unwrap();
    // A tag of suite 3 that cannot be there.
    world.publish(Suite::AesCcm16, 0);
    let (good, _) = world.initiate(&world.offer(0), Mode::Basic, false, b"").unwrap();
    rejects(&mut world, &[&good[..38], &bstr(&[0; 9]), &bstr(&[0; 8])].concat(), Reject::IdentityNotAuthentic);
    rejects(&mut world, &[&good[..good.len() - 17], &bstr(&[0; 9])].concat(), Reject::EarlyDataNotAuthentic);
}

#[test]
fn cwts() {
    let (mut world, _) = world();
    let good = world.cwt.clone();
    let parsed = dke::cwt::Cwt::parse(&good).unwrap();
    let key = world.authority.key.clone();
    let resign = |protected: &[u8], payload: &[u8]| signed(&key, protected, b"DKE-v1 cwt", payload);
    let strange = Identity::new("authority", b"a2", 9);
    let forged = Identity::new("authority", b"a1", 9);
    let mut off = parsed.payload.to_vec();
    let y = off.len() - 5 - 1 - 1;
    off[y] ^= 1;
    let cases = [
        (resign(&[0xa2, 0x01, 0x27, 0x04, 0x42, b'a', b'1'], parsed.payload), Reject::UnsupportedAlgorithm),
        (resign(&[0xa2, 0x01, 0x07, 0x04, 0x42, b'a', b'1'], parsed.payload), Reject::Malformed),
        (resign(&[0xa1, 0x01, 0x26], parsed.payload), Reject::Malformed),
        (cwt(&strange, &world.client, "node-1", 10), Reject::UnknownAuthority),
        (cwt(&world.authority, &world.client, "node-2", 10), Reject::WrongAudience),
        (cwt(&world.authority, &world.client, "node-1", 0), Reject::CwtExpired),
        (cwt(&forged, &world.client, "node-1", 10), Reject::BadSignature),
        (resign(parsed.protected, &off), Reject::InvalidPoint),
    ];
    for (cwt, reject) in cases {
        // A client that does not check its own CWT: Client would refuse a malformed one.
        world.cwt = cwt;
        if Client::<RustCrypto>::vouched(&world.cwt, &world.client.key).is_err() {
            assert_eq!(reject, Reject::Malformed);
            continue;
        }
        let (initiate, _) = world.initiate(&world.offer(0), Mode::Basic, true, b"").unwrap();
        rejects(&mut world, &initiate, reject);
    }
    world.cwt = cwt(&world.authority, &world.client, "node-1", 1);
    let (initiate, _) = world.initiate(&world.offer(0), Mode::Basic, true, b"").unwrap();
    world.answer(&initiate, b"").unwrap();
    assert_eq!(error(Client::vouched(&good[1..], &world.client.key)), Misuse::InvalidCredential);
}
