//! Rejections by blame, with the names of PROTOCOL.md section 9.

use core::fmt;

/// Who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// A message was bad.
    Peer,
    /// This side's own input was.
    Caller,
    /// The store failed.
    Storage,
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($variant:ident: $sentence:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = $sentence] $variant,)*
        }

        impl $name {
            /// All of them, in the order of PROTOCOL.md.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The name in PROTOCOL.md.
            pub const fn name(self) -> &'static str {
                match self {
                    $($name::$variant => stringify!($variant),)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $($name::$variant => $sentence,)*
                })
            }
        }

        impl core::error::Error for $name {}
    };
}

named! {
    /// Why a message was rejected. The message consumed nothing and changed no state.
    Reject {
        Malformed: "The message is not of the form that the CDDL states.",
        NotDeterministic: "An integer or a length is not in its shortest form.",
        TrailingBytes: "Bytes follow the message.",
        UnsupportedAlgorithm: "The COSE header names another algorithm than ES256.",
        UnsupportedVersion: "The version is not 1.",
        UnknownSuite: "The suite is neither 2 nor 3.",
        WrongNode: "The batch belongs to another node's credential.",
        DepthOutOfRange: "The depth of the tree is more than 8.",
        EpochRollback: "The batch is older than one already seen.",
        Expired: "The batch's not_after has passed.",
        PrekeyCount: "The publication does not have 2^depth prekeys.",
        IndexOutOfRange: "The batch has no prekey of this index.",
        PathLength: "The path is not depth hashes long.",
        BadSignature: "The signature of a batch or a CWT does not verify.",
        RootMismatch: "Prekeys or path do not lead to the signed root.",
        InvalidPoint: "A point is not on the curve.",
        UnknownFlags: "A reserved flag is set.",
        EpochUnknown: "No batch of this epoch was published.",
        EpochTooOld: "The batch of this epoch has been erased.",
        PrekeyConsumed: "This prekey has been used.",
        IdentityNotAuthentic: "CT_1, the client's identity, does not open.",
        UnknownClient: "No pinned credential has this kid.",
        UnknownAuthority: "No pinned authority has this kid.",
        WrongAudience: "The CWT is for another node.",
        CwtExpired: "The CWT ends before this epoch.",
        EarlyDataNotAuthentic: "CT_2, the early data, does not open.",
        WrongExchange: "The Confirm belongs to another exchange.",
        Downgrade: "Refresh was asked for, basic came.",
        ConfirmNotAuthentic: "CT_3, the confirmation, does not open.",
        DataTooLong: "The message carries more than 1,024 bytes of data.",
        UnknownNode: "The gateway knows no such node.",
        NotOffered: "The gateway did not hand out this prekey.",
        IndexTaken: "Another Initiate for this prekey is stored.",
        QueueFull: "The node's queue is full.",
        Exhausted: "No prekey is left until the node's next wake-up.",
        WrongToken: "The mailbox token is not that of the newest batch.",
    }
}

named! {
    /// What was wrong with this side's own input. Nothing was done.
    Misuse {
        DataTooLong: "More data was given than fits: 1,024 bytes of early or answer data, 1,011 of a call.",
        InvalidKey: "A private key is not a scalar.",
        InvalidCredential: "A credential is not of the form of section 4, or its kid is not unique.",
        BrokenRandomness: "The random generator failed, or gave eight times no scalar.",
        EpochExhausted: "The epoch counter is used up.",
        BufferTooSmall: "The output does not fit the buffer.",
        ExportLength: "Label, context or length of an export is out of range.",
    }
}

/// Why a step was not done. `S` is the store's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error<S> {
    /// The peer's message was rejected.
    Peer(Reject),
    /// The caller's input was wrong.
    Caller(Misuse),
    /// The store failed; the step was not done.
    Storage(S),
}

impl<S> Error<S> {
    /// Whose fault it is.
    pub const fn blame(&self) -> Blame {
        match self {
            Error::Peer(_) => Blame::Peer,
            Error::Caller(_) => Blame::Caller,
            Error::Storage(_) => Blame::Storage,
        }
    }

    /// The name in PROTOCOL.md.
    pub const fn name(&self) -> &'static str {
        match self {
            Error::Peer(reject) => reject.name(),
            Error::Caller(misuse) => misuse.name(),
            Error::Storage(_) => "Storage",
        }
    }
}

impl<S> From<Reject> for Error<S> {
    fn from(reject: Reject) -> Self {
        Error::Peer(reject)
    }
}

impl<S> From<Misuse> for Error<S> {
    fn from(misuse: Misuse) -> Self {
        Error::Caller(misuse)
    }
}

impl<S: fmt::Display> fmt::Display for Error<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Peer(reject) => reject.fmt(f),
            Error::Caller(misuse) => misuse.fmt(f),
            Error::Storage(error) => write!(f, "The store failed; the step was not done: {error}"),
        }
    }
}

impl<S: fmt::Debug + fmt::Display> core::error::Error for Error<S> {}

/// A step that failed and hands its state back, so that a bad packet ends nothing.
pub struct Failed<T, S> {
    /// The state as it was.
    pub state: T,
    /// Why.
    pub error: Error<S>,
}

impl<T, S: fmt::Debug> fmt::Debug for Failed<T, S> {
    /// Shows the error only: the state holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Failed").field(&self.error).finish()
    }
}
