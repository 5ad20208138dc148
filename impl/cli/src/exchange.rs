//! Exchanges as commands show and choose them.

use crate::fault::Fault;
use crate::protect_args::Which;
use dke::crypto::Hash;
use dke_app::exchange::Stage;
use dke_coap::names::{NODE_ID, node_name};
use dke_state::{Held, Party, SessionState};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Digits of a hash that name a peer.
const PREFIX: usize = 8;

impl Which {
    fn fits(&self, held: &Held<'_>) -> bool {
        self.peer.as_ref().is_none_or(|peer| names(peer, held.peer_hash.as_ref(), &held.peer))
            && self.session.as_ref().is_none_or(|wanted| held.fingerprint.is_some_and(|own| own[..] == wanted.0))
            && (!self.early || held.exchange.early.is_some())
    }

    /// The exchanges that are meant, newest first. Refused if a name that is given means several peers.
    pub(crate) fn all<'a>(&self, party: &'a mut Party) -> Result<Vec<Held<'a>>, Fault> {
        let mut held = party.held()?;
        held.retain(|one| self.fits(one));
        if self.peer.is_some() {
            one_peer(&held)?;
        }
        Ok(held)
    }

    /// The newest exchange that is meant, with the one peer that is meant.
    pub(crate) fn chosen<'a>(&self, party: &'a mut Party) -> Result<Held<'a>, Fault> {
        let held = self.all(party)?;
        one_peer(&held)?;
        held.into_iter().next().ok_or_else(|| dke_state::Error::NoExchange.into())
    }
}

/// Does this name mean the party with this H(CRED) and subject? A subject may belong to several; a whole hash is nothing else.
pub(crate) fn names(name: &str, hash: Option<&Hash>, subject: &str) -> bool {
    let hash = hash.map(hex::encode).unwrap_or_default();
    let name_is_hash = name.len() == 64 && name.chars().all(|digit| digit.is_ascii_hexdigit());
    let by_hash = name.len() >= PREFIX && hash.starts_with(&name.to_ascii_lowercase());
    by_hash || (!name_is_hash && name == subject)
}

fn one_peer(held: &[Held<'_>]) -> Result<(), Fault> {
    let peers: BTreeMap<_, _> = held.iter().map(|one| (one.peer_hash, one)).collect();
    if peers.len() <= 1 {
        return Ok(());
    }
    let told = |(hash, one): (&Option<Hash>, &&Held<'_>)| {
        format!("{} ({}, {})", hash.map(hex::encode).unwrap_or_default(), one.peer, trust_name(one.vouched))
    };
    Err(ambiguous("peers", "--peer", peers.iter().map(told).collect()))
}

/// A name that could mean several: they are told by their hashes.
pub(crate) fn ambiguous(what: &str, option: &str, all: Vec<String>) -> Fault {
    Fault::usage(format!("Several {what} could be meant: {}; say which with {option} and the hash.", all.join(", ")))
}

/// pinned or vouched.
pub(crate) const fn trust_name(vouched: bool) -> &'static str {
    if vouched { "vouched" } else { "pinned" }
}

/// A session without its secrets.
pub(crate) fn told(session: &SessionState) -> Value {
    json!({
        "peer": session.peer,
        "peer_hash": session.peer_hash.as_ref().map(|hash| hex::encode(hash.0)),
        "trust": trust_name(session.vouched),
        "peer_id": session.peer_hash.as_ref().map(|hash| id(&hash.0)),
        "mode": session.mode, "suite": session.suite, "epoch": session.epoch, "index": session.index,
        "fingerprint": hex::encode(session.fingerprint()),
        "early_keys": session.early_secret.is_some(),
        "awaiting": session.protected.awaiting.len(),
    })
}

/// A party's identifier in a path.
pub(crate) fn id(hash: &Hash) -> String {
    node_name(&hash.first_chunk::<NODE_ID>().copied().unwrap_or_default())
}

/// early or session.
pub(crate) const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Early => "early",
        Stage::Session => "session",
    }
}
