//! Bytes that stand in JSON as hexadecimal text, and are erased when dropped.

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Any number of bytes.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Hex(pub Vec<u8>);

/// Exactly `N` bytes.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct HexN<const N: usize>(pub [u8; N]);

impl<const N: usize> Default for HexN<N> {
    fn default() -> Self {
        HexN([0; N])
    }
}

/// Exactly `N` secret bytes. They stay where they were read: a value that is moved, or a list that grows, leaves no copy of them behind.
pub struct Secret<const N: usize>(Box<Zeroizing<[u8; N]>>);

impl<const N: usize> Secret<N> {
    /// A copy of these bytes.
    pub fn new(bytes: &[u8; N]) -> Secret<N> {
        let mut secret = Secret(Box::new(Zeroizing::new([0; N])));
        secret.0.copy_from_slice(bytes);
        secret
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Clone for Secret<N> {
    fn clone(&self) -> Self {
        Secret::new(self.expose())
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        write(&self.0, to)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(|text: &str| hex::decode(text).map(Hex)))
    }
}

impl<const N: usize> Serialize for HexN<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        write(&self.0, to)
    }
}

impl<'de, const N: usize> Deserialize<'de> for HexN<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(|text: &str| {
            let mut bytes = HexN([0; N]);
            hex::decode_to_slice(text, &mut bytes.0).map(|()| bytes)
        }))
    }
}

impl<const N: usize> Serialize for Secret<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        write(self.expose(), to)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Secret<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(|text: &str| {
            let mut secret = Secret::new(&[0; N]);
            hex::decode_to_slice(text, secret.0.as_mut_slice()).map(|()| secret)
        }))
    }
}

fn write<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    // Room for all of it at once: text that grows leaves copies behind.
    let mut text = Zeroizing::new(vec![0; bytes.len().saturating_mul(2)]);
    hex::encode_to_slice(bytes, &mut text).map_err(serde::ser::Error::custom)?;
    to.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
}

/// Reads text where it stands, without a copy of it.
struct Text<F>(F);

impl<T, F: FnOnce(&str) -> Result<T, hex::FromHexError>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hexadecimal text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        // The message of `hex` quotes a character.
        (self.0)(text).map_err(|_| E::custom("it is no hexadecimal text of the right length"))
    }
}
