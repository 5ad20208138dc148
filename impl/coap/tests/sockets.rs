//! A client on real sockets.
#![allow(clippy::unwrap_used)]

mod common;

use common::peers::{Echo, ask, parameters};
use dke_coap::{Client, Endpoint, Failure, Method, Parameters};
use std::time::Duration;
use tokio::net::UdpSocket;

#[tokio::test]
async fn nobody_listens_and_it_is_told_at_once() {
    let _limit = common::Net::default();
    let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let slow = Parameters { ack_timeout: Duration::from_secs(3600), ..Parameters::default() };
    let client = Client::new(Endpoint::client_of(gone, slow).await.unwrap(), gone, 100);
    for _ in 0..2 {
        let failure = client.request(&ask(Method::Get, &["x"], &[])).await.unwrap_err();
        assert!(matches!(failure, Failure::Network(_)), "{failure}");
        assert_eq!(failure.to_string(), "Nobody listens there.");
    }
    assert!(matches!(client.ping().await, Err(Failure::Network(_))));
    let echo = Echo::new();
    let (endpoint, serve) = Endpoint::serve("127.0.0.1:0", parameters(), echo.clone()).await.unwrap();
    tokio::spawn(serve);
    let server = endpoint.address().unwrap();
    let client = Client::new(Endpoint::client_of(server, parameters()).await.unwrap(), server, 100);
    client.ping().await.unwrap();
    assert_eq!(client.request(&ask(Method::Get, &["count"], &[])).await.unwrap().body, b"1");
}
