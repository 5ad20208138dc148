//! Messages that only a dishonest party makes.

use crate::common::World;
use dke::crypto::{Crypto, Scalar};
use dke::message::{Header, Offer, Publication};
use dke::params::HEADER_MAX;
use dke::{RustCrypto, Suite};

/// Protected header of a SignedBatch.
pub(crate) const ES256: &[u8] = &[0xa1, 0x01, 0x26];

/// bstr, with the shortest head.
pub(crate) fn bstr(bytes: &[u8]) -> Vec<u8> {
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
pub(crate) fn signed(key: &Scalar, protected: &[u8], aad: &[u8], payload: &[u8]) -> Vec<u8> {
    let context = b"\x84\x6aSignature1".to_vec();
    let digest = RustCrypto::sha256(&[context, bstr(protected), bstr(aad), bstr(payload)].concat());
    let signature = RustCrypto::sign(key, &digest);
    [vec![0x84], bstr(protected), vec![0xa0], bstr(payload), bstr(&signature)].concat()
}

/// Encoded.
pub(crate) fn header(header: &Header) -> Vec<u8> {
    let mut out = vec![0; HEADER_MAX];
    let len = header.write(&mut out).unwrap();
    out.truncate(len);
    out
}

/// A world with a batch of depth 1, and its header.
pub(crate) fn world() -> (World, Header) {
    let mut world = World::new();
    world.publish(Suite::AesCcm8, 1);
    let node = world.node.credential();
    let header = Publication::parse(&world.publication).unwrap().batch.header(node.hash()).unwrap();
    (world, header)
}

/// Publication and Offer of index 0 with this header, rightly signed.
pub(crate) fn resigned(world: &World, protected: &[u8], header: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let batch = signed(&world.node.key, protected, b"DKE-v1 batch", header);
    let publication = Publication::parse(&world.publication).unwrap();
    let offered = world.offer(0);
    let offered = Offer::parse(&offered).unwrap();
    (
        [vec![0x82], batch.clone(), bstr(publication.ys)].concat(),
        [vec![0x84], batch, vec![0], bstr(offered.y), bstr(offered.path)].concat(),
    )
}
