//! Credentials: claims sets with a key (PROTOCOL.md section 4; RFC 8392, RFC 8747, RFC 9528 section 3.5.2).

use crate::bytes::{Bytes, concat_all};
use crate::cbor::{encode_bstr, encode_int, encode_map_head, encode_tstr_bytes, encode_uint, read_end, read_map_of};
use crate::error::Reject;
use crate::fields::{Read, expect_int, read_bstr, read_tstr};
use crate::p256::{Point, point};
use crate::params::{KID_MAX, NAME_MAX};

/// A COSE_Key of type EC2 on P-256 (RFC 9053 section 7.1.1).
#[derive(Clone)]
pub struct CoseKey {
    /// Key identifier, 1..16 bytes.
    pub kid: Bytes,
    /// x coordinate, 32 bytes.
    pub x: Bytes,
    /// y coordinate, 32 bytes.
    pub y: Bytes,
}

/// A CCS with a subject and a key.
#[derive(Clone)]
pub struct Credential {
    /// 1..64 bytes of UTF-8.
    pub subject: Bytes,
    /// The key.
    pub key: CoseKey,
}

/// `{ 1: 2, 2: kid, -1: 1, -2: x, -3: y }`
pub fn encode_key(key: &CoseKey) -> Bytes {
    concat_all(&[
        encode_map_head(5),
        concat_all(&[encode_uint(1), encode_uint(2)]),
        concat_all(&[encode_uint(2), encode_bstr(&key.kid)]),
        concat_all(&[encode_int(-1), encode_uint(1)]),
        concat_all(&[encode_int(-2), encode_bstr(&key.x)]),
        concat_all(&[encode_int(-3), encode_bstr(&key.y)]),
    ])
}

/// Reads `{ 1: 2, 2: kid, -1: 1, -2: x, -3: y }`.
pub fn read_key(input: &Bytes, at: usize) -> Result<Read<CoseKey>, Reject> {
    let at = read_map_of(input, at, 5)?;
    let at = expect_int(input, expect_int(input, at, 1)?, 2)?;
    let kid = read_bstr(input, expect_int(input, at, 2)?, 1, KID_MAX)?;
    let at = expect_int(input, expect_int(input, kid.next, -1)?, 1)?;
    let x = read_bstr(input, expect_int(input, at, -2)?, 32, 32)?;
    let y = read_bstr(input, expect_int(input, x.next, -3)?, 32, 32)?;
    Ok(Read { value: CoseKey { kid: kid.value, x: x.value, y: y.value }, next: y.next })
}

/// `{ 2: subject, 8: { 1: COSE_Key } }`
pub fn encode(credential: &Credential) -> Bytes {
    concat_all(&[
        encode_map_head(2),
        encode_uint(2),
        encode_tstr_bytes(&credential.subject),
        encode_uint(8),
        encode_map_head(1),
        encode_uint(1),
        encode_key(&credential.key),
    ])
}

/// Reads a credential and checks that its point is on the curve (InvalidPoint).
pub fn parse(input: &Bytes) -> Result<Credential, Reject> {
    let at = read_map_of(input, 0, 2)?;
    let subject = read_tstr(input, expect_int(input, at, 2)?, NAME_MAX)?;
    let at = read_map_of(input, expect_int(input, subject.next, 8)?, 1)?;
    let key = read_key(input, expect_int(input, at, 1)?)?;
    read_end(input, key.next)?;
    let credential = Credential { subject: subject.value, key: key.value };
    point_of(&credential.key)?;
    Ok(credential)
}

/// The point of the key.
pub fn point_of(key: &CoseKey) -> Result<Point, Reject> {
    point(&key.x, &key.y).or(Err(Reject::InvalidPoint))
}
