//! ECDSA on P-256 with SHA-256 (FIPS 186-5 section 6), deterministic (RFC 6979).

use crate::bytes::{Bytes, bytes};
use crate::hmac::hmac;
use crate::p256::{Affine, KEY, Scalar, field_bytes, multiply_add, public_point, scalar, scalar_bytes};
use crate::sha256::{HASH, sha256};

/// Bytes of a signature: r, then s.
pub const SIGNATURE: usize = 64;

/// RFC 6979 sections 2.3.2 and 2.3.4: a digest as an integer modulo n.
fn bits_to_scalar(digest: &Bytes) -> Scalar {
    Scalar::from_be_bytes(digest.native_slice())
}

/// Signs `message` with `d`. `None` if no k was found in eight candidates, which does not happen.
#[hax_lib::ensures(|result| match result { Some(signature) => signature.len() == SIGNATURE, None => true })]
pub fn sign(d: Scalar, message: &Bytes) -> Option<Bytes> {
    let digest = sha256(message);
    let z = bits_to_scalar(&digest);
    // RFC 6979 section 3.2, b. to d.: V = 0x01 0x01 ..., K = 0x00 0x00 ..., K = HMAC_K(V || 0x00 || int2octets(x) ||
    // bits2octets(h1))
    let seed = scalar_bytes(d).concat(&scalar_bytes(z));
    let mut v = bytes(&[1; HASH]);
    let mut k = hmac(&bytes(&[0; HASH]), &v.concat(&bytes(&[0])).concat(&seed));
    // e. to g.: V = HMAC_K(V), K = HMAC_K(V || 0x01 || ...), V = HMAC_K(V)
    v = hmac(&k, &v);
    k = hmac(&k, &v.concat(&bytes(&[1])).concat(&seed));
    v = hmac(&k, &v);
    let mut signature = None;
    for _ in 0..8 {
        if signature.is_none() {
            // h. 2. "V = HMAC_K(V), T = T || V"; 3. "k = bits2int(T)", else "K = HMAC_K(V || 0x00), V = HMAC_K(V)"
            v = hmac(&k, &v);
            signature = scalar(&v).and_then(|candidate| sign_with(d, candidate, z));
            k = hmac(&k, &v.concat(&bytes(&[0])));
            v = hmac(&k, &v);
        }
    }
    signature
}

/// FIPS 186-5 section 6.4.1: r = x of k·G mod n, s = k^-1 (e + r d) mod n; neither may be 0.
fn sign_with(d: Scalar, k: Scalar, e: Scalar) -> Option<Bytes> {
    let point = public_point(k)?;
    let r = bits_to_scalar(&field_bytes(point.x));
    let s = k.inv() * (e + r * d);
    let zero = Scalar::from_literal(0);
    if r == zero || s == zero { None } else { Some(scalar_bytes(r).concat(&scalar_bytes(s))) }
}

/// FIPS 186-5 section 6.4.2. `q` is on the curve.
pub fn verify(q: &Affine, message: &Bytes, signature: &Bytes) -> bool {
    if signature.len() != SIGNATURE {
        false
    } else {
        // "If either r or s is not in [1, n-1], output reject."
        let r_bytes = signature.slice(0, KEY);
        match (scalar(&r_bytes), scalar(&signature.slice(KEY, KEY))) {
            (Some(r), Some(s)) => {
                // u = e s^-1, v = r s^-1, R = u·G + v·Q, accept if x of R mod n = r.
                let w = s.inv();
                match multiply_add(bits_to_scalar(&sha256(message)) * w, r * w, q) {
                    Some(point) => bits_to_scalar(&field_bytes(point.x)) == r,
                    None => false,
                }
            }
            _ => false,
        }
    }
}
