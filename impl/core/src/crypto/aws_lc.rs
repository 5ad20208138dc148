//! AWS-LC for servers and clients.

use super::{Coordinates, Crypto, Hash, Prk, PublicKey, RustCrypto, Scalar, Sha256, SharedSecret, Signature};
use crate::params::KEY;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::digest::{Context, Digest, SHA256};
use aws_lc_rs::{hkdf, hmac, signature};
use p256::elliptic_curve::sec1::ToEncodedPoint;

/// AWS-LC for the curve, hashes and HKDF; RustCrypto for RFC 6979 and AES-CCM, which aws-lc-rs lacks.
pub struct AwsLc;

/// A running SHA-256 of AWS-LC.
pub struct AwsSha256(Context);

impl Sha256 for AwsSha256 {
    fn new() -> Self {
        AwsSha256(Context::new(&SHA256))
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Hash {
        self.0.finish().as_ref().try_into().unwrap_or_default()
    }
}

impl Crypto for AwsLc {
    type Sha256 = AwsSha256;
    /// Uncompressed, as AWS-LC takes it; AWS-LC checks again that it is on the curve.
    type Point = [u8; UNCOMPRESSED];

    fn public_key(s: &Scalar) -> PublicKey {
        Self::coordinates(s).x
    }

    fn coordinates(s: &Scalar) -> Coordinates {
        // AWS-LC fails only where memory does; the other backend needs none.
        public(s).unwrap_or_else(|| RustCrypto::coordinates(s))
    }

    fn decompress(x: &PublicKey) -> Option<Self::Point> {
        RustCrypto::decompress(x).and_then(|point| point.to_encoded_point(false).as_bytes().try_into().ok())
    }

    fn point(at: &Coordinates) -> Option<Self::Point> {
        RustCrypto::point(at).map(|_| uncompressed(at))
    }

    fn agree(s: &Scalar, point: &Self::Point) -> SharedSecret {
        agreed(s, point).unwrap_or_else(|| {
            let (x, y) = halves(point);
            let point = RustCrypto::point(&Coordinates { x, y }).unwrap_or_default();
            RustCrypto::agree(s, &point)
        })
    }

    fn verify(key: &Coordinates, digest: &Hash, signature: &Signature) -> bool {
        Digest::import_less_safe(digest, &SHA256).is_ok_and(|digest| {
            signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, uncompressed(key))
                .verify_digest(&digest, signature)
                .is_ok()
        })
    }

    fn extract(salt: &[u8], ikm: &SharedSecret) -> Prk {
        // Extract is HMAC(salt, ikm); aws-lc-rs does not let its own Extract's result be read.
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), ikm.expose());
        Prk::from_bytes(tag.as_ref().try_into().unwrap_or_default())
    }

    fn expand(prk: &Prk, info: &[&[u8]], out: &mut [u8]) {
        let prk = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, prk.expose());
        if !prk.expand(info, Length(out.len())).is_ok_and(|okm| okm.fill(out).is_ok()) {
            out.fill(0);
        }
    }
}

const UNCOMPRESSED: usize = 1 + 2 * KEY;

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn private(s: &Scalar) -> Option<PrivateKey> {
    PrivateKey::from_private_key(&ECDH_P256, s.expose()).ok()
}

fn public(s: &Scalar) -> Option<Coordinates> {
    let public = private(s)?.compute_public_key().ok()?;
    let (x, y) = halves(public.as_ref().try_into().ok()?);
    Some(Coordinates { x, y })
}

fn agreed(s: &Scalar, point: &[u8; UNCOMPRESSED]) -> Option<SharedSecret> {
    agree(&private(s)?, UnparsedPublicKey::new(&ECDH_P256, point), (), |x| {
        x.try_into().map(SharedSecret::new).map_err(|_| ())
    })
    .ok()
}

fn uncompressed(at: &Coordinates) -> [u8; UNCOMPRESSED] {
    let mut bytes = [4; UNCOMPRESSED];
    let (_, coordinates) = bytes.split_at_mut(1);
    let (x, y) = coordinates.split_at_mut(KEY);
    x.copy_from_slice(&at.x);
    y.copy_from_slice(&at.y);
    bytes
}

fn halves(point: &[u8; UNCOMPRESSED]) -> ([u8; KEY], [u8; KEY]) {
    let (_, coordinates) = point.split_at(1);
    let (x, y) = coordinates.split_at(KEY);
    (x.try_into().unwrap_or_default(), y.try_into().unwrap_or_default())
}
