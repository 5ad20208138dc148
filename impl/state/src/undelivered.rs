//! What was received and could not be given to whoever asked for it yet: it stays until it was.

use crate::error::Error;
use crate::hexed::{Hex, HexN};
use crate::party::Party;
use dke::RustCrypto;
use dke::crypto::{Crypto as _, Hash};
use dke_agent::Called;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Contents that may wait to be delivered. Beyond, nothing new is opened: none is dropped.
pub const UNDELIVERED_MAX: usize = 16;

/// Content that was opened, and not delivered.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undelivered {
    /// SHA-256 of what it came in.
    pub from: HexN<32>,
    /// H(CRED) of the other end.
    pub peer: HexN<32>,
    /// What is told about it, in order.
    pub facts: Vec<(String, Value)>,
    /// The content, where it is not one of the facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Hex>,
}

impl Undelivered {
    /// Is this one of its facts?
    pub fn tells(&self, fact: &str) -> bool {
        self.facts.iter().any(|(name, _)| name == fact)
    }

    /// By what the answer to a call is kept.
    pub fn of_call(called: &Called) -> Hash {
        RustCrypto::sha256(&called.session.secret.fingerprint())
    }
}

/// Contents that wait, oldest first.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shelf(Vec<Undelivered>);

impl Shelf {
    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that waits.
    pub fn all(&self) -> &[Undelivered] {
        &self.0
    }

    /// What came in this.
    pub fn find(&self, from: &Hash) -> Option<&Undelivered> {
        self.0.iter().find(|one| one.from.0 == *from)
    }

    /// One more, durable with the state in which it counts as received. `Undelivered` if there is no room: then nothing was received.
    pub fn put(&mut self, one: Undelivered) -> Result<(), Error> {
        self.has_room()?;
        self.0.push(one);
        Ok(())
    }

    /// `Undelivered` if there is no room for one more.
    pub fn has_room(&self) -> Result<(), Error> {
        if self.0.len() < UNDELIVERED_MAX { Ok(()) } else { Err(Error::Undelivered(self.0.len())) }
    }

    /// These were delivered. Were there any?
    pub fn remove(&mut self, delivered: &[Hash]) -> bool {
        let before = self.0.len();
        self.0.retain(|one| !delivered.contains(&one.from.0));
        self.0.len() < before
    }
}

impl Party {
    /// What waits to be delivered.
    pub fn undelivered(&mut self) -> &mut Shelf {
        match self {
            Party::Node(file) => &mut file.state.undelivered,
            Party::Client(file) => &mut file.state.undelivered,
        }
    }
}
