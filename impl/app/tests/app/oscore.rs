//! RFC 8613: the vectors of appendix C, and what is refused.

use crate::common::{Windows, early, session};
use coap_lite::{CoapOption, MessageClass, Packet};
use dke_app::oscore::{Context, OscoreOption};
use dke_app::{Error, Misuse, Reject, Role};

const SECRET: &str = "0102030405060708090a0b0c0d0e0f10";
const SALT: &str = "9e7ca92223786340";
const ID_CONTEXT: &str = "37cbf3210017a2d3";

fn hexed(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn packet(text: &str) -> Packet {
    Packet::from_bytes(&hexed(text)).unwrap()
}

fn written(packet: &Packet) -> String {
    hex::encode(packet.to_bytes().unwrap())
}

fn derive(salt: &str, id_context: Option<&str>, sender: &str, recipient: &str) -> Context {
    let id_context = id_context.map(hexed);
    Context::derive(&hexed(SECRET), &hexed(salt), id_context.as_deref(), &hexed(sender), &hexed(recipient)).unwrap()
}

/// Both ends of C.1, C.2 and C.3.
fn appendix_c(case: u8) -> (Context, Context) {
    let (salt, id_context, client) = match case {
        1 => (SALT, None, ""),
        2 => ("", None, "00"),
        _ => (SALT, Some(ID_CONTEXT), ""),
    };
    (derive(salt, id_context, client, "01"), derive(salt, id_context, "01", client))
}

/// C.4 to C.6 on the contexts of C.1 to C.3: a wrong key, IV, nonce, associated data or option would give other bytes.
#[test]
fn requests_of_appendix_c() {
    let cases = [
        (
            1,
            "44015d1f00003974396c6f63616c686f737483747631",
            "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e",
        ),
        (
            2,
            "440171c30000b932396c6f63616c686f737483747631",
            "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc731fffb0",
        ),
        (
            3,
            "44012f8eef9bbf7a396c6f63616c686f737483747631",
            "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3ff72cd7273fd331ac45cffbe55c3",
        ),
    ];
    for (case, unprotected, protected) in cases {
        let (client, server) = appendix_c(case);
        let (sent, _) = client.protect_request(20, &packet(unprotected)).unwrap();
        assert_eq!(written(&sent), protected, "C.{}", case + 3);
        let mut windows = Windows::default();
        let received = server.unprotect_request(&mut windows, &packet(protected)).unwrap();
        assert_eq!(written(&received.packet), unprotected, "C.{}", case + 3);
        let again = server.unprotect_request(&mut windows, &packet(protected));
        assert_eq!(again.err(), Some(Error::Peer(Reject::Replayed)));
    }
}

/// C.7 and C.8, answers to C.4: without and with a Partial IV.
#[test]
fn responses_of_appendix_c() {
    let unprotected = "64455d1f00003974ff48656c6c6f20576f726c6421";
    let cases = [
        (None, "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106"),
        (Some(0), "64445d1f00003974920100ff4d4c13669384b67354b2b6175ff4b8658c666a6cf88e"),
    ];
    for (sequence, protected) in cases {
        let (client, server) = appendix_c(1);
        let request = packet("44015d1f00003974396c6f63616c686f737483747631");
        let (sent, pending) = client.protect_request(20, &request).unwrap();
        let received = server.unprotect_request(&mut Windows::default(), &sent).unwrap();
        let answer = server.protect_response(received, sequence, &packet(unprotected)).unwrap();
        assert_eq!(written(&answer), protected);
        assert_eq!(written(&client.unprotect_response(&pending, &answer).unwrap()), unprotected);
    }
}

fn get() -> Packet {
    packet("44015d1f00003974396c6f63616c686f737483747631")
}

fn contexts() -> (Context, Context) {
    (Context::from_secret(&session(), Role::Client).unwrap(), Context::from_secret(&session(), Role::Node).unwrap())
}

#[test]
fn both_ends_of_an_exchange_may_ask() {
    let (client, node) = contexts();
    assert_eq!((client.sender_id(), client.recipient_id()), (node.recipient_id(), node.sender_id()));
    assert_eq!((client.sender_id()[0] >> 7, node.sender_id()[0] >> 7), (0, 1));
    for (one, other) in [(&client, &node), (&node, &client)] {
        let (sent, pending) = one.protect_request(7, &get()).unwrap();
        let received = other.unprotect_request(&mut Windows::default(), &sent).unwrap();
        let answer = other.protect_response(received, None, &packet("64455d1f00003974ff6f6b")).unwrap();
        assert_eq!(one.unprotect_response(&pending, &answer).unwrap().payload, b"ok");
    }
}

#[test]
fn early_and_session_contexts_do_not_mix() {
    let early_client = Context::from_secret(&early(), Role::Client).unwrap();
    let (client, node) = contexts();
    let (sent, _) = early_client.protect_request(0, &get()).unwrap();
    let refused = node.unprotect_request(&mut Windows::default(), &sent);
    assert_eq!(refused.err(), Some(Error::Peer(Reject::UnknownKey)));
    // The same under a forged kid.
    let (session_sent, _) = client.protect_request(0, &get()).unwrap();
    let mut spliced = session_sent.clone();
    spliced.payload = sent.payload;
    let refused = node.unprotect_request(&mut Windows::default(), &spliced);
    assert_eq!(refused.err(), Some(Error::Peer(Reject::NotAuthentic)));
    // A request is not taken by the end that sent it.
    let refused = client.unprotect_request(&mut Windows::default(), &session_sent);
    assert_eq!(refused.err(), Some(Error::Peer(Reject::UnknownKey)));
}

#[test]
fn an_answer_belongs_to_its_request() {
    let (client, node) = contexts();
    let (first, first_pending) = client.protect_request(1, &get()).unwrap();
    let (_, second_pending) = client.protect_request(2, &get()).unwrap();
    let received = node.unprotect_request(&mut Windows::default(), &first).unwrap();
    let answer = node.protect_response(received, Some(0), &packet("64455d1f00003974ff6f6b")).unwrap();
    assert_eq!(client.unprotect_response(&second_pending, &answer).err(), Some(Reject::NotAuthentic));
    assert!(client.unprotect_response(&first_pending, &answer).is_ok());
}

/// What a gateway may change, and what it may not.
#[test]
fn what_a_gateway_changes() {
    let (client, node) = contexts();
    let mut asked = get();
    asked.add_option(CoapOption::ContentFormat, vec![60]);
    asked.payload = b"light on".to_vec();
    let (sent, _) = client.protect_request(1, &asked).unwrap();
    // Outside: ids, token, host, another method, and options of Class E that it invents.
    let mut changed = sent.clone();
    changed.header.message_id = 9;
    changed.set_token(vec![9]);
    changed.header.code = MessageClass::from(5);
    changed.clear_option(CoapOption::UriHost);
    changed.add_option(CoapOption::UriPath, b"lock".to_vec());
    changed.add_option(CoapOption::Observe, vec![]);
    let received = node.unprotect_request(&mut Windows::default(), &changed).unwrap().packet;
    assert_eq!(u8::from(received.header.code), 1);
    assert_eq!(received.get_first_option(CoapOption::UriPath).unwrap(), b"tv1");
    assert_eq!(received.get_first_option(CoapOption::ContentFormat).unwrap(), &[60]);
    assert_eq!((received.get_option(CoapOption::Observe), received.payload.as_slice()), (None, &b"light on"[..]));
    // Inside: each bit of the ciphertext.
    for bit in 0..sent.payload.len() * 8 {
        let mut changed = sent.clone();
        changed.payload[bit / 8] ^= 1 << (bit % 8);
        let mut windows = Windows::default();
        let refused = node.unprotect_request(&mut windows, &changed);
        assert_eq!(refused.err(), Some(Error::Peer(Reject::NotAuthentic)));
        assert_eq!(windows.window.next, 0);
    }
}

#[test]
fn what_cannot_be_protected() {
    let (client, _) = contexts();
    assert_eq!(client.protect_request(1 << 40, &get()).err(), Some(Misuse::SequenceExhausted));
    assert_eq!(client.protect_request(0, &packet("64455d1f00003974ff6f6b")).err(), Some(Misuse::NotAMessage));
    for option in [CoapOption::Observe, CoapOption::ProxyUri, CoapOption::Oscore] {
        let mut asked = get();
        asked.add_option(option, vec![]);
        assert_eq!(client.protect_request(0, &asked).err(), Some(Misuse::NotAMessage));
    }
    let mut long = get();
    long.payload = vec![0; 65_536];
    assert_eq!(client.protect_request(0, &long).err(), Some(Misuse::TooLong));
    assert_eq!(Context::derive(&[1; 16], &[], None, &[0; 8], &[1]).err(), Some(Misuse::InvalidId));
    assert_eq!(Context::derive(&[1; 16], &[], None, &[1], &[1]).err(), Some(Misuse::InvalidId));
}

#[test]
fn options_that_are_not_well_formed() {
    // Reserved bits and lengths, ends too early, a flag byte of zero, a longer form of 1, more than its parts.
    for value in [
        "2901",
        "4901",
        "8901",
        "0e010101010101",
        "0f01010101010101",
        "0a14",
        "10",
        "1004aabb",
        "00",
        "020001",
        "0114ff",
        "10020102ff",
    ] {
        assert_eq!(OscoreOption::parse(&hexed(value)), Err(Reject::Malformed), "{value}");
    }
    let all = OscoreOption { sequence: Some(0x1234), kid_context: Some(vec![7; 3]), kid: Some(vec![]) };
    assert_eq!(hex::encode(all.encode()), "1a123403070707");
    assert_eq!(OscoreOption::parse(&all.encode()), Ok(all));
    assert_eq!(OscoreOption::parse(&[]), Ok(OscoreOption::default()));
}
