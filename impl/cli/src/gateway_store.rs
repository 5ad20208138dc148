//! The gateway's state in a file. It holds no secret.

use crate::exchange::{ambiguous, names};
use crate::fault::Fault;
use dke::crypto::{Crypto as _, Hash};
use dke::gateway::{Shelf, Slot};
use dke::message::{Header, Publication};
use dke::{Credential, Depth, Reject, RustCrypto};
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

/// By H(CRED_N), in hexadecimal.
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

    fn hash(&self) -> Hash {
        RustCrypto::sha256(&self.credential.0)
    }

    /// H(CRED_N), in hexadecimal.
    pub(crate) fn name(&self) -> String {
        hex::encode(self.hash())
    }

    /// For people: another node may have the same.
    pub(crate) fn subject(&self) -> String {
        Credential::parse(&self.credential.0).map(|credential| credential.subject().to_string()).unwrap_or_default()
    }

    fn is_named(&self, name: &str) -> bool {
        names(name, Some(&self.hash()), &self.subject())
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
        let GatewayState { nodes } = locked.load(FILE, FORMAT)?.unwrap_or_default();
        // Nodes were named by their subjects once.
        let nodes = nodes.into_values().map(|mailbox| (mailbox.name(), mailbox)).collect();
        Ok(GatewayFile { locked, state: GatewayState { nodes } })
    }

    pub(crate) fn save(&self) -> Result<(), Fault> {
        Ok(self.locked.save(FILE, FORMAT, &self.state)?)
    }

    /// The node of this name, or the only one. Refused if several could be meant.
    pub(crate) fn mailbox(&mut self, name: Option<&str>) -> Result<&mut Mailbox, Fault> {
        let meant = |mailbox: &&mut Mailbox| name.is_none_or(|name| mailbox.is_named(name));
        let mut found: Vec<&mut Mailbox> = self.state.nodes.values_mut().filter(meant).collect();
        match (found.pop(), found.as_slice()) {
            (None, _) => Err(Reject::UnknownNode.into()),
            (Some(one), []) => Ok(one),
            (Some(one), others) => {
                let told = |mailbox: &Mailbox| format!("{} ({})", mailbox.name(), mailbox.subject());
                Err(ambiguous("nodes", "--node", others.iter().map(|one| told(one)).chain([told(one)]).collect()))
            }
        }
    }
}
