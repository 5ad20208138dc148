//! The tree over a batch's prekeys, with the domain separation of RFC 9162 section 2.1.
//!
//! ```text
//! leaf i     = SHA-256(0x00 ‖ i (one byte) ‖ Y_i)
//! inner node = SHA-256(0x01 ‖ left ‖ right)
//! ```

use crate::crypto::{Crypto, Hash, PublicKey, Sha256};
use crate::params::{Depth, HASH, LEVELS};

const LEAF: u8 = 0;
const INNER: u8 = 1;

/// Leaf of one prekey.
pub fn leaf<C: Crypto>(index: u8, y: &PublicKey) -> Hash {
    let mut hash = C::Sha256::new();
    hash.update(&[LEAF, index]);
    hash.update(y);
    hash.finish()
}

fn inner<C: Crypto>(left: &Hash, right: &Hash) -> Hash {
    let mut hash = C::Sha256::new();
    hash.update(&[INNER]);
    hash.update(left);
    hash.update(right);
    hash.finish()
}

/// Computes a root while the leaves come one by one; keeps one hash a level.
pub struct RootBuilder {
    /// Left siblings that wait for their right ones, by height.
    waiting: [Option<Hash>; LEVELS],
}

impl RootBuilder {
    /// No leaf yet.
    pub const fn new() -> Self {
        RootBuilder { waiting: [None; LEVELS] }
    }

    /// The next leaf. 256 leaves fit.
    pub fn push<C: Crypto>(&mut self, leaf: Hash) {
        let mut node = leaf;
        for level in &mut self.waiting {
            match level.take() {
                Some(left) => node = inner::<C>(&left, &node),
                None => {
                    *level = Some(node);
                    return;
                }
            }
        }
    }

    /// The root, after 2^depth leaves; `None` after another number of them.
    pub fn root(self) -> Option<Hash> {
        let mut full = self.waiting.into_iter().flatten();
        let root = full.next()?;
        full.next().is_none().then_some(root)
    }
}

impl Default for RootBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Root over consecutive leaves, the first of which has index `first`. `None` unless their number is a power of two.
fn subtree<C: Crypto>(first: u8, ys: &[PublicKey]) -> Option<Hash> {
    let mut builder = RootBuilder::new();
    for (index, y) in (first..=u8::MAX).zip(ys) {
        builder.push::<C>(leaf::<C>(index, y));
    }
    builder.root()
}

/// Root over all prekeys of a batch. `None` unless their number is a power of two.
pub fn root<C: Crypto>(ys: &[PublicKey]) -> Option<Hash> {
    subtree::<C>(0, ys)
}

/// Writes the path of leaf `index`, 32 · depth bytes, to `out`. `None` if prekeys or buffer do not fit the depth.
pub fn path<C: Crypto>(ys: &[PublicKey], depth: Depth, index: u8, out: &mut [u8]) -> Option<()> {
    let out = out.as_chunks_mut::<HASH>().0;
    for (height, slot) in (0..depth.get()).zip(out.get_mut(..usize::from(depth.get()))?) {
        // The sibling's subtree: the same leaf number at this height with its last bit turned.
        let first = index.checked_shr(height.into())? ^ 1;
        let first = first.checked_shl(height.into())?;
        let leaves = 1usize.checked_shl(height.into())?;
        let ys = ys.get(usize::from(first)..)?.get(..leaves)?;
        *slot = subtree::<C>(first, ys)?;
    }
    Some(())
}

/// Do leaf and path lead to `root`? At height k, bit k of `index` tells whether the sibling stands left (1) or right (0).
pub fn verify<C: Crypto>(root: &Hash, index: u8, y: &PublicKey, path: &[u8]) -> bool {
    let mut node = leaf::<C>(index, y);
    let (siblings, rest) = path.as_chunks::<HASH>();
    for (height, sibling) in (0u32..).zip(siblings) {
        let left = index.checked_shr(height).is_some_and(|bits| bits & 1 == 1);
        node = if left { inner::<C>(sibling, &node) } else { inner::<C>(&node, sibling) };
    }
    rest.is_empty() && node == *root
}
