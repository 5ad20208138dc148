//! HKDF-SHA-256 (RFC 5869).

use crate::bytes::{Bytes, bytes};
use crate::hmac::hmac;
use crate::sha256::HASH;

/// Longest output: 255 digests.
pub const OUTPUT_MAX: usize = 255 * HASH;

/// Section 2.2: `PRK = HMAC-Hash(salt, IKM)`, 32 bytes.
#[hax_lib::ensures(|result| result.len() == HASH)]
pub fn extract(salt: &Bytes, ikm: &Bytes) -> Bytes {
    hmac(salt, ikm)
}

/// Is this a length that Expand can give?
pub fn is_output_length(length: usize) -> bool {
    length <= OUTPUT_MAX
}

/// Section 2.3: `OKM` = the first L bytes of T(1) | T(2) | ...; `None` if L > 255 * HashLen.
#[hax_lib::ensures(|result| result.is_some() == is_output_length(length))]
pub fn expand(prk: &Bytes, info: &Bytes, length: usize) -> Option<Bytes> {
    if is_output_length(length) {
        let mut okm = Bytes::new(0);
        let mut t = Bytes::new(0);
        for i in 1..length.div_ceil(HASH) + 1 {
            // "T(i) = HMAC-Hash(PRK, T(i-1) | info | i)"
            t = hmac(prk, &t.concat(info).concat(&bytes(&[i as u8])));
            okm = okm.concat(&t);
        }
        Some(okm.slice(0, length))
    } else {
        None
    }
}
