//! Secrets as types of their own: no `Debug`, no `PartialEq`, no `Copy`; erased when dropped.

use crate::error::Misuse;
use crate::params::{HASH, KEY, SCALAR_TRIES};
use p256::NonZeroScalar;
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// An integer 1 ≤ s < n of P-256: an identity key, a prekey or an ephemeral.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Scalar([u8; KEY]);

impl Scalar {
    /// From 32 bytes big-endian. `InvalidKey` if they are no scalar.
    pub fn from_bytes(bytes: &[u8; KEY]) -> Result<Scalar, Misuse> {
        let scalar: Option<NonZeroScalar> = NonZeroScalar::from_repr((*bytes).into()).into();
        let mut scalar = scalar.ok_or(Misuse::InvalidKey)?;
        scalar.zeroize();
        Ok(Scalar(*bytes))
    }

    /// Draws 32 bytes until they are a scalar, at most eight times: `BrokenRandomness`.
    pub fn draw(rng: &mut impl CryptoRngCore) -> Result<Scalar, Misuse> {
        let mut bytes = Zeroizing::new([0; KEY]);
        for _ in 0..SCALAR_TRIES {
            fill(rng, bytes.as_mut_slice())?;
            if let Ok(scalar) = Scalar::from_bytes(&bytes) {
                return Ok(scalar);
            }
        }
        Err(Misuse::BrokenRandomness)
    }

    /// 32 bytes big-endian, to be stored where secrets are stored.
    pub const fn expose(&self) -> &[u8; KEY] {
        &self.0
    }
}

/// es, ss or ee: the x coordinate of a product.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SharedSecret([u8; KEY]);

impl SharedSecret {
    pub(super) const fn new(x: [u8; KEY]) -> Self {
        SharedSecret(x)
    }

    /// 32 bytes big-endian.
    pub const fn expose(&self) -> &[u8; KEY] {
        &self.0
    }
}

/// A pseudorandom key of HKDF.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Prk([u8; HASH]);

impl Prk {
    /// From where it was stored.
    pub const fn from_bytes(bytes: [u8; HASH]) -> Self {
        Prk(bytes)
    }

    /// Its bytes, to be stored where secrets are stored.
    pub const fn expose(&self) -> &[u8; HASH] {
        &self.0
    }
}

/// Random bytes, or `BrokenRandomness`.
pub(crate) fn fill(rng: &mut impl CryptoRngCore, out: &mut [u8]) -> Result<(), Misuse> {
    rng.try_fill_bytes(out).map_err(|_| Misuse::BrokenRandomness)
}
