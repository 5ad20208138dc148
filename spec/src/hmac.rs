//! HMAC with SHA-256: FIPS 198-1, The Keyed-Hash Message Authentication Code (the HMAC of RFC 2104).

use crate::bytes::{Bytes, concat, concat_all, xor, zeros};
use crate::sha256::{BLOCK_LENGTH, sha256};

/// HMAC of the text (section 4). A shortened one, as section 5 allows, is the leftmost part of it.
#[hax_lib::requires(is_authenticable(text))]
#[hax_lib::ensures(|mac| mac.len() == crate::sha256::DIGEST_LENGTH)]
pub fn hmac_sha256(key: &Bytes, text: &Bytes) -> Bytes {
    // Table 1, steps 1 to 3
    let k0 = key_block(key);
    // step 4: "Exclusive-Or K0 with ipad", step 5: "Append the stream of data 'text' to the string resulting from step 4"
    let inner = concat(&xor(&k0, &repeat(IPAD)), text);
    // step 6: "Apply H to the stream generated in step 5"
    let inner_hash = sha256(&inner);
    // step 7: "Exclusive-Or K0 with opad", step 8: "Append the result from step 6 to step 7", step 9: "Apply H to the result from step 8"
    sha256(&concat_all(&[xor(&k0, &repeat(OPAD)), inner_hash]))
}

/// Whether the text still fits SHA-256 when a block of key stands in front of it.
pub fn is_authenticable(text: &Bytes) -> bool {
    (text.len() as u128) + (BLOCK_LENGTH as u128) < 1 << 61
}

/// Table 1, steps 1 to 3: K0.
#[hax_lib::ensures(|k0| k0.len() == BLOCK_LENGTH)]
fn key_block(key: &Bytes) -> Bytes {
    // step 2: "If the length of K > B: hash K to obtain an L byte string"
    let short = if key.len() > BLOCK_LENGTH { sha256(key) } else { key.clone() };
    // step 3: "If the length of K < B: append zeros to the end of K to create a B-byte string K0"
    concat(&short, &zeros(BLOCK_LENGTH - short.len()))
}

/// The byte, B times (section 2.3).
fn repeat(octet: u8) -> Bytes {
    let mut block = zeros(BLOCK_LENGTH);
    for i in 0..BLOCK_LENGTH {
        block[i] = octet;
    }
    block
}

/// "Inner pad; the byte x'36' repeated B times".
const IPAD: u8 = 0x36;
/// "Outer pad; the byte x'5c' repeated B times".
const OPAD: u8 = 0x5c;
