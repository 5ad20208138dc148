//! OSCORE end to end through the gateway, which may do to a message what proxies do, and tries what they must not.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use coap_lite::{CoapOption, MessageClass, Packet};
use common::faces::Faces;
use common::{ANNA, Lamp, Place};
use dke_app::oscore::{Context, Sent};
use dke_app::window::Window;
use dke_app::{Error, Reject};
use dke_coap::names::node_host;
use dke_coap::options::{CONTENT_FORMAT, OSCORE, URI_HOST, URI_PATH};
use dke_coap::{Bare, Code, Method};
use dke_gateway::resource::node_name;
use dke_gateway::{Asked, Policy};
use std::convert::Infallible;
use std::time::Duration;

/// The contexts of RFC 8613 appendix C.1: the client's and the server's.
fn contexts() -> (Context, Context) {
    let secret: Vec<u8> = (1..=16).collect();
    let salt = [0x9e, 0x7c, 0xa9, 0x22, 0x23, 0x78, 0x63, 0x40];
    let context = |sender: &[u8], recipient: &[u8]| Context::derive(&secret, &salt, None, sender, recipient).unwrap();
    (context(&[], &[1]), context(&[1], &[]))
}

/// `PUT /light`, text/plain, "on".
fn inner() -> Bare {
    let options = vec![(URI_PATH, b"light".to_vec()), (CONTENT_FORMAT, vec![])];
    Bare { code: Method::Put.code(), options, payload: b"on".to_vec() }
}

fn protected(client: &Context, sequence: u64) -> (Bare, Sent) {
    let (packet, sent) = client.protect_request(sequence, &inner().packet()).unwrap();
    (Bare::of(&packet), sent)
}

/// 2.05 "it is on", whatever was asked.
fn answer(node: &Context, seen: &mut Window, request: &Bare) -> Bare {
    let received = node.unprotect_request(seen, &request.packet()).unwrap();
    assert_eq!(Bare::of(&received.packet), inner());
    let mut response = Packet::new();
    response.header.code = MessageClass::from(Code::CONTENT.0);
    response.payload = b"it is on".to_vec();
    Bare::of(&node.protect_response(received, None, &response).unwrap())
}

fn opened(client: &Context, sent: &Sent, response: &Bare) -> Result<(Code, Vec<u8>), Reject> {
    let response = Bare::of(&client.unprotect_response(sent, &response.packet())?);
    Ok((response.code, response.payload))
}

/// The first request that waits.
fn next(faces: &Faces, lamp: &Lamp) -> (u64, Bare) {
    let all = faces.gateway.requests(&lamp.id(), &lamp.token()).unwrap();
    let mut decoder = minicbor::Decoder::new(&all);
    assert_eq!(decoder.array().unwrap(), Some(2));
    (decoder.u64().unwrap(), Bare::parse(decoder.bytes().unwrap()).unwrap())
}

#[tokio::test]
async fn through_either_face() {
    let faces = Faces::new(Policy { hold: 0, ..Policy::default() }).await;
    let mut lamp = Lamp::new("lamp");
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    faces.gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    let ((client, node), mut seen) = (contexts(), Window::default());
    let is_on = Ok((Code::CONTENT, b"it is on".to_vec()));
    let wake = async |seen: &mut Window| {
        let (number, request) = next(&faces, &lamp);
        let response = answer(&node, seen, &request).encode();
        faces.gateway.answer(&lamp.id(), number, &lamp.token(), &response).await.unwrap();
    };

    let (mut request, sent) = protected(&client, 20);
    request.options.push((URI_HOST, node_host(&lamp.id()).into_bytes()));
    assert_eq!(faces.coap.send(&request).await.unwrap().code, Code::UNAVAILABLE);
    wake(&mut seen).await;
    assert_eq!(opened(&client, &sent, &faces.coap.send(&request).await.unwrap()), is_on);

    let (request, sent) = protected(&client, 21);
    // 09: a Partial IV of one byte and an empty kid; 15: its value.
    assert_eq!(request.option(OSCORE), Some(&[0x09, 0x15][..]));
    let fields = "Content-Type: application/oscore\r\nOSCORE: CRU\r\n";
    let target = format!("/nodes/{}", node_name(&lamp.id()));
    assert_eq!(faces.status("POST", &target, fields, &request.payload).await, 202);
    wake(&mut seen).await;
    let (head, body) = faces.http("POST", &target, fields, &request.payload).await;
    assert!(head.starts_with("http/1.1 200") && head.contains("oscore: aa\r\n"), "{head}");
    let response = Bare { code: Code::CHANGED, options: vec![(OSCORE, vec![])], payload: body };
    assert_eq!(opened(&client, &sent, &response), is_on);
}

#[test]
fn what_a_gateway_may_do_to_a_request_and_what_it_cannot() {
    let (client, node) = contexts();
    let (request, _) = protected(&client, 20);
    let open = |seen: &mut Window, changed: &Bare| {
        let received = node.unprotect_request(seen, &changed.packet())?;
        Ok::<_, Error<Infallible>>(Bare::of(&received.packet))
    };
    // What it puts outside changes nothing inside.
    for (code, option) in [
        (Method::Delete.code(), (URI_PATH, b"door".to_vec())),
        (Method::Fetch.code(), (CONTENT_FORMAT, vec![60])),
        (Method::Post.code(), (4, b"etag".to_vec())),
    ] {
        let mut changed = Bare { code, ..request.clone() };
        changed.options.push(option);
        assert_eq!(open(&mut Window::default(), &changed).unwrap(), inner());
    }
    // Every bit of what is protected counts, and of the option.
    let rejected = |changed: &Bare| {
        let mut seen = Window::default();
        let rejected = matches!(open(&mut seen, changed), Err(Error::Peer(_)));
        rejected && seen == Window::default()
    };
    for bit in 0..8 * request.payload.len() {
        let mut changed = request.clone();
        changed.payload[bit / 8] ^= 1 << (bit % 8);
        assert!(rejected(&changed), "bit {bit}");
    }
    for bit in 0..16 {
        let mut changed = request.clone();
        let option = changed.options.iter_mut().find(|(number, _)| *number == OSCORE).unwrap();
        option.1[bit / 8] ^= 1 << (bit % 8);
        assert!(rejected(&changed), "bit {bit} of the option");
    }
    let mut seen = Window::default();
    assert_eq!(open(&mut seen, &request).unwrap(), inner());
    assert!(matches!(open(&mut seen, &request), Err(Error::Peer(Reject::Replayed))));
    // An unprotected message is none for the node.
    let plain = Packet::from_bytes(&[0x40, 3, 0, 0, 0xff, b'x']).unwrap();
    assert!(plain.get_option(CoapOption::Oscore).is_none() && node.unprotect_request(&mut seen, &plain).is_err());
}

#[tokio::test]
async fn responses_cannot_be_exchanged() {
    let place = Place::new();
    let gateway = place.gateway(Policy::default());
    let mut lamp = Lamp::new("lamp");
    let id = lamp.id();
    gateway.register(&lamp.identity.credential).await.unwrap();
    gateway.publish(&id, &lamp.publish(0)).await.unwrap();
    let ((client, node), mut seen) = (contexts(), Window::default());
    let [(first, sent_first), (second, sent_second)] = [20, 21].map(|sequence| protected(&client, sequence));
    for request in [&first, &second] {
        gateway.ask(&id, ANNA, request, Duration::ZERO).await.unwrap();
    }
    // The gateway gives each client the other's response.
    let [to_first, to_second] = [&first, &second].map(|request| answer(&node, &mut seen, request));
    gateway.answer(&id, 0, &lamp.token(), &to_second.encode()).await.unwrap();
    gateway.answer(&id, 1, &lamp.token(), &to_first.encode()).await.unwrap();
    for (number, sent) in [(0, &sent_first), (1, &sent_second)] {
        let Asked::Answered(response) = gateway.collect(&id, number, ANNA, Duration::ZERO).await.unwrap() else {
            panic!()
        };
        assert_eq!(opened(&client, sent, &response), Err(Reject::NotAuthentic));
    }
    assert!(opened(&client, &sent_first, &to_first).is_ok() && opened(&client, &sent_second, &to_second).is_ok());
}
