//! Where what was secret becomes public: a backend and an exporter that do what they wrap, and then say so. The only places, besides
//! [`Store`](crate::world::Store), which publishes the header, and the messages themselves.

use crate::requests::public;
use dke::crypto::{AeadKeys, Coordinates, Crypto, Hash, Prk, PublicKey, Scalar, SharedSecret, Signature};
use dke::{Misuse, Suite};
use dke_app::Exporter;
use std::marker::PhantomData;

/// The backend `C`, watched.
pub struct Watched<C>(PhantomData<C>);

impl<C: Crypto> Crypto for Watched<C> {
    type Sha256 = C::Sha256;
    type Point = C::Point;

    /// Public: the x coordinate of a prekey or an ephemeral.
    fn public_key(s: &Scalar) -> PublicKey {
        let mut key = C::public_key(s);
        public(&mut key);
        key
    }

    /// Public: an identity's key.
    fn coordinates(s: &Scalar) -> Coordinates {
        let mut key = C::coordinates(s);
        public(&mut key);
        key
    }

    fn decompress(x: &PublicKey) -> Option<C::Point> {
        C::decompress(x)
    }

    fn point(at: &Coordinates) -> Option<C::Point> {
        C::point(at)
    }

    fn agree(s: &Scalar, point: &C::Point) -> SharedSecret {
        C::agree(s, point)
    }

    fn verify(key: &Coordinates, digest: &Hash, signature: &Signature) -> bool {
        C::verify(key, digest, signature)
    }

    fn extract(salt: &[u8], ikm: &SharedSecret) -> Prk {
        C::extract(salt, ikm)
    }

    fn expand(prk: &Prk, info: &[&[u8]], out: &mut [u8]) {
        C::expand(prk, info, out);
    }

    /// Public: a signature.
    fn sign(key: &Scalar, digest: &Hash) -> Signature {
        let mut signature = C::sign(key, digest);
        public(&mut signature);
        signature
    }

    /// Public: a ciphertext.
    fn seal(suite: Suite, keys: &AeadKeys, aad: &[u8], buffer: &mut [u8]) {
        C::seal(suite, keys, aad, buffer);
        public(buffer);
    }

    /// Public: whether a message is authentic; and what it says, if so. Who calls is looked up, and data is the application's.
    fn open(suite: Suite, keys: &AeadKeys, aad: &[u8], buffer: &mut [u8], tag: &[u8]) -> bool {
        let mut authentic = C::open(suite, keys, aad, buffer, tag);
        public(&mut authentic);
        public(buffer);
        authentic
    }
}

/// A secret that exports, watched.
pub struct Exports<S>(pub S);

impl<S: Exporter> Exporter for Exports<S> {
    /// Public: what names a key or an end, not the keys.
    fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse> {
        self.0.export(label, context, out)?;
        if ["oscore ids", "object kid"].contains(&label) {
            public(out);
        }
        Ok(())
    }
}
