//! The directories in which nodes and clients of Delayed Key Exchange keep what must survive: identity, prekeys, sessions.
//!
//! | | is | for |
//! |---|---|---|
//! | [`Disk`] | one directory of files: [`RealDisk`], or [`MemoryDisk`] for simulations | whoever brings a medium of their own |
//! | [`Locked`] | a directory that no other process works on | one command |
//! | [`Identity`] | the party's key and credential | both roles |
//! | [`NodeDir`] | the node's state: [`NodeStore`](dke::store::NodeStore) and [`Ledger`](dke_agent::Ledger) | a wake-up of a node |
//! | [`ClientDir`] | the client's state: [`ClientStore`](dke::store::ClientStore) | one step of a client |
//! | [`SharedClientDir`] | the same, locked for each step only | a call that waits for the node |
//! | [`StoredRequest`] | a request of a client, under the keys of an exchange | a request that waits for the node |
//! | [`Party`], [`Held`] | the exchanges of either role, and one of them | whoever uses the keys |
//!
//! A directory has one role, and knows that it is the original: what was copied or restored is refused until it begins anew
//! ([`recover_node`], [`recover_client`]; PROTOCOL.md section 18.6).
//!
//! A state is a file of JSON under a checksum. It is replaced atomically: it is written beside the old one, made durable, renamed, and
//! then what stood in the old file is overwritten. What a killed process left is erased by the next one.
//!
//! ```
//! use dke_state::{Identity, Locked, MemoryDisk, NodeDir, Role};
//! use rand_core::OsRng;
//! use std::sync::Arc;
//!
//! let disk = Arc::new(MemoryDisk::new());
//! let locked = Locked::on(disk.clone())?;
//! Identity::draw(Some(Role::Node), "lamp-7", b"lamp", &mut OsRng)?.store(&locked)?;
//! drop(locked);
//!
//! // The power fails. What was saved is there.
//! disk.lose_power(0);
//! let locked = Locked::on(disk)?;
//! assert_eq!(Identity::load(&locked)?.credential()?.subject(), "lamp-7");
//! assert_eq!(NodeDir::open(locked)?.state.last_epoch, 0);
//! # Ok::<(), dke_state::Error>(())
//! ```
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects
)]

mod calls;
mod client;
mod disk;
mod error;
mod files;
mod hexed;
mod identity;
mod memory;
mod node;
mod original;
mod party;
mod real;
mod recover;
mod session;
mod sessions;
mod shared;
mod stored_request;
mod undelivered;

pub use calls::{CallState, KeptCall};
pub use client::{ClientDir, ClientState, PendingState};
pub use disk::{Disk, Stamp};
pub use error::Error;
pub use files::Locked;
pub use hexed::{Hex, HexN, Secret};
pub use identity::{CREDENTIAL_FILE, Identity, Role};
pub use memory::MemoryDisk;
pub use node::{BatchState, KeptConfirm, KeptRequest, NodeDir, NodeState, PrekeyState, UpkeepState};
pub use party::{Held, Party};
pub use real::RealDisk;
pub use recover::{EPOCH_GAP, Epochs, Recovered, recover_client, recover_node};
pub use session::{AskedState, Protected, SessionState, mode_name};
pub use sessions::{AWAITING_MAX, PENDING_MAX, SESSIONS_MAX};
pub use shared::{Resumable, SharedClientDir, Telling};
pub use stored_request::{StoredRequest, TellingResponse};
pub use undelivered::{Shelf, UNDELIVERED_MAX, Undelivered};
