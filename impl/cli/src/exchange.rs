//! Exchanges as commands show and choose them.

use crate::protect_args::Which;
use dke::crypto::Hash;
use dke_app::exchange::Stage;
use dke_coap::names::{NODE_ID, node_name};
use dke_state::{Held, SessionState};
use serde_json::{Value, json};

impl Which {
    pub(crate) fn fits(&self, held: &Held<'_>) -> bool {
        self.peer.as_ref().is_none_or(|peer| *peer == held.peer)
            && self.session.as_ref().is_none_or(|wanted| held.fingerprint.is_some_and(|own| own[..] == wanted.0))
            && (!self.early || held.exchange.early.is_some())
    }
}

/// A session without its secrets.
pub(crate) fn told(session: &SessionState) -> Value {
    json!({
        "peer": session.peer,
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
