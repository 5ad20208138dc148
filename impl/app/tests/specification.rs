//! The application layer (PROTOCOL.md section 15): the specification against the implementation.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use base64ct::{Base64UrlUnpadded as Base64Url, Encoding as _};
use coap_lite::{CoapOption, Packet};
use dke::key_schedule::SessionSecret;
use dke_app::export::{self, Direction, Role};
use dke_app::jose::{Serialization, seal_jwe, seal_jws};
use dke_app::oscore::Context;
use dke_app::window::{Window, WindowStore};
use dke_app::{cose, oscore};
use dke_spec::application::{self, TO_CLIENT, TO_NODE};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::hmac::hmac_sha256;
use quickcheck::QuickCheck;

struct Memory(Window);

impl WindowStore for Memory {
    type Error = std::convert::Infallible;

    fn load(&self) -> Result<Window, Self::Error> {
        Ok(self.0)
    }

    fn save(&mut self, window: &Window) -> Result<(), Self::Error> {
        self.0 = *window;
        Ok(())
    }
}

fn native(octets: &Bytes) -> Vec<u8> {
    octets.native_slice().to_vec()
}

/// A secret, a number of 1 to 5 bytes, and content, from what quickcheck draws.
fn drawn(seed: u64, sequence: u64) -> ([u8; 32], u64) {
    let mut secret = [0; 32];
    secret.iter_mut().zip((0..4).flat_map(|i| (seed ^ i).to_be_bytes())).for_each(|(to, from)| *to = from);
    (secret, (sequence % (1 << 40)) >> ((sequence >> 58) & 0x1f))
}

#[test]
fn objects_are_the_same() {
    fn property(seed: u64, sequence: u64, content: Vec<u8>) -> bool {
        let (secret, sequence) = drawn(seed, sequence);
        let own = SessionSecret::restore(secret);
        [(TO_NODE, Direction::ToNode), (TO_CLIENT, Direction::ToClient)].into_iter().all(|(number, direction)| {
            let keys = application::object_keys(&bytes(&secret), number).expect("in range");
            let encrypt0 = application::encrypt0(&keys, sequence, &bytes(&content)).expect("short");
            let mac0 = application::mac0(&keys, sequence, &bytes(&content));
            let own_encrypt0 = export::encrypt0(&own, direction).expect("in range");
            let own_mac0 = export::mac0(&own, direction).expect("in range");
            cose::seal_encrypt0(&own_encrypt0, sequence, &content) == Ok(native(&encrypt0))
                && cose::seal_mac0(&own_mac0, sequence, &content) == Ok(native(&mac0))
                && cose::open_encrypt0(&own_encrypt0, &mut Memory(Window::default()), &native(&encrypt0))
                    .is_ok_and(|opened| *opened == content)
                && cose::open_mac0(&own_mac0, &mut Memory(Window::default()), &native(&mac0)) == Ok(content.clone())
        })
    }
    QuickCheck::new().tests(30).quickcheck(property as fn(u64, u64, Vec<u8>) -> bool);
}

/// JOSE: the keys are those of the specification; `aes-gcm` and the specification's HMAC judge what is made with them.
#[test]
fn jose_uses_the_keys_of_the_specification() {
    fn property(seed: u64, sequence: u64, content: Vec<u8>) -> bool {
        let (secret, sequence) = drawn(seed, sequence);
        let own = SessionSecret::restore(secret);
        [(TO_NODE, Direction::ToNode), (TO_CLIENT, Direction::ToClient)].into_iter().all(|(number, direction)| {
            let keys = application::object_keys(&bytes(&secret), number).expect("in range");
            let jws = export::jws(&own, direction).expect("in range");
            let jws = seal_jws(&jws, sequence, None, &content, Serialization::Compact).expect("in range");
            let (input, tag) = jws.rsplit_once('.').expect("three parts");
            let expected = native(&hmac_sha256(&keys.jws_key, &bytes(input.as_bytes())));
            let jwe = export::jwe(&own, direction).expect("in range");
            let jwe = seal_jwe(&jwe, sequence, None, &content, Serialization::Compact).expect("in range");
            let parts: Vec<&str> = jwe.split('.').collect();
            let [header, "", iv, ciphertext, gcm_tag] = parts.as_slice() else { return false };
            let decoded = |text: &str| Base64Url::decode_vec(text).expect("base64url");
            let sealed = [decoded(ciphertext), decoded(gcm_tag)].concat();
            let key = aes_gcm::Aes128Gcm::new_from_slice(&native(&keys.jwe_key)).expect("16 bytes");
            let iv = decoded(iv);
            let opened = key.decrypt(iv.as_slice().into(), Payload { msg: &sealed, aad: header.as_bytes() });
            let expected_header = format!(
                r#"{{"alg":"dir","enc":"A128GCM","kid":"{}","seq":{sequence},"crit":["seq"]}}"#,
                Base64Url::encode_string(&native(&keys.kid))
            );
            decoded(tag) == expected
                && opened.as_deref() == Ok(&*content)
                && decoded(header) == expected_header.as_bytes()
                && iv == [&[0; 4][..], &sequence.to_be_bytes()].concat()
        })
    }
    QuickCheck::new().tests(30).quickcheck(property as fn(u64, u64, Vec<u8>) -> bool);
}

/// Both ends' requests, and the answers with the nonce of the request.
#[test]
fn oscore_is_the_same() {
    fn property(seed: u64, sequence: u64, path: String, payload: Vec<u8>) -> bool {
        let (secret, sequence) = drawn(seed, sequence);
        let path: String = path.chars().take(3).collect();
        let own = SessionSecret::restore(secret);
        let keys = application::oscore(&bytes(&secret)).expect("in range");
        let roles = [
            (Role::Client, Role::Node, &keys.client_id, &keys.node_id),
            (Role::Node, Role::Client, &keys.node_id, &keys.client_id),
        ];
        roles.into_iter().all(|(asking, answering, asker, answerer)| {
            let mut asked = Packet::new();
            asked.header.code = coap_lite::MessageClass::from(3);
            asked.add_option(CoapOption::UriPath, path.clone().into_bytes());
            asked.payload.clone_from(&payload);
            // Uri-Path is 11, of at most 12 bytes.
            let length = u8::try_from(path.len()).expect("short");
            let marker: &[u8] = if payload.is_empty() { &[] } else { &[0xff] };
            let inside = [&[3, 0xb0 | length], path.as_bytes(), marker, &payload].concat();
            let sealed = |id: &Bytes, inside: &[u8]| {
                let key = dke_spec::oscore::key(&keys.master_secret, &keys.master_salt, id);
                let common_iv = dke_spec::oscore::common_iv(&keys.master_secret, &keys.master_salt);
                let nonce = dke_spec::oscore::nonce(&common_iv, asker, sequence);
                let aad = dke_spec::oscore::aad(asker, sequence);
                native(&dke_spec::oscore::seal(&key, &nonce, &aad, &bytes(inside)).expect("short"))
            };
            let asking = Context::from_secret(&own, asking).expect("in range");
            let answering = Context::from_secret(&own, answering).expect("in range");
            let (sent, _) = asking.protect_request(sequence, &asked).expect("in range");
            let option = sent.get_first_option(CoapOption::Oscore).expect("an option");
            let option = oscore::OscoreOption::parse(option).expect("well formed");
            let received = answering.unprotect_request(&mut Memory(Window::default()), &sent).expect("authentic");
            let mut answer = Packet::new();
            answer.header.code = coap_lite::MessageClass::from(0x45);
            let answer = answering.protect_response(received, None, &answer).expect("in range");
            sent.payload == sealed(asker, &inside)
                && option.kid == Some(native(asker))
                && option.sequence == Some(sequence)
                && answer.payload == sealed(answerer, &[0x45])
        })
    }
    QuickCheck::new().tests(30).quickcheck(property as fn(u64, u64, String, Vec<u8>) -> bool);
}
