//! Why the gateway did not do what it was asked for.

use crate::store::StoreError;
use dke::Reject;

/// Why a request was refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A rule of the protocol.
    #[error("{0}")]
    Rejected(Reject),
    /// No prekey is left, or the queue is full: worth another try after so many seconds.
    #[error("{0} Retry after {1} s.")]
    Later(Reject, u64),
    /// This address asked too often, or holds too many leases.
    #[error("This address asks too much. Retry after {0} s.")]
    TooMany(u64),
    /// The gateway is at its own limits.
    #[error("The gateway is busy. Retry after {0} s.")]
    Busy(u64),
    /// This puzzle is to be solved first.
    #[error("A puzzle is to be solved first.")]
    Puzzle(Vec<u8>),
    /// Nodes may not register themselves here.
    #[error("Only the operator registers nodes.")]
    Closed,
    /// Another node has this identifier, or the name belongs to something else.
    #[error("The identifier is taken.")]
    Conflict,
    /// There is no such thing.
    #[error("There is no such resource.")]
    NotFound,
    /// The body is larger than is allowed here.
    #[error("The body is too large.")]
    TooLarge,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Self {
        Refusal::Rejected(reject)
    }
}
