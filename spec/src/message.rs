//! The messages (PROTOCOL.md section 5, dke.cddl).

use crate::bytes::{Bytes, concat_all};
use crate::cbor::{encode_array_head, encode_bstr, encode_uint, read_array_of, read_end};
use crate::cose::{self, Sign1};
use crate::error::Reject;
use crate::fields::{read_bstr, read_uint};
use crate::params::{CT_1_MAX, CT_1_MIN, CT_DATA_MIN, DEPTH_MAX, VERSION, is_suite};
use crate::sha256::DIGEST_LENGTH as HASH;
use crate::weakening::Weakening;

/// A batch header that passed the checks of G1 and C1, step 2.
#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 5")]
pub struct Header {
    pub suite: u64,
    pub node: Bytes,
    pub epoch: u64,
    pub not_after: u64,
    pub depth: u64,
    pub root: Bytes,
    pub mailbox: Bytes,
}

#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 5")]
pub struct Publication {
    pub batch: Sign1,
    pub ys: Bytes,
}

#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 5")]
pub struct Offer {
    pub batch: Sign1,
    pub index: u64,
    pub y: Bytes,
    pub path: Bytes,
}

#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 5")]
pub struct Initiate {
    pub flags: u64,
    pub epoch: u64,
    pub index: u64,
    pub x: Bytes,
    pub ct_1: Bytes,
    pub ct_2: Bytes,
}

#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 5")]
pub struct Confirm {
    pub epoch: u64,
    pub index: u64,
    pub z: Bytes,
    pub ct_3: Bytes,
}

/// `[1, suite, H(CRED_N), epoch, not_after, depth, root, mailbox]`
pub fn encode_header(header: &Header) -> Bytes {
    concat_all(&[
        encode_array_head(8),
        encode_uint(VERSION),
        encode_uint(header.suite),
        encode_bstr(&header.node),
        encode_uint(header.epoch),
        encode_uint(header.not_after),
        encode_uint(header.depth),
        encode_bstr(&header.root),
        encode_bstr(&header.mailbox),
    ])
}

/// What the signature and TH_0 bind of a header: all of it, which is the payload again, since its encoding is deterministic.
pub fn bound_header(w: &Weakening, header: &Header) -> Bytes {
    encode_header(&Header {
        suite: if w.suite_unbound { 0 } else { header.suite },
        node: if w.node_unbound { Bytes::new(HASH) } else { header.node.clone() },
        epoch: if w.epoch_unbound { 0 } else { header.epoch },
        ..header.clone()
    })
}

/// Are suite, depth and the lengths of the hashes those that a header may have?
pub fn is_header(header: &Header) -> bool {
    is_suite(header.suite)
        && header.depth <= DEPTH_MAX
        && header.node.len() == HASH
        && header.root.len() == HASH
        && header.mailbox.len() == HASH
}

/// Reads a header, then checks version, suite, node and depth, in this order.
#[hax_lib::ensures(|result| match result { Ok(header) => is_header(&header) && header.node == *node, Err(_) => true })]
pub fn parse_header(input: &Bytes, node: &Bytes) -> Result<Header, Reject> {
    let version = read_uint(input, read_array_of(input, 0, 8)?)?;
    let suite = read_uint(input, version.next)?;
    let credential = read_bstr(input, suite.next, HASH, HASH)?;
    let epoch = read_uint(input, credential.next)?;
    let not_after = read_uint(input, epoch.next)?;
    let depth = read_uint(input, not_after.next)?;
    let root = read_bstr(input, depth.next, HASH, HASH)?;
    let mailbox = read_bstr(input, root.next, HASH, HASH)?;
    read_end(input, mailbox.next)?;
    if version.value != VERSION {
        Err(Reject::UnsupportedVersion)
    } else if !is_suite(suite.value) {
        Err(Reject::UnknownSuite)
    } else if credential.value != *node {
        Err(Reject::WrongNode)
    } else if depth.value > DEPTH_MAX {
        Err(Reject::DepthOutOfRange)
    } else {
        Ok(Header {
            suite: suite.value,
            node: credential.value,
            epoch: epoch.value,
            not_after: not_after.value,
            depth: depth.value,
            root: root.value,
            mailbox: mailbox.value,
        })
    }
}

/// `[SignedBatch, Ys]`
pub fn encode_publication(publication: &Publication) -> Bytes {
    concat_all(&[encode_array_head(2), cose::encode(&publication.batch), encode_bstr(&publication.ys)])
}

/// Reads a Publication.
pub fn parse_publication(input: &Bytes) -> Result<Publication, Reject> {
    let batch = cose::read(input, read_array_of(input, 0, 2)?)?;
    let ys = read_bstr(input, batch.next, 0, usize::MAX)?;
    read_end(input, ys.next)?;
    Ok(Publication { batch: batch.value, ys: ys.value })
}

/// `[SignedBatch, index, Y, path]`
pub fn encode_offer(offer: &Offer) -> Bytes {
    concat_all(&[
        encode_array_head(4),
        cose::encode(&offer.batch),
        encode_uint(offer.index),
        encode_bstr(&offer.y),
        encode_bstr(&offer.path),
    ])
}

/// Reads an Offer.
pub fn parse_offer(input: &Bytes) -> Result<Offer, Reject> {
    let batch = cose::read(input, read_array_of(input, 0, 4)?)?;
    let index = read_uint(input, batch.next)?;
    let y = read_bstr(input, index.next, 32, 32)?;
    let path = read_bstr(input, y.next, 0, usize::MAX)?;
    read_end(input, path.next)?;
    Ok(Offer { batch: batch.value, index: index.value, y: y.value, path: path.value })
}

/// `[flags, epoch, index, X, CT_1, CT_2]`
pub fn encode_initiate(initiate: &Initiate) -> Bytes {
    concat_all(&[
        encode_array_head(6),
        encode_uint(initiate.flags),
        encode_uint(initiate.epoch),
        encode_uint(initiate.index),
        encode_bstr(&initiate.x),
        encode_bstr(&initiate.ct_1),
        encode_bstr(&initiate.ct_2),
    ])
}

/// Have X, CT_1 and CT_2 a length that they may have?
pub fn is_initiate(initiate: &Initiate) -> bool {
    initiate.x.len() == 32
        && CT_1_MIN <= initiate.ct_1.len()
        && initiate.ct_1.len() <= CT_1_MAX
        && CT_DATA_MIN <= initiate.ct_2.len()
}

/// Reads an Initiate.
#[hax_lib::ensures(|result| match result { Ok(initiate) => is_initiate(&initiate), Err(_) => true })]
pub fn parse_initiate(input: &Bytes) -> Result<Initiate, Reject> {
    let flags = read_uint(input, read_array_of(input, 0, 6)?)?;
    let epoch = read_uint(input, flags.next)?;
    let index = read_uint(input, epoch.next)?;
    let x = read_bstr(input, index.next, 32, 32)?;
    let ct_1 = read_bstr(input, x.next, CT_1_MIN, CT_1_MAX)?;
    let ct_2 = read_bstr(input, ct_1.next, CT_DATA_MIN, usize::MAX)?;
    read_end(input, ct_2.next)?;
    Ok(Initiate {
        flags: flags.value,
        epoch: epoch.value,
        index: index.value,
        x: x.value,
        ct_1: ct_1.value,
        ct_2: ct_2.value,
    })
}

/// `[epoch, index, Z, CT_3]`
pub fn encode_confirm(confirm: &Confirm) -> Bytes {
    concat_all(&[
        encode_array_head(4),
        encode_uint(confirm.epoch),
        encode_uint(confirm.index),
        encode_bstr(&confirm.z),
        encode_bstr(&confirm.ct_3),
    ])
}

/// Have Z and CT_3 a length that they may have?
pub fn is_confirm(confirm: &Confirm) -> bool {
    (confirm.z.len() == 0 || confirm.z.len() == 32) && CT_DATA_MIN <= confirm.ct_3.len()
}

/// Reads a Confirm: Z has 32 bytes or none.
#[hax_lib::ensures(|result| match result { Ok(confirm) => is_confirm(&confirm), Err(_) => true })]
pub fn parse_confirm(input: &Bytes) -> Result<Confirm, Reject> {
    let epoch = read_uint(input, read_array_of(input, 0, 4)?)?;
    let index = read_uint(input, epoch.next)?;
    let z = read_bstr(input, index.next, 0, 32)?;
    if z.value.len() != 0 && z.value.len() != 32 {
        Err(Reject::Malformed)
    } else {
        let ct_3 = read_bstr(input, z.next, CT_DATA_MIN, usize::MAX)?;
        read_end(input, ct_3.next)?;
        Ok(Confirm { epoch: epoch.value, index: index.value, z: z.value, ct_3: ct_3.value })
    }
}
