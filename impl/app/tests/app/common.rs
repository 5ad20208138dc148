//! Stores in memory that can fail, and secrets.

use dke::key_schedule::{EarlySecret, SessionSecret};
use dke_app::window::{BoundStore, Window, WindowStore};

pub(crate) fn early() -> EarlySecret {
    EarlySecret::restore([1; 32])
}

pub(crate) fn session() -> SessionSecret {
    SessionSecret::restore([2; 32])
}

/// A receiving key's window, as durable as the value lives.
#[derive(Default)]
pub(crate) struct Windows {
    pub(crate) window: Window,
    pub(crate) broken: bool,
}

impl WindowStore for Windows {
    type Error = &'static str;

    fn load(&self) -> Result<Window, Self::Error> {
        Ok(self.window)
    }

    fn save(&mut self, window: &Window) -> Result<(), Self::Error> {
        if self.broken {
            return Err("broken");
        }
        self.window = *window;
        Ok(())
    }
}

/// A sending key's bound.
#[derive(Default)]
pub(crate) struct Bound {
    pub(crate) bound: u64,
    pub(crate) saved: usize,
    pub(crate) broken: bool,
}

impl BoundStore for &mut Bound {
    type Error = &'static str;

    fn load(&self) -> Result<u64, Self::Error> {
        Ok(self.bound)
    }

    fn save(&mut self, bound: u64) -> Result<(), Self::Error> {
        if self.broken {
            return Err("broken");
        }
        self.bound = bound;
        self.saved += 1;
        Ok(())
    }
}
