//! Sequence numbers and replay windows, which survive a restart. PROTOCOL.md section 15.

use crate::error::{Error, Misuse, Reject};
use std::convert::Infallible;

/// A number is less than this (RFC 8613 section 7.2.1: Partial IV has at most 5 bytes).
pub const SEQUENCE_END: u64 = 1 << 40;
/// Numbers that one window tells apart.
pub const WINDOW: u64 = 64;

/// Numbers that a receiver has accepted: the highest, and which of the 64 up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// All below have been accepted or given up: one more than the highest; 0 if there is none.
    pub next: u64,
    /// Bit i: number `next` − 1 − i has been accepted.
    pub seen: u64,
}

impl Window {
    /// May this number still be accepted? `Replayed` if not.
    pub fn check(&self, sequence: u64) -> Result<(), Reject> {
        match self.next.checked_sub(1).and_then(|highest| highest.checked_sub(sequence)) {
            None => Ok(()),
            Some(age) if age < WINDOW && (self.seen >> age) & 1 == 0 => Ok(()),
            Some(_) => Err(Reject::Replayed),
        }
    }

    /// The window after this number, or `Replayed`; `Malformed` if there is no such number.
    pub fn after(&self, sequence: u64) -> Result<Window, Reject> {
        if sequence >= SEQUENCE_END {
            return Err(Reject::Malformed);
        }
        self.check(sequence)?;
        let next = sequence.saturating_add(1);
        Ok(match self.next.checked_sub(next) {
            Some(age) => Window { next: self.next, seen: self.seen | 1 << age },
            None => {
                let by = u32::try_from(next.saturating_sub(self.next)).unwrap_or(u32::MAX);
                Window { next, seen: self.seen.checked_shl(by).unwrap_or_default() | 1 }
            }
        })
    }
}

/// Durable state of one receiving key.
pub trait WindowStore {
    /// The store's error.
    type Error;
    /// The stored window; [`Window::default`] if none was ever stored.
    fn load(&self) -> Result<Window, Self::Error>;
    /// Replaces it durably: once this returns, a restart finds it.
    fn save(&mut self, window: &Window) -> Result<(), Self::Error>;
}

/// A window that lasts as long as the value.
impl WindowStore for Window {
    type Error = Infallible;

    fn load(&self) -> Result<Window, Infallible> {
        Ok(*self)
    }

    fn save(&mut self, window: &Window) -> Result<(), Infallible> {
        *self = *window;
        Ok(())
    }
}

/// Durable state of one sending key.
pub trait BoundStore {
    /// The store's error.
    type Error;
    /// The stored bound; 0 if none was ever stored.
    fn load(&self) -> Result<u64, Self::Error>;
    /// Replaces it durably: once this returns, a restart finds it.
    fn save(&mut self, bound: u64) -> Result<(), Self::Error>;
}

/// Numbers for one sending key. Made anew after a restart it goes on from the stored bound (RFC 8613 appendix B.1.1).
pub struct Sequence<S> {
    store: S,
    next: u64,
    bound: u64,
    step: u64,
}

impl<S: BoundStore> Sequence<S> {
    /// Goes on from the stored bound, and raises it by `step` at a time (at least 1): as many numbers are lost by a restart at most.
    pub fn open(store: S, step: u64) -> Result<Self, S::Error> {
        let bound = store.load()?;
        Ok(Sequence { store, next: bound, bound, step: step.max(1) })
    }

    /// A number that was never given before, below a bound that is durable.
    pub fn draw(&mut self) -> Result<u64, Error<S::Error>> {
        if self.next >= SEQUENCE_END {
            return Err(Misuse::SequenceExhausted.into());
        }
        if self.next >= self.bound {
            let bound = self.next.saturating_add(self.step).min(SEQUENCE_END);
            self.store.save(bound).map_err(Error::Storage)?;
            self.bound = bound;
        }
        let number = self.next;
        self.next = number.saturating_add(1);
        Ok(number)
    }
}

/// Opens what has this number at most once: checks the window, opens, persists the window, and only then gives the content out.
///
/// `Replayed`, or what `open` says; the window stays as it was. `Storage` if the window could not be persisted: the content is not given out, and may be
/// tried again.
pub fn accept<T, S: WindowStore>(
    store: &mut S,
    sequence: u64,
    open: impl FnOnce() -> Result<T, Reject>,
) -> Result<T, Error<S::Error>> {
    let after = store.load().map_err(Error::Storage)?.after(sequence)?;
    let content = open()?;
    store.save(&after).map_err(Error::Storage)?;
    Ok(content)
}
