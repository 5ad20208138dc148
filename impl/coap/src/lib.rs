//! CoAP over UDP for the gateway, its nodes and its clients: RFC 7252, block-wise transfer (RFC 7959), Observe (RFC 7641).
//!
//! | layer | RFC | where |
//! |---|---|---|
//! | what carries datagrams | | [`datagrams`] |
//! | datagrams: form and codes | 7252 section 3 | [`message`] |
//! | options: the registry, and what is done with each | 7252 section 5.4, 5.10 | [`options`] |
//! | messages without a hop's own, as proxies pass them on | 7252 section 5.7 | [`bare`] |
//! | messages: deduplication, retransmission, matching, congestion control | 7252 section 4 | [`endpoint`] |
//! | bodies in blocks | 7959 | [`block`], `transfer` |
//! | a server's requests and its observers | 7252 section 5, 7641 | [`server`], [`service`] |
//! | a client's requests and observations | 7252 section 5, 7641 | [`client`] |
//! | who has shown that it receives | 9175 section 2.4 | `reach`, `reply` |
//! | shares of what strangers can take | | [`shares`] |
//!
//! Every table that a peer can fill has a limit; what does not fit is refused or forgotten, never waited for.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects
)]

pub mod bare;
pub mod block;
pub mod client;
pub mod datagrams;
mod dedup;
pub mod endpoint;
pub mod message;
pub mod names;
mod observers;
pub mod options;
mod reach;
mod reply;
pub mod server;
pub mod service;
pub mod shares;
mod transfer;

pub use bare::Bare;
pub use client::{Client, Observation, Reply};
pub use datagrams::Datagrams;
pub use endpoint::{Endpoint, Failure, Parameters};
pub use message::{Code, Method};
pub use service::{Request, Response, Service};
pub use shares::{Share, Shares, subscriber};
