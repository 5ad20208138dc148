//! EDHOC's initiator by lakers, for the `responder` image.

use crate::mailbox::Mailbox;
use crate::parties::Parties;
use dke_link::{Answer, Random};
use lakers::{
    Credential, CredentialTransfer, EDHOCMethod, EDHOCSuite, EdhocInitiator, EdhocMessageBuffer,
    credential_check_or_fetch,
};
use lakers_crypto_rustcrypto::Crypto;

/// A whole exchange; `after` is called after message_2 and at the end.
///
/// # Panics
/// If it does not come to an end with the same key on both sides.
pub fn exchange(parties: &Parties, board: &mut Mailbox<'_>, mut after: impl FnMut(&mut Mailbox<'_>)) {
    let own = Credential::parse_ccs(&parties.client.credential).expect("a credential");
    let peer = Credential::parse_ccs(&parties.node.credential).expect("a credential");
    let crypto = Crypto::new(Random::new([8; 32]));
    let initiator = EdhocInitiator::new(crypto, EDHOCMethod::StatStat, EDHOCSuite::CipherSuite2);
    let (initiator, message_1) = initiator.prepare_message_1(None, &None).expect("message_1");
    let message_2 = ask(board, 1, message_1.as_slice(), Answer::Confirm);
    after(board);
    let message_2 = EdhocMessageBuffer::new_from_slice(&message_2).expect("fits");
    let (mut initiator, _, id_cred_r, _) = initiator.parse_message_2(&message_2).expect("message_2");
    let peer = credential_check_or_fetch(Some(peer), id_cred_r).expect("the node's");
    initiator.set_identity(*parties.client.key.expose(), own).expect("not set yet");
    let initiator = initiator.verify_message_2(peer).expect("authentic");
    let (initiator, message_3, _) =
        initiator.prepare_message_3(CredentialTransfer::ByReference, &None).expect("message_3");
    let exported = ask(board, 3, message_3.as_slice(), Answer::Session);
    after(board);
    let mut initiator = initiator.completed_without_message_4().expect("the end");
    assert_eq!(initiator.edhoc_exporter(0, &[], 16)[..16], exported);
}

fn ask(board: &mut Mailbox<'_>, kind: u8, message: &[u8], answer: Answer) -> Vec<u8> {
    let answers = board.ask_raw(&[&[kind], message].concat());
    match answers.as_slice() {
        [one] if one[0] == answer.code() => one[1..].to_vec(),
        other => panic!("{other:?}"),
    }
}
