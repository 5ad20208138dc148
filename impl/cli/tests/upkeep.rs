//! `dke node run` compares with its gateway, mends, and says so: PROTOCOL.md section 18.1.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
#[path = "common/served.rs"]
mod served;

use common::Place;
use common::limit::eventually;
use serde_json::{Value, json};
use served::Served;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

fn place() -> Place {
    let place = Place::new();
    place.ok("keygen lamp --subject lamp-7 --kid 6c37");
    place.ok("keygen anna --subject anna");
    place.ok("node trust lamp --client anna/credential.cbor");
    place
}

fn wake(place: &Place, gateway: &Served, more: &str) -> Value {
    place.ok(&format!("node run lamp --gateway {} --once {more}", gateway.coap))
}

#[test]
fn a_gateway_that_forgot_gets_all_again_and_the_report_says_so() {
    let place = place();
    let mut gateway = Served::start(&place, "--open");
    let first = wake(&place, &gateway, "");
    assert_eq!(first["gateway"], Value::Null);
    assert_eq!(
        first["mended"],
        json!(["gateway did not know this node: registered", "this node had no batch: published epoch 1"])
    );
    let second = wake(&place, &gateway, "");
    assert_eq!(
        (&second["mended"], &second["gateway"]["epoch"], &second["gateway"]["left"]),
        (&json!([]), &1.into(), &32.into())
    );
    assert_eq!((&second["left"], &second["budget"]), (&32.into(), &Value::Null));
    // The store is gone.
    gateway.child.kill().unwrap();
    gateway.child.wait().unwrap();
    std::fs::remove_file(place.path("store")).unwrap();
    gateway = Served::start(&place, "--open");
    let third = wake(&place, &gateway, "");
    assert_eq!(
        third["mended"],
        json!(["gateway did not know this node: registered", "gateway had no batch: published epoch 2"])
    );
    assert_eq!(place.ok("node status lamp")["epoch"], 2);
}

#[test]
fn a_node_without_a_clock_and_one_that_leaves() {
    let place = place();
    let gateway = Served::start(&place, "--open");
    // Nothing is published where nothing is to be published.
    let drained = wake(&place, &gateway, "--drain");
    assert_eq!((&drained["mended"], &drained["published"], &drained["left"]), (&json!([]), &0.into(), &0.into()));
    wake(&place, &gateway, "--no-clock 4000000000");
    assert!(gateway.nodes()["list"][0]["not_after"] == 4_000_000_000_u64);
    assert_eq!(wake(&place, &gateway, "--no-clock 4000000000")["mended"], json!([]));
    // A clock finds that its end is farther away than any may be; by the gateway's clock, too.
    assert_eq!(wake(&place, &gateway, "")["mended"], json!(["epoch 1 was made with a wrong clock: published epoch 2"]));
}

#[test]
fn what_failed_is_told_with_what_was_done() {
    let place = place();
    let gateway = Served::start(&place, "");
    let (name, sentence) = place.refused(&format!("node run lamp --gateway {} --once", gateway.coap));
    assert_eq!(name, "Gateway", "{sentence}");
    assert!(sentence.contains("4.03") && sentence.contains("At this wake-up: published 0"), "{sentence}");
    // Nothing was made for a gateway that does not take it.
    assert_eq!(place.ok("node status lamp")["epoch"], 0);
}

/// A gateway that is not there yet, a name that nobody knows, a directory that is in use: none of it ends a node for good.
#[test]
fn what_may_pass_does_not_end_a_node() {
    let place = place();
    let node = |gateway: &str| {
        let mut command = place.command(&format!("node run lamp --gateway {gateway} --every 1"));
        Running(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
    };
    let gateway = Served::start(&place, "--open");
    let mut unknown = node("coap://gateway.invalid");
    assert!(unknown.says().contains("cannot be reached"));
    assert!(unknown.says().contains("cannot be reached"), "it goes on");
    drop(unknown);

    let lock = std::fs::File::open(place.path("lamp/lock")).unwrap();
    lock.lock().unwrap();
    let mut busy = node(&gateway.coap);
    assert!(busy.says().contains("Another command is at work"));
    lock.unlock().unwrap();
    eventually("the node publishes", || gateway.nodes()["list"][0]["not_after"].as_u64());
    drop(busy);

    // What does not pass ends it at once.
    assert_eq!(place.refused("node run lamp --gateway gopher://x --every 1").0, "Usage");
}

/// A node whose medium is full goes on when there is room again.
#[test]
fn a_full_medium_does_not_end_a_node() {
    let place = place();
    let gateway = Served::start(&place, "--open");
    // `ulimit -f` stands for a full medium: it makes writing fail, with EFBIG where the signal is ignored.
    let dke = env!("CARGO_BIN_EXE_dke");
    let script = format!("trap '' XFSZ; ulimit -S -f 0; exec {dke} node run lamp --gateway {} --every 1", gateway.coap);
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(place.0.path());
    let mut node = Running(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    assert!(node.says().contains("could not be stored"));
    let pid = node.0.id().to_string();
    let room = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:unlimited"]).status().unwrap();
    assert!(room.success());
    eventually("the node publishes", || gateway.nodes()["list"][0]["not_after"].as_u64());
}

/// Ends with its test.
struct Running(Child);

impl Running {
    /// Its next line on standard error.
    fn says(&mut self) -> String {
        let mut line = Vec::new();
        let stream = self.0.stderr.as_mut().unwrap();
        let mut byte = [0];
        while stream.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
