//! What must hold whatever comes to the application layer: an OSCORE option, a message, an object. What is opened is what the vectors
//! protect, and it is opened once.

use crate::{applications, unhex};
use coap_lite::{CoapOption, Packet};
use dke::key_schedule::{EarlySecret, SessionSecret};
use dke_app::oscore::{Context, OscoreOption, http};
use dke_app::request::{COSE_FORMAT, Channel, Protection};
use dke_app::window::Window;
use dke_app::{Direction, Error, Exporter, Misuse, Reject, Role, cose, export, jose, message};
use dke_vectors::form::{Application, Format};
use std::collections::BTreeSet;
use std::convert::Infallible;

/// A vector's secret, of which the vector knows whether it is early.
enum Secret {
    Early(EarlySecret),
    Session(SessionSecret),
}

impl Secret {
    fn of(vector: &Application) -> Secret {
        let secret = unhex(&vector.secret).try_into().expect("32 bytes");
        if vector.name.ends_with("-early") {
            Secret::Early(EarlySecret::restore(secret))
        } else {
            Secret::Session(SessionSecret::restore(secret))
        }
    }
}

impl Exporter for Secret {
    fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), dke::Misuse> {
        match self {
            Secret::Early(secret) => secret.export(label, context, out),
            Secret::Session(secret) => secret.export(label, context, out),
        }
    }
}

const DIRECTIONS: [Direction; 2] = [Direction::ToNode, Direction::ToClient];

type Opened = Result<Vec<u8>, Error<Infallible>>;

/// What must be whole in an object: all of COSE, each part of JOSE in whichever serialisation, OSCORE's ciphertext.
fn pieces(format: Format, object: &str) -> Vec<Vec<u8>> {
    match format {
        Format::Encrypt0 | Format::Mac0 => vec![unhex(object)],
        Format::Jwe | Format::Jws => object.split('.').map(|part| part.as_bytes().to_vec()).collect(),
        Format::OscoreRequest | Format::OscoreResponse => {
            let message = unhex(object);
            message.splitn(2, |byte| *byte == 0xff).skip(1).map(<[u8]>::to_vec).collect()
        }
    }
}

/// The objects in the vectors that are authentic somewhere.
fn authentic(vector: &Application, format: Format) -> Vec<Vec<Vec<u8>>> {
    let protected = vector.protected.iter().filter(|one| one.format == format).map(|one| &one.object);
    let refused = vector
        .refused
        .iter()
        .filter(|one| one.format == format && !matches!(one.reject.as_str(), "NotAuthentic" | "Malformed"));
    protected.chain(refused.map(|one| &one.object)).map(|object| pieces(format, object)).collect()
}

fn contains(data: &[u8], piece: &[u8]) -> bool {
    piece.is_empty() || data.windows(piece.len()).any(|window| window == piece)
}

/// Opens twice with each key that the vectors have for this format.
fn objects(format: Format, data: &[u8], open: impl Fn(&Secret, Direction, &mut Window) -> Opened) {
    thread_local!(static VECTORS: Vec<(Application, Secret)> =
        applications().into_iter().map(|vector| { let secret = Secret::of(&vector); (vector, secret) }).collect());
    VECTORS.with(|vectors| {
        for (vector, secret) in vectors {
            for direction in DIRECTIONS {
                let mut memory = Window::default();
                let Ok(content) = open(secret, direction, &mut memory) else {
                    assert_eq!(memory, Window::default(), "nothing is consumed");
                    continue;
                };
                let mut good = authentic(vector, format).into_iter();
                assert!(good.any(|pieces| pieces.iter().all(|piece| contains(data, piece))));
                assert!(vector.protected.iter().any(|one| unhex(&one.content) == content));
                assert_eq!(open(secret, direction, &mut memory).err(), Some(Reject::Replayed.into()));
            }
        }
    });
}

/// COSE_Encrypt0 and COSE_Mac0.
pub fn cose(data: &[u8]) {
    objects(Format::Encrypt0, data, |secret, direction, memory| {
        Ok(cose::open_encrypt0(&export::encrypt0(secret, direction).expect("in range"), memory, data)?.to_vec())
    });
    objects(Format::Mac0, data, |secret, direction, memory| {
        cose::open_mac0(&export::mac0(secret, direction).expect("in range"), memory, data)
    });
}

/// JWE, in both serialisations.
pub fn jwe(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    objects(Format::Jwe, data, |secret, direction, memory| {
        Ok(jose::open_jwe(&export::jwe(secret, direction).expect("in range"), memory, None, &text)?.to_vec())
    });
}

/// JWS, in both serialisations.
pub fn jws(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    objects(Format::Jws, data, |secret, direction, memory| {
        jose::open_jws(&export::jws(secret, direction).expect("in range"), memory, None, &text)
    });
}

/// An OSCORE option's value: there is one way to write each. The same for the header field of HTTP.
pub fn option(data: &[u8]) {
    if let Ok(read) = OscoreOption::parse(data) {
        assert_eq!(read.encode(), data);
        assert_eq!(http::option(&http::header(data)).as_deref(), Some(data));
    }
    let text = String::from_utf8_lossy(data);
    if let Some(option) = http::option(&text) {
        assert_eq!(http::header(&option), text);
    }
}

fn ends(secret: &Secret, direction: Direction) -> (Context, Context) {
    let (sealing, opening) = match direction {
        Direction::ToNode => (Role::Client, Role::Node),
        Direction::ToClient => (Role::Node, Role::Client),
    };
    let context = |role| Context::from_secret(secret, role).expect("in range");
    (context(sealing), context(opening))
}

fn written(packet: &Packet) -> Vec<u8> {
    message::encode(packet).expect("it was read").to_vec()
}

/// What is inside, under the right key: a message, and the content of a request in an object. There is one way to write each.
pub fn inner(data: &[u8]) {
    if let Ok(packet) = message::decode(data) {
        assert_eq!(written(&packet), data);
    }
    thread_local!(static SECRET: Secret = Secret::of(&applications()[0]));
    let (sealing, node) = SECRET.with(|secret| {
        let node = Channel::new(secret, Role::Node, Protection::Cose).expect("in range");
        (export::encrypt0(secret, Direction::ToNode).expect("in range"), node)
    });
    let mut outer = message::with_code(2);
    outer.add_option(CoapOption::ContentFormat, vec![u8::try_from(COSE_FORMAT).expect("16")]);
    outer.payload = cose::seal_encrypt0(&sealing, 1, data).expect("short");
    let mut memory = Window::default();
    match node.open_request(&mut memory, &outer) {
        Ok(received) => {
            let content = minicbor::to_vec((None::<u64>, minicbor::bytes::ByteVec::from(written(&received.packet))));
            assert_eq!(content.expect("own"), data);
        }
        Err(error) => assert_eq!((error, memory), (Reject::Malformed.into(), Window::default())),
    }
}

/// A message: as a protected request and a protected response, and as one to be protected, which comes out as it went in.
pub fn oscore(data: &[u8]) {
    let Some((code, rest)) = data.split_first() else { return };
    let Ok(packet) = Packet::from_bytes(&[&[0x40, *code, 0, 0], rest].concat()) else { return };
    objects(Format::OscoreRequest, data, |secret, direction, memory| {
        let (_, opening) = ends(secret, direction);
        let mut received = opening.unprotect_request(memory, &packet)?.packet;
        // What stands outside for proxies is anybody's.
        for number in [3, 7, 35, 39] {
            received.clear_option(CoapOption::from(number));
        }
        Ok(written(&received))
    });
    thread_local!(static PAIR: (Context, Context) = ends(&Secret::of(&applications()[0]), Direction::ToNode));
    PAIR.with(|(client, node)| round_trip(client, node, packet));
}

fn round_trip(client: &Context, node: &Context, mut packet: Packet) {
    let request = message::with_code(1);
    let (asked, mut sent) = client.protect_request(7, &request).expect("a request");
    assert!(client.unprotect_response(&sent, &packet).is_err());
    assert!(client.unprotect_notification(&mut sent, &packet).is_err());
    match client.protect_request(8, &packet) {
        Ok((protected, _)) => {
            let received = node.unprotect_request(&mut Window::default(), &protected).expect("own").packet;
            // A Proxy-Uri arrives in parts.
            if packet.get_option(CoapOption::ProxyUri).is_none() {
                assert_eq!(written(&received), written(&packet));
            }
        }
        Err(error) => assert!(matches!(error, Misuse::NotAMessage | Misuse::TooLong)),
    }
    let received = node.unprotect_request(&mut Window::default(), &asked).expect("own");
    packet.clear_option(CoapOption::ProxyUri);
    if let Ok(protected) = node.protect_response(received, None, &packet) {
        let opened = client.unprotect_response(&sent, &protected).expect("own");
        assert_eq!(written(&opened), written(&packet));
    }
}

/// A compact JWE or JWS in the flattened JSON serialisation.
fn flattened(format: Format, compact: &str) -> Option<(&'static str, Vec<u8>)> {
    let parts: Vec<&str> = compact.split('.').collect();
    let (target, names) = match format {
        Format::Jwe => ("jwe", ["protected", "", "iv", "ciphertext", "tag"].as_slice()),
        Format::Jws => ("jws", ["protected", "payload", "signature"].as_slice()),
        _ => return None,
    };
    let members = names.iter().zip(parts).filter(|(name, _)| !name.is_empty());
    let members: Vec<String> = members.map(|(name, part)| format!(r#""{name}":"{part}""#)).collect();
    Some((target, format!("{{{}}}", members.join(",")).into_bytes()))
}

/// Targets and bytes.
pub(crate) fn seeds() -> BTreeSet<(&'static str, Vec<u8>)> {
    let mut seeds = BTreeSet::new();
    for vector in applications() {
        for one in &vector.protected {
            seeds.extend(flattened(one.format, &one.object));
        }
        let protected = vector.protected.into_iter().map(|one| (one.format, one.object));
        for (format, object) in protected.chain(vector.refused.into_iter().map(|one| (one.format, one.object))) {
            seeds.insert(match format {
                Format::Encrypt0 | Format::Mac0 => ("cose", unhex(&object)),
                Format::Jwe => ("jwe", object.into_bytes()),
                Format::Jws => ("jws", object.into_bytes()),
                Format::OscoreRequest | Format::OscoreResponse => ("oscore", unhex(&object)),
            });
        }
    }
    // Requests and responses as they are before: with a host, a query, Observe, a Proxy-Uri.
    for inner in
        ["01b3747631", "03b56c69676874ff6f6e", "01396c6f63616c686f7374c3713d31", "0160", "4560ff01", "0160516154ff31"]
    {
        seeds.insert(("oscore", unhex(inner)));
        seeds.insert(("inner", unhex(inner)));
        let content = (None::<u64>, minicbor::bytes::ByteVec::from(unhex(inner)));
        seeds.insert(("inner", minicbor::to_vec(content).expect("own")));
    }
    // A longer head than needed; a marker without a payload.
    for wrong in ["82f6580101", "01ff", "82f64201ff"] {
        seeds.insert(("inner", unhex(wrong)));
    }
    let uri = b"coap://example.com/resource?q=1";
    seeds.insert(("oscore", [&[1, 0xdd, 22, 18], uri.as_slice()].concat()));
    for value in ["", "00", "0914", "091400", "19140837cbf3210017a2d3", "0100", "2901", "0f0102030405"] {
        seeds.insert(("option", unhex(value)));
        seeds.insert(("option", http::header(&unhex(value)).into_bytes()));
    }
    seeds
}
