//! C2.

use crate::forge::{bstr, world};
use dke::crypto::Crypto;
use dke::{Mode, Reject, RustCrypto};

#[test]
fn confirms() {
    let (mut world, _) = world();
    let (initiate, awaiting) = world.initiate(&world.offer(1), Mode::Basic, false, b"").unwrap();
    let (good, _) = world.answer(&initiate, b"").unwrap();
    let with = |position: usize, item: &[u8]| {
        let mut bad = good.clone();
        bad.splice(position..position + 1, item.iter().copied());
        bad
    };
    let z = |z: &[u8], ct_3: &[u8]| [&good[..3], &bstr(z), &bstr(ct_3)].concat();
    let cases = [
        (with(0, &[0x83]), Reject::Malformed),
        (with(1, &[2]), Reject::WrongExchange),
        (with(2, &[0]), Reject::WrongExchange),
        (with(2, &[0x18, 1]), Reject::NotDeterministic),
        ([good.as_slice(), &[0]].concat(), Reject::TrailingBytes),
        (z(&[0; 31], &[0; 8]), Reject::Malformed),
        (z(&[], &[0; 7]), Reject::Malformed),
        (z(&[0xff; 32], &[0; 1033]), Reject::DataTooLong),
        (z(&[0xff; 32], &[0; 8]), Reject::InvalidPoint),
        (z(&[], &[0; 1032]), Reject::ConfirmNotAuthentic),
        (z(&RustCrypto::public_key(&world.node.key), &[0; 8]), Reject::ConfirmNotAuthentic),
    ];
    let mut awaiting = awaiting;
    for (bad, reject) in cases {
        let (state, error) = world.finish(awaiting, &bad).err().unwrap();
        assert_eq!(error, reject.into());
        awaiting = state;
    }
    world.finish(awaiting, &good).ok().unwrap();
}
