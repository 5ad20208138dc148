//! Delayed Key Exchange as an executable specification, in hacspec style: total functions over values, from SHA-256 up to
//! the roles. `PROTOCOL.md` beside this crate is the text; each function stands beside the step of the standard that
//! it implements.
//!
//! Nothing here is constant-time or fast. Use the crate `dke` for that; it shares no code with this one.
#![forbid(unsafe_code)]

pub mod aes128;
pub mod bytes;
pub mod cbor;
pub mod ccm;
pub mod ecdsa;
pub mod hkdf;
pub mod hmac;
#[allow(missing_docs, clippy::all, reason = "hacspec-lib's macro writes undocumented items here")]
pub mod p256;
pub mod sha256;
