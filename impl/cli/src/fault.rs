//! Why a command was not done, in one sentence.

use dke::{Error, Misuse, Reject};
use std::fmt;
use std::path::Path;

/// Why a command was not done.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Exit code 2: the input is bad, and nothing was changed.
    Input {
        /// A name of PROTOCOL.md sections 9 and 15, or `Usage`, `File`, `State`, `Busy`, `Gateway`, `Pending`, `Unknown`, `Refused`.
        name: &'static str,
        /// For people.
        sentence: String,
    },
    /// Exit code 1: the medium or the random generator failed.
    Broken(String),
    /// Exit code 1: what was to be checked does not hold.
    Failed(String),
}

impl Fault {
    pub(crate) fn usage(sentence: impl Into<String>) -> Fault {
        Fault::Input { name: "Usage", sentence: sentence.into() }
    }

    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Fault {
        Fault::Input { name: "File", sentence: format!("{}: {}.", path.display(), reason(error)) }
    }

    pub(crate) fn storage(path: &Path, error: &std::io::Error) -> Fault {
        Fault::Broken(format!("{} could not be stored: {}.", path.display(), reason(error)))
    }

    pub(crate) const fn code(&self) -> u8 {
        match self {
            Fault::Input { .. } => 2,
            Fault::Broken(_) | Fault::Failed(_) => 1,
        }
    }

    /// May it pass by itself? A full medium, or a directory at which another command is at work; not a wrong command, nor a state that is
    /// damaged or copied.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Fault::Broken(_) | Fault::Input { name: "Busy", .. })
    }

    pub(crate) fn json(&self) -> String {
        let name = match self {
            Fault::Input { name, .. } => name,
            Fault::Broken(_) => "Storage",
            Fault::Failed(_) => "Failed",
        };
        serde_json::json!({ "error": name, "sentence": self.to_string() }).to_string()
    }

    /// The same fault, with the file that is to blame.
    pub(crate) fn about(self, path: &Path) -> Fault {
        match self {
            Fault::Input { name, sentence } => {
                Fault::Input { name, sentence: format!("{}: {sentence}", path.display()) }
            }
            other => other,
        }
    }
}

/// The operating system's words, without its number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Input {
                name: "Usage" | "File" | "State" | "Busy" | "Gateway" | "Pending" | "Unknown" | "Refused",
                sentence,
            }
            | Fault::Broken(sentence)
            | Fault::Failed(sentence) => f.write_str(sentence),
            Fault::Input { name, sentence } => write!(f, "{sentence} ({name})"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<Reject> for Fault {
    fn from(reject: Reject) -> Self {
        Fault::Input { name: reject.name(), sentence: reject.to_string() }
    }
}

impl From<dke_state::Error> for Fault {
    fn from(error: dke_state::Error) -> Self {
        use dke_state::Error;
        let name = match error {
            Error::Misuse(misuse) => return misuse.into(),
            Error::Store(..) | Error::TooLarge(_) | Error::Encoding => return Fault::Broken(error.to_string()),
            Error::NotADirectory(_) | Error::Read(..) => "File",
            Error::Busy(_) => "Busy",
            Error::Damaged(..) | Error::Copied(..) | Error::StateMissing(..) => "State",
            Error::NoIdentity(_)
            | Error::IdentityExists(_)
            | Error::NoExchange
            | Error::NotAwaited
            | Error::WrongRole(..)
            | Error::EpochUnknown
            | Error::Undelivered(_)
            | Error::TooManyPending(_)
            | Error::TooManyRequests(_) => "Usage",
        };
        Fault::Input { name, sentence: error.to_string() }
    }
}

impl From<Misuse> for Fault {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::BrokenRandomness => Fault::Broken(misuse.to_string()),
            _ => Fault::Input { name: misuse.name(), sentence: misuse.to_string() },
        }
    }
}

impl<S: Into<Fault>> From<Error<S>> for Fault {
    fn from(error: Error<S>) -> Self {
        match error {
            Error::Peer(reject) => reject.into(),
            Error::Caller(misuse) => misuse.into(),
            Error::Storage(error) => error.into(),
        }
    }
}

impl From<dke_app::Reject> for Fault {
    fn from(reject: dke_app::Reject) -> Self {
        let name = match reject {
            dke_app::Reject::Malformed => "Malformed",
            dke_app::Reject::UnknownKey => "UnknownKey",
            dke_app::Reject::NotAuthentic => "NotAuthentic",
            dke_app::Reject::Replayed => "Replayed",
            dke_app::Reject::Expired => "Expired",
            dke_app::Reject::WrongRequest => "WrongRequest",
        };
        Fault::Input { name, sentence: reject.to_string() }
    }
}

impl From<dke_app::Misuse> for Fault {
    fn from(misuse: dke_app::Misuse) -> Self {
        let name = match misuse {
            dke_app::Misuse::SequenceExhausted => "SequenceExhausted",
            dke_app::Misuse::MessageForm => "MessageForm",
            _ => "Usage",
        };
        Fault::Input { name, sentence: misuse.to_string() }
    }
}

impl<S: Into<Fault>> From<dke_app::Error<S>> for Fault {
    fn from(error: dke_app::Error<S>) -> Self {
        match error {
            dke_app::Error::Peer(reject) => reject.into(),
            dke_app::Error::Caller(misuse) => misuse.into(),
            dke_app::Error::Storage(error) => error.into(),
        }
    }
}

impl From<std::convert::Infallible> for Fault {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
