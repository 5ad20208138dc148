//! Deterministic CBOR (RFC 8949 section 4.2.1): encoders, and a reader that goes strictly from left to right.

use crate::bytes::{Bytes, big_endian, bytes, part, utf8};

/// Major types (section 3.1).
pub const UINT: u8 = 0;
/// Negative integer.
pub const NINT: u8 = 1;
/// Byte string.
pub const BSTR: u8 = 2;
/// Text string.
pub const TSTR: u8 = 3;
/// Array.
pub const ARRAY: u8 = 4;
/// Map.
pub const MAP: u8 = 5;

/// Why an input is not the deterministic encoding of what is expected (PROTOCOL.md section 5, "Reading").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CborError {
    /// Not of the expected form.
    Malformed,
    /// An argument is not in its shortest form.
    NotDeterministic,
    /// Bytes follow the item.
    TrailingBytes,
}

/// A value and the position behind it.
pub struct Read<T> {
    /// What was read.
    pub value: T,
    /// Where the next item begins.
    pub next: usize,
}

/// The number of argument bytes in the shortest form. Section 4.2.1: "the argument ... MUST be as short as possible".
pub fn shortest_argument(argument: u64) -> usize {
    if argument < 24 {
        0
    } else if argument < 1 << 8 {
        1
    } else if argument < 1 << 16 {
        2
    } else if argument < 1 << 32 {
        4
    } else {
        8
    }
}

/// A head (section 3): major type and argument, one to nine bytes.
#[hax_lib::requires(major < 8)]
#[hax_lib::ensures(|result| result.len() == 1 + shortest_argument(argument))]
pub fn head(major: u8, argument: u64) -> Bytes {
    let additional = match shortest_argument(argument) {
        0 => argument as u8,
        1 => 24,
        2 => 25,
        4 => 26,
        _ => 27,
    };
    bytes(&[major << 5 | additional]).concat(&big_endian(argument, shortest_argument(argument)))
}

/// An unsigned integer.
pub fn uint(value: u64) -> Bytes {
    head(UINT, value)
}

/// An integer of either sign: a negative one has the argument -1 - n.
pub fn int(value: i64) -> Bytes {
    if value < 0 { head(NINT, !value as u64) } else { head(UINT, value as u64) }
}

/// A byte string.
pub fn bstr(content: &Bytes) -> Bytes {
    head(BSTR, content.len() as u64).concat(content)
}

/// A text string.
pub fn tstr(content: &str) -> Bytes {
    tstr_of(&utf8(content))
}

/// A text string whose UTF-8 is given.
pub fn tstr_of(content: &Bytes) -> Bytes {
    head(TSTR, content.len() as u64).concat(content)
}

/// The head of an array.
pub fn array(length: u64) -> Bytes {
    head(ARRAY, length)
}

/// The head of a map.
pub fn map(pairs: u64) -> Bytes {
    head(MAP, pairs)
}

/// false or true (section 3.3).
pub fn boolean(value: bool) -> Bytes {
    bytes(&[if value { 0xf5 } else { 0xf4 }])
}

/// The major type of the item at `at`, if there is one.
pub fn peek(input: &Bytes, at: usize) -> Option<u8> {
    if at < input.len() { Some(input[at] >> 5) } else { None }
}

/// The argument of a head of this major type.
pub fn read_head(input: &Bytes, at: usize, major: u8) -> Result<Read<u64>, CborError> {
    if peek(input, at) != Some(major) {
        Err(CborError::Malformed)
    } else {
        let additional = input[at] & 0x1f;
        // Section 3: 0..23 is the argument itself, 24..27 announce 1, 2, 4, 8 bytes, the rest is reserved or indefinite.
        let length = match additional {
            0..=23 => 0,
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => usize::MAX,
        };
        let encoded = part(input, at + 1, length).ok_or(CborError::Malformed)?;
        let mut argument = if length == 0 { additional as u64 } else { 0 };
        for i in 0..length {
            argument = argument << 8 | encoded[i] as u64;
        }
        if shortest_argument(argument) == length {
            Ok(Read { value: argument, next: at + 1 + length })
        } else {
            Err(CborError::NotDeterministic)
        }
    }
}

/// An unsigned integer.
pub fn read_uint(input: &Bytes, at: usize) -> Result<Read<u64>, CborError> {
    read_head(input, at, UINT)
}

fn read_string(input: &Bytes, at: usize, major: u8) -> Result<Read<Bytes>, CborError> {
    let head = read_head(input, at, major)?;
    let length = usize::try_from(head.value).map_err(|_| CborError::Malformed)?;
    let value = part(input, head.next, length).ok_or(CborError::Malformed)?;
    Ok(Read { next: head.next + length, value })
}

/// A byte string of `least` to `most` bytes.
pub fn read_bstr(input: &Bytes, at: usize, least: usize, most: usize) -> Result<Read<Bytes>, CborError> {
    let read = read_string(input, at, BSTR)?;
    if least <= read.value.len() && read.value.len() <= most { Ok(read) } else { Err(CborError::Malformed) }
}

/// A text string of 1 to `most` bytes.
pub fn read_tstr(input: &Bytes, at: usize, most: usize) -> Result<Read<Bytes>, CborError> {
    let read = read_string(input, at, TSTR)?;
    let is_utf8 = core::str::from_utf8(read.value.native_slice()).is_ok();
    if is_utf8 && 1 <= read.value.len() && read.value.len() <= most { Ok(read) } else { Err(CborError::Malformed) }
}

/// The head of an array of this length; the position behind it.
pub fn expect_array(input: &Bytes, at: usize, length: u64) -> Result<usize, CborError> {
    expect(input, at, ARRAY, length)
}

/// The head of a map of this many pairs; the position behind it.
pub fn expect_map(input: &Bytes, at: usize, pairs: u64) -> Result<usize, CborError> {
    expect(input, at, MAP, pairs)
}

/// This very integer; the position behind it.
pub fn expect_int(input: &Bytes, at: usize, value: i64) -> Result<usize, CborError> {
    if value < 0 { expect(input, at, NINT, !value as u64) } else { expect(input, at, UINT, value as u64) }
}

fn expect(input: &Bytes, at: usize, major: u8, argument: u64) -> Result<usize, CborError> {
    let read = read_head(input, at, major)?;
    if read.value == argument { Ok(read.next) } else { Err(CborError::Malformed) }
}

/// Any integer of either sign; `None` beyond 63 bits.
pub fn read_int(input: &Bytes, at: usize) -> Result<Read<Option<i64>>, CborError> {
    let negative = peek(input, at) == Some(NINT);
    let read = read_head(input, at, if negative { NINT } else { UINT })?;
    let value = i64::try_from(read.value).ok().map(|v| if negative { !v } else { v });
    Ok(Read { value, next: read.next })
}

/// Nothing follows.
pub fn expect_end(input: &Bytes, at: usize) -> Result<(), CborError> {
    if at == input.len() { Ok(()) } else { Err(CborError::TrailingBytes) }
}
