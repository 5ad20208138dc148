//! The value of the OSCORE option: RFC 8613 section 6.1.
//!
//! ```text
//!  0 1 2 3 4 5 6 7 <------------- n bytes -------------->
//! +-+-+-+-+-+-+-+-+--------------------------------------
//! |0 0 0|h|k|  n  |       Partial IV (if any) ...
//! +-+-+-+-+-+-+-+-+--------------------------------------
//!  <- 1 byte -> <----- s bytes ------>
//! +------------+----------------------+------------------+
//! | s (if any) | kid context (if any) | kid (if any) ... |
//! +------------+----------------------+------------------+
//! ```

use crate::ccm;
use crate::error::Reject;

/// Partial IV, kid context and kid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OscoreOption {
    /// The sequence number.
    pub sequence: Option<u64>,
    /// The ID Context; at most 255 bytes.
    pub kid_context: Option<Vec<u8>>,
    /// The sender's identifier.
    pub kid: Option<Vec<u8>>,
}

const KID_CONTEXT: u8 = 0x10;
const KID: u8 = 0x08;
const LENGTH: u8 = 0x07;

impl OscoreOption {
    /// The option's value. A kid context of more than 255 bytes is left out.
    pub fn encode(&self) -> Vec<u8> {
        let partial_iv = self.sequence.map(ccm::partial_iv).unwrap_or_default();
        let context = self.kid_context.as_ref().and_then(|context| Some((u8::try_from(context.len()).ok()?, context)));
        let mut flags = u8::try_from(partial_iv.len()).unwrap_or_default();
        if context.is_some() {
            flags |= KID_CONTEXT;
        }
        if self.kid.is_some() {
            flags |= KID;
        }
        // "If the OSCORE flag bits are all zero (0x00), the option value SHALL be empty"
        if flags == 0 {
            return Vec::new();
        }
        let mut value = vec![flags];
        value.extend(partial_iv);
        if let Some((length, context)) = context {
            value.push(length);
            value.extend(context);
        }
        value.extend(self.kid.iter().flatten());
        value
    }

    /// Reads an option's value. `Malformed` if a reserved bit is set, it ends too early, or anything follows.
    pub fn parse(value: &[u8]) -> Result<OscoreOption, Reject> {
        let Some((flags, rest)) = value.split_first() else { return Ok(OscoreOption::default()) };
        if flags & !(KID_CONTEXT | KID | LENGTH) != 0 || *flags == 0 {
            return Err(Reject::Malformed);
        }
        let (partial_iv, rest) = rest.split_at_checked(usize::from(flags & LENGTH)).ok_or(Reject::Malformed)?;
        let sequence = if partial_iv.is_empty() { None } else { Some(ccm::sequence(partial_iv)?) };
        let (kid_context, rest) = if flags & KID_CONTEXT == 0 {
            (None, rest)
        } else {
            let (length, rest) = rest.split_first().ok_or(Reject::Malformed)?;
            let (context, rest) = rest.split_at_checked(usize::from(*length)).ok_or(Reject::Malformed)?;
            (Some(context.to_vec()), rest)
        };
        let kid = (flags & KID != 0).then(|| rest.to_vec());
        if kid.is_none() && !rest.is_empty() {
            return Err(Reject::Malformed);
        }
        Ok(OscoreOption { sequence, kid_context, kid })
    }
}
