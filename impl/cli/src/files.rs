//! Files that commands read and write: messages in and out.

use crate::fault::Fault;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// No message and no credential is longer.
const MESSAGE_FILE_MAX: u64 = 64 * 1024;
/// No file of vectors and no content is longer.
const LARGE_FILE_MAX: u64 = 64 * 1024 * 1024;

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
