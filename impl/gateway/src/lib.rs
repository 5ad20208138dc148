//! The gateway of Delayed Key Exchange: keeps Publications, Initiates, Confirms and requests for nodes that
//! sleep, and holds no secret.
//!
//! ```text
//!   CoAP over UDP          HTTP/1.1
//!        └──── resource ─────┘          the same paths and bodies (PROTOCOL.md sections 14 and 16)
//!                 │
//!              Gateway                  steps G1 to G4, requests to nodes, leases, quotas
//!                 │
//!        Store (trait) ── Embedded      durable, group commit
//! ```
//!
//! What must survive a crash is in the [`store`]; leases and quotas are in memory, and a restart errs on the safe side: a prekey that may
//! have been handed out counts as leased.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects
)]

mod batch;
mod batches;
mod bells;
mod coap_face;
mod embedded;
mod gateway;
mod http_face;
mod leases;
mod page;
mod policy;
mod proxy;
mod puzzle;
mod quota;
pub mod record;
mod refusal;
mod requests;
pub mod resource;
mod steps;
pub mod store;
mod sweep;
mod time;
mod wakes;

pub use bells::Topic;
pub use coap_face::{coap, coap_over};
pub use embedded::{Embedded, Options};
pub use gateway::{Asked, Clock, Gateway, NodeState, Totals};
pub use http_face::http;
pub use policy::Policy;
pub use record::{NodeId, Place, node_id};
pub use refusal::Refusal;
pub use steps::Kept;
