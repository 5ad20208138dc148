//! Exchanges as a party stores them: the secrets, what has been protected with them, and what awaits a response.

use crate::hexed::{Hex, HexN};
use crate::party::Held;
use coap_lite::Packet;
use dke::crypto::Hash;
use dke::key_schedule::{EarlySecret, SessionSecret};
use dke::params::FINGERPRINT;
use dke::{Mode, Session};
use dke_app::exchange::{Asked, Counters, Exchange, Stage};
use dke_app::{Role, message};
use dke_coap::names::{NODE_ID, node_name};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A finished exchange, for the application.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionState {
    /// The other end: subject, or H(CRED) where no name is known.
    pub(crate) peer: String,
    /// H(CRED) of the other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) peer_hash: Option<HexN<32>>,
    pub(crate) mode: String,
    pub(crate) suite: u8,
    pub(crate) epoch: u64,
    pub(crate) index: u8,
    /// Gone when section 15 says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) early_secret: Option<HexN<32>>,
    pub(crate) session_secret: HexN<32>,
    #[serde(default, skip_serializing_if = "Protected::is_unused")]
    pub(crate) protected: Protected,
}

/// What has been protected with an exchange's keys.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Protected {
    pub(crate) counters: Counters,
    /// The client's requests without a response.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) awaiting: Vec<AskedState>,
}

/// A request without a response.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedState {
    /// Finds it again when its exchange has got further.
    pub(crate) id: HexN<8>,
    pub(crate) asked: Asked,
    /// What is protected.
    pub(crate) message: Hex,
}

impl AskedState {
    /// `None` if the file says what nobody has written.
    pub(crate) fn packet(&self) -> Option<Packet> {
        message::decode(&self.message.0).ok()
    }
}

impl Protected {
    pub(crate) fn is_unused(&self) -> bool {
        self.counters.is_unused() && self.awaiting.is_empty()
    }

    fn awaits_early(&self) -> bool {
        self.awaiting.iter().any(|one| one.asked.stage == Stage::Early)
    }
}

impl SessionState {
    /// As it is stored when the exchange has finished.
    pub(crate) fn new(peer: &str, peer_hash: &Hash, session: &Session, early: &[u8; 32]) -> SessionState {
        SessionState {
            peer: peer.to_string(),
            peer_hash: Some(HexN(*peer_hash)),
            mode: mode_name(session.mode).to_string(),
            suite: session.suite.id(),
            epoch: session.epoch,
            index: session.index,
            early_secret: Some(HexN(*early)),
            session_secret: HexN(*session.secret.expose()),
            protected: Protected::default(),
        }
    }

    pub(crate) fn secret(&self) -> SessionSecret {
        SessionSecret::restore(self.session_secret.0)
    }

    pub(crate) fn fingerprint(&self) -> [u8; FINGERPRINT] {
        self.secret().fingerprint()
    }

    /// This end of it, with what tells it from the others.
    pub(crate) fn held(&mut self, role: Role) -> Held<'_> {
        Held {
            peer: self.peer.clone(),
            peer_hash: self.peer_hash.as_ref().map(|hash| hash.0),
            epoch: self.epoch,
            index: self.index,
            fingerprint: Some(self.fingerprint()),
            exchange: Exchange {
                role,
                early: self.early_secret.as_ref().map(|secret| EarlySecret::restore(secret.0)),
                session: Some(self.secret()),
                counters: &mut self.protected.counters,
            },
            awaiting: &mut self.protected.awaiting,
        }
    }

    /// The early secret is of no use any more.
    pub(crate) fn erase_early(&mut self) {
        self.early_secret = None;
        self.protected.counters.forget_early();
    }

    /// The client's rule.
    pub(crate) fn erase_early_if_allowed(&mut self) {
        if self.early_secret.is_some() && self.protected.counters.may_forget_early(self.protected.awaits_early()) {
            self.erase_early();
        }
    }

    /// Without its secrets.
    pub(crate) fn told(&self) -> Value {
        json!({
            "peer": self.peer,
            "peer_id": self.peer_hash.as_ref().map(|hash| id(&hash.0)),
            "mode": self.mode, "suite": self.suite, "epoch": self.epoch, "index": self.index,
            "fingerprint": hex::encode(self.fingerprint()),
            "early_keys": self.early_secret.is_some(),
            "awaiting": self.protected.awaiting.len(),
        })
    }
}

/// A party's identifier in a path.
pub(crate) fn id(hash: &Hash) -> String {
    node_name(&hash.first_chunk::<NODE_ID>().copied().unwrap_or_default())
}

/// basic or refresh.
pub(crate) const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Basic => "basic",
        Mode::Refresh => "refresh",
    }
}

/// early or session.
pub(crate) const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Early => "early",
        Stage::Session => "session",
    }
}
