//! Why a gateway was of no use.

use crate::budget::Spent;

/// Seconds after which another try makes sense, where the gateway does not say.
pub(super) const WAIT: u64 = 30;
/// A puzzle is to be solved first.
pub(crate) const PUZZLE: (u16, u16) = (4, 12);
/// This address asks too often (RFC 8516).
pub(super) const TOO_MANY: (u16, u16) = (4, 29);

/// Why the gateway was of no use.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It could not be reached, or said nothing.
    #[error("The gateway cannot be reached: {0}.")]
    Network(String),
    /// Another try makes sense after so many seconds: no prekey is left, or the queue or the store is full.
    #[error("The gateway has nothing for now; it says to try again in {0} s.")]
    Later(u64),
    /// This address makes too many requests, or holds too many leases; another try makes sense after so many seconds. Short pauses were waited for.
    #[error("The gateway takes nothing more from this address for now; it says to try again in {0} s.")]
    TooMany(u64),
    /// It refused, with a code's class and detail.
    #[error("The gateway refused: {}.{:02}{}.", .0.0, .0.1, hint(*.0))]
    Refused((u16, u16)),
    /// It sets a puzzle first.
    #[error("The gateway sets a puzzle.")]
    Puzzle(Vec<u8>),
    /// The node asks for an admission key.
    #[error(
        "The node's prekeys are for those alone who have its admission key. Its owner gives it out with its credential."
    )]
    NotAdmitted,
    /// The address is not of the form `coap://host:port` or `http://host:port`.
    #[error(
        "{0} is no address of a gateway; coap://HOST:PORT or http://HOST:PORT is expected, with an IPv6 address in brackets."
    )]
    Address(String),
    /// Its answer is larger than any of the protocol's.
    #[error("The gateway's answer is too large.")]
    TooLarge,
    /// The node's budget for this wake-up is spent.
    #[error("The budget of this wake-up is spent: {0}.")]
    Spent(Spent),
    /// It sent what is no message.
    #[error("The gateway's answer is malformed: {0}")]
    Malformed(dke::Reject),
}

fn hint((class, detail): (u16, u16)) -> &'static str {
    match (class, detail) {
        (4, 3) => {
            " (not allowed: the node is not registered by its operator, the token is wrong, or the batch is not genuine)"
        }
        (4, 4) => " (it does not know this node or exchange)",
        PUZZLE => " (its puzzle is too hard, the solution came too late, or this is not the node's admission key)",
        (4, 9) => " (the prekey is taken, or its lease has run out)",
        _ => "",
    }
}

/// Why another try makes sense only later.
pub(super) fn later(class: (u16, u16), retry_after: Option<u64>) -> Failure {
    let seconds = retry_after.unwrap_or(WAIT).max(1);
    if class == TOO_MANY { Failure::TooMany(seconds) } else { Failure::Later(seconds) }
}

impl From<dke_coap::Failure> for Failure {
    fn from(failure: dke_coap::Failure) -> Failure {
        match failure {
            dke_coap::Failure::TooLarge => Failure::TooLarge,
            other => Failure::Network(other.to_string().trim_end_matches('.').to_string()),
        }
    }
}
