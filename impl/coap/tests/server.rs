//! A server on a network in memory, spoken to in bare datagrams: what other libraries were found to get wrong.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use coap_lite::{CoapOption, MessageType};
use common::Net;
use common::peers::{Echo, Raw, ask, block, client, client_of, code, request};
use dke_coap::{Code, Failure, Method};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_repeated_message_is_carried_out_once() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let first = peer.ask(&request(2, "count", 1)).await;
    assert_eq!(
        (first.header.get_type(), first.header.message_id, first.get_token()),
        (MessageType::Acknowledgement, 1, &[7, 7][..])
    );
    for _ in 0..3 {
        let again = peer.ask(&request(2, "count", 1)).await;
        assert_eq!(again.to_bytes().unwrap(), first.to_bytes().unwrap());
    }
    assert_eq!(echo.calls.load(Ordering::SeqCst), 1);
    assert_eq!(peer.ask(&request(2, "count", 2)).await.payload, b"2");
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_comes_on_its_own_and_is_repeated_until_acknowledged() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let acknowledged = peer.ask(&request(1, "slow", 1)).await;
    assert_eq!((acknowledged.header.get_type(), code(&acknowledged)), (MessageType::Acknowledgement, 0));
    let answer = peer.next().await;
    assert_eq!((answer.header.get_type(), answer.payload.as_slice()), (MessageType::Confirmable, &b"slow"[..]));
    assert_eq!(answer.get_token(), &[7, 7]);
    // Not acknowledged: it comes again. Then it is, and stays away.
    assert_eq!(peer.next().await.header.message_id, answer.header.message_id);
    peer.send_empty(2, answer.header.message_id);
    peer.send_empty(0, 99);
    assert_eq!(peer.bytes().await.unwrap(), [0x70, 0, 0, 99]);
    assert_eq!(peer.bytes().await, None);
    assert_eq!(echo.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_is_reset_or_ignored() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    for bad in [&[0x40, 1, 0, 9, 0xff][..], &[0x40, 0, 0, 9, 1], &[0x49, 1, 0, 9], &[0x40, 0xc1, 0, 9]] {
        peer.send_bytes(bad);
        assert_eq!(peer.bytes().await.unwrap(), [0x70, 0, 0, 9]);
    }
    for ignored in [&[0x00, 1, 0, 9][..], &[0x80, 1, 0, 9], &[0x40, 1], &[0x50, 1, 0, 9, 0xff]] {
        peer.send_bytes(ignored);
    }
    // A response that nobody asked for.
    peer.send_bytes(&[0x40, 0x45, 0, 10]);
    assert_eq!(peer.bytes().await.unwrap(), [0x70, 0, 0, 10]);
    assert_eq!(echo.calls.load(Ordering::SeqCst), 0);
    // Options that must be understood, and a method that is not.
    let mut odd = request(1, "x", 11);
    odd.add_option(CoapOption::Unknown(65001), vec![1]);
    assert_eq!(code(&peer.ask(&odd).await), Code::BAD_OPTION.0);
    assert_eq!(code(&peer.ask(&request(6, "x", 12)).await), Code::METHOD_NOT_ALLOWED.0);
}

#[tokio::test(start_paused = true)]
async fn a_missing_block_is_told_and_bodies_are_bounded() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let part = |number, more, id| {
        let mut packet = request(2, "echo", id);
        packet.add_option(CoapOption::Block1, block(number, more, 2));
        packet.payload = vec![u8::try_from(number % 200).unwrap(); 64];
        packet
    };
    let first = peer.ask(&part(0, true, 1)).await;
    assert_eq!(
        (code(&first), first.get_first_option(CoapOption::Block1)),
        (Code::CONTINUE.0, Some(&block(0, true, 2)))
    );
    assert_eq!(code(&peer.ask(&part(2, false, 2)).await), Code::INCOMPLETE.0);
    assert_eq!(code(&peer.ask(&part(1, false, 3)).await), Code::INCOMPLETE.0);
    peer.ask(&part(0, true, 4)).await;
    assert_eq!(peer.ask(&part(1, false, 5)).await.payload, [vec![0; 64], vec![1; 64]].concat());
    // 5,000 bytes are allowed: 78 blocks of 64.
    for number in 0..78 {
        assert_eq!(code(&peer.ask(&part(number, true, 100 + u16::try_from(number).unwrap())).await), Code::CONTINUE.0);
    }
    assert_eq!(code(&peer.ask(&part(78, true, 99)).await), Code::TOO_LARGE.0);
    let mut bad = request(2, "echo", 300);
    bad.add_option(CoapOption::Block1, vec![7]);
    assert_eq!(code(&peer.ask(&bad).await), Code::BAD_REQUEST.0);
    assert_eq!(echo.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_blocks_of_the_client_s_size() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let (mut body, mut tags) = (Vec::new(), Vec::new());
    for number in 0.. {
        let mut packet = request(2, "large", 1 + u16::try_from(number).unwrap());
        packet.add_option(CoapOption::Block2, block(number, false, 5));
        let answer = peer.ask(&packet).await;
        body.extend_from_slice(&answer.payload);
        tags.push(answer.get_first_option(CoapOption::ETag).unwrap().clone());
        let more = answer.get_first_option(CoapOption::Block2).unwrap().last().unwrap() & 8 != 0;
        assert_eq!(more, answer.payload.len() == 512 && body.len() < 3000);
        if !more {
            break;
        }
    }
    assert_eq!(body.len(), 3000);
    tags.dedup();
    assert_eq!(tags.len(), 1);
    assert_eq!(echo.calls.load(Ordering::SeqCst), 1, "the rest of an answer is no new request");
    let mut beyond = request(2, "large", 99);
    beyond.add_option(CoapOption::Block2, block(6, false, 5));
    assert_eq!(code(&peer.ask(&beyond).await), Code::BAD_REQUEST.0);
}

#[tokio::test(start_paused = true)]
async fn observers_are_told_until_they_object() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let mut register = request(1, "count", 1);
    register.add_option(CoapOption::Observe, Vec::new());
    let first = peer.ask(&register).await;
    assert_eq!((first.header.get_type(), first.payload.as_slice()), (MessageType::Acknowledgement, &b"1"[..]));
    assert!(first.get_first_option(CoapOption::Observe).is_some());
    echo.bell.send(()).unwrap();
    let told = peer.next().await;
    assert_eq!((told.header.get_type(), told.payload.as_slice()), (MessageType::Confirmable, &b"2"[..]));
    assert_eq!((told.get_token(), told.get_first_option(CoapOption::Observe)), (&[7, 7][..], Some(&vec![1])));
    // While it is not acknowledged, changes gather: one more notification tells the newest state (RFC 7641 section 4.5.2).
    echo.bell.send(()).unwrap();
    echo.bell.send(()).unwrap();
    assert_eq!(peer.next().await.header.message_id, told.header.message_id);
    peer.send_empty(2, told.header.message_id);
    let newest = peer.next().await;
    assert_eq!(newest.payload, b"3");
    peer.send_empty(3, newest.header.message_id);
    assert_eq!(peer.bytes().await, None);
    assert_eq!(echo.bell.receiver_count(), 0, "a reset ends the observation");
    // What fails, and what cannot be observed, is not observed.
    for path in ["gone", "large"] {
        let mut register = request(1, path, if path == "gone" { 2 } else { 3 });
        register.add_option(CoapOption::Observe, Vec::new());
        assert_eq!(peer.ask(&register).await.get_first_option(CoapOption::Observe), None, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_does_not_answer_is_forgotten() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let mut register = request(1, "count", 1);
    register.add_option(CoapOption::Observe, Vec::new());
    peer.ask(&register).await;
    assert_eq!(echo.bell.receiver_count(), 1);
    echo.bell.send(()).unwrap();
    // Once and four times again.
    let mut sent = 0;
    while peer.bytes().await.is_some() {
        sent += 1;
    }
    assert_eq!((sent, echo.bell.receiver_count()), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn client_and_server_carry_bodies_both_ways() {
    let echo = Echo::new();
    let client = client_of(&echo, 5000);
    for length in [0, 1, 1023, 1024, 1025, 2048, 4096, 5000] {
        let body: Vec<u8> = (0..length).map(|n: u32| n.to_be_bytes()[2] ^ n.to_be_bytes()[3]).collect();
        let reply = client.request(&ask(Method::Post, &["echo"], &body)).await.unwrap();
        assert_eq!((reply.code, reply.format, reply.body.len()), (Code::CONTENT, Some(42), body.len()));
        assert_eq!(reply.body, body);
    }
    assert_eq!(client.request(&ask(Method::Post, &["echo"], &[0; 5001])).await.unwrap().code, Code::TOO_LARGE);
    assert_eq!(client.request(&ask(Method::Get, &["slow"], &[])).await.unwrap().body, b"slow");
}

#[tokio::test(start_paused = true)]
async fn a_client_takes_no_more_than_it_wants() {
    let echo = Echo::new();
    let client = client_of(&echo, 2000);
    let failure = client.request(&ask(Method::Get, &["large"], &[])).await.unwrap_err();
    assert!(matches!(failure, Failure::TooLarge), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_client_observes() {
    let echo = Echo::new();
    let client = client_of(&echo, 5000);
    let (first, observation) = client.observe(&ask(Method::Get, &["count"], &[])).await.unwrap();
    assert_eq!(first.body, b"1");
    let mut observation = observation.unwrap();
    for n in 2..5_u32 {
        echo.bell.send(()).unwrap();
        let told = observation.next().await.unwrap().unwrap();
        assert_eq!(told.body, n.to_string().as_bytes());
    }
    assert_eq!(echo.bell.receiver_count(), 1);
    // Dropped: the next notification is reset, and the server forgets it.
    drop(observation);
    echo.bell.send(()).unwrap();
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(echo.bell.receiver_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_repeats_what_was_lost_and_gives_up_in_the_end() {
    let net = Net::default();
    let server = net.socket();
    let client = client(&net, server.address, 100);
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.request(&ask(Method::Get, &["x"], &[])).await }
    });
    let (first, peer) = server.receive().await;
    assert_eq!(server.receive().await, (first.clone(), peer));
    // Its own message id and token, a piggybacked 2.05.
    let answer = [&[0x68, 0x45], &first[2..12], &[0xff, b'!'][..]].concat();
    server.send(&answer, peer);
    assert_eq!(asking.await.unwrap().unwrap().body, b"!");
    let failure = client.request(&ask(Method::Get, &["x"], &[])).await.unwrap_err();
    assert!(matches!(failure, Failure::NoAnswer), "{failure}");
    let repeated: Vec<Vec<u8>> = std::iter::from_fn(|| server.received()).map(|(datagram, _)| datagram).collect();
    assert_eq!(repeated.len(), 5);
    assert_ne!(repeated[0][4..12], first[4..12], "each request has a token of its own");
}

#[tokio::test(start_paused = true)]
async fn an_empty_body_has_one_block() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    for (number, expected) in [(0, Code::CONTENT), (1, Code::BAD_REQUEST)] {
        let mut packet = request(1, "echo", 1 + u16::try_from(number).unwrap());
        packet.add_option(CoapOption::Block2, block(number, false, 2));
        let answer = peer.ask(&packet).await;
        assert_eq!((code(&answer), answer.payload.len()), (expected.0, 0), "block {number}");
    }
}

/// Two bodies for one resource at a time are two, if their Request-Tags say so (RFC 9175 section 3.3).
#[tokio::test(start_paused = true)]
async fn bodies_with_other_tags_do_not_mix() {
    const REQUEST_TAG: u16 = 292;
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let part = |tag: u8, number, more, id| {
        let mut packet = request(2, "echo", id);
        packet.add_option(CoapOption::Unknown(REQUEST_TAG), vec![tag]);
        packet.add_option(CoapOption::Block1, block(number, more, 2));
        packet.payload = vec![tag; 64];
        packet
    };
    for tag in [1, 2] {
        assert_eq!(code(&peer.ask(&part(tag, 0, true, tag.into())).await), Code::CONTINUE.0);
    }
    for tag in [1, 2] {
        assert_eq!(peer.ask(&part(tag, 1, false, u16::from(tag) + 2)).await.payload, vec![tag; 128]);
    }
}
