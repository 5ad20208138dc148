//! CBOR in its deterministic encoding: RFC 8949 section 4.2.1. The subset: integers, byte and text strings, heads of arrays and maps,
//! booleans.
//!
//! A reader takes the input and a position and gives the value with the position behind it. It stops at the first head, from left to
//! right, that deviates. Within one head the order is: the input ends, another major type than the one asked for, additional
//! information 28 to 31, argument missing ([`CborError::Malformed`]); argument not in its shortest form
//! ([`CborError::NotDeterministic`]); then the content of a string ([`CborError::Malformed`]).

use crate::bytes::{Bytes, big_endian, byte_at, concat, concat_all, from_big_endian, has_length, single, slice, utf8};
use crate::utf8::is_utf8;

/// Major type 0: unsigned integer (section 3.1).
pub const UINT: u8 = 0;
/// Major type 1: negative integer.
pub const NINT: u8 = 1;
/// Major type 2: byte string.
pub const BSTR: u8 = 2;
/// Major type 3: text string.
pub const TSTR: u8 = 3;
/// Major type 4: array.
pub const ARRAY: u8 = 4;
/// Major type 5: map.
pub const MAP: u8 = 5;
/// Major type 7: simple values, among them false (20) and true (21).
pub const SIMPLE: u8 = 7;

/// Why an input is not the one item that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CborError {
    /// The input ends, is of another type, of indefinite length or reserved, or a text is no UTF-8.
    Malformed,
    /// An integer or a length is not in its shortest form.
    NotDeterministic,
    /// Something follows the item.
    TrailingBytes,
}

/// The head of a data item (section 3): "The initial byte of each encoded data item contains both information about the major
/// type (the high-order 3 bits, described in Section 3.1) and additional information (the low-order 5 bits)".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The major type, 0 to 7.
    pub major: u8,
    /// The argument.
    pub argument: u64,
}

/// An unsigned integer.
pub fn encode_uint(value: u64) -> Bytes {
    encode_head(UINT, value)
}

/// The negative integer -1 - n.
pub fn encode_nint(n: u64) -> Bytes {
    // Major type 1: "The value of the item is -1 minus the argument."
    encode_head(NINT, n)
}

/// An integer from -2^63 to 2^63 - 1.
pub fn encode_int(value: i64) -> Bytes {
    if value >= 0 { encode_uint(value.unsigned_abs()) } else { encode_nint((-1 - value).unsigned_abs()) }
}

/// A byte string.
pub fn encode_bstr(content: &Bytes) -> Bytes {
    // Major type 2: "A byte string. The number of bytes in the string is equal to the argument."
    concat(&encode_head(BSTR, content.len() as u64), content)
}

/// A text string.
pub fn encode_tstr(text: &str) -> Bytes {
    encode_tstr_bytes(&utf8(text))
}

/// A text string whose UTF-8 encoding is given.
#[hax_lib::requires(is_utf8(content))]
pub fn encode_tstr_bytes(content: &Bytes) -> Bytes {
    // Major type 3: "A text string (Section 2) encoded as UTF-8 [RFC3629]. The number of bytes in the string is equal to the argument."
    concat(&encode_head(TSTR, content.len() as u64), content)
}

/// The head of an array; its elements follow.
pub fn encode_array_head(count: u64) -> Bytes {
    // Major type 4: "The argument is the number of data items in the array."
    encode_head(ARRAY, count)
}

/// The head of a map; its pairs follow.
pub fn encode_map_head(count: u64) -> Bytes {
    // Major type 5: "The argument is the number of _pairs_ of data items in the map."
    encode_head(MAP, count)
}

/// An array of encoded items.
pub fn encode_array(items: &[Bytes]) -> Bytes {
    concat(&encode_array_head(items.len() as u64), &concat_all(items))
}

/// False or true.
pub fn encode_bool(value: bool) -> Bytes {
    // section 3.3, table 4: 20 is False, 21 is True
    encode_head(SIMPLE, if value { 21 } else { 20 })
}

/// The shortest head of this major type with this argument.
#[hax_lib::requires(major < 8)]
#[hax_lib::ensures(|head| head.len() == 1 + argument_length(shortest_information(argument)))]
pub fn encode_head(major: u8, argument: u64) -> Bytes {
    let information = shortest_information(argument);
    // the major type stands in the high-order 3 bits of the initial byte
    concat(&single((major << 5) | information), &big_endian(argument, argument_length(information)))
}

/// Reads an unsigned integer.
pub fn read_uint(input: &Bytes, position: usize) -> Result<(u64, usize), CborError> {
    let (head, next) = read_head_of(input, position, UINT)?;
    Ok((head.argument, next))
}

/// Reads a negative integer -1 - n and gives n.
pub fn read_nint(input: &Bytes, position: usize) -> Result<(u64, usize), CborError> {
    let (head, next) = read_head_of(input, position, NINT)?;
    Ok((head.argument, next))
}

/// Reads an integer from -2^63 to 2^63 - 1; one that is beyond is not of a form that any message has.
pub fn read_int(input: &Bytes, position: usize) -> Result<(i64, usize), CborError> {
    if peek_major(input, position) == Some(NINT) {
        let (n, next) = read_nint(input, position)?;
        let n = i64::try_from(n).or(Err(CborError::Malformed))?;
        Ok((-1 - n, next))
    } else {
        let (n, next) = read_uint(input, position)?;
        let n = i64::try_from(n).or(Err(CborError::Malformed))?;
        Ok((n, next))
    }
}

/// Reads a byte string.
#[hax_lib::ensures(|result| match result { Ok((_, next)) => next <= input.len(), Err(_) => true })]
pub fn read_bstr(input: &Bytes, position: usize) -> Result<(Bytes, usize), CborError> {
    let (head, next) = read_head_of(input, position, BSTR)?;
    read_content(input, next, head.argument)
}

/// Reads a byte string of exactly so many bytes.
#[hax_lib::ensures(|result| match result { Ok((content, _)) => content.len() == length, Err(_) => true })]
pub fn read_bstr_of(input: &Bytes, position: usize, length: usize) -> Result<(Bytes, usize), CborError> {
    let (content, next) = read_bstr(input, position)?;
    if has_length(&content, length) { Ok((content, next)) } else { Err(CborError::Malformed) }
}

/// Reads a text string and gives its UTF-8 encoding.
#[hax_lib::ensures(|result| match result { Ok((content, _)) => is_utf8(&content), Err(_) => true })]
pub fn read_tstr(input: &Bytes, position: usize) -> Result<(Bytes, usize), CborError> {
    let (head, next) = read_head_of(input, position, TSTR)?;
    let (content, next) = read_content(input, next, head.argument)?;
    // section 5.3.1, "Invalid UTF-8 string"
    if is_utf8(&content) { Ok((content, next)) } else { Err(CborError::Malformed) }
}

/// Reads the head of an array and gives the number of elements.
pub fn read_array_head(input: &Bytes, position: usize) -> Result<(u64, usize), CborError> {
    let (head, next) = read_head_of(input, position, ARRAY)?;
    Ok((head.argument, next))
}

/// Reads the head of an array of exactly so many elements and gives the position behind it.
pub fn read_array_of(input: &Bytes, position: usize, count: u64) -> Result<usize, CborError> {
    let (found, next) = read_array_head(input, position)?;
    if found == count { Ok(next) } else { Err(CborError::Malformed) }
}

/// Reads the head of a map and gives the number of pairs.
pub fn read_map_head(input: &Bytes, position: usize) -> Result<(u64, usize), CborError> {
    let (head, next) = read_head_of(input, position, MAP)?;
    Ok((head.argument, next))
}

/// Reads the head of a map of exactly so many pairs and gives the position behind it.
pub fn read_map_of(input: &Bytes, position: usize, count: u64) -> Result<usize, CborError> {
    let (found, next) = read_map_head(input, position)?;
    if found == count { Ok(next) } else { Err(CborError::Malformed) }
}

/// Reads false or true.
pub fn read_bool(input: &Bytes, position: usize) -> Result<(bool, usize), CborError> {
    let (head, next) = read_head_of(input, position, SIMPLE)?;
    // section 3.3, table 4
    match head.argument {
        20 => Ok((false, next)),
        21 => Ok((true, next)),
        _ => Err(CborError::Malformed),
    }
}

/// Nothing follows the last item.
pub fn read_end(input: &Bytes, position: usize) -> Result<(), CborError> {
    if position < input.len() { Err(CborError::TrailingBytes) } else { Ok(()) }
}

/// The major type of the item at the position, if there is one.
pub fn peek_major(input: &Bytes, position: usize) -> Option<u8> {
    Some(byte_at(input, position)? >> 5)
}

/// Reads the head of an item that must have this major type.
pub fn read_head_of(input: &Bytes, position: usize, major: u8) -> Result<(Head, usize), CborError> {
    if peek_major(input, position) == Some(major) { read_head(input, position) } else { Err(CborError::Malformed) }
}

/// Reads a head (section 3).
#[hax_lib::ensures(|result| match result {
    Ok((head, next)) => head.major < 8 && position + encode_head(head.major, head.argument).len() == next && next <= input.len(),
    Err(error) => error != CborError::TrailingBytes,
})]
pub fn read_head(input: &Bytes, position: usize) -> Result<(Head, usize), CborError> {
    let initial = byte_at(input, position).ok_or(CborError::Malformed)?;
    let major = initial >> 5;
    let information = initial & 0x1f;
    // "28, 29, 30: These values are reserved for future additions to the CBOR format", "31: ... the item's length is indefinite"
    // and major type 7 has no argument in this subset: 24 would be a simple value from 32 on, 25 to 27 a floating-point number
    if information > 27 || (major == SIMPLE && information > 23) {
        return Err(CborError::Malformed);
    }
    let length = argument_length(information);
    let argument = if length == 0 {
        // "Less than 24: The argument's value is the value of the additional information."
        u64::from(information)
    } else {
        // "24, 25, 26, or 27: The argument's value is held in the following 1, 2, 4, or 8 bytes, respectively, in network byte order."
        from_big_endian(&slice(input, position + 1, length).ok_or(CborError::Malformed)?)
    };
    // section 4.2.1: "Preferred serialization MUST be used", that is "the shortest form of representing the argument" (section 4.1)
    if information != shortest_information(argument) {
        return Err(CborError::NotDeterministic);
    }
    Ok((Head { major, argument }, position + 1 + length))
}

/// "the shortest form of representing the argument": additional information that does it.
#[hax_lib::ensures(|information| information <= 27)]
pub fn shortest_information(argument: u64) -> u8 {
    // section 4.2.1: "0 to 23 and -1 to -24 MUST be expressed in the same byte as the major type"
    if argument < 24 {
        argument as u8
    } else if argument <= 0xff {
        // "24 to 255 and -25 to -256 MUST be expressed only with an additional uint8_t"
        24
    } else if argument <= 0xffff {
        // "256 to 65535 and -257 to -65536 MUST be expressed only with an additional uint16_t"
        25
    } else if argument <= 0xffff_ffff {
        // "65536 to 4294967295 and -65537 to -4294967296 MUST be expressed only with an additional uint32_t"
        26
    } else {
        27
    }
}

/// The number of bytes that hold the argument behind the initial byte.
#[hax_lib::requires(information <= 27)]
pub fn argument_length(information: u8) -> usize {
    match information {
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => 0,
    }
}

/// The content of a string, whose length the head gave.
fn read_content(input: &Bytes, position: usize, length: u64) -> Result<(Bytes, usize), CborError> {
    let length = usize::try_from(length).or(Err(CborError::Malformed))?;
    let content = slice(input, position, length).ok_or(CborError::Malformed)?;
    Ok((content, position + length))
}
