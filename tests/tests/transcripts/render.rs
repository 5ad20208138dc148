//! States and messages in words.

use dke::Session;
use dke::message::{Confirm, Initiate, Offer, Publication};
use dke_tests::diagnostic::{CONFIRM, Field, INITIATE, OFFER, PUBLICATION};
use dke_tests::harness::{Lease, TestGateway};
use dke_tests::memory_store::{ClientMemory, NodeMemory};
use std::collections::BTreeSet;

/// The protocol's messages.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Publication,
    Offer,
    Initiate,
    Confirm,
}

impl Kind {
    pub(crate) fn field(self) -> &'static Field {
        match self {
            Kind::Publication => &PUBLICATION,
            Kind::Offer => &OFFER,
            Kind::Initiate => &INITIATE,
            Kind::Confirm => &CONFIRM,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.field().0
    }
}

/// All that a message says to one without keys.
pub(crate) fn visible(kind: Kind, message: &[u8], gateway: &TestGateway) -> String {
    let seen = match kind {
        Kind::Publication => Publication::parse(message).and_then(|seen| {
            let header = seen.batch.header(&gateway.node())?;
            let (epoch, suite, count) = (header.epoch, header.suite.id(), seen.prekeys().len());
            Ok(format!("epoch {epoch}, suite {suite}, prekeys {count}, valid until {}", header.not_after))
        }),
        Kind::Offer => Offer::parse(message).and_then(|seen| {
            let header = seen.batch.header(&gateway.node())?;
            Ok(format!("epoch {}, index {}", header.epoch, seen.index))
        }),
        Kind::Initiate => Initiate::parse(message).map(|seen| {
            let flag = if seen.flags == 1 { "refresh" } else { "basic" };
            let (id, data) = (seen.ct_1.len(), seen.ct_2.len());
            format!("epoch {}, index {}, {flag}; CT_1 of {id}, CT_2 of {data} bytes", seen.epoch, seen.index)
        }),
        Kind::Confirm => Confirm::parse(message).map(|seen| {
            let mode = if seen.z.is_empty() { "basic" } else { "refresh" };
            format!("epoch {}, index {}, {mode}; CT_3 of {} bytes", seen.epoch, seen.index, seen.ct_3.len())
        }),
    };
    seen.unwrap_or_else(|reject| format!("unreadable: {}", reject.name()))
}

pub(crate) fn node_state(memory: &NodeMemory) -> String {
    let mut parts = vec![format!("last epoch {}", memory.last_epoch)];
    for (epoch, batch) in &memory.batches {
        let prekeys: Vec<&str> =
            batch.prekeys.values().map(|(y, _)| if y.is_some() { "y" } else { "erased" }).collect();
        parts.push(format!("batch {epoch} [{}]", prekeys.join(" ")));
    }
    parts.push(list("outbox", memory.outbox.keys()));
    parts.join("; ")
}

pub(crate) fn client_state(memory: &ClientMemory) -> String {
    let highest = memory.highest_epoch.values().max().copied().unwrap_or_default();
    let pending: BTreeSet<(u64, u8)> = memory.pending.values().map(|one| (one.epoch, one.index)).collect();
    format!("highest epoch {highest}; {}", list("pending", pending.iter()))
}

pub(crate) fn gateway_state(gateway: &TestGateway) -> String {
    let mut parts = vec![match gateway.publications.keys().next_back() {
        Some(epoch) => format!("newest batch {epoch}"),
        None => "no batch".to_owned(),
    }];
    for ((epoch, index), lease) in &gateway.leases {
        let state = match lease {
            Lease::Leased(_) => "leased",
            Lease::Taken(_) => "taken",
        };
        parts.push(format!("prekey {epoch}/{index} {state}"));
    }
    parts.push(format!("queue {}", gateway.queue.len()));
    let confirms: Vec<&(u64, u8)> =
        gateway.confirms.iter().flat_map(|(place, kept)| std::iter::repeat_n(place, kept.len())).collect();
    parts.push(list("Confirms", confirms.into_iter()));
    parts.join("; ")
}

fn list<'a>(name: &str, places: impl Iterator<Item = &'a (u64, u8)>) -> String {
    let places: Vec<String> = places.map(|(epoch, index)| format!("{epoch}/{index}")).collect();
    if places.is_empty() { format!("{name} empty") } else { format!("{name} {}", places.join(" ")) }
}

pub(crate) fn data(bytes: &[u8]) -> String {
    format!("{:?}, {} bytes", String::from_utf8_lossy(bytes), bytes.len())
}

pub(crate) fn fingerprint(bytes: [u8; 8]) -> String {
    bytes.chunks(2).map(hex::encode).collect::<Vec<_>>().join(" ")
}

pub(crate) fn session(session: &Session) -> String {
    let mode = match session.mode {
        dke::Mode::Basic => "basic",
        dke::Mode::Refresh => "refresh",
    };
    format!("{} (suite {}, {mode})", fingerprint(session.secret.fingerprint()), session.suite.id())
}
