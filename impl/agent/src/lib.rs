//! Nodes and clients of Delayed Key Exchange over a gateway on the network.
//!
//! | | does | where |
//! |---|---|---|
//! | gateway | carries: PROTOCOL.md section 14, over `coap://` or `http://` | [`Gateway`] |
//! | node | wakes up, drains its mailbox, answers, publishes when prekeys run low, sleeps | [`NodeAgent`] |
//! | client | asks an Offer, initiates, waits for the Confirm | [`Caller`] |
//!
//! All of it is async, on tokio; [`blocking`] is for small programs.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects
)]

pub mod blocking;
mod caller;
mod gateway;
mod http;
mod node;
mod puzzle;

pub use caller::{Asked, Called, Caller, Progress, Unfinished};
pub use gateway::{Failure, Gateway, Tap, Traffic};
pub use node::{Call, Handler, Interrupted, Ledger, NodeAgent, Settings, Unsent, Wake};
