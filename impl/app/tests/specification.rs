//! The application layer (PROTOCOL.md section 15): the specification against the implementation.

use coap_lite::{CoapOption, Packet};
use dke::key_schedule::SessionSecret;
use dke_app::export::{self, Direction, Role};
use dke_app::jose::Serialization::Compact;
use dke_app::oscore::Context;
use dke_app::window::Window;
use dke_app::{Error, cose, jose};
use dke_spec::application::{self, ObjectKeys, Opened, TO_CLIENT, TO_NODE};
use dke_spec::bytes::{Bytes, bytes, utf8};
use quickcheck::{Arbitrary, Gen, QuickCheck};
use std::collections::BTreeMap;
use std::sync::Mutex;

fn native(octets: &Bytes) -> Vec<u8> {
    octets.native_slice().to_vec()
}

/// A secret, a number of 1 to 5 bytes, and content, from what quickcheck draws.
fn drawn(seed: u64, sequence: u64) -> ([u8; 32], u64) {
    let mut secret = [0; 32];
    secret.iter_mut().zip((0..4).flat_map(|i| (seed ^ i).to_be_bytes())).for_each(|(to, from)| *to = from);
    (secret, (sequence % (1 << 40)) >> ((sequence >> 58) & 0x1f))
}

/// Number, `exp`, content.
type Specified = fn(&ObjectKeys, u64, Option<u64>, &Bytes) -> Option<Bytes>;
type Sealed = fn(&SessionSecret, Direction, u64, Option<u64>, &[u8]) -> Vec<u8>;
/// Numbers that have been accepted, the clock, an object.
type Judged = fn(&ObjectKeys, &[u64], Option<u64>, &Bytes) -> Result<Opened, application::Reject>;
type OpenedHere = fn(&SessionSecret, Direction, &mut Window, Option<u64>, &[u8]) -> Judgement;

/// One format on both sides, with the keys of a secret in one direction.
struct Format {
    name: &'static str,
    specified: Specified,
    judged: Judged,
    sealed: Sealed,
    opened: OpenedHere,
}

/// The content, or the rejection's name.
type Judgement = Result<Vec<u8>, String>;

fn judgement(result: Result<impl AsRef<[u8]>, Error<std::convert::Infallible>>) -> Judgement {
    match result {
        Ok(content) => Ok(content.as_ref().to_vec()),
        Err(Error::Peer(reject)) => Err(format!("{reject:?}")),
        Err(error) => panic!("{error:?}"),
    }
}

fn text(object: &[u8]) -> String {
    String::from_utf8_lossy(object).into_owned()
}

const FORMATS: [Format; 4] = [
    Format {
        name: "Encrypt0",
        specified: |keys, n, _, content| dke_spec::cose::encrypt0(keys, n, content),
        judged: |keys, seen, _, object| dke_spec::cose::open_encrypt0(keys, seen, object),
        sealed: |s, d, n, _, c| cose::seal_encrypt0(&export::encrypt0(s, d).unwrap(), n, c).unwrap(),
        opened: |s, d, w, _, o| {
            judgement(cose::open_encrypt0(&export::encrypt0(s, d).unwrap(), w, o).map(|c| c.to_vec()))
        },
    },
    Format {
        name: "Mac0",
        specified: |keys, n, _, content| dke_spec::cose::mac0(keys, n, content),
        judged: |keys, seen, _, object| dke_spec::cose::open_mac0(keys, seen, object),
        sealed: |s, d, n, _, c| cose::seal_mac0(&export::mac0(s, d).unwrap(), n, c).unwrap(),
        opened: |s, d, w, _, o| judgement(cose::open_mac0(&export::mac0(s, d).unwrap(), w, o)),
    },
    Format {
        name: "JWE",
        specified: dke_spec::jose::jwe,
        judged: dke_spec::jose::open_jwe,
        sealed: |s, d, n, exp, c| jose::seal_jwe(&export::jwe(s, d).unwrap(), n, exp, c, Compact).unwrap().into_bytes(),
        opened: |s, d, w, now, o| {
            judgement(jose::open_jwe(&export::jwe(s, d).unwrap(), w, now, &text(o)).map(|c| c.to_vec()))
        },
    },
    Format {
        name: "JWS",
        specified: dke_spec::jose::jws,
        judged: dke_spec::jose::open_jws,
        sealed: |s, d, n, exp, c| jose::seal_jws(&export::jws(s, d).unwrap(), n, exp, c, Compact).unwrap().into_bytes(),
        opened: |s, d, w, now, o| judgement(jose::open_jws(&export::jws(s, d).unwrap(), w, now, &text(o))),
    },
];

const DIRECTIONS: [(u8, Direction); 2] = [(TO_NODE, Direction::ToNode), (TO_CLIENT, Direction::ToClient)];

#[test]
fn objects_are_the_same() {
    fn property(seed: u64, sequence: u64, exp: Option<u64>, content: Vec<u8>) -> bool {
        let (secret, sequence) = drawn(seed, sequence);
        let own = SessionSecret::restore(secret);
        FORMATS.iter().all(|format| {
            DIRECTIONS.iter().all(|(number, direction)| {
                let keys = application::object_keys(&bytes(&secret), *number).expect("in range");
                let object = (format.specified)(&keys, sequence, exp, &bytes(&content)).expect("in range");
                let opened = (format.opened)(&own, *direction, &mut Window::default(), None, &native(&object));
                let judged = (format.judged)(&keys, &[], None, &object);
                (format.sealed)(&own, *direction, sequence, exp, &content) == native(&object)
                    && opened.as_ref() == Ok(&content)
                    && judged == Ok(Opened { content: bytes(&content), sequence })
            })
        })
    }
    QuickCheck::new().tests(30).quickcheck(property as fn(u64, u64, Option<u64>, Vec<u8>) -> bool);
}

/// What is done to an object on its way, and by whom it is opened.
#[derive(Clone, Debug)]
struct Fate {
    other_secret: bool,
    other_direction: bool,
    flipped: Option<(usize, u8)>,
    cut: Option<usize>,
    /// From 8 below the object's number to 71 above it.
    seen: Vec<u8>,
    now: Option<u64>,
}

impl Arbitrary for Fate {
    fn arbitrary(g: &mut Gen) -> Self {
        let rarely = |g: &mut Gen| u8::arbitrary(g) < 32;
        Fate {
            other_secret: rarely(g),
            other_direction: rarely(g),
            flipped: bool::arbitrary(g).then(|| (usize::arbitrary(g), u8::arbitrary(g) % 8)),
            cut: rarely(g).then(|| usize::arbitrary(g)),
            seen: if bool::arbitrary(g) { vec![] } else { Vec::<u8>::arbitrary(g) },
            now: bool::arbitrary(g).then(|| u64::from(u8::arbitrary(g))),
        }
    }
}

impl Fate {
    /// What the receiver of an object with this number has accepted, as both sides keep it.
    fn window(&self, sequence: u64) -> (Window, Vec<u64>) {
        let (mut window, mut seen) = (Window::default(), vec![]);
        for offset in &self.seen {
            let number = (sequence + u64::from(offset % 80)).saturating_sub(8);
            if let Ok(after) = window.after(number) {
                window = after;
                seen.push(number);
            }
        }
        (window, seen)
    }
}

/// Whatever became of it, both judge it the same; and each judgement occurs.
#[test]
fn objects_are_judged_the_same() {
    static SEEN: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
    fn property(which: usize, sequence: u8, fate: Fate) -> bool {
        let format = &FORMATS[which % 4];
        let sequence = u64::from(sequence);
        let sealing = application::object_keys(&bytes(&[7; 32]), TO_NODE).expect("in range");
        let object = (format.specified)(&sealing, sequence, Some(100), &bytes(b"23.5 degrees")).expect("in range");
        let mut object = native(&object);
        if let Some((place, bit)) = fate.flipped {
            let place = place % object.len();
            object[place] ^= 1 << bit;
        }
        if let Some(length) = fate.cut {
            object.truncate(length % object.len());
        }
        let secret = [if fate.other_secret { 8 } else { 7 }; 32];
        let (number, direction) = DIRECTIONS[usize::from(fate.other_direction)];
        let (mut window, seen) = fate.window(sequence);
        let own = SessionSecret::restore(secret);
        let opened = (format.opened)(&own, direction, &mut window, fate.now, &object);
        let keys = application::object_keys(&bytes(&secret), number).expect("in range");
        let judged = (format.judged)(&keys, &seen, fate.now, &bytes(&object));
        let judged = judged.map(|opened| native(&opened.content)).map_err(|reject| format!("{reject:?}"));
        let name = judged.clone().map_or_else(|name| name, |_| "accepted".into());
        *SEEN.lock().unwrap().entry(format!("{} {name}", format.name)).or_default() += 1;
        opened == judged || is_other_json(&object, &opened, &judged)
    }
    /// A header with a blank in it is no sender's, and Malformed in the specification; a receiver reads it, and refuses it for another reason.
    fn is_other_json(object: &[u8], opened: &Judgement, judged: &Judgement) -> bool {
        let header = text(object).split('.').next().map(|header| dke_spec::base64url::decode(&utf8(header)));
        let blank = header.flatten().is_some_and(|header| native(&header).iter().any(u8::is_ascii_whitespace));
        blank && judged == &Err("Malformed".into()) && opened.is_err()
    }
    // "exp":100 with one bit changed: "exp":10, and a blank.
    let fate = Fate {
        other_secret: true,
        other_direction: false,
        flipped: Some((9_273_354_236_496_680_035, 2)),
        cut: None,
        seen: vec![],
        now: None,
    };
    assert!(property(2, 10, fate));
    QuickCheck::new().tests(3_000).quickcheck(property as fn(usize, u8, Fate) -> bool);
    let seen = SEEN.lock().unwrap();
    for format in &FORMATS {
        for name in ["accepted", "Malformed", "UnknownKey", "NotAuthentic", "Replayed", "Expired"] {
            let expected = name != "Expired" || format.name.starts_with('J');
            assert_eq!(seen.contains_key(&format!("{} {name}", format.name)), expected, "{seen:?}");
        }
    }
}

/// Code, options, payload: what the specification calls a message.
fn message(packet: &Packet) -> Vec<u8> {
    let written = packet.to_bytes_unlimited().expect("a message");
    [&written[1..2], &written[4..]].concat()
}

/// Both ends' requests, and the answers with the nonce of the request.
#[test]
fn oscore_is_the_same() {
    fn property(seed: u64, sequence: u64, path: String, payload: Vec<u8>) -> bool {
        let (secret, sequence) = drawn(seed, sequence);
        let own = SessionSecret::restore(secret);
        let keys = application::oscore(&bytes(&secret)).expect("in range");
        let (client, node) = (dke_spec::oscore::client(&keys), dke_spec::oscore::node(&keys));
        [(Role::Client, Role::Node, &client, &node), (Role::Node, Role::Client, &node, &client)].into_iter().all(
            |(asking, answering, asker, answerer)| {
                let mut asked = Packet::new();
                asked.header.code = coap_lite::MessageClass::from(3);
                asked.add_option(CoapOption::UriPath, path.clone().into_bytes());
                asked.payload.clone_from(&payload);
                let mut answer = Packet::new();
                answer.header.code = coap_lite::MessageClass::from(0x45);
                answer.payload.clone_from(&payload);
                let (inner, reply) = (message(&asked), message(&answer));
                let asking = Context::from_secret(&own, asking).expect("in range");
                let answering = Context::from_secret(&own, answering).expect("in range");
                let (request, sent) = asking.protect_request(sequence, &asked).expect("in range");
                let received = answering.unprotect_request(&mut Window::default(), &request);
                let response = answering.protect_response(received.expect("authentic"), None, &answer);
                let response = response.expect("in range");
                let opened = Opened { content: bytes(&inner), sequence };
                dke_spec::oscore::protect_request(asker, sequence, &bytes(&inner)) == Some(bytes(&message(&request)))
                    && dke_spec::oscore::protect_response(answerer, sequence, &bytes(&reply))
                        == Some(bytes(&message(&response)))
                    && dke_spec::oscore::open_request(answerer, &[], &bytes(&message(&request))) == Ok(opened)
                    && dke_spec::oscore::open_response(asker, sequence, &bytes(&message(&response)))
                        == Ok(bytes(&reply))
                    && asking.unprotect_response(&sent, &response).is_ok_and(|opened| message(&opened) == reply)
            },
        )
    }
    QuickCheck::new().tests(30).quickcheck(property as fn(u64, u64, String, Vec<u8>) -> bool);
}

/// A request whose option or ciphertext was changed on the way: both judge it the same, and each judgement occurs.
#[test]
fn requests_are_judged_the_same() {
    static SEEN: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
    fn property(sequence: u32, fate: Fate) -> bool {
        let sequence = u64::from(sequence);
        let ends = |secret| application::oscore(&bytes(&[secret; 32])).expect("in range");
        let request = bytes(b"\x03\xb5light\xffon");
        let sealed = dke_spec::oscore::protect_request(&dke_spec::oscore::client(&ends(7)), sequence, &request);
        let mut sealed = native(&sealed.expect("in range"));
        // Code, head of the option, option, marker, ciphertext; the frame is not OSCORE's, and remains.
        let option = usize::from(sealed[1] & 0x0f);
        let marker = 2 + option;
        if let Some((place, bit)) = fate.flipped {
            let place =
                if place % 2 == 0 { 2 + place % option } else { marker + 1 + place % (sealed.len() - marker - 1) };
            sealed[place] ^= 1 << bit;
        }
        if let Some(length) = fate.cut {
            sealed.truncate(marker + 2 + length % (sealed.len() - marker - 2));
        }
        let (mut window, seen) = fate.window(sequence);
        let (secret, role) =
            (if fate.other_secret { 8 } else { 7 }, if fate.other_direction { Role::Client } else { Role::Node });
        let packet = Packet::from_bytes(&[&[0x40, sealed[0], 0, 0], &sealed[1..]].concat()).expect("a message");
        let own = Context::from_secret(&SessionSecret::restore([secret; 32]), role).expect("in range");
        let opened = own.unprotect_request(&mut window, &packet).map(|received| message(&received.packet));
        let end = match role {
            Role::Client => dke_spec::oscore::client(&ends(secret)),
            Role::Node => dke_spec::oscore::node(&ends(secret)),
        };
        let judged = dke_spec::oscore::open_request(&end, &seen, &bytes(&sealed));
        let judged = judged.map(|opened| native(&opened.content)).map_err(|reject| format!("{reject:?}"));
        let name = judged.clone().map_or_else(|name| name, |_| "accepted".into());
        *SEEN.lock().unwrap().entry(name).or_default() += 1;
        judgement(opened) == judged
    }
    QuickCheck::new().tests(3_000).quickcheck(property as fn(u32, Fate) -> bool);
    let seen: Vec<String> = SEEN.lock().unwrap().keys().cloned().collect();
    assert_eq!(seen, ["Malformed", "NotAuthentic", "Replayed", "UnknownKey", "accepted"]);
}
