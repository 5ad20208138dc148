//! Nodes and clients of Delayed Key Exchange over a gateway on the network.
//!
//! | | does | where |
//! |---|---|---|
//! | gateway | carries: PROTOCOL.md section 14, over `coap://` or `http://` | [`Gateway`] |
//! | node | wakes up, compares, answers its mail, publishes, sleeps | [`NodeAgent`] |
//! | client | asks an Offer, initiates, waits for the Confirm | [`Caller`] |
//! | both | requests and their responses: section 16 | [`Gateway::answer_of`], [`serving`] |
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

mod admission;
mod asker;
pub mod blocking;
mod budget;
mod caller;
mod calls;
mod gateway;
mod http;
mod mail;
mod node;
mod place;
mod puzzle;
pub mod serving;
mod wake;

pub use asker::{Unanswered, Waiting};
pub use budget::{Budget, Spent};
pub use caller::{Answered, Asked, Begun, CallStore, Called, Caller, Open, Progress, Resumed, Unfinished};
pub use gateway::{Failure, Gateway, Reply, Tap, Traffic};
pub use node::{Call, Counts, Handler, Ledger, NodeAgent, Numbered, Settings, Unsent, Upkeep};
pub use place::Place;
pub use serving::{Kept, Opened, Remote};
pub use wake::{Interrupted, Mended, Trouble, Wake};
