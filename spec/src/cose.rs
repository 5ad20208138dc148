//! COSE_Sign1 (RFC 9052 section 4.2), untagged, with an empty unprotected header; COSE_Encrypt0 and COSE_Mac0 (sections 5.2, 6.2) of the
//! application layer (PROTOCOL.md section 15).

use crate::application::{
    self, ObjectKeys, Opened, check_kid, check_sequence, read_sequence, sequence_bytes, sequence_end,
};
use crate::bytes::{Bytes, big_endian, concat, concat_all, empty, equal, utf8, xor};
use crate::cbor::{
    self, encode_array_head, encode_bstr, encode_int, encode_map_head, encode_tstr, read_array_of, read_end, read_int,
    read_map_of,
};
use crate::ccm::{self, AES_CCM_16_64_128};
use crate::ecdsa;
use crate::error::Reject;
use crate::fields::{Read, read_bstr};
use crate::hmac::hmac_sha256;
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

/// AES-CCM-16-64-128 (RFC 9053 section 4.2).
const AES_CCM: i64 = 10;
/// HMAC 256/256 (RFC 9053 section 3.1).
const HMAC_256: i64 = 5;

/// RFC 9052 section 3.1: the Partial IV, padded with zeros on the left to the length of the Context IV, xor the Context IV.
pub fn nonce(context_iv: &Bytes, sequence: u64) -> Bytes {
    xor(context_iv, &big_endian(sequence, context_iv.len()))
}

/// `<< { 1: alg, 4: kid, 6: seq } >>`, without the head of the bstr
fn protected(alg: i64, kid: &Bytes, sequence: u64) -> Bytes {
    concat_all(&[
        encode_map_head(3),
        concat(&encode_int(1), &encode_int(alg)),
        concat(&encode_int(4), &encode_bstr(kid)),
        concat(&encode_int(6), &encode_bstr(&sequence_bytes(sequence))),
    ])
}

/// RFC 9052 section 5.3: `Enc_structure = ["Encrypt0", protected, external_aad]`
pub fn enc_structure(protected: &Bytes, external_aad: &Bytes) -> Bytes {
    concat_all(&[encode_array_head(3), encode_tstr("Encrypt0"), encode_bstr(protected), encode_bstr(external_aad)])
}

/// `Encrypt0 = [ << { 1: 10, 4: kid, 6: seq } >>, {}, ciphertext ]`; `None` for more than 65,535 bytes, or from 2^40 on.
pub fn encrypt0(keys: &ObjectKeys, sequence: u64, content: &Bytes) -> Option<Bytes> {
    let protected = protected(AES_CCM, &keys.kid, sequence_end(sequence)?);
    let aad = enc_structure(&protected, &empty());
    let nonce = nonce(&keys.encrypt0_iv, sequence);
    let ciphertext = ccm::seal(&AES_CCM_16_64_128, &keys.encrypt0_key, &nonce, &aad, content).ok()?;
    Some(concat_all(&[encode_array_head(3), encode_bstr(&protected), encode_map_head(0), encode_bstr(&ciphertext)]))
}

/// Opens an Encrypt0. `accepted`: the numbers that have been.
pub fn open_encrypt0(keys: &ObjectKeys, accepted: &[u64], object: &Bytes) -> Result<Opened, application::Reject> {
    let at = read_array_of(object, 0, 3)?;
    let (protected, at) = cbor::read_bstr(object, at)?;
    let at = read_map_of(object, at, 0)?;
    let (ciphertext, at) = cbor::read_bstr(object, at)?;
    read_end(object, at)?;
    let sequence = read_protected(AES_CCM, keys, &protected)?;
    check_sequence(accepted, sequence)?;
    let content = open_aead(
        &keys.encrypt0_key,
        &nonce(&keys.encrypt0_iv, sequence),
        &enc_structure(&protected, &empty()),
        &ciphertext,
    )?;
    Ok(Opened { content, sequence })
}

/// AES-CCM-16-64-128 back. What is shorter than a tag is no ciphertext.
pub fn open_aead(key: &Bytes, nonce: &Bytes, aad: &Bytes, ciphertext: &Bytes) -> Result<Bytes, application::Reject> {
    if ciphertext.len() < AES_CCM_16_64_128.tag_length {
        return Err(application::Reject::Malformed);
    }
    ccm::open(&AES_CCM_16_64_128, key, nonce, aad, ciphertext).or(Err(application::Reject::NotAuthentic))
}

/// `Mac0 = [ << { 1: 5, 4: kid, 6: seq } >>, {}, payload, tag ]`; `None` from 2^40 on.
pub fn mac0(keys: &ObjectKeys, sequence: u64, content: &Bytes) -> Option<Bytes> {
    let protected = protected(HMAC_256, &keys.kid, sequence_end(sequence)?);
    let tag = hmac_sha256(&keys.mac0_key, &mac_structure(&protected, content));
    Some(concat_all(&[
        encode_array_head(4),
        encode_bstr(&protected),
        encode_map_head(0),
        encode_bstr(content),
        encode_bstr(&tag),
    ]))
}

/// Opens a Mac0. `accepted`: the numbers that have been.
pub fn open_mac0(keys: &ObjectKeys, accepted: &[u64], object: &Bytes) -> Result<Opened, application::Reject> {
    let at = read_array_of(object, 0, 4)?;
    let (protected, at) = cbor::read_bstr(object, at)?;
    let at = read_map_of(object, at, 0)?;
    let (content, at) = cbor::read_bstr(object, at)?;
    let (tag, at) = cbor::read_bstr(object, at)?;
    read_end(object, at)?;
    let sequence = read_protected(HMAC_256, keys, &protected)?;
    check_sequence(accepted, sequence)?;
    let expected = hmac_sha256(&keys.mac0_key, &mac_structure(&protected, &content));
    if equal(&tag, &expected) { Ok(Opened { content, sequence }) } else { Err(application::Reject::NotAuthentic) }
}

/// RFC 9052 section 6.3: `MAC_structure = ["MAC0", protected, external_aad, payload]`
fn mac_structure(protected: &Bytes, content: &Bytes) -> Bytes {
    concat_all(&[
        encode_array_head(4),
        encode_tstr("MAC0"),
        encode_bstr(protected),
        encode_bstr(&empty()),
        encode_bstr(content),
    ])
}

/// The number in a protected header that is to have this algorithm and the kid of these keys.
fn read_protected(alg: i64, keys: &ObjectKeys, protected: &Bytes) -> Result<u64, application::Reject> {
    let at = read_map_of(protected, 0, 3)?;
    let at = read_label(protected, at, 1)?;
    let at = read_label(protected, at, alg)?;
    let (kid, at) = cbor::read_bstr(protected, read_label(protected, at, 4)?)?;
    let (sequence, at) = cbor::read_bstr(protected, read_label(protected, at, 6)?)?;
    read_end(protected, at)?;
    let sequence = read_sequence(&sequence)?;
    check_kid(keys, &kid)?;
    Ok(sequence)
}

/// Reads exactly this integer.
fn read_label(input: &Bytes, at: usize, label: i64) -> Result<usize, application::Reject> {
    let (found, next) = read_int(input, at)?;
    if found == label { Ok(next) } else { Err(application::Reject::Malformed) }
}
