//! The rules for requests to nodes (PROTOCOL.md section 16), inside a transaction: queueing, answering, forgetting.

use crate::policy::Policy;
use crate::record::{NodeId, RequestRecord, RequestState};
use crate::refusal::Refusal;
use crate::steps::{self, Kept};
use crate::store::{Read, Write};
use dke::crypto::Crypto as _;
use dke::{Reject, RustCrypto};
use std::net::IpAddr;

/// Requests that are forgotten in one transaction.
const FORGET_MAX: usize = 500;

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
    now: u64,
    policy: &Policy,
) -> Result<(u64, Kept), Refusal> {
    if let Some(number) = find(records, id, &request)? {
        return Ok((number, Kept::Same));
    }
    records.room()?;
    let by = mapped(by);
    let waiting = records.requests_waiting(id, policy.requests_max)?;
    if waiting.len() >= policy.requests_max {
        return Err(Reject::QueueFull.into());
    }
    let mut from_here = 0_usize;
    for number in waiting {
        let known = records.request(id, number)?.map(|record| record.state);
        from_here = from_here.saturating_add(match known {
            Some(RequestState::Waits { by: known, .. }) if known == by => 1,
            _ => 0,
        });
    }
    if from_here >= policy.requests_per_address {
        return Err(Refusal::TooMany(policy.retry_after));
    }
    let mut record = steps::node(records, id)?;
    let number = record.requests;
    record.requests = number.saturating_add(1);
    records.put_node(id, &record)?;
    let digest = RustCrypto::sha256(&request);
    let new = RequestRecord { stored: now, digest, state: RequestState::Waits { by, request } };
    records.put_request(id, number, &new)?;
    records.put_request_due(now.saturating_add(policy.request_retention), id, number)?;
    Ok((number, Kept::New))
}

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// Keeps the node's response to a request, which waits no more. `NotFound` if the request is not kept, `Conflict` if it has another response.
pub(crate) fn answer(
    records: &mut dyn Write,
    id: &NodeId,
    number: u64,
    token: &[u8],
    response: Vec<u8>,
    policy: &Policy,
) -> Result<Kept, Refusal> {
    steps::check_token(&steps::node(records, id)?, token)?;
    let record = records.request(id, number)?.ok_or(Refusal::NotFound)?;
    match record.response() {
        Some(known) if known == response => return Ok(Kept::Same),
        Some(_) => return Err(Refusal::Conflict),
        None => {}
    }
    let kept = records.requests_answered(id, policy.responses_max)?;
    if let Some(oldest) = kept.first().filter(|_| kept.len() >= policy.responses_max) {
        records.remove_request(id, *oldest)?;
    }
    records.put_request(id, number, &RequestRecord { state: RequestState::Answered { response }, ..record })?;
    Ok(Kept::New)
}

/// Forgets requests that have been kept long enough, answered or not. Returns how many; there may be more.
pub(crate) fn forget(records: &mut dyn Write, now: u64) -> Result<usize, Refusal> {
    let due = records.requests_due(now, FORGET_MAX)?;
    for (at, node, number) in &due {
        records.remove_request_due(*at, node, *number)?;
        records.remove_request(node, *number)?;
    }
    Ok(due.len())
}
