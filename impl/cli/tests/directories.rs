//! State directories: copies, lost states, roles. PROTOCOL.md section 18.6.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Place;
use std::fs;
use std::process::Command;

/// Anna has a session with the node.
fn place() -> Place {
    let place = Place::with_node(1);
    place.initiate("a", "");
    place.ok("node accept lamp initiate-a.cbor --out confirm-a.cbor");
    place.ok("client finish anna confirm-a.cbor");
    fs::write(place.path("content"), "content").unwrap();
    place
}

fn copy(place: &Place, from: &str, to: &str) {
    let done = Command::new("cp").args(["-r", from, to]).current_dir(place.0.path()).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_copied_directory_is_refused_until_it_begins_anew() {
    let place = place();
    copy(&place, "anna", "anna2");
    copy(&place, "lamp", "lamp2");
    place.ok("seal anna content --as cose --out object");
    for words in [
        "seal anna2 content --as cose --out object2",
        "client status anna2",
        "export anna2 application 16",
        "client initiate anna2 --node lamp/credential.cbor --offer offer-a.cbor --out initiate.cbor",
    ] {
        let (name, sentence) = place.refused(words);
        assert!(name == "State" && sentence.contains("dke client recover anna2"), "{words}: {sentence}");
    }
    for words in [
        "node status lamp2",
        "node publish lamp2 --out publication2.cbor",
        "node run lamp2 --once --gateway coap://127.0.0.1:1",
        "node trust lamp2 --client anna/credential.cbor",
    ] {
        let (name, sentence) = place.refused(words);
        assert!(name == "State" && sentence.contains("dke node recover lamp2"), "{words}: {sentence}");
    }
    let told = place.ok("client recover anna2");
    assert_eq!((&told["sessions_dropped"], &told["state_readable"]), (&1.into(), &true.into()));
    assert_eq!(place.ok("client status anna2")["sessions"].as_array().unwrap().len(), 0);
    assert_eq!(place.refused("seal anna2 content --as cose --out object2").0, "Usage");
    let told = place.ok("node recover lamp2");
    assert_eq!(place.ok("node publish lamp2 --out publication2.cbor")["epoch"], told["next_epoch"]);
    // Pinned credentials are still there.
    assert_eq!(place.ok("node status lamp2")["clients"].as_array().unwrap().len(), 1);
    // The original goes on; so does one that was moved.
    fs::rename(place.path("anna"), place.path("anna3")).unwrap();
    place.ok("seal anna3 content --as cose --out object3");
}

#[test]
fn a_state_that_is_gone_is_no_beginning() {
    let place = place();
    fs::remove_file(place.path("lamp/node.json")).unwrap();
    fs::remove_file(place.path("anna/client.json")).unwrap();
    let (name, sentence) = place.refused("node publish lamp --out again.cbor");
    assert!(name == "State" && sentence.contains("dke node recover lamp"), "{sentence}");
    let (name, sentence) = place.refused("client status anna");
    assert!(name == "State" && sentence.contains("dke client recover anna"), "{sentence}");
    let (_, sentence) = place.refused("node recover lamp");
    assert!(sentence.contains("--gateway"), "{sentence}");
    assert_eq!(place.ok("node recover lamp --epoch 1")["next_epoch"], 3);
    assert_eq!(place.ok("node publish lamp --out again.cbor")["epoch"], 3);
    assert_eq!(place.ok("client recover anna")["state_readable"], false);
    place.ok("client status anna");
}

#[test]
fn a_directory_has_one_role() {
    let place = place();
    for (words, role) in [
        ("client status lamp", "node"),
        ("client recover lamp", "node"),
        ("node publish anna --out p.cbor", "client"),
        ("node recover anna --epoch 3", "client"),
        ("credential issue lamp --client anna/credential.cbor --audience lamp-7 --epoch-max 9 --out c.cwt", "node"),
        ("credential issue anna --client anna/credential.cbor --audience lamp-7 --epoch-max 9 --out c.cwt", "client"),
    ] {
        let (name, sentence) = place.refused(words);
        assert!(name == "Usage" && sentence.contains(role), "{words}: {sentence}");
    }
    place.ok("keygen ben --subject ben --role client");
    assert_eq!(place.refused("node publish ben --out p.cbor").0, "Usage");
    place.ok("keygen authority --subject authority");
    place.ok("credential issue authority --client ben/credential.cbor --audience lamp-7 --epoch-max 9 --out ben.cwt");
    assert_eq!(place.refused("client status authority").0, "Usage");
}
