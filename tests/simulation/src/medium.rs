//! The medium of a gateway's store: it is full, fails, loses what was not synced, and is put back from a backup.

use rand::Rng as _;
use rand::rngs::StdRng;
use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Result<T> = io::Result<T>;

/// A medium. A process that opens it gets a [`Handle`], which works until another one is given out.
#[derive(Clone, Default)]
pub struct Medium(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// As the process sees it.
    bytes: Vec<u8>,
    /// As it is when the power fails, but for a part of what is not synced.
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    /// Which handle works.
    opened: u64,
    full: bool,
    /// Operations that change something, until all of them fail.
    left: Option<u64>,
}

#[derive(Clone)]
enum Change {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Length(length) => bytes.resize(*length, 0),
            Change::Bytes(at, new) => {
                if bytes.len() < at + new.len() {
                    bytes.resize(at + new.len(), 0);
                }
                bytes[*at..at + new.len()].copy_from_slice(new);
            }
        }
    }
}

impl Medium {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a new process; the one before has ended, whether it knows that or not.
    pub fn open(&self) -> Handle {
        let mut inner = self.lock();
        inner.opened += 1;
        Handle { medium: self.clone(), number: inner.opened }
    }

    /// The process that had it open is killed: what it did stays.
    pub fn kill(&self) {
        let mut inner = self.lock();
        inner.opened += 1;
        inner.left = None;
    }

    /// The power fails: of what was not synced any part is lost.
    pub fn lose_power(&self, random: &mut StdRng) {
        let mut inner = self.lock();
        inner.opened += 1;
        inner.left = None;
        let mut durable = std::mem::take(&mut inner.durable);
        for change in std::mem::take(&mut inner.unsynced) {
            if random.gen_bool(0.5) {
                change.apply(&mut durable);
            }
        }
        inner.bytes.clone_from(&durable);
        inner.durable = durable;
    }

    /// Is there no room for more?
    pub fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    /// Everything that changes something fails after so many operations; `None`: nothing does.
    pub fn fail_after(&self, operations: Option<u64>) {
        self.lock().left = operations;
    }

    /// Is there no room for more?
    pub fn is_full(&self) -> bool {
        self.lock().full
    }

    /// Bytes.
    pub fn size(&self) -> usize {
        self.lock().bytes.len()
    }

    /// A copy, to be put back later.
    pub fn backup(&self) -> Vec<u8> {
        self.lock().durable.clone()
    }

    /// Puts a copy in the place of what is there; nobody has it open.
    pub fn restore(&self, backup: Vec<u8>) {
        let mut inner = self.lock();
        inner.opened += 1;
        inner.unsynced.clear();
        inner.durable.clone_from(&backup);
        inner.bytes = backup;
    }
}

/// The medium, as the process sees it that has it open.
pub struct Handle {
    medium: Medium,
    number: u64,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

impl Handle {
    fn inner(&self) -> Result<MutexGuard<'_, Inner>> {
        let inner = self.medium.lock();
        if inner.opened == self.number { Ok(inner) } else { Err(io::Error::other("the process was killed")) }
    }

    fn change(&self, change: Change) -> Result<()> {
        let mut inner = self.inner()?;
        inner.operate()?;
        change.apply(&mut inner.bytes);
        inner.unsynced.push(change);
        Ok(())
    }
}

impl Inner {
    fn operate(&mut self) -> Result<()> {
        match &mut self.left {
            Some(0) => Err(io::Error::other("the medium has failed")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).expect("the simulation fits into memory")
}

impl StorageBackend for Handle {
    fn len(&self) -> Result<u64> {
        Ok(self.inner()?.bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let inner = self.inner()?;
        let (start, end) = (size(offset), size(offset) + out.len());
        out.copy_from_slice(inner.bytes.get(start..end).ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<()> {
        self.change(Change::Length(size(length)))
    }

    fn sync_data(&self) -> Result<()> {
        let mut inner = self.inner()?;
        inner.operate()?;
        let mut durable = std::mem::take(&mut inner.durable);
        for change in std::mem::take(&mut inner.unsynced) {
            change.apply(&mut durable);
        }
        inner.durable = durable;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.change(Change::Bytes(size(offset), data.to_vec()))
    }
}
