//! What the keys of Delayed Key Exchange are for: protection at the application layer, which survives gateways that translate protocols.
//! PROTOCOL.md section 15.
//!
//! | protects | by | where |
//! |---|---|---|
//! | CoAP messages | OSCORE (RFC 8613) | [`oscore`] |
//! | objects in CBOR | COSE_Encrypt0 and COSE_Mac0 (RFC 9052) | [`cose`] |
//! | objects in JSON | JWE and JWS (RFC 7516, 7515) | [`jose`] |
//! | requests through the gateway | any of them (section 16) | [`request`] |
//!
//! All take their keys from [`export`], and their sequence numbers and replay windows from [`window`]. The functions that seal are pure: they take
//! the sequence number as an argument, and [`window::Sequence`] gives each number once. The functions that open give the content out only
//! through [`window::accept`], which persists the window first. [`exchange`] has all of it for one end of an exchange.
//!
//! Secrets are erased when dropped; the working states of `aes`, `aes-gcm`, `ccm` and `hmac` on the stack are not erased by those crates.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects
)]

mod ccm;
pub mod cose;
pub mod error;
pub mod exchange;
pub mod export;
pub mod jose;
mod mac;
pub mod message;
pub mod oscore;
pub mod request;
pub mod window;

pub use error::{Error, Misuse, Reject};
pub use exchange::{Counters, Exchange, Stage};
pub use export::{Direction, Exporter, Role};
