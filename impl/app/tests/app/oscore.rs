//! OSCORE between the ends of an exchange: what a gateway may change, Observe, what is refused. (RFC 8613 appendix C: `src/oscore/appendix_c.rs`.)

use crate::common::{Windows, early, session};
use coap_lite::{CoapOption, MessageClass, Packet};
use dke_app::oscore::{Context, OscoreOption};
use dke_app::{Error, Misuse, Reject, Role};

fn hexed(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn packet(text: &str) -> Packet {
    Packet::from_bytes(&hexed(text)).unwrap()
}

fn written(packet: &Packet) -> String {
    hex::encode(packet.to_bytes().unwrap())
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

/// The right kid in another kid context is another context.
#[test]
fn another_kid_context() {
    let (client, node) = contexts();
    let (sent, _) = client.protect_request(0, &get()).unwrap();
    let option = OscoreOption::parse(sent.get_first_option(CoapOption::Oscore).unwrap()).unwrap();
    let mut moved = sent.clone();
    moved.clear_option(CoapOption::Oscore);
    let elsewhere = OscoreOption { kid_context: Some(vec![1]), ..option };
    moved.add_option(CoapOption::Oscore, elsewhere.encode());
    let refused = node.unprotect_request(&mut Windows::default(), &moved);
    assert_eq!(refused.err(), Some(Error::Peer(Reject::UnknownKey)));
    assert!(node.unprotect_request(&mut Windows::default(), &sent).is_ok());
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

/// RFC 8613 section 4.1.3.3: `coap://example.com/resource?q=1`.
const URI: &str = "636f61703a2f2f6578616d706c652e636f6d2f7265736f757263653f713d31";

#[test]
fn a_proxy_learns_where_a_request_goes_and_no_more() {
    let (client, node) = contexts();
    let mut asked = packet("44015d1f00003974");
    asked.add_option(CoapOption::ProxyUri, hexed(URI));
    let (sent, _) = client.protect_request(0, &asked).unwrap();
    assert_eq!(sent.get_first_option(CoapOption::ProxyUri).unwrap(), b"coap://example.com");
    assert_eq!((sent.get_option(CoapOption::UriPath), sent.get_option(CoapOption::UriQuery)), (None, None));
    let received = node.unprotect_request(&mut Windows::default(), &sent).unwrap().packet;
    assert_eq!(received.get_first_option(CoapOption::UriPath).unwrap(), b"resource");
    assert_eq!(received.get_first_option(CoapOption::UriQuery).unwrap(), b"q=1");
    // In parts, they stay as they are; and what a forward proxy consumes may be missing then.
    let mut asked = get();
    asked.add_option(CoapOption::from(39), b"coap".to_vec());
    asked.add_option(CoapOption::UriPort, vec![0x16, 0x34]);
    let (mut sent, _) = client.protect_request(1, &asked).unwrap();
    for (option, value) in [(39, &b"coap"[..]), (7, &[0x16, 0x34]), (3, b"localhost")] {
        assert_eq!(sent.get_first_option(CoapOption::from(option)).unwrap(), value);
    }
    sent.clear_option(CoapOption::from(39));
    assert_eq!(written(&node.unprotect_request(&mut Windows::default(), &sent).unwrap().packet), {
        asked.clear_option(CoapOption::from(39));
        written(&asked)
    });
}

/// A notification with this Observe value outside.
fn news(order: u8, payload: &str) -> Packet {
    let mut news = packet("64455d1f00003974");
    news.add_option(CoapOption::Observe, vec![order]);
    news.payload = payload.as_bytes().to_vec();
    news
}

fn observe() -> Packet {
    let mut asked = get();
    asked.add_option(CoapOption::Observe, vec![]);
    asked
}

#[test]
fn notifications_come_in_their_order_and_once() {
    let (client, node) = contexts();
    let (sent, mut pending) = client.protect_request(3, &observe()).unwrap();
    assert_eq!((u8::from(sent.header.code), sent.get_first_option(CoapOption::Observe)), (0x05, Some(&vec![])));
    // A proxy that takes Observe away does not change the request.
    let mut stripped = sent.clone();
    stripped.clear_option(CoapOption::Observe);
    let mut received = node.unprotect_request(&mut Windows::default(), &stripped).unwrap();
    assert_eq!(written(&received.packet), written(&observe()));
    let first = node.protect_notification(&mut received, 0x0123_4567, &news(1, "one")).unwrap();
    assert_eq!((u8::from(first.header.code), first.get_first_option(CoapOption::Observe)), (0x45, Some(&vec![1])));
    let second = node.protect_notification(&mut received, 0x0200_0000, &news(2, "two")).unwrap();
    let third = node.protect_notification(&mut received, 0x0200_0001, &news(3, "three")).unwrap();
    // The order outside is not believed.
    let mut first_as_last = first.clone();
    first_as_last.clear_option(CoapOption::Observe);
    first_as_last.add_option(CoapOption::Observe, vec![9]);
    let opened = client.unprotect_notification(&mut pending, &first).unwrap();
    assert_eq!(
        (opened.payload.as_slice(), opened.get_first_option(CoapOption::Observe)),
        (&b"one"[..], Some(&vec![0x23, 0x45, 0x67]))
    );
    let opened = client.unprotect_notification(&mut pending, &third).unwrap();
    assert_eq!(
        (opened.payload.as_slice(), opened.get_first_option(CoapOption::Observe)),
        (&b"three"[..], Some(&vec![1]))
    );
    for old in [&first, &first_as_last, &second, &third] {
        assert_eq!(client.unprotect_notification(&mut pending, old).err(), Some(Reject::Replayed));
    }
    // It is no single response, and belongs to its request.
    assert_eq!(client.unprotect_response(&pending, &third).err(), Some(Reject::Malformed));
    let (_, mut other) = client.protect_request(4, &observe()).unwrap();
    assert_eq!(client.unprotect_notification(&mut other, &third).err(), Some(Reject::NotAuthentic));
    // The last response has no Observe, and a number of its own.
    let gone = packet("64845d1f00003974");
    let again = node.unprotect_request(&mut Windows::default(), &sent).unwrap();
    assert_eq!(node.protect_response(received, None, &gone).err(), Some(Misuse::SequenceMissing));
    let end = node.protect_response(again, Some(0x0200_0002), &gone).unwrap();
    assert_eq!(written(&client.unprotect_notification(&mut pending, &end).unwrap()), written(&gone));
}

/// The node's first notification, with the nonce of its request, as peers send it; by the specification.
fn first_without_a_number(request: &Packet, payload: &str) -> Packet {
    use dke_spec::bytes::bytes;
    let keys = dke_spec::application::oscore(&bytes(&[2; 32])).unwrap();
    let option = OscoreOption::parse(request.get_first_option(CoapOption::Oscore).unwrap()).unwrap();
    let (kid, sequence) = (bytes(&option.kid.unwrap()), option.sequence.unwrap());
    let key = dke_spec::oscore::key(&keys.master_secret, &keys.master_salt, &keys.node_id);
    let common_iv = dke_spec::oscore::common_iv(&keys.master_secret, &keys.master_salt);
    let nonce = dke_spec::oscore::nonce(&common_iv, &kid, sequence);
    // 2.05, an empty Observe, the payload.
    let plaintext = bytes(&[&[0x45, 0x60, 0xff], payload.as_bytes()].concat());
    let sealed = dke_spec::oscore::seal(&key, &nonce, &dke_spec::oscore::aad(&kid, sequence), &plaintext).unwrap();
    let mut packet = packet("64455d1f00003974");
    packet.add_option(CoapOption::Oscore, vec![]);
    packet.payload = sealed.native_slice().to_vec();
    packet
}

#[test]
fn a_notification_without_a_number_is_the_first() {
    let (client, node) = contexts();
    let (sent, mut pending) = client.protect_request(3, &observe()).unwrap();
    let mut received = node.unprotect_request(&mut Windows::default(), &sent).unwrap();
    let second = node.protect_notification(&mut received, 0, &news(2, "two")).unwrap();
    let first = first_without_a_number(&sent, "one");
    assert_eq!(client.unprotect_notification(&mut pending, &first).unwrap().payload, b"one");
    assert_eq!(client.unprotect_notification(&mut pending, &first).err(), Some(Reject::Replayed));
    assert!(client.unprotect_notification(&mut pending, &second).is_ok());
    assert_eq!(client.unprotect_notification(&mut pending, &first).err(), Some(Reject::Replayed));
    // To a request without Observe it is no response at all.
    let (sent, mut pending) = client.protect_request(4, &get()).unwrap();
    let unasked = first_without_a_number(&sent, "one");
    assert_eq!(client.unprotect_notification(&mut pending, &unasked).err(), Some(Reject::Malformed));
    let mut received = node.unprotect_request(&mut Windows::default(), &sent).unwrap();
    let refused = node.protect_notification(&mut received, 5, &news(1, "one"));
    assert_eq!(refused.err(), Some(Misuse::NotAMessage));
    assert_eq!(node.protect_response(received, None, &news(1, "one")).err(), Some(Misuse::NotAMessage));
}

#[test]
fn what_cannot_be_protected() {
    let (client, _) = contexts();
    assert_eq!(client.protect_request(1 << 40, &get()).err(), Some(Misuse::SequenceExhausted));
    assert_eq!(client.protect_request(0, &packet("64455d1f00003974ff6f6b")).err(), Some(Misuse::NotAMessage));
    // OSCORE in OSCORE; Observe 2; no URI; a path beside a URI.
    for (option, value) in [
        (CoapOption::Oscore, ""),
        (CoapOption::Observe, "02"),
        (CoapOption::ProxyUri, "78"),
        (CoapOption::ProxyUri, URI),
    ] {
        let mut asked = get();
        asked.add_option(option, hexed(value));
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
