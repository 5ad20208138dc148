//! A gateway that alters, repeats, reorders, splices and exchanges what it passes on: nothing of it is obeyed, and the ends say what they found.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
#[path = "common/evil.rs"]
mod evil;

use common::Place;
use dke_coap::options::{CONTENT_FORMAT, OSCORE, URI_PATH, URI_QUERY};
use dke_coap::{Bare, Code};
use evil::Evil;
use serde_json::Value;

const FORMATS: [&str; 3] = ["oscore", "cose", "jwe"];
/// What the node's command says, and where it leaves that it was run.
const ECHO: &str = r#"printf '%s %s?%s %s %s %s ' "$DKE_METHOD" "$DKE_PATH" "$DKE_QUERY" "$DKE_FORMAT" "$DKE_SUBJECT" "$DKE_KEYS"; cat; printf '%s %s;' "$DKE_SUBJECT" "$DKE_PATH" >>served"#;

/// A node, two clients with a session each, and the gateway.
struct Scene {
    place: Place,
    evil: Evil,
    id: String,
}

impl Scene {
    fn new() -> Scene {
        let place = Place::with_node(3);
        place.ok("keygen ben --subject ben");
        place.ok("node trust lamp --client ben/credential.cbor");
        let id = place.ok("node status lamp")["id"].as_str().unwrap().to_string();
        let scene = Scene { place, evil: Evil::start(), id };
        scene.initiate("anna");
        scene.finish("anna");
        scene.initiate("ben");
        scene.finish("ben");
        scene
    }

    fn initiate(&self, client: &str) {
        self.place.ok("gateway offer gate --out offer.cbor");
        self.place.ok(&format!(
            "client initiate {client} --node lamp/credential.cbor --offer offer.cbor --out initiate-{client}.cbor"
        ));
    }

    fn finish(&self, client: &str) {
        self.place.ok(&format!("node accept lamp initiate-{client}.cbor --out confirm-{client}.cbor"));
        self.place.ok(&format!("client finish {client} confirm-{client}.cbor"));
    }

    /// A client's request, as the gateway gets it.
    fn ask(&self, client: &str, path: &str, format: &str) -> Bare {
        let url = format!("{}/nodes/{}/{path}", self.evil.url, self.id);
        let words =
            format!("request {client} {url}?q --as {format} --method put --data on --content-format 0 --wait 0");
        assert_eq!(self.place.refused_with_changes(&words).0, "Pending");
        self.evil.held().asked.last().unwrap().clone()
    }

    /// The node wakes up and is given these; what it answers, and how many it served and refused.
    fn wake(&self, requests: &[&Bare]) -> (Vec<Bare>, Value) {
        {
            let mut held = self.evil.held();
            held.queue = (0..).zip(requests.iter().map(|one| (*one).clone())).collect();
            held.answered.clear();
        }
        let mut command = self.place.command(&format!("node run lamp --gateway {} --once --serve", self.evil.url));
        let output = command.arg(ECHO).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let woken: Value = serde_json::from_slice(&output.stdout).unwrap();
        let held = self.evil.held();
        let answers = (0..requests.len()).map(|number| held.answered[&(number as u64)].clone()).collect();
        (answers, serde_json::json!([woken["served"], woken["refused"]]))
    }

    /// The client asks again, and is given these for its requests. What it says of each.
    fn collect(&self, client: &str, given: &[(&Bare, &Bare)]) -> Vec<Value> {
        self.evil.held().given = given.iter().map(|(asked, given)| (asked.encode(), (*given).clone())).collect();
        let url = format!("{}/nodes/{}", self.evil.url, self.id);
        let told = self.place.ok(&format!("request {client} {url} --again --wait 0"));
        told["responses"].as_array().unwrap().clone()
    }

    fn served(&self) -> String {
        std::fs::read_to_string(self.place.path("served")).unwrap_or_default()
    }
}

fn said(client: &str, path: &str, keys: &str) -> String {
    format!("PUT /{path}?q 0 {client} {keys} on")
}

fn refusal(told: &Value) -> &str {
    told["unanswered"].as_str().unwrap_or_else(|| panic!("{told}"))
}

/// Without the options of these numbers, and with these.
fn with_options(message: &Bare, without: &[u16], with: &[(u16, &[u8])]) -> Bare {
    let mut changed = message.clone();
    changed.options.retain(|(number, _)| !without.contains(number));
    changed.options.extend(with.iter().map(|(number, value)| (*number, value.to_vec())));
    changed
}

#[test]
fn what_it_alters_outside_has_no_effect() {
    let scene = Scene::new();
    for format in FORMATS {
        let asked = scene.ask("anna", "light", format);
        let mut altered = with_options(&asked, &[], &[(URI_PATH, b"door"), (URI_QUERY, b"open"), (17, &[50])]);
        altered.code = Code(4);
        let (answers, counts) = scene.wake(&[&altered]);
        assert_eq!(counts, serde_json::json!([1, 0]));
        // The response, too: another code, another format beside OSCORE, a diagnostic.
        let mut answer = with_options(&answers[0], &[], &[(URI_PATH, b"door")]);
        answer.code = Code(0x45);
        let told = scene.collect("anna", &[(&asked, &answer)]);
        assert_eq!(
            (&told[0]["code"], &told[0]["payload"]["text"]),
            (&"2.04".into(), &said("anna", "light", "session").into())
        );
    }
    assert_eq!(scene.served(), "anna /light;".repeat(3));
}

#[test]
fn what_it_alters_inside_is_refused_and_consumes_nothing() {
    let scene = Scene::new();
    for format in FORMATS {
        let asked = scene.ask("anna", "light", format);
        let mut flipped = asked.clone();
        let last = flipped.payload.len() - 2;
        flipped.payload[last] ^= 1;
        let other = if format == "cose" { &[0xfd, 0xeb][..] } else { &[16] };
        let relabelled = with_options(&asked, &[OSCORE, CONTENT_FORMAT], &[(CONTENT_FORMAT, other)]);
        let bare = with_options(&asked, &[OSCORE, CONTENT_FORMAT], &[]);
        let (answers, counts) = scene.wake(&[&flipped, &relabelled, &bare]);
        assert_eq!(counts, serde_json::json!([0, 3]), "{format}");
        assert!(answers.iter().all(|answer| answer.encode() == [0x80]), "{answers:?}");
        assert!(refusal(&scene.collect("anna", &[(&asked, &answers[0])])[0]).contains("4.00"));
        let (answers, _) = scene.wake(&[&asked]);
        let mut flipped = answers[0].clone();
        let last = flipped.payload.len() - 2;
        flipped.payload[last] ^= 1;
        let told = refusal(&scene.collect("anna", &[(&asked, &flipped)])[0]).to_string();
        assert!(told.contains("not authentic") || told.contains("not of the form"), "{told}");
        assert_eq!(scene.collect("anna", &[(&asked, &answers[0])])[0]["code"], "2.04");
    }
    assert_eq!(scene.served(), "anna /light;".repeat(3));
}

#[test]
fn what_it_repeats_is_served_once_and_what_it_reorders_finds_its_response() {
    let scene = Scene::new();
    for format in FORMATS {
        let asked: Vec<Bare> = ["a", "b", "c"].iter().map(|path| scene.ask("anna", path, format)).collect();
        let (answers, counts) = scene.wake(&[&asked[2], &asked[0], &asked[0], &asked[1], &asked[2]]);
        assert_eq!(counts, serde_json::json!([3, 2]));
        assert_eq!((answers[2].encode(), answers[4].encode()), (vec![0x81], vec![0x81]));
        // Later, and with another hop's options.
        let (later, counts) = scene.wake(&[&with_options(&asked[1], &[], &[(URI_PATH, b"x")])]);
        assert_eq!((counts, later[0].encode()), (serde_json::json!([0, 1]), vec![0x81]));
        // The client does not take the node's refusal of the copy for a response.
        assert!(refusal(&scene.collect("anna", &[(&asked[0], &answers[2])])[0]).contains("4.03"));
        let told =
            scene.collect("anna", &[(&asked[0], &answers[1]), (&asked[1], &answers[3]), (&asked[2], &answers[0])]);
        let texts: Vec<&str> = told.iter().map(|one| one["payload"]["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["a", "b", "c"].map(|path| said("anna", path, "session")));
    }
    assert_eq!(scene.served(), "anna /c;anna /a;anna /b;".repeat(3));
}

#[test]
fn responses_that_it_exchanges_are_refused() {
    let scene = Scene::new();
    for (format, why) in [("oscore", "not authentic"), ("cose", "another request"), ("jwe", "another request")] {
        let asked: Vec<Bare> = ["a", "b"].iter().map(|path| scene.ask("anna", path, format)).collect();
        let (answers, _) = scene.wake(&[&asked[0], &asked[1]]);
        let told = scene.collect("anna", &[(&asked[0], &answers[1]), (&asked[1], &answers[0])]);
        assert!(told.iter().all(|one| refusal(one).contains(why)), "{told:?}");
        // The other client's response, and the request itself.
        let bens = scene.ask("ben", "b", format);
        let (of_ben, _) = scene.wake(&[&bens]);
        let reflected = Bare { code: Code(0x44), ..asked[0].clone() };
        for given in [&of_ben[0], &reflected] {
            let told = refusal(&scene.collect("anna", &[(&asked[0], given), (&asked[1], given)])[0]).to_string();
            assert!(told.contains("not known here") || told.contains("not authentic"), "{format}: {told}");
        }
        let told = scene.collect("anna", &[(&asked[0], &answers[0]), (&asked[1], &answers[1])]);
        assert!(told.iter().all(|one| one["code"] == "2.04"), "{told:?}");
        // An old response for a new request.
        let new = scene.ask("anna", "a", format);
        let old = if format == "oscore" { why } else { "accepted before" };
        assert!(refusal(&scene.collect("anna", &[(&new, &answers[0])])[0]).contains(old));
        let (answer, _) = scene.wake(&[&new]);
        assert_eq!(scene.collect("anna", &[(&new, &answer[0])])[0]["code"], "2.04");
        scene.collect("ben", &[(&bens, &of_ben[0])]);
    }
}

/// Anna's keys named, ben's ciphertext, and the reverse.
#[test]
fn two_sessions_are_not_spliced() {
    let scene = Scene::new();
    for format in FORMATS {
        let (annas, bens) = (scene.ask("anna", "light", format), scene.ask("ben", "door", format));
        let (answers, counts) = scene.wake(&[&spliced(&annas, &bens, format), &spliced(&bens, &annas, format)]);
        assert_eq!(counts, serde_json::json!([0, 2]), "{format}");
        assert!(answers.iter().all(|answer| answer.encode() == [0x80]), "{answers:?}");
        let (answers, _) = scene.wake(&[&annas, &bens]);
        assert_eq!(
            scene.collect("anna", &[(&annas, &answers[0])])[0]["payload"]["text"],
            said("anna", "light", "session")
        );
        assert_eq!(scene.collect("ben", &[(&bens, &answers[1])])[0]["payload"]["text"], said("ben", "door", "session"));
    }
}

/// The keys that one names, around what another one encrypted.
fn spliced(names: &Bare, encrypted: &Bare, format: &str) -> Bare {
    let mut spliced = names.clone();
    spliced.payload = match format {
        "oscore" => encrypted.payload.clone(),
        "cose" => {
            let items = |object: &[u8]| {
                let mut d = minicbor::Decoder::new(object);
                d.array().unwrap();
                let header = d.bytes().unwrap().to_vec();
                d.map().unwrap();
                (header, d.bytes().unwrap().to_vec())
            };
            let mut e = minicbor::Encoder::new(Vec::new());
            e.array(3).unwrap().bytes(&items(&names.payload).0).unwrap().map(0).unwrap();
            e.bytes(&items(&encrypted.payload).1).unwrap();
            e.into_writer()
        }
        _ => {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let (names, encrypted) = (text(&names.payload), text(&encrypted.payload));
            let header = names.split('.').next().unwrap();
            let (_, rest) = encrypted.split_once('.').unwrap();
            format!("{header}.{rest}").into_bytes()
        }
    };
    spliced
}

#[test]
fn early_is_not_passed_off_as_session() {
    for format in FORMATS {
        let scene = Scene::new();
        scene.initiate("anna");
        // Nothing of the older session is used up, so that the early request is its first.
        let state = scene.place.ok("client status anna");
        assert_eq!(state["pending"].as_array().unwrap().len(), 1);
        let early = scene.ask_early("anna", "light", format);
        scene.finish("anna");
        let session = scene.ask("anna", "light", format);
        // Early ciphertext under the session's name, and the reverse.
        let (answers, counts) = scene.wake(&[&spliced(&session, &early, format), &spliced(&early, &session, format)]);
        assert_eq!(counts, serde_json::json!([0, 2]), "{format}");
        assert!(answers.iter().all(|answer| answer.encode() == [0x80]));
        // What was held back is opened under the keys that it names, and the application is told which.
        let (answers, counts) = scene.wake(&[&session, &early]);
        assert_eq!(counts, serde_json::json!([2, 0]));
        let told = scene.collect("anna", &[(&early, &answers[0]), (&session, &answers[1])]);
        assert!(told.iter().all(|one| one["unanswered"].is_string()), "{told:?}");
        let told = scene.collect("anna", &[(&early, &answers[1]), (&session, &answers[0])]);
        let texts: Vec<&str> = told.iter().map(|one| one["payload"]["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["early", "session"].map(|keys| said("anna", "light", keys)), "{format}");
    }
}

impl Scene {
    /// A request under the early keys of an exchange that is pending.
    fn ask_early(&self, client: &str, path: &str, format: &str) -> Bare {
        let url = format!("{}/nodes/{}/{path}", self.evil.url, self.id);
        let words = format!(
            "request {client} {url}?q --as {format} --method put --data on --content-format 0 --wait 0 --early"
        );
        assert_eq!(self.place.refused_with_changes(&words).0, "Pending");
        self.evil.held().asked.last().unwrap().clone()
    }
}
