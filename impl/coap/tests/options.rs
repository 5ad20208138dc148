//! RFC 7252 section 5.4 in datagrams: each option of the registry too short, too long, and once too often.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use coap_lite::{CoapOption, MessageType, Packet};
use common::Net;
use common::peers::{Echo, Raw, client, code, request};
use dke_coap::client::Ask;
use dke_coap::options::{Acts, Definition, REGISTRY, is_critical};
use dke_coap::{Code, Failure, Method};
use std::sync::atomic::Ordering;

/// Values that RFC 7252 has treated as unrecognized.
fn wrong(row: &Definition) -> Vec<Vec<Vec<u8>>> {
    let value = |length| vec![b'1'; length];
    let lengths = [row.min.checked_sub(1), Some(row.max + 1)].into_iter().flatten();
    let mut all: Vec<Vec<Vec<u8>>> = lengths.map(|length| vec![value(length)]).collect();
    if !row.repeatable {
        all.push(vec![value(row.min); 2]);
    }
    all
}

fn with(row: &Definition, values: &[Vec<u8>], id: u16) -> Packet {
    let mut packet = request(1, "count", id);
    values.iter().for_each(|value| packet.add_option(CoapOption::from(row.number), value.clone()));
    packet
}

#[tokio::test(start_paused = true)]
async fn each_option_of_the_registry() {
    let echo = Echo::new();
    let peer = Raw::of(&echo).await;
    let mut id = 0;
    for row in &REGISTRY {
        for values in wrong(row) {
            id += 2;
            let before = echo.calls.load(Ordering::SeqCst);
            let answer = peer.ask(&with(row, &values, id)).await;
            let expected = if is_critical(row.number) { Code::BAD_OPTION } else { Code::CONTENT };
            assert_eq!(code(&answer), expected.0, "{row:?} {}", values.len());
            if is_critical(row.number) {
                // In a non-confirmable message: rejected, silently. The ping behind it is answered.
                let mut non = with(row, &values, id + 1);
                non.header.set_type(MessageType::NonConfirmable);
                peer.send(&non);
                peer.send_empty(0, 0xfffe);
                assert_eq!(peer.bytes().await.unwrap(), [0x70, 0, 0xff, 0xfe], "{row:?} {}", values.len());
                assert_eq!(echo.calls.load(Ordering::SeqCst), before, "{row:?} {}", values.len());
            }
        }
    }
    assert!(id > 60, "{id}");
}

/// A client's answer to a request, and what it sent besides, when the server sends this.
async fn answered(answer: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> (Result<dke_coap::Reply, Failure>, Vec<Vec<u8>>) {
    let net = Net::default();
    let server = net.socket();
    let client = client(&net, server.address, 100);
    let asking = tokio::spawn(async move {
        client.request(&Ask { method: Method::Get, path: &["x"], query: &[], format: None, body: &[] }).await
    });
    let (request, peer) = server.receive().await;
    answer(&request).iter().for_each(|datagram| server.send(datagram, peer));
    let reply = asking.await.unwrap();
    let others = std::iter::from_fn(|| server.received()).map(|(datagram, _)| datagram);
    (reply, others.filter(|datagram| *datagram != request).collect())
}

/// 2.05 with this token and these options.
fn content(kind: u8, id: [u8; 2], token: &[u8], options: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut packet = Packet::new();
    packet.header.code = coap_lite::MessageClass::from(Code::CONTENT.0);
    packet.set_token(token.to_vec());
    options.iter().for_each(|(number, value)| packet.add_option(CoapOption::from(*number), value.clone()));
    packet.payload = b"!".to_vec();
    let mut bytes = packet.to_bytes_unlimited().unwrap();
    bytes[0] = (bytes[0] & 0xcf) | (kind << 4);
    bytes[2..4].copy_from_slice(&id);
    bytes
}

#[tokio::test(start_paused = true)]
async fn a_response_with_a_critical_option_that_is_wrong_is_rejected() {
    let acts: Vec<&Definition> =
        REGISTRY.iter().filter(|row| is_critical(row.number) && row.acts != Acts::Requests).collect();
    assert!(acts.iter().any(|row| row.name == "Block2"));
    for row in acts {
        let values: Vec<(u16, Vec<u8>)> = wrong(row).remove(0).into_iter().map(|value| (row.number, value)).collect();
        // Piggybacked it is ignored, on its own it is reset; the right one behind it counts.
        let (reply, others) = answered(|request| {
            let (id, token) = ([request[2], request[3]], &request[4..12]);
            vec![content(2, id, token, &values), content(0, [7, 7], token, &values), content(2, id, token, &[])]
        })
        .await;
        assert_eq!(reply.unwrap().body, b"!", "{row:?}");
        assert_eq!(others, [[0x70, 0, 7, 7]], "{row:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_elective_option_that_is_wrong_is_ignored_in_a_response() {
    let (reply, _) = answered(|request| {
        vec![content(2, [request[2], request[3]], &request[4..12], &[(12, vec![1; 3]), (14, vec![1]), (14, vec![2])])]
    })
    .await;
    let reply = reply.unwrap();
    assert_eq!((reply.format, reply.max_age), (None, Some(1)));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_oscore_protects_is_no_plain_one() {
    let (reply, _) =
        answered(|request| vec![content(2, [request[2], request[3]], &request[4..12], &[(9, vec![])])]).await;
    assert!(matches!(reply, Err(Failure::Malformed(_))), "{reply:?}");
}
