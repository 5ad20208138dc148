//! One test for every rejection by peer and misuse by caller that this crate can name; none changes any state.

mod common;

use common::{BadRng, Identity, NOW, World, accepted, cwt, error};
use dke::client::{Client, Request};
use dke::crypto::{Crypto, Hash, Scalar};
use dke::gateway::{Known, Queued, Shelf, Slot, check_confirm, check_initiate, check_token, offer, verify_publication};
use dke::message::{Header, Offer, Publication};
use dke::node::{Node, Plan};
use dke::params::{CONFIRM_MAX, HEADER_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::store::Pins;
use dke::{Credential, Depth, Error, Misuse, Mode, Reject, RustCrypto, Suite, credential};

/// bstr, with the shortest head.
fn bstr(bytes: &[u8]) -> Vec<u8> {
    let n = bytes.len();
    let mut item = match n {
        0..24 => vec![0x40 + n as u8],
        24..256 => vec![0x58, n as u8],
        _ => vec![0x59, (n >> 8) as u8, n as u8],
    };
    item.extend(bytes);
    item
}

/// COSE_Sign1 over `payload`.
fn signed(key: &Scalar, protected: &[u8], aad: &[u8], payload: &[u8]) -> Vec<u8> {
    let context = b"\x84\x6aSignature1".to_vec();
    let digest = RustCrypto::sha256(&[context, bstr(protected), bstr(aad), bstr(payload)].concat());
    let signature = RustCrypto::sign(key, &digest);
    [vec![0x84], bstr(protected), vec![0xa0], bstr(payload), bstr(&signature)].concat()
}

fn header(header: &Header) -> Vec<u8> {
    let mut out = vec![0; HEADER_MAX];
    let len = header.write(&mut out).unwrap();
    out.truncate(len);
    out
}

/// A world with a batch of depth 1, and its header.
fn world() -> (World, Header) {
    let mut world = World::new();
    world.publish(Suite::AesCcm8, 1);
    let node = world.node.credential();
    let header = Publication::parse(&world.publication).unwrap().batch.header(node.hash()).unwrap();
    (world, header)
}

/// Publication and Offer of index 0 with this header, rightly signed.
fn resigned(world: &World, protected: &[u8], header: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let batch = signed(&world.node.key, protected, b"DKE-v1 batch", header);
    let publication = Publication::parse(&world.publication).unwrap();
    let offered = world.offer(0);
    let offered = Offer::parse(&offered).unwrap();
    (
        [vec![0x82], batch.clone(), bstr(publication.ys)].concat(),
        [vec![0x84], batch, vec![0], bstr(offered.y), bstr(offered.path)].concat(),
    )
}

fn verify(world: &World, publication: &[u8], now: u64) -> Result<(), Reject> {
    let known = Known { publications: &[], highest_epoch: 0 };
    verify_publication::<RustCrypto>(publication, &world.node.credential(), &known, now).map(drop)
}

fn initiate_error(world: &mut World, offer: &[u8]) -> Error<common::Broken> {
    let result = error(world.initiate(offer, Mode::Basic, false, b""));
    assert!(world.client_store.pending.is_empty() && world.client_store.highest.is_empty());
    result
}

const ES256: &[u8] = &[0xa1, 0x01, 0x26];

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
    let (mut world, good) = world();
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
    // A node that signs a prekey which is not on the curve.
    let y = (0..=255).map(|last| [last; 32]).find(|y| RustCrypto::decompress(y).is_none()).unwrap();
    for y in [y, [0xff; 32]] {
        let root = dke::merkle::leaf::<RustCrypto>(0, &y);
        let bytes = header(&Header { root, depth: Depth::new(0).unwrap(), ..good });
        let batch = signed(&world.node.key, ES256, b"DKE-v1 batch", &bytes);
        let offer = [vec![0x84], batch, vec![0], bstr(&y), bstr(&[])].concat();
        assert_eq!(initiate_error(&mut world, &offer), Reject::InvalidPoint.into());
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

/// The node rejects, keeps its prekey and accepts the good Initiate afterwards.
fn rejects(world: &mut World, bad: &[u8], reject: Reject) {
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
    let cases: [(Vec<u8>, Reject); 19] = [
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
    let mut off = good.clone();
    off[6..38].fill(0xff);
    rejects(&mut world, &off, Reject::InvalidPoint);
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

struct OneShelf<'a> {
    slots: [Slot<'a>; 2],
    room: bool,
}

impl Shelf for OneShelf<'_> {
    fn depth(&self, epoch: u64) -> Option<Depth> {
        (epoch == 1).then(|| Depth::new(1).unwrap())
    }
    fn slot(&self, _: u64, index: u8) -> Slot<'_> {
        self.slots[usize::from(index)]
    }
    fn has_room(&self) -> bool {
        self.room
    }
}

#[test]
fn gateway() {
    let (mut world, _) = world();
    let (first, _) = world.initiate(&world.offer(0), Mode::Basic, false, b"").unwrap();
    let (second, _) = world.initiate(&world.offer(0), Mode::Basic, false, b"").unwrap();
    let (confirm, _) = world.answer(&first, b"").unwrap();
    let mut shelf = OneShelf { slots: [Slot::Free, Slot::Free], room: true };
    assert_eq!(check_initiate(&first, &shelf), Err(Reject::NotOffered));
    assert_eq!(check_confirm(&confirm, &shelf), Err(Reject::NotOffered));
    shelf.slots[0] = Slot::Leased;
    assert_eq!(check_initiate(&first, &shelf), Ok(Queued::New { epoch: 1, index: 0 }));
    assert_eq!(check_confirm(&confirm, &shelf), Err(Reject::NotOffered));
    shelf.room = false;
    assert_eq!(check_initiate(&first, &shelf), Err(Reject::QueueFull));
    shelf.slots[0] = Slot::Taken(&first);
    assert_eq!(check_initiate(&first, &shelf), Ok(Queued::Same { epoch: 1, index: 0 }));
    assert_eq!(check_initiate(&second, &shelf), Err(Reject::IndexTaken));
    assert_eq!(check_confirm(&confirm, &shelf), Ok((1, 0)));
    for (position, value, reject) in [(2, 2, Reject::EpochUnknown), (3, 2, Reject::IndexOutOfRange)] {
        let mut bad = first.clone();
        bad[position] = value;
        assert_eq!(check_initiate(&bad, &shelf), Err(reject));
        let mut bad = confirm.clone();
        bad[position - 1] = value;
        assert_eq!(check_confirm(&bad, &shelf), Err(reject));
    }
    let node = world.node.credential();
    let mut out = [0; OFFER_MAX];
    assert_eq!(offer(&world.publication, node.hash(), 2, &mut out), Err(Reject::IndexOutOfRange.into()));
    assert_eq!(offer(&world.publication, node.hash(), 0, &mut out[..9]), Err(Misuse::BufferTooSmall.into()));
    let token = world.node_store.batches[&1].0.token;
    let newest = Publication::parse(&world.publication).unwrap().batch.header(node.hash()).unwrap();
    assert_eq!(check_token(&token, &newest), Ok(()));
    assert_eq!(check_token(&token[1..], &newest), Err(Reject::WrongToken));
    let other: Hash = [0; 32];
    assert_eq!(offer(&world.publication, &other, 0, &mut out), Err(Reject::WrongNode.into()));
}

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

#[test]
fn names_are_those_of_the_protocol() {
    let document = include_str!("../../../spec/PROTOCOL.md");
    let section = document.split("## 9 Rejections").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| name"));
    let mut listed: Vec<_> = rows.map(|row| row.split('|').nth(1).unwrap().trim()).collect();
    let mut known: Vec<_> = Reject::ALL.iter().map(|reject| reject.name()).collect();
    known.extend(Misuse::ALL.iter().map(|misuse| misuse.name()).filter(|name| *name != "DataTooLong"));
    known.push(Error::Storage(()).name());
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(known, listed);
    for reject in Reject::ALL {
        assert!(reject.to_string().ends_with('.'));
    }
}
