//! A directory under a lock, with states that are replaced atomically and know that they are the original.

use crate::disk::{Disk, Stamp};
use crate::error::Error;
use crate::hexed::HexN;
use crate::real::RealDisk;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::any::Any;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// No state is longer, in bytes: neither when it is read nor when it is written.
const STATE_MAX: u64 = 64 * 1024 * 1024;
/// How often, and for how long, a process waits for another one.
const WAITS: u32 = 500;
const WAIT: Duration = Duration::from_millis(20);

/// A party's directory. While this lives, no other process works on it.
pub struct Locked {
    disk: Arc<dyn Disk>,
    _lock: Box<dyn Any + Send + Sync>,
}

/// A state file: its format, a checksum against accidents, the stamp of the file that it was written to, and the state.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    format: String,
    sha256: HexN<32>,
    file: Stamp,
    state: T,
}

/// A state as it was read.
pub(crate) struct Loaded<T> {
    pub(crate) state: T,
    /// It stands in the very file that it was written to: not in a copy, and not in a file whose contents were restored.
    pub(crate) original: bool,
}

impl Locked {
    /// Locks a directory of the operating system that exists; `Busy` if another process is at work on it.
    pub fn open(dir: &Path) -> Result<Locked, Error> {
        Locked::on(Arc::new(RealDisk::open(dir)?))
    }

    /// Locks a directory on any medium; `Busy` if another process is at work on it.
    pub fn on(disk: Arc<dyn Disk>) -> Result<Locked, Error> {
        match disk.lock() {
            Ok(lock) => Ok(Locked { disk, _lock: lock }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Error::Busy(disk.place().to_path_buf())),
            Err(error) => Err(Error::Read(disk.place().to_path_buf(), error)),
        }
    }

    /// The same as [`open`](Self::open) for a process that runs for long: waits up to 10 s until the others have ended.
    pub fn wait(dir: &Path) -> Result<Locked, Error> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(dir)?);
        Locked::wait_on(&disk)
    }

    /// The same on any medium.
    pub fn wait_on(disk: &Arc<dyn Disk>) -> Result<Locked, Error> {
        for _ in 0..WAITS {
            match Locked::on(disk.clone()) {
                Err(Error::Busy(_)) => std::thread::sleep(WAIT),
                opened => return opened,
            }
        }
        Locked::on(disk.clone())
    }

    /// The medium.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Where the directory is, for people.
    pub(crate) fn dir(&self) -> PathBuf {
        self.disk.place().to_path_buf()
    }

    /// Where a file is, for people.
    pub fn path(&self, name: &str) -> PathBuf {
        self.disk.place().join(name)
    }

    /// Is there a file of this name?
    pub fn has(&self, name: &str) -> Result<bool, Error> {
        self.tidy(name).map_err(|error| Error::Store(self.path(name), error))?;
        let stamp = self.disk.stamp(name).map_err(|error| Error::Read(self.path(name), error))?;
        Ok(stamp.is_some())
    }

    /// Reads a state, be it the original or a copy; `None` if there is no such file.
    pub fn load<T: Serialize + DeserializeOwned>(&self, name: &str, format: &str) -> Result<Option<T>, Error> {
        Ok(self.load_stamped(name, format)?.map(|loaded| loaded.state))
    }

    /// The same, and whether it is the original.
    pub(crate) fn load_stamped<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        format: &str,
    ) -> Result<Option<Loaded<T>>, Error> {
        self.tidy(name).map_err(|error| Error::Store(self.path(name), error))?;
        let unreadable = |error| Error::Read(self.path(name), error);
        let Some(bytes) = self.disk.read(name, STATE_MAX).map_err(unreadable)? else { return Ok(None) };
        let stamp = self.disk.stamp(name).map_err(unreadable)?;
        let damaged = |why: String| Error::Damaged(self.path(name), why);
        // serde_json's message may quote what it read, so only the place is told.
        let envelope: Envelope<T> = serde_json::from_slice(&bytes)
            .map_err(|e| damaged(format!("it does not parse at line {} column {}", e.line(), e.column())))?;
        if envelope.format != format {
            return Err(damaged(format!("its format is not {format}")));
        }
        let state = encode(&envelope.state)?;
        if Sha256::digest(&state).as_slice() != envelope.sha256.0 {
            return Err(damaged("its checksum does not fit".into()));
        }
        let original = stamp.is_some_and(|stamp| stamp.is(&envelope.file));
        Ok(Some(Loaded { state: envelope.state, original }))
    }

    /// Replaces a state atomically and durably; then overwrites what stood in the old file. `TooLarge` if it could not be read again.
    pub fn save<T: Serialize>(&self, name: &str, format: &str, state: &T) -> Result<(), Error> {
        let sha256 = HexN(Sha256::digest(&encode(state)?).into());
        let format = format.to_string();
        self.replace(name, |file| {
            let bytes = encode(&Envelope { format, sha256, file, state })?;
            let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= STATE_MAX);
            if fits { Ok(bytes) } else { Err(Error::TooLarge(self.path(name))) }
        })
    }

    /// Replaces any file in the same way.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.replace(name, |_| Ok(Zeroizing::new(bytes.to_vec())))
    }

    fn replace(
        &self,
        name: &str,
        content: impl FnOnce(Stamp) -> Result<Zeroizing<Vec<u8>>, Error>,
    ) -> Result<(), Error> {
        let failed = |error| Error::Store(self.path(name), error);
        let (new, old) = (format!("{name}.new"), format!("{name}.old"));
        self.tidy(name).map_err(failed)?;
        let stamp = self.disk.create(&new).map_err(failed)?;
        let bytes = content(stamp)?;
        let swap = || -> io::Result<()> {
            self.disk.write(&new, &bytes)?;
            // The old file keeps a name until it is overwritten, wherever this is cut off.
            if self.disk.stamp(name)?.is_some() {
                self.disk.rename(name, &old)?;
            }
            self.disk.rename(&new, name)?;
            self.disk.sync()?;
            self.erase(&old)
        };
        swap().map_err(failed)
    }

    /// Mends what a process left that was cut off: puts the old file back, or erases it; it may hold secrets.
    fn tidy(&self, name: &str) -> io::Result<()> {
        let (new, old) = (format!("{name}.new"), format!("{name}.old"));
        if self.disk.stamp(name)?.is_none() && self.disk.stamp(&old)?.is_some() {
            self.disk.rename(&old, name)?;
        }
        self.erase(&new)?;
        self.erase(&old)
    }

    fn erase(&self, name: &str) -> io::Result<()> {
        if self.disk.stamp(name)?.is_none() {
            return Ok(());
        }
        self.disk.wipe(name)?;
        self.disk.remove(name)
    }
}

/// As JSON, in a buffer that is erased, and never grows: one that grows leaves copies behind.
fn encode<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value).map_err(|_| Error::Encoding)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *bytes, value).map_err(|_| Error::Encoding)?;
    Ok(bytes)
}

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
