//! Who is who: everything is chosen by H(CRED). PROTOCOL.md section 18.6.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
#[path = "common/served.rs"]
mod served;
#[path = "common/talking.rs"]
mod talking;

use std::fs;
use std::process::Stdio;
use talking::Talking;

/// An authority vouches for another key with anna's subject and kid, and both have a session with the node.
fn impostor() -> Talking {
    let talking = Talking::new();
    let place = &talking.place;
    let kid = place.ok("client status anna")["kid"].as_str().unwrap().to_string();
    place.ok(&format!("keygen evil --subject anna --role client --kid {kid}"));
    place.ok("keygen authority --subject authority --role authority");
    place.ok("node trust lamp --authority authority/credential.cbor");
    place.ok("credential issue authority --client evil/credential.cbor --audience lamp-7 --epoch-max 9 --out evil.cwt");
    for words in ["anna", "evil --cwt evil.cwt"] {
        let call = talking.spawn(&format!(
            "client call {words} --node lamp/credential.cbor --gateway {} --wait 600",
            talking.gateway.coap
        ));
        let before = talking.gateway.waiting("waiting");
        common::limit::eventually("an Initiate comes", || (talking.gateway.waiting("waiting") > before).then_some(()));
        let who = r#"printf '%s %s %s %s\n' "$DKE_PEER" "$DKE_KID" "$DKE_PEER_HASH" "$DKE_PEER_TRUST" >>called"#;
        let mut run = place.command(&format!("node run lamp --gateway {} --once --handler", talking.gateway.coap));
        assert!(run.arg(who).stdout(Stdio::null()).status().unwrap().success());
        assert!(call.wait_with_output().unwrap().status.success());
    }
    talking
}

#[test]
fn an_impostor_with_a_pinned_clients_subject_and_kid() {
    let talking = impostor();
    let place = &talking.place;
    let anna: String = place.ok("credential show anna/credential.cbor")["hash"].as_str().unwrap().into();
    let sessions = place.ok("node status lamp")["sessions"].as_array().unwrap().clone();
    // The credential of a client that is vouched for is its CWT.
    let evil = sessions.iter().find(|one| one["trust"] == "vouched").unwrap();
    let evil: String = evil["peer_hash"].as_str().unwrap().into();
    // The handler can tell them apart.
    let called = fs::read_to_string(place.path("called")).unwrap();
    let called: Vec<Vec<&str>> = called.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!((called[0][0], called[0][1]), (called[1][0], called[1][1]));
    assert_eq!((called[0][2], called[0][3]), (anna.as_str(), "pinned"));
    assert_eq!((called[1][2], called[1][3]), (evil.as_str(), "vouched"));
    // A name that both have means neither.
    fs::write(place.path("content"), "for anna only").unwrap();
    let gateway = &talking.gateway.coap;
    for words in [
        format!("node leave lamp note --gateway {gateway} --data secret --peer anna"),
        format!("node leave lamp note --gateway {gateway} --data secret"),
        "seal lamp content --as cose --out object --peer anna".into(),
        "export lamp application 16 --peer anna".into(),
    ] {
        let (name, sentence) = place.refused(&words);
        assert!(name == "Usage" && sentence.contains(&anna) && sentence.contains(&evil), "{words}: {sentence}");
        assert!(sentence.contains("pinned") && sentence.contains("vouched"), "{sentence}");
    }
    for peer in [anna.as_str(), &anna[..8]] {
        let told = place.ok(&format!("seal lamp content --as cose --out object --peer {peer}"));
        assert_eq!((&told["peer_hash"], &told["trust"]), (&anna.as_str().into(), &"pinned".into()));
        assert_eq!(place.ok("open anna object --as cose")["content"]["text"], "for anna only");
        assert_eq!(place.refused("open evil object --as cose").0, "UnknownKey");
    }
    // A subject that is somebody's hash changes nothing.
    assert_eq!(place.refused(&format!("export lamp application 16 --peer {}", &anna[..7])).0, "Usage");
}

/// Linux only: reads the memory of a process that sleeps, as its parent.
#[cfg(target_os = "linux")]
#[test]
fn an_erased_key_is_nowhere_in_the_memory_of_a_sleeping_node() {
    use std::io::{BufRead as _, BufReader};
    let talking = Talking::new();
    let place = &talking.place;
    let keys = || -> Vec<Option<String>> {
        let state: serde_json::Value =
            serde_json::from_slice(&fs::read(place.path("lamp/node.json")).unwrap()).unwrap();
        let prekeys = state["state"]["batches"]["1"]["prekeys"].as_array().unwrap().clone();
        prekeys.iter().map(|prekey| prekey["y"].as_str().map(str::to_string)).collect()
    };
    let before = keys();
    let call = talking.begin_call("anna");
    let words = format!("node run lamp --gateway {} --every 100000", talking.gateway.coap);
    let mut node = place.command(&words).stdout(Stdio::piped()).spawn().unwrap();
    // It tells of its wake-up when it is over, and then it sleeps.
    let mut line = String::new();
    BufReader::new(node.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"answered\":1"), "{line}");
    assert!(call.wait_with_output().unwrap().status.success());
    let after = keys();
    let erased = before.iter().zip(&after).find(|(before, after)| before.is_some() && after.is_none()).unwrap().0;
    let hex = erased.clone().unwrap();
    let bytes = hex::decode(&hex).unwrap();
    let left = after.iter().flatten().next().unwrap();
    match memory(node.id()) {
        Ok(memory) => {
            let found = |needle: &[u8]| memory.windows(needle.len()).filter(|window| *window == needle).count();
            let places = (found(hex.as_bytes()), found(&bytes), found(left.as_bytes()));
            node.kill().unwrap();
            node.wait().unwrap();
            assert_eq!(places, (0, 0, 0), "the erased key as text, as bytes; a key that is left as text");
        }
        // Then nobody but the superuser can.
        Err(error) => {
            node.kill().unwrap();
            node.wait().unwrap();
            assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
        }
    }
}

#[cfg(target_os = "linux")]
fn memory(process: u32) -> std::io::Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut memory = fs::File::open(format!("/proc/{process}/mem"))?;
    let mut all = Vec::new();
    for line in fs::read_to_string(format!("/proc/{process}/maps"))?.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        // What can be written may hold a secret.
        if !rights.starts_with("rw") || line.contains("[v") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut part = vec![0; usize::try_from(to - from).unwrap()];
        memory.seek(SeekFrom::Start(from))?;
        // Pages that nobody has touched cannot always be read.
        if memory.read_exact(&mut part).is_ok() {
            all.append(&mut part);
        }
    }
    assert!(!all.is_empty());
    Ok(all)
}

#[test]
fn a_node_that_began_anew_is_called_again() {
    let talking = Talking::with_session("anna");
    let place = &talking.place;
    let told = place.ok(&format!("node recover lamp --gateway {}", talking.gateway.coap));
    assert_eq!(told["sessions_dropped"], 1);
    talking.wake();
    assert_eq!(place.ok("node status lamp")["epoch"], told["next_epoch"]);
    talking.session("anna");
    assert_eq!(place.ok("client status anna")["sessions"].as_array().unwrap().len(), 2);
    // The owner knows the last epoch.
    let last = told["next_epoch"].as_u64().unwrap();
    assert_eq!(place.ok(&format!("node recover lamp --epoch {last}"))["next_epoch"], last + 2);
    talking.wake();
    talking.session("anna");
}

/// A gateway by files, too, takes nodes by their hashes: two may have one subject.
#[test]
fn two_nodes_with_one_subject_at_a_gateway() {
    let place = common::Place::new();
    let mut hashes = Vec::new();
    for node in ["lamp", "other"] {
        place.ok(&format!("keygen {node} --subject lamp"));
        let registered = place.ok(&format!("gateway register gate {node}/credential.cbor"));
        hashes.push(registered["hash"].as_str().unwrap().to_string());
        place.ok(&format!("node publish {node} --out {node}.cbor"));
    }
    for more in ["", " --node lamp"] {
        let (name, sentence) = place.refused(&format!("gateway publish gate lamp.cbor{more}"));
        assert!(name == "Usage" && hashes.iter().all(|hash| sentence.contains(hash)), "{sentence}");
    }
    place.ok(&format!("gateway publish gate lamp.cbor --node {}", &hashes[0][..8]));
    place.ok(&format!("gateway publish gate other.cbor --node {}", hashes[1]));
    assert_eq!(place.refused(&format!("gateway publish gate other.cbor --node {}", "0".repeat(64))).0, "UnknownNode");
    let status = place.ok("gateway status gate");
    assert!(status["nodes"].as_array().unwrap().iter().all(|node| node["epoch"] == 1), "{status}");
}
