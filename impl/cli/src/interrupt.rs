//! SIGINT and SIGTERM, for commands that run until they are interrupted.

use crate::fault::Fault;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals, from the moment at which this is made: none is missed while the command does something else.
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    pub(crate) fn new() -> Result<Interrupts, Fault> {
        let of = |kind| signal(kind).map_err(|error| Fault::Broken(format!("No signals can be received: {error}.")));
        Ok(Interrupts { interrupt: of(SignalKind::interrupt())?, terminate: of(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
