//! One address takes all that it can of each resource, and another one is served (PROTOCOL.md section 18.3).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{ANNA, BEN, Identity, Lamp, Place, index, initiate, sleep};
use dke::Reject;
use dke::crypto::Crypto as _;
use dke_coap::options::OSCORE;
use dke_coap::{Bare, Code, Method};
use dke_gateway::resource::{Method as HttpMethod, Request, Status, handle, node_name};
use dke_gateway::{Asked, Embedded, Gateway, Kept, Policy, Refusal};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const NOW: Duration = Duration::ZERO;
const MALLORY: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));

/// Without puzzles: what holds then holds all the more with them.
fn policy() -> Policy {
    Policy { puzzle_max: 0, open: true, ..Policy::default() }
}

async fn published(gateway: &Gateway<Embedded>, lamp: &mut Lamp, depth: u64) {
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(depth)).await.unwrap();
}

fn rejected<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Reject {
    match result {
        Err(Refusal::Rejected(reject)) => reject,
        other => panic!("{other:?}"),
    }
}

/// An Initiate of the right form that no node accepts.
fn garbage(epoch: u8, index: u64) -> Vec<u8> {
    let index = u8::try_from(index).unwrap();
    let index = if index < 24 { vec![index] } else { vec![0x18, index] };
    [[0x86, 0, epoch].as_slice(), &index, &[0x58, 32], &[5; 32], &[0x49], &[1; 9], &[0x48], &[2; 8]].concat()
}

#[tokio::test]
async fn prekeys() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    published(&gateway, &mut lamp, 5).await;
    let id = lamp.id();
    let mut taken = 0;
    let refused = loop {
        match gateway.offer(&id, MALLORY, &[]).await {
            Ok(offer) => gateway.queue(&id, MALLORY, &garbage(1, index(&offer))).await.unwrap(),
            Err(refused) => break refused,
        };
        taken += 1;
    };
    assert_eq!((taken, refused), (16, Refusal::TooMany(60)), "as many as are left for all others");
    let offer = gateway.offer(&id, ANNA, &[]).await.unwrap();
    gateway.queue(&id, ANNA, &initiate(&anna, &lamp.identity, &offer)).await.unwrap();
    // Time gives nothing back of what waits for the node; what the node has rejected counts no more, so that nobody is shut out for good.
    sleep(1000).await;
    assert!(gateway.offer(&id, MALLORY, &[]).await.is_err());
    for index in 0..16 {
        let place = dke_gateway::Place { node: id, epoch: 1, index };
        gateway.discard(&place, &lamp.token()).await.unwrap();
    }
    let mut taken = 0;
    while gateway.offer(&id, MALLORY, &[]).await.is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 8);
    gateway.offer(&id, BEN, &[]).await.unwrap();
}

#[tokio::test]
async fn leases_that_run_out_count_no_more() {
    let place = Place::new();
    let gateway = place.gateway(Policy { leases_per_address: 8, ..policy() });
    let mut lamp = Lamp::new("lamp");
    published(&gateway, &mut lamp, 5).await;
    for _ in 0..3 {
        let mut taken = 0;
        while gateway.offer(&lamp.id(), MALLORY, &[]).await.is_ok() {
            taken += 1;
        }
        assert_eq!(taken, 8);
        gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
        sleep(121).await;
    }
}

#[tokio::test]
async fn an_initiate_comes_from_who_holds_the_lease() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    published(&gateway, &mut lamp, 3).await;
    let id = lamp.id();
    let offer = gateway.offer(&id, ANNA, &[]).await.unwrap();
    for index in 0..8 {
        assert_eq!(rejected(gateway.queue(&id, MALLORY, &garbage(1, index)).await), Reject::NotOffered);
    }
    let sent = initiate(&anna, &lamp.identity, &offer);
    assert_eq!(gateway.queue(&id, ANNA, &sent).await.unwrap().1, Kept::New);
    // Over another network, and by whoever repeats it: nothing new is stored.
    assert_eq!(gateway.queue(&id, BEN, &sent).await.unwrap().1, Kept::Same);
    // Another address of the same IPv6 network is the same subscriber.
    let [home, roaming, neighbour] =
        ["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:2::1"].map(|a| a.parse().unwrap());
    let offer = gateway.offer(&id, home, &[]).await.unwrap();
    let sent = initiate(&anna, &lamp.identity, &offer);
    assert_eq!(rejected(gateway.queue(&id, neighbour, &sent).await), Reject::NotOffered);
    assert_eq!(gateway.queue(&id, roaming, &sent).await.unwrap().1, Kept::New);
}

#[tokio::test]
async fn after_a_restart_strangers_take_no_more_than_their_share_of_what_others_leased() {
    let place = Place::new();
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    let offers = {
        let gateway = place.gateway(policy());
        published(&gateway, &mut lamp, 4).await;
        let mut offers = Vec::new();
        for _ in 0..4 {
            offers.push(gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap());
        }
        offers
    };
    let gateway = place.gateway(policy());
    let mut stolen = 0;
    for index in (0..16).rev() {
        stolen += usize::from(gateway.queue(&lamp.id(), MALLORY, &garbage(1, index)).await.is_ok());
    }
    assert_eq!(stolen, 8);
    let sent = initiate(&anna, &lamp.identity, &offers[0]);
    assert_eq!(gateway.queue(&lamp.id(), ANNA, &sent).await.unwrap().1, Kept::New);
}

#[tokio::test]
async fn two_restarts_leave_prekeys_for_newcomers() {
    let place = Place::new();
    let mut lamp = Lamp::new("lamp");
    {
        let gateway = place.gateway(policy());
        published(&gateway, &mut lamp, 5).await;
        gateway.offer(&lamp.id(), ANNA, &[]).await.unwrap();
    }
    drop(place.gateway(policy()));
    let gateway = place.gateway(policy());
    let offer = gateway.offer(&lamp.id(), BEN, &[]).await.unwrap();
    assert_eq!(index(&offer), 31, "what was most likely never handed out goes first");
}

#[tokio::test]
async fn puzzles_are_set_when_prekeys_run_out() {
    let place = Place::new();
    let gateway = place.gateway(Policy { prekey_share: 100, ..Policy::default() });
    let mut lamp = Lamp::new("lamp");
    published(&gateway, &mut lamp, 5).await;
    for _ in 0..16 {
        gateway.offer(&lamp.id(), MALLORY, &[]).await.expect("plenty is left");
    }
    let Err(Refusal::Puzzle(puzzle)) = gateway.offer(&lamp.id(), ANNA, &[]).await else { panic!("no puzzle") };
    assert_eq!(puzzle[1], 11);
    let i = &puzzle[3..];
    let solves = |j: &[u8; 8]| dke::RustCrypto::sha256(&[i, j].concat())[..2] < [0, 0x20][..];
    let j = (0_u64..).map(u64::to_be_bytes).find(solves).unwrap();
    let solution = [&[0x82, 0x50], i, &[0x48], &j].concat();
    assert!(matches!(gateway.offer(&lamp.id(), BEN, &solution).await, Err(Refusal::Puzzle(_))), "another's");
    gateway.offer(&lamp.id(), ANNA, &solution).await.unwrap();
    assert!(matches!(gateway.offer(&lamp.id(), ANNA, &solution).await, Err(Refusal::Puzzle(_))), "it counts once");
}

#[tokio::test]
async fn places_for_requests_and_their_responses() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let mut lamp = Lamp::new("lamp");
    published(&gateway, &mut lamp, 0).await;
    let (id, token) = (lamp.id(), lamp.token());
    let response = Bare { code: Code::CHANGED, options: vec![(OSCORE, vec![])], payload: vec![7] };
    gateway.ask(&id, ANNA, &request(0), NOW).await.unwrap();
    gateway.answer(&id, 0, &token, &response.encode()).await.unwrap();
    // Many addresses, for many wake-ups: the node answers garbage without protection.
    let refusal = Bare { code: Code::UNAUTHORIZED, options: Vec::new(), payload: Vec::new() };
    let (mut n, mut number) = (0, 1);
    for round in 0..2 {
        for last in 0..10 {
            let stranger = Ipv4Addr::new(198, 51, 100, last).into();
            let mut taken = 0;
            while gateway
                .ask(
                    &id,
                    stranger,
                    &request({
                        n += 1;
                        n
                    }),
                    NOW,
                )
                .await
                .is_ok()
            {
                taken += 1;
            }
            assert!(taken <= 32);
        }
        let ben = gateway.ask(&id, BEN, &request(1_000_000 + round), NOW).await;
        assert!(matches!(ben, Ok(Asked::Waits { .. })), "{ben:?}");
        while gateway.node(&id).unwrap().requests > 0 {
            gateway.answer(&id, number, &token, &refusal.encode()).await.unwrap();
            number += 1;
        }
    }
    assert_eq!(gateway.ask(&id, ANNA, &request(0), NOW).await, Ok(Asked::Answered(response)));
}

#[tokio::test]
async fn registrations() {
    let place = Place::new();
    let gateway = place.gateway(Policy { nodes_per_address: 40, ..policy() });
    let credential = |n: usize| Identity::new(&format!("node-{n}")).credential;
    let mut kept = Vec::new();
    for n in 0..40 {
        kept.push(gateway.register_from(MALLORY, &credential(n)).await.expect("a site of forty").0);
    }
    assert_eq!(gateway.register_from(MALLORY, &credential(40)).await, Err(Refusal::TooMany(3600)));
    let mut lamp = Lamp::new("lamp");
    gateway.register_from(ANNA, &lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    gateway.register(&credential(41)).await.unwrap();
    // Who publishes nothing is forgotten, and makes room; who has published stays, and whom the operator registered.
    sleep(3601).await;
    assert_eq!(gateway.sweep().await, Ok(40));
    assert_eq!(gateway.totals().unwrap().nodes, 2);
    assert_eq!(gateway.node(&kept[0]).unwrap_err(), Refusal::Rejected(Reject::UnknownNode));
    gateway.register_from(MALLORY, &credential(40)).await.unwrap();
    gateway.node(&lamp.id()).unwrap();
}

#[tokio::test]
async fn forty_devices_behind_one_address_start_at_once() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    for n in 0..40 {
        let mut lamp = Lamp::new(&format!("node-{n}"));
        let (name, publication) = (node_name(&lamp.id()), lamp.publish(6));
        let token = format!("token={}", lamp.token().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let ask = async |method, what: &str, query: &[String], body: &[u8]| {
            let path = ["dke".to_string(), name.clone(), what.to_string()];
            let request = Request { address: ANNA, method, path: &path, query, format: None, body };
            handle(&gateway, &request).await.status
        };
        assert_eq!(ask(HttpMethod::Put, "credential", &[], &lamp.identity.credential).await, Status::Created);
        assert_eq!(ask(HttpMethod::Put, "publication", &[], &publication).await, Status::Created);
        for what in ["mailbox", "requests"] {
            assert_eq!(ask(HttpMethod::Get, what, std::slice::from_ref(&token), &[]).await, Status::Content);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rates() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let mut made = 0;
    while gateway.admit(MALLORY, false).is_ok() {
        made += 1;
    }
    assert_eq!(made, 1000);
    gateway.admit(ANNA, false).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!((0..1000).filter(|_| gateway.admit(MALLORY, false).is_ok()).count(), 50);
}

#[tokio::test]
async fn exchanges_of_batches_that_are_gone() {
    let place = Place::new();
    let gateway = place.gateway(Policy { exchanges_max: 3, prekey_share: 100, ..policy() });
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    gateway.register(&lamp.identity.credential).await.unwrap();
    let id = lamp.id();
    let mut answered = Vec::new();
    for _ in 0..5 {
        gateway.publish(&id, &lamp.publish(1)).await.unwrap();
        let [good, bad] =
            [gateway.offer(&id, ANNA, &[]).await.unwrap(), gateway.offer(&id, MALLORY, &[]).await.unwrap()];
        let sent = initiate(&anna, &lamp.identity, &good);
        answered.push(gateway.queue(&id, ANNA, &sent).await.unwrap().0);
        let epoch = u8::try_from(answered.len()).unwrap();
        let (rejected, _) = gateway.queue(&id, MALLORY, &garbage(epoch, index(&bad))).await.unwrap();
        let confirm = lamp.answer(&anna, &sent);
        gateway.confirm(&id, &lamp.token(), &confirm).await.unwrap();
        gateway.discard(&rejected, &lamp.token()).await.unwrap();
    }
    let kept = async || answered.iter().map(|at| gateway.confirms(at).is_ok()).collect::<Vec<_>>();
    assert_eq!(kept().await, [true; 5]);
    for _ in 0..2 {
        gateway.publish(&id, &lamp.publish(1)).await.unwrap();
    }
    assert_eq!(kept().await, [false, false, true, true, true], "garbage takes no place among them");
}

/// A request that its node can open, perhaps.
fn request(n: u32) -> Bare {
    Bare { code: Method::Post.code(), options: vec![(OSCORE, vec![9])], payload: n.to_be_bytes().to_vec() }
}

/// Registers and publishes from an address.
async fn registered_from(gateway: &Gateway<Embedded>, by: IpAddr, name: &str) -> Result<Lamp, Refusal> {
    let mut lamp = Lamp::new(name);
    gateway.register_from(by, &lamp.identity.credential).await?;
    gateway.publish(&lamp.id(), &lamp.publish(2)).await?;
    Ok(lamp)
}

async fn seal(gateway: &Gateway<Embedded>, lamp: &Lamp, name: &str) -> Result<Kept, Refusal> {
    gateway.put_representation(&lamp.id(), name, &lamp.token(), &[7; 16 * 1024]).await
}

#[tokio::test]
async fn sealed_representations() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let mallory = registered_from(&gateway, MALLORY, "mallory").await.unwrap();
    let lamp = registered_from(&gateway, ANNA, "lamp").await.unwrap();
    for n in 0..16 {
        assert_eq!(seal(&gateway, &mallory, &n.to_string()).await, Ok(Kept::New));
    }
    assert_eq!(rejected(seal(&gateway, &mallory, "16").await), Reject::QueueFull);
    assert_eq!(seal(&gateway, &mallory, "0").await, Ok(Kept::Same), "what is there can be renewed");
    assert_eq!(seal(&gateway, &lamp, "0").await, Ok(Kept::New));
    gateway.remove_representation(&mallory.id(), "3", &mallory.token()).await.unwrap();
    assert_eq!(seal(&gateway, &mallory, "16").await, Ok(Kept::New));
}

/// Nodes that an address registered itself have so many bytes together, whatever of them, and across restarts.
#[tokio::test]
async fn bytes_of_the_store() {
    let place = Place::new();
    let policy = Policy { bytes_per_address: 300_000, ..policy() };
    let gateway = place.gateway(policy.clone());
    let busy = Err(Refusal::Busy(policy.retry_after));
    let (first, second) = (
        registered_from(&gateway, MALLORY, "first").await.unwrap(),
        registered_from(&gateway, MALLORY, "second").await.unwrap(),
    );
    let mut filled = 0;
    for lamp in [&first, &second] {
        for n in 0..16 {
            match seal(&gateway, lamp, &n.to_string()).await {
                Ok(_) => filled += 1,
                refused => assert_eq!(refused, busy),
            }
        }
    }
    // Two batches and 19 representations reach the bound.
    assert_eq!(filled, 19);
    let gateway = {
        drop(gateway);
        place.gateway(policy.clone())
    };
    assert_eq!(seal(&gateway, &second, "x").await, busy);
    let mut third = Lamp::new("third");
    gateway.register_from(MALLORY, &third.identity.credential).await.unwrap();
    assert_eq!(gateway.publish(&third.id(), &third.publish(2)).await, busy);
    assert_eq!(gateway.ask(&second.id(), BEN, &request(0), NOW).await.map(drop), Err(Refusal::Busy(60)));
    // Others do not notice; nor does who was registered by the operator.
    let lamp = registered_from(&gateway, ANNA, "lamp").await.unwrap();
    assert_eq!(seal(&gateway, &lamp, "0").await, Ok(Kept::New));
    let mut operated = Lamp::new("operated");
    published(&gateway, &mut operated, 2).await;
    for n in 0..16 {
        assert_eq!(seal(&gateway, &operated, &n.to_string()).await, Ok(Kept::New));
    }
    // What goes makes room, to the last byte: renewing and removing do not count twice.
    for _ in 0..40 {
        gateway.remove_representation(&first.id(), "0", &first.token()).await.unwrap();
        gateway.remove_representation(&first.id(), "1", &first.token()).await.unwrap();
        assert_eq!(seal(&gateway, &first, "0").await, Ok(Kept::New));
        assert_eq!(seal(&gateway, &first, "0").await, Ok(Kept::Same));
        assert_eq!(seal(&gateway, &first, "1").await, Ok(Kept::New));
        assert_eq!(seal(&gateway, &first, "2").await, busy);
    }
}

/// A node that answers one Initiate with ever other Confirms.
#[tokio::test]
async fn confirms() {
    let place = Place::new();
    let gateway = place.gateway(policy());
    let (mut mallory, mut lamp, anna) = (Lamp::new("mallory"), Lamp::new("lamp"), Identity::new("anna"));
    for node in [&mut mallory, &mut lamp] {
        published(&gateway, node, 2).await;
    }
    let exchange = async |node: &mut Lamp| {
        let offer = gateway.offer(&node.id(), ANNA, &[]).await.unwrap();
        let initiate = initiate(&anna, &node.identity, &offer);
        gateway.queue(&node.id(), ANNA, &initiate).await.unwrap();
        node.answer(&anna, &initiate)
    };
    let (garbage, confirm) = (exchange(&mut mallory).await, exchange(&mut lamp).await);
    for n in 0..4 {
        let mut other = garbage.clone();
        *other.last_mut().unwrap() ^= n;
        gateway.confirm(&mallory.id(), &mallory.token(), &other).await.unwrap();
    }
    let mut other = garbage.clone();
    *other.last_mut().unwrap() ^= 4;
    assert_eq!(rejected(gateway.confirm(&mallory.id(), &mallory.token(), &other).await), Reject::QueueFull);
    assert_eq!(gateway.confirm(&mallory.id(), &mallory.token(), &garbage).await.unwrap().1, Kept::Same);
    assert_eq!(gateway.confirm(&lamp.id(), &lamp.token(), &confirm).await.unwrap().1, Kept::New);
}
