//! Requests and responses, protected by each format in either stage, and what a gateway between the ends tries.

use crate::common::{Windows, early, session};
use coap_lite::{CoapOption, Packet};
use dke_app::message::{code, decode, encode, with_code};
use dke_app::request::{Channel, Protection, Received, Sent};
use dke_app::{Error, Exporter, Reject, Role};

const PUT: u8 = 0x03;
const CHANGED: u8 = 0x44;
const NOT_FOUND: u8 = 0x84;

fn request() -> Packet {
    let mut packet = with_code(PUT);
    packet.add_option(CoapOption::UriPath, b"light".to_vec());
    packet.add_option(CoapOption::UriQuery, b"dim=7".to_vec());
    packet.add_option(CoapOption::ContentFormat, vec![60]);
    packet.payload = b"on".to_vec();
    packet
}

fn response(text: &[u8]) -> Packet {
    let mut packet = with_code(CHANGED);
    packet.payload = text.to_vec();
    packet
}

fn ends(secret: &impl Exporter, protection: Protection) -> (Channel, Channel) {
    let end = |role| Channel::new(secret, role, protection).unwrap();
    (end(Role::Client), end(Role::Node))
}

fn sent(client: &Channel, sequence: u64) -> (Packet, Sent) {
    client.protect_request(sequence, &request()).unwrap()
}

fn accepted(node: &Channel, outer: &Packet) -> Received {
    node.open_request(&mut Windows::default(), outer).unwrap()
}

fn rejected<T>(result: Result<T, Error<&'static str>>) -> Reject {
    match result.err() {
        Some(Error::Peer(reject)) => reject,
        other => panic!("{other:?}"),
    }
}

fn written(packet: &Packet) -> Vec<u8> {
    encode(packet).unwrap().to_vec()
}

#[test]
fn a_request_there_and_a_response_back() {
    for protection in Protection::ALL {
        for (client, node) in [ends(&early(), protection), ends(&session(), protection)] {
            let (outer, sent) = sent(&client, 300);
            // What travels is the message alone, and tells neither path nor method.
            let travelled = decode(&written(&outer)).unwrap();
            assert_eq!((code(&travelled), travelled.get_option(CoapOption::UriPath)), (0x02, None));
            assert_eq!(Protection::of(&travelled), Some(protection));
            let received = accepted(&node, &travelled);
            assert_eq!(written(&received.packet), written(&request()));
            let answer = node.protect_response(received, 5, &response(b"done")).unwrap();
            let answer = decode(&written(&answer)).unwrap();
            assert_eq!(code(&answer), CHANGED);
            let opened = client.open_response(&mut Windows::default(), &sent, &answer).unwrap();
            assert_eq!(written(&opened), written(&response(b"done")));
            // The same number and request give the same bytes.
            assert_eq!(written(&client.protect_request(300, &request()).unwrap().0), written(&outer));
        }
    }
}

#[test]
fn errors_of_the_node_are_protected_too() {
    for protection in Protection::ALL {
        let (client, node) = ends(&session(), protection);
        let (outer, sent) = sent(&client, 0);
        let answer = node.protect_response(accepted(&node, &outer), 0, &with_code(NOT_FOUND)).unwrap();
        assert_eq!(code(&answer), CHANGED);
        let opened = client.open_response(&mut Windows::default(), &sent, &answer).unwrap();
        assert_eq!(code(&opened), NOT_FOUND);
    }
}

#[test]
fn a_request_is_accepted_once_in_any_order() {
    for protection in Protection::ALL {
        let (client, node) = ends(&session(), protection);
        let mut windows = Windows::default();
        for sequence in [3, 1, 2, 70, 7] {
            let (outer, _) = sent(&client, sequence);
            node.open_request(&mut windows, &outer).unwrap();
            assert_eq!(rejected(node.open_request(&mut windows, &outer)), Reject::Replayed);
        }
        assert_eq!(rejected(node.open_request(&mut windows, &sent(&client, 6).0)), Reject::Replayed);
    }
}

/// Requests 3, 1 and 2 are accepted in this order; each response goes to its own request.
#[test]
fn a_response_answers_its_request_only() {
    for (protection, refusal) in [
        (Protection::Oscore, Reject::NotAuthentic),
        (Protection::Cose, Reject::WrongRequest),
        (Protection::Jwe, Reject::WrongRequest),
    ] {
        let (client, node) = ends(&session(), protection);
        let mut windows = Windows::default();
        let mut exchanged = Vec::new();
        for sequence in [3, 1, 2] {
            let (outer, sent) = sent(&client, sequence);
            let received = node.open_request(&mut windows, &outer).unwrap();
            let text = sequence.to_string();
            let answer = node.protect_response(received, sequence, &response(text.as_bytes())).unwrap();
            exchanged.push((sent, answer, text));
        }
        let mut windows = Windows::default();
        for (sent, _, text) in &exchanged {
            for (_, answer, of) in exchanged.iter().filter(|(_, _, of)| of != text) {
                let before = windows.window;
                assert_eq!(rejected(client.open_response(&mut windows, sent, answer)), refusal, "{of} for {text}");
                assert_eq!(windows.window, before, "a response that is refused consumes nothing");
            }
        }
        for (sent, answer, text) in &exchanged {
            let opened = client.open_response(&mut windows, sent, answer).unwrap();
            assert_eq!(opened.payload, text.as_bytes());
            // OSCORE: the first response ends the request (`Exchange`).
            if protection != Protection::Oscore {
                assert_eq!(rejected(client.open_response(&mut windows, sent, answer)), Reject::Replayed);
            }
        }
    }
}

#[test]
fn early_and_session_do_not_mix() {
    for protection in Protection::ALL {
        let (early_client, early_node) = ends(&early(), protection);
        let (client, node) = ends(&session(), protection);
        let mut windows = Windows::default();
        let (early_outer, early_sent) = sent(&early_client, 0);
        let (outer, sent) = sent(&client, 0);
        assert_eq!(rejected(node.open_request(&mut windows, &early_outer)), Reject::UnknownKey);
        assert_eq!(rejected(early_node.open_request(&mut windows, &outer)), Reject::UnknownKey);
        let early_answer =
            early_node.protect_response(accepted(&early_node, &early_outer), 0, &response(b"x")).unwrap();
        let answer = node.protect_response(accepted(&node, &outer), 0, &response(b"x")).unwrap();
        let refusal = if protection == Protection::Oscore { Reject::NotAuthentic } else { Reject::UnknownKey };
        assert_eq!(rejected(client.open_response(&mut windows, &sent, &early_answer)), refusal);
        assert_eq!(rejected(early_client.open_response(&mut windows, &early_sent, &answer)), refusal);
    }
}

#[test]
fn nothing_is_taken_by_who_sent_it() {
    for protection in Protection::ALL {
        let (client, node) = ends(&session(), protection);
        let mut windows = Windows::default();
        let (outer, sent) = sent(&client, 0);
        assert_eq!(rejected(client.open_request(&mut windows, &outer)), Reject::UnknownKey);
        assert_eq!(rejected(client.open_response(&mut windows, &sent, &outer)), Reject::UnknownKey);
        let answer = node.protect_response(accepted(&node, &outer), 0, &response(b"x")).unwrap();
        let refusal = if protection == Protection::Oscore { Reject::Malformed } else { Reject::UnknownKey };
        assert_eq!(rejected(node.open_request(&mut windows, &answer)), refusal);
        assert_eq!(windows.window.next, 0);
    }
}

/// With the right keys, a response for a request and a request for a response are of another form.
#[test]
fn requests_and_responses_do_not_mix() {
    for protection in [Protection::Cose, Protection::Jwe] {
        let (client, node) = ends(&session(), protection);
        let (outer, sent) = sent(&client, 0);
        let mut windows = Windows::default();
        assert!(client.protect_request(1, &response(b"x")).is_err());
        assert!(node.protect_response(accepted(&node, &outer), 0, &request()).is_err());
        // The node asks, too: what it asks is no response.
        let (asked, _) = node.protect_request(0, &request()).unwrap();
        assert_eq!(rejected(client.open_response(&mut windows, &sent, &asked)), Reject::Malformed);
        assert_eq!(windows.window.next, 0);
    }
}

/// The outer message is the gateway's: what it changes there has no effect, or the message is refused.
#[test]
fn nothing_outside_is_obeyed() {
    for protection in Protection::ALL {
        let (client, node) = ends(&session(), protection);
        let (outer, _) = sent(&client, 0);
        let mut changed = outer.clone();
        changed.header.code = coap_lite::MessageClass::from(0x04);
        changed.add_option(CoapOption::UriPath, b"door".to_vec());
        changed.add_option(CoapOption::UriQuery, b"open".to_vec());
        changed.header.message_id = 77;
        changed.set_token(vec![7]);
        let received = accepted(&node, &changed).packet;
        assert_eq!(code(&received), PUT);
        assert_eq!(received.get_option(CoapOption::UriPath), request().get_option(CoapOption::UriPath));
        assert_eq!(received.get_option(CoapOption::UriQuery), request().get_option(CoapOption::UriQuery));
        assert_eq!(received.get_first_option(CoapOption::ContentFormat).unwrap(), &[60]);
        // Another format than the object's, and none.
        for format in [Some(vec![50]), None] {
            let mut changed = outer.clone();
            changed.clear_option(CoapOption::ContentFormat);
            changed.clear_option(CoapOption::Oscore);
            format.into_iter().for_each(|format| changed.add_option(CoapOption::ContentFormat, format));
            assert_eq!(Protection::of(&changed), None);
            assert_eq!(rejected(node.open_request(&mut Windows::default(), &changed)), Reject::Malformed);
        }
        for place in 0..outer.payload.len() {
            let mut changed = outer.clone();
            changed.payload[place] ^= 1;
            let mut windows = Windows::default();
            rejected(node.open_request(&mut windows, &changed));
            assert_eq!(windows.window.next, 0);
        }
    }
}

#[test]
fn nothing_is_given_out_before_it_is_durable() {
    for protection in Protection::ALL {
        let (client, node) = ends(&session(), protection);
        let (outer, _) = sent(&client, 0);
        let mut broken = Windows { broken: true, ..Windows::default() };
        assert_eq!(node.open_request(&mut broken, &outer).err(), Some(Error::Storage("broken")));
        broken.broken = false;
        assert!(node.open_request(&mut broken, &outer).is_ok());
    }
}

#[test]
fn messages_are_written_in_one_way() {
    fn property(bytes: Vec<u8>) -> bool {
        decode(&bytes).map_or(true, |packet| written(&packet) == bytes)
    }
    quickcheck::QuickCheck::new().tests(5_000).quickcheck(property as fn(Vec<u8>) -> bool);
    // Nothing, Empty, a marker without a payload, an option cut off, a longer form of its number, signalling.
    for wrong in [&[][..], &[0], &[1, 0xff], &[1, 0xb5, b'a'], &[1, 0xd0], &[0xe1]] {
        assert_eq!(decode(wrong).err(), Some(Reject::Malformed), "{wrong:02x?}");
    }
}
