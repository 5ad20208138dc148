//! What is forgotten, and when: exchanges, requests, and nodes that registered themselves and then published nothing.
//!
//! All of it is due by the time for which gateways have run over the store. That never steps, whatever the wall clock does, and stands
//! still while no gateway runs, when nothing new can come either.

use crate::leases::Leases;
use crate::policy::Policy;
use crate::record::{NodeId, Place};
use crate::refusal::Refusal;
use crate::store::{StoreError, Write};

/// Rows that are looked at in one transaction.
const ROWS_MAX: usize = 500;
/// No batch has this epoch: what is due under it is the node itself.
const REGISTRATION: u64 = 0;

/// When a node that registers itself now is due, if it has published nothing until then.
pub(crate) fn put_registration(
    records: &mut dyn Write,
    id: &NodeId,
    up: u64,
    policy: &Policy,
) -> Result<(), StoreError> {
    records.put_due(up.saturating_add(policy.registration), &Place { node: *id, epoch: REGISTRATION, index: 0 })
}

/// Forgets what is due after `up` seconds. Returns the nodes that are gone, and how many things were forgotten; there may be more.
pub(crate) fn forget(
    records: &mut dyn Write,
    leases: &Leases,
    up: u64,
    policy: &Policy,
) -> Result<(Vec<NodeId>, usize), Refusal> {
    records.put_uptime(up)?;
    bring_near(records, up, policy)?;
    let mut gone = Vec::new();
    let exchanges = forget_exchanges(records, leases, up, policy, &mut gone)?;
    Ok((gone, exchanges.saturating_add(forget_requests(records, up)?)))
}

/// Nothing is due later than it would be if it came now: such dates are those of a store that went by the wall clock, or of a policy that
/// kept things for longer.
fn bring_near(records: &mut dyn Write, up: u64, policy: &Policy) -> Result<(), StoreError> {
    let latest = up.saturating_add(policy.retention.max(policy.registration));
    for (at, place) in records.due_after(latest, ROWS_MAX)? {
        records.remove_due(at, &place)?;
        records.put_due(latest, &place)?;
    }
    let latest = up.saturating_add(policy.request_retention);
    for (at, node, number) in records.requests_due_after(latest, ROWS_MAX)? {
        records.remove_request_due(at, &node, number)?;
        records.put_request_due(latest, &node, number)?;
    }
    Ok(())
}

/// The index of a batch that is still stored stays taken: a prekey is never handed out twice.
fn forget_exchanges(
    records: &mut dyn Write,
    leases: &Leases,
    up: u64,
    policy: &Policy,
    gone: &mut Vec<NodeId>,
) -> Result<usize, StoreError> {
    let mut forgotten = 0_usize;
    for (at, place) in records.due(up, ROWS_MAX)? {
        records.remove_due(at, &place)?;
        let record = records.node(&place.node)?;
        if place.epoch == REGISTRATION {
            if let Some(record) = record.filter(|record| record.batches.is_empty() && record.by.is_some()) {
                records.remove_node(&place.node, &record)?;
                leases.forget(&place.node);
                gone.push(place.node);
                forgotten = forgotten.saturating_add(1);
            }
            continue;
        }
        if record.is_some_and(|record| record.batches.iter().any(|batch| batch.epoch == place.epoch)) {
            records.put_due(up.saturating_add(policy.retention), &place)?;
            continue;
        }
        forgotten = forgotten.saturating_add(usize::from(records.remove_exchange(&place)?));
    }
    Ok(forgotten)
}

fn forget_requests(records: &mut dyn Write, up: u64) -> Result<usize, StoreError> {
    let mut forgotten = 0_usize;
    for (at, node, number) in records.requests_due(up, ROWS_MAX)? {
        records.remove_request_due(at, &node, number)?;
        forgotten = forgotten.saturating_add(usize::from(records.remove_request(&node, number)?));
    }
    Ok(forgotten)
}
