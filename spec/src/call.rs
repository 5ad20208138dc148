//! Calls, which are carried out once (PROTOCOL.md section 18.2): early data that has a number, answer data that says what came of it, and
//! the node's table of numbers.

use crate::bytes::{Bytes, concat_all, empty, equal};
use crate::cbor::{encode_array_head, encode_bstr, encode_uint, read_array_of, read_end};
use crate::error::Reject;
use crate::fields::{read_bstr, read_uint};
use crate::params::{CALL_DATA_MAX, CALL_NUMBER, CALL_TRIES, OUTCOME_DATA_MAX};
use crate::sha256::sha256;

/// Carried out; the data is the answer.
pub const DONE: u64 = 0;
/// Begun, and there is no answer.
pub const UNKNOWN: u64 = 1;
/// Not carried out: no room for another number of this client.
pub const FULL: u64 = 2;
/// Not carried out: the number was used for other data.
pub const CONFLICT: u64 = 3;
/// Nothing was carried out: the early data is not a Call.
pub const MALFORMED: u64 = 4;

/// What a client wants to have carried out.
#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 18.2")]
pub struct Call {
    pub number: Bytes,
    pub data: Bytes,
}

/// What came of it.
#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 18.2")]
pub struct Outcome {
    pub status: u64,
    pub data: Bytes,
}

/// `[number, data]`
pub fn encode_call(call: &Call) -> Result<Bytes, Reject> {
    if call.data.len() > CALL_DATA_MAX {
        Err(Reject::DataTooLong)
    } else {
        Ok(concat_all(&[encode_array_head(2), encode_bstr(&call.number), encode_bstr(&call.data)]))
    }
}

/// Reads a Call.
#[hax_lib::ensures(|result| match result {
    Ok(call) => call.number.len() == CALL_NUMBER && call.data.len() <= CALL_DATA_MAX,
    Err(_) => true,
})]
pub fn parse_call(input: &Bytes) -> Result<Call, Reject> {
    let number = read_bstr(input, read_array_of(input, 0, 2)?, CALL_NUMBER, CALL_NUMBER)?;
    let data = read_bstr(input, number.next, 0, CALL_DATA_MAX)?;
    read_end(input, data.next)?;
    Ok(Call { number: number.value, data: data.value })
}

/// `[status, data]`
pub fn encode_outcome(outcome: &Outcome) -> Bytes {
    concat_all(&[encode_array_head(2), encode_uint(outcome.status), encode_bstr(&outcome.data)])
}

/// Has an Outcome this status, with so many bytes of data?
pub fn is_outcome(status: u64, length: usize) -> bool {
    if status == DONE { length <= OUTCOME_DATA_MAX } else { status <= MALFORMED && length == 0 }
}

/// Reads an Outcome.
#[hax_lib::ensures(|result| match result { Ok(outcome) => is_outcome(outcome.status, outcome.data.len()), Err(_) => true })]
pub fn parse_outcome(input: &Bytes) -> Result<Outcome, Reject> {
    let status = read_uint(input, read_array_of(input, 0, 2)?)?;
    let data = read_bstr(input, status.next, 0, OUTCOME_DATA_MAX)?;
    read_end(input, data.next)?;
    if is_outcome(status.value, data.value.len()) {
        Ok(Outcome { status: status.value, data: data.value })
    } else {
        Err(Reject::Malformed)
    }
}

/// What the node keeps of one call.
#[derive(Clone)]
pub struct Kept {
    /// H(CRED_C).
    pub client: Bytes,
    /// The client's number.
    pub number: Bytes,
    /// SHA-256 of the early data.
    pub digest: Bytes,
    /// Of the exchange over which it came first.
    pub epoch: u64,
    /// Once there is one.
    pub answer: Option<Bytes>,
}

/// What the node does with early data.
#[derive(Clone)]
pub enum Judgement {
    /// Gives it to the application, once the table is durable.
    CarryOut(Call, Vec<Kept>),
    /// Carries out nothing; this is the answer data.
    Answer(Bytes),
}

/// Steps 1 to 4, for early data of an exchange of this epoch with this client. `room`: how many numbers the node can keep.
pub fn judge(kept: &[Kept], room: usize, client: &Bytes, epoch: u64, early_data: &Bytes) -> Judgement {
    if early_data.len() == 0 {
        // "early data of 0 bytes is an exchange without a call, and has answer data of 0 bytes"
        return Judgement::Answer(empty());
    }
    match parse_call(early_data) {
        // 1. "Read Call. If it is rejected: malformed."
        Err(_) => told(MALFORMED),
        Ok(call) => judge_call(kept, room, client, epoch, &call, &sha256(early_data)),
    }
}

fn judge_call(kept: &[Kept], room: usize, client: &Bytes, epoch: u64, call: &Call, digest: &Bytes) -> Judgement {
    match find(kept, client, &call.number) {
        Some(first) => {
            // 2. "with the digest of other data: conflict"
            if !equal(&first.digest, digest) {
                return told(CONFLICT);
            }
            Judgement::Answer(outcome(&first.answer))
        }
        None => {
            // 3. "The node keeps as many numbers of this client as it has room for further ones, or more: full."
            if kept.len() >= room || count(kept, client) >= room - kept.len() {
                return told(FULL);
            }
            // 4. "Keep the number, durably."
            let mut table = kept.to_vec();
            table.push(Kept {
                client: client.clone(),
                number: call.number.clone(),
                digest: digest.clone(),
                epoch,
                answer: None,
            });
            Judgement::CarryOut(call.clone(), table)
        }
    }
}

/// Steps 5 and 6: the table with what the application answered, and the answer data.
pub fn settle(kept: &[Kept], client: &Bytes, number: &Bytes, answer: &Option<Bytes>) -> (Vec<Kept>, Bytes) {
    // 5. "No answer, or one of more than 1,019 bytes, is unknown."
    let answer = match answer {
        Some(answer) if answer.len() <= OUTCOME_DATA_MAX => Some(answer.clone()),
        _ => None,
    };
    let mut table = Vec::new();
    for i in 0..kept.len() {
        let mut one = kept[i].clone();
        if is_of(&one, client, number) {
            one.answer = answer.clone();
        }
        table.push(one);
    }
    (table, outcome(&answer))
}

/// "A number that came over epoch e is dropped in N1.2 of epoch e + 3, and not before": the table when the batch of `epoch` begins.
pub fn drop_numbers(kept: &[Kept], epoch: u64) -> Vec<Kept> {
    let mut table = Vec::new();
    for i in 0..kept.len() {
        if kept[i].epoch.saturating_add(3) > epoch {
            table.push(kept[i].clone());
        }
    }
    table
}

/// May a client begin another exchange of a call over this epoch, where the first one was over epoch `first`, and so many are pending?
pub fn may_repeat(first: u64, exchanges: usize, epoch: u64) -> bool {
    // "over a prekey of the epoch of the first Initiate or the next one, while less than four are pending"
    exchanges < CALL_TRIES && first <= epoch && epoch - first <= 1
}

/// Is an exchange of this epoch without a Confirm over, now that the node has signed a batch of epoch `newest`?
pub fn is_over(epoch: u64, newest: u64) -> bool {
    newest >= epoch.saturating_add(2)
}

fn told(status: u64) -> Judgement {
    Judgement::Answer(encode_outcome(&Outcome { status, data: empty() }))
}

fn outcome(answer: &Option<Bytes>) -> Bytes {
    match answer {
        Some(answer) => encode_outcome(&Outcome { status: DONE, data: answer.clone() }),
        None => encode_outcome(&Outcome { status: UNKNOWN, data: empty() }),
    }
}

fn is_of(one: &Kept, client: &Bytes, number: &Bytes) -> bool {
    equal(&one.client, client) && equal(&one.number, number)
}

fn find(kept: &[Kept], client: &Bytes, number: &Bytes) -> Option<Kept> {
    let mut found = None;
    for i in 0..kept.len() {
        if is_of(&kept[i], client, number) {
            found = Some(kept[i].clone());
        }
    }
    found
}

fn count(kept: &[Kept], client: &Bytes) -> usize {
    let mut count = 0;
    for i in 0..kept.len() {
        if equal(&kept[i].client, client) {
            count += 1;
        }
    }
    count
}
