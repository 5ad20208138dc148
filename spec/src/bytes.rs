//! Byte sequences, the one vocabulary of all other modules.
//!
//! [`Bytes`] is the public (not secret) sequence of hacspec-lib: `Seq<u8>`. The secret one, `Seq<U8>`, cannot be compared or used as an
//! index without being declassified, and a specification that decodes, compares and rejects would do that on every line. Where a
//! value must be kept secret, `spec/PROTOCOL.md` says so, and the implementation obeys.

use hacspec_lib::Seq;

/// A sequence of bytes.
pub type Bytes = Seq<u8>;

/// The bytes of an array or a byte string literal.
#[hax_lib::ensures(|result| result.len() == octets.len())]
pub fn bytes(octets: &[u8]) -> Bytes {
    Bytes::from_native_slice(octets)
}

/// The UTF-8 encoding of a text.
#[hax_lib::ensures(|result| result.len() == text.len())]
pub fn utf8(text: &str) -> Bytes {
    bytes(text.as_bytes())
}

/// No bytes at all.
#[hax_lib::ensures(|result| result.len() == 0)]
pub fn empty() -> Bytes {
    Bytes::new(0)
}

/// `length` bytes of value zero.
#[hax_lib::ensures(|result| result.len() == length)]
pub fn zeros(length: usize) -> Bytes {
    Bytes::new(length)
}

/// One byte as a sequence.
#[hax_lib::ensures(|result| result.len() == 1)]
pub fn single(octet: u8) -> Bytes {
    bytes(&[octet])
}

/// `a || b`.
#[hax_lib::ensures(|result| result.len() == a.len() + b.len())]
pub fn concat(a: &Bytes, b: &Bytes) -> Bytes {
    a.concat(b)
}

/// All parts, one after the other.
pub fn concat_all(parts: &[Bytes]) -> Bytes {
    let mut joined = empty();
    for i in 0..parts.len() {
        joined = concat(&joined, &parts[i]);
    }
    joined
}

/// `length` bytes from `start` on, if there are that many.
#[hax_lib::ensures(|result| result.is_some() == is_range(b, start, length))]
pub fn slice(b: &Bytes, start: usize, length: usize) -> Option<Bytes> {
    if is_range(b, start, length) { Some(b.slice(start, length)) } else { None }
}

/// The byte at `index`, if there is one.
#[hax_lib::ensures(|result| result.is_some() == (index < b.len()))]
pub fn byte_at(b: &Bytes, index: usize) -> Option<u8> {
    if index < b.len() { Some(b[index]) } else { None }
}

/// The first `length` bytes, or all if there are fewer.
#[hax_lib::ensures(|result| result.len() == min(length, b.len()))]
pub fn prefix(b: &Bytes, length: usize) -> Bytes {
    b.slice(0, min(length, b.len()))
}

/// What follows the first `start` bytes; nothing if there are no more.
#[hax_lib::ensures(|result| result.len() == b.len() - min(start, b.len()))]
pub fn suffix(b: &Bytes, start: usize) -> Bytes {
    let from = min(start, b.len());
    b.slice(from, b.len() - from)
}

/// `b` and as many zeros as make its length a multiple of `block`.
#[hax_lib::requires(block > 0)]
#[hax_lib::ensures(|result| result.len() % block == 0 && result.len() - b.len() < block)]
pub fn pad_with_zeros(b: &Bytes, block: usize) -> Bytes {
    concat(b, &zeros((block - b.len() % block) % block))
}

/// The exclusive or, byte by byte, as far as both reach.
#[hax_lib::ensures(|result| result.len() == min(a.len(), b.len()))]
pub fn xor(a: &Bytes, b: &Bytes) -> Bytes {
    let mut result = zeros(min(a.len(), b.len()));
    for i in 0..result.len() {
        result[i] = a[i] ^ b[i];
    }
    result
}

/// The last `length` bytes of the eight that are `value` in big-endian order; zeros stand in front where `length` is more than eight.
#[hax_lib::ensures(|result| result.len() == length)]
pub fn big_endian(value: u64, length: usize) -> Bytes {
    let mut result = zeros(length);
    let mut rest = value;
    for i in 0..length {
        result[length - 1 - i] = (rest & 0xff) as u8;
        rest >>= 8;
    }
    result
}

/// The integer of which `b` is the big-endian encoding; of more than eight bytes the last eight count.
pub fn from_big_endian(b: &Bytes) -> u64 {
    let mut value = 0u64;
    for i in 0..b.len() {
        value = (value << 8) | u64::from(b[i]);
    }
    value
}

/// Whether both are the same bytes.
pub fn equal(a: &Bytes, b: &Bytes) -> bool {
    a == b
}

/// Whether `b` has exactly `length` bytes.
pub fn has_length(b: &Bytes, length: usize) -> bool {
    b.len() == length
}

/// Whether `length` bytes stand in `b` from `start` on.
pub fn is_range(b: &Bytes, start: usize, length: usize) -> bool {
    start <= b.len() && length <= b.len() - start
}

/// The smaller one.
pub fn min(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}
