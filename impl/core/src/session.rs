//! What a completed exchange gives to both ends.

use crate::key_schedule::SessionSecret;
use crate::params::{Mode, Suite};

/// A completed exchange.
pub struct Session {
    /// Exports the application's keys.
    pub secret: SessionSecret,
    /// As the header said.
    pub suite: Suite,
    /// As both ends know it.
    pub mode: Mode,
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
}
