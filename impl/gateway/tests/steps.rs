//! The steps of the gateway over the durable store.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{ANNA, BEN, Identity, Lamp, Place, index, initiate, sleep};
use dke::Reject;
use dke_gateway::{Kept, Policy, Refusal, Topic};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

fn policy() -> Policy {
    Policy { lease: 100, prekey_share: 100, puzzle_max: 0, ..Policy::default() }
}

fn rejected<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Reject {
    match result {
        Err(Refusal::Rejected(reject)) => reject,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_whole_exchange() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    let publication = lamp.publish(2);
    assert_eq!(rejected(gateway.publish(&lamp.id(), &publication).await), Reject::UnknownNode);
    assert_eq!(gateway.register(&lamp.identity.credential).await.unwrap(), (lamp.id(), Kept::New));
    assert_eq!(gateway.register(&lamp.identity.credential).await.unwrap().1, Kept::Same);
    assert_eq!(gateway.publish(&lamp.id(), &publication).await.unwrap(), Kept::New);
    assert_eq!(gateway.publish(&lamp.id(), &publication).await.unwrap(), Kept::Same);

    let offer = gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
    let sent = initiate(&anna, &lamp.identity, &offer);
    let bell = gateway.listen(Topic::Mailbox(lamp.id()));
    let (at, kept) = gateway.queue(&lamp.id(), ANNA, &sent).await.unwrap();
    assert_eq!((kept, bell.has_changed().unwrap()), (Kept::New, true));
    assert_eq!(gateway.queue(&lamp.id(), ANNA, &sent).await.unwrap().1, Kept::Same);
    assert_eq!(gateway.confirms(&at).unwrap(), b"");

    assert_eq!(rejected(gateway.mailbox(&lamp.id(), &[0; 16])), Reject::WrongToken);
    assert_eq!(gateway.mailbox(&lamp.id(), &lamp.token()).unwrap(), sent);
    let confirm = lamp.answer(&anna, &sent);
    let bell = gateway.listen(Topic::Confirms(at));
    assert_eq!(rejected(gateway.confirm(&lamp.id(), &[0; 16], &confirm).await), Reject::WrongToken);
    assert!(!bell.has_changed().unwrap());
    assert_eq!(gateway.confirm(&lamp.id(), &lamp.token(), &confirm).await.unwrap(), (at, Kept::New));
    assert_eq!(gateway.confirm(&lamp.id(), &lamp.token(), &confirm).await.unwrap(), (at, Kept::Same));
    assert!(bell.has_changed().unwrap());
    assert_eq!(gateway.confirms(&at).unwrap(), confirm);
    assert_eq!(gateway.mailbox(&lamp.id(), &lamp.token()).unwrap(), b"");
    let state = gateway.node(&lamp.id()).unwrap();
    assert_eq!((state.epoch, state.prekeys, state.left, state.waiting), (1, 4, Some(3), 0));
    assert_eq!(gateway.totals().unwrap().leases, 0, "a used prekey is on loan no more");
}

#[tokio::test]
async fn a_lease_belongs_to_one_requester_at_a_time() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(5)).await.unwrap();
    let mut given = BTreeSet::new();
    let mut first = Vec::new();
    for _ in 0..32 {
        let offer = gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
        given.insert(index(&offer));
        first.push(offer);
    }
    assert_eq!(given.len(), 32, "an index was handed out twice");
    assert_eq!(gateway.totals().unwrap().leases, 32);
    let late = gateway.offer(&lamp.id(), BEN, &[]).await.unwrap_err();
    let Refusal::Later(Reject::Exhausted, back) = late else { panic!("{late:?}") };
    assert!((50..=100).contains(&back), "an index comes back after the lease, not after {back} s");
    // One is used; the others come back when the leases run out, and only then.
    let used = initiate(&anna, &lamp.identity, &first[7]);
    gateway.queue(&lamp.id(), ANNA, &used).await.unwrap();
    sleep(50).await;
    assert!(gateway.offer(&lamp.id(), BEN, &[]).await.is_err());
    sleep(51).await;
    let mut again = BTreeSet::new();
    while let Ok(offer) = gateway.offer(&lamp.id(), BEN, &[]).await {
        assert!(again.insert(index(&offer)), "an index was handed out twice");
    }
    given.remove(&index(&first[7]));
    assert_eq!(again, given);
    // Whose lease ran out may still be lucky, as long as nobody else was.
    let other = initiate(&anna, &lamp.identity, &first[7]);
    assert_eq!(rejected(gateway.queue(&lamp.id(), ANNA, &other).await), Reject::IndexTaken);
    sleep(101).await;
    let unused = initiate(&anna, &lamp.identity, &first[8]);
    assert_eq!(rejected(gateway.queue(&lamp.id(), ANNA, &unused).await), Reject::NotOffered);
}

#[tokio::test]
async fn what_may_have_been_handed_out_is_leased_after_a_restart() {
    let place = Place::new();
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    let (offer, used) = {
        let gateway = place.gateway(policy());
        gateway.register(&lamp.identity.credential).await.unwrap();
        gateway.publish(&lamp.id(), &lamp.publish(5)).await.unwrap();
        let first = gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
        let used = initiate(&anna, &lamp.identity, &first);
        gateway.queue(&lamp.id(), ANNA, &used).await.unwrap();
        (gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap(), used)
    };
    let gateway = place.gateway(policy());
    // Nobody gets it, and its holder may still use it.
    let mut given = BTreeSet::new();
    for _ in 0..16 {
        given.insert(index(&gateway.offer(&lamp.id(), BEN, &[]).await.unwrap()));
    }
    assert_eq!(given, (16..32).collect());
    let sent = initiate(&anna, &lamp.identity, &offer);
    assert_eq!(gateway.queue(&lamp.id(), ANNA, &sent).await.unwrap().1, Kept::New);
    assert_eq!(gateway.queue(&lamp.id(), ANNA, &used).await.unwrap().1, Kept::Same);
    // Later the rest comes back, but nothing that was used.
    sleep(101).await;
    let mut again = BTreeSet::new();
    while let Ok(offer) = gateway.offer(&lamp.id(), BEN, &[]).await {
        again.insert(index(&offer));
    }
    assert_eq!(again, (2..32).collect());
}

#[tokio::test]
async fn limits() {
    let place = Place::new();
    let gateway = place.gateway(Policy { leases_per_address: 3, queue_max: 2, nodes_max: 2, ..policy() });
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.register(&Lamp::new("two").identity.credential).await.unwrap();
    assert_eq!(gateway.register(&Lamp::new("three").identity.credential).await.unwrap_err(), Refusal::Busy(60));
    assert_eq!(gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap_err(), Refusal::Later(Reject::Exhausted, 60));
    gateway.publish(&lamp.id(), &lamp.publish(5)).await.unwrap();

    let mut offers = Vec::new();
    for _ in 0..3 {
        offers.push(gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap());
    }
    assert!(matches!(gateway.offer(&lamp.id(), ANNA, &[]).await, Err(Refusal::TooMany(_))));
    offers.push(gateway.offer(&lamp.id(), BEN, &[]).await.unwrap());
    let sent: Vec<_> = offers.iter().map(|offer| initiate(&anna, &lamp.identity, offer)).collect();
    gateway.queue(&lamp.id(), ANNA, &sent[0]).await.unwrap();
    gateway.offer(&lamp.id(), ANNA, &[]).await.expect("a used lease counts no more");
    gateway.queue(&lamp.id(), ANNA, &sent[1]).await.unwrap();
    assert!(matches!(gateway.queue(&lamp.id(), ANNA, &sent[2]).await, Err(Refusal::Later(Reject::QueueFull, _))));
    // The node rejects one: there is room again, and the index stays taken.
    let (at, _) = gateway.queue(&lamp.id(), ANNA, &sent[0]).await.unwrap();
    gateway.discard(&at, &lamp.token()).await.unwrap();
    gateway.discard(&at, &lamp.token()).await.unwrap();
    assert_eq!(gateway.confirms(&at), Err(Refusal::NotFound), "the client need not wait any more");
    assert_eq!(gateway.mailbox(&lamp.id(), &lamp.token()).unwrap(), sent[1]);
    gateway.queue(&lamp.id(), ANNA, &sent[2]).await.unwrap();
    assert_eq!(gateway.node(&lamp.id()).unwrap().waiting, 2);
    let again = initiate(&anna, &lamp.identity, &offers[0]);
    assert_eq!(rejected(gateway.queue(&lamp.id(), ANNA, &again).await), Reject::IndexTaken);
}

#[tokio::test]
async fn an_answer_with_many_messages_has_a_limit() {
    let place = Place::new();
    let gateway = place.gateway(Policy { sequence_max: 200, ..policy() });
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(3)).await.unwrap();
    let mut sent = Vec::new();
    for _ in 0..5 {
        let offer = gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
        sent.push(initiate(&anna, &lamp.identity, &offer));
        gateway.queue(&lamp.id(), ANNA, &sent[sent.len() - 1]).await.unwrap();
    }
    let mut served = 0;
    for _ in 0..5 {
        let mail = gateway.mailbox(&lamp.id(), &lamp.token()).unwrap();
        assert!(mail.len() <= 200);
        if mail.is_empty() {
            break;
        }
        for initiate in sent.clone().iter().filter(|one| mail.windows(one.len()).any(|part| part == one.as_slice())) {
            let confirm = lamp.answer(&anna, initiate);
            gateway.confirm(&lamp.id(), &lamp.token(), &confirm).await.unwrap();
            served += 1;
        }
    }
    assert_eq!(served, 5);
}

#[tokio::test]
async fn strangers_cannot_replace_a_batch() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let (mut lamp, mut other) = (Lamp::new("lamp"), Lamp::new("other"));
    gateway.register(&lamp.identity.credential).await.unwrap();
    let mine = lamp.publish(1);
    assert_eq!(rejected(gateway.publish(&lamp.id(), &other.publish(1)).await), Reject::WrongNode);
    let mut changed = mine.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(rejected(gateway.publish(&lamp.id(), &changed).await), Reject::RootMismatch);
    assert_eq!(rejected(gateway.publish(&lamp.id(), b"x").await), Reject::Malformed);
    gateway.publish(&lamp.id(), &mine).await.unwrap();
    let second = lamp.publish(1);
    gateway.publish(&lamp.id(), &second).await.unwrap();
    assert_eq!(gateway.publish(&lamp.id(), &mine).await.unwrap(), Kept::Same);
    gateway.publish(&lamp.id(), &lamp.publish(1)).await.unwrap();
    assert_eq!(rejected(gateway.publish(&lamp.id(), &mine).await), Reject::EpochRollback);
    sleep(31 * 24 * 3600).await;
    assert!(matches!(gateway.offer(&lamp.id(), ANNA, &[]).await, Err(Refusal::Later(Reject::Exhausted, _))));
}

#[tokio::test]
async fn a_new_batch_keeps_what_is_under_way() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(2)).await.unwrap();
    let old =
        [gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap(), gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap()];
    let answered = initiate(&anna, &lamp.identity, &old[0]);
    let (at, _) = gateway.queue(&lamp.id(), ANNA, &answered).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(2)).await.unwrap();
    assert_eq!(dke::message::Offer::parse(&gateway.offer(&lamp.id(), BEN, &[]).await.unwrap()).unwrap().index, 0);
    // The lease over the previous batch still counts.
    let late = initiate(&anna, &lamp.identity, &old[1]);
    let (waiting, _) = gateway.queue(&lamp.id(), ANNA, &late).await.unwrap();
    let confirm = lamp.answer(&anna, &answered);
    gateway.confirm(&lamp.id(), &lamp.token(), &confirm).await.unwrap();
    // The batch is gone: what still waits for it leaves the queue, the Confirm stays until it is due.
    gateway.publish(&lamp.id(), &lamp.publish(2)).await.unwrap();
    assert_eq!(gateway.mailbox(&lamp.id(), &lamp.token()).unwrap(), b"");
    assert_eq!(gateway.node(&lamp.id()).unwrap().waiting, 0);
    assert_eq!(gateway.confirms(&at).unwrap(), confirm);
    assert_eq!(rejected(gateway.queue(&lamp.id(), ANNA, &answered).await), Reject::EpochUnknown);
    assert_eq!(gateway.confirms(&waiting).unwrap_err(), Refusal::NotFound);
    sleep(30 * 24 * 3600 - 60).await;
    assert_eq!(gateway.sweep().await.unwrap(), 0);
    sleep(61).await;
    assert_eq!(gateway.sweep().await.unwrap(), 1);
    assert_eq!(gateway.confirms(&at).unwrap_err(), Refusal::NotFound);
}

#[tokio::test]
async fn a_used_index_is_remembered_as_long_as_its_batch() {
    let place = Place::new();
    let gateway = place.gateway(Policy { retention: 10, ..policy() });
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    let offer = gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
    gateway.queue(&lamp.id(), ANNA, &initiate(&anna, &lamp.identity, &offer)).await.unwrap();
    sleep(1000).await;
    assert_eq!(gateway.sweep().await.unwrap(), 0);
    drop(gateway);
    let gateway = place.gateway(policy());
    sleep(1000).await;
    assert!(matches!(gateway.offer(&lamp.id(), ANNA, &[]).await, Err(Refusal::Later(Reject::Exhausted, _))));
}

#[tokio::test]
async fn differing_confirms_are_kept_within_a_bound() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    let offer = gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
    let confirm = |byte: u8| [&[0x84, 1, 0, 0x40, 0x48], [byte; 8].as_slice()].concat();
    assert_eq!(rejected(gateway.confirm(&lamp.id(), &lamp.token(), &confirm(0)).await), Reject::NotOffered);
    let (at, _) = gateway.queue(&lamp.id(), ANNA, &initiate(&anna, &lamp.identity, &offer)).await.unwrap();
    for byte in 0..4 {
        gateway.confirm(&lamp.id(), &lamp.token(), &confirm(byte)).await.unwrap();
    }
    assert_eq!(rejected(gateway.confirm(&lamp.id(), &lamp.token(), &confirm(4)).await), Reject::QueueFull);
    assert_eq!(gateway.confirms(&at).unwrap(), (0..4).flat_map(confirm).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_mirror_shows_what_the_node_left() {
    let place = Place::new();
    let gateway = place.gateway(Policy { representations_max: 2, representation_max: 100, ..policy() });
    let mut lamp = Lamp::new("lamp");
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    let (id, token) = (lamp.id(), lamp.token());
    assert_eq!(rejected(gateway.put_representation(&id, "t", &[0; 16], b"1").await), Reject::WrongToken);
    assert_eq!(gateway.put_representation(&id, "t", &token, &[0; 101]).await.unwrap_err(), Refusal::TooLarge);
    assert_eq!(gateway.put_representation(&id, "t", &token, b"1").await.unwrap(), Kept::New);
    sleep(5).await;
    assert_eq!(gateway.representation(&id, "t").unwrap(), (b"1".to_vec(), 5));
    assert_eq!(gateway.put_representation(&id, "t", &token, b"2").await.unwrap(), Kept::Same);
    assert_eq!(gateway.representation(&id, "t").unwrap(), (b"2".to_vec(), 0));
    gateway.put_representation(&id, "u", &token, b"1").await.unwrap();
    assert!(gateway.put_representation(&id, "v", &token, b"1").await.is_err());
    gateway.remove_representation(&id, "t", &token).await.unwrap();
    assert_eq!(gateway.representation(&id, "t").unwrap_err(), Refusal::NotFound);
    gateway.put_representation(&id, "v", &token, b"1").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_address_has_a_quota() {
    let place = Place::new();
    let gateway = place.gateway(Policy { burst: 5, requests_per_second: 1, ..policy() });
    let of = |address| (0..10).filter(|_| gateway.admit(address, false).is_ok()).count();
    assert_eq!((of(ANNA), of(BEN), of(IpAddr::V4(Ipv4Addr::LOCALHOST))), (5, 5, 5));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(of(ANNA), 2);
}

/// An IPv6 host has as many addresses as it likes: its network of 64 bits counts.
#[tokio::test(start_paused = true)]
async fn a_network_of_ipv6_has_one_quota() {
    let place = Place::new();
    let gateway = place.gateway(Policy { burst: 5, requests_per_second: 0, ..policy() });
    let of = |network: u16| {
        let hosts = (0..10).map(|host| IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, host]));
        hosts.filter(|address| gateway.admit(*address, false).is_ok()).count()
    };
    assert_eq!((of(1), of(1), of(2)), (5, 0, 5));
}

/// Two batches are kept; with the one before them its leases are over.
#[tokio::test]
async fn leases_end_with_their_batch() {
    let place = Place::new();
    let gateway = place.gateway(Policy { leases_per_address: 3, ..policy() });
    let mut lamp = Lamp::new("lamp");
    let id = lamp.id();
    gateway.register(&lamp.identity.credential).await.unwrap();
    for epoch in 1..=3 {
        gateway.publish(&id, &lamp.publish(3)).await.unwrap();
        if epoch == 1 {
            for _ in 0..3 {
                gateway.offer(&id, ANNA, &[]).await.unwrap();
            }
        }
        let held = if epoch < 3 { 3 } else { 0 };
        assert_eq!(gateway.totals().unwrap().leases, held);
        assert_eq!(gateway.offer(&id, ANNA, &[]).await.is_ok(), held == 0, "epoch {epoch}");
    }
}
