//! What the gateway refuses, and with which code: tokens, epochs, bodies.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::faces::{Faces, hex};
use common::{ANNA, Lamp, Place};
use dke_gateway::resource::{Method, Request, Status, handle, node_name};
use dke_gateway::{Embedded, Gateway, Policy};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

struct World {
    gateway: Gateway<Embedded>,
    lamp: Lamp,
    _place: Place,
}

impl World {
    /// A node that has published once.
    async fn new() -> World {
        let place = Place::new();
        let (gateway, mut lamp) = (place.gateway(Policy::default()), Lamp::new("lamp"));
        gateway.register(&lamp.identity.credential).await.unwrap();
        gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
        World { gateway, lamp, _place: place }
    }

    /// `what` stands below the node, such as `sealed/reading`.
    async fn ask(&self, method: Method, what: &str, token: Option<&[u8]>, body: &[u8]) -> Status {
        let node = node_name(&self.lamp.id());
        let path: Vec<String> = ["dke", &node].into_iter().chain(what.split('/')).map(String::from).collect();
        let query: Vec<String> = token.map(|token| format!("token={}", hex(token))).into_iter().collect();
        let request = Request { address: ANNA, method, path: &path, query: &query, format: None, body };
        handle(&self.gateway, &request).await.status
    }
}

/// What only the node may do.
const OWN: [(Method, &str); 6] = [
    (Method::Get, "mailbox"),
    (Method::Get, "requests"),
    (Method::Delete, "mailbox/1/0"),
    (Method::Post, "confirm"),
    (Method::Put, "sealed/reading"),
    (Method::Delete, "sealed/reading"),
];

#[tokio::test]
async fn the_nodes_own_resources_want_the_token_of_its_newest_batch() {
    let mut world = World::new().await;
    let old = world.lamp.token();
    assert_eq!(world.ask(Method::Put, "sealed/reading", Some(&old), b"21.5").await, Status::Created);
    world.gateway.publish(&world.lamp.id(), &world.lamp.publish(0)).await.unwrap();
    let confirm = [0x84, 1, 0, 0x58, 32].into_iter().chain([7; 32]).chain([0x48]).chain([9; 8]).collect::<Vec<u8>>();
    for (method, what) in OWN {
        for token in [None, Some(&old[..]), Some(&[7; 16][..]), Some(&[][..])] {
            let body: &[u8] = if what == "confirm" { &confirm } else { b"" };
            let status = world.ask(method, what, token, body).await;
            let refused = [Status::Forbidden, Status::BadRequest];
            assert!(refused.contains(&status), "{method:?} {what} with {token:?}: {status:?}");
        }
    }
    assert_eq!(world.ask(Method::Get, "sealed/reading", None, b"").await, Status::Content, "it is still there");
    let new = world.lamp.token();
    assert_eq!(world.ask(Method::Get, "mailbox", Some(&new), b"").await, Status::Content);
    assert_eq!(world.ask(Method::Delete, "sealed/reading", Some(&new), b"").await, Status::Deleted);
}

#[tokio::test]
async fn an_epoch_that_is_over_is_a_conflict() {
    let mut world = World::new().await;
    let second = world.lamp.publish(0);
    world.gateway.publish(&world.lamp.id(), &second).await.unwrap();
    for _ in 0..2 {
        world.gateway.publish(&world.lamp.id(), &world.lamp.publish(0)).await.unwrap();
    }
    assert_eq!(world.ask(Method::Put, "publication", None, &second).await, Status::Conflict, "EpochRollback");
}

/// The gateway reads no more of a body than its largest message has, and says so before all of it has come.
#[tokio::test]
async fn a_body_without_end_is_not_read() {
    let faces = Faces::new(Policy { open: true, ..Policy::default() }).await;
    let lamp = Lamp::new("lamp");
    let mut stream = TcpStream::connect(faces.http).await.unwrap();
    let target = format!("/dke/{}/publication", node_name(&lamp.id()));
    let head = format!("PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
    stream.write_all(&[head.as_bytes(), &[0; 64 * 1024]].concat()).await.unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    assert!(line.starts_with("HTTP/1.1 413 "), "{line}");
}
