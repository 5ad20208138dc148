//! Gateway, node and clients as processes, over loopback.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
#[path = "common/served.rs"]
mod served;

use common::Place;
use common::limit::eventually;
use serde_json::Value;
use served::Served;
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn place() -> Place {
    let place = Place::new();
    place.ok("keygen lamp --subject lamp-7 --kid 6c37");
    place.ok("keygen anna --subject anna");
    place.ok("keygen ben --subject ben");
    place.ok("keygen authority --subject authority");
    place.ok("node trust lamp --client anna/credential.cbor --authority authority/credential.cbor");
    place.ok("credential issue authority --client ben/credential.cbor --audience lamp-7 --epoch-max 9 --out ben.cwt");
    place
}

fn begin(place: &Place, words: &str) -> Child {
    place.command(words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn end(child: Child) -> Value {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits until so many Initiates are queued.
fn queued(gateway: &Served, waiting: u64) {
    eventually("the Initiates come", || (gateway.waiting("waiting") == waiting).then_some(()));
}

fn session(place: &Place, called: &Value) {
    let status = place.ok("node status lamp");
    let same =
        status["sessions"].as_array().unwrap().iter().filter(|one| one["fingerprint"] == called["session_fingerprint"]);
    assert_eq!(same.count(), 1, "the node has the session once");
}

#[test]
fn two_clients_over_two_protocols_and_one_wake_up() {
    let place = place();
    let gateway = Served::start(&place, "--open");
    let run = format!("node run lamp --gateway {} --once --handler", gateway.coap);
    let wake = |handler: &str| {
        let mut command = place.command(&run);
        let output = command.arg(handler).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    // The first wake-up registers and publishes.
    assert_eq!(wake("true")["published"], 1);
    let to = "--node lamp/credential.cbor --wait 600";
    let anna = begin(&place, &format!("client call anna {to} --gateway {} --data on", gateway.coap));
    let ben =
        begin(&place, &format!("client call ben {to} --gateway {} --cwt ben.cwt --refresh --data open", gateway.http));
    queued(&gateway, 2);
    let woken = wake("printf '%s: ' \"$DKE_PEER $DKE_MODE\"; cat");
    assert_eq!((&woken["answered"], &woken["left"], &woken["published"]), (&2.into(), &30.into(), &0.into()));
    let (anna, ben) = (end(anna), end(ben));
    assert_eq!(anna["answer"]["text"], "anna basic: on");
    assert_eq!(ben["answer"]["text"], "ben refresh: open");
    session(&place, &anna);
    session(&place, &ben);
    assert_eq!(place.ok("node status lamp")["outbox"].as_array().unwrap().len(), 0);
    assert_eq!(place.ok("client status anna")["pending"].as_array().unwrap().len(), 0);
}

#[test]
fn kills_on_all_sides_end_well() {
    let place = place();
    let mut gateway = Served::start(&place, "--open --lease 3600");
    let wake = format!("node run lamp --gateway {} --once", gateway.coap);
    place.ok(&wake);
    let call = format!("client call anna --node lamp/credential.cbor --gateway {} --wait 600 --data x", gateway.coap);
    // The client is killed while it waits, the gateway too.
    let mut anna = begin(&place, &call);
    queued(&gateway, 1);
    anna.kill().unwrap();
    anna.wait().unwrap();
    gateway.restart(&place);
    let resume = format!("client resume anna --node lamp/credential.cbor --gateway {} --wait 600", gateway.http);
    let anna = begin(&place, &resume);
    assert_eq!(place.ok(&wake)["answered"], 1);
    let resumed = end(anna);
    session(&place, &resumed["exchanges"][0]);
    // Nothing is left to be resumed.
    assert_eq!(place.ok(&resume)["exchanges"].as_array().unwrap().len(), 0);

    // A node that is killed again and again serves each Initiate at most once.
    let calls: Vec<Child> = (0..4)
        .map(|_| begin(&place, &call.replace("anna", "ben").replace(" --data", " --cwt ben.cwt --data")))
        .collect();
    queued(&gateway, 4);
    for delay in [5, 15, 30, 45, 60, 80, 100] {
        let mut node = begin(&place, &wake);
        sleep(Duration::from_millis(delay));
        node.kill().unwrap();
        node.wait().unwrap();
    }
    place.ok(&wake);
    let status = place.ok("node status lamp");
    assert_eq!(status["batches"][0]["left"], 32 - 5);
    // What was lost between N2 and N3 is reported; as many clients get an answer as the node has sessions.
    let answered = status["sessions"].as_array().unwrap().len() - 1;
    let (done, lost): (Vec<Output>, Vec<Output>) =
        calls.into_iter().map(|call| call.wait_with_output().unwrap()).partition(|output| output.status.success());
    assert_eq!((done.len(), lost.len()), (answered, 4 - answered));
    for output in done {
        session(&place, &serde_json::from_slice(&output.stdout).unwrap());
    }
    assert!(lost.iter().all(|output| output.status.code() == Some(2)));
    // What the gateway denies stays pending; asked again under its number it ends.
    let pending = || place.ok("client status ben")["pending"].as_array().unwrap().len();
    assert_eq!(pending(), lost.len());
    let resume =
        |wait| format!("client resume ben --node lamp/credential.cbor --gateway {} --wait {wait}", gateway.http);
    for _ in 0..10 {
        if pending() == 0 {
            break;
        }
        place.ok(&resume(0));
        place.ok(&wake);
        place.ok(&resume(2));
    }
    assert_eq!(pending(), 0);
}

#[test]
fn what_goes_wrong_is_told_in_a_sentence() {
    let place = place();
    let gateway = Served::start(&place, "");
    let coap = &gateway.coap;
    let refused = |words: &str| place.refused(words);
    // The node has made its batch before it was told.
    let (name, sentence) = place.refused_with_changes(&format!("node run lamp --gateway {coap} --once"));
    assert_eq!(name, "Gateway", "{sentence}");
    assert!(sentence.contains("4.03"), "{sentence}");
    let call = "client call anna --node lamp/credential.cbor --wait 0 --gateway";
    assert!(refused(&format!("{call} {coap}")).1.contains("4.04"));
    assert_eq!(refused(&format!("{call} ftp://x")).0, "Usage");
    assert_eq!(refused(&format!("{call} http://127.0.0.1:1")).0, "Gateway");
    // The store is in use; then it is damaged.
    let serve = "gateway serve --store store --coap 127.0.0.1:0";
    assert_eq!(refused(serve).0, "Busy");
    drop(gateway);
    std::fs::write(place.path("store"), b"not a store").unwrap();
    let (name, sentence) = refused(serve);
    assert_eq!(name, "State");
    assert!(sentence.contains("damaged"), "{sentence}");
}

#[test]
fn prekeys_run_low_and_a_new_batch_comes() {
    let place = place();
    let gateway = Served::start(&place, "--node lamp/credential.cbor");
    let wake = format!("node run lamp --gateway {} --once --depth 1 --low 1", gateway.http);
    let call = format!("client call anna --node lamp/credential.cbor --gateway {} --wait 600", gateway.coap);
    assert_eq!(place.ok(&wake)["left"], 2);
    for (left, published) in [(1, 0), (2, 1)] {
        let anna = begin(&place, &call);
        queued(&gateway, 1);
        let woken = place.ok(&wake);
        assert_eq!(
            (&woken["answered"], &woken["left"], &woken["published"]),
            (&1.into(), &left.into(), &published.into())
        );
        session(&place, &end(anna));
    }
    assert_eq!(place.ok("node status lamp")["epoch"], 2);
}

/// Who asks more often than the gateway allows waits as it is told, and asks again.
#[test]
fn a_rate_limit_holds_nobody_up_for_good() {
    let place = place();
    let gateway = Served::start(&place, "--open --burst 3 --rate 2");
    // To register, to publish, and to look for mail and requests are five requests at least.
    for (node, url) in [("lamp", &gateway.coap), ("ben", &gateway.http)] {
        assert_eq!(place.ok(&format!("node run {node} --gateway {url} --once"))["published"], 1);
    }
    let call = "client call anna --node lamp/credential.cbor --wait 600 --gateway";
    let calls: Vec<Child> = [&gateway.coap, &gateway.http].map(|url| begin(&place, &format!("{call} {url}"))).into();
    let mut answered = 0;
    eventually("both are answered", || {
        let woken = place.ok(&format!("node run lamp --gateway {} --once", gateway.http));
        answered += woken["answered"].as_u64().unwrap();
        (answered == 2).then_some(())
    });
    for call in calls {
        session(&place, &end(call));
    }
}

#[test]
fn a_puzzle_before_an_offer() {
    let place = place();
    let gateway = Served::start(&place, "--node lamp/credential.cbor --puzzle 12");
    let wake = format!("node run lamp --gateway {} --once", gateway.coap);
    place.ok(&wake);
    for url in [&gateway.coap, &gateway.http] {
        let anna = begin(&place, &format!("client call anna --node lamp/credential.cbor --gateway {url} --wait 600"));
        queued(&gateway, 1);
        assert_eq!(place.ok(&wake)["answered"], 1);
        session(&place, &end(anna));
    }
}

#[test]
fn prekeys_for_those_who_have_the_admission_key() {
    let place = place();
    let gateway = Served::start(&place, "--node lamp/credential.cbor");
    let wake = format!("node run lamp --gateway {} --once --admission key", gateway.coap);
    assert_eq!(place.ok(&wake)["published"], 1);
    let key = std::fs::read_to_string(place.path("key")).unwrap();
    assert_eq!(key.trim().len(), 32);
    std::fs::write(place.path("other"), "00112233445566778899aabbccddeeff\n").unwrap();
    std::fs::write(place.path("none"), "no key").unwrap();
    for url in [&gateway.coap, &gateway.http] {
        let call = format!("client call anna --node lamp/credential.cbor --gateway {url} --wait 600");
        for (without, says) in
            [("", "admission key"), (" --admission other", "admission key"), (" --admission none", "32")]
        {
            let output = place.run(&format!("{call}{without}"));
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && told.contains(says), "{told}");
        }
        let anna = begin(&place, &format!("{call} --admission key"));
        queued(&gateway, 1);
        assert_eq!(place.ok(&wake)["answered"], 1);
        session(&place, &end(anna));
    }
}

/// Where nobody listens that is told at once; where somebody listens and says nothing, `--wait` holds.
#[test]
fn a_gateway_that_does_not_answer() {
    let place = place();
    // The sockets are never read from: connections are taken by the system.
    let (udp, tcp) = (UdpSocket::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let silent = [format!("coap://{}", udp.local_addr().unwrap()), format!("http://{}", tcp.local_addr().unwrap())];
    let nobody = ["coap://127.0.0.1:1".to_string(), "http://127.0.0.1:1".to_string()];
    let start = Instant::now();
    let mut running = Vec::new();
    for (number, gateway) in silent.iter().chain(&nobody).enumerate() {
        place.ok(&format!("keygen node-{number} --subject node"));
        for words in [
            format!("client call anna --node lamp/credential.cbor --gateway {gateway} --data x --wait 2"),
            format!("client read anna note --node lamp/credential.cbor --gateway {gateway}"),
            format!("node recover node-{number} --gateway {gateway} --epoch 1"),
            format!("node run node-{number} --gateway {gateway} --once"),
        ] {
            // Without --wait, a command waits for half a minute, and a node as long as RFC 7252 asks it to: too long for a test.
            if words.contains("--wait") || nobody.contains(gateway) {
                let child = place.command(&words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
                running.push((words, child));
            }
        }
    }
    for (words, child) in running {
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(words.contains("recover") || output.status.code() == Some(2), "{words}: {told}");
        assert!(!told.contains("panicked"), "{words}: {told}");
    }
    // MAX_TRANSMIT_WAIT of RFC 7252 is 93 s.
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
