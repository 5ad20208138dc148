//! One end of an exchange: which keys are used when, and what survives a restart.

use crate::common::{early, session};
use coap_lite::Packet;
use dke::key_schedule::{EarlySecret, SessionSecret};
use dke_app::exchange::{Counters, Exchange, Format, Stage};
use dke_app::message::{decode, with_code};
use dke_app::request::Protection;
use dke_app::{Error, Misuse, Reject, Role};

/// What an end keeps.
#[derive(Default)]
struct End {
    early: Option<EarlySecret>,
    session: Option<SessionSecret>,
    counters: Counters,
}

impl End {
    fn client(&mut self) -> Exchange<'_> {
        self.as_role(Role::Client)
    }

    fn node(&mut self) -> Exchange<'_> {
        self.as_role(Role::Node)
    }

    fn as_role(&mut self, role: Role) -> Exchange<'_> {
        Exchange { role, early: self.early.clone(), session: self.session.clone(), counters: &mut self.counters }
    }

    /// The process ends, and what was stored is read again.
    fn restart(&mut self) {
        let stored = serde_json::to_string(&self.counters).unwrap();
        self.counters = serde_json::from_str(&stored).unwrap();
    }
}

fn get() -> Packet {
    with_code(0x01)
}

fn served(node: &mut End, outer: &Packet) -> (Stage, Packet) {
    let protection = Protection::of(outer).unwrap();
    let (stage, received) = node.node().open_request(outer).unwrap();
    let answer = node.node().respond(stage, protection, received, &with_code(0x45)).unwrap();
    (stage, decode(&answer).unwrap())
}

#[test]
fn the_client_switches_without_losing_a_message() {
    for protection in Protection::ALL {
        let mut client = End { early: Some(early()), ..End::default() };
        let mut node = End { early: Some(early()), session: Some(session()), ..End::default() };
        let (first, first_outer) = client.client().ask(protection, &get()).unwrap();
        assert_eq!((first.stage, client.counters.may_forget_early(true)), (Stage::Early, false));
        // C2: from now on nothing new goes out under the early keys, but what is under way is still opened.
        client.session = Some(session());
        let (second, second_outer) = client.client().ask(protection, &get()).unwrap();
        assert_eq!((second.stage, second.sequence), (Stage::Session, 0));
        assert!(!client.counters.may_forget_early(false), "nothing was opened under the session keys");
        client.restart();
        // The node gets them in the wrong order.
        let (stage, second_answer) = served(&mut node, &second_outer);
        assert_eq!(stage, Stage::Session);
        client.client().open_response(&second, &get(), &second_answer).unwrap();
        assert!(!client.counters.may_forget_early(true), "a request under the early keys awaits a response");
        let (stage, first_answer) = served(&mut node, &first_outer);
        assert_eq!(stage, Stage::Early);
        client.client().open_response(&first, &get(), &first_answer).unwrap();
        assert!(client.counters.may_forget_early(false));
        client.early = None;
        client.counters.forget_early();
        assert_eq!(client.client().open_response(&first, &get(), &first_answer).err(), Some(Misuse::NoKeys.into()));
        assert_eq!(client.client().ask(protection, &get()).unwrap().0.sequence, 1);
    }
}

#[test]
fn opening_under_early_keys_is_no_reason_to_erase_them() {
    let mut client = End { early: Some(early()), session: Some(session()), ..End::default() };
    let mut node = End { early: Some(early()), ..End::default() };
    let object = node.node().seal(Stage::Early, Format::Encrypt0, None, b"early").unwrap();
    assert_eq!(client.client().open(Format::Encrypt0, None, &object).unwrap(), (Stage::Early, b"early".to_vec()));
    assert!(!client.counters.may_forget_early(false));
    node.session = Some(session());
    let object = node.node().seal(Stage::Session, Format::Jws, None, b"later").unwrap();
    assert_eq!(client.client().open(Format::Jws, None, &object).unwrap(), (Stage::Session, b"later".to_vec()));
    assert!(client.counters.may_forget_early(false));
}

#[test]
fn a_restart_neither_repeats_a_number_nor_accepts_one_twice() {
    for protection in Protection::ALL {
        let mut client = End { session: Some(session()), ..End::default() };
        let mut node = End { session: Some(session()), ..End::default() };
        let mut before = None;
        for round in 0..3 {
            let (asked, outer) = client.client().ask(protection, &get()).unwrap();
            assert_eq!(asked.sequence, round);
            assert_eq!(client.client().ask_again(&asked, &get()).unwrap().payload, outer.payload);
            let (_, answer) = served(&mut node, &outer);
            client.restart();
            node.restart();
            assert_eq!(node.node().open_request(&outer).err(), Some(Error::Peer(Reject::Replayed)));
            // Who still owes the response can open it again, and it does not count.
            assert!(node.node().open_again(&outer).is_ok());
            client.client().open_response(&asked, &get(), &answer).unwrap();
            if let Some((asked, answer)) = before.replace((asked, answer)) {
                // OSCORE keeps no window for responses: who has taken one forgets the request.
                if protection != Protection::Oscore {
                    let again = client.client().open_response(&asked, &get(), &answer);
                    assert_eq!(again.err(), Some(Error::Peer(Reject::Replayed)));
                }
            }
        }
    }
}

#[test]
fn objects_of_each_format() {
    for format in [Format::Encrypt0, Format::Mac0, Format::Jwe, Format::Jws] {
        let mut client = End { session: Some(session()), ..End::default() };
        let mut node = End { session: Some(session()), ..End::default() };
        let object = client.client().seal(Stage::Session, format, None, b"content").unwrap();
        assert_eq!(client.client().open(format, None, &object).err(), Some(Error::Peer(Reject::UnknownKey)));
        assert_eq!(node.node().open(format, None, &object).unwrap(), (Stage::Session, b"content".to_vec()));
        node.restart();
        assert_eq!(node.node().open(format, None, &object).err(), Some(Error::Peer(Reject::Replayed)));
        assert_eq!(client.client().seal(Stage::Early, format, None, b"content").err(), Some(Misuse::NoKeys));
    }
    none_is_taken_for_a_message();
    let mut none = End::default();
    assert_eq!(none.client().ask(Protection::Jwe, &get()).err(), Some(Misuse::NoKeys));
    assert_eq!(none.client().seal(Stage::Session, Format::Oscore, None, b"").err(), Some(Misuse::NoKeys));
}

/// A request is no object, and no object is a request.
fn none_is_taken_for_a_message() {
    for (format, protection) in [(Format::Encrypt0, Protection::Cose), (Format::Jwe, Protection::Jwe)] {
        let mut client = End { session: Some(session()), ..End::default() };
        let mut node = End { session: Some(session()), ..End::default() };
        // [ null, << GET >> ] and [ 7, << 2.05 >> ]
        for content in [b"\x82\xf6\x41\x01", b"\x82\x07\x41\x45"] {
            assert_eq!(client.client().seal(Stage::Session, format, None, content).err(), Some(Misuse::MessageForm));
            assert!(client.client().seal(Stage::Session, format, None, &content[1..]).is_ok());
        }
        let (_, outer) = client.client().ask(protection, &get()).unwrap();
        assert_eq!(node.node().open(format, None, &outer.payload).err(), Some(Error::Peer(Reject::Malformed)));
        assert!(node.node().open_request(&outer).is_ok());
    }
}
