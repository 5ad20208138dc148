//! A client's requests to a node (PROTOCOL.md section 16), which wait for their responses on its disk.

use super::client::ClientHost;
use crate::monitor::REQUEST;
use coap_lite::Packet;
use dke::Credential;
use dke::crypto::Hash;
use dke_agent::{Unanswered, Waiting};
use dke_app::message;
use dke_app::request::Protection;
use dke_coap::Code;
use dke_state::{AskedState, ClientDir, Error, Hex, HexN, Locked, MemoryDisk, Party};
use rand::Rng as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// POST, whose payload tells requests apart.
const POST: u8 = 2;

/// A request on a client's disk.
struct OnDisk {
    disk: MemoryDisk,
    node: Hash,
    id: [u8; 8],
}

impl ClientHost {
    /// Makes a request to a node, and waits for the response for at most this time. Returns what tells the request from all others; `None` if
    /// there are no keys yet.
    pub async fn ask(&self, node_credential: &[u8], patience: Duration) -> Option<String> {
        let content = format!("{REQUEST} {} {}", self.name, self.number());
        let node = Credential::parse(node_credential).expect("it was made by the simulation");
        let on_disk = self.begin(*node.hash(), &content)?;
        self.around.monitor.called(&self.name, node.subject(), &content);
        self.send(node.subject(), on_disk, &content, patience).await;
        Some(content)
    }

    /// Asks again for all responses of a node.
    pub async fn ask_again(&self, node_credential: &[u8], patience: Duration) {
        let node = Credential::parse(node_credential).expect("it was made by the simulation");
        for (on_disk, content) in self.awaited(node.hash()) {
            self.send(node.subject(), on_disk, &content, patience).await;
        }
    }

    /// Protects and stores a request.
    fn begin(&self, node: Hash, content: &str) -> Option<OnDisk> {
        let mut random = self.around.seed.stream(content);
        let dir = ClientDir::open(Locked::on(Arc::new(self.disk.clone())).ok()?).ok()?;
        dir.has_room_for_request(|one| *one == node).ok()?;
        let mut party = Party::Client(dir);
        let mut held = party.held().ok()?.into_iter().find(|one| one.peer_hash == Some(node))?;
        let mut request = message::with_code(POST);
        request.payload = content.as_bytes().to_vec();
        let protection = Protection::ALL[random.gen_range(0..Protection::ALL.len())];
        let (asked, _) = held.exchange.ask(protection, &request).ok()?;
        let message = Hex(message::encode(&request).ok()?.to_vec());
        let id = random.r#gen();
        held.awaiting.push(AskedState { id: HexN(id), asked, message });
        party.save().ok()?;
        Some(OnDisk { disk: self.disk.clone(), node, id })
    }

    fn awaited(&self, node: &Hash) -> Vec<(OnDisk, String)> {
        let dir = Locked::on(Arc::new(self.disk.clone())).and_then(ClientDir::open);
        let Ok(mut party) = dir.map(Party::Client) else { return Vec::new() };
        let held = party.held().unwrap_or_default();
        let awaited = held.iter().filter(|one| one.peer_hash == Some(*node)).flat_map(|one| one.awaiting.iter());
        let content =
            |one: &AskedState| one.packet().map(|packet| String::from_utf8_lossy(&packet.payload).into_owned());
        let on_disk = |one: &AskedState| OnDisk { disk: self.disk.clone(), node: *node, id: one.id.0 };
        awaited.map(|one| (on_disk(one), content(one).unwrap_or_default())).collect()
    }

    async fn send(&self, node: &str, mut request: OnDisk, content: &str, patience: Duration) {
        let link = self.around.connect(self.address, &format!("{} {content} {}", self.name, self.number()));
        let hash = request.node;
        let answered = link.answer_of(&hash, &mut request, Instant::now() + patience).await;
        let ended = match answered {
            Ok(response) if Code(message::code(&response)).is_success() => {
                let answer = String::from_utf8_lossy(&response.payload).into_owned();
                self.around.monitor.answered(node, content, &answer);
                "answered".to_string()
            }
            Ok(response) => format!("the node says {:?}", Code(message::code(&response))),
            Err(unanswered) => {
                if let Unanswered::Unprotected(..) = unanswered {
                    // The node has no such keys any more, or the gateway lies: its user gives it up.
                    let _ = request.forget();
                }
                unanswered.to_string()
            }
        };
        self.around.log.tell(&self.name, format!("{node} {content:?}: {ended}"));
    }
}

impl OnDisk {
    fn open(&self) -> Result<ClientDir, Error> {
        Locked::on(Arc::new(self.disk.clone())).and_then(ClientDir::open)
    }

    /// It waits no more.
    fn forget(&self) -> Result<(), Error> {
        let mut dir = self.open()?;
        dir.protected().for_each(|protected| protected.awaiting.retain(|one| one.id.0 != self.id));
        dir.save()
    }
}

fn stored(error: Error) -> dke_app::Error<Error> {
    dke_app::Error::Storage(error)
}

impl Waiting for OnDisk {
    type Error = Error;

    fn outer(&self) -> Result<Packet, dke_app::Error<Error>> {
        let mut dir = self.open().map_err(stored)?;
        let (state, held) = dir.asked(&self.id).map_err(stored)?.ok_or(stored(Error::NoExchange))?;
        let request = state.packet().ok_or(stored(Error::NoExchange))?;
        Ok(held.exchange.ask_again(&state.asked, &request)?)
    }

    fn open(&mut self, outer: &Packet) -> Result<Packet, dke_app::Error<Error>> {
        let mut dir = OnDisk::open(self).map_err(stored)?;
        let (state, mut held) = dir.asked(&self.id).map_err(stored)?.ok_or(stored(Error::NoExchange))?;
        let request = state.packet().ok_or(stored(Error::NoExchange))?;
        let response = held.exchange.open_response(&state.asked, &request, outer).map_err(|error| match error {
            dke_app::Error::Peer(reject) => dke_app::Error::Peer(reject),
            dke_app::Error::Caller(misuse) => dke_app::Error::Caller(misuse),
            dke_app::Error::Storage(never) => match never {},
        })?;
        dir.protected().for_each(|protected| protected.awaiting.retain(|one| one.id.0 != self.id));
        dir.save().map_err(stored)?;
        Ok(response)
    }
}
