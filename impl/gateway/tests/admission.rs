//! Prekeys for those alone who have the node's admission key (PROTOCOL.md section 18.3).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{ANNA, BEN, Lamp, Place, sleep};
use dke::{AdmissionKey, Reject};
use dke_gateway::resource::{Method, Request, Status, handle, node_name};
use dke_gateway::{Embedded, Gateway, Kept, Policy, Refusal};
use std::net::IpAddr;

const MALLORY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

fn key(byte: u8) -> AdmissionKey {
    AdmissionKey::from_bytes([byte; 16])
}

async fn admitted(gateway: &Gateway<Embedded>, lamp: &mut Lamp, epoch: u64) {
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(3)).await.unwrap();
    let batch = key(1).batch_key(lamp.identity.credential().hash(), epoch);
    gateway.put_admission(&lamp.id(), &lamp.token(), epoch, &batch).await.unwrap();
}

/// The challenge that an empty request gets.
async fn challenge(gateway: &Gateway<Embedded>, lamp: &Lamp, by: IpAddr) -> Vec<u8> {
    match gateway.offer(&lamp.id(), by, &[]).await {
        Err(Refusal::Puzzle(challenge)) => challenge,
        other => panic!("{other:?}"),
    }
}

/// A client's answer, with this key, and as if the challenge named this epoch.
fn answer(challenge: &[u8], lamp: &Lamp, key: &AdmissionKey, epoch: u64, nonce: u8) -> Vec<u8> {
    let [0x82, 0x50, i @ ..] = challenge else { panic!("{challenge:02x?}") };
    let (i, rest) = i.split_first_chunk().unwrap();
    assert!(rest.len() == 1, "the epoch");
    let j = [nonce; 8];
    let tag = key.batch_key(lamp.identity.credential().hash(), epoch).tag(i, &j);
    [&[0x83, 0x50], i.as_slice(), &[0x48], &j, &[0x50], &tag].concat()
}

fn is_refused(result: &Result<Vec<u8>, Refusal>) -> bool {
    matches!(result, Err(Refusal::Puzzle(_)))
}

#[tokio::test]
async fn strangers_get_nothing_and_clients_are_served() {
    let place = Place::new();
    let gateway = place.gateway(Policy::default());
    let mut lamp = Lamp::new("lamp");
    admitted(&gateway, &mut lamp, 1).await;
    let id = lamp.id();
    let asked = challenge(&gateway, &lamp, ANNA).await;
    assert_eq!(asked.last(), Some(&1), "the epoch");
    let right = answer(&asked, &lamp, &key(1), 1, 5);
    let no_solution = [&[0x82, 0x50], &asked[2..18], &[0x48], &[0; 8]].concat();
    for wrong in [
        answer(&asked, &lamp, &key(2), 1, 5),
        answer(&asked, &lamp, &key(1), 2, 5),
        right[..right.len() - 1].to_vec(),
        no_solution,
        b"x".to_vec(),
    ] {
        assert!(is_refused(&gateway.offer(&id, ANNA, &wrong).await));
    }
    assert!(is_refused(&gateway.offer(&id, MALLORY, &right).await), "from another address");
    gateway.offer(&id, ANNA, &right).await.unwrap();
    assert!(is_refused(&gateway.offer(&id, ANNA, &right).await), "repeated");
    // Two clients behind one address, in the same minute; neither share nor puzzle holds them up.
    for nonce in 6..13 {
        gateway.offer(&id, ANNA, &answer(&asked, &lamp, &key(1), 1, nonce)).await.unwrap();
    }
    assert_eq!(gateway.node(&id).unwrap().left, Some(0));
    sleep(121).await;
    assert!(is_refused(&gateway.offer(&id, ANNA, &answer(&asked, &lamp, &key(1), 1, 99)).await), "too late");
}

#[tokio::test]
async fn it_is_for_one_batch_and_survives_a_restart() {
    let place = Place::new();
    let mut lamp = Lamp::new("lamp");
    admitted(&place.gateway(Policy::default()), &mut lamp, 1).await;
    let gateway = place.gateway(Policy::default());
    let asked = challenge(&gateway, &lamp, ANNA).await;
    gateway.offer(&lamp.id(), ANNA, &answer(&asked, &lamp, &key(1), 1, 5)).await.unwrap();
    // The next batch is open until its key is there.
    gateway.publish(&lamp.id(), &lamp.publish(3)).await.unwrap();
    gateway.offer(&lamp.id(), BEN, &[]).await.unwrap();
    let hash = *lamp.identity.credential().hash();
    let (id, token) = (lamp.id(), lamp.token());
    let put =
        async |token: &[u8], epoch| gateway.put_admission(&id, token, epoch, &key(1).batch_key(&hash, epoch)).await;
    assert_eq!(put(&[0; 16], 2).await, Err(Refusal::Rejected(Reject::WrongToken)));
    for epoch in [1, 3] {
        assert_eq!(put(&token, epoch).await, Err(Refusal::Rejected(Reject::EpochUnknown)));
    }
    assert_eq!([put(&token, 2).await, put(&token, 2).await], [Ok(Kept::New), Ok(Kept::Same)]);
    let asked = challenge(&gateway, &lamp, BEN).await;
    assert!(is_refused(&gateway.offer(&id, BEN, &answer(&asked, &lamp, &key(1), 1, 5)).await), "the old epoch");
    gateway.offer(&id, BEN, &answer(&asked, &lamp, &key(1), 2, 5)).await.unwrap();
}

#[tokio::test]
async fn the_resource() {
    let place = Place::new();
    let gateway = place.gateway(Policy::default());
    let mut lamp = Lamp::new("lamp");
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    let path = ["dke".to_string(), node_name(&lamp.id()), "admission".to_string()];
    let shown = |token: &[u8]| vec![format!("token={}", token.iter().map(|b| format!("{b:02x}")).collect::<String>())];
    let put = async |query: Vec<String>, body: &[u8]| {
        let request = Request { address: ANNA, method: Method::Put, path: &path, query: &query, format: None, body };
        handle(&gateway, &request).await.status
    };
    let body = [&[0x82, 1, 0x58, 32], [7; 32].as_slice()].concat();
    assert_eq!(put(shown(&[0; 16]), &body).await, Status::Forbidden);
    assert_eq!(put(shown(&lamp.token()), &body[..35]).await, Status::BadRequest);
    assert_eq!(put(shown(&lamp.token()), &[body.clone(), vec![0; 20]].concat()).await, Status::TooLarge);
    assert_eq!(put(shown(&lamp.token()), &body).await, Status::Created);
    assert_eq!(put(shown(&lamp.token()), &body).await, Status::Changed);
}
