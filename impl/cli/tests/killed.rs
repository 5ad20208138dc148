//! Commands that are killed at any moment lose nothing, and never use a prekey twice.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Place;
use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Prekeys, and so exchanges.
const EXCHANGES: usize = 32;
const TRIES: usize = 4;

/// Runs a command and kills it after a while; `true` if it had ended before.
fn kill_after(place: &Place, words: &str, delay: Duration) -> bool {
    let mut child = place.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap().success()
}

#[test]
fn a_killed_node_never_reuses_a_prekey() {
    let place = Place::with_node(5);
    let state = |words: &str| place.ok(words);
    for n in 0..EXCHANGES {
        place.initiate(&n.to_string(), "--data once --refresh");
    }
    // How long a whole run takes: the kills are spread over it.
    let start = Instant::now();
    place.ok("node accept lamp initiate-0.cbor --out confirm-0-first.cbor");
    let mut whole = start.elapsed();
    let (mut ended, mut killed) = (0, 0);
    for n in 1..EXCHANGES {
        let mut confirms = BTreeSet::new();
        let mut consumed = false;
        for attempt in 0..TRIES {
            let out = format!("confirm-{n}-{attempt}.cbor");
            let step = u32::try_from((7 * n + 11 * attempt) % EXCHANGES).unwrap();
            let delay = whole * step / u32::try_from(EXCHANGES).unwrap();
            let words = format!("node accept lamp initiate-{n}.cbor --data answer-{attempt} --out {out}");
            // The spread follows the machine's load: about one in four runs ends before it is killed.
            if kill_after(&place, &words, delay) {
                ended += 1;
                whole = whole * 9 / 10;
            } else {
                killed += 1;
                whole = whole * 33 / 32;
            }
            if let Ok(confirm) = fs::read(place.path(&out)) {
                confirms.insert(confirm);
            }
            // The state always parses, and an erased prekey stays erased.
            let left = state("node status lamp")["batches"][0]["left"].as_u64().unwrap();
            let now = left < u64::try_from(EXCHANGES - n).unwrap();
            assert!(now || !consumed, "prekey {n} came back");
            consumed = now;
        }
        let out = format!("confirm-{n}-last.cbor");
        let output = place.run(&format!("node accept lamp initiate-{n}.cbor --out {out}"));
        if output.status.success() {
            confirms.insert(fs::read(place.path(&out)).unwrap());
        } else {
            assert!(String::from_utf8_lossy(&output.stderr).contains("PrekeyConsumed"));
        }
        assert!(confirms.len() <= 1, "prekey {n} gave {} Confirms", confirms.len());
        if let Some(confirm) = confirms.first() {
            fs::write(place.path("confirm.cbor"), confirm).unwrap();
            let told = place.ok("client finish anna confirm.cbor");
            let sessions = state("node status lamp")["sessions"].clone();
            let found =
                sessions.as_array().unwrap().iter().filter(|one| one["fingerprint"] == told["session_fingerprint"]);
            assert_eq!(found.count(), 1, "the node has the session of prekey {n} once");
        }
    }
    println!("{killed} killed, {ended} ended before");
    assert!(killed > EXCHANGES / 2, "only {killed} commands were killed");
}

#[test]
fn a_killed_client_loses_nothing() {
    let place = Place::with_node(4);
    let start = Instant::now();
    place.initiate("0", "");
    let whole = start.elapsed();
    for n in 1..16_u32 {
        place.ok("gateway offer gate --out offer.cbor");
        let words = "client initiate anna --node lamp/credential.cbor --offer offer.cbor --out initiate.cbor";
        let _ = fs::remove_file(place.path("initiate.cbor"));
        kill_after(&place, words, whole * n / 20);
        let sent = fs::read(place.path("initiate.cbor")).ok();
        let pending = place.ok("client status anna")["pending"].as_array().unwrap().clone();
        let stored = pending.iter().find(|one| one["index"] == n);
        assert!(stored.is_some() || sent.is_none(), "an Initiate was sent that is not stored");
        if stored.is_some() {
            place.ok(&format!("client resend anna --epoch 1 --index {n} --out again.cbor"));
            place.ok("node accept lamp again.cbor --out confirm.cbor");
            kill_after(&place, "client finish anna confirm.cbor", whole * n / 32);
            let done = place.ok("client status anna");
            let finished = done["sessions"].as_array().unwrap().iter().any(|one| one["index"] == n);
            let waiting = done["pending"].as_array().unwrap().iter().any(|one| one["index"] == n);
            assert!(finished != waiting, "pending {waiting}, finished {finished}");
            if waiting {
                place.ok("client finish anna confirm.cbor");
            }
        }
    }
}
