//! The gateway's checks: G1 to G4. Its bookkeeping (leases, queues) is policy, not protocol.

use crate::bytes::{Bytes, concat_all};
use crate::cbor::{encode_int, encode_map_head, encode_uint};

use crate::cose::{self, Sign1};
use crate::credential::{self, point_of};
use crate::error::Reject;
use crate::merkle;
#[cfg(hax)]
use crate::message::is_header;
use crate::message::{
    Confirm, Header, Initiate, Offer, encode_offer, parse_confirm, parse_header, parse_initiate, parse_publication,
};
use crate::params::{BATCH_AAD, ES256};
use crate::sha256::sha256;
use crate::weakening::Weakening;

/// `{ 1: -7 }`, the protected header of SignedBatch.
pub fn batch_protected() -> Bytes {
    concat_all(&[encode_map_head(1), encode_uint(1), encode_int(ES256)])
}

/// The first checks of G1 and of C1: algorithm, then the header.
pub fn check_batch(batch: &Sign1, node: &Bytes) -> Result<Header, Reject> {
    if batch.protected == batch_protected() {
        parse_header(&batch.payload, node)
    } else {
        Err(Reject::UnsupportedAlgorithm)
    }
}

/// The prekeys of a publication: 32 bytes each.
pub fn prekeys(ys: &Bytes) -> Vec<Bytes> {
    let mut keys = Vec::new();
    for i in 0..ys.len() / 32 {
        keys.push(ys.slice(32 * i, 32));
    }
    keys
}

/// May a batch with this header be stored now, where the highest epoch so far is `highest_epoch`?
pub fn is_storable(header: &Header, highest_epoch: u64, now: u64) -> bool {
    1 <= header.epoch && highest_epoch < header.epoch && now <= header.not_after
}

/// Step G1: verify a Publication against the registered credential; `highest_epoch` is that of the stored ones, 0 for
/// none. (The very bytes that are stored are acknowledged again before this is asked.)
#[hax_lib::ensures(|result| match result {
    Ok(header) => is_header(&header) && is_storable(&header, highest_epoch, now),
    Err(_) => true,
})]
pub fn check_publication(publication: &Bytes, node: &Bytes, highest_epoch: u64, now: u64) -> Result<Header, Reject> {
    let credential = credential::parse(node).map_err(|_| Reject::InvalidCredential)?;
    let publication = parse_publication(publication)?;
    let header = check_batch(&publication.batch, &sha256(node))?;
    if header.epoch < 1 || header.epoch <= highest_epoch {
        Err(Reject::EpochRollback)
    } else if header.not_after < now {
        Err(Reject::Expired)
    } else if publication.ys.len() != 32 << header.depth {
        Err(Reject::PrekeyCount)
    } else if !cose::verify(&point_of(&credential.key)?, BATCH_AAD, &publication.batch) {
        Err(Reject::BadSignature)
    } else if merkle::root(&Weakening::NONE, &prekeys(&publication.ys), header.depth as usize) != header.root {
        Err(Reject::RootMismatch)
    } else {
        Ok(header)
    }
}

/// Step G2: the Offer of one prekey of a stored Publication of `node`.
pub fn offer(publication: &Bytes, node: &Bytes, index: u64) -> Result<Bytes, Reject> {
    let publication = parse_publication(publication)?;
    let header = check_batch(&publication.batch, &sha256(node))?;
    let keys = prekeys(&publication.ys);
    if index >= 1 << header.depth || keys.len() != 1 << header.depth {
        Err(Reject::IndexOutOfRange)
    } else {
        Ok(encode_offer(&Offer {
            batch: publication.batch,
            index,
            y: keys[index as usize].clone(),
            path: merkle::path(&Weakening::NONE, &keys, header.depth as usize, index as usize),
        }))
    }
}

/// Step G3, the checks that need no bookkeeping: the Initiate can be read and is for a batch of this epoch and depth.
pub fn check_initiate(initiate: &Bytes, epoch: u64, depth: u64) -> Result<Initiate, Reject> {
    let initiate = parse_initiate(initiate)?;
    if initiate.epoch != epoch {
        Err(Reject::EpochUnknown)
    } else if initiate.index >= 1 << depth {
        Err(Reject::IndexOutOfRange)
    } else {
        Ok(initiate)
    }
}

/// Step G4, likewise.
pub fn check_confirm(confirm: &Bytes, epoch: u64, depth: u64) -> Result<Confirm, Reject> {
    let confirm = parse_confirm(confirm)?;
    if confirm.epoch != epoch {
        Err(Reject::EpochUnknown)
    } else if confirm.index >= 1 << depth {
        Err(Reject::IndexOutOfRange)
    } else {
        Ok(confirm)
    }
}
