//! HMAC with SHA-256 (RFC 2104), untruncated: HMAC 256/256 of COSE, HS256 of JOSE.

use crate::error::Reject;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Bytes of a key, and of a tag.
pub(crate) const MAC: usize = 32;

/// The tag over the concatenation of the parts.
pub(crate) fn tag(key: &[u8; MAC], parts: &[&[u8]]) -> [u8; MAC] {
    keyed(key, parts).finalize().into_bytes().into()
}

/// `NotAuthentic` unless this is the tag; compared in constant time (`hmac`, by `subtle`).
pub(crate) fn verify(key: &[u8; MAC], parts: &[&[u8]], tag: &[u8]) -> Result<(), Reject> {
    keyed(key, parts).verify_slice(tag).map_err(|_| Reject::NotAuthentic)
}

fn keyed(key: &[u8; MAC], parts: &[&[u8]]) -> Hmac<Sha256> {
    // 32 bytes are less than a block, so they are padded and not hashed: what `new` takes is the block.
    let mut block = zeroize::Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&(*block).into());
    for part in parts {
        mac.update(part);
    }
    mac
}
