//! One address takes all it can of a face, and others are served; what the standards have refused, on both faces alike.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::faces::{Faces, hex};
use common::{Identity, Lamp};
use dke_coap::client::Ask;
use dke_coap::{Bare, Client, Code, Endpoint, Method, Parameters};
use dke_gateway::Policy;
use dke_gateway::resource::node_name;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Far longer than a test may take.
const LONG: Duration = Duration::from_secs(120);

/// A connection from 127.0.0.`host`.
async fn connect(host: u8, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, host], 0))).unwrap();
    socket.connect(to).await.unwrap()
}

/// The status that comes for these bytes.
async fn status(stream: &mut TcpStream, request: &str) -> u16 {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut line = [0; 12];
    timeout(LONG, stream.read_exact(&mut line)).await.expect("an answer").unwrap();
    std::str::from_utf8(&line[9..]).unwrap().parse().unwrap()
}

const LIST: &str = "GET /dke HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A gateway that an Initiate waits at, and the path of its Confirms.
async fn waiting(policy: Policy) -> (Faces, Lamp, String) {
    let faces = Faces::new(policy).await;
    let (mut lamp, anna) = (Lamp::new("lamp"), Identity::new("anna"));
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    faces.gateway.publish(&lamp.id(), &lamp.publish(2)).await.unwrap();
    let root = format!("dke/{}", node_name(&lamp.id()));
    let offer = faces.coap(Method::Post, &format!("{root}/offer"), &[], &[]).await.body;
    let sent = common::initiate(&anna, &lamp.identity, &offer);
    assert_eq!(faces.coap(Method::Post, &format!("{root}/initiate"), &[], &sent).await.code, Code::CREATED);
    (faces, lamp, format!("{root}/confirm/1/0"))
}

#[tokio::test]
async fn waits_over_http_leave_connections_for_others() {
    let (faces, _, confirms) = waiting(Policy { connections_max: 40, ..Policy::default() }).await;
    let wait = format!("GET /{confirms} HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\n\r\n");
    let mut held = Vec::new();
    for _ in 0..60 {
        let mut stream = connect(8, faces.http).await;
        // It may have been closed by now.
        let _ = stream.write_all(wait.as_bytes()).await;
        held.push(stream);
    }
    for host in [9, 10, 11] {
        assert_eq!(status(&mut connect(host, faces.http).await, LIST).await, 200);
    }
    // Half of all at most, at the same time; the others were told so, or at least closed.
    let mut refused = 0;
    for stream in &mut held {
        let mut answer = Vec::new();
        match timeout(Duration::from_millis(50), stream.read_to_end(&mut answer)).await {
            Ok(_) => refused += 1,
            Err(_) => assert!(answer.is_empty()),
        }
    }
    assert_eq!(refused, 40);
    assert_eq!(status(&mut connect(9, faces.http).await, LIST).await, 200);
}

#[tokio::test]
async fn requests_that_wait_over_coap_leave_room_for_others() {
    let faces = Faces::new(Policy::default()).await;
    let lamp = Lamp::new("lamp");
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    let endpoint = Endpoint::client("127.0.0.30:0", Parameters::default()).await.unwrap();
    let greedy = Client::new(endpoint, faces.coap_at, 1000);
    // One request, again and again: it waits for the node.
    let options = ["nodes".to_string(), node_name(&lamp.id())].map(|part| (11, part.into_bytes()));
    let options = options.into_iter().chain([(12, vec![16])]).collect();
    let request = Bare { code: Code(2), options, payload: vec![7] };
    for _ in 0..300 {
        let (greedy, request) = (greedy.clone(), request.clone());
        tokio::spawn(async move { greedy.send(&request).await });
    }
    for host in [31, 32, 33] {
        let endpoint = Endpoint::client(SocketAddr::from(([127, 0, 0, host], 0)), Parameters::default()).await.unwrap();
        let honest = Client::new(endpoint, faces.coap_at, 100_000);
        let ask = Ask { method: Method::Get, path: &["dke"], query: &[], format: None, body: &[] };
        let reply = timeout(LONG, honest.request(&ask)).await.expect("an answer").unwrap();
        assert_eq!(reply.code, Code::CONTENT);
    }
}

#[tokio::test]
async fn a_host_is_there_once_and_is_one() {
    let faces = Faces::new(Policy::default()).await;
    for target in ["/dke", "/"] {
        for (version, fields, expected) in [
            ("1.1", "", 400),
            ("1.1", "Host: x\r\nHost: x\r\n", 400),
            ("1.1", "Host: a b\r\n", 400),
            ("1.1", "Host: user@x\r\n", 400),
            ("1.1", "Host: x:8080\r\n", 200),
            ("1.1", "Host:\r\n", 200),
            ("1.0", "", 200),
            ("1.0", "Host: x\r\nHost: y\r\n", 400),
        ] {
            let request = format!("GET {target} HTTP/{version}\r\n{fields}\r\n");
            let got = status(&mut connect(1, faces.http).await, &request).await;
            assert_eq!(got, expected, "{request}");
        }
    }
}

#[tokio::test]
async fn preconditions_are_refused_on_both_faces() {
    let (faces, lamp, _) = waiting(Policy::default()).await;
    let path = format!("dke/{}/sealed/x", node_name(&lamp.id()));
    let token = format!("token={}", hex(&lamp.token()));
    let coap = async |number: u16, value: &[u8]| {
        let mut options: Vec<(u16, Vec<u8>)> = path.split('/').map(|part| (11, part.into())).collect();
        options.extend([(15, token.clone().into_bytes()), (number, value.to_vec())]);
        faces.coap.send(&Bare { code: Code(3), options, payload: b"x".to_vec() }).await.unwrap().code
    };
    let http =
        async |field: &str| faces.status("PUT", &format!("/{path}?{token}"), &format!("{field}\r\n"), b"x").await;
    // If-None-Match, If-Match for anything, If-Match for an entity tag.
    assert_eq!((coap(5, &[]).await, http("If-None-Match: *").await), (Code::BAD_OPTION, 400));
    assert_eq!((coap(1, &[]).await, http("If-Match: *").await), (Code::BAD_OPTION, 400));
    assert_eq!((coap(1, &[7]).await, http("If-Match: \"7\"").await), (Code::BAD_OPTION, 400));
    assert_eq!(faces.coap(Method::Get, &path, &[], &[]).await.code, Code::NOT_FOUND, "nothing was written");
    // Without one, and with one that is always true.
    assert_eq!(http("If-None-Match: \"7\"").await, 201);
    assert_eq!(coap(60, &[1]).await, Code::CHANGED);
}

#[tokio::test]
async fn requests_over_http_are_limited_by_their_size() {
    let faces = Faces::new(Policy::default()).await;
    let lamp = Lamp::new("lamp");
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    let path = format!("/dke/{}/sealed/x", node_name(&lamp.id()));
    let head = |length: usize| format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    let policy = faces.gateway.policy();
    let most = policy.representation_max.max(policy.response_max).max(dke::params::PUBLICATION_MAX);
    let mut stream = connect(1, faces.http).await;
    let longest = head(policy.representation_max) + &"x".repeat(policy.representation_max);
    assert_eq!(status(&mut stream, &longest).await, 403, "it has no token");
    // One byte more than any resource takes: refused without that it comes.
    let mut stream = connect(1, faces.http).await;
    assert_eq!(status(&mut stream, &head(most + 1)).await, 413);
    // Or as it comes, where its length is not announced.
    let mut stream = connect(1, faces.http).await;
    let chunk = format!("{:x}\r\n{}\r\n", most + 1, "x".repeat(most + 1));
    let chunked = format!("PUT {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
    assert_eq!(status(&mut stream, &chunked).await, 413);
    // A head, too.
    let mut stream = connect(1, faces.http).await;
    let long = format!("GET /dke HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    assert_eq!(status(&mut stream, &long).await, 431);
}
