//! Whole exchanges by files, as people would carry them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Place;
use std::fs;

#[test]
fn an_exchange_by_files() {
    let place = Place::with_node(1);
    let begun = place.initiate("a", "--data on --refresh");
    place.ok("gateway queue gate initiate-a.cbor");
    let token = place.ok("node status lamp")["token"].as_str().unwrap().to_string();
    let drained = place.ok(&format!("gateway drain gate --token {token} --out-dir ."));
    assert_eq!(drained["waiting"], 1);
    let carried = fs::read(place.path("initiate-1-0.cbor")).unwrap();
    assert_eq!(carried, fs::read(place.path("initiate-a.cbor")).unwrap());

    let accepted = place.ok("node accept lamp initiate-1-0.cbor --data done --out confirm.cbor");
    assert_eq!(accepted["early_data"]["text"], "on");
    assert_eq!(accepted["mode"], "refresh");
    place.ok("gateway confirm gate confirm.cbor");
    place.ok("gateway collect gate --epoch 1 --index 0 --out collected.cbor");
    let finished = place.ok("client finish anna collected.cbor");
    assert_eq!(finished["answer"]["text"], "done");
    assert_eq!(finished["session_fingerprint"], accepted["session_fingerprint"]);
    assert_eq!(finished["early_fingerprint"], accepted["early_fingerprint"]);
    assert_eq!(begun["early_fingerprint"], accepted["early_fingerprint"]);

    // The Initiate again: the same Confirm, until the node forgets it.
    assert_eq!(place.ok("node accept lamp initiate-a.cbor --data other --out again.cbor")["repeated"], true);
    assert_eq!(fs::read(place.path("again.cbor")).unwrap(), fs::read(place.path("confirm.cbor")).unwrap());
    place.ok("node forget lamp --epoch 1 --index 0");
    assert_eq!(place.refused("node accept lamp initiate-a.cbor --out again.cbor").0, "PrekeyConsumed");
    let status = place.ok("node status lamp");
    assert_eq!(status["batches"][0]["left"], 1);
    assert_eq!(status["sessions"][0]["fingerprint"], accepted["session_fingerprint"]);
    assert_eq!(place.ok("client status anna")["pending"].as_array().unwrap().len(), 0);
    assert_eq!(place.ok("node publish lamp --again --out again.cbor")["epoch"], 1);
    assert_eq!(fs::read(place.path("again.cbor")).unwrap(), fs::read(place.path("publication.cbor")).unwrap());
}

#[test]
fn a_client_with_a_cwt() {
    let place = Place::with_node(0);
    place.ok("keygen authority --subject authority");
    place.ok("keygen ben --subject ben");
    place.ok("node trust lamp --authority authority/credential.cbor");
    place.ok("credential issue authority --client ben/credential.cbor --audience lamp-7 --epoch-max 1 --out ben.cwt");
    place.ok("gateway offer gate --out offer.cbor");
    place.ok("client initiate ben --node lamp/credential.cbor --offer offer.cbor --cwt ben.cwt --out initiate.cbor");
    let accepted = place.ok("node accept lamp initiate.cbor --out confirm.cbor");
    assert_eq!((&accepted["client"], &accepted["vouched"]), (&"ben".into(), &true.into()));
    let finished = place.ok("client finish ben confirm.cbor");
    assert_eq!(finished["session_fingerprint"], accepted["session_fingerprint"]);
    assert_eq!(place.refused("gateway offer gate --out offer.cbor").0, "Exhausted");
}

#[test]
fn a_lease_runs_out() {
    let place = Place::with_node(0);
    let first = place.ok("gateway offer gate --lease 10 --out offer.cbor");
    let until = first["leased_until"].as_u64().unwrap();
    assert_eq!(place.refused(&format!("gateway offer gate --now {until} --out offer.cbor")).0, "Exhausted");
    place.ok(&format!("gateway offer gate --now {} --out offer.cbor", until + 1));
}

#[test]
fn the_demonstration_ends_with_equal_keys() {
    let place = Place::new();
    let told = place.ok("demo --keep kept");
    assert_eq!(told["equal"], true);
    assert_eq!(told["gateway_holds_a_secret"], false);
    let exchanges = told["exchanges"].as_array().unwrap();
    assert_eq!((&exchanges[0]["mode"], &exchanges[1]["mode"]), (&"basic".into(), &"refresh".into()));
    for step in told["steps"].as_array().unwrap() {
        let file = place.path("kept").join(step["file"].as_str().unwrap());
        assert_eq!(fs::read(&file).unwrap().len() as u64, step["bytes"].as_u64().unwrap());
        let shown = place.ok(&format!("inspect {}", file.display()));
        assert_eq!(shown["kind"], step["message"]);
    }
    assert_eq!(place.refused("demo --keep kept").0, "Usage");
}
