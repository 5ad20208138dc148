//! A gateway with both faces on loopback.

use super::Place;
use dke_coap::client::Ask;
use dke_coap::{Client, Endpoint, Method, Parameters, Reply};
use dke_gateway::{Embedded, Gateway, Options, Policy, coap, http};
use rand::rngs::OsRng;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub fn real_clock() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

pub struct Faces {
    pub gateway: Arc<Gateway<Embedded>>,
    pub coap: Client,
    pub coap_at: SocketAddr,
    pub http: SocketAddr,
    _place: Place,
}

impl Faces {
    pub async fn new(policy: Policy) -> Faces {
        let place = Place::new();
        let store = Embedded::open(&place.path(), Options::default()).unwrap();
        let gateway = Arc::new(Gateway::new(store, policy, Arc::new(real_clock), &mut OsRng));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        // Short enough for a test to see separate responses.
        let parameters = Parameters { piggyback: Duration::from_millis(200), ..Parameters::default() };
        let (coap_at, serve) = coap(gateway.clone(), any, parameters).await.unwrap();
        tokio::spawn(serve);
        let (http, serve) = http(gateway.clone(), any).await.unwrap();
        tokio::spawn(serve);
        let endpoint = Endpoint::client(any, Parameters::default()).await.unwrap();
        Faces { gateway, coap: Client::new(endpoint, coap_at, 100_000), coap_at, http, _place: place }
    }

    pub async fn coap(&self, method: Method, path: &str, query: &[&str], body: &[u8]) -> Reply {
        let path: Vec<&str> = path.split('/').collect();
        self.coap.request(&Ask { method, path: &path, query, format: None, body }).await.unwrap()
    }

    /// Status line and headers, and the body.
    pub async fn http(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.http).await.unwrap();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        let at = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        (String::from_utf8(all[..at].to_vec()).unwrap().to_lowercase(), all[at + 4..].to_vec())
    }

    /// Just the status.
    pub async fn status(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> u16 {
        let (head, _) = self.http(method, target, headers, body).await;
        head.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
