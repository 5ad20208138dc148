//! Why a request was not done, in two bytes.

use dke::{Error, Misuse, Reject};

/// Why a request was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The message was rejected.
    Peer(Reject),
    /// The node's own input was wrong.
    Caller(Misuse),
    /// The flash failed.
    Storage,
    /// What came was no request.
    Link(Garbled),
}

/// Why a frame is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbled {
    /// No request has this kind.
    UnknownKind,
    /// The body is not of the length that the kind has.
    WrongLength,
    /// The frame does not fit the board's buffer.
    TooLong,
    /// SLIP's escape is followed by another byte than RFC 1055 has.
    BadEscape,
}

impl Garbled {
    const ALL: [Garbled; 4] = [Garbled::UnknownKind, Garbled::WrongLength, Garbled::TooLong, Garbled::BadEscape];
}

impl Failure {
    /// Who is to blame, and the cause's place in the list of its type.
    pub fn to_bytes(self) -> [u8; 2] {
        match self {
            Failure::Peer(reject) => [1, position(Reject::ALL, reject)],
            Failure::Caller(misuse) => [2, position(Misuse::ALL, misuse)],
            Failure::Storage => [3, 0],
            Failure::Link(garbled) => [4, position(&Garbled::ALL, garbled)],
        }
    }

    /// The reverse.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [blame, cause] = bytes.try_into().ok()?;
        let cause = usize::from(cause);
        match blame {
            1 => Reject::ALL.get(cause).copied().map(Failure::Peer),
            2 => Misuse::ALL.get(cause).copied().map(Failure::Caller),
            3 => Some(Failure::Storage),
            4 => Garbled::ALL.get(cause).copied().map(Failure::Link),
            _ => None,
        }
    }
}

fn position<T: PartialEq + Copy>(all: &[T], one: T) -> u8 {
    all.iter().position(|each| *each == one).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

impl<S> From<Error<S>> for Failure {
    fn from(error: Error<S>) -> Self {
        match error {
            Error::Peer(reject) => Failure::Peer(reject),
            Error::Caller(misuse) => Failure::Caller(misuse),
            Error::Storage(_) => Failure::Storage,
        }
    }
}
