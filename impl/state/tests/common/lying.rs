//! A gateway that is the attacker: it keeps all that it ever got, gives it out when it likes, and says what it likes. When it is honest it
//! does what PROTOCOL.md section 14 says.

use dke::gateway;
use dke::message::{Confirm, Initiate, Publication};
use dke::params::{OFFER_MAX, STOCK_MAX};
use dke::stock::Stock;
use dke_coap::{Code, Method, Request, Response, Service};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

/// What it knows, and how it behaves.
pub(crate) struct Lying {
    dice: StdRng,
    pub(crate) honest: bool,
    node: [u8; 32],
    publications: Vec<Vec<u8>>,
    /// The next index of the newest batch.
    next: u8,
    /// All Initiates that ever came.
    pub(crate) initiates: Vec<Vec<u8>>,
    /// Those that an honest gateway would still give to the node.
    waiting: BTreeSet<usize>,
    /// The node has rejected what was here.
    discarded: BTreeSet<(u64, u64)>,
    confirms: Vec<Vec<u8>>,
    /// It says that no prekey is left, so that the node makes a new batch.
    pub(crate) drained: bool,
    /// How often it gives the node something at this wake-up.
    pub(crate) mails: u32,
}

#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Lying>>);

impl Shared {
    pub(crate) fn new(seed: u64, node: [u8; 32]) -> Shared {
        Shared(Arc::new(Mutex::new(Lying {
            dice: StdRng::seed_from_u64(seed),
            honest: false,
            node,
            publications: Vec::new(),
            next: 0,
            initiates: Vec::new(),
            waiting: BTreeSet::new(),
            discarded: BTreeSet::new(),
            confirms: Vec::new(),
            drained: false,
            mails: 0,
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Lying> {
        self.0.lock().unwrap()
    }
}

impl Service for Shared {
    async fn call(&self, request: &Request) -> Response {
        self.lock().answer(request)
    }

    fn body_max(&self) -> usize {
        64 * 1024
    }
}

impl Lying {
    fn lies(&mut self, percent: u32) -> bool {
        !self.honest && self.dice.gen_range(0..100) < percent
    }

    fn answer(&mut self, request: &Request) -> Response {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let (code, body) = match (request.method, path.as_slice()) {
            (Method::Put, [_, _, "publication"]) => self.publication(&request.body),
            (Method::Get, [_, _, "left"]) => self.left(),
            (Method::Post, [_, _, "offer"]) => self.offer(),
            (Method::Post, [_, _, "initiate"]) => self.initiate(&request.body),
            (Method::Get, [_, _, "mailbox"]) => (Code::CONTENT, self.mailbox()),
            (Method::Delete, [_, _, "mailbox", epoch, index]) => self.discard(epoch, index),
            (Method::Post, [_, _, "confirm"]) => self.confirm(&request.body),
            (Method::Get, [_, _, "confirm", epoch, index]) => self.confirms(epoch, index),
            (Method::Get, [_, _, "requests"]) => (Code::CONTENT, Vec::new()),
            (Method::Put, [_, _, "credential"]) => (Code::CREATED, Vec::new()),
            _ => (Code::NOT_FOUND, Vec::new()),
        };
        Response { body, ..Response::new(code) }
    }

    fn publication(&mut self, body: &[u8]) -> (Code, Vec<u8>) {
        if !self.publications.contains(&body.to_vec()) {
            self.publications.push(body.to_vec());
            self.next = 0;
        }
        (Code::CREATED, Vec::new())
    }

    fn left(&self) -> (Code, Vec<u8>) {
        let Some(newest) = self.publications.last() else { return (Code::NOT_FOUND, Vec::new()) };
        let header = Publication::parse(newest).unwrap().batch.header(&self.node).unwrap();
        let left = if self.drained { 0 } else { u16::from(4_u8.saturating_sub(self.next)) };
        let mut out = [0; STOCK_MAX];
        let length = Stock { epoch: header.epoch, left, ends_in: 2_000_000 }.write(&mut out).unwrap();
        (Code::CONTENT, out[..length].to_vec())
    }

    /// A prekey of the newest batch, or of any other one.
    fn offer(&mut self) -> (Code, Vec<u8>) {
        let newest = self.publications.len();
        let back = if self.lies(30) { self.dice.gen_range(0..newest) } else { 0 };
        let publication = self.publications[newest - 1 - back].clone();
        let index = if back == 0 { self.next } else { self.dice.gen_range(0..4) };
        let mut out = vec![0; OFFER_MAX];
        match gateway::offer(&publication, &self.node, index, &mut out) {
            Ok(length) if !self.lies(5) => {
                self.next += u8::from(back == 0 && !self.lies(20));
                out.truncate(length);
                (Code::CHANGED, out)
            }
            _ => (Code::UNAVAILABLE, Vec::new()),
        }
    }

    fn initiate(&mut self, body: &[u8]) -> (Code, Vec<u8>) {
        let known = self.initiates.iter().position(|one| one == body);
        let new = self.initiates.len();
        if known.is_none() {
            self.initiates.push(body.to_vec());
        }
        if self.lies(35) {
            return (if self.lies(50) { Code::CONFLICT } else { Code::NOT_FOUND }, Vec::new());
        }
        let (epoch, index) = place(body);
        let before = &self.initiates[..known.unwrap_or(new)];
        let taken = self.honest && before.iter().any(|one| place(one) == (epoch, index));
        if taken {
            return (Code::CONFLICT, Vec::new());
        }
        let gone = self.discarded.contains(&(epoch, index));
        if !gone && !self.confirms.iter().any(|confirm| of(confirm) == (epoch, index)) {
            self.waiting.insert(known.unwrap_or(new));
        }
        (Code::CREATED, Vec::new())
    }

    /// What waits; or any that ever came, in any order, and again.
    fn mailbox(&mut self) -> Vec<u8> {
        if self.honest {
            return self.waiting.iter().flat_map(|one| self.initiates[*one].clone()).collect();
        }
        if self.mails == 0 || self.initiates.is_empty() {
            return Vec::new();
        }
        self.mails -= 1;
        let count = self.dice.gen_range(1..4);
        (0..count).flat_map(|_| self.initiates[self.dice.gen_range(0..self.initiates.len())].clone()).collect()
    }

    fn discard(&mut self, epoch: &str, index: &str) -> (Code, Vec<u8>) {
        let gone = (epoch.parse().unwrap(), index.parse().unwrap());
        self.discarded.insert(gone);
        self.waiting.retain(|one| place(&self.initiates[*one]) != gone);
        (Code::DELETED, Vec::new())
    }

    fn confirm(&mut self, body: &[u8]) -> (Code, Vec<u8>) {
        self.confirms.push(body.to_vec());
        let answered = of(body);
        self.waiting.retain(|one| place(&self.initiates[*one]) != answered);
        if self.lies(20) { (Code::CONFLICT, Vec::new()) } else { (Code::CREATED, Vec::new()) }
    }

    /// The exchange's Confirms; none, or any.
    fn confirms(&mut self, epoch: &str, index: &str) -> (Code, Vec<u8>) {
        let asked = (epoch.parse().unwrap(), index.parse().unwrap());
        if self.lies(30) {
            return (Code::NOT_FOUND, Vec::new());
        }
        if self.lies(30) {
            return (Code::CONTENT, self.confirms.iter().rev().take(3).flatten().copied().collect());
        }
        let here: Vec<u8> = self.confirms.iter().filter(|confirm| of(confirm) == asked).flatten().copied().collect();
        let waits = self.waiting.iter().any(|one| place(&self.initiates[*one]) == asked);
        if here.is_empty() && !waits { (Code::NOT_FOUND, Vec::new()) } else { (Code::CONTENT, here) }
    }
}

fn place(initiate: &[u8]) -> (u64, u64) {
    let message = Initiate::parse(initiate).unwrap();
    (message.epoch, message.index)
}

fn of(confirm: &[u8]) -> (u64, u64) {
    let message = Confirm::parse(confirm).unwrap();
    (message.epoch, message.index)
}
