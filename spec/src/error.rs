//! Rejections (PROTOCOL.md section 9).

use crate::cbor::CborError;

/// Why a step was not done. The names are those of PROTOCOL.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "PROTOCOL.md section 9 says what each name means")]
pub enum Reject {
    Malformed,
    NotDeterministic,
    TrailingBytes,
    UnsupportedAlgorithm,
    UnsupportedVersion,
    UnknownSuite,
    WrongNode,
    DepthOutOfRange,
    EpochRollback,
    Expired,
    PrekeyCount,
    IndexOutOfRange,
    PathLength,
    BadSignature,
    RootMismatch,
    InvalidPoint,
    UnknownFlags,
    EpochUnknown,
    EpochTooOld,
    PrekeyConsumed,
    IdentityNotAuthentic,
    UnknownClient,
    UnknownAuthority,
    WrongAudience,
    CwtExpired,
    EarlyDataNotAuthentic,
    WrongExchange,
    Downgrade,
    ConfirmNotAuthentic,
    DataTooLong,
    NotOffered,
    IndexTaken,
    InvalidKey,
    InvalidCredential,
    BrokenRandomness,
    EpochExhausted,
    ExportLength,
}

impl From<CborError> for Reject {
    fn from(error: CborError) -> Self {
        match error {
            CborError::Malformed => Self::Malformed,
            CborError::NotDeterministic => Self::NotDeterministic,
            CborError::TrailingBytes => Self::TrailingBytes,
        }
    }
}
