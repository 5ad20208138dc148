//! ECDSA with P-256 and SHA-256: FIPS 186-5 section 6, with the deterministic nonces of RFC 6979. Signatures are r || s (RFC 9053
//! section 2.1, ES256).

use crate::bytes::{Bytes, bytes, concat, concat_all, has_length, single, slice};
use crate::hmac::hmac_sha256;
use crate::p256::{COORDINATE_LENGTH, Point, Scalar, add, base_point, encode_x, multiply, scalar, scalar_modulo_n};
use crate::sha256::{DIGEST_LENGTH, sha256};

/// Bytes in a signature.
pub const SIGNATURE_LENGTH: usize = 2 * COORDINATE_LENGTH;

/// RFC 6979 tries nonces until one is good. A nonce is bad with a probability of about 2^-32: this many bad ones in a row never come.
const MAX_ATTEMPTS: usize = 16;

/// Why signing fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcdsaError {
    /// The private key is 0.
    InvalidKey,
    /// No nonce was good.
    NoNonce,
}

/// The signature of the message (FIPS 186-5 section 6.4.1). Of s and n - s it is the one that comes out.
#[hax_lib::requires(d != Scalar::default())]
#[hax_lib::ensures(|result| match result { Ok(signature) => is_signature(&signature), Err(_) => true })]
pub fn sign(d: Scalar, message: &Bytes) -> Result<Bytes, EcdsaError> {
    if d == Scalar::default() {
        return Err(EcdsaError::InvalidKey);
    }
    // 1. Compute H = Hash(M), 2. Derive the integer e from H
    let hash = sha256(message);
    // 3. Generate a per-message secret number k: by RFC 6979 section 3.2, whose state are K and V
    let mut state = first_state(d, &hash);
    let mut signature = None;
    for _ in 0..MAX_ATTEMPTS {
        if signature.is_none() {
            state = next_value(&state);
            signature = sign_with_nonce(d, &hash, &state.v);
            state = if signature.is_none() { after_bad_nonce(&state) } else { state };
        }
    }
    signature.ok_or(EcdsaError::NoNonce)
}

/// Whether the signature is one of the message under the public key (FIPS 186-5 section 6.4.2). Accepts s and n - s alike.
#[hax_lib::ensures(|valid| !valid || is_signature(signature))]
pub fn verify(q: &Point, message: &Bytes, signature: &Bytes) -> bool {
    // 1. Verify that r and s are integers in the interval [1, n-1]; else reject
    match parse(signature) {
        Some(signature) => verify_parsed(q, message, signature),
        None => false,
    }
}

/// Whether the bytes are r || s with r and s from 1 to n - 1.
pub fn is_signature(encoded: &Bytes) -> bool {
    parse(encoded).is_some()
}

/// r and s.
#[derive(Clone, Copy)]
struct Signature {
    r: Scalar,
    s: Scalar,
}

fn parse(encoded: &Bytes) -> Option<Signature> {
    if !has_length(encoded, SIGNATURE_LENGTH) {
        return None;
    }
    let r = scalar(&slice(encoded, 0, COORDINATE_LENGTH)?).ok()?;
    let s = scalar(&slice(encoded, COORDINATE_LENGTH, COORDINATE_LENGTH)?).ok()?;
    Some(Signature { r, s })
}

/// FIPS 186-5 section 6.4.2, from step 2 on.
fn verify_parsed(q: &Point, message: &Bytes, signature: Signature) -> bool {
    // 2. Compute H = Hash(M), 3. Derive the integer e from H
    let e = scalar_modulo_n(&sha256(message));
    // 4. Compute s^-1 mod n
    let s_inverse = signature.s.inv();
    // 5. Compute u = e s^-1 mod n and v = r s^-1 mod n
    let u = e * s_inverse;
    let v = signature.r * s_inverse;
    // 6. Compute R1 = [u]G + [v]Q; reject if R1 is the identity element
    match add(&multiply(u, &base_point()), &multiply(v, q)) {
        // 7. Let xR be the x-coordinate of R1, 8. Convert the field element xR to an integer r1, 9. Verify that r = r1 mod n
        Some(r1) => scalar_modulo_n(&encode_x(&r1)) == signature.r,
        None => false,
    }
}

/// FIPS 186-5 section 6.4.1, steps 4 to 12, with the nonce that the bytes encode. `None` if the nonce is bad.
#[hax_lib::requires(hash.len() == DIGEST_LENGTH && nonce.len() == COORDINATE_LENGTH)]
fn sign_with_nonce(d: Scalar, hash: &Bytes, nonce: &Bytes) -> Option<Bytes> {
    // RFC 6979 section 3.2.h.3: "If that value of k is within the [1,q-1] range"
    let k = scalar(nonce).ok()?;
    // 4. Compute k^-1 mod n, 5. Compute R = [k]G, 6. Let xR be the x-coordinate of R
    let x_r = encode_x(&multiply(k, &base_point())?);
    // 7. Convert the field element xR to an integer r1, 8. Compute r = r1 mod n
    let r = scalar_modulo_n(&x_r);
    // 9. Compute s = k^-1 * (e + r * d) mod n
    let s = k.inv() * (scalar_modulo_n(hash) + r * d);
    // 11. If r = 0 or s = 0, ... return to step 3, 12. Output the signature (r, s)
    let encoded = concat(&bytes(&r.to_be_bytes()), &bytes(&s.to_be_bytes()));
    if is_signature(&encoded) { Some(encoded) } else { None }
}

/// K and V of RFC 6979 section 3.2.
struct NonceState {
    k: Bytes,
    v: Bytes,
}

/// RFC 6979 section 3.2, steps a to g. Since n and SHA-256 both have 256 bits, bits2int of 32 bytes is the integer that they encode.
fn first_state(d: Scalar, hash: &Bytes) -> NonceState {
    // "V = 0x01 0x01 0x01 ... 0x01", "K = 0x00 0x00 0x00 ... 0x00"
    let v = bytes(&[0x01; DIGEST_LENGTH]);
    let k = bytes(&[0x00; DIGEST_LENGTH]);
    // "int2octets(x) || bits2octets(h1)"
    let seed = concat(&bytes(&d.to_be_bytes()), &bytes(&scalar_modulo_n(hash).to_be_bytes()));
    // d. "K = HMAC_K(V || 0x00 || int2octets(x) || bits2octets(h1))", e. "V = HMAC_K(V)"
    let state = update(&NonceState { k, v }, 0x00, &seed);
    // f. "K = HMAC_K(V || 0x01 || int2octets(x) || bits2octets(h1))", g. "V = HMAC_K(V)"
    update(&state, 0x01, &seed)
}

/// RFC 6979 section 3.2, step h.2, of which one round is enough here: "V = HMAC_K(V)", "T = T || V".
fn next_value(state: &NonceState) -> NonceState {
    NonceState { k: state.k.clone(), v: hmac_sha256(&state.k, &state.v) }
}

/// RFC 6979 section 3.2, step h.3: "K = HMAC_K(V || 0x00)", "V = HMAC_K(V)".
fn after_bad_nonce(state: &NonceState) -> NonceState {
    update(state, 0x00, &bytes(&[]))
}

/// K = HMAC_K(V || octet || data), V = HMAC_K(V).
fn update(state: &NonceState, octet: u8, data: &Bytes) -> NonceState {
    let k = hmac_sha256(&state.k, &concat_all(&[state.v.clone(), single(octet), data.clone()]));
    let v = hmac_sha256(&k, &state.v);
    NonceState { k, v }
}
