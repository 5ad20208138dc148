//! Byte sequences: the vocabulary of all other modules.

use hacspec_lib::*;

/// A public sequence of bytes.
pub type Bytes = Seq<u8>;

/// The bytes of a slice.
pub fn bytes(slice: &[u8]) -> Bytes {
    Bytes::from_native_slice(slice)
}

/// The UTF-8 bytes of a text.
pub fn utf8(text: &str) -> Bytes {
    bytes(text.as_bytes())
}

/// The parts, one after the other.
pub fn concat(parts: &[Bytes]) -> Bytes {
    let mut whole = Bytes::new(0);
    for part in parts {
        whole = whole.concat(part);
    }
    whole
}

/// `length` bytes from `start` on, if there are so many.
pub fn part(of: &Bytes, start: usize, length: usize) -> Option<Bytes> {
    if start <= of.len() && length <= of.len() - start { Some(of.slice(start, length)) } else { None }
}

/// Bytewise exclusive or of two sequences of the same length.
#[hax_lib::requires(a.len() == b.len())]
#[hax_lib::ensures(|result| result.len() == a.len())]
pub fn xor(a: &Bytes, b: &Bytes) -> Bytes {
    let mut result = Bytes::new(a.len());
    for i in 0..a.len() {
        result[i] = a[i] ^ b[i];
    }
    result
}

/// `value` in `length` bytes, most significant first; higher bytes are dropped.
#[hax_lib::ensures(|result| result.len() == length)]
pub fn big_endian(value: u64, length: usize) -> Bytes {
    let mut result = Bytes::new(length);
    for i in 0..length {
        let shift = 8 * (length - 1 - i);
        result[i] = if shift < 64 { (value >> shift) as u8 } else { 0 };
    }
    result
}
