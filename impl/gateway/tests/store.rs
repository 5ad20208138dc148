//! The durable store: killed at any moment, damaged, full, opened twice.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{ANNA, Identity, Lamp, Place, clock, initiate};
use dke_coap::{Bare, Code};
use dke_gateway::{Embedded, Gateway, Kept, Options, Policy, Refusal, store::StoreError};
use rand::rngs::OsRng;
use rand::{Rng as _, SeedableRng as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

fn policy() -> Policy {
    Policy { leases_per_address: 1_000_000, queue_max: 1_000_000, ..Policy::default() }
}

fn credentials(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| Identity::new(&format!("node-{n}")).credential).collect()
}

/// The child: registers what it reads, line by line, all under way at once, and acknowledges each on its standard output.
#[tokio::test]
async fn child() {
    let Ok(path) = std::env::var("DKE_STORE_CHILD") else { return };
    let gateway = std::sync::Arc::new(common::open(Path::new(&path), policy()));
    let mut tasks = tokio::task::JoinSet::new();
    for line in std::io::stdin().lines() {
        let gateway = gateway.clone();
        tasks.spawn(async move {
            let line = line.unwrap();
            let bytes: Vec<u8> =
                (0..line.len()).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap()).collect();
            gateway.register(&bytes).await.unwrap();
            println!("stored {line}");
        });
        tokio::task::yield_now().await;
    }
    while tasks.join_next().await.is_some() {}
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    const KILLS: usize = 40;
    let place = Place::new();
    let all: Vec<String> = credentials(600).iter().map(|credential| hex(credential)).collect();
    let mut random = rand::rngs::StdRng::seed_from_u64(5);
    let mut acknowledged = std::collections::BTreeSet::new();
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env("DKE_STORE_CHILD", place.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let lines: Vec<String> = (0..200).map(|n| all[(round * 15 + n) % all.len()].clone()).collect();
        let feeder = std::thread::spawn(move || {
            for line in lines {
                if writeln!(input, "{line}").is_err() {
                    break;
                }
            }
        });
        // Kills after a number of acknowledgements, so that the moment does not depend on the machine's speed.
        let quota = random.gen_range(0..60);
        let mut output = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.find("stored ").map(|at| line[at + 7..].to_string()));
        for line in output.by_ref().take(quota) {
            acknowledged.insert(line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(output);
        feeder.join().unwrap();
        let gateway = common::open(&place.path(), policy());
        for line in &acknowledged {
            let bytes: Vec<u8> =
                (0..line.len()).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap()).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            assert_eq!(runtime.block_on(gateway.register(&bytes)).unwrap().1, Kept::Same, "lost after kill {round}");
        }
    }
    assert!(acknowledged.len() > KILLS, "only {} were acknowledged", acknowledged.len());
}

#[tokio::test]
async fn a_damaged_store_is_refused() {
    let place = Place::new();
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    let others = credentials(50);
    {
        let gateway = place.gateway(policy());
        gateway.register(&lamp.identity.credential).await.unwrap();
        for credential in &others {
            gateway.register(credential).await.unwrap();
        }
        gateway.publish(&lamp.id(), &lamp.publish(6)).await.unwrap();
        for _ in 0..20 {
            let offer = gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
            gateway.queue(&lamp.id(), ANNA, &initiate(&anna, &lamp.identity, &offer)).await.unwrap();
            let request = Bare { code: Code(2), options: vec![(9, vec![])], payload: offer };
            gateway.ask(&lamp.id(), ANNA, &request, Duration::ZERO).await.unwrap();
        }
    }
    let good = std::fs::read(place.path()).unwrap();
    let stored = |gateway: &Gateway<Embedded>| {
        let (id, token) = (lamp.id(), lamp.token());
        (gateway.mailbox(&id, &token).unwrap(), gateway.requests(&id, &token).unwrap())
    };
    let expected = stored(&place.gateway(policy()));
    std::fs::write(place.path(), &good).unwrap();
    let mut random = rand::rngs::StdRng::seed_from_u64(6);
    let (mut refused, mut unharmed) = (0, 0);
    // Most of the file is free; a flipped bit there does no harm. One that does harm must not go unnoticed.
    for _ in 0..150 {
        let mut bytes = good.clone();
        let at = random.gen_range(0..bytes.len());
        let length = random.gen_range(1..64).min(bytes.len() - at);
        bytes[at..at + length].iter_mut().for_each(|byte| *byte ^= 0x5a);
        std::fs::write(place.path(), &bytes).unwrap();
        match Embedded::open(&place.path(), Options::default()) {
            Err(StoreError::Damaged(path, _)) => {
                assert_eq!(path, place.path().display().to_string());
                refused += 1;
            }
            Err(other) => panic!("{other}"),
            Ok(store) => {
                let gateway = Gateway::new(store, policy(), Arc::new(clock), &mut OsRng);
                assert_eq!(stored(&gateway), expected, "damage at {at} went unnoticed");
                for credential in &others {
                    assert_eq!(
                        gateway.register(credential).await.unwrap().1,
                        Kept::Same,
                        "damage at {at} went unnoticed"
                    );
                }
                unharmed += 1;
            }
        }
    }
    assert!(refused > 5 && unharmed > 5, "refused {refused}, unharmed {unharmed}");

    for bad in [Vec::new(), b"not a store".to_vec(), vec![0; 8192], good[..good.len() / 2].to_vec()] {
        std::fs::write(place.path(), &bad).unwrap();
        let error = Embedded::open(&place.path(), Options::default()).err().unwrap();
        assert!(matches!(error, StoreError::Damaged(..)), "{} bytes: {error}", bad.len());
        assert_eq!(std::fs::read(place.path()).unwrap().len(), bad.len(), "the file was changed");
    }
    // Another format: a redb file of somebody else.
    std::fs::remove_file(place.path()).unwrap();
    drop(redb::Database::create(place.path()).unwrap());
    let error = Embedded::open(&place.path(), Options::default()).err().unwrap();
    assert!(error.to_string().contains("is not a gateway's store"), "{error}");
}

#[tokio::test]
async fn one_process_at_a_time() {
    let place = Place::new();
    let _first = place.gateway(policy());
    let error = Embedded::open(&place.path(), Options::default()).err().unwrap();
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
}

#[tokio::test]
async fn a_full_store_takes_nothing_more_and_loses_nothing() {
    let place = Place::new();
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    let (sent, token);
    {
        let gateway = place.gateway(policy());
        gateway.register(&lamp.identity.credential).await.unwrap();
        gateway.publish(&lamp.id(), &lamp.publish(4)).await.unwrap();
        let offer = gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
        sent = initiate(&anna, &lamp.identity, &offer);
        gateway.queue(&lamp.id(), ANNA, &sent).await.unwrap();
        token = lamp.token();
    }
    let full = Refusal::Store(StoreError::Full);
    let publication = lamp.publish(4);
    let open =
        |options| Gateway::new(Embedded::open(&place.path(), options).unwrap(), policy(), Arc::new(clock), &mut OsRng);
    // A medium without enough room is as full as a file beyond its quota.
    let small = open(Options { free: u64::MAX, ..Options::default() });
    assert_eq!(small.publish(&lamp.id(), &publication).await.unwrap_err(), full);
    drop(small);
    let gateway = open(Options { quota: 1, ..Options::default() });
    assert_eq!(gateway.register(&Identity::new("x").credential).await.unwrap_err(), full);
    assert_eq!(gateway.publish(&lamp.id(), &publication).await.unwrap_err(), full);
    // What is there is served, and the node can empty its queue.
    assert_eq!(gateway.mailbox(&lamp.id(), &token).unwrap(), sent);
    let confirm = lamp.answer(&anna, &sent);
    gateway.confirm(&lamp.id(), &token, &confirm).await.unwrap();
}

#[tokio::test]
async fn changes_under_way_are_grouped_and_each_is_told() {
    let place = Place::new();
    let gateway = std::sync::Arc::new(place.gateway(policy()));
    let mut tasks = tokio::task::JoinSet::new();
    for credential in credentials(300) {
        let gateway = gateway.clone();
        tasks.spawn(async move { gateway.register(&credential).await });
    }
    tasks.spawn({
        let gateway = gateway.clone();
        async move { gateway.register(b"bad").await }
    });
    let (mut new, mut refused) = (0, 0);
    while let Some(done) = tokio::time::timeout(Duration::from_secs(60), tasks.join_next()).await.unwrap() {
        match done.unwrap() {
            Ok((_, Kept::New)) => new += 1,
            _ => refused += 1,
        }
    }
    assert_eq!((new, refused), (300, 1));
    assert_eq!(gateway.totals().unwrap().nodes, 300);
}

#[tokio::test]
async fn without_a_thread_a_change_is_durable_before_it_yields() {
    let store = Embedded::open_inline(redb::backends::InMemoryBackend::new(), Options::default(), || false).unwrap();
    let gateway = Gateway::new(store, policy(), Arc::new(clock), &mut OsRng);
    for credential in credentials(3) {
        let registered = tokio::task::unconstrained(gateway.register(&credential));
        let mut registered = std::pin::pin!(registered);
        let at_once = std::future::poll_fn(|context| std::task::Poll::Ready(registered.as_mut().poll(context))).await;
        assert!(matches!(at_once, std::task::Poll::Ready(Ok((_, Kept::New)))));
    }
    assert_eq!(gateway.totals().unwrap().nodes, 3);
    let full = Embedded::open_inline(redb::backends::InMemoryBackend::new(), Options::default(), || true).unwrap();
    let gateway = Gateway::new(full, policy(), Arc::new(clock), &mut OsRng);
    let refused = gateway.register(&Identity::new("lamp").credential).await;
    assert!(matches!(refused, Err(Refusal::Store(StoreError::Full))));
}
