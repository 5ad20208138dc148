//! OSCORE (RFC 8613) with AES-CCM-16-64-128 and HKDF-SHA-256. PROTOCOL.md section 15.
//!
//! | step | RFC 8613 | where |
//! |---|---|---|
//! | Security Context | 3.2 | [`Context`] |
//! | OSCORE option | 6.1 | [`OscoreOption`] |
//! | which options are protected | 4.1 | `message` |
//! | requests and responses | 8.1 to 8.4 | [`Context`] |
//!
//! Without Observe, and a Proxy-Uri is to be decomposed by the caller: a message that has one is `NotAMessage`.

mod context;
mod message;
mod option;
mod protect;

pub use context::Context;
pub use option::OscoreOption;
pub use protect::{Received, Sent};
