//! What a gateway says is left of a node's prekeys: PROTOCOL.md section 18.1.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{ANNA, Identity, Lamp, Place, initiate, sleep};
use dke::Reject;
use dke::stock::Stock;
use dke_gateway::resource::{Format, Method, Request, Status, handle, node_name};
use dke_gateway::{Policy, Refusal};

const MONTH: u64 = 30 * 24 * 3600;

#[tokio::test]
async fn what_is_left() {
    let place = Place::new();
    let gateway = place.gateway(Policy::default());
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    let id = lamp.id();
    assert_eq!(gateway.stock(&id), Err(Refusal::Rejected(Reject::UnknownNode)));
    gateway.register(&lamp.identity.credential).await.unwrap();
    assert_eq!(gateway.stock(&id), Ok(Stock { epoch: 0, left: 0, ends_in: 0 }));
    gateway.publish(&id, &lamp.publish(2)).await.unwrap();
    assert_eq!(gateway.stock(&id), Ok(Stock { epoch: 1, left: 4, ends_in: MONTH }));

    // What is on loan may come back; what an Initiate took does not, whatever the node thinks of it.
    let offer = gateway.offer(&id, ANNA, &[]).await.unwrap();
    gateway.offer(&id, ANNA, &[]).await.unwrap();
    assert_eq!(gateway.stock(&id).unwrap().left, 4);
    let (at, _) = gateway.queue(&id, ANNA, &initiate(&anna, &lamp.identity, &offer)).await.unwrap();
    assert_eq!(gateway.stock(&id).unwrap().left, 3);
    gateway.discard(&at, &lamp.token()).await.unwrap();
    assert_eq!(gateway.stock(&id).unwrap().left, 3);

    // It is in the store: a gateway that starts anew says the same.
    drop(gateway);
    let gateway = place.gateway(Policy::default());
    assert_eq!(gateway.stock(&id), Ok(Stock { epoch: 1, left: 3, ends_in: MONTH }));

    // A batch that has ended serves nobody.
    sleep(MONTH).await;
    assert_eq!(gateway.stock(&id), Ok(Stock { epoch: 1, left: 3, ends_in: 0 }));
    sleep(1).await;
    assert_eq!(gateway.stock(&id), Ok(Stock { epoch: 1, left: 0, ends_in: 0 }));
    gateway.publish(&id, &lamp.publish(8)).await.unwrap();
    assert_eq!(gateway.stock(&id), Ok(Stock { epoch: 2, left: 256, ends_in: MONTH }));
}

#[tokio::test]
async fn the_resource() {
    let place = Place::new();
    let gateway = place.gateway(Policy::default());
    let mut lamp = Lamp::new("lamp");
    let path = ["dke".to_string(), node_name(&lamp.id()), "left".to_string()];
    let ask = async |method, body| {
        handle(&gateway, &Request { address: ANNA, method, path: &path, query: &[], format: None, body }).await
    };
    assert_eq!(ask(Method::Get, b"").await.status, Status::NotFound);
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&lamp.id(), &lamp.publish(2)).await.unwrap();
    let answer = ask(Method::Get, b"").await;
    assert_eq!((answer.status, answer.format, answer.max_age), (Status::Content, Some(Format::Message), Some(0)));
    assert_eq!(answer.body, [0x83, 1, 4, 0x1a, 0x00, 0x27, 0x8d, 0x00]);
    for method in [Method::Post, Method::Put, Method::Delete] {
        assert_eq!(ask(method, b"").await.status, Status::MethodNotAllowed, "{method:?}");
    }
}
