//! The wall clock steps: dates follow it, and nothing else does.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{ANNA, BEN, Identity, Lamp, Place, initiate, sleep, step};
use dke::Reject;
use dke_coap::options::OSCORE;
use dke_coap::{Bare, Method};
use dke_gateway::{Embedded, Gateway, Policy, Refusal};
use redb::TableDefinition;
use std::time::Duration;

const DAY: i64 = 24 * 3600;
const YEARS: i64 = 20 * 365 * DAY;

fn policy() -> Policy {
    Policy { prekey_share: 100, puzzle_max: 0, ..Policy::default() }
}

async fn published(gateway: &Gateway<Embedded>, lamp: &mut Lamp, depth: u64) {
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(depth)).await.unwrap();
}

#[tokio::test]
async fn leases_last_as_long_whatever_the_clock_does() {
    for ahead in [20 * DAY, -20 * DAY, 25 * DAY] {
        let place = Place::new();
        let gateway = place.gateway(policy());
        let mut lamp = Lamp::new("lamp");
        published(&gateway, &mut lamp, 5).await;
        step(ahead);
        for _ in 0..32 {
            gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
        }
        step(-ahead);
        let refused = gateway.offer(&lamp.id(), BEN, &[]).await.unwrap_err();
        let Refusal::Later(Reject::Exhausted, back) = refused else { panic!("{refused:?}") };
        assert!(back <= 120, "{back} s after a step of {ahead} s");
        sleep(121).await;
        gateway.offer(&lamp.id(), BEN, &[]).await.expect("the leases are over");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_was_used_up_comes_back_whatever_the_clock_does() {
    for by in [20 * DAY, -20 * DAY, -YEARS, YEARS] {
        let place = Place::new();
        let gateway = place.gateway(Policy { burst: 4, requests_per_second: 2, ..policy() });
        let allowed = || (0..10).filter(|_| gateway.admit(ANNA, false).is_ok()).count();
        assert_eq!(allowed(), 4);
        step(by);
        assert_eq!(allowed(), 0, "a step gives nothing");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(allowed(), 2);
    }
}

#[tokio::test]
async fn a_step_forward_forgets_nothing_and_a_step_back_shows_no_future() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    published(&gateway, &mut lamp, 1).await;
    let id = lamp.id();
    let sent = initiate(&anna, &lamp.identity, &gateway.offer(&id, ANNA, &[]).await.unwrap());
    let (at, _) = gateway.queue(&id, ANNA, &sent).await.unwrap();
    let confirm = lamp.answer(&anna, &sent);
    gateway.confirm(&id, &lamp.token(), &confirm).await.unwrap();
    // Two batches later only its retention keeps the Confirm.
    for _ in 0..2 {
        gateway.publish(&id, &lamp.publish(1)).await.unwrap();
    }
    let request = Bare { code: Method::Post.code(), options: vec![(OSCORE, vec![9])], payload: vec![1] };
    gateway.ask(&id, ANNA, &request, Duration::ZERO).await.unwrap();
    gateway.mailbox(&id, &lamp.token()).unwrap();

    step(YEARS);
    assert_eq!(gateway.sweep().await, Ok(0));
    assert!(matches!(gateway.offer(&id, BEN, &[]).await, Err(Refusal::Later(Reject::Exhausted, _))), "expired");
    step(-2 * YEARS);
    assert_eq!(gateway.sweep().await, Ok(0));
    assert_eq!(gateway.confirms(&at), Ok(confirm));
    let state = gateway.node(&id).unwrap();
    assert!(state.published <= Some(gateway.now()) && state.awake <= Some(gateway.now()), "{state:?}");
    step(YEARS);
    gateway.offer(&id, BEN, &[]).await.expect("the batch is good again");
    // Time that passes counts, and goes on after a restart where it was.
    sleep(20 * 24 * 3600).await;
    assert_eq!(gateway.sweep().await, Ok(1), "the request is due");
    drop(gateway);
    let gateway = place.gateway(policy());
    step(YEARS);
    sleep(11 * 24 * 3600).await;
    assert_eq!(gateway.sweep().await, Ok(1), "the exchange is due");
    assert_eq!(gateway.confirms(&at), Err(Refusal::NotFound));
}

/// A store from before time was counted has dates of the wall clock.
#[tokio::test]
async fn what_was_due_at_a_date_is_due_in_time() {
    const TABLES: [&str; 2] = ["due", "requests due"];
    let place = Place::new();
    let mut lamp = Lamp::new("lamp");
    {
        let gateway = place.gateway(policy());
        published(&gateway, &mut lamp, 0).await;
        let request = Bare { code: Method::Post.code(), options: vec![(OSCORE, vec![9])], payload: vec![1] };
        gateway.ask(&lamp.id(), ANNA, &request, Duration::ZERO).await.unwrap();
    }
    {
        let database = redb::Database::open(place.path()).unwrap();
        let transaction = database.begin_write().unwrap();
        for (name, rest) in TABLES.into_iter().zip([9, 8]) {
            let definition = TableDefinition::<&[u8], &[u8]>::new(name);
            let mut table = transaction.open_table(definition).unwrap();
            table.retain(|_, _| false).unwrap();
            let at = common::START.saturating_mul(1000).to_be_bytes();
            let key = [at.as_slice(), &lamp.id(), &vec![0; rest]].concat();
            table.insert(key.as_slice(), [].as_slice()).unwrap();
        }
        transaction.commit().unwrap();
    }
    let gateway = place.gateway(policy());
    assert_eq!(gateway.sweep().await, Ok(0));
    assert_eq!(gateway.node(&lamp.id()).unwrap().requests, 1);
    sleep(7 * 24 * 3600 + 1).await;
    assert_eq!(gateway.sweep().await, Ok(1));
    assert_eq!(gateway.node(&lamp.id()).unwrap().requests, 0);
}
