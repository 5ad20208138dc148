//! EDHOC (RFC 9528) by lakers: method 3 (static Diffie-Hellman keys on both sides), suite 2, credentials by kid. Other methods lakers
//! 0.8 does not have.
//!
//! The node is the responder, since it is the client who calls; message_4 is left out.

use crate::dke::identity;
use crate::exchange::{Curve, Exchange, Facts, Flight, Peer, timed};
use dke::Scalar;
use lakers::{
    Credential, CredentialTransfer, EDHOCMethod, EDHOCSuite, EdhocInitiator, EdhocResponder, credential_check_or_fetch,
};
use lakers_crypto_rustcrypto::Crypto;
use rand::SeedableRng;
use rand::rngs::StdRng;

pub(crate) const NAME: &str = "EDHOC (lakers)";

pub(crate) struct Edhoc {
    node: (&'static Scalar, Credential),
    client: (&'static Scalar, Credential),
    rng: StdRng,
}

impl Edhoc {
    pub(crate) fn new(mut rng: StdRng) -> Self {
        let mut party = |subject, kid| {
            let (key, credential) = identity(subject, kid, &mut rng);
            (key, Credential::parse_ccs(credential.bytes()).unwrap())
        };
        Edhoc { node: party("node", 0x0a), client: party("client", 0x2b), rng }
    }

    fn crypto(&mut self) -> Crypto<StdRng> {
        Crypto::new(StdRng::from_rng(&mut self.rng).unwrap())
    }

    /// A responder that has not heard anything yet.
    fn responder(&self, crypto: Crypto<StdRng>) -> EdhocResponder<Crypto<StdRng>> {
        EdhocResponder::new(crypto, EDHOCMethod::StatStat, *self.node.0.expose(), self.node.1)
    }
}

impl Peer for Edhoc {
    fn facts(&self) -> Facts {
        Facts {
            name: NAME,
            cryptography: "method 3, suite 2: P-256, AES-CCM-16-64-128, SHA-256",
            curve: Curve::P256,
            early: false,
        }
    }

    fn exchange(&mut self) -> Exchange {
        let (i_crypto, r_crypto) = (self.crypto(), self.crypto());
        let by_kid = CredentialTransfer::ByReference;
        let ((initiator, message_1), c1) = timed(|| {
            let initiator = EdhocInitiator::new(i_crypto, EDHOCMethod::StatStat, EDHOCSuite::CipherSuite2);
            initiator.prepare_message_1(None, &None).unwrap()
        });
        let ((responder, message_2), n1) = timed(|| {
            let (responder, _, _) = self.responder(r_crypto).process_message_1(&message_1).unwrap();
            responder.prepare_message_2(by_kid, None, &None).unwrap()
        });
        let ((_, message_3, i_prk_out), c2) = timed(|| {
            let (mut initiator, _, id_cred_r, _) = initiator.parse_message_2(&message_2).unwrap();
            let cred_r = credential_check_or_fetch(Some(self.node.1), id_cred_r).unwrap();
            initiator.set_identity(*self.client.0.expose(), self.client.1).unwrap();
            initiator
                .verify_message_2(cred_r)
                .unwrap()
                .prepare_message_3(CredentialTransfer::ByReference, &None)
                .unwrap()
        });
        let (r_prk_out, n2) = timed(|| {
            let (responder, id_cred_i, _) = responder.parse_message_3(&message_3).unwrap();
            let cred_i = credential_check_or_fetch(Some(self.client.1), id_cred_i).unwrap();
            let (responder, prk_out) = responder.verify_message_3(cred_i).unwrap();
            responder.completed_without_message_4().unwrap();
            prk_out
        });
        assert_eq!(i_prk_out, r_prk_out);
        let first = vec![Flight::In(message_1.len), Flight::Out(message_2.len)];
        Exchange { node: n1 + n2, client: c1 + c2, wakes: vec![first, vec![Flight::In(message_3.len)]] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lakers::EdhocMessageBuffer;

    /// Why lakers is timed on valid input only; tests/reject/points.rs of `dke` has what DKE does with the same x coordinates.
    #[test]
    fn lakers_panics_on_an_x_that_is_not_on_the_curve() {
        let mut edhoc = Edhoc::new(StdRng::seed_from_u64(1));
        let mut message_1 = vec![3, 2, 0x58, 32];
        message_1.extend([0; 31]);
        message_1.extend([1, 0]);
        let message_1 = EdhocMessageBuffer::new_from_slice(&message_1).unwrap();
        let responder = edhoc.crypto();
        let (responder, _, _) = edhoc.responder(responder).process_message_1(&message_1).unwrap();
        let answer = std::panic::AssertUnwindSafe(|| {
            responder.prepare_message_2(CredentialTransfer::ByReference, None, &None).map(drop)
        });
        assert!(std::panic::catch_unwind(answer).is_err());
    }
}
