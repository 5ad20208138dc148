//! CWTs: an authority vouches for a client to one node (PROTOCOL.md section 4; RFC 8392).

use crate::bytes::{Bytes, bytes, concat_all};
use crate::cbor::{encode_bstr, encode_int, encode_map_head, read_end, read_map_of};
use crate::cbor::{encode_tstr_bytes, encode_uint};
use crate::fields::{expect_int, read_bstr, read_int, read_tstr, read_uint};

use crate::cose::{self, Sign1};
use crate::credential::{CoseKey, encode_key, read_key};
use crate::error::Reject;
use crate::p256::Scalar;
use crate::params::{CWT_AAD, EPOCH_MAX_CLAIM, ES256, KID_MAX, NAME_MAX};
use crate::weakening::Weakening;

/// The payload of a CWT.
#[derive(Clone)]
pub struct Claims {
    /// sub, 1..64 bytes of UTF-8.
    pub subject: Bytes,
    /// aud: the node's subject.
    pub audience: Bytes,
    /// cnf.
    pub key: CoseKey,
    /// Last epoch for which the CWT is valid.
    pub epoch_max: u64,
}

/// `{ 2: sub, 3: aud, 8: { 1: COSE_Key }, -70001: epoch_max }`
pub fn encode_claims(claims: &Claims) -> Bytes {
    concat_all(&[
        encode_map_head(4),
        concat_all(&[encode_uint(2), encode_tstr_bytes(&claims.subject)]),
        concat_all(&[encode_uint(3), encode_tstr_bytes(&claims.audience)]),
        concat_all(&[encode_uint(8), encode_map_head(1), encode_uint(1), encode_key(&claims.key)]),
        concat_all(&[encode_int(EPOCH_MAX_CLAIM), encode_uint(claims.epoch_max)]),
    ])
}

/// What the authority signs of the claims: all of them, which is the payload again, since their encoding is deterministic.
pub fn bound_claims(w: &Weakening, claims: &Claims) -> Bytes {
    let audience = if w.cwt_without_audience { Bytes::new(0) } else { claims.audience.clone() };
    encode_claims(&Claims { audience, ..claims.clone() })
}

/// Reads the payload of a CWT.
pub fn parse_claims(input: &Bytes) -> Result<Claims, Reject> {
    let at = read_map_of(input, 0, 4)?;
    let subject = read_tstr(input, expect_int(input, at, 2)?, NAME_MAX)?;
    let audience = read_tstr(input, expect_int(input, subject.next, 3)?, NAME_MAX)?;
    let at = read_map_of(input, expect_int(input, audience.next, 8)?, 1)?;
    let key = read_key(input, expect_int(input, at, 1)?)?;
    let epoch_max = read_uint(input, expect_int(input, key.next, EPOCH_MAX_CLAIM)?)?;
    read_end(input, epoch_max.next)?;
    Ok(Claims { subject: subject.value, audience: audience.value, key: key.value, epoch_max: epoch_max.value })
}

/// `{ 1: -7, 4: kid }`
pub fn protected(kid: &Bytes) -> Bytes {
    concat_all(&[encode_map_head(2), encode_uint(1), encode_int(ES256), encode_uint(4), encode_bstr(kid)])
}

/// The kid of the authority in a protected header; UnsupportedAlgorithm if alg is not ES256.
pub fn parse_protected(input: &Bytes) -> Result<Bytes, Reject> {
    let at = read_map_of(input, 0, 2)?;
    let algorithm = read_int(input, expect_int(input, at, 1)?)?;
    let kid = read_bstr(input, expect_int(input, algorithm.next, 4)?, 1, KID_MAX)?;
    read_end(input, kid.next)?;
    if algorithm.value == ES256 { Ok(kid.value) } else { Err(Reject::UnsupportedAlgorithm) }
}

/// Step A1.
pub fn issue(w: &Weakening, key: Scalar, kid: &Bytes, claims: &Claims) -> Option<Bytes> {
    let signed = cose::sign(key, &protected(kid), CWT_AAD, &bound_claims(w, claims))?;
    Some(cose::encode(&Sign1 { payload: encode_claims(claims), ..signed }))
}

/// Reads a CWT that fills the input.
pub fn parse(input: &Bytes) -> Result<Sign1, Reject> {
    let cwt = cose::read(input, 0)?;
    read_end(input, cwt.next)?;
    Ok(cwt.value)
}

/// `{ 13: CWT }`
pub fn id_cred(cwt: &Bytes) -> Bytes {
    concat_all(&[bytes(&[0xa1, 0x0d]), cwt.clone()])
}
