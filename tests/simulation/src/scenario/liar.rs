//! The gateway lies: something stands in its place that knows all of its store, and answers as it likes.

use super::{Doing, Scenario, Trouble};
use crate::network::Diverted;
use crate::world::{World, gateway_address};
use dke_coap::client::Ask;
use dke_coap::message::Code;
use dke_coap::names::{CONFIRM, INITIATE, MAILBOX, OFFER, PUBLICATION};
use dke_coap::{Client, Endpoint, Method, Parameters, Request, Response, Service};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// Bytes of the largest body.
const BODY_MAX: usize = 64 * 1024;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "liar",
    about: "the gateway keeps what it says it refused, forgets, repeats, and gives garbage",
    strangers: false,
    draw: |_, random| Arc::new(Lies { lie: Lie::draw(random), often: random.gen_range(0.1..=1.0) }),
};

#[derive(Clone, Copy, Debug)]
enum Lie {
    /// Keeps Initiates, and says 4.09.
    KeptButConflict,
    /// Keeps Initiates, and says 4.04.
    KeptButNotFound,
    /// Says that exchanges are unknown.
    ConfirmsNotFound,
    /// Gives the same mail again and again.
    SameMail,
    /// Says that Publications are stored, and throws them away.
    NotPublished,
    /// Says that there is no such node.
    UnknownNode,
    /// Has no prekeys.
    Exhausted,
    /// Answers with garbage.
    Garbage,
}

impl Lie {
    fn draw(random: &mut StdRng) -> Lie {
        use Lie::{
            ConfirmsNotFound, Exhausted, Garbage, KeptButConflict, KeptButNotFound, NotPublished, SameMail, UnknownNode,
        };
        let all = [
            KeptButConflict,
            KeptButNotFound,
            ConfirmsNotFound,
            SameMail,
            NotPublished,
            UnknownNode,
            Exhausted,
            Garbage,
        ];
        all[random.gen_range(0..all.len())]
    }
}

#[derive(Debug)]
struct Lies {
    lie: Lie,
    often: f64,
}

impl Trouble for Lies {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, mut random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let place = SocketAddr::from(([192, 0, 2, 66], 5683));
            let (serving, asking) = (StdRng::seed_from_u64(random.r#gen()), StdRng::seed_from_u64(random.r#gen()));
            // It asks the true gateway from an address of its own.
            let knows = IpAddr::from([192, 0, 2, 67]);
            let truth = Endpoint::client_over(world.network.bind((knows, 0).into()), Parameters::default(), asking);
            let truth = Client::new(truth, gateway_address(), BODY_MAX);
            let liar = Liar { truth, lie: self.lie, often: self.often, seen: Mutex::new((random, Vec::new())) };
            let socket = world.network.bind(place);
            let (_, serve) = Endpoint::serve_over(socket, Parameters::default(), serving, liar);
            let diverted = Diverted { victim: gateway_address(), stand_in: place, knows };
            world.network.set_diverted(Some(diverted));
            world.monitor.set_lies(true);
            tokio::select! {
                biased;
                () = sleep(lasts) => {}
                () = serve => {}
            }
            world.network.set_diverted(None);
            world.monitor.set_lies(false);
        })
    }
}

struct Liar {
    truth: Client,
    lie: Lie,
    often: f64,
    /// Randomness, and the last mail that was not empty.
    seen: Mutex<(StdRng, Vec<u8>)>,
}

impl Service for Liar {
    async fn call(&self, request: &Request) -> Response {
        let lies = self.seen.lock().unwrap_or_else(PoisonError::into_inner).0.gen_bool(self.often);
        let resource = request.path.get(2).map_or("", String::as_str);
        let is = |name: &str| lies && resource == name;
        let refused = |code: Code| Response::new(code);
        match self.lie {
            Lie::NotPublished if is(PUBLICATION) => return refused(Code::CREATED),
            Lie::UnknownNode if lies => return refused(Code::NOT_FOUND),
            Lie::Exhausted if is(OFFER) => return Response { max_age: Some(1), ..refused(Code::UNAVAILABLE) },
            Lie::ConfirmsNotFound if is(CONFIRM) && request.method == Method::Get => return refused(Code::NOT_FOUND),
            _ => {}
        }
        let mut answer = self.true_answer(request).await;
        match self.lie {
            Lie::KeptButConflict if is(INITIATE) => return refused(Code::CONFLICT),
            Lie::KeptButNotFound if is(INITIATE) => return refused(Code::NOT_FOUND),
            Lie::SameMail if is(MAILBOX) => {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                if answer.body.is_empty() {
                    answer.body.clone_from(&seen.1);
                } else {
                    seen.1.clone_from(&answer.body);
                }
            }
            Lie::Garbage if lies => {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                for byte in &mut answer.body {
                    if seen.0.gen_bool(0.01) {
                        *byte ^= 1 << seen.0.gen_range(0..8);
                    }
                }
            }
            _ => {}
        }
        answer
    }

    fn body_max(&self) -> usize {
        BODY_MAX
    }
}

impl Liar {
    async fn true_answer(&self, request: &Request) -> Response {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let query: Vec<&str> = request.query.iter().map(String::as_str).collect();
        let ask =
            Ask { method: request.method, path: &path, query: &query, format: request.format, body: &request.body };
        match self.truth.request(&ask).await {
            Ok(reply) => Response {
                code: reply.code,
                format: reply.format,
                max_age: reply.max_age,
                location: reply.location,
                options: Vec::new(),
                body: reply.body,
            },
            Err(_) => Response::new(Code::UNAVAILABLE),
        }
    }
}
