//! Exchanges as a party stores them: the secrets, what has been protected with them, and what awaits a response.

use crate::hexed::{Hex, HexN, Secret};
use crate::party::Held;
use coap_lite::Packet;
use dke::crypto::Hash;
use dke::key_schedule::{EarlySecret, SessionSecret};
use dke::params::FINGERPRINT;
use dke::{Mode, Session};
use dke_app::exchange::{Asked, Counters, Exchange, Stage};
use dke_app::{Role, message};
use serde::{Deserialize, Serialize};

/// A finished exchange, for the application.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionState {
    /// The other end: subject, or H(CRED) where no name is known.
    pub peer: String,
    /// H(CRED) of the other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_hash: Option<HexN<32>>,
    /// An authority vouched for the other end; otherwise it was pinned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vouched: bool,
    /// basic or refresh.
    pub mode: String,
    /// Its number.
    pub suite: u8,
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
    /// Gone when section 15 says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_secret: Option<Secret<32>>,
    /// Secret.
    pub session_secret: Secret<32>,
    /// Numbers, windows and requests.
    #[serde(default, skip_serializing_if = "Protected::is_unused")]
    pub protected: Protected,
}

/// What has been protected with an exchange's keys.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protected {
    /// Numbers and windows.
    pub counters: Counters,
    /// The client's requests without a response.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaiting: Vec<AskedState>,
}

/// A request without a response.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedState {
    /// Finds it again when its exchange has got further.
    pub id: HexN<8>,
    /// Under which keys, and its number.
    pub asked: Asked,
    /// What is protected.
    pub message: Hex,
}

impl AskedState {
    /// `None` if the file says what nobody has written.
    pub fn packet(&self) -> Option<Packet> {
        message::decode(&self.message.0).ok()
    }
}

impl Protected {
    /// Nothing was protected.
    pub fn is_unused(&self) -> bool {
        self.counters.is_unused() && self.awaiting.is_empty()
    }

    fn awaits_early(&self) -> bool {
        self.awaiting.iter().any(|one| one.asked.stage == Stage::Early)
    }
}

impl SessionState {
    /// As it is stored when the exchange has finished.
    pub fn new(peer: &str, peer_hash: &Hash, session: &Session, early: &[u8; 32]) -> SessionState {
        SessionState {
            peer: peer.to_string(),
            peer_hash: Some(HexN(*peer_hash)),
            vouched: false,
            mode: mode_name(session.mode).to_string(),
            suite: session.suite.id(),
            epoch: session.epoch,
            index: session.index,
            early_secret: Some(Secret::new(early)),
            session_secret: Secret::new(session.secret.expose()),
            protected: Protected::default(),
        }
    }

    /// The other end is not pinned: an authority vouched for it.
    pub fn vouched(self, vouched: bool) -> SessionState {
        SessionState { vouched, ..self }
    }

    /// The exporter secret.
    pub fn secret(&self) -> SessionSecret {
        SessionSecret::restore(*self.session_secret.expose())
    }

    /// For people.
    pub fn fingerprint(&self) -> [u8; FINGERPRINT] {
        self.secret().fingerprint()
    }

    /// This end of it, with what tells it from the others.
    pub fn held(&mut self, role: Role) -> Held<'_> {
        Held {
            peer: self.peer.clone(),
            peer_hash: self.peer_hash.as_ref().map(|hash| hash.0),
            vouched: self.vouched,
            epoch: self.epoch,
            index: self.index,
            fingerprint: Some(self.fingerprint()),
            exchange: Exchange {
                role,
                early: self.early_secret.as_ref().map(|secret| EarlySecret::restore(*secret.expose())),
                session: Some(self.secret()),
                counters: &mut self.protected.counters,
            },
            awaiting: &mut self.protected.awaiting,
        }
    }

    /// The early secret is of no use any more.
    pub fn erase_early(&mut self) {
        self.early_secret = None;
        self.protected.counters.forget_early();
    }

    /// The client's rule.
    pub fn erase_early_if_allowed(&mut self) {
        if self.early_secret.is_some() && self.protected.counters.may_forget_early(self.protected.awaits_early()) {
            self.erase_early();
        }
    }
}

/// basic or refresh.
pub const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Basic => "basic",
        Mode::Refresh => "refresh",
    }
}
