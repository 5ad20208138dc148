//! What each resource answers to an address that has not shown that it receives, measured, and the same figures in PROTOCOL.md section
//! 18.4. `DKE_WRITE=1 cargo test -p dke-gateway --test amplification` writes them there.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use coap_lite::{CoapOption, MessageClass, Packet};
use common::faces::{Faces, hex};
use common::{Identity, Lamp};
use dke_coap::{Code, Method};
use dke_gateway::Policy;
use dke_gateway::resource::node_name;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

const BEGIN: &str = "<!-- amplification: begin -->\n";
const END: &str = "<!-- amplification: end -->";
const ECHO: CoapOption = CoapOption::Unknown(252);
/// Far longer than an answer takes.
const LONG: Duration = Duration::from_secs(60);

/// A message to be measured.
struct Asked {
    name: &'static str,
    packet: Packet,
}

fn ask(name: &'static str, method: Method, path: &str, query: &str, body: &[u8]) -> Asked {
    let mut packet = Packet::new();
    packet.header.code = MessageClass::from(method.code().0);
    packet.set_token(vec![7; 4]);
    path.split('/').for_each(|part| packet.add_option(CoapOption::UriPath, part.into()));
    if !query.is_empty() {
        packet.add_option(CoapOption::UriQuery, query.into());
    }
    packet.payload = body.to_vec();
    Asked { name, packet }
}

impl Asked {
    fn with(mut self, option: CoapOption, value: &[u8]) -> Asked {
        self.packet.add_option(option, value.to_vec());
        self
    }
}

/// A peer with an address of its own.
struct Stranger(UdpSocket);

impl Stranger {
    async fn new(number: u8, gateway: SocketAddr) -> Stranger {
        let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 9, number], 0))).await.unwrap();
        socket.connect(gateway).await.unwrap();
        Stranger(socket)
    }

    async fn receive(&self) -> Vec<u8> {
        let mut buffer = vec![0; 2048];
        let length = timeout(LONG, self.0.recv(&mut buffer)).await.expect("an answer").unwrap();
        buffer.truncate(length);
        buffer
    }

    /// Bytes of a message and of its only answer.
    async fn ask(&self, packet: &Packet, id: u16) -> (usize, Vec<u8>) {
        let mut packet = packet.clone();
        packet.header.message_id = id;
        let datagram = packet.to_bytes_unlimited().unwrap();
        self.0.send(&datagram).await.unwrap();
        let answer = self.receive().await;
        // A ping's answer comes behind whatever else there is.
        self.0.send(&[0x40, 0, 0xff, 0xff]).await.unwrap();
        assert_eq!(self.receive().await, [0x70, 0, 0xff, 0xff]);
        assert_eq!(&answer[2..4], &id.to_be_bytes());
        (datagram.len(), answer)
    }
}

fn code(answer: &[u8]) -> String {
    Code(answer[1]).to_string()
}

/// One row: to a stranger once and again, and to who gave the Echo value back.
async fn measure(asked: &Asked, number: u8, gateway: SocketAddr) -> String {
    let stranger = Stranger::new(number, gateway).await;
    let (sent, first) = stranger.ask(&asked.packet, 1).await;
    let (_, again) = stranger.ask(&asked.packet, 1).await;
    assert_eq!(first, again, "{}: a repeated message", asked.name);
    assert!(first.len() <= 3 * sent, "{}: {} for {sent}", asked.name, first.len());
    let shown = match Packet::from_bytes(&first).unwrap().get_first_option(ECHO) {
        None => "–".to_string(),
        Some(echo) => {
            let mut proven = asked.packet.clone();
            proven.add_option(ECHO, echo.clone());
            let (_, answer) = stranger.ask(&proven, 2).await;
            format!("{}, {} bytes", code(&answer), answer.len())
        }
    };
    let tenths = (10 * first.len()).div_ceil(sent);
    let factor = format!("{}.{}", tenths / 10, tenths % 10);
    format!("| {} | {sent} | {}, {} bytes | {factor} | {shown} |", asked.name, code(&first), first.len())
}

#[tokio::test]
async fn nobody_is_sent_more_than_three_times_what_came_in_his_name() {
    let faces = Faces::new(Policy { open: true, hold: 0, ..Policy::default() }).await;
    let (mut lamp, anna) = (Lamp::new("lamp-7"), Identity::new("anna"));
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    faces.gateway.publish(&lamp.id(), &lamp.publish(5)).await.unwrap();
    let (name, token) = (node_name(&lamp.id()), format!("token={}", hex(&lamp.token())));
    let at = |what: &str| format!("dke/{name}/{what}");
    let offer = faces.coap(Method::Post, &at("offer"), &[], &[]).await.body;
    let initiate = common::initiate(&anna, &lamp.identity, &offer);
    assert_eq!(faces.coap(Method::Post, &at("initiate"), &[], &initiate).await.code, Code::CREATED);
    let confirm = lamp.answer(&anna, &initiate);
    assert_eq!(faces.coap(Method::Post, &at("confirm"), &[&token], &confirm).await.code, Code::CREATED);
    assert_eq!(faces.coap(Method::Put, &at("sealed/x"), &[&token], &[7; 4096]).await.code, Code::CREATED);
    let publication = lamp.publish(5);
    let ask_node = || ask("POST `/nodes/{node}`", Method::Post, &format!("nodes/{name}"), "", &[7; 40]);

    let asked = [
        ask("GET `/.well-known/core`", Method::Get, ".well-known/core", "", &[]),
        ask("GET `/dke`", Method::Get, "dke", "", &[]),
        ask("GET `/dke`, Block2 1/–/64", Method::Get, "dke", "", &[]).with(CoapOption::Block2, &[0x12]),
        ask("GET `/dke/{node}`", Method::Get, &format!("dke/{name}"), "", &[]),
        ask("GET `left`", Method::Get, &at("left"), "", &[]),
        ask("PUT `credential`", Method::Put, &at("credential"), "", &lamp.identity.credential),
        ask("PUT `publication`, Block1 0/1/1024", Method::Put, &at("publication"), "", &publication[..1024])
            .with(CoapOption::Block1, &[0x0e]),
        ask("PUT `publication`, Block1 0/1/16", Method::Put, &at("publication"), "", &publication[..16])
            .with(CoapOption::Block1, &[0x08]),
        ask("PUT `admission`", Method::Put, &at("admission"), &token, &[7; 36]),
        ask("POST `offer`", Method::Post, &at("offer"), "", &[]),
        ask("POST `offer`, Block2 0/–/64", Method::Post, &at("offer"), "", &[]).with(CoapOption::Block2, &[0x02]),
        ask("POST `offer`, Block2 0/–/1024", Method::Post, &at("offer"), "", &[]).with(CoapOption::Block2, &[0x06]),
        ask("POST `initiate`", Method::Post, &at("initiate"), "", &initiate),
        ask("GET `mailbox`", Method::Get, &at("mailbox"), &token, &[]),
        ask("GET `mailbox`, Observe", Method::Get, &at("mailbox"), &token, &[]).with(CoapOption::Observe, &[]),
        ask("DELETE `mailbox/1/1`", Method::Delete, &at("mailbox/1/1"), &token, &[]),
        ask("GET `confirm/1/0`", Method::Get, &at("confirm/1/0"), "", &[]),
        ask("GET `confirm/1/0`, Observe", Method::Get, &at("confirm/1/0"), "", &[]).with(CoapOption::Observe, &[]),
        ask("POST `confirm`", Method::Post, &at("confirm"), &token, &confirm),
        ask("GET `sealed/x`", Method::Get, &at("sealed/x"), "", &[]),
        ask("PUT `sealed/y`", Method::Put, &at("sealed/y"), &token, &[7; 64]),
        ask("DELETE `sealed/y`", Method::Delete, &at("sealed/y"), &token, &[]),
        ask("GET `requests`", Method::Get, &at("requests"), &token, &[]),
        ask_node().with(CoapOption::ContentFormat, &[16]),
        ask("PUT `requests/0`", Method::Put, &at("requests/0"), &token, &[0x44, 0xff, 7]),
        ask("GET `response/0`", Method::Get, &at("response/0"), "", &[]),
        ask("GET of nothing", Method::Get, "x", "", &[]),
    ];
    let mut table =
        "| to a stranger | bytes | answer, and again | times | with the Echo value |\n|---|---|---|---|---|\n"
            .to_string();
    for (number, asked) in (1..).zip(&asked) {
        writeln!(table, "{}", measure(asked, number, faces.coap_at).await).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/PROTOCOL.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the place for the table");
    let (written, after) = rest.split_once(END).expect("the end of the table");
    if std::env::var_os("DKE_WRITE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(written, table);
    }
}
