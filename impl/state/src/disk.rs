//! One directory of files, as states need it.

use serde::{Deserialize, Serialize};
use std::any::Any;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// Tells a file from every other, past ones included: its copy has another stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// Number of its inode.
    pub inode: u64,
    /// When it was created, in nanoseconds; `None` if the file system does not say.
    pub born: Option<u64>,
}

impl Stamp {
    /// The same file? The number alone decides where one of the two does not say when it was created.
    pub fn is(&self, other: &Stamp) -> bool {
        let same = self.born.zip(other.born).is_none_or(|(one, other)| one == other);
        self.inode == other.inode && same
    }
}

/// One directory. Names are those of files in it, without a path.
///
/// Nothing is durable before it was synced: a file's bytes by [`write`](Self::write) and [`wipe`](Self::wipe), names by
/// [`sync`](Self::sync).
pub trait Disk: Send + Sync {
    /// Where it is, for people.
    fn place(&self) -> &Path;

    /// Keeps other processes away until what is returned is dropped. `WouldBlock` if another one is at work.
    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>>;

    /// The stamp of a file; `None` if there is none of this name.
    fn stamp(&self, name: &str) -> io::Result<Option<Stamp>>;

    /// The bytes of a regular file; `None` if there is none of this name. `InvalidData` if it is longer than `limit` bytes.
    fn read(&self, name: &str, limit: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>>;

    /// Creates an empty file that only its owner can read. `AlreadyExists` if there is anything of this name, even a link.
    fn create(&self, name: &str) -> io::Result<Stamp>;

    /// Writes the bytes of a file that was created, and makes them durable.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Overwrites the bytes of a file with zeros, and makes that durable. Nothing happens if there is none.
    fn wipe(&self, name: &str) -> io::Result<()>;

    /// Gives a file another name, in the place of the one that had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a name.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes names durable: what was created, renamed and removed.
    fn sync(&self) -> io::Result<()>;
}
