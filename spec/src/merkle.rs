//! The tree over a batch's prekeys (PROTOCOL.md section 5).

use crate::bytes::{Bytes, bytes, concat_all};
use crate::params::DEPTH_MAX;
use crate::sha256::{DIGEST_LENGTH as HASH, sha256};
use crate::weakening::Weakening;

/// `SHA-256(0x00 ‖ index ‖ Y)`
#[hax_lib::requires(index < 256)]
pub fn leaf(w: &Weakening, index: usize, y: &Bytes) -> Bytes {
    let index = if w.leaf_without_index { Bytes::new(0) } else { bytes(&[index as u8]) };
    sha256(&concat_all(&[bytes(&[0x00]), index, y.clone()]))
}

/// `SHA-256(0x01 ‖ left ‖ right)`
pub fn inner(w: &Weakening, left: &Bytes, right: &Bytes) -> Bytes {
    if w.path_without_sides && right.native_slice() < left.native_slice() {
        sha256(&bytes(&[0x01]).concat(right).concat(left))
    } else {
        sha256(&bytes(&[0x01]).concat(left).concat(right))
    }
}

/// The nodes at `height`, of which the leaves have height 0. `keys` are 2^d prekeys, height <= d.
pub fn level(w: &Weakening, keys: &[Bytes], height: usize) -> Vec<Bytes> {
    let mut nodes = Vec::new();
    for i in 0..keys.len() {
        nodes.push(leaf(w, i, &keys[i]));
    }
    for _ in 0..height {
        let mut parents = Vec::new();
        for i in 0..nodes.len() / 2 {
            parents.push(inner(w, &nodes[2 * i], &nodes[2 * i + 1]));
        }
        nodes = parents;
    }
    nodes
}

/// Are so many prekeys a batch of this depth?
pub fn is_batch(count: usize, depth: usize) -> bool {
    depth <= DEPTH_MAX as usize && count == 1 << depth
}

/// Are the bytes hashes, one after the other?
pub fn is_path(path: &Bytes) -> bool {
    path.len().is_multiple_of(HASH)
}

/// The root over 2^depth prekeys.
#[hax_lib::requires(is_batch(keys.len(), depth))]
#[hax_lib::ensures(|root| root.len() == HASH)]
pub fn root(w: &Weakening, keys: &[Bytes], depth: usize) -> Bytes {
    level(w, keys, depth)[0].clone()
}

/// The siblings of leaf `index`, from the leaf up.
#[hax_lib::requires(is_batch(keys.len(), depth) && index < keys.len())]
#[hax_lib::ensures(|path| is_path(&path) && path.len() == HASH * depth)]
pub fn path(w: &Weakening, keys: &[Bytes], depth: usize, index: usize) -> Bytes {
    let mut path = Bytes::new(0);
    for height in 0..depth {
        path = path.concat(&level(w, keys, height)[(index >> height) ^ 1]);
    }
    path
}

/// The root that leaf and siblings lead to. Bit k of index tells whether the sibling at height k stands left.
#[hax_lib::requires(is_path(path) && index < 256)]
#[hax_lib::ensures(|root| root.len() == HASH)]
pub fn root_of_path(w: &Weakening, index: usize, y: &Bytes, path: &Bytes) -> Bytes {
    let mut node = leaf(w, index, y);
    for height in 0..path.len() / HASH {
        let sibling = path.slice(HASH * height, HASH);
        node = if (index >> height) & 1 == 1 { inner(w, &sibling, &node) } else { inner(w, &node, &sibling) };
    }
    node
}
