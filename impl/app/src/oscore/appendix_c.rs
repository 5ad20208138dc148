//! RFC 8613 appendix C: every input, intermediate value and message of the eight vectors, in both directions.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use super::context::{Context, info};
use super::message::split;
use super::protect::aad;
use super::{OscoreOption, Received};
use crate::window::Window;
use coap_lite::{CoapOption, Packet};

const SECRET: &str = "0102030405060708090a0b0c0d0e0f10";
const SALT: &str = "9e7ca92223786340";

/// C.1 to C.3: inputs and keys of the client; the server has the same, exchanged.
struct Derivation {
    name: &'static str,
    salt: &'static str,
    id_context: Option<&'static str>,
    ids: [&'static str; 2],
    infos: [&'static str; 2],
    iv_info: &'static str,
    keys: [&'static str; 2],
    common_iv: &'static str,
    nonces: [&'static str; 2],
}

const DERIVATIONS: [Derivation; 3] = [
    Derivation {
        name: "C.1",
        salt: SALT,
        id_context: None,
        ids: ["", "01"],
        infos: ["8540f60a634b657910", "854101f60a634b657910"],
        iv_info: "8540f60a6249560d",
        keys: ["f0910ed7295e6ad4b54fc793154302ff", "ffb14e093c94c9cac9471648b4f98710"],
        common_iv: "4622d4dd6d944168eefb54987c",
        nonces: ["4622d4dd6d944168eefb54987c", "4722d4dd6d944169eefb54987c"],
    },
    Derivation {
        name: "C.2",
        salt: "",
        id_context: None,
        ids: ["00", "01"],
        infos: ["854100f60a634b657910", "854101f60a634b657910"],
        iv_info: "8540f60a6249560d",
        keys: ["321b26943253c7ffb6003b0b64d74041", "e57b5635815177cd679ab4bcec9d7dda"],
        common_iv: "be35ae297d2dace910c52e99f9",
        nonces: ["bf35ae297d2dace910c52e99f9", "bf35ae297d2dace810c52e99f9"],
    },
    Derivation {
        name: "C.3",
        salt: SALT,
        id_context: Some("37cbf3210017a2d3"),
        ids: ["", "01"],
        infos: ["85404837cbf3210017a2d30a634b657910", "8541014837cbf3210017a2d30a634b657910"],
        iv_info: "85404837cbf3210017a2d30a6249560d",
        keys: ["af2a1300a5e95788b356336eeecd2b92", "e39a0c7c77b43f03b4b39ab9a268699f"],
        common_iv: "2ca58fb85ff1b81c0b7181b85e",
        nonces: ["2ca58fb85ff1b81c0b7181b85e", "2da58fb85ff1b81d0b7181b85e"],
    },
];

/// C.4 to C.8: a message of one of the contexts above.
struct Message {
    name: &'static str,
    context: usize,
    unprotected: &'static str,
    aad: &'static str,
    plaintext: &'static str,
    nonce: &'static str,
    option: &'static str,
    ciphertext: &'static str,
    protected: &'static str,
}

const REQUESTS: [Message; 3] = [
    Message {
        name: "C.4",
        context: 0,
        unprotected: "44015d1f00003974396c6f63616c686f737483747631",
        aad: "8368456e63727970743040488501810a40411440",
        plaintext: "01b3747631",
        nonce: "4622d4dd6d944168eefb549868",
        option: "0914",
        ciphertext: "612f1092f1776f1c1668b3825e",
        protected: "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e",
    },
    Message {
        name: "C.5",
        context: 1,
        unprotected: "440171c30000b932396c6f63616c686f737483747631",
        aad: "8368456e63727970743040498501810a4100411440",
        plaintext: "01b3747631",
        nonce: "bf35ae297d2dace910c52e99ed",
        option: "091400",
        ciphertext: "4ed339a5a379b0b8bc731fffb0",
        protected: "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc731fffb0",
    },
    Message {
        name: "C.6",
        context: 2,
        unprotected: "44012f8eef9bbf7a396c6f63616c686f737483747631",
        aad: "8368456e63727970743040488501810a40411440",
        plaintext: "01b3747631",
        nonce: "2ca58fb85ff1b81c0b7181b84a",
        option: "19140837cbf3210017a2d3",
        ciphertext: "72cd7273fd331ac45cffbe55c3",
        protected: "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3ff72cd7273fd331ac45cffbe55c3",
    },
];

/// Answers to C.4, without and with a Partial IV.
const RESPONSES: [(Option<u64>, Message); 2] = [
    (
        None,
        Message {
            name: "C.7",
            context: 0,
            unprotected: "64455d1f00003974ff48656c6c6f20576f726c6421",
            aad: "8368456e63727970743040488501810a40411440",
            plaintext: "45ff48656c6c6f20576f726c6421",
            nonce: "4622d4dd6d944168eefb549868",
            option: "",
            ciphertext: "dbaad1e9a7e7b2a813d3c31524378303cdafae119106",
            protected: "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106",
        },
    ),
    (
        Some(0),
        Message {
            name: "C.8",
            context: 0,
            unprotected: "64455d1f00003974ff48656c6c6f20576f726c6421",
            aad: "8368456e63727970743040488501810a40411440",
            plaintext: "45ff48656c6c6f20576f726c6421",
            nonce: "4722d4dd6d944169eefb54987c",
            option: "0100",
            ciphertext: "4d4c13669384b67354b2b6175ff4b8658c666a6cf88e",
            protected: "64445d1f00003974920100ff4d4c13669384b67354b2b6175ff4b8658c666a6cf88e",
        },
    ),
];

/// Of all requests, the last byte of their nonces differs by it.
const SEQUENCE: u64 = 20;

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn packet(text: &str) -> Packet {
    Packet::from_bytes(&unhex(text)).unwrap()
}

fn written(packet: &Packet) -> String {
    hex::encode(packet.to_bytes().unwrap())
}

/// Client and server.
fn contexts(of: &Derivation) -> [Context; 2] {
    let [client, server] = of.ids.map(unhex);
    let id_context = of.id_context.map(unhex);
    let derive = |sender, recipient| {
        Context::derive(&unhex(SECRET), &unhex(of.salt), id_context.as_deref(), sender, recipient).unwrap()
    };
    [derive(&client, &server), derive(&server, &client)]
}

#[test]
fn security_contexts() {
    for of in &DERIVATIONS {
        let id_context = of.id_context.map(unhex);
        let info = |id: &str, kind, length| hex::encode(info(&unhex(id), id_context.as_deref(), kind, length));
        assert_eq!(info("", "IV", 13), of.iv_info, "{}", of.name);
        for (own, context) in contexts(of).iter().enumerate() {
            let other = 1 - own;
            assert_eq!(info(of.ids[own], "Key", 16), of.infos[own], "{}", of.name);
            assert_eq!(hex::encode(*context.sender_key), of.keys[own], "{}", of.name);
            assert_eq!(hex::encode(*context.recipient_key), of.keys[other], "{}", of.name);
            assert_eq!(hex::encode(*context.common_iv), of.common_iv, "{}", of.name);
            assert_eq!(hex::encode(context.nonce(context.sender_id(), 0)), of.nonces[own], "{}", of.name);
            assert_eq!(hex::encode(context.nonce(context.recipient_id(), 0)), of.nonces[other], "{}", of.name);
        }
    }
}

/// What stands between the unprotected and the protected message.
fn parts(of: &Message, protected: &Packet) {
    let (plaintext, _) = split(&packet(of.unprotected)).unwrap();
    assert_eq!(hex::encode(&*plaintext), of.plaintext, "{}", of.name);
    assert_eq!(hex::encode(protected.get_first_option(CoapOption::Oscore).unwrap()), of.option, "{}", of.name);
    assert_eq!(hex::encode(&protected.payload), of.ciphertext, "{}", of.name);
    assert_eq!(written(protected), of.protected, "{}", of.name);
    let option = OscoreOption::parse(&unhex(of.option)).unwrap();
    assert_eq!(hex::encode(option.encode()), of.option, "{}", of.name);
}

#[test]
fn requests() {
    for of in &REQUESTS {
        let [client, server] = contexts(&DERIVATIONS[of.context]);
        assert_eq!(hex::encode(client.nonce(client.sender_id(), SEQUENCE)), of.nonce, "{}", of.name);
        assert_eq!(hex::encode(aad(client.sender_id(), SEQUENCE)), of.aad, "{}", of.name);
        let (protected, _) = client.protect_request(SEQUENCE, &packet(of.unprotected)).unwrap();
        parts(of, &protected);
        let received = server.unprotect_request(&mut Window::default(), &packet(of.protected)).unwrap();
        assert_eq!(written(&received.packet), of.unprotected, "{}", of.name);
    }
}

#[test]
fn responses() {
    for (sequence, of) in &RESPONSES {
        let [client, server] = contexts(&DERIVATIONS[of.context]);
        let (_, sent) = client.protect_request(SEQUENCE, &packet(REQUESTS[0].unprotected)).unwrap();
        let received = server.unprotect_request(&mut Window::default(), &packet(REQUESTS[0].protected));
        let received: Received = received.unwrap();
        let nonce = match sequence {
            None => server.nonce(server.recipient_id(), SEQUENCE),
            Some(sequence) => server.nonce(server.sender_id(), *sequence),
        };
        assert_eq!(hex::encode(nonce), of.nonce, "{}", of.name);
        assert_eq!(hex::encode(aad(server.recipient_id(), SEQUENCE)), of.aad, "{}", of.name);
        let protected = server.protect_response(received, *sequence, &packet(of.unprotected)).unwrap();
        parts(of, &protected);
        let opened = client.unprotect_response(&sent, &packet(of.protected)).unwrap();
        assert_eq!(written(&opened), of.unprotected, "{}", of.name);
    }
}
