//! The vectors of the application layer: what the specification makes with an early and a session secret, and what it refuses.

use crate::vectors::{Kind, hex, world};
use dke_spec::application::{self, Reject, TO_CLIENT, TO_NODE, WINDOW, object_keys};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::oscore::{self, Context};
use dke_spec::{client, cose, jose};
use dke_vectors::form::{Application, Format, Keys, ObjectKeys, Protected, Refused};

/// The number of all objects, less the direction.
const SEQUENCE: u64 = 300;
/// `exp` of JOSE objects, UNIX seconds.
const EXP: u64 = 1_900_000_000;

/// Early and session secret of one exchange in each suite.
pub fn applications() -> Vec<Application> {
    let mut vectors = Vec::new();
    for suite in [2, 3] {
        let kind = Kind { suite, refresh: true, cwt: false, data: true };
        let world = world(kind);
        let session = client::finish(&world.pending, &world.confirm).expect("C2").session_secret;
        let early = world.pending.early_secret.clone();
        for (which, secret, other) in [("early", &early, &session), ("session", &session, &early)] {
            vectors.push(application(&kind.name(), which, secret, other));
        }
    }
    vectors
}

fn application(exchange: &str, which: &str, secret: &Bytes, other: &Bytes) -> Application {
    let oscore = application::oscore(secret).expect("in range");
    let mut vector = Application {
        name: format!("{exchange}-{which}"),
        exchange: exchange.into(),
        secret: hex(secret),
        keys: Keys {
            oscore_master_secret: hex(&oscore.master_secret),
            oscore_master_salt: hex(&oscore.master_salt),
            client_id: hex(&oscore.client_id),
            node_id: hex(&oscore.node_id),
            to_node: keys(secret, TO_NODE),
            to_client: keys(secret, TO_CLIENT),
        },
        protected: Vec::new(),
        refused: Vec::new(),
    };
    for format in Format::ALL {
        for direction in [TO_NODE, TO_CLIENT] {
            let place = Place { format, direction };
            vector.protected.push(place.protected(&Under::new(secret, direction)));
            vector.refused.extend(place.refused(secret, other));
        }
    }
    vector
}

fn keys(secret: &Bytes, direction: u8) -> ObjectKeys {
    let keys = object_keys(secret, direction).expect("in range");
    ObjectKeys {
        kid: hex(&keys.kid),
        encrypt0_key: hex(&keys.encrypt0_key),
        encrypt0_iv: hex(&keys.encrypt0_iv),
        mac0_key: hex(&keys.mac0_key),
        jwe_key: hex(&keys.jwe_key),
        jws_key: hex(&keys.jws_key),
    }
}

/// The keys under which something is protected or opened.
struct Under {
    object: application::ObjectKeys,
    sealing: Context,
    opening: Context,
}

impl Under {
    fn new(secret: &Bytes, direction: u8) -> Under {
        let oscore = application::oscore(secret).expect("in range");
        let (client, node) = (oscore::client(&oscore), oscore::node(&oscore));
        let (sealing, opening) = if direction == TO_NODE { (client, node) } else { (node, client) };
        Under { object: object_keys(secret, direction).expect("in range"), sealing, opening }
    }

    /// These keys under the names of those.
    fn named(&self, names: &Under) -> Under {
        let mut forged =
            Under { object: self.object.clone(), sealing: self.sealing.clone(), opening: self.opening.clone() };
        forged.object.kid = names.object.kid.clone();
        forged.sealing.sender_id = names.sealing.sender_id.clone();
        forged.sealing.recipient_id = names.sealing.recipient_id.clone();
        forged
    }
}

/// One format in one direction.
#[derive(Clone, Copy)]
struct Place {
    format: Format,
    direction: u8,
}

impl Place {
    fn sequence(self) -> u64 {
        SEQUENCE + u64::from(self.direction)
    }

    fn exp(self) -> Option<u64> {
        matches!(self.format, Format::Jwe | Format::Jws).then_some(EXP)
    }

    /// For OSCORE a message: PUT /light with "on", 2.04 with "done".
    fn content(self) -> Bytes {
        match self.format {
            Format::OscoreRequest => bytes(b"\x03\xb5light\xffon"),
            Format::OscoreResponse => bytes(b"\x44\xffdone"),
            _ => bytes(b"23.5 degrees"),
        }
    }

    fn seal(self, under: &Under) -> Bytes {
        let (sequence, content) = (self.sequence(), self.content());
        let sealed = match self.format {
            Format::Encrypt0 => cose::encrypt0(&under.object, sequence, &content),
            Format::Mac0 => cose::mac0(&under.object, sequence, &content),
            Format::Jwe => jose::jwe(&under.object, sequence, self.exp(), &content),
            Format::Jws => jose::jws(&under.object, sequence, self.exp(), &content),
            Format::OscoreRequest => oscore::protect_request(&under.sealing, sequence, &content),
            Format::OscoreResponse => oscore::protect_response(&under.sealing, sequence, &content),
        };
        sealed.expect("in range")
    }

    /// The specification's judgement; `None` if it opens it.
    fn judge(self, under: &Under, sequence: u64, accepted: &[u64], now: Option<u64>, object: &Bytes) -> Option<Reject> {
        match self.format {
            Format::Encrypt0 => cose::open_encrypt0(&under.object, accepted, object).err(),
            Format::Mac0 => cose::open_mac0(&under.object, accepted, object).err(),
            Format::Jwe => jose::open_jwe(&under.object, accepted, now, object).err(),
            Format::Jws => jose::open_jws(&under.object, accepted, now, object).err(),
            Format::OscoreRequest => oscore::open_request(&under.opening, accepted, object).err(),
            Format::OscoreResponse => oscore::open_response(&under.opening, sequence, object).err(),
        }
    }

    fn protected(self, under: &Under) -> Protected {
        let object = self.seal(under);
        assert_eq!(self.judge(under, self.sequence(), &[], None, &object), None, "{:?}", self.format);
        Protected {
            format: self.format,
            direction: self.direction.into(),
            sequence: self.sequence(),
            exp: self.exp(),
            content: hex(&self.content()),
            object: self.written(&object),
        }
    }

    /// JOSE as it is, all else in hex.
    fn written(self, object: &Bytes) -> String {
        match self.format {
            Format::Jwe | Format::Jws => String::from_utf8(object.native_slice().to_vec()).expect("ASCII"),
            _ => hex(object),
        }
    }

    /// The object of these keys, and what is done to it: whatever the specification does not open.
    fn refused(self, secret: &Bytes, other: &Bytes) -> Vec<Refused> {
        let (own, sequence) = (Under::new(secret, self.direction), self.sequence());
        let object = self.seal(&own);
        let (crossed, turned) = (Under::new(other, self.direction), Under::new(secret, 1 - self.direction));
        let cases = [
            ("last character or bit changed", self.spoiled(&object), sequence, vec![], None),
            ("cut by one byte", object.slice(0, object.len() - 1), sequence, vec![], None),
            ("accepted before", object.clone(), sequence, vec![sequence], None),
            ("below the window", object.clone(), sequence, vec![sequence + WINDOW], None),
            ("of the exchange's other secret", self.seal(&crossed), sequence, vec![], None),
            ("of the other secret, under this kid", self.seal(&crossed.named(&own)), sequence, vec![], None),
            ("of the other direction", self.seal(&turned), sequence, vec![], None),
            ("of the other direction, under this kid", self.seal(&turned.named(&own)), sequence, vec![], None),
            ("to another request", object.clone(), sequence + 2, vec![], None),
            ("at exp", object, sequence, vec![], Some(EXP)),
        ];
        let judged = cases.into_iter().filter_map(|(change, object, sequence, accepted, now)| {
            let reject = self.judge(&own, sequence, &accepted, now, &object)?;
            Some(Refused {
                change: change.into(),
                format: self.format,
                direction: self.direction.into(),
                sequence,
                accepted,
                now,
                object: self.written(&object),
                reject: format!("{reject:?}"),
            })
        });
        judged.collect()
    }

    /// Another last byte, which for JOSE is still a good end: the last character of 16 or 32 bytes has bits to spare that are zero.
    fn spoiled(self, object: &Bytes) -> Bytes {
        let mut spoiled = object.clone();
        let last = spoiled.len() - 1;
        let byte = spoiled[last];
        spoiled[last] = match self.format {
            Format::Jwe => {
                if byte == b'A' {
                    b'Q'
                } else {
                    b'A'
                }
            }
            Format::Jws => {
                if byte == b'A' {
                    b'E'
                } else {
                    b'A'
                }
            }
            _ => byte ^ 1,
        };
        spoiled
    }
}
