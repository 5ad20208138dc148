//! ES256 of the default backend: ECDSA on P-256 (FIPS 186-5 section 6.4) with the nonces of RFC 6979.

use super::rustcrypto::scalar;
use super::{Hash, Scalar, Signature, comb};
use crate::params::KEY;
use p256::elliptic_curve::ops::{Invert, Reduce};
use p256::elliptic_curve::point::AffineCoordinates;
use p256::{AffinePoint, FieldBytes, NonZeroScalar, U256};
use rfc6979::HmacDrbg;
use zeroize::Zeroizing;

/// r ‖ s; s is not normalised. Nobody can find an input for which r or s is zero; such a signature would verify nowhere.
#[allow(clippy::arithmetic_side_effects, reason = "in a field nothing overflows")]
pub(super) fn sign(key: &Scalar, digest: &Hash) -> Signature {
    let z = reduce(&(*digest).into());
    let k = nonce(key, &z);
    let r = reduce(&comb::generator(&k).to_affine().x());
    // k has an inverse; `unwrap_or` asks without a branch.
    let s = p256::Scalar::invert(&k).unwrap_or(p256::Scalar::ZERO) * (z + r * *scalar(key));
    let mut signature = [0; 2 * KEY];
    let (first, second) = signature.split_at_mut(KEY);
    first.copy_from_slice(&r.to_bytes());
    second.copy_from_slice(&s.to_bytes());
    signature
}

/// k of RFC 6979 section 3.2: the first candidate that is a scalar. How many are none says nothing about the one that is.
fn nonce(key: &Scalar, z: &p256::Scalar) -> Zeroizing<NonZeroScalar> {
    // bits2octets(H(m)) is H(m) modulo n.
    let mut candidates = HmacDrbg::<sha2::Sha256>::new(key.expose(), &z.to_bytes(), &[]);
    let mut k = Zeroizing::new([0; KEY]);
    loop {
        candidates.fill_bytes(k.as_mut_slice());
        if let Some(k) = NonZeroScalar::from_repr((*k).into()).into() {
            return Zeroizing::new(k);
        }
    }
}

/// Does it verify? All inputs are public, and the inversion takes a time of its own for each s.
#[allow(clippy::arithmetic_side_effects, reason = "in a field and in a group nothing overflows")]
pub(super) fn verify(key: &AffinePoint, digest: &Hash, signature: &Signature) -> bool {
    let half = |bytes: &[u8; KEY]| Option::<NonZeroScalar>::from(NonZeroScalar::from_repr((*bytes).into()));
    let (halves, _) = signature.as_chunks();
    let [Some(r), Some(s)] = [halves.first().and_then(half), halves.last().and_then(half)] else { return false };
    let w = *s.invert_vartime();
    let (u1, u2) = (reduce(&(*digest).into()) * w, *r * w);
    let sum = comb::generator(&u1) + comb::point(&u2, key);
    reduce(&sum.to_affine().x()) == *r
}

fn reduce(bytes: &FieldBytes) -> p256::Scalar {
    <p256::Scalar as Reduce<U256>>::reduce_bytes(bytes)
}
