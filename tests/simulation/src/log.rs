//! What happened: a transcript for people, and its hash, by which two runs are compared.

use crate::time::shown;
use dke::RustCrypto;
use dke::crypto::{Crypto as _, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The transcript of a run.
pub struct Log {
    begin: Instant,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    lines: Vec<String>,
    hash: Hash,
}

impl Log {
    /// An empty one; times count from here.
    pub fn new(begin: Instant) -> Log {
        Log { begin, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that a reader of the transcript wants to know.
    pub fn tell(&self, who: &str, what: impl std::fmt::Display) {
        let line = format!("{}  {who:10} {what}", shown(self.begin.elapsed()));
        self.note(line.as_bytes());
        self.lock().lines.push(line);
    }

    /// Something that only the hash shows.
    pub fn note(&self, what: &[u8]) {
        let time = self.begin.elapsed().as_millis().to_be_bytes();
        let mut inner = self.lock();
        inner.hash = RustCrypto::sha256(&[inner.hash.as_slice(), &time, what].concat());
    }

    /// The lines, and the hash of everything.
    pub fn take(&self) -> (Vec<String>, Hash) {
        let mut inner = self.lock();
        (std::mem::take(&mut inner.lines), inner.hash)
    }
}
