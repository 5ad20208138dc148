//! The rules for requests to nodes (PROTOCOL.md section 16), inside a transaction: queueing, answering, collecting.
//!
//! A node has so many places for requests. One is taken while its request waits, and then by the response, until the client has collected
//! it: others never take it before it is due. A response that was collected, or that the node did not protect, stays as long as there
//! is room.

use crate::policy::Policy;
use crate::record::{NodeId, RequestRecord, RequestState, mapped};
use crate::refusal::Refusal;
use crate::steps::{self, Kept};
use crate::store::{Read, Write};
use crate::time::Now;
use dke::crypto::Crypto as _;
use dke::{Reject, RustCrypto};
use dke_coap::shares::may_take;
use std::net::IpAddr;

/// The number of the very same request, if it is kept.
pub(crate) fn find(records: &dyn Read, id: &NodeId, request: &[u8]) -> Result<Option<u64>, Refusal> {
    steps::node(records, id)?;
    Ok(records.request_number(id, &RustCrypto::sha256(request))?)
}

/// Queues a request. Returns its number: that of the first one, if it is the very same.
pub(crate) fn ask(
    records: &mut dyn Write,
    id: &NodeId,
    by: IpAddr,
    request: Vec<u8>,
    now: Now,
    policy: &Policy,
) -> Result<(u64, Kept), Refusal> {
    if let Some(number) = find(records, id, &request)? {
        return Ok((number, Kept::Same));
    }
    let mut record = steps::node(records, id)?;
    steps::room(records, &record, policy)?;
    let goes = find_place(records, id, by, policy)?;
    if let Some(goes) = goes {
        records.remove_request(id, goes)?;
    }
    let number = record.requests;
    record.requests = number.saturating_add(1);
    records.put_node(id, &record)?;
    let digest = RustCrypto::sha256(&request);
    let new = RequestRecord { stored: now.date, digest, state: RequestState::Waits { by: mapped(by), request } };
    records.put_request(id, number, &new)?;
    records.put_request_due(now.up.as_secs().saturating_add(policy.request_retention), id, number)?;
    Ok((number, Kept::New))
}

/// Is there a place for one more request from there? Returns the response that has to go for it, if one has to.
fn find_place(records: &dyn Read, id: &NodeId, by: IpAddr, policy: &Policy) -> Result<Option<u64>, Refusal> {
    let all = policy.requests_max;
    let answered = records.requests_answered(id, all)?;
    let waiting = records.requests_waiting(id, all.saturating_sub(answered.len()))?;
    let taken = answered.len().saturating_add(waiting.len());
    // Nobody can have his share yet: there is nothing to be counted.
    if may_take(taken, all.saturating_sub(taken), policy.requests_per_address) {
        return Ok(None);
    }
    let by = mapped(by);
    let (mut own, mut held, mut free) = (0_usize, 0_usize, None);
    for number in answered.into_iter().chain(waiting) {
        match records.request(id, number)?.and_then(|record| record.held_by()) {
            Some(holder) => {
                held = held.saturating_add(1);
                own = own.saturating_add(usize::from(holder == by));
            }
            None => free = free.or(Some(number)),
        }
    }
    if held >= all {
        return Err(Reject::QueueFull.into());
    }
    if !may_take(own, all.saturating_sub(held), policy.requests_per_address) {
        return Err(Refusal::TooMany(policy.retry_after));
    }
    Ok(free.filter(|_| taken >= all))
}

/// Keeps the node's response to a request, which waits no more. `NotFound` if the request is not kept, `Conflict` if it has another response.
pub(crate) fn answer(
    records: &mut dyn Write,
    id: &NodeId,
    number: u64,
    token: &[u8],
    response: Vec<u8>,
    protected: bool,
) -> Result<Kept, Refusal> {
    steps::check_token(&steps::node(records, id)?, token)?;
    let record = records.request(id, number)?.ok_or(Refusal::NotFound)?;
    let by = match &record.state {
        RequestState::Answered { response: known, .. } if *known == response => return Ok(Kept::Same),
        RequestState::Answered { .. } => return Err(Refusal::Conflict),
        RequestState::Waits { by, .. } => *by,
    };
    let state = RequestState::Answered { response, by, awaited: protected };
    records.put_request(id, number, &RequestRecord { state, ..record })?;
    Ok(Kept::New)
}

/// The client has collected the response.
pub(crate) fn collected(records: &mut dyn Write, id: &NodeId, number: u64) -> Result<(), Refusal> {
    let Some(mut record) = records.request(id, number)? else { return Ok(()) };
    if let RequestState::Answered { awaited: awaited @ true, .. } = &mut record.state {
        *awaited = false;
        records.put_request(id, number, &record)?;
    }
    Ok(())
}
