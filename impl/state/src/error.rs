//! Why a directory could not be used.

use std::io;
use std::path::PathBuf;

/// Why a directory could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such directory.
    #[error("{} is no directory.", .0.display())]
    NotADirectory(PathBuf),
    /// Another process holds its lock.
    #[error("Another command is at work on {}; try again when it has ended.", .0.display())]
    Busy(PathBuf),
    /// A file could not be read.
    #[error("{}: {}.", .0.display(), reason(.1))]
    Read(PathBuf, io::Error),
    /// A file could not be stored, or what it replaced could not be erased. What was to be changed may be durable or not.
    #[error("{} could not be stored: {}.", .0.display(), reason(.1))]
    Store(PathBuf, io::Error),
    /// A file says what nobody has written.
    #[error("{} is damaged: {}; nothing was changed.", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// There is no identity.
    #[error("{} is missing; make it with `dke keygen`.", .0.display())]
    NoIdentity(PathBuf),
    /// There is an identity already.
    #[error("{} has an identity already.", .0.display())]
    IdentityExists(PathBuf),
    /// No exchange is meant.
    #[error("There is no such exchange here; `dke node status` and `dke client status` tell which there are.")]
    NoExchange,
    /// A state could not be encoded.
    #[error("The state could not be encoded.")]
    Encoding,
    /// A credential or a key is not of its form, or the random source failed.
    #[error(transparent)]
    Misuse(#[from] dke::Misuse),
}

/// The operating system's words, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}
