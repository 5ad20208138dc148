//! The two faces on loopback: the same resources, each with its own codes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::faces::{Faces, hex};
use common::{Identity, Lamp, initiate};
use dke_coap::client::Ask;
use dke_coap::{Code, Method};
use dke_gateway::Policy;
use dke_gateway::resource::{Format, node_name};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const MESSAGE: &str = "application/x.dke+cbor";

#[tokio::test]
async fn an_exchange_over_coap() {
    let faces = Faces::new(Policy { open: true, ..Policy::default() }).await;
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    let root = format!("dke/{}", node_name(&lamp.id()));
    let at = |what: &str| format!("{root}/{what}");
    assert_eq!(faces.coap(Method::Put, &at("credential"), &[], &lamp.identity.credential).await.code, Code::CREATED);
    // Depth 8: eight blocks there, and an Offer that fits one.
    let publication = lamp.publish(8);
    assert_eq!(faces.coap(Method::Put, &at("publication"), &[], &publication).await.code, Code::CREATED);
    assert_eq!(faces.coap(Method::Put, &at("publication"), &[], &publication).await.code, Code::CHANGED);
    let offer = faces.coap(Method::Post, &at("offer"), &[], &[]).await;
    assert_eq!((offer.code, offer.format), (Code::CHANGED, Some(Format::Message.number())));
    let sent = initiate(&anna, &lamp.identity, &offer.body);
    let queued = faces.coap(Method::Post, &at("initiate"), &[], &sent).await;
    let place = queued.location.join("/");
    assert_eq!((queued.code, place.as_str()), (Code::CREATED, at("confirm/1/0").as_str()));
    assert_eq!(faces.coap(Method::Post, &at("initiate"), &[], &sent).await.code, Code::CHANGED);

    let path: Vec<&str> = place.split('/').collect();
    let ask = Ask { method: Method::Get, path: &path, query: &[], format: None, body: &[] };
    let (first, observation) = faces.coap.observe(&ask).await.unwrap();
    assert_eq!((first.code, first.max_age, first.body.as_slice()), (Code::CONTENT, Some(0), &b""[..]));

    let token = format!("token={}", hex(&lamp.token()));
    let mail = faces.coap(Method::Get, &at("mailbox"), &[&token], &[]).await;
    assert_eq!((mail.code, mail.format, &mail.body), (Code::CONTENT, Some(Format::Sequence.number()), &sent));
    let confirm = lamp.answer(&anna, &sent);
    assert_eq!(faces.coap(Method::Post, &at("confirm"), &[&token], &confirm).await.code, Code::CREATED);
    let told = observation.unwrap().next().await.unwrap().unwrap();
    assert_eq!(told.body, confirm);
    assert_eq!(faces.coap(Method::Get, &place, &[], &[]).await.body, confirm);
}

#[tokio::test]
async fn an_exchange_over_http() {
    let faces = Faces::new(Policy { open: true, ..Policy::default() }).await;
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    let at = |what: &str| format!("/dke/{}/{what}", node_name(&lamp.id()));
    let cbor = format!("Content-Type: {MESSAGE}\r\n");
    let (credential, publication, offer, queue) = (at("credential"), at("publication"), at("offer"), at("initiate"));
    assert_eq!(faces.status("PUT", &credential, &cbor, &lamp.identity.credential).await, 201);
    let first = lamp.publish(2);
    assert_eq!(faces.status("PUT", &publication, &cbor, &first).await, 201);
    assert_eq!(faces.status("PUT", &publication, &cbor, &first).await, 204);
    let (head, offered) = faces.http("POST", &offer, "", &[]).await;
    assert!(head.starts_with("http/1.1 200") && head.contains(&format!("content-type: {MESSAGE}")), "{head}");
    assert!(!head.contains("cache-control"), "an Offer is for one: {head}");
    let sent = initiate(&anna, &lamp.identity, &offered);
    let (head, _) = faces.http("POST", &queue, &cbor, &sent).await;
    let place = format!("/dke/{}/confirm/1/0", node_name(&lamp.id()));
    assert!(
        head.starts_with("http/1.1 201") && head.contains(&format!("location: {}", place.to_lowercase())),
        "{head}"
    );

    // The client waits, the node wakes up.
    let token = hex(&lamp.token());
    let mailbox = format!("/dke/{}/mailbox?token={token}", node_name(&lamp.id()));
    assert_eq!(faces.http("GET", &mailbox, "", &[]).await.1, sent);
    let confirm = lamp.answer(&anna, &sent);
    let waiting = faces.http("GET", &place, "Prefer: wait=30\r\n", &[]);
    let answering = async {
        while faces.gateway.node(&lamp.id()).unwrap().waiting == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let to = format!("/dke/{}/confirm?token={token}", node_name(&lamp.id()));
        faces.status("POST", &to, &cbor, &confirm).await
    };
    let ((head, body), status) = tokio::join!(waiting, answering);
    assert_eq!((status, &body), (201, &confirm));
    assert!(head.contains("cache-control: max-age=0") && head.contains("x.dke+cbor-seq"), "{head}");
    let (head, body) = faces.http("HEAD", &place, "", &[]).await;
    assert!(head.starts_with("http/1.1 200") && body.is_empty(), "{head}");
}

#[tokio::test]
async fn errors_have_a_class_in_each_face() {
    let policy = Policy { queue_max: 1, retry_after: 77, ..Policy::default() };
    let faces = Faces::new(policy).await;
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    let (root, other) = (format!("dke/{}", node_name(&lamp.id())), format!("dke/{}", node_name(&[9; 16])));
    let both = async |method: &str, path: String, body: &[u8]| {
        let coap_method = match method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            _ => Method::Delete,
        };
        let coap = faces.coap(coap_method, &path, &[], body).await;
        assert!(coap.body.is_empty(), "a peer is not told the reason");
        (coap.code.to_string(), faces.status(method, &format!("/{path}"), "", body).await)
    };
    let is = |code: &str, status| (code.to_string(), status);
    assert_eq!(both("PUT", format!("{root}/credential"), &lamp.identity.credential).await, is("4.03", 403), "closed");
    assert_eq!(both("PUT", format!("{other}/credential"), &lamp.identity.credential).await, is("4.03", 403));
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    assert_eq!(both("POST", format!("{other}/offer"), &[]).await, is("4.04", 404));
    assert_eq!(both("GET", "nothing".into(), &[]).await, is("4.04", 404));
    assert_eq!(both("GET", format!("{root}/offer"), &[]).await, is("4.05", 405));
    assert_eq!(both("PUT", format!("{root}/publication"), b"x").await, is("4.00", 400));
    assert_eq!(both("PUT", format!("{root}/publication"), &vec![0; 17_000]).await, is("4.13", 413));
    assert_eq!(both("POST", format!("{root}/confirm"), &vec![0; 2000]).await, is("4.13", 413));
    assert_eq!(both("GET", format!("{root}/mailbox"), &[]).await, is("4.03", 403));
    assert_eq!(both("POST", format!("{root}/initiate"), &[0x80]).await, is("4.00", 400));
    // Exhausted: when to try again.
    let reply = faces.coap(Method::Post, &format!("{root}/offer"), &[], &[]).await;
    assert_eq!((reply.code, reply.max_age), (Code::UNAVAILABLE, Some(77)));
    let (head, _) = faces.http("POST", &format!("/{root}/offer"), "", &[]).await;
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after: 77"), "{head}");

    faces.gateway.publish(&lamp.id(), &lamp.publish(2)).await.unwrap();
    let offer = faces.coap(Method::Post, &format!("{root}/offer"), &[], &[]).await.body;
    let sent = initiate(&anna, &lamp.identity, &offer);
    faces.gateway.queue(&lamp.id(), [127, 0, 0, 1].into(), &sent).await.unwrap();
    let again = initiate(&anna, &lamp.identity, &offer);
    assert_eq!(both("POST", format!("{root}/initiate"), &again).await, is("4.09", 409), "taken");
    let more = faces.coap(Method::Post, &format!("{root}/offer"), &[], &[]).await.body;
    let more = initiate(&anna, &lamp.identity, &more);
    assert_eq!(both("POST", format!("{root}/initiate"), &more).await, is("5.03", 503), "the queue is full");
    let status = faces.status("POST", &format!("/{root}/initiate"), "Content-Type: text/plain\r\n", &more).await;
    assert_eq!(status, 415);
    assert_eq!(faces.status("PATCH", "/dke", "", &[]).await, 501);
    let (head, _) = faces.http("POST", "/", "", &[]).await;
    assert!(head.starts_with("http/1.1 405 ") && head.contains("allow: get"), "{head}");
}

#[tokio::test]
async fn one_address_cannot_ask_without_end() {
    let faces = Faces::new(Policy { burst: 5, requests_per_second: 0, ..Policy::default() }).await;
    let mut codes = Vec::new();
    // The first contact costs one of what may be forged. When that is used up, what shows that it is not forged has as much.
    for _ in 0..11 {
        codes.push(faces.coap(Method::Get, "dke", &[], &[]).await.code);
    }
    assert_eq!(codes, [vec![Code::CONTENT; 9], vec![Code::TOO_MANY; 2]].concat());
    let (head, _) = faces.http("GET", "/dke", "", &[]).await;
    assert!(head.starts_with("http/1.1 429") && head.contains("retry-after: 1"), "{head}");
}

#[tokio::test]
async fn a_puzzle_is_set_before_an_offer() {
    let faces = Faces::new(Policy { puzzle: 8, prekey_share: 100, ..Policy::default() }).await;
    let mut lamp = Lamp::new("lamp");
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    faces.gateway.publish(&lamp.id(), &lamp.publish(1)).await.unwrap();
    let path = format!("dke/{}/offer", node_name(&lamp.id()));
    let set = faces.coap(Method::Post, &path, &[], &[]).await;
    assert_eq!((set.code, set.body.len(), &set.body[..3]), (Code::PRECONDITION_FAILED, 19, &[0x82, 8, 0x50][..]));
    let (head, body) = faces.http("POST", &format!("/{path}"), "", &[]).await;
    assert!(head.starts_with("http/1.1 412") && body == set.body, "{head}");
    let solution = |j: u64| [&[0x82], &set.body[2..], &[0x48], &j.to_be_bytes()].concat();
    let wrong = (0..).map(solution).find(|one| !is_solution(one)).unwrap();
    assert_eq!(faces.coap(Method::Post, &path, &[], &wrong).await.code, Code::PRECONDITION_FAILED);
    let right = (0..).map(solution).find(|one| is_solution(one)).unwrap();
    assert_eq!(faces.coap(Method::Post, &path, &[], &right).await.code, Code::CHANGED);
    assert_eq!(faces.coap(Method::Post, &path, &[], &right).await.code, Code::PRECONDITION_FAILED, "it counts once");
}

fn is_solution(solution: &[u8]) -> bool {
    use dke::crypto::Crypto as _;
    dke::RustCrypto::sha256(&[&solution[2..18], &solution[19..]].concat())[0] == 0
}

#[tokio::test]
async fn the_mirror_over_both_faces() {
    let faces = Faces::new(Policy::default()).await;
    let mut lamp = Lamp::new("lamp");
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    faces.gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    let path = format!("dke/{}/sealed/temperature", node_name(&lamp.id()));
    let token = format!("token={}", hex(&lamp.token()));
    let sealed: Vec<u8> = (0..4096_u32).map(|n| n.to_be_bytes()[3]).collect();
    assert_eq!(faces.coap(Method::Put, &path, &[&token], &sealed).await.code, Code::CREATED);
    assert_eq!(faces.coap(Method::Get, &path, &[], &[]).await.body, sealed);
    let (head, body) = faces.http("GET", &format!("/{path}"), "", &[]).await;
    let age = head.lines().find_map(|line| line.strip_prefix("age: ")).unwrap();
    assert!(age.parse::<u64>().is_ok() && head.contains("application/octet-stream"), "{head}");
    assert_eq!(body, sealed);
    assert_eq!(faces.status("PUT", &format!("/{path}"), "", b"x").await, 403);
    assert_eq!(faces.status("DELETE", &format!("/{path}?{token}"), "", &[]).await, 204);
    assert_eq!(faces.coap(Method::Get, &path, &[], &[]).await.code, Code::NOT_FOUND);
}

#[tokio::test]
async fn what_people_and_machines_read() {
    let faces = Faces::new(Policy::default()).await;
    let core = faces.coap(Method::Get, ".well-known/core", &["rt=dke.gateway"], &[]).await;
    assert_eq!(core.format, Some(40));
    assert!(String::from_utf8(core.body).unwrap().starts_with("</dke>;rt=\"dke.gateway\""));
    let mut lamp = Lamp::new("lamp <b>7</b>");
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    faces.gateway.publish(&lamp.id(), &lamp.publish(3)).await.unwrap();
    faces.gateway.offer(&lamp.id(), [192, 0, 2, 1].into(), &[]).await.unwrap();
    let (head, page) = faces.http("GET", "/", "", &[]).await;
    let page = String::from_utf8(page).unwrap();
    assert!(head.contains("text/html"), "{head}");
    assert!(page.contains("lamp &lt;b&gt;7&lt;/b&gt;") && page.contains("7 of 8") && !page.contains("<b>"), "{page}");
    assert!(!page.contains("http://") && !page.contains("https://"), "it loads nothing");
    let list: serde_json::Value = serde_json::from_slice(&faces.http("GET", "/dke", "", &[]).await.1).unwrap();
    assert_eq!((&list["nodes"], &list["list"][0]["left"]), (&1.into(), &7.into()));
    let one = faces.coap(Method::Get, &format!("dke/{}", node_name(&lamp.id())), &[], &[]).await;
    let one: serde_json::Value = serde_json::from_slice(&one.body).unwrap();
    assert_eq!((&one["subject"], &one["epoch"], &one["prekeys"]), (&"lamp <b>7</b>".into(), &1.into(), &8.into()));
}

#[tokio::test]
async fn half_requests_hold_nobody_up() {
    let faces = Faces::new(Policy::default()).await;
    let mut held = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(faces.http).await.unwrap();
        stream.write_all(b"GET /dke HTTP/1.1\r\nHos").await.unwrap();
        held.push(stream);
    }
    let mut stream = TcpStream::connect(faces.http).await.unwrap();
    stream.write_all(&[0xff; 4096]).await.unwrap();
    assert_eq!(faces.status("GET", "/dke", "", &[]).await, 200);
}
