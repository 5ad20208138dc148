//! Delayed Key Exchange.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects
)]

pub mod authority;
mod cbor;
pub mod client;
pub mod credential;
pub mod crypto;
pub mod cwt;
pub mod error;
pub mod gateway;
pub mod key_schedule;
pub mod merkle;
pub mod message;
pub mod node;
pub mod params;
pub mod store;
pub mod transcript;

pub use credential::Credential;
pub use crypto::{Crypto, RustCrypto, Scalar};
pub use error::{Blame, Error, Failed, Misuse, Reject};
pub use params::{Depth, Mode, Suite};

/// The README of these types: what a finished exchange gives.
mod session;
pub use session::Session;
