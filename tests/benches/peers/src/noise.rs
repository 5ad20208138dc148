//! Noise IK by snow. The client knows the node's static key, as in EDHOC and DKE; payloads are empty.

use crate::exchange::{Curve, Exchange, Facts, Flight, Peer, timed};
use snow::{Builder, HandshakeState, Keypair};

/// Longer than both messages.
const MESSAGE_MAX: usize = 512;

pub(crate) struct Noise {
    facts: Facts,
    pattern: &'static str,
    node: Keypair,
    client: Keypair,
}

impl Noise {
    /// What snow takes if nothing else is asked for.
    pub(crate) fn curve25519() -> Self {
        Noise::new(
            "Noise IK (snow), X25519",
            "X25519, ChaCha20-Poly1305, BLAKE2s",
            Curve::Curve25519,
            "Noise_IK_25519_ChaChaPoly_BLAKE2s",
        )
    }

    pub(crate) fn p256() -> Self {
        Noise::new("Noise IK (snow), P-256", "P-256, AES-256-GCM, SHA-256", Curve::P256, "Noise_IK_P256_AESGCM_SHA256")
    }

    fn new(name: &'static str, cryptography: &'static str, curve: Curve, pattern: &'static str) -> Self {
        let keypair = || Builder::new(pattern.parse().unwrap()).generate_keypair().unwrap();
        Noise { facts: Facts { name, cryptography, curve, early: true }, pattern, node: keypair(), client: keypair() }
    }

    /// Both ends. snow computes the public key of a static key here, every time; a node would keep it, so this is not timed.
    fn ends(&self) -> (HandshakeState, HandshakeState) {
        let builder = |own: &Keypair| {
            Builder::new(self.pattern.parse().unwrap())
                .local_private_key(&own.private)
                .unwrap()
                .build_responder()
                .unwrap()
        };
        let node = builder(&self.node);
        let client = Builder::new(self.pattern.parse().unwrap())
            .local_private_key(&self.client.private)
            .unwrap()
            .remote_public_key(&self.node.public)
            .unwrap()
            .build_initiator()
            .unwrap();
        (client, node)
    }
}

impl Peer for Noise {
    fn facts(&self) -> Facts {
        self.facts
    }

    fn exchange(&mut self) -> Exchange {
        let (mut client, mut node) = self.ends();
        let (mut first, mut second, mut payload) = ([0; MESSAGE_MAX], [0; MESSAGE_MAX], [0; MESSAGE_MAX]);
        let (first_len, c1) = timed(|| client.write_message(&[], &mut first).unwrap());
        let (second_len, n) = timed(|| {
            node.read_message(&first[..first_len], &mut payload).unwrap();
            node.write_message(&[], &mut second).unwrap()
        });
        let (_, c2) = timed(|| client.read_message(&second[..second_len], &mut payload).unwrap());
        assert!(client.is_handshake_finished() && node.is_handshake_finished());
        assert_eq!(client.get_handshake_hash(), node.get_handshake_hash());
        assert_eq!(node.get_remote_static(), Some(self.client.public.as_slice()));
        Exchange { node: n, client: c1 + c2, wakes: vec![vec![Flight::In(first_len), Flight::Out(second_len)]] }
    }
}
