//! Base64url without padding: RFC 4648 section 5, as JOSE uses it (RFC 7515 section 2).

use crate::bytes::{Bytes, big_endian, concat, empty, equal, from_big_endian, pad_with_zeros, prefix, single};

/// The text, in ASCII.
pub fn encode(octets: &Bytes) -> Bytes {
    let mut text = empty();
    for i in 0..octets.len().div_ceil(3) {
        // three bytes are four characters of 6 bits; one byte is two, two are three, filled up with zero bits
        let (length, group) = octets.get_chunk(3, i);
        let bits = from_big_endian(&pad_with_zeros(&group, 3));
        for j in 0..length + 1 {
            text = concat(&text, &single(ALPHABET[((bits >> (18 - 6 * j)) & 0x3f) as usize]));
        }
    }
    text
}

/// The bytes of which this is the text; `None` if there are none: another character, a length that no text has, bits that are to be zero.
#[hax_lib::ensures(|result| match result { Some(octets) => equal(&encode(&octets), text), None => true })]
pub fn decode(text: &Bytes) -> Option<Bytes> {
    let mut octets = empty();
    for i in 0..text.len().div_ceil(4) {
        let (length, group) = text.get_chunk(4, i);
        let mut bits = 0u64;
        for j in 0..4 {
            bits = (bits << 6) | if j < length { value(group[j]) } else { 0 };
        }
        octets = concat(&octets, &prefix(&big_endian(bits, 3), length - 1));
    }
    // what is wrong is written otherwise
    if equal(&encode(&octets), text) { Some(octets) } else { None }
}

/// The value of a character; 0 for what is none.
fn value(character: u8) -> u64 {
    let mut value = 0;
    for i in 0..64 {
        if ALPHABET[i] == character {
            value = i as u64;
        }
    }
    value
}

/// RFC 4648, table 2.
const ALPHABET: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
