//! The gateway's state in a file. It holds no secret.

use crate::fault::Fault;
use dke::gateway::{Shelf, Slot};
use dke::message::{Header, Publication};
use dke::{Credential, Depth, Reject};
use dke_state::{Hex, Locked};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file's name in the gateway's directory.
pub(crate) const FILE: &str = "gateway.json";
const FORMAT: &str = "dke-gateway-1";
/// Initiates that may wait for one node.
const QUEUE_MAX: usize = 512;
/// Differing Confirms that are kept for one exchange.
pub(crate) const CONFIRMS_MAX: usize = 4;

/// By the node's subject.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatewayState {
    pub(crate) nodes: BTreeMap<String, Mailbox>,
}

/// What the gateway has of one node.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mailbox {
    pub(crate) credential: Hex,
    pub(crate) highest_epoch: u64,
    pub(crate) publications: BTreeMap<u64, Hex>,
    pub(crate) slots: BTreeMap<u64, BTreeMap<u8, SlotState>>,
}

/// What the gateway has for one index that was handed out.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlotState {
    /// End of the lease, UNIX seconds.
    pub(crate) until: u64,
    pub(crate) initiate: Option<Hex>,
    pub(crate) confirms: Vec<Hex>,
}

impl Mailbox {
    pub(crate) fn new(credential: Hex) -> Mailbox {
        Mailbox { credential, highest_epoch: 0, publications: BTreeMap::new(), slots: BTreeMap::new() }
    }

    /// The header of a stored Publication.
    pub(crate) fn header(&self, epoch: u64) -> Option<Header> {
        let credential = Credential::parse(&self.credential.0).ok()?;
        let publication = Publication::parse(&self.publications.get(&epoch)?.0).ok()?;
        publication.batch.header(credential.hash()).ok()
    }

    /// G2: the first index of the newest batch that is free now.
    pub(crate) fn free(&self, now: u64) -> Result<(u64, u8), Reject> {
        let epoch = self.highest_epoch;
        let depth = self.header(epoch).ok_or(Reject::Exhausted)?.depth;
        let shelf = ShelfAt { mailbox: self, now };
        let last = u8::try_from(depth.prekeys().saturating_sub(1)).unwrap_or(u8::MAX);
        let free = (0..=last).find(|index| matches!(shelf.slot(epoch, *index), Slot::Free));
        free.map(|index| (epoch, index)).ok_or(Reject::Exhausted)
    }

    pub(crate) fn slot(&mut self, epoch: u64, index: u8) -> &mut SlotState {
        self.slots.entry(epoch).or_default().entry(index).or_default()
    }

    /// Initiates that wait for the node.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (u64, u8, &Hex)> {
        self.slots.iter().flat_map(|(epoch, slots)| {
            slots
                .iter()
                .filter(|(_, slot)| slot.confirms.is_empty())
                .filter_map(|(index, slot)| slot.initiate.as_ref().map(|initiate| (*epoch, *index, initiate)))
        })
    }
}

/// A mailbox at a moment: leases run out.
pub(crate) struct ShelfAt<'a> {
    pub(crate) mailbox: &'a Mailbox,
    pub(crate) now: u64,
}

impl Shelf for ShelfAt<'_> {
    fn depth(&self, epoch: u64) -> Option<Depth> {
        self.mailbox.header(epoch).map(|header| header.depth)
    }

    fn slot(&self, epoch: u64, index: u8) -> Slot<'_> {
        match self.mailbox.slots.get(&epoch).and_then(|slots| slots.get(&index)) {
            Some(SlotState { initiate: Some(initiate), .. }) => Slot::Taken(&initiate.0),
            Some(slot) if slot.until >= self.now => Slot::Leased,
            _ => Slot::Free,
        }
    }

    fn has_room(&self) -> bool {
        self.mailbox.waiting().count() < QUEUE_MAX
    }
}

/// The gateway's directory, locked, and its state.
pub(crate) struct GatewayFile {
    locked: Locked,
    pub(crate) state: GatewayState,
}

impl GatewayFile {
    pub(crate) fn open(locked: Locked) -> Result<GatewayFile, Fault> {
        let state = locked.load(FILE, FORMAT)?.unwrap_or_default();
        Ok(GatewayFile { locked, state })
    }

    pub(crate) fn save(&self) -> Result<(), Fault> {
        Ok(self.locked.save(FILE, FORMAT, &self.state)?)
    }

    /// The node of this subject, or the only one.
    pub(crate) fn mailbox(&mut self, subject: Option<&str>) -> Result<&mut Mailbox, Fault> {
        match subject {
            Some(subject) => Ok(self.state.nodes.get_mut(subject).ok_or(Reject::UnknownNode)?),
            None if self.state.nodes.len() > 1 => {
                Err(Fault::usage("The gateway knows several nodes; say which with --node."))
            }
            None => Ok(self.state.nodes.values_mut().next().ok_or(Reject::UnknownNode)?),
        }
    }
}
