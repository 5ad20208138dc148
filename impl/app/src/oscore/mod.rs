//! OSCORE (RFC 8613) with AES-CCM-16-64-128 and HKDF-SHA-256. PROTOCOL.md section 15.
//!
//! | step | RFC 8613 | where |
//! |---|---|---|
//! | Security Context | 3.2 | [`Context`] |
//! | OSCORE option | 6.1 | [`OscoreOption`] |
//! | which options are protected | 4.1 | `message` |
//! | requests, responses, notifications | 8.1 to 8.4 | [`Context`] |
//! | over HTTP | 11 | [`http`] |
//!
//! Block-wise transfer is the caller's: of the whole protected message, or of the message before it is protected.

#[cfg(test)]
mod appendix_c;
mod context;
pub mod http;
mod message;
mod option;
mod protect;
mod proxy;

pub use context::Context;
pub use option::OscoreOption;
pub use protect::{Received, Sent};
