//! The tree over a batch, and Offers from it.

use crate::record::BatchRecord;
use crate::store::StoreError;
use dke::RustCrypto;
use dke::crypto::{Hash, PublicKey};
use dke::merkle::{RootBuilder, leaf};
use dke::message::{Offer, Publication, SignedBatch};
use dke::params::{HASH, KEY, OFFER_MAX, PATH_MAX};
use std::sync::Arc;

/// The tree's hashes without the root, level by level from the leaves up.
pub(crate) fn tree(prekeys: &[PublicKey]) -> Vec<u8> {
    let mut level: Vec<Hash> = (0..=u8::MAX).zip(prekeys).map(|(index, y)| leaf::<RustCrypto>(index, y)).collect();
    let mut tree = Vec::new();
    while level.len() > 1 {
        tree.extend_from_slice(level.as_flattened());
        level = level.as_chunks::<2>().0.iter().map(parent).collect();
    }
    tree
}

/// An inner node is the root of a tree of two.
fn parent(pair: &[Hash; 2]) -> Hash {
    let mut builder = RootBuilder::new();
    for node in pair {
        builder.push::<RustCrypto>(*node);
    }
    builder.root().unwrap_or_default()
}

/// What Offers are made of.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    batch: SignedBatch<'a>,
    ys: &'a [PublicKey],
    /// The tree without its leaves: a leaf is hashed faster than it is fetched from memory, and takes as much of it as its prekey.
    inner: &'a [Hash],
}

impl<'a> Parts<'a> {
    /// `Damaged` if the record is not of the form that was verified.
    pub(crate) fn read(record: &BatchRecord<'a>) -> Result<Parts<'a>, StoreError> {
        let publication = Publication::parse(record.publication).map_err(|_| damaged())?;
        let (ys, hashes) = (publication.prekeys(), record.tree.as_chunks().0);
        let leaves = if ys.len() > 1 { ys.len() } else { 0 };
        Ok(Parts { batch: publication.batch, ys, inner: hashes.get(leaves..).ok_or_else(damaged)? })
    }

    /// Bytes of all of them.
    pub(crate) fn len(&self) -> usize {
        let SignedBatch { protected, header, signature } = self.batch;
        let all = [protected, header, signature, self.ys.as_flattened(), self.inner.as_flattened()];
        all.into_iter().map(<[u8]>::len).sum()
    }

    /// G2: the Offer of one prekey. `Damaged` if the batch has no such prekey, or not all of its tree.
    pub(crate) fn offer(&self, index: u8) -> Result<Vec<u8>, StoreError> {
        self.try_offer(index).ok_or_else(damaged)
    }

    fn try_offer(&self, index: u8) -> Option<Vec<u8>> {
        let (mut path, mut used) = ([Hash::default(); PATH_MAX / HASH], 0_usize);
        let (mut start, mut width, mut place) = (0_usize, self.ys.len(), usize::from(index));
        while width > 1 {
            *path.get_mut(used)? = if used == 0 {
                leaf::<RustCrypto>(index ^ 1, self.ys.get(place ^ 1)?)
            } else {
                let sibling = self.inner.get(start.checked_add(place ^ 1)?)?;
                start = start.checked_add(width)?;
                *sibling
            };
            (used, width, place) = (used.checked_add(1)?, width / 2, place / 2);
        }
        let y = self.ys.get(usize::from(index))?;
        let mut out = vec![0; OFFER_MAX];
        let path = path.get(..used)?.as_flattened();
        let length = Offer { batch: self.batch, index: index.into(), y, path }.write(&mut out).ok()?;
        out.truncate(length);
        Some(out)
    }
}

/// These parts in one piece of memory.
#[derive(Clone)]
pub(crate) struct Batch {
    /// Protected header, header, signature, prekeys and tree, one behind the other.
    bytes: Arc<[u8]>,
    protected: usize,
    header: usize,
    prekeys: usize,
}

impl Batch {
    pub(crate) fn new(parts: &Parts<'_>) -> Batch {
        let Parts { batch: SignedBatch { protected, header, signature }, ys, inner } = *parts;
        Batch {
            bytes: [protected, header, signature, ys.as_flattened(), inner.as_flattened()].concat().into(),
            protected: protected.len(),
            header: header.len(),
            prekeys: ys.len(),
        }
    }

    /// Bytes of memory.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// As they were put together.
    pub(crate) fn parts(&self) -> Result<Parts<'_>, StoreError> {
        self.try_parts().ok_or_else(damaged)
    }

    fn try_parts(&self) -> Option<Parts<'_>> {
        let (protected, rest) = self.bytes.split_at_checked(self.protected)?;
        let (header, rest) = rest.split_at_checked(self.header)?;
        let (signature, rest) = rest.split_first_chunk()?;
        let (ys, inner) = rest.split_at_checked(self.prekeys.checked_mul(KEY)?)?;
        Some(Parts {
            batch: SignedBatch { protected, header, signature },
            ys: ys.as_chunks().0,
            inner: inner.as_chunks().0,
        })
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged(String::new(), "a batch is not of the form that was verified".into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use dke::merkle;

    #[test]
    fn every_path_is_that_of_the_core() {
        for depth in 0..=8_u32 {
            let prekeys: Vec<PublicKey> = (0..=255).take(1 << depth).map(|n| [n; 32]).collect();
            let depth = dke::Depth::new(depth.into()).unwrap();
            let mut batch = vec![0x82, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0, 0x40, 0x58, 64];
            batch.extend([7; 64]);
            batch.push(0x59);
            batch.extend(u16::try_from(prekeys.len() * 32).unwrap().to_be_bytes());
            // Below 256 bytes the length is written shorter.
            if depth.get() < 3 {
                batch.truncate(batch.len() - 3);
                batch.extend([0x58, u8::try_from(prekeys.len() * 32).unwrap()]);
            }
            batch.extend(prekeys.as_flattened());
            let tree = tree(&prekeys);
            let parts = Parts::read(&BatchRecord { publication: &batch, tree: &tree }).unwrap();
            let batch = Batch::new(&parts);
            for index in (0..=255).take(prekeys.len()) {
                let mut path = [0; PATH_MAX];
                merkle::path::<RustCrypto>(&prekeys, depth, index, &mut path).unwrap();
                let offer = parts.offer(index).unwrap();
                assert_eq!(offer, batch.parts().unwrap().offer(index).unwrap());
                let offer = Offer::parse(&offer).unwrap();
                assert_eq!(offer.path, &path[..depth.path_len()], "depth {depth:?} index {index}");
                assert_eq!(offer.y, &prekeys[usize::from(index)]);
            }
        }
    }
}
