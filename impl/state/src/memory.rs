//! A directory in memory, for simulations: it loses what was not synced, is full, fails, is copied and restored.

use crate::disk::{Disk, Stamp};
use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

type Bytes = Zeroizing<Vec<u8>>;

/// A directory in memory. Clones are the same directory.
#[derive(Clone)]
pub struct MemoryDisk {
    /// Number of the next file, in this directory and all copies of it.
    next: Arc<AtomicU64>,
    shared: Arc<Mutex<Medium>>,
}

#[derive(Clone, Default)]
struct Medium {
    files: BTreeMap<u64, Content>,
    /// As processes see them.
    names: BTreeMap<String, u64>,
    /// As they are when the power fails.
    durable: BTreeMap<String, u64>,
    /// What was done to the names since they were made durable.
    unsynced: Vec<Change>,
    /// Who has locked it.
    lock: Option<u64>,
    room: Option<u64>,
    done: u64,
    fails_at: Option<u64>,
}

#[derive(Clone, Default)]
struct Content {
    bytes: Bytes,
    durable: Bytes,
}

#[derive(Clone)]
enum Change {
    Named(String, u64),
    Removed(String),
}

impl Change {
    fn apply(self, names: &mut BTreeMap<String, u64>) {
        match self {
            Change::Named(name, file) => {
                names.retain(|_, other| *other != file);
                names.insert(name, file);
            }
            Change::Removed(name) => {
                names.remove(&name);
            }
        }
    }
}

/// Unlocks when dropped.
struct Lock {
    shared: Arc<Mutex<Medium>>,
    holder: u64,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut medium = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        medium.lock.take_if(|holder| *holder == self.holder);
    }
}

impl MemoryDisk {
    /// An empty directory.
    pub fn new() -> MemoryDisk {
        MemoryDisk { next: Arc::new(AtomicU64::new(1)), shared: Arc::default() }
    }

    /// The power fails: all that was not synced is lost, but for the first `kept` changes of names. Whoever held the lock is gone.
    pub fn lose_power(&self, kept: usize) {
        let mut medium = self.medium();
        let unsynced = std::mem::take(&mut medium.unsynced);
        unsynced.into_iter().take(kept).for_each(|change| change.apply(&mut medium.durable));
        medium.names = medium.durable.clone();
        for content in medium.files.values_mut() {
            content.bytes = content.durable.clone();
        }
        medium.lock = None;
    }

    /// The process is killed: what it did stays, and its lock is gone.
    pub fn kill(&self) {
        self.medium().lock = None;
    }

    /// Bytes that all files together may have from now on; `None` for no bound. What does not fit is `StorageFull`.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.medium().room = bytes;
    }

    /// Operations that change something, so far.
    pub fn operations(&self) -> u64 {
        self.medium().done
    }

    /// From the operation of this number on, counted by [`operations`](Self::operations), everything that changes something fails; `None`: nothing does.
    pub fn fail_at(&self, operation: Option<u64>) {
        self.medium().fails_at = operation;
    }

    /// A copy, file by file, as `cp -r` or a backup makes it: every file is a new one, with a stamp of its own.
    pub fn copy(&self) -> MemoryDisk {
        let medium = self.medium();
        let mut copy = Medium::default();
        for (name, file) in &medium.names {
            let number = self.number();
            let bytes = medium.files.get(file).map(|content| content.bytes.clone()).unwrap_or_default();
            copy.files.insert(number, Content { durable: bytes.clone(), bytes });
            copy.names.insert(name.clone(), number);
        }
        copy.durable = copy.names.clone();
        MemoryDisk { next: self.next.clone(), shared: Arc::new(Mutex::new(copy)) }
    }

    /// An image of the whole medium, as a snapshot of a block device is: no file can be told from the original.
    pub fn image(&self) -> MemoryDisk {
        let medium = Medium { lock: None, ..self.medium().clone() };
        MemoryDisk { next: self.next.clone(), shared: Arc::new(Mutex::new(medium)) }
    }

    /// A file's bytes as they are now; `None` if there is none. For whoever looks for what should be gone.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let medium = self.medium();
        medium.content(name).map(|content| content.bytes.to_vec())
    }

    /// Does the medium, with all that has no name any more, hold these bytes?
    pub fn holds(&self, bytes: &[u8]) -> bool {
        let within = |content: &Bytes| content.windows(bytes.len().max(1)).any(|window| window == bytes);
        self.medium().files.values().any(|content| within(&content.bytes) || within(&content.durable))
    }

    fn medium(&self) -> MutexGuard<'_, Medium> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl Default for MemoryDisk {
    fn default() -> Self {
        MemoryDisk::new()
    }
}

impl Medium {
    fn content(&self, name: &str) -> Option<&Content> {
        self.names.get(name).and_then(|file| self.files.get(file))
    }

    fn content_mut(&mut self, name: &str) -> io::Result<&mut Content> {
        let file = self.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        self.files.get_mut(file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// One operation more.
    fn operate(&mut self) -> io::Result<()> {
        if self.fails_at.is_some_and(|at| self.done >= at) {
            return Err(io::Error::other("the medium has failed"));
        }
        self.done = self.done.saturating_add(1);
        Ok(())
    }

    fn change(&mut self, change: Change) {
        change.clone().apply(&mut self.names);
        self.unsynced.push(change);
    }

    fn used(&self) -> u64 {
        let named = self.names.values().filter_map(|file| self.files.get(file));
        named.map(|content| u64::try_from(content.bytes.len()).unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
    }
}

impl Disk for MemoryDisk {
    fn place(&self) -> &Path {
        Path::new("memory")
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>> {
        let holder = self.number();
        let mut medium = self.medium();
        if medium.lock.is_some() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        medium.lock = Some(holder);
        Ok(Box::new(Lock { shared: self.shared.clone(), holder }))
    }

    fn stamp(&self, name: &str) -> io::Result<Option<Stamp>> {
        Ok(self.medium().names.get(name).map(|file| Stamp { inode: *file, born: None }))
    }

    fn read(&self, name: &str, limit: u64) -> io::Result<Option<Bytes>> {
        let medium = self.medium();
        let Some(content) = medium.content(name) else { return Ok(None) };
        let fits = u64::try_from(content.bytes.len()).is_ok_and(|length| length <= limit);
        if fits { Ok(Some(content.bytes.clone())) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn create(&self, name: &str) -> io::Result<Stamp> {
        let number = self.number();
        let mut medium = self.medium();
        medium.operate()?;
        if medium.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        medium.files.insert(number, Content::default());
        medium.change(Change::Named(name.to_string(), number));
        Ok(Stamp { inode: number, born: None })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut medium = self.medium();
        // What is cut off has written a part.
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        if let Err(error) = medium.operate() {
            medium.content_mut(name)?.bytes = half.to_vec().into();
            return Err(error);
        }
        let room = medium.room.map(|room| room.saturating_sub(medium.used()));
        if room.is_some_and(|room| u64::try_from(bytes.len()).is_ok_and(|length| length > room)) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let content = medium.content_mut(name)?;
        content.bytes = bytes.to_vec().into();
        content.durable = content.bytes.clone();
        Ok(())
    }

    fn wipe(&self, name: &str) -> io::Result<()> {
        let mut medium = self.medium();
        if !medium.names.contains_key(name) {
            return Ok(());
        }
        medium.operate()?;
        let content = medium.content_mut(name)?;
        content.bytes.fill(0);
        content.durable.fill(0);
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut medium = self.medium();
        medium.operate()?;
        let file = *medium.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        medium.change(Change::Named(to.to_string(), file));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut medium = self.medium();
        medium.operate()?;
        if !medium.names.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        medium.change(Change::Removed(name.to_string()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut medium = self.medium();
        medium.operate()?;
        medium.durable = medium.names.clone();
        medium.unsynced.clear();
        Ok(())
    }
}
