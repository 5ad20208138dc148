//! HKDF with SHA-256: RFC 5869, HMAC-based Extract-and-Expand Key Derivation Function.

use crate::bytes::{Bytes, concat, concat_all, empty, prefix, single};
use crate::hmac::hmac_sha256;
use crate::sha256::DIGEST_LENGTH;

/// The longest output of [`expand`]: "L length of output keying material in octets (<= 255*HashLen)".
pub const MAX_OUTPUT_LENGTH: usize = 255 * DIGEST_LENGTH;

/// Why HKDF refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HkdfError {
    /// More than [`MAX_OUTPUT_LENGTH`] bytes were asked for.
    OutputTooLong,
}

/// HKDF-Extract(salt, IKM) -> PRK (section 2.2).
#[hax_lib::ensures(|prk| prk.len() == DIGEST_LENGTH)]
pub fn extract(salt: &Bytes, ikm: &Bytes) -> Bytes {
    // "PRK = HMAC-Hash(salt, IKM)". A salt that is "not provided" needs no line: HMAC pads its key with zeros.
    hmac_sha256(salt, ikm)
}

/// HKDF-Expand(PRK, info, L) -> OKM (section 2.3).
#[hax_lib::ensures(|okm| match okm { Ok(okm) => okm.len() == length, Err(_) => !is_output_length(length) })]
pub fn expand(prk: &Bytes, info: &Bytes, length: usize) -> Result<Bytes, HkdfError> {
    if !is_output_length(length) {
        return Err(HkdfError::OutputTooLong);
    }
    // "T(0) = empty string (zero length)"
    let mut t_i = empty();
    let mut t = empty();
    // "N = ceil(L/HashLen)"
    let n = length.div_ceil(DIGEST_LENGTH);
    for i in 0..n {
        // "T(1) = HMAC-Hash(PRK, T(0) | info | 0x01)", "T(2) = HMAC-Hash(PRK, T(1) | info | 0x02)", ...,
        // "where the constant concatenated to the end of each T(n) is a single octet"
        t_i = hmac_sha256(prk, &concat_all(&[t_i, info.clone(), single((i + 1) as u8)]));
        // "T = T(1) | T(2) | T(3) | ... | T(N)"
        t = concat(&t, &t_i);
    }
    // "OKM = first L octets of T"
    Ok(prefix(&t, length))
}

/// Whether HKDF can give so many bytes.
pub fn is_output_length(length: usize) -> bool {
    length <= MAX_OUTPUT_LENGTH
}
