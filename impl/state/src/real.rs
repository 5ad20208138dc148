//! A directory of the operating system.

use crate::disk::{Disk, Stamp};
use crate::error::Error;
use rustix::fs::OFlags;
use std::any::Any;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use zeroize::Zeroizing;

/// Its file `lock` is locked while a process works on it.
const LOCK: &str = "lock";

/// Rights of others than the owner.
const OTHERS: u32 = 0o077;

/// A directory of the operating system. No name in it is followed if it is a link.
pub struct RealDisk {
    dir: PathBuf,
}

impl RealDisk {
    /// A directory that exists.
    pub fn open(dir: &Path) -> Result<RealDisk, Error> {
        if dir.is_dir() {
            Ok(RealDisk { dir: dir.to_path_buf() })
        } else {
            Err(Error::NotADirectory(dir.to_path_buf()))
        }
    }

    fn file(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let file = options.custom_flags(flags).open(self.dir.join(name))?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
    }
}

impl Disk for RealDisk {
    fn place(&self) -> &Path {
        &self.dir
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>> {
        let lock = self.file(LOCK, OpenOptions::new().create(true).truncate(false).write(true).mode(0o600))?;
        match lock.try_lock() {
            Ok(()) => Ok(Box::new(lock)),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn stamp(&self, name: &str) -> io::Result<Option<Stamp>> {
        found(fs::symlink_metadata(self.dir.join(name)).map(|metadata| stamp(&metadata)))
    }

    fn read(&self, name: &str, limit: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(file) = found(self.file(name, OpenOptions::new().read(true)))? else { return Ok(None) };
        let metadata = file.metadata()?;
        // Somebody has changed it, or restored it with the rights of another file.
        if metadata.mode() & OTHERS != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it is open to others; `chmod 600` it, and think about who may have read it",
            ));
        }
        let length = metadata.len();
        if length > limit {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is too long"));
        }
        // Room for all of it at once: a buffer that grows leaves copies behind.
        let room = usize::try_from(length).map_err(io::Error::other)?.saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        file.take(length).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn create(&self, name: &str) -> io::Result<Stamp> {
        let file = self.file(name, OpenOptions::new().write(true).create_new(true).mode(0o600))?;
        Ok(stamp(&file.metadata()?))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file(name, OpenOptions::new().write(true))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn wipe(&self, name: &str) -> io::Result<()> {
        let Some(mut file) = found(self.file(name, OpenOptions::new().write(true)))? else { return Ok(()) };
        let length = file.metadata()?.len();
        io::copy(&mut io::repeat(0).take(length), &mut file)?;
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.dir.join(from), self.dir.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.dir.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    let born = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    Stamp { inode: metadata.ino(), born: born.and_then(|born| u64::try_from(born.as_nanos()).ok()) }
}

/// `None` for what is not there.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}
