//! Olm by vodozemac: a session over a one-time key that the node published. It has no other curve than Curve25519.
//!
//! As in DKE, one-time keys are signed and the client checks the signature: Olm leaves this to its user. They are counted as bare bytes,
//! without base64 and JSON. Plaintexts are empty.

use crate::exchange::{BATCH, Curve, Exchange, Facts, Flight, Peer, Publication, timed};
use std::collections::VecDeque;
use vodozemac::olm::{Account, OlmMessage, SessionConfig};
use vodozemac::{Curve25519PublicKey, Ed25519Signature};

const KEY: usize = 32;
const SIGNATURE: usize = 64;

pub(crate) struct Olm {
    node: Account,
    client: Account,
    published: VecDeque<(Curve25519PublicKey, Ed25519Signature)>,
}

impl Olm {
    pub(crate) fn new() -> Self {
        Olm { node: Account::new(), client: Account::new(), published: VecDeque::new() }
    }
}

impl Peer for Olm {
    fn facts(&self) -> Facts {
        Facts {
            name: "Olm (vodozemac)",
            cryptography: "X25519, Ed25519, AES-256-CBC, HMAC-SHA-256",
            curve: Curve::Curve25519,
            early: true,
        }
    }

    fn publish(&mut self) -> Option<Publication> {
        let (published, node) = timed(|| {
            self.node.generate_one_time_keys(BATCH);
            let keys = self.node.one_time_keys();
            self.node.mark_keys_as_published();
            keys.into_values().map(|key| (key, self.node.sign(key.as_bytes()))).collect()
        });
        self.published = published;
        Some(Publication { node, bytes: self.published.len() * (KEY + SIGNATURE) })
    }

    fn exchange(&mut self) -> Exchange {
        if self.published.is_empty() {
            self.publish();
        }
        let (key, signature) = self.published.pop_front().unwrap();
        let version = SessionConfig::version_1();
        let ((mut client, first), c1) = timed(|| {
            self.node.ed25519_key().verify(key.as_bytes(), &signature).unwrap();
            let mut session = self.client.create_outbound_session(version, self.node.curve25519_key(), key).unwrap();
            let OlmMessage::PreKey(message) = session.encrypt([]).unwrap() else {
                panic!("the first is a pre-key message")
            };
            (session, message)
        });
        let identity = self.client.curve25519_key();
        let ((node, second), n) = timed(|| {
            let mut created = self.node.create_inbound_session(version, identity, &first).unwrap();
            let answer = created.session.encrypt([]).unwrap();
            (created.session, answer)
        });
        let (_, c2) = timed(|| client.decrypt(&second).unwrap());
        assert_eq!(client.session_id(), node.session_id());
        let flights = vec![Flight::In(first.to_bytes().len()), Flight::Out(second.to_parts().1.len())];
        Exchange { node: n, client: c1 + c2, wakes: vec![flights] }
    }
}
