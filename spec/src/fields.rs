//! Readers of the protocol's fields: CBOR items of bounded size and fixed integers (PROTOCOL.md section 5, "Reading").

use crate::bytes::Bytes;
use crate::cbor::{self, CborError};

/// A value and the position behind it.
#[derive(Clone)]
pub struct Read<T> {
    /// What was read.
    pub value: T,
    /// Where the next item begins.
    pub next: usize,
}

/// An unsigned integer.
pub fn read_uint(input: &Bytes, at: usize) -> Result<Read<u64>, CborError> {
    let (value, next) = cbor::read_uint(input, at)?;
    Ok(Read { value, next })
}

/// An integer of either sign.
pub fn read_int(input: &Bytes, at: usize) -> Result<Read<i64>, CborError> {
    let (value, next) = cbor::read_int(input, at)?;
    Ok(Read { value, next })
}

/// A byte string of `least` to `most` bytes.
pub fn read_bstr(input: &Bytes, at: usize, least: usize, most: usize) -> Result<Read<Bytes>, CborError> {
    let (value, next) = cbor::read_bstr(input, at)?;
    if least <= value.len() && value.len() <= most { Ok(Read { value, next }) } else { Err(CborError::Malformed) }
}

/// A text string of 1 to `most` bytes.
pub fn read_tstr(input: &Bytes, at: usize, most: usize) -> Result<Read<Bytes>, CborError> {
    let (value, next) = cbor::read_tstr(input, at)?;
    if 1 <= value.len() && value.len() <= most { Ok(Read { value, next }) } else { Err(CborError::Malformed) }
}

/// This very integer, as a map's key or a fixed value; the position behind it.
pub fn expect_int(input: &Bytes, at: usize, value: i64) -> Result<usize, CborError> {
    let major = if value < 0 { cbor::NINT } else { cbor::UINT };
    let argument = if value < 0 { !value as u64 } else { value as u64 };
    let (head, next) = cbor::read_head_of(input, at, major)?;
    if head.argument == argument { Ok(next) } else { Err(CborError::Malformed) }
}
