//! Exports, sealed objects, and sealed representations at the gateway.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
#[path = "common/served.rs"]
mod served;
#[path = "common/talking.rs"]
mod talking;

use common::Place;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use talking::Talking;

/// Anna has a session with the node, and an exchange that waits.
fn place() -> Place {
    let place = Place::with_node(2);
    place.initiate("a", "");
    place.ok("node accept lamp initiate-a.cbor --out confirm-a.cbor");
    place.ok("client finish anna confirm-a.cbor");
    place.initiate("b", "");
    place
}

#[test]
fn both_ends_export_the_same() {
    let place = place();
    for more in ["16", "16 --context 00ff", "16 --early", "255"] {
        let ends = ["anna --peer lamp-7", "lamp --peer anna"].map(|end| {
            // The exchange that waits has early keys, too: the session says which one is meant.
            let session = place.ok("client status anna")["sessions"][0]["fingerprint"].as_str().unwrap().to_string();
            let (dir, rest) = end.split_once(' ').unwrap();
            place.ok(&format!("export {dir} application {more} {rest} --session {session}"))["exported"].clone()
        });
        assert_eq!(ends[0], ends[1]);
        assert!(ends[0].as_str().unwrap().len() >= 32);
    }
    let of = |more: &str| place.ok(&format!("export anna application 16 {more}"))["exported"].clone();
    assert!(of("") != of("--early") && of("") != of("--context 00"));
    for (words, name) in [
        ("export anna application 0", "ExportLength"),
        ("export anna application 8161", "ExportLength"),
        ("export anna application 99999999999", "ExportLength"),
        ("export anna application 16 --session 0011", "Usage"),
        ("export anna application 16 --peer nobody", "Usage"),
        ("export gate application 16", "Usage"),
    ] {
        assert_eq!(place.refused(words).0, name, "{words}");
    }
}

#[test]
fn objects_both_ways_and_once() {
    let place = place();
    fs::write(place.path("content"), b"some \x00 content\n").unwrap();
    for format in ["cose", "jwe", "jws", "mac0"] {
        for (from, to) in [("anna", "lamp"), ("lamp", "anna")] {
            let told = place.ok(&format!("seal {from} content --as {format} --out object"));
            assert_eq!(told["keys"], "session");
            assert_eq!(place.refused(&format!("open {from} object --as {format}")).0, "UnknownKey");
            let told = place.ok(&format!("open {to} object --as {format} --out opened"));
            assert_eq!((&told["keys"], told["peer"] == from || told["peer"] == "lamp-7"), (&"session".into(), true));
            assert_eq!(fs::read(place.path("opened")).unwrap(), b"some \x00 content\n");
            assert_eq!(place.refused(&format!("open {to} object --as {format} --out opened")).0, "Replayed");
            let mut damaged = fs::read(place.path("object")).unwrap();
            // A byte of the ciphertext or the content; the last ones of base64url have bits that do not count.
            let place_of = damaged.len() - 3;
            damaged[place_of] ^= 1;
            fs::write(place.path("damaged"), damaged).unwrap();
            assert!(place.run(&format!("open {to} damaged --as {format}")).status.code() == Some(2));
        }
    }
    assert_eq!(place.refused("open lamp content --as cose").0, "Malformed");
    assert_eq!(place.refused("seal lamp content --as cose --peer nobody").0, "Usage");
    assert_eq!(place.refused("seal lamp missing --as cose").0, "File");
    place.ok("seal anna content --as jwe --exp 1000000000 --out object");
    assert_eq!(place.refused("open lamp object --as jwe").0, "Expired");
}

/// While there is no session the client seals under its early keys.
#[test]
fn early_objects_and_pipes() {
    let place = Place::with_node(2);
    place.initiate("a", "");
    let pipe = |words: &str, input: &[u8]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dke"));
        command.current_dir(place.0.path()).args(words.split_whitespace());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    let objects: Vec<Vec<u8>> = (0..3).map(|_| pipe("seal anna --as cose", b"\xff\x00")).collect();
    assert!(objects[0] != objects[1]);
    place.ok("node accept lamp initiate-a.cbor --out confirm.cbor");
    // In any order, over restarts.
    for number in [2, 0, 1] {
        assert_eq!(pipe("open lamp --as cose", &objects[number]), b"\xff\x00");
    }
    place.ok("client finish anna confirm.cbor");
    assert!(pipe("seal anna --as cose", b"x") != objects[0]);
    let told: serde_json::Value = serde_json::from_slice(&pipe("--json seal anna --as mac0", b"x")).unwrap();
    assert_eq!(told["keys"], "session");
}

#[test]
fn sealed_representations_for_readers_over_both_protocols() {
    let talking = Talking::with_session("anna");
    let Talking { place, gateway, .. } = &talking;
    for (round, text) in ["21.5", "22.0"].iter().enumerate() {
        let left = place.ok(&format!("node leave lamp reading --gateway {} --peer anna --data {text}", gateway.coap));
        assert_eq!(left["left"], serde_json::json!(["reading.cose", "reading.jwe"]));
        let read = "client read anna reading --node lamp/credential.cbor --gateway";
        for url in [&gateway.coap, &gateway.http] {
            let told = place.ok(&format!("{read} {url}"));
            assert_eq!((&told["content"]["text"], &told["keys"]), (&(*text).into(), &"session".into()), "{round}");
            // The gateway shows the same again, or an older one: it is not taken for a new reading.
            assert_eq!(place.refused(&format!("{read} {url}")).0, "Replayed");
        }
    }
    // Not for others; and a client that reads erases its early keys, since it has opened something under the session's.
    talking.session("ben");
    let read = "client read ben reading --node lamp/credential.cbor --gateway";
    assert_eq!(place.refused(&format!("{read} {}", gateway.http)).0, "UnknownKey");
    assert_eq!(place.ok("client status anna")["sessions"][0]["early_keys"], false);
    assert_eq!(place.ok("client status ben")["sessions"][0]["early_keys"], true);
    assert_eq!(place.refused(&format!("{read} {} --as mac0", gateway.http)).0, "Usage");
}
