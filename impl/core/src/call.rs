//! Calls, which are carried out once (PROTOCOL.md section 18.2): early data that has a number, and answer data that says what came of it.
//!
//! ```text
//! Call    = [ number (bstr, 8), data (bstr, 0..1011) ]
//! Outcome = [ status (uint), data (bstr, 0..1019) ]
//! ```
//!
//! The exchange itself knows nothing of this. [`judge`] is pure and allocates nothing: whoever keeps the numbers shows them as [`Kept`].

use crate::cbor::{Reader, Writer};
use crate::crypto::{Crypto, Hash};
use crate::error::{Misuse, Reject};
use crate::params::{CALL_DATA_MAX, CALL_NUMBER, CALL_TRIES, DATA_MAX, OUTCOME_DATA_MAX};

/// Tells a call from all others of its client: 8 random bytes.
pub type Number = [u8; CALL_NUMBER];

/// What a client wants to have carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    /// The same each time the call is sent.
    pub number: &'a Number,
    /// 0..1011 bytes.
    pub data: &'a [u8],
}

impl<'a> Call<'a> {
    /// Reads early data. `Malformed`, `NotDeterministic`, `TrailingBytes`.
    pub fn parse(early_data: &'a [u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(early_data);
        reader.array(2)?;
        let number = reader.array_of()?;
        let data = reader.bytes_within(0, CALL_DATA_MAX)?;
        reader.end()?;
        Ok(Call { number, data })
    }

    /// Writes it as early data and returns its length. `DataTooLong`.
    pub fn write(&self, out: &mut [u8; DATA_MAX]) -> Result<usize, Misuse> {
        if self.data.len() > CALL_DATA_MAX {
            return Err(Misuse::DataTooLong);
        }
        let mut writer = Writer::new(out);
        writer.array(2)?.bytes(self.number)?.bytes(self.data)?;
        Ok(writer.len())
    }
}

/// What came of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// Carried out; the answer has 0..1019 bytes, and is that of the first time.
    Done(&'a [u8]),
    /// Begun, and there is no answer: the node or its application stopped.
    Unknown,
    /// Not carried out over this exchange.
    Refused(Refusal),
}

/// Why a call was not carried out over an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The node has no room for another number of this client.
    Full,
    /// This client has used the number for other data.
    Conflict,
    /// The early data is not a Call.
    Malformed,
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Refusal::Full => {
                "the node has no room for another call of this client until it has published two more batches"
            }
            Refusal::Conflict => "the call's number was used for other data",
            Refusal::Malformed => "the node did not understand the call",
        })
    }
}

impl<'a> Outcome<'a> {
    /// Reads answer data. `Malformed`, `NotDeterministic`, `TrailingBytes`.
    pub fn parse(answer_data: &'a [u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(answer_data);
        reader.array(2)?;
        let status = reader.uint()?;
        let data = reader.bytes_within(0, OUTCOME_DATA_MAX)?;
        reader.end()?;
        match (status, data) {
            (0, answer) => Ok(Outcome::Done(answer)),
            (1, []) => Ok(Outcome::Unknown),
            (2, []) => Ok(Outcome::Refused(Refusal::Full)),
            (3, []) => Ok(Outcome::Refused(Refusal::Conflict)),
            (4, []) => Ok(Outcome::Refused(Refusal::Malformed)),
            _ => Err(Reject::Malformed),
        }
    }

    /// What an application's answer is for the client; unknown if there is none, or it has more than 1,019 bytes.
    pub fn of(answer: Option<&'a [u8]>) -> Self {
        answer.filter(|answer| answer.len() <= OUTCOME_DATA_MAX).map_or(Outcome::Unknown, Outcome::Done)
    }

    /// Writes it as answer data and returns its length. `DataTooLong`.
    pub fn write(&self, out: &mut [u8; DATA_MAX]) -> Result<usize, Misuse> {
        let (status, data) = match self {
            Outcome::Done(answer) if answer.len() > OUTCOME_DATA_MAX => return Err(Misuse::DataTooLong),
            Outcome::Done(answer) => (0, *answer),
            Outcome::Unknown => (1, [].as_slice()),
            Outcome::Refused(Refusal::Full) => (2, [].as_slice()),
            Outcome::Refused(Refusal::Conflict) => (3, [].as_slice()),
            Outcome::Refused(Refusal::Malformed) => (4, [].as_slice()),
        };
        let mut writer = Writer::new(out);
        writer.array(2)?.uint(status)?.bytes(data)?;
        Ok(writer.len())
    }
}

/// A number that a node keeps.
#[derive(Clone, Copy)]
pub struct Kept<'a> {
    /// H(CRED_C).
    pub client: &'a Hash,
    /// The client's number.
    pub number: &'a Number,
    /// SHA-256 of the early data with which it came first.
    pub digest: &'a Hash,
    /// Once there is one.
    pub answer: Option<&'a [u8]>,
}

/// What a node does with early data that is not empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Judgement<'a, 'k> {
    /// Keep number and digest, durably; then give the call to the application.
    CarryOut(Call<'a>, Hash),
    /// Carry out nothing, answer this.
    Answer(Outcome<'k>),
}

/// Section 18.2, steps 1 to 3. `room`: how many numbers the node can keep in all.
pub fn judge<'a, 'k, C: Crypto>(
    kept: impl Iterator<Item = Kept<'k>>,
    room: usize,
    client: &Hash,
    early_data: &'a [u8],
) -> Judgement<'a, 'k> {
    // 1
    let Ok(call) = Call::parse(early_data) else {
        return Judgement::Answer(Outcome::Refused(Refusal::Malformed));
    };
    let digest = C::sha256(early_data);
    let (mut all, mut own) = (0_usize, 0_usize);
    for one in kept {
        all = all.saturating_add(1);
        if one.client != client {
            continue;
        }
        own = own.saturating_add(1);
        // 2
        if one.number == call.number {
            let same = *one.digest == digest;
            let first = if same { Outcome::of(one.answer) } else { Outcome::Refused(Refusal::Conflict) };
            return Judgement::Answer(first);
        }
    }
    // 3
    if own >= room.saturating_sub(all) {
        return Judgement::Answer(Outcome::Refused(Refusal::Full));
    }
    Judgement::CarryOut(call, digest)
}

/// Is a number that came over `epoch` still kept when the batch of `next` begins (N1.2)? The call may come again over the epoch after `epoch`, whose batch
/// is erased when that of `epoch` + 3 begins.
pub const fn is_kept(epoch: u64, next: u64) -> bool {
    next < epoch.saturating_add(3)
}

/// May a client begin another exchange of a call over a prekey of `epoch`? Its first one was over `first`, and so many are pending.
pub const fn may_repeat(first: u64, exchanges: usize, epoch: u64) -> bool {
    exchanges < CALL_TRIES && first <= epoch && epoch <= first.saturating_add(1)
}

/// Is an exchange over `epoch` without a Confirm over, now that the node has signed a batch of epoch `newest`? The node has erased its batch and its Confirm.
pub const fn is_over(epoch: u64, newest: u64) -> bool {
    epoch.saturating_add(2) <= newest
}
