//! What an early or a session secret protects (PROTOCOL.md section 15): exported keys, objects and OSCORE messages, and what is refused.

use crate::Mismatch;
use crate::form::{Application, Format, ObjectKeys, Protected, Refused};
use coap_lite::Packet;
use dke::key_schedule::{EarlySecret, SessionSecret};
use dke_app::jose::{self, Serialization};
use dke_app::message::{decode, encode, with_code};
use dke_app::oscore::{Context, Received, Sent};
use dke_app::window::Window;
use dke_app::{Direction, Error, Exporter, Misuse, Role, cose, export};
use std::convert::Infallible;

/// Checks the keys, protects each content and opens what travels, and has what is refused rejected by the name that the vector gives. Gives how
/// many values were compared.
pub fn check_application(vector: &Application) -> Result<usize, Mismatch> {
    let secret = Secret::new(vector)?;
    let mut compared = keys(vector, &secret)?;
    for protected in &vector.protected {
        let place = Place::new(vector, &secret, protected.format, protected.direction)?;
        place.check_protected(protected)?;
        compared += 2;
    }
    for refused in &vector.refused {
        let place = Place::new(vector, &secret, refused.format, refused.direction)?;
        place.check_refused(refused)?;
        compared += 1;
    }
    Ok(compared)
}

/// The secret that the vector's name ends with.
enum Secret {
    Early(EarlySecret),
    Session(SessionSecret),
}

impl Secret {
    fn new(vector: &Application) -> Result<Secret, Mismatch> {
        let form = |member| Mismatch::Form { vector: vector.name.clone(), member };
        let secret = hex::decode(&vector.secret).ok().and_then(|secret| secret.try_into().ok());
        let secret = secret.ok_or_else(|| form("secret"))?;
        match vector.name.rsplit('-').next() {
            Some("early") => Ok(Secret::Early(EarlySecret::restore(secret))),
            Some("session") => Ok(Secret::Session(SessionSecret::restore(secret))),
            _ => Err(form("name")),
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

fn compare(vector: &str, member: &'static str, expected: &str, computed: &[u8]) -> Result<(), Mismatch> {
    let expected = hex::decode(expected).map_err(|_| Mismatch::Form { vector: vector.into(), member })?;
    if expected == computed {
        return Ok(());
    }
    let byte = expected.iter().zip(computed).take_while(|(left, right)| left == right).count();
    Err(Mismatch::Differs { vector: vector.into(), member, byte })
}

/// The table of section 15. Gives how many there are.
fn keys(vector: &Application, secret: &Secret) -> Result<usize, Mismatch> {
    let refused = |error: dke::Misuse| Mismatch::Refused {
        vector: vector.name.clone(),
        step: "export",
        name: dke::Error::<Infallible>::from(error).name(),
    };
    let oscore = export::oscore(secret).map_err(refused)?;
    let keys = &vector.keys;
    compare(&vector.name, "keys.oscore_master_secret", &keys.oscore_master_secret, &*oscore.master_secret)?;
    compare(&vector.name, "keys.oscore_master_salt", &keys.oscore_master_salt, &*oscore.master_salt)?;
    compare(&vector.name, "keys.client_id", &keys.client_id, &oscore.client_id)?;
    compare(&vector.name, "keys.node_id", &keys.node_id, &oscore.node_id)?;
    type Row = (&'static str, &'static str, usize, fn(&ObjectKeys) -> &String);
    let table: [Row; 6] = [
        ("object kid", "keys.*.kid", 8, |keys| &keys.kid),
        ("cose encrypt0 key", "keys.*.encrypt0_key", 16, |keys| &keys.encrypt0_key),
        ("cose encrypt0 iv", "keys.*.encrypt0_iv", 13, |keys| &keys.encrypt0_iv),
        ("cose mac0 key", "keys.*.mac0_key", 32, |keys| &keys.mac0_key),
        ("jose jwe key", "keys.*.jwe_key", 16, |keys| &keys.jwe_key),
        ("jose jws key", "keys.*.jws_key", 32, |keys| &keys.jws_key),
    ];
    for (direction, keys) in [(0, &keys.to_node), (1, &keys.to_client)] {
        for (label, member, length, expected) in table {
            let mut exported = vec![0; length];
            secret.export(label, &[direction], &mut exported).map_err(refused)?;
            compare(&vector.name, member, expected(keys), &exported)?;
        }
    }
    Ok(4 + 2 * table.len())
}

/// One format in one direction, with the keys of the secret.
struct Place<'a> {
    name: String,
    secret: &'a Secret,
    format: Format,
    direction: Direction,
}

/// The content, or why there is none; `None` if the vector is not of its form.
type Opened = Option<Result<Vec<u8>, Error<Infallible>>>;

impl<'a> Place<'a> {
    fn new(vector: &Application, secret: &'a Secret, format: Format, direction: u64) -> Result<Self, Mismatch> {
        let name = format!("{}, {format:?}, direction {direction}", vector.name);
        let direction = match direction {
            0 => Direction::ToNode,
            1 => Direction::ToClient,
            _ => return Err(Mismatch::Form { vector: name, member: "direction" }),
        };
        Ok(Place { name, secret, format, direction })
    }

    fn form(&self, member: &'static str) -> Mismatch {
        Mismatch::Form { vector: self.name.clone(), member }
    }

    fn check_protected(&self, protected: &Protected) -> Result<(), Mismatch> {
        let content = hex::decode(&protected.content).map_err(|_| self.form("content"))?;
        let object = self.object(&protected.object).ok_or_else(|| self.form("object"))?;
        let sealed = self.seal(protected, &content).ok_or_else(|| self.form("content"))?;
        compare(&self.name, "object", &hex::encode(&object), &sealed)?;
        let opened = self.open(&mut Window::default(), protected.sequence, None, &object);
        match opened.ok_or_else(|| self.form("object"))? {
            Ok(opened) => compare(&self.name, "content", &protected.content, &opened),
            Err(error) => Err(Mismatch::Refused { vector: self.name.clone(), step: "open", name: name_of(&error) }),
        }
    }

    fn check_refused(&self, refused: &Refused) -> Result<(), Mismatch> {
        let object = self.object(&refused.object).ok_or_else(|| self.form("object"))?;
        let window = refused.accepted.iter().try_fold(Window::default(), |window, number| window.after(*number));
        let mut seen = window.map_err(|_| self.form("accepted"))?;
        let opened = self.open(&mut seen, refused.sequence, refused.now, &object);
        let found = opened.ok_or_else(|| self.form("object"))?.err().map(|error| name_of(&error));
        let vector = format!("{}, {}", self.name, refused.change);
        if found != Some(refused.reject.as_str()) {
            return Err(Mismatch::Judged { vector, expected: refused.reject.clone(), found });
        }
        if window == Ok(seen) { Ok(()) } else { Err(Mismatch::Changed { vector }) }
    }

    /// JOSE stands in the file as it is, all else in hex.
    fn object(&self, text: &str) -> Option<Vec<u8>> {
        match self.format {
            Format::Jwe | Format::Jws => Some(text.as_bytes().to_vec()),
            _ => hex::decode(text).ok(),
        }
    }

    fn seal(&self, of: &Protected, content: &[u8]) -> Option<Vec<u8>> {
        let (secret, direction, sequence) = (self.secret, self.direction, of.sequence);
        match self.format {
            Format::Encrypt0 => cose::seal_encrypt0(&export::encrypt0(secret, direction).ok()?, sequence, content).ok(),
            Format::Mac0 => cose::seal_mac0(&export::mac0(secret, direction).ok()?, sequence, content).ok(),
            Format::Jwe => {
                let key = export::jwe(secret, direction).ok()?;
                Some(jose::seal_jwe(&key, sequence, of.exp, content, Serialization::Compact).ok()?.into_bytes())
            }
            Format::Jws => {
                let key = export::jws(secret, direction).ok()?;
                Some(jose::seal_jws(&key, sequence, of.exp, content, Serialization::Compact).ok()?.into_bytes())
            }
            Format::OscoreRequest => {
                let (sealing, _) = self.ends()?;
                written(&sealing.protect_request(sequence, &decode(content).ok()?).ok()?.0)
            }
            Format::OscoreResponse => {
                let (sealing, opening) = self.ends()?;
                let (_, received) = asked(&opening, &sealing, sequence).ok()??;
                written(&sealing.protect_response(received, None, &decode(content).ok()?).ok()?)
            }
        }
    }

    fn open(&self, seen: &mut Window, sequence: u64, now: Option<u64>, object: &[u8]) -> Opened {
        let (secret, direction) = (self.secret, self.direction);
        let text = std::str::from_utf8(object);
        Some(match self.format {
            Format::Encrypt0 => {
                cose::open_encrypt0(&export::encrypt0(secret, direction).ok()?, seen, object).map(|c| c.to_vec())
            }
            Format::Mac0 => cose::open_mac0(&export::mac0(secret, direction).ok()?, seen, object),
            Format::Jwe => {
                jose::open_jwe(&export::jwe(secret, direction).ok()?, seen, now, text.ok()?).map(|c| c.to_vec())
            }
            Format::Jws => jose::open_jws(&export::jws(secret, direction).ok()?, seen, now, text.ok()?),
            Format::OscoreRequest => {
                let (_, opening) = self.ends()?;
                match opening.unprotect_request(seen, &decode(object).ok()?) {
                    Ok(received) => Ok(written(&received.packet)?),
                    Err(error) => Err(error),
                }
            }
            Format::OscoreResponse => {
                let (sealing, opening) = self.ends()?;
                let (sent, _) = asked(&opening, &sealing, sequence).ok()??;
                match opening.unprotect_response(&sent, &decode(object).ok()?) {
                    Ok(opened) => Ok(written(&opened)?),
                    Err(reject) => Err(reject.into()),
                }
            }
        })
    }

    /// Who protects, and who opens.
    fn ends(&self) -> Option<(Context, Context)> {
        let (sealing, opening) = match self.direction {
            Direction::ToNode => (Role::Client, Role::Node),
            Direction::ToClient => (Role::Node, Role::Client),
        };
        Some((Context::from_secret(self.secret, sealing).ok()?, Context::from_secret(self.secret, opening).ok()?))
    }
}

/// A request of this number, on both ends: of its content a response takes nothing.
fn asked(asking: &Context, answering: &Context, sequence: u64) -> Result<Option<(Sent, Received)>, Misuse> {
    let (request, sent) = asking.protect_request(sequence, &with_code(1))?;
    let received = answering.unprotect_request(&mut Window::default(), &request);
    Ok(received.ok().map(|received| (sent, received)))
}

fn written(packet: &Packet) -> Option<Vec<u8>> {
    encode(packet).ok().map(|message| message.to_vec())
}

const fn name_of(error: &Error<Infallible>) -> &'static str {
    use dke_app::Reject::{Expired, Malformed, NotAuthentic, Replayed, UnknownKey, WrongRequest};
    match error {
        Error::Peer(Malformed) => "Malformed",
        Error::Peer(UnknownKey) => "UnknownKey",
        Error::Peer(NotAuthentic) => "NotAuthentic",
        Error::Peer(Replayed) => "Replayed",
        Error::Peer(Expired) => "Expired",
        Error::Peer(WrongRequest) => "WrongRequest",
        Error::Caller(_) => "Misuse",
        Error::Storage(never) => match *never {},
    }
}
