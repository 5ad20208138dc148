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

/// A batch as Offers need it, in one piece of memory.
#[derive(Clone)]
pub(crate) struct Batch {
    /// Protected header, header, signature, prekeys and the tree's hashes but for the leaves, one behind the other. A leaf is hashed faster
    /// than it is fetched from memory, and takes as much of it as its prekey.
    bytes: Arc<[u8]>,
    protected: usize,
    header: usize,
    prekeys: usize,
}

impl Batch {
    /// `Damaged` if the record is not of the form that was verified.
    pub(crate) fn read(record: &BatchRecord<'_>) -> Result<Batch, StoreError> {
        let publication = Publication::parse(record.publication).map_err(|_| damaged())?;
        let SignedBatch { protected, header, signature } = publication.batch;
        let ys = publication.prekeys();
        let leaves = if ys.len() > 1 { ys.as_flattened().len() } else { 0 };
        let inner = record.tree.get(leaves..).ok_or_else(damaged)?;
        Ok(Batch {
            bytes: [protected, header, signature, ys.as_flattened(), inner].concat().into(),
            protected: protected.len(),
            header: header.len(),
            prekeys: ys.len(),
        })
    }

    /// Bytes of memory.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// G2: the Offer of one prekey. `Damaged` if the batch has no such prekey, or not all of its tree.
    pub(crate) fn offer(&self, index: u8) -> Result<Vec<u8>, StoreError> {
        self.try_offer(index).ok_or_else(damaged)
    }

    fn try_offer(&self, index: u8) -> Option<Vec<u8>> {
        let (protected, rest) = self.bytes.split_at_checked(self.protected)?;
        let (header, rest) = rest.split_at_checked(self.header)?;
        let (signature, rest) = rest.split_first_chunk()?;
        let (ys, inner) = rest.split_at_checked(self.prekeys.checked_mul(KEY)?)?;
        let (ys, inner) = (ys.as_chunks::<KEY>().0, inner.as_chunks::<HASH>().0);
        let (mut path, mut used) = ([Hash::default(); PATH_MAX / HASH], 0_usize);
        let (mut start, mut width, mut place) = (0_usize, self.prekeys, usize::from(index));
        while width > 1 {
            *path.get_mut(used)? = if used == 0 {
                leaf::<RustCrypto>(index ^ 1, ys.get(place ^ 1)?)
            } else {
                let sibling = inner.get(start.checked_add(place ^ 1)?)?;
                start = start.checked_add(width)?;
                *sibling
            };
            (used, width, place) = (used.checked_add(1)?, width / 2, place / 2);
        }
        let batch = SignedBatch { protected, header, signature };
        let y = ys.get(usize::from(index))?;
        let mut out = vec![0; OFFER_MAX];
        let length = Offer { batch, index: index.into(), y, path: path.get(..used)?.as_flattened() }.write(&mut out).ok()?;
        out.truncate(length);
        Some(out)
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
            let batch = Batch::read(&BatchRecord { publication: &batch, tree: &tree }).unwrap();
            for index in (0..=255).take(prekeys.len()) {
                let mut path = [0; PATH_MAX];
                merkle::path::<RustCrypto>(&prekeys, depth, index, &mut path).unwrap();
                let offer = batch.offer(index).unwrap();
                let offer = Offer::parse(&offer).unwrap();
                assert_eq!(offer.path, &path[..depth.path_len()], "depth {depth:?} index {index}");
                assert_eq!(offer.y, &prekeys[usize::from(index)]);
            }
        }
    }
}
