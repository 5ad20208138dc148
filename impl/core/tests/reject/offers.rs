//! G1 and C1.

use crate::common::{self, BadRng, NOW, World, error};
use crate::forge::{ES256, bstr, header, resigned, world};
use dke::client::{Client, Request};
use dke::gateway::{Known, verify_publication};
use dke::message::{Header, Offer};
use dke::params::{INITIATE_MAX, OFFER_MAX};
use dke::{Error, Misuse, Mode, Reject, RustCrypto};

fn verify(world: &World, publication: &[u8], now: u64) -> Result<(), Reject> {
    let known = Known { publications: &[], highest_epoch: 0 };
    verify_publication::<RustCrypto>(publication, &world.node.credential(), &known, now).map(drop)
}

/// The client rejects, and its store is as it was.
pub(crate) fn initiate_error(world: &mut World, offer: &[u8]) -> Error<common::Broken> {
    let result = error(world.initiate(offer, Mode::Basic, false, b""));
    assert!(world.client_store.pending.is_empty() && world.client_store.highest.is_empty());
    result
}

#[test]
fn batches() {
    let (mut world, good) = world();
    let bytes = header(&good);
    let raw = |position: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[position] = value;
        bytes
    };
    let other = Header { node: [7; 32], ..good };
    let deep = raw(1 + 2 + 34 + 1 + 5, 9);
    let none = Header { epoch: 0, ..good };
    let rooted = Header { root: [7; 32], ..good };
    let mut longer = bytes.clone();
    longer.push(0);
    let cases: [(&[u8], Vec<u8>, Reject); 10] = [
        (&[0xa1, 0x01, 0x27], bytes.clone(), Reject::UnsupportedAlgorithm),
        (ES256, longer, Reject::TrailingBytes),
        (ES256, bytes[..bytes.len() - 1].to_vec(), Reject::Malformed),
        (ES256, raw(1, 2), Reject::UnsupportedVersion),
        (ES256, raw(2, 4), Reject::UnknownSuite),
        (ES256, header(&other), Reject::WrongNode),
        (ES256, deep, Reject::DepthOutOfRange),
        (ES256, header(&none), Reject::EpochRollback),
        (ES256, header(&rooted), Reject::RootMismatch),
        (ES256, raw(0, 0x87), Reject::Malformed),
    ];
    for (protected, header, reject) in cases {
        let (publication, offer) = resigned(&world, protected, &header);
        assert_eq!(verify(&world, &publication, NOW), Err(reject));
        assert_eq!(initiate_error(&mut world, &offer), reject.into());
    }
    // Unsigned changes.
    let (publication, offer) = resigned(&world, ES256, &bytes);
    assert_eq!(verify(&world, &publication, NOW), Ok(()));
    assert_eq!(verify(&world, &publication, NOW + 1000), Ok(()));
    assert_eq!(verify(&world, &publication, NOW + 1001), Err(Reject::Expired));
    let signature = bytes.len() + 12;
    for (message, gateway) in [(&publication, true), (&offer, false)] {
        let mut bad = message.clone();
        bad[signature + 5] ^= 1;
        match gateway {
            true => assert_eq!(verify(&world, &bad, NOW), Err(Reject::BadSignature)),
            false => assert_eq!(initiate_error(&mut world, &bad), Reject::BadSignature.into()),
        }
    }
    let mut swapped = publication.clone();
    *swapped.last_mut().unwrap() ^= 1;
    assert_eq!(verify(&world, &swapped, NOW), Err(Reject::RootMismatch));
    let fewer = [&publication[..publication.len() - 66], &bstr(&[1; 63])].concat();
    assert_eq!(verify(&world, &fewer, NOW), Err(Reject::PrekeyCount));
}

#[test]
fn offers() {
    let (mut world, _) = world();
    let offered = world.offer(0);
    let offered = Offer::parse(&offered).unwrap();
    let with = |offer: Offer<'_>| {
        let mut out = vec![0; OFFER_MAX + 100];
        let len = offer.write(&mut out).unwrap();
        out.truncate(len);
        out
    };
    let long = [1; 64];
    let cases = [
        (Offer { index: 2, ..offered }, Reject::IndexOutOfRange),
        (Offer { index: 256, ..offered }, Reject::IndexOutOfRange),
        (Offer { path: &[], ..offered }, Reject::PathLength),
        (Offer { path: &long, ..offered }, Reject::PathLength),
        (Offer { index: 1, ..offered }, Reject::RootMismatch),
        (Offer { y: &[3; 32], ..offered }, Reject::RootMismatch),
    ];
    for (offer, reject) in cases {
        assert_eq!(initiate_error(&mut world, &with(offer)), reject.into());
    }
    // Expired for the client.
    let offer = with(offered);
    let node = world.node.credential();
    let credential = world.client.credential();
    let client: Client<'_> = Client::pinned(&credential, &world.client.key);
    let mut out = [1; INITIATE_MAX];
    let mut request = Request { mode: Mode::Basic, early_data: &[0; 1025], now: NOW + 1001 };
    let (store, rng) = (&mut world.client_store, &mut world.client_rng);
    let mut begin =
        |request: &Request<'_>, out: &mut [u8]| error(client.initiate(store, &node, &offer, request, rng, out));
    assert_eq!(begin(&request, &mut out), Misuse::DataTooLong.into());
    request.early_data = &[0; 1024];
    assert_eq!(begin(&request, &mut out), Reject::Expired.into());
    request.now = NOW;
    assert_eq!(begin(&request, &mut out[..1000]), Misuse::BufferTooSmall.into());
    let broken =
        error(client.initiate(&mut world.client_store, &node, &offer, &request, &mut BadRng(Some(0)), &mut out));
    assert_eq!(broken, Misuse::BrokenRandomness.into());
    let broken = error(client.initiate(&mut world.client_store, &node, &offer, &request, &mut BadRng(None), &mut out));
    assert_eq!(broken, Misuse::BrokenRandomness.into());
    assert!(world.client_store.pending.is_empty());
}
