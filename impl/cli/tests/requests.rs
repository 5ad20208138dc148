//! Requests to a sleeping node, over both protocols and by each format, with kills on all sides.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
#[path = "common/served.rs"]
mod served;
#[path = "common/talking.rs"]
mod talking;

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;
use talking::{ECHO, Talking};

const WAYS: [(&str, &str); 6] =
    [("http", "jwe"), ("http", "oscore"), ("http", "cose"), ("coap", "oscore"), ("coap", "cose"), ("coap", "jwe")];

#[test]
fn all_requests_of_one_wake_up_in_order() {
    let talking = Talking::with_session("anna");
    for (number, (scheme, format)) in WAYS.iter().enumerate() {
        talking.leave(
            "anna",
            scheme,
            &format!("/{number}/a%2Fb?x=%26&y"),
            &format!("--as {format} --method put --data on --content-format 0"),
        );
    }
    assert_eq!(talking.place.ok("client status anna")["sessions"][0]["awaiting"], 6);
    let woken = talking.wake();
    assert_eq!((&woken["served"], &woken["refused"]), (&6.into(), &0.into()));
    let order: Vec<String> = (0..6).map(|number| format!("/{number}/a%2Fb ")).collect();
    assert_eq!(talking.served(), order.concat());
    // What was asked over one protocol is collected over the other.
    let responses = talking.collect("anna", "http");
    assert_eq!(responses.len(), 6);
    for (number, response) in responses.iter().enumerate() {
        assert_eq!((&response["code"], &response["keys"]), (&"2.04".into(), &"session".into()), "{response}");
        let expected = format!("PUT /{number}/a%2Fb?x=&&y 0 anna session on");
        assert_eq!(response["payload"]["text"], expected);
    }
    assert_eq!(talking.place.ok("client status anna")["sessions"][0]["awaiting"], 0);
    assert_eq!(talking.collect("anna", "coap").len(), 0);
    assert_eq!(talking.wake()["served"], 0);
}

#[test]
fn a_client_waits_while_the_node_sleeps() {
    let talking = Talking::with_session("anna");
    let asking: Vec<_> = [("http", "jwe"), ("coap", "oscore")]
        .iter()
        .map(|(scheme, format)| {
            talking.spawn(&talking.request("anna", scheme, "/now", &format!("--as {format} --wait 600")))
        })
        .collect();
    let mut served = 0;
    while served < 2 {
        served += talking.wake()["served"].as_u64().unwrap();
    }
    for one in asking {
        let output = one.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&told["code"], &told["payload"]["text"]), (&"2.05".into(), &"GET /now?  anna session ".into()));
    }
}

#[test]
fn from_early_to_session_keys() {
    let talking = Talking::new();
    let call = talking.begin_call("anna");
    // The node sleeps, and has not even seen the Initiate.
    talking.leave("anna", "http", "/early", "--as jwe");
    talking.leave("anna", "coap", "/early", "--as oscore");
    let woken = talking.wake();
    assert_eq!((&woken["answered"], &woken["served"]), (&1.into(), &2.into()));
    assert!(call.wait_with_output().unwrap().status.success());
    let session = |talking: &Talking| talking.place.ok("client status anna")["sessions"][0].clone();
    assert_eq!((&session(&talking)["early_keys"], &session(&talking)["awaiting"]), (&true.into(), &2.into()));
    // New requests go under the session keys; the early keys stay as long as responses under them may come.
    talking.leave("anna", "http", "/session", "--as jwe");
    talking.wake();
    let responses = talking.collect("anna", "coap");
    let told: Vec<_> =
        responses.iter().map(|one| (one["keys"].as_str().unwrap(), one["payload"]["text"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("early", "GET /early?  anna early "),
            ("early", "GET /early?  anna early "),
            ("session", "GET /session?  anna session "),
        ]
    );
    assert_eq!(session(&talking)["early_keys"], false);
    let file = fs::read_to_string(talking.place.path("anna/client.json")).unwrap();
    assert!(!file.contains("early_secret"), "the early secret is still there");
    // The node keeps them until it erases the batch, two batches later.
    let early = |talking: &Talking| talking.place.ok("node status lamp")["sessions"][0]["early_keys"].clone();
    for kept in [true, false] {
        assert_eq!(talking.place.ok("node publish lamp --out publication.cbor")["epoch"], if kept { 2 } else { 3 });
        assert_eq!(early(&talking), kept);
    }
}

#[test]
fn errors_come_protected() {
    let talking = Talking::with_session("anna");
    talking.leave("anna", "http", "/a", "--as oscore");
    talking.wake_with("exit 3");
    talking.leave("anna", "http", "/b", "--as cose");
    let output = talking.place.run(&format!("node run lamp --gateway {} --once", talking.gateway.http));
    assert!(output.status.success());
    talking.leave("anna", "coap", "/c", "--as jwe");
    talking.wake_with("head -c 9000 /dev/zero");
    let codes: Vec<_> = talking.collect("anna", "http").iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, ["5.00", "5.01", "5.00"]);
}

/// Killed anywhere, the command is run at most once for each request, and the client gets one response, or 5.00 from a node that does not know.
#[test]
fn a_killed_node_does_nothing_twice() {
    let talking = Talking::with_session("anna");
    let (mut killed, mut delay) = (0, Duration::from_millis(20));
    for round in 0..16 {
        talking.leave("anna", "coap", &format!("/{round}"), "--as cose --method post");
        // Who has the other end of this pipe: the node, and a command that outlives it.
        let (mut running, writer) = std::io::pipe().unwrap();
        let mut command = talking.node_run(&format!("sleep 0.05; {ECHO}"));
        let mut node = command.stdout(Stdio::null()).stderr(writer).spawn().unwrap();
        drop(command);
        sleep(delay);
        node.kill().unwrap();
        // The kills follow the machine's load: some come before the command runs, some behind it.
        if node.wait().unwrap().success() {
            delay = delay * 3 / 5;
        } else {
            killed += 1;
            delay = delay * 6 / 5;
        }
        std::io::copy(&mut running, &mut std::io::sink()).unwrap();
        talking.wake();
        let responses = talking.collect("anna", "http");
        assert_eq!(responses.len(), 1, "{responses:?}");
        let times = talking.served().matches(&format!("/{round} ")).count();
        match responses[0]["code"].as_str().unwrap() {
            "2.04" => assert_eq!(times, 1, "round {round}"),
            "5.00" => assert!(times <= 1, "round {round}"),
            other => panic!("{other}"),
        }
    }
    assert!(killed > 4, "only {killed} were killed");
}

/// The response is stored before it is sent, and sent with the same bytes.
#[test]
fn a_response_is_repeated_byte_by_byte() {
    let mut talking = Talking::with_session("anna");
    talking.leave("anna", "http", "/a", "--as jwe");
    // The gateway dies while the command runs: the response is made, and cannot be sent.
    let pid = talking.gateway.child.id();
    let words = format!("node run lamp --gateway {} --once --serve", talking.gateway.http);
    let output = talking.place.command(&words).arg(format!("{ECHO}; kill -9 {pid}; sleep 0.2")).output().unwrap();
    assert!(!output.status.success());
    let kept = |talking: &Talking| {
        let state: serde_json::Value =
            serde_json::from_slice(&fs::read(talking.place.path("lamp/node.json")).unwrap()).unwrap();
        state["state"]["requests"].clone()
    };
    let response = kept(&talking)[0]["response"].as_str().unwrap().to_string();
    assert!(!response.is_empty());
    talking.gateway.restart(&talking.place);
    talking.wake_with("echo something else");
    assert_eq!(kept(&talking), serde_json::Value::Null);
    assert_eq!(talking.served(), "/a ");
    let collected = talking.collect("anna", "coap");
    assert_eq!(collected[0]["payload"]["text"], "GET /a?  anna session ");
}

#[test]
fn a_killed_client_repeats_its_request_and_no_number() {
    let talking = Talking::with_session("anna");
    let awaiting = || talking.place.ok("client status anna")["sessions"][0]["awaiting"].as_u64().unwrap();
    // The kills follow the machine's load: about as many come before a request is stored as after it.
    let mut delay = Duration::from_millis(20);
    for round in 0..100 {
        let before = awaiting();
        if before == 5 {
            break;
        }
        let mut client =
            talking.spawn(&talking.request("anna", "coap", &format!("/{round}"), "--as oscore --wait 600"));
        sleep(delay);
        client.kill().unwrap();
        client.wait().unwrap();
        delay = if awaiting() > before { delay * 4 / 5 } else { delay * 5 / 4 };
    }
    let awaiting = awaiting();
    assert_eq!(awaiting, 5);
    // Those that were not sent are sent now.
    let told = talking.place.ok(&talking.request("anna", "coap", "", "--again --wait 0"));
    assert!(told["responses"].as_array().unwrap().iter().all(|one| one["unanswered"].is_string()));
    let woken = talking.wake();
    assert_eq!((woken["served"].as_u64(), &woken["refused"]), (Some(awaiting), &0.into()));
    let state: serde_json::Value =
        serde_json::from_slice(&fs::read(talking.place.path("anna/client.json")).unwrap()).unwrap();
    let asked = state["state"]["sessions"][0]["protected"]["awaiting"].as_array().unwrap().clone();
    let mut numbers: Vec<u64> = asked.iter().map(|one| one["asked"]["sequence"].as_u64().unwrap()).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), usize::try_from(awaiting).unwrap());
    assert!(talking.collect("anna", "coap").iter().all(|one| one["code"] == "2.05"));
}

#[test]
fn what_is_given_up_is_not_asked_for_again() {
    let talking = Talking::with_session("anna");
    talking.leave("anna", "coap", "/a", "--as oscore");
    let told = talking.place.ok(&talking.request("anna", "coap", "", "--give-up"));
    assert_eq!(told["given_up"], serde_json::json!(["GET /a"]));
    assert_eq!(talking.collect("anna", "coap").len(), 0);
}

#[test]
fn what_goes_wrong_is_told_in_a_sentence() {
    let talking = Talking::with_session("anna");
    let refused = |words: &str| talking.place.refused(words);
    for (path, name) in [("", "Usage"), ("/x%2", "Usage")] {
        assert_eq!(refused(&talking.request("ben", "coap", path, "--as cose")).0, name);
    }
    for url in ["coap://x", "coap://x/nodes", "coap://x/nodes/short/a", "/nodes/a"] {
        assert_eq!(refused(&format!("request anna {url} --as cose")).0, "Usage");
    }
    assert_eq!(refused(&talking.request("anna", "coap", "/a", "")).0, "Usage");
    assert_eq!(refused(&talking.request("anna", "coap", "/a", "--as oscore --session 00")).0, "Usage");
}
