//! The queue of requests to a node: bounded, erased in time, durable.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{ANNA, BEN, Lamp, Place, sleep};
use dke_coap::options::OSCORE;
use dke_coap::{Bare, Code, Method};
use dke_gateway::store::StoreError;
use dke_gateway::{Asked, Embedded, Gateway, Kept, Options, Policy, Refusal};
use rand::rngs::OsRng;
use redb::{ReadableTable as _, TableDefinition};
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const NOW: Duration = Duration::ZERO;

fn policy() -> Policy {
    Policy { requests_max: 6, requests_per_address: 2, request_retention: 100, retry_after: 77, ..Policy::default() }
}

fn ask(n: u8) -> Bare {
    Bare { code: Method::Post.code(), options: vec![(OSCORE, vec![9])], payload: vec![n] }
}

fn answer(n: u8) -> Bare {
    Bare { code: Code::CHANGED, options: vec![(OSCORE, vec![])], payload: vec![n] }
}

#[tokio::test]
async fn queues_and_kept_responses_are_bounded() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let mut lamp = Lamp::new("lamp");
    let id = lamp.id();
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&id, &lamp.publish(0)).await.unwrap();
    let token = lamp.token();
    let asked = async |by, n| match gateway.ask(&id, by, &ask(n), NOW).await {
        Ok(Asked::Waits { number, .. }) => Ok(number),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(refusal),
    };
    assert_eq!([asked(ANNA, 1).await, asked(ANNA, 2).await], [Ok(0), Ok(1)]);
    assert_eq!(asked(ANNA, 3).await, Err(Refusal::TooMany(77)), "an address has its share");
    assert_eq!(asked(ANNA, 2).await, Ok(1), "the very same again needs no place");
    assert_eq!([asked(BEN, 3).await, asked(BEN, 4).await], [Ok(2), Ok(3)]);
    assert_eq!([asked(other(3), 5).await, asked(other(4), 6).await], [Ok(4), Ok(5)]);
    let full = Err(Refusal::Later(dke::Reject::QueueFull, 77));
    assert_eq!(asked(other(5), 7).await, full);
    // What the node has answered keeps its place, until the client has collected it.
    assert_eq!(gateway.answer(&id, 0, &token, &answer(1).encode()).await, Ok(Kept::New));
    assert_eq!(asked(other(5), 7).await, full);
    assert_eq!(gateway.collect(&id, 0, BEN, NOW).await, Ok(Asked::Answered(answer(1))));
    assert_eq!(asked(other(5), 7).await, full, "a stranger who guesses the number collects nothing");
    assert_eq!(gateway.collect(&id, 0, ANNA, NOW).await, Ok(Asked::Answered(answer(1))));
    eventually(async || asked(other(5), 7).await == Ok(6)).await;
    assert_eq!(gateway.collect(&id, 0, ANNA, NOW).await, Err(Refusal::NotFound), "numbers are not used again");
    // What the node did not protect has no place of its own.
    let unprotected = Bare { code: Code::UNAUTHORIZED, options: Vec::new(), payload: Vec::new() };
    assert_eq!(gateway.answer(&id, 2, &token, &unprotected.encode()).await, Ok(Kept::New));
    assert_eq!(gateway.collect(&id, 2, BEN, NOW).await, Ok(Asked::Answered(unprotected)));
    assert_eq!(asked(other(6), 8).await, Ok(7));
    assert_eq!(gateway.collect(&id, 2, BEN, NOW).await, Err(Refusal::NotFound));
}

fn other(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
}

/// Tries until it holds; without an end if it never does, which the suite's time limit tells.
async fn eventually(holds: impl AsyncFn() -> bool) {
    while !holds().await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_very_same_at_the_same_time_is_one() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let mut lamp = Lamp::new("lamp");
    let id = lamp.id();
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&id, &lamp.publish(0)).await.unwrap();
    let one = ask(1);
    let (first, second) = tokio::join!(gateway.ask(&id, ANNA, &one, NOW), gateway.ask(&id, BEN, &one, NOW));
    assert_eq!(
        (first, second.unwrap()),
        (Ok(Asked::Waits { number: 0, retry: 77 }), Asked::Waits { number: 0, retry: 77 })
    );
    assert_eq!(gateway.node(&id).unwrap().requests, 1);
}

#[tokio::test]
async fn only_so_many_clients_are_held() {
    const LONG: Duration = Duration::from_secs(30);
    let place = Place::new();
    let gateway = place.gateway(Policy { held_max: 1, ..policy() });
    let mut lamp = Lamp::new("lamp");
    let id = lamp.id();
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&id, &lamp.publish(0)).await.unwrap();
    for n in [0, 1] {
        gateway.ask(&id, ANNA, &ask(n), NOW).await.unwrap();
    }
    let others = async {
        let second = gateway.collect(&id, 1, ANNA, LONG).await;
        gateway.answer(&id, 0, &lamp.token(), &answer(0).encode()).await.unwrap();
        second
    };
    let (first, second) = tokio::join!(gateway.collect(&id, 0, ANNA, LONG), others);
    assert_eq!(second, Ok(Asked::Waits { number: 1, retry: 77 }), "it is told at once");
    assert_eq!(first, Ok(Asked::Answered(answer(0))));
}

#[tokio::test]
async fn what_is_old_is_erased() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let mut lamp = Lamp::new("lamp");
    let id = lamp.id();
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&id, &lamp.publish(0)).await.unwrap();
    gateway.ask(&id, ANNA, &ask(1), NOW).await.unwrap();
    gateway.answer(&id, 0, &lamp.token(), &answer(1).encode()).await.unwrap();
    gateway.ask(&id, ANNA, &ask(2), NOW).await.unwrap();
    sleep(60).await;
    gateway.ask(&id, BEN, &ask(3), NOW).await.unwrap();
    sleep(41).await;
    assert_eq!(gateway.sweep().await, Ok(2));
    for gone in [0, 1] {
        assert_eq!(gateway.collect(&id, gone, ANNA, NOW).await, Err(Refusal::NotFound));
    }
    assert_eq!(gateway.answer(&id, 1, &lamp.token(), &answer(2).encode()).await, Err(Refusal::NotFound));
    assert_eq!(gateway.node(&id).unwrap().requests, 1);
    let again = gateway.ask(&id, ANNA, &ask(1), NOW).await.unwrap();
    assert_eq!(again, Asked::Waits { number: 3, retry: 77 }, "the old response is not found by its request");
    sleep(200).await;
    assert_eq!(gateway.sweep().await, Ok(2));
    assert_eq!((gateway.sweep().await, gateway.node(&id).unwrap().requests), (Ok(0), 0));
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let place = Place::new();
    let mut lamp = Lamp::new("lamp");
    let id = lamp.id();
    let waiting = {
        let gateway = place.gateway(policy());
        gateway.register(&lamp.identity.credential).await.unwrap();
        gateway.publish(&id, &lamp.publish(0)).await.unwrap();
        gateway.ask(&id, ANNA, &ask(1), NOW).await.unwrap();
        gateway.ask(&id, BEN, &ask(2), NOW).await.unwrap();
        gateway.answer(&id, 0, &lamp.token(), &answer(1).encode()).await.unwrap();
        gateway.requests(&id, &lamp.token()).unwrap()
    };
    let gateway = place.gateway(policy());
    assert_eq!(gateway.requests(&id, &lamp.token()).unwrap(), waiting);
    assert_eq!(gateway.ask(&id, ANNA, &ask(1), NOW).await, Ok(Asked::Answered(answer(1))));
    assert_eq!(gateway.answer(&id, 0, &lamp.token(), &answer(1).encode()).await, Ok(Kept::Same));
    assert_eq!(gateway.answer(&id, 0, &lamp.token(), &answer(9).encode()).await, Err(Refusal::Conflict));
    assert_eq!(gateway.ask(&id, BEN, &ask(2), NOW).await, Ok(Asked::Waits { number: 1, retry: 77 }));
    assert_eq!(gateway.ask(&id, BEN, &ask(3), NOW).await, Ok(Asked::Waits { number: 2, retry: 77 }));
}

/// The child: asks without end, all by different clients, and tells each number that it is given.
#[tokio::test]
async fn child() {
    let Ok(path) = std::env::var("DKE_QUEUE_CHILD") else { return };
    let policy = Policy { requests_max: 1_000_000, requests_per_address: 1_000_000, ..Policy::default() };
    let gateway = std::sync::Arc::new(common::open(Path::new(&path), policy));
    let node = gateway.nodes(None, 1).unwrap()[0].id;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20_000_u32 {
        let gateway = gateway.clone();
        tasks.spawn(async move {
            let request = Bare { payload: n.to_be_bytes().to_vec(), ..ask(0) };
            let Ok(Asked::Waits { number, .. }) = gateway.ask(&node, ANNA, &request, NOW).await else { return };
            println!("asked {n} {number}");
        });
        tokio::task::yield_now().await;
    }
    while tasks.join_next().await.is_some() {}
}

#[tokio::test]
async fn what_a_client_was_told_survives_a_kill() {
    const KILLS: usize = 20;
    let place = Place::new();
    let mut lamp = Lamp::new("lamp");
    {
        let gateway = place.gateway(policy());
        gateway.register(&lamp.identity.credential).await.unwrap();
        gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    }
    let mut told = std::collections::BTreeMap::new();
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env("DKE_QUEUE_CHILD", place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut lines = lines.filter_map(|line| {
            let (_, asked) = line.split_once("asked ")?;
            let (n, number) = asked.split_once(' ')?;
            Some((n.parse::<u32>().unwrap(), number.parse::<u64>().unwrap()))
        });
        told.extend(lines.by_ref().take(50 * (round + 1)));
        child.kill().unwrap();
        child.wait().unwrap();
        told.extend(lines);
        let gateway = place.gateway(policy());
        for (n, number) in &told {
            let request = Bare { payload: n.to_be_bytes().to_vec(), ..ask(0) };
            let known = gateway.ask(&lamp.id(), BEN, &request, NOW).await;
            assert_eq!(known, Ok(Asked::Waits { number: *number, retry: 77 }), "lost after kill {round}");
        }
    }
    let numbers: std::collections::BTreeSet<_> = told.values().collect();
    assert!(told.len() >= 50 * KILLS && numbers.len() == told.len(), "{} told", told.len());
}

const REQUESTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("requests");

#[tokio::test]
async fn a_record_that_is_none_is_told_and_thrown_away_by_nobody() {
    let place = Place::new();
    let mut lamp = Lamp::new("lamp");
    {
        let gateway = place.gateway(policy());
        gateway.register(&lamp.identity.credential).await.unwrap();
        gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
        gateway.ask(&lamp.id(), ANNA, &ask(1), NOW).await.unwrap();
    }
    {
        let database = redb::Database::open(place.path()).unwrap();
        let transaction = database.begin_write().unwrap();
        let key = [&lamp.id()[..], &[0; 8]].concat();
        transaction.open_table(REQUESTS).unwrap().insert(key.as_slice(), &b"x"[..]).unwrap();
        transaction.commit().unwrap();
    }
    let gateway = place.gateway(policy());
    let Err(Refusal::Store(error @ StoreError::Damaged(..))) = gateway.requests(&lamp.id(), &lamp.token()) else {
        panic!("it went unnoticed")
    };
    assert!(error.to_string().contains("a record cannot be read"), "{error}");
}

#[tokio::test]
async fn a_store_from_before_there_were_requests_is_opened() {
    let place = Place::new();
    let mut lamp = Lamp::new("lamp");
    {
        let gateway = place.gateway(policy());
        gateway.register(&lamp.identity.credential).await.unwrap();
        gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    }
    {
        const NODES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("nodes");
        let database = redb::Database::open(place.path()).unwrap();
        let transaction = database.begin_write().unwrap();
        for table in ["registrations", "requests", "responses", "digests", "requests due"] {
            assert!(transaction.delete_table(TableDefinition::<&[u8], &[u8]>::new(table)).unwrap(), "{table}");
        }
        {
            let mut nodes = transaction.open_table(NODES).unwrap();
            let mut record = nodes.get(lamp.id().as_slice()).unwrap().unwrap().value().to_vec();
            // An array of four; the last was not there.
            assert_eq!((record[0], record.pop()), (0x84, Some(0)));
            record[0] = 0x83;
            nodes.insert(lamp.id().as_slice(), record.as_slice()).unwrap();
        }
        transaction.commit().unwrap();
    }
    let gateway = Gateway::new(
        Embedded::open(&place.path(), Options::default()).unwrap(),
        policy(),
        Arc::new(common::clock),
        &mut OsRng,
    );
    assert_eq!(gateway.requests(&lamp.id(), &lamp.token()), Ok(Vec::new()));
    assert_eq!(gateway.ask(&lamp.id(), ANNA, &ask(1), NOW).await, Ok(Asked::Waits { number: 0, retry: 77 }));
}
