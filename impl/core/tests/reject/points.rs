//! x coordinates without a point of the curve, wherever one comes in: rejected by name, and nothing is consumed.

use crate::forge::{ES256, bstr, header, signed, world};
use crate::initiates::rejects;
use crate::offers::initiate_error;
use dke::message::Header;
use dke::{Credential, Depth, Misuse, Mode, Reject, RustCrypto};

/// Small ones, p − 1, p − 2, and from p on, 32 bytes each: by Euler's criterion x³ − 3x + b is no square for those below p.
fn off_the_curve() -> Vec<[u8; 32]> {
    // p = ffffffff 00000001 00000000 00000000 00000000 ffffffff ffffffff ffffffff (FIPS 186-4 D.1.2.3)
    let p = |tail: [u8; 12]| [[0xff; 4].as_slice(), &[0, 0, 0, 1], &[0; 12], &tail].concat();
    let near_p = |last: u8| p([[0xff; 11].as_slice(), &[last]].concat().try_into().unwrap());
    let small = [1, 2, 3, 4, 7, 10, 11, 14, 15, 16].map(|x| [[0; 31].as_slice(), &[x]].concat());
    let large = [0xfe, 0xfd, 0xff].map(near_p);
    let mut beyond = p([0; 12]);
    beyond[19] = 1;
    let all = small.into_iter().chain(large).chain([beyond, vec![0xff; 32]]);
    all.map(|x| x.try_into().unwrap()).collect()
}

/// `bytes` with `x` in the place of `old`.
fn replaced(bytes: &[u8], old: &[u8; 32], x: &[u8; 32]) -> Vec<u8> {
    let at = bytes.windows(32).position(|window| window == old).unwrap();
    [&bytes[..at], x, &bytes[at + 32..]].concat()
}

#[test]
fn points_of_a_client() {
    let (mut world, _) = world();
    let (good, _) = world.initiate(&world.offer(1), Mode::Basic, false, b"").unwrap();
    for x in off_the_curve() {
        // X in Initiate is the fifth item, 32 bytes.
        rejects(&mut world, &[&good[..6], &x, &good[38..]].concat(), Reject::InvalidPoint);
    }
    world.answer(&good, b"").unwrap();
}

#[test]
fn points_in_credentials() {
    let (mut world, _) = world();
    let (cwt, ccs) = (world.cwt.clone(), world.client.ccs.clone());
    let cwt = dke::cwt::Cwt::parse(&cwt).unwrap();
    let c = world.client.credential().key().x;
    for x in off_the_curve() {
        let pinned = replaced(&ccs, &c, &x);
        assert_eq!(Credential::parse(&pinned).unwrap_err(), Reject::InvalidPoint);
        assert_eq!(Credential::own(&pinned).unwrap_err(), Misuse::InvalidCredential);
        let payload = replaced(cwt.payload, &c, &x);
        world.cwt = signed(&world.authority.key, cwt.protected, b"DKE-v1 cwt", &payload);
        let (initiate, _) = world.initiate(&world.offer(0), Mode::Basic, true, b"").unwrap();
        rejects(&mut world, &initiate, Reject::InvalidPoint);
    }
}

#[test]
fn points_of_a_node() {
    let (mut world, good) = world();
    for y in off_the_curve() {
        // A node that signs a prekey which is none.
        let root = dke::merkle::leaf::<RustCrypto>(0, &y);
        let bytes = header(&Header { root, depth: Depth::new(0).unwrap(), ..good });
        let batch = signed(&world.node.key, ES256, b"DKE-v1 batch", &bytes);
        let offer = [vec![0x84], batch, vec![0], bstr(&y), bstr(&[])].concat();
        assert_eq!(initiate_error(&mut world, &offer), Reject::InvalidPoint.into());
    }
}

#[test]
fn points_of_an_answer() {
    let (mut world, _) = world();
    let (initiate, mut awaiting) = world.initiate(&world.offer(1), Mode::Refresh, false, b"").unwrap();
    let (good, _) = world.answer(&initiate, b"").unwrap();
    for z in off_the_curve() {
        // Z in Confirm is the third item, 32 bytes.
        let bad = [&good[..5], &z, &good[37..]].concat();
        let (state, error) = world.finish(awaiting, &bad).err().unwrap();
        assert_eq!(error, Reject::InvalidPoint.into());
        awaiting = state;
    }
    world.finish(awaiting, &good).ok().unwrap();
}
