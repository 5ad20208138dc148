//! Blocks that do not belong together (RFC 7959 section 2.3), and bodies that are announced as too large.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use coap_lite::{CoapOption, MessageClass, Packet};
use common::Net;
use common::peers::{Echo, Raw, ask, block, client, code, request};
use dke_coap::{Code, Failure, Method, Reply};
use std::sync::atomic::Ordering;

/// A piggybacked answer to this request.
fn answer(to: &[u8], code: Code, options: &[(CoapOption, Vec<u8>)], payload: &[u8]) -> Vec<u8> {
    let mut packet = Packet::new();
    packet.header.code = MessageClass::from(code.0);
    packet.set_token(to[4..12].to_vec());
    options.iter().for_each(|(option, value)| packet.add_option(*option, value.clone()));
    packet.payload = payload.to_vec();
    let mut bytes = packet.to_bytes_unlimited().unwrap();
    bytes[0] |= 0x20;
    bytes[2..4].copy_from_slice(&to[2..4]);
    bytes
}

/// Code, options and payload of an answer.
type Told<'a> = (Code, &'a [(CoapOption, Vec<u8>)], &'a [u8]);

/// What a client makes of these answers to its requests, one after the other.
async fn told(body: &[u8], answers: &[Told<'_>]) -> Result<Reply, Failure> {
    let net = Net::default();
    let (server, body) = (net.socket(), body.to_vec());
    let client = client(&net, server.address, 5000);
    let asking = tokio::spawn(async move { client.request(&ask(Method::Post, &["x"], &body)).await });
    for (code, options, payload) in answers {
        let (request, peer) = server.receive().await;
        server.send(&answer(&request, *code, options, payload), peer);
    }
    asking.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_sends_on_what_was_confirmed_alone() {
    let body = [7; 1500];
    let (first, second) = ((CoapOption::Block1, block(0, true, 6)), (CoapOption::Block1, block(1, true, 6)));
    let done: Told<'_> = (Code::CHANGED, &[], b"");
    assert_eq!(told(&body, &[(Code::CONTINUE, &[first], b""), done]).await.unwrap().code, Code::CHANGED);
    for wrong in [&[second][..], &[]] {
        let failure = told(&body, &[(Code::CONTINUE, wrong, b"")]).await.unwrap_err();
        assert!(matches!(failure, Failure::Malformed(_)), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_puts_nothing_together_that_does_not_belong_together() {
    let option = |number, more, exponent| (CoapOption::Block2, block(number, more, exponent));
    let tag = |tag: u8| (CoapOption::ETag, vec![tag]);
    let first: Told<'_> = (Code::CONTENT, &[option(0, true, 0), tag(1)], &[1; 16]);
    let last = [option(1, false, 0), tag(1)];
    let whole = told(&[], &[first, (Code::CONTENT, &last, &[2; 16])]).await.unwrap();
    assert_eq!(whole.body, [[1; 16], [2; 16]].concat());
    // Another answer's, another place, another code, a block that is longer than it says, one that is shorter.
    for (code, options, payload) in [
        (Code::CONTENT, [option(1, false, 0), tag(2)], &[2; 16][..]),
        (Code::CONTENT, [option(2, false, 0), tag(1)], &[2; 16]),
        (Code::CHANGED, [option(1, false, 0), tag(1)], &[2; 16]),
        (Code::CONTENT, [option(1, false, 0), tag(1)], &[2; 17]),
        (Code::CONTENT, [option(1, true, 0), tag(1)], &[2; 15]),
    ] {
        let failure = told(&[], &[first, (code, &options, payload)]).await.unwrap_err();
        assert!(matches!(failure, Failure::Malformed(_)), "{options:?}: {failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_announced_as_too_large_is_refused_at_once() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let announced = |size: u16, id| {
        let mut packet = request(2, "echo", id);
        packet.add_option(CoapOption::Block1, block(0, true, 2));
        packet.add_option(CoapOption::Size1, size.to_be_bytes().to_vec());
        packet.payload = vec![7; 64];
        packet
    };
    assert_eq!(code(&peer.ask(&announced(5000, 1)).await), Code::CONTINUE.0);
    let refused = peer.ask(&announced(5001, 2)).await;
    // With what would be taken: 5,000 bytes.
    assert_eq!(
        (code(&refused), refused.get_first_option(CoapOption::Size1)),
        (Code::TOO_LARGE.0, Some(&vec![0x13, 0x88]))
    );
    assert_eq!(echo.calls.load(Ordering::SeqCst), 0);
}
