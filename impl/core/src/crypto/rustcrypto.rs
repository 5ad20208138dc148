//! The default backend: `p256`, `sha2`, `hkdf`, `aes`, `ccm`.

use super::{
    AeadKeys, Coordinates, Crypto, Hash, Prk, PublicKey, Scalar, Sha256, SharedSecret, Signature, comb, ecdsa,
};
use crate::params::Suite;
use aes::Aes128;
use ccm::aead::AeadInPlace;
use ccm::consts::{U8, U13, U16};
use ccm::{Ccm, KeyInit, TagSize};
use hkdf::Hkdf;
use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use p256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use p256::{AffinePoint, EncodedPoint, FieldBytes};
use sha2::Digest;
use subtle::Choice;
use zeroize::Zeroizing;

/// RustCrypto's pure Rust implementations.
pub struct RustCrypto;

impl Sha256 for sha2::Sha256 {
    fn new() -> Self {
        Digest::new()
    }

    fn update(&mut self, bytes: &[u8]) {
        Digest::update(self, bytes);
    }

    fn finish(self) -> Hash {
        self.finalize().into()
    }
}

impl Crypto for RustCrypto {
    type Sha256 = sha2::Sha256;
    type Point = AffinePoint;

    fn public_key(s: &Scalar) -> PublicKey {
        comb::generator(&scalar(s)).to_affine().x().into()
    }

    fn coordinates(s: &Scalar) -> Coordinates {
        let encoded = comb::generator(&scalar(s)).to_encoded_point(false);
        let coordinate = |c: Option<&FieldBytes>| c.copied().unwrap_or_default().into();
        Coordinates { x: coordinate(encoded.x()), y: coordinate(encoded.y()) }
    }

    fn decompress(x: &PublicKey) -> Option<AffinePoint> {
        AffinePoint::decompress(&(*x).into(), Choice::from(0)).into()
    }

    fn point(at: &Coordinates) -> Option<AffinePoint> {
        AffinePoint::from_encoded_point(&EncodedPoint::from_affine_coordinates(&at.x.into(), &at.y.into(), false))
            .into()
    }

    fn agree(s: &Scalar, point: &AffinePoint) -> SharedSecret {
        SharedSecret::new(comb::point(&scalar(s), point).to_affine().x().into())
    }

    fn verify(key: &Coordinates, digest: &Hash, signature: &Signature) -> bool {
        Self::point(key).is_some_and(|key| ecdsa::verify(&key, digest, signature))
    }

    fn extract(salt: &[u8], ikm: &SharedSecret) -> Prk {
        Prk::from_bytes(Hkdf::<sha2::Sha256>::extract(Some(salt), ikm.expose()).0.into())
    }

    fn expand(prk: &Prk, info: &[&[u8]], out: &mut [u8]) {
        // A PRK of 32 bytes is long enough; `out` is zero where it is too long for HKDF.
        let done =
            Hkdf::<sha2::Sha256>::from_prk(prk.expose()).is_ok_and(|hkdf| hkdf.expand_multi_info(info, out).is_ok());
        if !done {
            out.fill(0);
        }
    }
}

/// s as p256's own type; a [`Scalar`] is in range, so zero never stands in.
pub(super) fn scalar(s: &Scalar) -> Zeroizing<p256::Scalar> {
    Zeroizing::new(p256::Scalar::from_repr((*s.expose()).into()).unwrap_or(p256::Scalar::ZERO))
}

pub(super) fn seal(suite: Suite, keys: &AeadKeys, aad: &[u8], buffer: &mut [u8]) {
    match suite {
        Suite::AesCcm8 => seal_with::<U8>(keys, aad, buffer),
        Suite::AesCcm16 => seal_with::<U16>(keys, aad, buffer),
    }
}

pub(super) fn open(suite: Suite, keys: &AeadKeys, aad: &[u8], buffer: &mut [u8], tag: &[u8]) -> bool {
    match suite {
        Suite::AesCcm8 => open_with::<U8>(keys, aad, buffer, tag),
        Suite::AesCcm16 => open_with::<U16>(keys, aad, buffer, tag),
    }
}

fn seal_with<Tag>(keys: &AeadKeys, aad: &[u8], buffer: &mut [u8])
where
    Tag: ccm::aead::generic_array::ArrayLength<u8> + TagSize,
{
    let ccm = Ccm::<Aes128, Tag, U13>::new(&keys.key.into());
    let plain = buffer.len().saturating_sub(Tag::USIZE);
    let Some((plain, tag)) = buffer.split_at_mut_checked(plain) else { return };
    // CCM with 13-byte nonces takes up to 65,535 bytes; the callers have at most CT_DATA_MAX.
    match ccm.encrypt_in_place_detached(&keys.nonce.into(), aad, plain) {
        Ok(computed) if computed.len() == tag.len() => tag.copy_from_slice(&computed),
        _ => {
            plain.fill(0);
            tag.fill(0);
        }
    }
}

fn open_with<Tag>(keys: &AeadKeys, aad: &[u8], buffer: &mut [u8], tag: &[u8]) -> bool
where
    Tag: ccm::aead::generic_array::ArrayLength<u8> + TagSize,
{
    let opened = tag.len() == Tag::USIZE
        && Ccm::<Aes128, Tag, U13>::new(&keys.key.into())
            .decrypt_in_place_detached(&keys.nonce.into(), aad, buffer, tag.into())
            .is_ok();
    if !opened {
        buffer.fill(0);
    }
    opened
}
