//! Who takes all that he can, in whose name ever: others are served, and nobody gets much more than he sent.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use coap_lite::{CoapOption, MessageType, Packet};
use common::Net;
use common::peers::{ECHO, Echo, Raw, ask, block, client, code, parameters, random, request, serve};
use dke_coap::{Client, Code, Endpoint, Method, Parameters};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// What comes for this datagram, within an hour.
async fn all(peer: &Raw, packet: &Packet) -> Vec<Packet> {
    let datagram = packet.to_bytes_unlimited().unwrap();
    peer.send_bytes(&datagram);
    sleep(Duration::from_secs(3600)).await;
    let answers: Vec<Vec<u8>> = std::iter::from_fn(|| peer.socket.received()).map(|(datagram, _)| datagram).collect();
    let bytes: usize = answers.iter().map(Vec::len).sum();
    assert!(bytes <= 3 * datagram.len(), "{bytes} for {}", datagram.len());
    answers.iter().map(|bytes| Packet::from_bytes(bytes).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stranger_gets_three_times_what_he_sent() {
    let echo = Echo::new();
    let net = Net::default();
    let server = serve(&net, &echo);
    let peer = Raw::stranger(&net, server, 2);
    let wide = |path: &str, id| {
        let mut packet = request(1, path, id);
        packet.add_option(CoapOption::UriQuery, vec![b'q'; 30]);
        packet
    };
    // The first block is a small one, with an Echo value; the same for the same message.
    for _ in 0..2 {
        // Within the lifetime of a message id.
        let answers = all(&peer, &wide("large", 1)).await;
        let [first] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!((code(first), first.payload.len()), (Code::CONTENT.0, 64));
        assert_eq!(first.get_first_option(CoapOption::Block2), Some(&block(0, true, 2)));
        assert_eq!(first.get_first_option(ECHO).map(Vec::len), Some(12));
    }
    // The next one is paid for by the request for it; a larger one has no room.
    let mut next = wide("large", 2);
    next.add_option(CoapOption::Block2, block(1, false, 2));
    assert_eq!(all(&peer, &next).await[0].payload.len(), 64);
    let mut next = wide("large", 3);
    next.add_option(CoapOption::Block2, block(1, false, 6));
    assert_eq!(code(&all(&peer, &next).await[0]), Code::UNAUTHORIZED.0);
    // Too short for a block, or wanting large ones, or more than one answer: an Echo value first.
    let answers = all(&peer, &request(1, "large", 4)).await;
    assert_eq!((code(&answers[0]), answers[0].payload.len()), (Code::UNAUTHORIZED.0, 0));
    let before = echo.calls.load(Ordering::SeqCst);
    let mut large = wide("count", 5);
    large.add_option(CoapOption::Block2, block(0, false, 6));
    let mut observing = wide("count", 6);
    observing.add_option(CoapOption::Observe, Vec::new());
    for packet in [&large, &observing, &wide("never", 7)] {
        let answers = all(&peer, packet).await;
        assert_eq!((code(&answers[0]), answers.len()), (Code::UNAUTHORIZED.0, 1));
    }
    assert_eq!(echo.calls.load(Ordering::SeqCst), before, "nothing is carried out before");
    assert_eq!(echo.bell.receiver_count(), 0);
    // A late answer is piggybacked nevertheless, and not repeated.
    let answers = all(&peer, &wide("slow", 8)).await;
    let late = (answers[0].header.get_type(), answers[0].payload.as_slice(), answers.len());
    assert_eq!(late, (MessageType::Acknowledgement, &b"slow"[..], 1));
    // With the Echo value everything is to be had.
    peer.show().await;
    assert_eq!(peer.ask(&wide("large", 9)).await.payload.len(), 1024);
}

#[tokio::test(start_paused = true)]
async fn a_client_gives_the_echo_value_back() {
    let echo = Echo::new();
    let net = Net::default();
    let server = serve(&net, &echo);
    let stranger = |host| Client::new(Endpoint::client_over(net.socket_of(host), parameters(), random()), server, 5000);
    // Nothing is carried out twice: a large body, an observation, a request that waits.
    let body = vec![7; 3000];
    assert_eq!(stranger(2).request(&ask(Method::Post, &["x"], &body)).await.unwrap().body, body);
    assert_eq!(stranger(3).request(&ask(Method::Get, &["large"], &[])).await.unwrap().body.len(), 3000);
    let (first, observation) = stranger(4).observe(&ask(Method::Get, &["count"], &[])).await.unwrap();
    assert!(observation.is_some());
    assert_eq!(first.body, echo.calls.load(Ordering::SeqCst).to_string().as_bytes());
    assert_eq!(echo.calls.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn who_uses_up_what_another_one_may_ask_denies_him_nothing() {
    let echo = Echo::new();
    echo.only_proven.store(true, Ordering::SeqCst);
    let net = Net::default();
    let server = serve(&net, &echo);
    let peer = Raw::stranger(&net, server, 2);
    let refused = peer.ask(&request(1, "count", 1)).await;
    assert_eq!((code(&refused), refused.get_first_option(CoapOption::MaxAge)), (Code::TOO_MANY.0, Some(&vec![7])));
    assert!(refused.get_first_option(ECHO).is_some());
    let honest = client(&net, server, 100);
    assert_eq!(honest.request(&ask(Method::Get, &["count"], &[])).await.unwrap().body, b"1");
}

/// Sends requests for what never comes. How many of them are taken, and not refused at once?
async fn hold(peer: &Raw, requests: u16) -> usize {
    for id in 1..=requests {
        let mut packet = request(2, "never", id);
        packet.header.set_type(MessageType::NonConfirmable);
        peer.send(&packet);
    }
    sleep(Duration::from_secs(1)).await;
    let refused: Vec<_> = std::iter::from_fn(|| peer.socket.received()).collect();
    assert!(refused.iter().all(|(answer, _)| answer[1] == Code::UNAVAILABLE.0));
    usize::from(requests) - refused.len()
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_held_leave_room_for_others() {
    let echo = Echo::new();
    let net = Net::default();
    let server = serve(&net, &echo);
    let greedy = Raw::stranger(&net, server, 2);
    greedy.show().await;
    assert_eq!(hold(&greedy, 1000).await, 128);
    let other = Raw::stranger(&net, server, 3);
    assert_eq!(other.ask(&request(1, "count", 9999)).await.payload, b"129");
    other.show().await;
    assert_eq!(hold(&other, 1000).await, 128);
}

#[tokio::test(start_paused = true)]
async fn responses_that_nobody_acknowledges_are_not_kept() {
    let echo = Echo::new();
    // The first response is sent for the last time after half an hour.
    let patient = Parameters { ack_timeout: Duration::from_secs(60), ..parameters() };
    let net = Net::default();
    let (endpoint, serve) = Endpoint::serve_over(net.socket(), patient, random(), echo.clone());
    tokio::spawn(serve);
    let greedy = Raw::stranger(&net, endpoint.address().unwrap(), 2);
    greedy.show().await;
    let (mut confirmable, mut once) = (0, 0);
    for id in 0..8 {
        greedy.send(&request(1, "slow", id));
    }
    sleep(Duration::from_secs(10)).await;
    while let Some((datagram, _)) = greedy.socket.received() {
        match Packet::from_bytes(&datagram).unwrap().header.get_type() {
            MessageType::Confirmable => confirmable += 1,
            MessageType::NonConfirmable => once += 1,
            kind => assert_eq!(kind, MessageType::Acknowledgement),
        }
    }
    // One waits to be acknowledged, three stand behind it.
    assert_eq!((confirmable, once), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn uploads_and_observations_leave_room_for_others() {
    let echo = Echo::new();
    let net = Net::default();
    let server = serve(&net, &echo);
    let greedy = Raw::stranger(&net, server, 2);
    greedy.show().await;
    let upload = |tag: u16| {
        let mut packet = request(2, "echo", tag);
        packet.add_option(CoapOption::Block1, block(0, true, 0));
        packet.add_option(CoapOption::Unknown(292), tag.to_be_bytes().to_vec());
        packet.payload = vec![7; 16];
        packet
    };
    let mut taken = 0;
    while code(&greedy.ask(&upload(taken + 1)).await) == Code::CONTINUE.0 {
        taken += 1;
    }
    assert_eq!(taken, 256);
    let other = Raw::stranger(&net, server, 3);
    assert_eq!(code(&other.ask(&upload(1)).await), Code::CONTINUE.0);
    let observe = |number: u16| {
        let mut packet = request(1, "count", 0x4000 + number);
        packet.set_token(number.to_be_bytes().to_vec());
        packet.add_option(CoapOption::Observe, Vec::new());
        packet
    };
    let mut observed = 0;
    while greedy.ask(&observe(observed)).await.get_first_option(CoapOption::Observe).is_some() {
        observed += 1;
    }
    assert_eq!((observed, echo.bell.receiver_count()), (256, 256));
    other.show().await;
    assert!(other.ask(&observe(0)).await.get_first_option(CoapOption::Observe).is_some());
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_is_gone_is_found_out_without_a_change() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let mut register = request(1, "count", 1);
    register.add_option(CoapOption::Observe, Vec::new());
    assert!(peer.ask(&register).await.get_first_option(CoapOption::Observe).is_some());
    let asked = peer.next().await;
    assert_eq!((asked.header.get_type(), asked.payload.as_slice()), (MessageType::Confirmable, &b"2"[..]));
    assert_eq!(echo.bell.receiver_count(), 1);
    // It does not acknowledge.
    sleep(Duration::from_secs(60)).await;
    assert_eq!(echo.bell.receiver_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_transfer_goes_on_after_a_pause() {
    let net = Net::default();
    let server = net.socket();
    let client = client(&net, server.address, 5000);
    let asking = tokio::spawn(async move { client.request(&ask(Method::Put, &["x"], &[7; 1500])).await });
    // 2.31, 4.29 with Max-Age 0, 2.04.
    let option = |block: u8| [0xd1, 14, block];
    for (code, rest) in [(0x5f, option(0x0e).to_vec()), (0x9d, vec![0xd0, 1]), (0x44, option(0x16).to_vec())] {
        let (request, peer) = server.receive().await;
        server.send(&[&[0x68, code], &request[2..12], &rest].concat(), peer);
    }
    assert_eq!(asking.await.unwrap().unwrap().code, Code::CHANGED);
}
