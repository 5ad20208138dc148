//! Why a directory could not be used.

use crate::identity::Role;
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
    /// The directory was copied, moved from another file system, or restored.
    #[error(
        "{} was copied or restored: what it holds may have been used since, and must not be used again. Go on with the original; \
         if that is lost, begin anew with `dke {} recover {}`.", .0.display(), .1, .2.display()
    )]
    Copied(PathBuf, Role, PathBuf),
    /// There was a state, and it is gone.
    #[error(
        "{} is missing, and there was one: without it, numbers that were used would be used again. Begin anew with \
         `dke {} recover {}`.", .0.display(), .1, .2.display()
    )]
    StateMissing(PathBuf, Role, PathBuf),
    /// A directory has one role.
    #[error("{} is the directory of {}, and a key has one use; make another one with `dke keygen --role {}`.", .0.display(), named(*.1), .2)]
    WrongRole(PathBuf, Role, Role),
    /// A state would become so large that it could not be read again.
    #[error(
        "{} would become larger than 64 MiB, and could not be read again; nothing was changed. `dke deliver` makes room; what has \
         more than 30 MB is to be sent in parts.", .0.display()
    )]
    TooLarge(PathBuf),
    /// As many exchanges with this node as may wait for a Confirm do.
    #[error(
        "{} exchanges with this node wait for a Confirm, and no more may; `dke client resume` goes on with them, or gives them up with \
         --give-up.", .0
    )]
    TooManyPending(usize),
    /// As many requests to this node as may wait for a response do.
    #[error("{} requests to this node wait for a response, and no more may; `dke request` collects them with --again, or forgets them with --give-up.", .0)]
    TooManyRequests(usize),
    /// As much as may wait to be delivered does.
    #[error("{} contents that were received wait to be delivered; `dke deliver` gives them.", .0)]
    Undelivered(usize),
    /// Nothing tells which epochs were used.
    #[error(
        "Nothing here tells which epochs this node has used: name its gateway with --gateway, or give the last epoch with --epoch. \
         Clients know it (`dke client status`), and the gateway's status page does."
    )]
    EpochUnknown,
    /// There is no identity.
    #[error("{} is missing; make it with `dke keygen`.", .0.display())]
    NoIdentity(PathBuf),
    /// There is an identity already.
    #[error("{} has an identity already.", .0.display())]
    IdentityExists(PathBuf),
    /// No exchange is meant.
    #[error("There is no such exchange here; `dke node status` and `dke client status` tell which there are.")]
    NoExchange,
    /// A request was answered or given up meanwhile.
    #[error("The request awaits no response any more.")]
    NotAwaited,
    /// A state could not be encoded.
    #[error("The state could not be encoded.")]
    Encoding,
    /// A credential or a key is not of its form, or the random source failed.
    #[error(transparent)]
    Misuse(#[from] dke::Misuse),
}

const fn named(role: Role) -> &'static str {
    match role {
        Role::Node => "a node",
        Role::Client => "a client",
        Role::Authority => "an authority",
    }
}

/// The operating system's words, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}
