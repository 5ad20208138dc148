//! Rejections by blame, with the names of PROTOCOL.md section 15.

/// Why a protected object or message was rejected. It consumed nothing and changed no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// Not of the form that section 15, or RFC 8613, states.
    #[error("The object is not of the form that its format states.")]
    Malformed,
    /// Another kid.
    #[error("The object is protected with a key that is not known here.")]
    UnknownKey,
    /// The tag is wrong.
    #[error("The object is not authentic.")]
    NotAuthentic,
    /// The number has been accepted before, or is below the window.
    #[error("The object has been accepted before, or is too old to tell.")]
    Replayed,
    /// `exp` has passed.
    #[error("The object has expired.")]
    Expired,
    /// A response to another request.
    #[error("The response answers another request.")]
    WrongRequest,
}

/// What was wrong with this side's own input. Nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// All 2^40 numbers of a key have been used.
    #[error("The key has protected as much as it may.")]
    SequenceExhausted,
    /// After a notification the nonce of the request serves no more (RFC 8613 section 4.1.3.5).
    #[error("The response needs a number of its own.")]
    SequenceMissing,
    /// More than 65,535 bytes for AES-CCM.
    #[error("The content is too long: AES-CCM takes at most 65,535 bytes (OSCORE, COSE); a JWE takes more.")]
    TooLong,
    /// A CoAP message that cannot be written, or is neither a request nor a response as the call wants it.
    #[error("The CoAP message cannot be protected.")]
    NotAMessage,
    /// An identifier of OSCORE is too long, or both ends have the same.
    #[error("The identifiers are too long, or the same.")]
    InvalidId,
    /// The content of an object has the form of section 16.
    #[error("The content could be taken for a request or a response.")]
    MessageForm,
    /// The early or the session secret is not there: not yet, or not any more.
    #[error("There are no keys of this kind.")]
    NoKeys,
}

/// Why a step was not done. `S` is the store's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error<S> {
    /// The peer's object was rejected.
    #[error(transparent)]
    Peer(#[from] Reject),
    /// This side's own input was wrong.
    #[error(transparent)]
    Caller(#[from] Misuse),
    /// The store failed; the step was not done.
    #[error("The store failed; the step was not done: {0}")]
    Storage(S),
}
