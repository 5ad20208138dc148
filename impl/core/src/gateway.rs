//! The gateway's checks, without state: G1 to G4. What it stores, leases and queues is the gateway's own affair.

use crate::credential::Credential;
use crate::crypto::{Crypto, Hash, RustCrypto};
use crate::error::{Error, Misuse, Reject};
use crate::merkle;
use crate::message::{Confirm, Header, Initiate, Offer, Publication};
use crate::params::{Depth, PATH_MAX};
use core::convert::Infallible;
use subtle::ConstantTimeEq;

/// What the gateway has of a node.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The stored Publications, byte for byte.
    pub publications: &'a [&'a [u8]],
    /// The highest epoch ever stored; 0 for none.
    pub highest_epoch: u64,
}

/// What G1 found.
#[derive(Clone, Copy, Debug)]
pub enum Verified<'a> {
    /// The very same bytes are stored: acknowledge again.
    Same(Header),
    /// To be stored, the newest batch of the node.
    New(Header, Publication<'a>),
}

/// G1: verifies a Publication against the registered credential of the node (`UnknownNode`, if there is none, is the caller's to say).
///
/// Rejections, in this order: the form, `UnsupportedAlgorithm`, the header's form, `UnsupportedVersion`, `UnknownSuite`, `WrongNode`,
/// `DepthOutOfRange`, `EpochRollback`, `Expired`, `PrekeyCount`, `BadSignature`, `RootMismatch`.
pub fn verify_publication<'a, C: Crypto>(
    publication: &'a [u8],
    node: &Credential<'_>,
    known: &Known<'_>,
    now: u64,
) -> Result<Verified<'a>, Reject> {
    // 1
    let message = Publication::parse(publication)?;
    let header = message.batch.header(node.hash())?;
    // 2
    if known.publications.contains(&publication) {
        return Ok(Verified::Same(header));
    }
    if header.epoch == 0 || header.epoch <= known.highest_epoch {
        return Err(Reject::EpochRollback);
    }
    // 3
    if header.not_after < now {
        return Err(Reject::Expired);
    }
    if message.ys.len() != header.depth.prekeys_len() {
        return Err(Reject::PrekeyCount);
    }
    // 4
    message.batch.verify::<C>(node.key())?;
    if merkle::root::<C>(message.prekeys()) != Some(header.root) {
        return Err(Reject::RootMismatch);
    }
    Ok(Verified::New(header, message))
}

/// G2: writes the Offer of one prekey of a Publication that G1 accepted to `out`
/// (at most [`OFFER_MAX`](crate::params::OFFER_MAX) bytes). Returns its length. Leases are the caller's affair.
///
/// Hashes the batch's prekeys once; a gateway may keep the Offers instead.
pub fn offer(publication: &[u8], node: &Hash, index: u8, out: &mut [u8]) -> Result<usize, Error<Infallible>> {
    let message = Publication::parse(publication)?;
    let header = message.batch.header(node)?;
    let index = header.depth.index(index.into()).ok_or(Reject::IndexOutOfRange)?;
    let ys = message.prekeys();
    let y = ys.get(usize::from(index)).ok_or(Reject::PrekeyCount)?;
    let mut path = [0; PATH_MAX];
    merkle::path::<RustCrypto>(ys, header.depth, index, &mut path).ok_or(Reject::PrekeyCount)?;
    let path = path.get(..header.depth.path_len()).ok_or(Misuse::BufferTooSmall)?;
    Ok(Offer { batch: message.batch, index: index.into(), y, path }.write(out)?)
}

/// Is this the token of the newest batch, whose [`Header::mailbox`] this is? `WrongToken` if not. Whoever shows it may drain the mailbox and
/// have Confirms acknowledged.
pub fn check_token(token: &[u8], mailbox: &Hash) -> Result<(), Reject> {
    if RustCrypto::sha256(token).ct_eq(mailbox).into() { Ok(()) } else { Err(Reject::WrongToken) }
}

/// What the gateway has for one index of a stored batch.
#[derive(Clone, Copy, Debug)]
pub enum Slot<'a> {
    /// Never handed out, or its lease ran out.
    Free,
    /// Handed out, no Initiate yet.
    Leased,
    /// This Initiate is stored.
    Taken(&'a [u8]),
}

/// What the gateway has stored for one node.
pub trait Shelf {
    /// Depth of the stored batch of this epoch; `None` if there is none.
    fn depth(&self, epoch: u64) -> Option<Depth>;
    /// State of one of its indices.
    fn slot(&self, epoch: u64, index: u8) -> Slot<'_>;
    /// Has the node's queue room for one more Initiate?
    fn has_room(&self) -> bool;
}

/// What G3 found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// The very same bytes are stored: acknowledge again.
    Same {
        /// Of the batch.
        epoch: u64,
        /// Of the prekey.
        index: u8,
    },
    /// To be stored and queued.
    New {
        /// Of the batch.
        epoch: u64,
        /// Of the prekey.
        index: u8,
    },
}

/// G3: checks an Initiate. Rejections, in this order: the form, `EpochUnknown`, `IndexOutOfRange`, `NotOffered`, `IndexTaken`, `QueueFull`.
pub fn check_initiate(initiate: &[u8], shelf: &impl Shelf) -> Result<Queued, Reject> {
    let message = Initiate::parse(initiate)?;
    let (epoch, index) = place(shelf, message.epoch, message.index)?;
    match shelf.slot(epoch, index) {
        Slot::Free => Err(Reject::NotOffered),
        Slot::Taken(stored) if stored == initiate => Ok(Queued::Same { epoch, index }),
        Slot::Taken(_) => Err(Reject::IndexTaken),
        Slot::Leased if shelf.has_room() => Ok(Queued::New { epoch, index }),
        Slot::Leased => Err(Reject::QueueFull),
    }
}

/// G4: checks a Confirm; an Initiate of this epoch and index is stored. Returns both.
///
/// Rejections, in this order: the form, `EpochUnknown`, `IndexOutOfRange`, `NotOffered`.
pub fn check_confirm(confirm: &[u8], shelf: &impl Shelf) -> Result<(u64, u8), Reject> {
    let message = Confirm::parse(confirm)?;
    let (epoch, index) = place(shelf, message.epoch, message.index)?;
    match shelf.slot(epoch, index) {
        Slot::Taken(_) => Ok((epoch, index)),
        Slot::Free | Slot::Leased => Err(Reject::NotOffered),
    }
}

fn place(shelf: &impl Shelf, epoch: u64, index: u64) -> Result<(u64, u8), Reject> {
    let depth = shelf.depth(epoch).ok_or(Reject::EpochUnknown)?;
    Ok((epoch, depth.index(index).ok_or(Reject::IndexOutOfRange)?))
}
