//! A bare-metal node: a Cortex-M4 that sleeps until a frame comes. One loop serves all images; they differ in whom they trust, and in
//! the link over which frames come.
//!
//! | image | trusts | link |
//! |---|---|---|
//! | `node` | pinned clients and authorities | UART |
//! | `pinned` | pinned clients | memory |
//! | `vouched` | pinned clients and authorities | memory |
//!
//! The last two are for measuring: they have no talk but frames that lie in memory.
#![no_std]
#![deny(unsafe_code)]

mod factory;
pub mod hardware;
mod link;
mod serve;

pub use factory::{Factory, Pinned, Vouched};
pub use link::{Link, Mailbox, Uart};
pub use serve::{panicked, run};
