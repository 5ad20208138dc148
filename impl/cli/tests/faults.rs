//! Gateway, node and clients as processes on a bad network: datagrams are lost, doubled, delayed and reordered, and everybody is killed
//! at random moments. In the end every acknowledged message is accounted for, and no prekey was used twice.
//!
//! `DKE_KILLS=300 cargo test --release -p dke-cli --test faults -- --nocapture` for a long run.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
#[path = "common/proxy.rs"]
mod proxy;

use common::Place;
use common::limit::eventually;
use proxy::Proxy;
use rand_core::{OsRng, RngCore as _};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

const CLIENTS: usize = 8;
/// Memory that a gateway process may hold, in kB: its page cache has 64 MB.
const MEMORY_MAX: u64 = 200_000;

fn below(limit: u32) -> u32 {
    OsRng.next_u32() % limit
}

/// What is run again whenever it was killed or has ended.
struct Actor {
    child: Child,
    words: String,
}

impl Actor {
    fn start(place: &Place, words: &str) -> Actor {
        let child = place.command(words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        Actor { child, words: words.to_string() }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

struct World<'a> {
    place: &'a Place,
    proxy: &'a Proxy,
    gateway: Actor,
    node: Actor,
    clients: Vec<Actor>,
    /// Most memory that any gateway process held, in kB.
    memory: u64,
    finished: usize,
}

impl World<'_> {
    /// kill -9, and again; a client goes on with what is pending.
    fn kill_one(&mut self) {
        match below(6) {
            0 | 1 => {
                self.note_memory();
                self.gateway.kill();
                self.gateway = start_gateway(self.place, &self.gateway.words, self.proxy);
            }
            2 => {
                self.node.kill();
                self.node = Actor::start(self.place, &self.node.words);
            }
            client => {
                let client = (client as usize + below(8) as usize) % CLIENTS;
                self.clients[client].kill();
                self.next_call(client);
            }
        }
    }

    fn next_call(&mut self, client: usize) {
        let call = &self.clients[client].words;
        let words = if below(2) == 0 { call.clone() } else { resume(call) };
        self.clients[client] = Actor { words: call.clone(), ..Actor::start(self.place, &words) };
    }

    /// Calls that have ended begin anew.
    fn go_on(&mut self) {
        for client in 0..CLIENTS {
            if let Some(status) = self.clients[client].child.try_wait().unwrap() {
                self.finished += usize::from(status.success());
                self.next_call(client);
            }
        }
    }

    fn note_memory(&mut self) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.gateway.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let held = line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0);
        self.memory = self.memory.max(held);
    }
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        for actor in self.clients.iter_mut().chain([&mut self.gateway, &mut self.node]) {
            let _ = actor.child.kill();
            let _ = actor.child.wait();
        }
    }
}

/// On a port of the system's choice, to which the proxy relays from now on.
fn start_gateway(place: &Place, words: &str, proxy: &Proxy) -> Actor {
    let mut actor = Actor::start(place, words);
    let mut line = String::new();
    BufReader::new(actor.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("coap"), "the gateway did not start again: {line}");
    let ready: Value = serde_json::from_str(&line).unwrap();
    proxy.relay_to(ready["coap"].as_str().unwrap().strip_prefix("coap://").unwrap().parse().unwrap());
    actor
}

/// `client resume` with the place of a `client call`.
fn resume(call: &str) -> String {
    let words: Vec<&str> = call.split(' ').collect();
    format!("client resume {} --node lamp/credential.cbor --gateway {} --wait 6", words[2], words[6])
}

/// Fingerprints of all sessions.
fn keys(status: &Value) -> Vec<String> {
    let sessions = status["sessions"].as_array().unwrap();
    sessions.iter().map(|one| one["fingerprint"].as_str().unwrap().to_string()).collect()
}

fn exchanges(status: &Value, list: &str) -> Vec<(u64, u64)> {
    let place = |one: &Value| (one["epoch"].as_u64().unwrap(), one["index"].as_u64().unwrap());
    status[list].as_array().unwrap().iter().map(place).collect()
}

#[test]
fn a_bad_network_and_kills_on_all_sides() {
    let kills: usize = std::env::var("DKE_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let place = Place::new();
    place.ok("keygen lamp --subject lamp-7");
    for client in 0..CLIENTS {
        place.ok(&format!("keygen c{client} --subject client-{client}"));
        place.ok(&format!("node trust lamp --client c{client}/credential.cbor"));
    }
    let proxy = Proxy::start();
    let url = format!("coap://{}", proxy.address);
    let serve = "gateway serve --store store --node lamp/credential.cbor --coap 127.0.0.1:0 --lease 2 --rate 100000";
    fs::write(place.path("work"), "#!/bin/sh\necho $DKE_CALL >>carried-out\n").unwrap();
    fs::set_permissions(place.path("work"), fs::Permissions::from_mode(0o700)).unwrap();
    let run = format!("node run lamp --every 1 --depth 7 --low 16 --gateway {url} --handler ./work");
    let call = |client| {
        format!("client call c{client} --node lamp/credential.cbor --gateway {url} --refresh --wait 8 --data x")
    };
    let mut world = World {
        place: &place,
        gateway: start_gateway(&place, serve, &proxy),
        proxy: &proxy,
        node: Actor::start(&place, &run),
        clients: (0..CLIENTS).map(|client| Actor::start(&place, &call(client))).collect(),
        memory: 0,
        finished: 0,
    };
    for _ in 0..kills {
        sleep(Duration::from_millis(u64::from(below(1000))));
        world.go_on();
        world.kill_one();
    }
    // Quiet: whoever is alive ends, the network is good again, and everything that can end does.
    for client in &mut world.clients {
        client.kill();
    }
    world.node.kill();
    proxy.calm();
    // First every Initiate comes to the gateway, then the node answers them (and publishes, if all its wake-ups were cut off) and some new ones, then
    // every Confirm is fetched.
    let resume_all = |wait: &str| -> usize {
        let resumed = (0..CLIENTS).map(|client| place.ok(&resume(&call(client)).replace("--wait 6", wait)));
        let unfinished = |told: Value| {
            told["exchanges"].as_array().unwrap().iter().filter(|one| one["unfinished"].is_string()).count()
        };
        resumed.map(unfinished).sum()
    };
    let wake = || place.ok(&format!("{} --once", run.replace(" --every 1", "")));
    resume_all("--wait 0");
    wake();
    world.clients =
        (0..CLIENTS).map(|client| Actor::start(&place, &call(client).replace("--wait 8", "--wait 600"))).collect();
    eventually("all calls end", || {
        let woken = wake();
        assert!(woken["left"].as_u64().unwrap() >= 16);
        world.clients.iter_mut().all(|client| client.child.try_wait().unwrap().is_some()).then_some(())
    });
    assert!(world.clients.iter_mut().all(|client| client.child.wait().unwrap().success()), "a call on a good network");
    // A call whose exchange was lost is repeated under its number, and ends at the next wake-up.
    let mut failed = None;
    eventually("all that was left ends", || {
        let unfinished = resume_all("--wait 0");
        failed.get_or_insert(unfinished);
        if unfinished > 0 {
            wake();
            resume_all("--wait 10");
        }
        (unfinished == 0).then_some(())
    });
    let failed = failed.unwrap_or_default();
    world.note_memory();
    let both = account(&place);
    let memory = world.memory;
    println!("{kills} kills: {both} exchanges ended with equal keys; of the last ones {failed} had to be repeated");
    let calls = world.finished;
    println!("{calls} calls ended between kills; datagrams: {}; the gateway held at most {memory} kB", proxy.told());
    assert!(both >= CLIENTS);
    assert!(memory < MEMORY_MAX, "the gateway held {memory} kB");
}

/// Every call has ended, on both sides with the same keys; no prekey was used twice, and no call carried out twice. Returns how many there were.
fn account(place: &Place) -> usize {
    let node = place.ok("node status lamp");
    assert_eq!(node["outbox"], Value::Array(Vec::new()), "a Confirm is not acknowledged");
    let places = exchanges(&node, "sessions");
    let once: BTreeSet<_> = places.iter().collect();
    assert_eq!(once.len(), places.len(), "a prekey was used twice");
    let mut of_clients = Vec::new();
    for client in 0..CLIENTS {
        let status = place.ok(&format!("client status c{client}"));
        assert_eq!(exchanges(&status, "pending"), [], "client-{client} still waits");
        of_clients.extend(keys(&status));
    }
    // A call that came over several exchanges has ended with one of them: the others are the node's alone.
    let of_node = keys(&node);
    assert!(of_clients.iter().all(|key| of_node.contains(key)), "a session that only a client has");
    let carried_out = fs::read_to_string(place.path("carried-out")).unwrap();
    let numbers: Vec<&str> = carried_out.lines().collect();
    let once: BTreeSet<_> = numbers.iter().collect();
    assert_eq!(once.len(), numbers.len(), "a call was carried out twice");
    assert!(numbers.len() >= of_clients.len());
    of_clients.len()
}
