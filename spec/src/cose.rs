//! COSE_Sign1 (RFC 9052 section 4.2), untagged, with an empty unprotected header.

use crate::bytes::{Bytes, concat_all, utf8};
use crate::cbor::{encode_array_head, encode_bstr, encode_map_head, encode_tstr, read_array_of, read_map_of};
use crate::ecdsa;
use crate::error::Reject;
use crate::fields::{Read, read_bstr};
use crate::p256::{Point, Scalar};

/// A COSE_Sign1 whose signature has not been verified.
#[derive(Clone)]
pub struct Sign1 {
    /// The serialised protected header.
    pub protected: Bytes,
    /// The payload.
    pub payload: Bytes,
    /// r, then s: 64 bytes.
    pub signature: Bytes,
}

/// Section 4.4: `Sig_structure = ["Signature1", body_protected, external_aad, payload]`.
fn sig_structure(protected: &Bytes, external_aad: &str, payload: &Bytes) -> Bytes {
    concat_all(&[
        encode_array_head(4),
        encode_tstr("Signature1"),
        encode_bstr(protected),
        encode_bstr(&utf8(external_aad)),
        encode_bstr(payload),
    ])
}

/// Signs; `None` only if ECDSA finds no k.
pub fn sign(key: Scalar, protected: &Bytes, external_aad: &str, payload: &Bytes) -> Option<Sign1> {
    let signature = ecdsa::sign(key, &sig_structure(protected, external_aad, payload)).ok()?;
    Some(Sign1 { protected: protected.clone(), payload: payload.clone(), signature })
}

/// Verifies the signature.
pub fn verify(key: &Point, external_aad: &str, object: &Sign1) -> bool {
    ecdsa::verify(key, &sig_structure(&object.protected, external_aad, &object.payload), &object.signature)
}

/// `[protected, {}, payload, signature]`
pub fn encode(object: &Sign1) -> Bytes {
    concat_all(&[
        encode_array_head(4),
        encode_bstr(&object.protected),
        encode_map_head(0),
        encode_bstr(&object.payload),
        encode_bstr(&object.signature),
    ])
}

/// Reads `[protected, {}, payload, signature]`.
pub fn read(input: &Bytes, at: usize) -> Result<Read<Sign1>, Reject> {
    let at = read_array_of(input, at, 4)?;
    let protected = read_bstr(input, at, 0, usize::MAX)?;
    let at = read_map_of(input, protected.next, 0)?;
    let payload = read_bstr(input, at, 0, usize::MAX)?;
    let signature = read_bstr(input, payload.next, 64, 64)?;
    let value = Sign1 { protected: protected.value, payload: payload.value, signature: signature.value };
    Ok(Read { value, next: signature.next })
}
