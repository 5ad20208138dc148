//! Files: a directory under a lock, state that is replaced atomically, messages in and out.

use crate::fault::Fault;
use crate::hexed::HexN;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// No message and no credential is longer.
const MESSAGE_FILE_MAX: u64 = 64 * 1024;
/// No state and no file of vectors is longer.
const LARGE_FILE_MAX: u64 = 64 * 1024 * 1024;
/// How often, and for how long, a command waits for another one.
const WAITS: u32 = 500;
const WAIT: Duration = Duration::from_millis(20);

/// A party's directory. While this lives, no other command works on it.
pub(crate) struct Locked {
    dir: PathBuf,
    _lock: File,
}

/// A state file: its format, a checksum against accidents, and the state.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    format: String,
    sha256: HexN<32>,
    state: T,
}

impl Locked {
    /// Locks a directory that exists; refuses if another command is at work on it.
    pub(crate) fn open(dir: &Path) -> Result<Locked, Fault> {
        if !dir.is_dir() {
            return Err(Fault::Input { name: "File", sentence: format!("{} is no directory.", dir.display()) });
        }
        let path = dir.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| Fault::file(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Locked { dir: dir.to_path_buf(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Fault::Input {
                name: "Busy",
                sentence: format!("Another command is at work on {}; try again when it has ended.", dir.display()),
            }),
            Err(TryLockError::Error(error)) => Err(Fault::file(&path, &error)),
        }
    }

    /// The same for a command that runs for long: waits for a while until the others have ended.
    pub(crate) fn wait(dir: &Path) -> Result<Locked, Fault> {
        for _ in 0..WAITS {
            match Locked::open(dir) {
                Err(Fault::Input { name: "Busy", .. }) => std::thread::sleep(WAIT),
                opened => return opened,
            }
        }
        Locked::open(dir)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Reads a state; `None` if there is no such file.
    pub(crate) fn load<T: Serialize + DeserializeOwned>(&self, name: &str, format: &str) -> Result<Option<T>, Fault> {
        let path = self.path(name);
        let bytes = match read_limited(&path, LARGE_FILE_MAX) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Fault::file(&path, &error)),
        };
        // serde_json's message may quote what it read, so only the place is told.
        let envelope: Envelope<T> = serde_json::from_slice(&bytes).map_err(|e| {
            Fault::state(&path, &format!("it does not parse at line {} column {}", e.line(), e.column()))
        })?;
        if envelope.format != format {
            return Err(Fault::state(&path, &format!("its format is not {format}")));
        }
        let state = encode(&envelope.state)?;
        if Sha256::digest(&state).as_slice() != envelope.sha256.0 {
            return Err(Fault::state(&path, "its checksum does not fit"));
        }
        Ok(Some(envelope.state))
    }

    /// Replaces a state atomically and durably, mode 0600; then overwrites what stood in the old file.
    pub(crate) fn save<T: Serialize>(&self, name: &str, format: &str, state: &T) -> Result<(), Fault> {
        let path = self.path(name);
        let envelope =
            Envelope { format: format.to_string(), sha256: HexN(Sha256::digest(&encode(state)?).into()), state };
        let bytes = encode(&envelope)?;
        self.replace(&path, &bytes).map_err(|error| Fault::storage(&path, &error))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut temporary = path.as_os_str().to_os_string();
        temporary.push(".new");
        let temporary = PathBuf::from(temporary);
        // What a killed command left: it may hold secrets.
        if let Ok(mut left) = OpenOptions::new().write(true).open(&temporary) {
            wipe(&mut left)?;
            fs::remove_file(&temporary)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        let old = OpenOptions::new().write(true).open(path).ok();
        fs::rename(&temporary, path)?;
        File::open(&self.dir)?.sync_all()?;
        match old {
            Some(mut old) => wipe(&mut old),
            None => Ok(()),
        }
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, Fault> {
    serde_json::to_vec(value).map(Zeroizing::new).map_err(|_| Fault::Broken("The state could not be encoded.".into()))
}

fn wipe(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.rewind()?;
    io::copy(&mut io::repeat(0).take(length), file)?;
    file.sync_all()
}

fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is too long"));
    }
    Ok(bytes)
}

/// Reads a message, a credential or a CWT.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    read_limited(path, MESSAGE_FILE_MAX).map_err(|error| Fault::file(path, &error))
}

/// Reads a file of vectors.
pub(crate) fn read_large(path: &Path) -> Result<Vec<u8>, Fault> {
    read_limited(path, LARGE_FILE_MAX).map_err(|error| Fault::file(path, &error))
}

/// A file to be written: made sure of before anything is changed, seen by others only when it is complete.
pub(crate) struct Out {
    path: PathBuf,
    file: tempfile::NamedTempFile,
}

impl Out {
    /// Opens a temporary file beside `path`.
    pub(crate) fn reserve(path: &Path) -> Result<Out, Fault> {
        // Renaming a file to the name of a directory, a device or a pipe would replace it.
        if path.exists() && !path.is_file() {
            return Err(Fault::Input { name: "File", sentence: format!("{} is no regular file.", path.display()) });
        }
        let file = tempfile::NamedTempFile::new_in(parent(path)).map_err(|error| Fault::file(path, &error))?;
        Ok(Out { path: path.to_path_buf(), file })
    }

    /// Writes it durably under its name.
    pub(crate) fn write(mut self, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.path;
        let write = || -> io::Result<()> {
            self.file.write_all(bytes)?;
            self.file.as_file().sync_all()?;
            self.file.persist(&path).map_err(|error| error.error)?;
            File::open(parent(&path))?.sync_all()
        };
        write().map_err(|error| Fault::storage(&path, &error))
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// UNIX seconds, from `--now` or the clock.
pub(crate) fn now(given: Option<u64>) -> u64 {
    given.unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    })
}
