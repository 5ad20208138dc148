//! PROTOCOL.md section 16: a request is carried out once, wherever the node is cut off.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use coap_lite::Packet;
use common::{Identity, Lamp, Liar, START, Steps, limited, stock};
use dke::crypto::Crypto as _;
use dke::key_schedule::SessionSecret;
use dke_agent::{Call, Handler, Kept, Opened, Wake};
use dke_app::exchange::{Counters, Exchange};
use dke_app::request::Protection;
use dke_app::{Role, message};
use std::sync::{Arc, Mutex};

const GET: u8 = 1;
const CONTENT: u8 = 0x45;
const INTERNAL: u8 = 0xa0;
const SECRET: [u8; 32] = [7; 32];

/// Tells when it is asked.
struct Told(Steps);

impl Handler for Told {
    async fn answer(&mut self, _: &Call<'_>) -> Option<Vec<u8>> {
        None
    }

    async fn serve(&mut self, _: &Opened<'_>) -> Option<Packet> {
        self.0.lock().unwrap().push("served");
        Some(message::with_code(CONTENT))
    }
}

/// A node with a session, a gateway at which one request of that session waits, and the client's end.
struct World {
    lamp: Lamp,
    gateway: Liar,
    anna: Identity,
    steps: Steps,
    counters: Counters,
    asked: dke_app::exchange::Asked,
    /// The outer request.
    outer: Vec<u8>,
    /// The outer responses that came to the gateway.
    responses: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl World {
    async fn new() -> World {
        let mut counters = Counters::default();
        let (asked, outer) = client(&mut counters).ask(Protection::Oscore, &message::with_code(GET)).unwrap();
        let outer = message::encode(&outer).unwrap().to_vec();
        let mut lamp = Lamp::new(5);
        lamp.make_batch(START);
        lamp.acknowledge();
        lamp.store.secret = Some(SECRET);
        let (steps, responses) = (lamp.store.steps.clone(), Arc::<Mutex<Vec<Vec<u8>>>>::default());
        let mut mail = Vec::new();
        minicbor::Encoder::new(&mut mail).array(2).unwrap().u8(0).unwrap().bytes(&outer).unwrap();
        let (told, sent) = (steps.clone(), responses.clone());
        let gateway = Liar::start(move |method, what, body| match (method, what) {
            ("GET", "left") => stock(1, 32),
            ("GET", "requests") if sent.lock().unwrap().is_empty() => (200, mail.clone()),
            ("PUT", "requests/0") => {
                told.lock().unwrap().push("sent");
                sent.lock().unwrap().push(body.to_vec());
                (201, Vec::new())
            }
            _ => (204, Vec::new()),
        })
        .await;
        World { lamp, gateway, anna: Identity::new("anna"), steps, counters, asked, outer, responses }
    }

    async fn wake(&mut self) -> Wake {
        let mut handler = Told(self.steps.clone());
        self.lamp.wake_with(&mut handler, &self.gateway.url, Some(START), &self.anna).await.unwrap()
    }

    /// The code of the only response, as the client opens it.
    fn code(&mut self) -> u8 {
        let responses = self.responses.lock().unwrap();
        assert_eq!(responses.len(), 1);
        let outer = message::decode(&responses[0]).unwrap();
        let opened = client(&mut self.counters).open_response(&self.asked, &message::with_code(GET), &outer);
        message::code(&opened.unwrap())
    }

    fn steps(&self) -> Vec<&'static str> {
        self.steps.lock().unwrap().clone()
    }
}

fn client(counters: &mut Counters) -> Exchange<'_> {
    let session = Some(SessionSecret::restore(SECRET));
    Exchange { role: Role::Client, early: None, session, counters }
}

#[tokio::test]
async fn each_step_is_durable_before_the_next() {
    limited(async {
        let mut world = World::new().await;
        assert_eq!(world.wake().await.served, 1);
        assert_eq!(world.steps(), ["opened", "served", "answered", "sent", "forgotten"]);
        assert_eq!(world.code(), CONTENT);
    })
    .await;
}

#[tokio::test]
async fn what_may_have_been_carried_out_is_not_asked_again() {
    limited(async {
        let mut world = World::new().await;
        let digest = dke::RustCrypto::sha256(&world.outer);
        world.lamp.store.requests.insert(digest, Kept::Opened);
        assert_eq!(world.wake().await.served, 1);
        assert_eq!(world.steps(), ["answered", "sent", "forgotten"]);
        assert_eq!(world.code(), INTERNAL);
    })
    .await;
}

#[tokio::test]
async fn a_response_is_repeated_as_it_is() {
    limited(async {
        let mut world = World::new().await;
        let digest = dke::RustCrypto::sha256(&world.outer);
        world.lamp.store.requests.insert(digest, Kept::Answered(b"as it was".to_vec()));
        world.wake().await;
        assert_eq!(world.steps(), ["sent", "forgotten"]);
        assert_eq!(*world.responses.lock().unwrap(), [b"as it was".to_vec()]);
    })
    .await;
}
