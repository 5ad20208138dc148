//! A service, and peers that say exactly what a test wants.

use super::{Net, Socket};
use coap_lite::{CoapOption, MessageClass, Packet};
use dke_coap::client::Ask;
use dke_coap::{Client, Code, Endpoint, Method, Parameters, Request, Response, Service};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// RFC 9175.
pub const ECHO: CoapOption = CoapOption::Unknown(252);

/// Answers with what it was sent; counts how often it was called.
#[derive(Clone)]
pub struct Echo {
    pub calls: Arc<AtomicU32>,
    pub bell: watch::Sender<()>,
    /// Only requests with an Echo value are admitted.
    pub only_proven: Arc<AtomicBool>,
}

impl Echo {
    pub fn new() -> Echo {
        Echo { calls: Arc::default(), bell: watch::channel(()).0, only_proven: Arc::default() }
    }
}

impl Service for Echo {
    async fn call(&self, request: &Request) -> Response {
        let calls = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let body = match request.path.first().map(String::as_str) {
            Some("slow") => {
                sleep(Duration::from_millis(300)).await;
                b"slow".to_vec()
            }
            Some("never") => std::future::pending().await,
            Some("count") => calls.to_string().into_bytes(),
            Some("large") => (0..3000_u32).map(|n| n.to_be_bytes()[3]).collect(),
            Some("gone") => return Response::new(Code::NOT_FOUND),
            _ => request.body.clone(),
        };
        Response { body, format: Some(42), ..Response::new(Code::CONTENT) }
    }

    fn watch(&self, request: &Request) -> Option<watch::Receiver<()>> {
        (request.path.first().map(String::as_str) != Some("large")).then(|| self.bell.subscribe())
    }

    fn admit(&self, _by: IpAddr, proven: bool) -> Result<(), u32> {
        if proven || !self.only_proven.load(Ordering::SeqCst) { Ok(()) } else { Err(7) }
    }

    fn waits(&self, request: &Request) -> bool {
        request.path.first().map(String::as_str) == Some("never")
    }

    fn body_max(&self) -> usize {
        5000
    }
}

pub fn parameters() -> Parameters {
    Parameters {
        ack_timeout: Duration::from_millis(200),
        piggyback: Duration::from_millis(100),
        ..Parameters::default()
    }
}

/// Message ids, tokens and the times of repetitions are the same in each run.
pub fn random() -> StdRng {
    StdRng::seed_from_u64(7)
}

/// A server, and where it is.
pub fn serve(net: &Net, echo: &Echo) -> SocketAddr {
    let (endpoint, serve) = Endpoint::serve_over(net.socket(), parameters(), random(), echo.clone());
    tokio::spawn(serve);
    endpoint.address().unwrap()
}

/// A peer that says exactly what the test wants.
pub struct Raw {
    pub socket: Socket,
    pub server: SocketAddr,
}

impl Raw {
    /// Towards a server of its own, to which it has shown that it receives.
    pub async fn of(echo: &Echo) -> Raw {
        let net = Net::default();
        let raw = Raw::stranger(&net, serve(&net, echo), 1);
        raw.show().await;
        raw
    }

    /// From 127.0.0.`host`, of which the server knows nothing.
    pub fn stranger(net: &Net, server: SocketAddr, host: u8) -> Raw {
        Raw { server, socket: net.socket_of(host) }
    }

    /// Asks for an Echo value, and gives it back. The service is not called.
    pub async fn show(&self) {
        let mut large = request(1, "x", 0xfff0);
        large.add_option(CoapOption::Block2, block(0, false, 6));
        let challenged = self.ask(&large).await;
        assert_eq!(code(&challenged), Code::UNAUTHORIZED.0);
        let mut shown = request(7, "x", 0xfff1);
        shown.add_option(ECHO, challenged.get_first_option(ECHO).unwrap().clone());
        assert_eq!(code(&self.ask(&shown).await), Code::METHOD_NOT_ALLOWED.0);
    }

    pub fn send_bytes(&self, datagram: &[u8]) {
        self.socket.send(datagram, self.server);
    }

    pub fn send(&self, packet: &Packet) {
        self.send_bytes(&packet.to_bytes_unlimited().unwrap());
    }

    /// An empty message: 2 acknowledges, 3 rejects.
    pub fn send_empty(&self, kind: u8, id: u16) {
        let [high, low] = id.to_be_bytes();
        self.send_bytes(&[0x40 | (kind << 4), 0, high, low]);
    }

    /// What comes next within an hour.
    pub async fn bytes(&self) -> Option<Vec<u8>> {
        timeout(Duration::from_secs(3600), self.socket.receive()).await.ok().map(|(datagram, _)| datagram)
    }

    pub async fn next(&self) -> Packet {
        Packet::from_bytes(&self.bytes().await.expect("an answer")).unwrap()
    }

    pub async fn ask(&self, packet: &Packet) -> Packet {
        self.send(packet);
        self.next().await
    }
}

pub fn request(method: u8, path: &str, id: u16) -> Packet {
    let mut packet = Packet::new();
    packet.header.code = MessageClass::from(method);
    packet.header.message_id = id;
    packet.set_token(vec![7, 7]);
    packet.add_option(CoapOption::UriPath, path.as_bytes().to_vec());
    packet
}

pub fn code(packet: &Packet) -> u8 {
    packet.header.code.into()
}

/// A block option's value.
pub fn block(number: u32, more: bool, exponent: u32) -> Vec<u8> {
    let value = (number << 4) | (u32::from(more) << 3) | exponent;
    value.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

pub fn client(net: &Net, server: SocketAddr, body_max: usize) -> Client {
    Client::new(Endpoint::client_over(net.socket(), parameters(), random()), server, body_max)
}

/// A client of a server.
pub fn client_of(echo: &Echo, body_max: usize) -> Client {
    let net = Net::default();
    client(&net, serve(&net, echo), body_max)
}

pub fn ask<'a>(method: Method, path: &'a [&'a str], body: &'a [u8]) -> Ask<'a> {
    Ask { method, path, query: &[], format: None, body }
}
