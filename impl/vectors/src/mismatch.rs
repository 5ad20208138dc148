//! Why a vector and the implementation do not agree.

/// The first thing in a vector that the implementation does not agree with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A member is not what `spec/vectors/README.md` says: no hexadecimal digits, another length, a number out of range.
    #[error("{vector}: {member} is not of the form that a vector has")]
    Form {
        /// The vector's name.
        vector: String,
        /// The member, such as `inputs.x`.
        member: &'static str,
    },
    /// A value is another one here.
    #[error("{vector}: {member} is another value here, from byte {byte} on")]
    Differs {
        /// The vector's name.
        vector: String,
        /// The member, such as `values.th_0`.
        member: &'static str,
        /// The first byte that differs, counted from 0.
        byte: usize,
    },
    /// A step of a complete exchange is not done here.
    #[error("{vector}: step {step} is refused here as {name}")]
    Refused {
        /// The vector's name.
        vector: String,
        /// N1, G1, ...
        step: &'static str,
        /// A name of PROTOCOL.md section 9.
        name: &'static str,
    },
    /// A bad message is judged in another way here.
    #[error("{vector}: to be rejected as {expected}, but {}", match found {
        Some(found) => format!("rejected as {found} here"),
        None => "accepted here".to_owned(),
    })]
    Judged {
        /// The vector's name.
        vector: String,
        /// The name that the vector gives.
        expected: String,
        /// The name that the implementation gives; `None` if it accepts.
        found: Option<&'static str>,
    },
    /// A rejected message was not without consequence: the base's own message is no longer answered as before.
    #[error("{vector}: the rejected message has changed what the receiver does next")]
    Changed {
        /// The vector's name.
        vector: String,
    },
}
