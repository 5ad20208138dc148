//! HMAC-SHA-256 (RFC 2104).

use crate::bytes::{Bytes, xor};
use crate::sha256::{BLOCK, HASH, sha256};

/// `H(K XOR opad, H(K XOR ipad, text))`, 32 bytes.
#[hax_lib::ensures(|result| result.len() == HASH)]
pub fn hmac(key: &Bytes, text: &Bytes) -> Bytes {
    // "Applications that use keys longer than B bytes will first hash the key using H".
    let short = if key.len() > BLOCK { sha256(key) } else { key.clone() };
    // (1) "append zeros to the end of K to create a B byte string".
    let k = short.concat(&Bytes::new(BLOCK - short.len()));
    // (2) to (7): ipad = the byte 0x36 repeated B times, opad = the byte 0x5C repeated B times.
    let inner = sha256(&xor(&k, &repeated(0x36)).concat(text));
    sha256(&xor(&k, &repeated(0x5c)).concat(&inner))
}

fn repeated(byte: u8) -> Bytes {
    let mut block = Bytes::new(BLOCK);
    for i in 0..BLOCK {
        block[i] = byte;
    }
    block
}
