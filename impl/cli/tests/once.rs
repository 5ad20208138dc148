//! A call is carried out once (PROTOCOL.md section 18.2), whatever the gateway says, and whoever stops.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
#[path = "common/liar.rs"]
mod liar;
#[path = "common/served.rs"]
mod served;

use common::Place;
use common::limit::eventually;
use liar::{Liar, Lie};
use serde_json::Value;
use served::Served;
use std::fs;
use std::process::{Child, Output, Stdio};

/// Pays, and leaves that it has been run, and under which number.
const PAY: &str = "echo \"$DKE_CALL\" >>numbers; cat >>paid; printf 'paid to %s' \"$DKE_PEER\"";

/// lamp-7, which has published, and anna, whom it trusts.
struct Shop {
    place: Place,
    gateway: Served,
}

impl Shop {
    fn new() -> Shop {
        let place = Place::new();
        place.ok("keygen lamp --subject lamp-7");
        place.ok("keygen anna --subject anna");
        place.ok("node trust lamp --client anna/credential.cbor");
        let gateway = Served::start(&place, "--open --rate 1000");
        let shop = Shop { place, gateway };
        shop.wake(PAY);
        shop
    }

    fn wake(&self, handler: &str) -> Output {
        let words = format!("node run lamp --gateway {} --once --depth 4 --handler", self.gateway.coap);
        self.place.command(&words).arg(handler).output().unwrap()
    }

    fn call(&self, url: &str, wait: u64) -> String {
        format!("client call anna --node lamp/credential.cbor --gateway {url} --wait {wait} --data pay")
    }

    fn resume(&self, url: &str, more: &str) -> String {
        format!("client resume anna --node lamp/credential.cbor --gateway {url} --wait 0 {more}")
    }

    fn spawn(&self, words: &str) -> Child {
        self.place.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Wakes the node up until this command has ended.
    fn wake_until(&self, mut command: Child) -> Output {
        eventually("it ends", || {
            assert!(self.wake(PAY).status.success());
            command.try_wait().unwrap()
        });
        command.wait_with_output().unwrap()
    }

    /// What the handler has carried out, and the numbers that it was given.
    fn carried_out(&self) -> (String, Vec<String>) {
        let read = |name| fs::read_to_string(self.place.path(name)).unwrap_or_default();
        (read("paid"), read("numbers").lines().map(str::to_string).collect())
    }

    fn status(&self) -> Value {
        self.place.ok("client status anna")
    }
}

/// The error's name and sentence: the last line, behind what was told meanwhile.
fn failed(output: &Output) -> (String, String) {
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    let error: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let text = |name: &str| error[name].as_str().unwrap().to_string();
    (text("error"), text("sentence"))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

#[test]
fn a_gateway_that_keeps_initiates_and_denies_it() {
    for (coap, status) in [(false, 409), (false, 404), (true, 409), (true, 404)] {
        let shop = Shop::new();
        let liar = Liar::start(&shop.gateway.http, Lie { status, initiates: 3 });
        let url = if coap { &liar.coap } else { &liar.http };
        let output = shop.wake_until(shop.spawn(&shop.call(url, 120)));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let called: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(called["answer"]["text"], "paid to anna");
        // The gateway had four Initiates, and the node accepted those that it was given.
        assert_eq!(liar.initiates(), 4);
        let (paid, numbers) = shop.carried_out();
        assert_eq!((paid.as_str(), numbers.len()), ("pay", 1));
        assert_eq!(called["call"], numbers[0].as_str());
        // All exchanges of the call have ended with it.
        let status = shop.status();
        assert!(list(&status["pending"]).is_empty() && list(&status["calls"]).is_empty(), "{status}");
    }
}

#[test]
fn what_the_gateway_denies_stays_pending() {
    let shop = Shop::new();
    let liar = Liar::start(&shop.gateway.http, Lie { status: 409, initiates: usize::MAX });
    let (name, sentence) = failed(&shop.place.run(&shop.call(&liar.http, 20)));
    assert_eq!(name, "Unknown");
    assert!(sentence.starts_with("It is not known whether the call was carried out"), "{sentence}");
    let status = shop.status();
    assert_eq!((list(&status["pending"]).len(), list(&status["calls"]).len()), (4, 1), "{status}");
    // It is not repeated more often, whoever asks.
    for _ in 0..2 {
        let resumed = shop.place.ok(&shop.resume(&liar.coap, ""));
        let unfinished = resumed["exchanges"][0]["unfinished"].as_str().unwrap();
        assert!(unfinished.starts_with("It is not known"), "{unfinished}");
    }
    assert_eq!(liar.initiates(), 4);
    assert!(shop.wake(PAY).status.success());
    // The gateway has the Confirms.
    let resumed = shop.place.ok(&shop.resume(&shop.gateway.coap, "").replace("--wait 0", "--wait 600"));
    assert_eq!(resumed["exchanges"][0]["answer"]["text"], "paid to anna");
    assert_eq!(shop.carried_out().0, "pay");
    assert!(list(&shop.status()["pending"]).is_empty());
}

#[test]
fn a_node_that_stops_in_the_middle_does_not_do_it_twice() {
    let shop = Shop::new();
    let call = shop.spawn(&shop.call(&shop.gateway.coap, 600));
    // The handler has done its work when the node is killed.
    let handler = format!("{PAY}; kill -9 $PPID");
    eventually("a call comes", || (!shop.wake(&handler).status.success()).then_some(()));
    // The node rejects the Initiate from now on, and the gateway says so: that proves nothing.
    assert_eq!(failed(&shop.wake_until(call)).0, "Unknown");
    // Asked again, under the same number, the node says that it does not know either.
    let resume = shop.resume(&shop.gateway.http, "").replace("--wait 0", "--wait 600");
    let output = shop.wake_until(shop.spawn(&resume));
    let resumed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let unfinished = resumed["exchanges"][0]["unfinished"].as_str().unwrap();
    assert!(unfinished.contains("not known whether"), "{unfinished}");
    assert_eq!(shop.carried_out().0, "pay");
    let status = shop.status();
    assert!(list(&status["pending"]).is_empty() && list(&status["calls"]).is_empty(), "{status}");
    assert_eq!(list(&status["sessions"]).len(), 1, "the exchange itself has succeeded");
}

#[test]
fn a_handler_that_fails_is_not_asked_again() {
    let shop = Shop::new();
    let call = shop.spawn(&shop.call(&shop.gateway.coap, 600));
    eventually("a call is answered", || {
        let output = shop.wake(&format!("{PAY}; exit 1"));
        (serde_json::from_slice::<Value>(&output.stdout).unwrap()["answered"] == 1).then_some(())
    });
    assert_eq!(failed(&call.wait_with_output().unwrap()).0, "Unknown");
    assert_eq!(shop.carried_out().0, "pay");
}

#[test]
fn a_call_that_was_given_up_is_gone() {
    let shop = Shop::new();
    assert_eq!(failed(&shop.place.run(&shop.call(&shop.gateway.coap, 0))).0, "Pending");
    let number = shop.status()["calls"][0]["number"].clone();
    let resumed = shop.place.ok(&shop.resume(&shop.gateway.coap, "--give-up"));
    assert_eq!(resumed["given_up"], Value::from(vec![number]));
    let status = shop.status();
    assert!(list(&status["pending"]).is_empty() && list(&status["calls"]).is_empty(), "{status}");
}

#[test]
fn an_answer_that_could_not_be_written_is_kept() {
    let shop = Shop::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut call = shop.place.command(&shop.call(&shop.gateway.coap, 60));
    let call = call.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(shop.wake_until(call).status.code(), Some(1));
    let received = shop.place.ok("deliver anna")["received"].clone();
    assert_eq!(received[0]["answer"]["text"], "paid to anna");
    assert!(list(&shop.place.ok("deliver anna")["received"]).is_empty());
    assert_eq!(shop.carried_out().0, "pay");
}
