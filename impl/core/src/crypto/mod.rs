//! What the protocol needs of cryptography, and the backends that provide it.
//!
//! | | RustCrypto (default) | AWS-LC (feature `aws-lc-rs`) |
//! |---|---|---|
//! | SHA-256, HKDF | `sha2`, `hkdf` | AWS-LC |
//! | P-256: public keys, ECDH, ECDSA verification | `p256` | AWS-LC |
//! | ECDSA signing (RFC 6979) | `p256`, `rfc6979` | `p256`, `rfc6979`: AWS-LC signs with random nonces only |
//! | AES-CCM with 13-byte nonces | `aes`, `ccm` | `aes`, `ccm`: aws-lc-rs has no CCM |

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod comb;
mod ecdsa;
mod rustcrypto;
mod secret;

#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::AwsLc;
pub use rustcrypto::RustCrypto;
pub(crate) use secret::fill;
pub use secret::{Prk, Scalar, SharedSecret};

use crate::cbor::hash_items;
use crate::error::Reject;
use crate::params::{AEAD_KEY, AEAD_NONCE, HASH, KEY, SIGNATURE, SIGNATURE1, Suite};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A SHA-256 hash.
pub type Hash = [u8; HASH];
/// The x coordinate of a point, 32 bytes big-endian. Checked by [`Crypto::decompress`] only.
pub type PublicKey = [u8; KEY];
/// An ES256 signature, r ‖ s.
pub type Signature = [u8; SIGNATURE];

/// A point with both coordinates, as it stands in a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coordinates {
    /// x, big-endian.
    pub x: [u8; KEY],
    /// y, big-endian.
    pub y: [u8; KEY],
}

/// The key and nonce of one AEAD message. Erased when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct AeadKeys {
    /// AES-128 key.
    pub key: [u8; AEAD_KEY],
    /// 13-byte nonce.
    pub nonce: [u8; AEAD_NONCE],
}

/// A running SHA-256.
pub trait Sha256 {
    /// Over nothing yet.
    fn new() -> Self;
    /// Over these bytes, too.
    fn update(&mut self, bytes: &[u8]);
    /// The hash.
    fn finish(self) -> Hash;
}

/// A backend: stateless, chosen as a type.
pub trait Crypto {
    /// A running SHA-256.
    type Sha256: Sha256;
    /// A point of the curve other than infinity.
    type Point;

    /// x coordinate of s·G.
    fn public_key(s: &Scalar) -> PublicKey;
    /// Both coordinates of s·G, for a credential.
    fn coordinates(s: &Scalar) -> Coordinates;
    /// A point with this x coordinate; either root serves. `None` is `InvalidPoint`.
    fn decompress(x: &PublicKey) -> Option<Self::Point>;
    /// The point with these coordinates, if it is on the curve.
    fn point(at: &Coordinates) -> Option<Self::Point>;
    /// x coordinate of s·P.
    fn agree(s: &Scalar, point: &Self::Point) -> SharedSecret;
    /// Does this ES256 signature over a message with this SHA-256 verify? Either half of s is accepted.
    fn verify(key: &Coordinates, digest: &Hash, signature: &Signature) -> bool;
    /// Extract(salt, ikm) of RFC 5869.
    fn extract(salt: &[u8], ikm: &SharedSecret) -> Prk;
    /// Expand(prk, info, out.len()) of RFC 5869; info is the concatenation of its parts. `out` has at most 8160 bytes, else it is zero.
    fn expand(prk: &Prk, info: &[&[u8]], out: &mut [u8]);

    /// ES256 with the deterministic nonce of RFC 6979; s is not normalised.
    fn sign(key: &Scalar, digest: &Hash) -> Signature {
        ecdsa::sign(key, digest)
    }

    /// AES-CCM in place: `buffer` holds the plaintext and room for the tag.
    fn seal(suite: Suite, keys: &AeadKeys, aad: &[u8], buffer: &mut [u8]) {
        rustcrypto::seal(suite, keys, aad, buffer);
    }

    /// AES-CCM in place: `buffer` holds the ciphertext, `tag` its tag. If it does not open, `buffer` is overwritten with zeros.
    fn open(suite: Suite, keys: &AeadKeys, aad: &[u8], buffer: &mut [u8], tag: &[u8]) -> bool {
        rustcrypto::open(suite, keys, aad, buffer, tag)
    }

    /// SHA-256 over bytes as they are.
    fn sha256(bytes: &[u8]) -> Hash {
        let mut hash = Self::Sha256::new();
        hash.update(bytes);
        hash.finish()
    }
}

/// SHA-256 of the Sig_structure of a COSE_Sign1: `["Signature1", protected, external_aad, payload]`.
pub(crate) fn sig_structure<C: Crypto>(protected: &[u8], aad: &[u8], payload: &[u8]) -> Hash {
    hash_items::<C>(|items| {
        items.array(4)?.text(SIGNATURE1)?.bytes(protected)?.bytes(aad)?.bytes(payload)?;
        Ok(())
    })
}

/// The point with this x coordinate, or `InvalidPoint`.
pub(crate) fn decompress<C: Crypto>(x: &PublicKey) -> Result<C::Point, Reject> {
    C::decompress(x).ok_or(Reject::InvalidPoint)
}

/// Seals `plain` into `slot`, which has the length of the plaintext and the tag.
pub(crate) fn seal_into<C: Crypto>(suite: Suite, keys: &AeadKeys, aad: &Hash, plain: &[u8], slot: &mut [u8]) {
    for (to, from) in slot.iter_mut().zip(plain) {
        *to = *from;
    }
    C::seal(suite, keys, aad, slot);
}

/// Opens `ciphertext` into the front of `out`. `None` if it is not authentic, has no tag or does not fit `out`.
pub(crate) fn open_into<'b, C: Crypto>(
    suite: Suite,
    keys: &AeadKeys,
    aad: &Hash,
    ciphertext: &[u8],
    out: &'b mut [u8],
) -> Option<&'b [u8]> {
    let length = ciphertext.len().checked_sub(suite.tag())?;
    let (ciphertext, tag) = ciphertext.split_at_checked(length)?;
    let out = out.get_mut(..length)?;
    out.copy_from_slice(ciphertext);
    C::open(suite, keys, aad, out, tag).then_some(out)
}
