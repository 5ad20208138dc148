//! EDHOC's responder by lakers: method 3 (both sides with static keys), suite 2, credentials by reference. Same board, link,
//! profile and cryptographic crates as the node's. `dke-firmware`'s `lakers` module is the initiator.
//!
//! | request | body | answer |
//! |---|---|---|
//! | 1 | message_1 | message_2 |
//! | 3 | message_3 | 16 bytes of the exporter |
//! | `Stack` | | as of the node |
//!
//! The factory's page is the node's: the responder's key and credential, and the initiator's credential.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use dke_link::{Answer, Random, Request};
use dke_node::{Link, Mailbox, hardware};
use lakers::{
    Credential, CredentialTransfer, EDHOCError, EDHOCMethod, EdhocMessageBuffer, EdhocResponder, EdhocResponderWaitM3,
    MAX_MESSAGE_SIZE_LEN, credential_check_or_fetch,
};
use lakers_crypto_rustcrypto::Crypto;

type Waiting = Option<EdhocResponderWaitM3<Crypto<Random>>>;

struct Factory<'a> {
    key: [u8; 32],
    own: &'a [u8],
    pinned: &'a [u8],
}

fn factory(page: &[u8]) -> Option<Factory<'_>> {
    let (key, rest) = page.split_first_chunk()?;
    let (length, rest) = rest.get(1..)?.split_first()?;
    let (own, rest) = rest.split_at_checked(usize::from(*length))?;
    let (length, rest) = rest.split_first()?;
    Some(Factory { key: *key, own, pinned: rest.get(..usize::from(*length))? })
}

#[inline(never)]
fn message_2(factory: &Factory<'_>, message_1: &[u8], link: &mut Mailbox) -> Result<Waiting, EDHOCError> {
    let message_1 = EdhocMessageBuffer::new_from_slice(message_1).map_err(|_| EDHOCError::ParsingError)?;
    let crypto = Crypto::new(Random::new([7; 32]));
    let own = Credential::parse_ccs(factory.own)?;
    let responder = EdhocResponder::new(crypto, EDHOCMethod::StatStat, factory.key, own);
    let (responder, _, _) = responder.process_message_1(&message_1)?;
    let (responder, message_2) = responder.prepare_message_2(CredentialTransfer::ByReference, None, &None)?;
    link.send(Answer::Confirm, &[], message_2.as_slice());
    Ok(Some(responder))
}

#[inline(never)]
fn finish(
    factory: &Factory<'_>,
    message_3: &[u8],
    waiting: &mut Waiting,
    link: &mut Mailbox,
) -> Result<(), EDHOCError> {
    let message_3 = EdhocMessageBuffer::new_from_slice(message_3).map_err(|_| EDHOCError::ParsingError)?;
    let responder = waiting.take().ok_or(EDHOCError::MissingIdentity)?;
    let (responder, id_cred_i, _) = responder.parse_message_3(&message_3)?;
    let initiator = credential_check_or_fetch(Some(Credential::parse_ccs(factory.pinned)?), id_cred_i)?;
    let (responder, _) = responder.verify_message_3(initiator)?;
    let mut done = responder.completed_without_message_4()?;
    link.send(Answer::Session, &[], done.edhoc_exporter(0, &[], 16).get(..16).unwrap_or_default());
    Ok(())
}

#[entry]
fn main() -> ! {
    static mut FRAME: [u8; 1 + MAX_MESSAGE_SIZE_LEN] = [0; 1 + MAX_MESSAGE_SIZE_LEN];
    static mut WAITING: Waiting = None;
    hardware::paint();
    let mut link = Mailbox::open();
    let Some(factory) = factory(hardware::factory_page()) else { dke_node::panicked::<Mailbox>() };
    link.send(Answer::Ready, &[], &[]);
    loop {
        let length = link.receive(FRAME).unwrap_or(0);
        let (kind, body) = FRAME.get(..length).and_then(<[u8]>::split_first).unwrap_or((&0, &[]));
        let done = match *kind {
            1 => message_2(&factory, body, &mut link).map(|waiting| *WAITING = waiting),
            3 => finish(&factory, body, WAITING, &mut link),
            kind if kind == Request::Stack.code() => {
                link.send(Answer::Stack, &hardware::painted_off().to_be_bytes(), &[]);
                hardware::paint();
                Ok(())
            }
            _ => Err(EDHOCError::ParsingError),
        };
        if done.is_err() {
            link.send(Answer::Failed, &[], &[]);
        }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    dke_node::panicked::<Mailbox>()
}
