//! Nodes and clients on both sides, and the gateway between them.

use super::Tally;
use super::client::{Pending, TwinClient, Vouching, Wish};
use super::node::{Answer, Batch, Outcome, TwinNode, subject};
use super::tampering::{Kind, Tampering, variants};
use crate::vectors::{credential, drawn};
use dke::params::DATA_MAX;
use dke_spec::bytes::{Bytes, bytes};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng};

/// UNIX seconds.
const NOW: u64 = 1_800_000_000;
/// How often a batch has which depth: the specification needs 20 ms for each prekey.
const DEPTHS: [u32; 9] = [300, 250, 200, 120, 70, 30, 15, 10, 5];

/// An exchange under way.
struct Exchange {
    client: usize,
    node: usize,
    pending: Pending,
    confirm: Option<Vec<u8>>,
    node_session: Option<Vec<u8>>,
}

/// Everybody.
pub(super) struct Network {
    pub(super) tally: Tally,
    random: StdRng,
    nodes: Vec<TwinNode>,
    clients: Vec<TwinClient>,
    /// Offers, of which one takes parts for others.
    offers: Vec<Vec<u8>>,
    exchanges: Vec<Exchange>,
}

impl Network {
    /// One to three nodes and two to four clients: pinned by a node or not, or with a CWT for one of them.
    pub(super) fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let authority_key = drawn(&format!("authority {seed}"));
        let authority = credential("authority", b"A", &authority_key);
        let (nodes, clients) = (random.gen_range(1..=3), random.gen_range(2..=4));
        let clients: Vec<TwinClient> = (0..clients)
            .map(|number| {
                let audience = subject(random.gen_range(0..nodes));
                let epoch_max = random.gen_range(0..4);
                let vouching = Vouching { authority: &authority_key, audience: &audience, epoch_max };
                TwinClient::new(seed, number, (number > 0 && random.gen_bool(0.3)).then_some(vouching))
            })
            .collect();
        let nodes = (0..nodes)
            .map(|number| {
                let pinned = clients.iter().filter(|_| random.gen_bool(0.85));
                let pinned = pinned.map(|client| client.credential.clone()).collect();
                TwinNode::new(seed, number, pinned, authority.clone(), random.gen_bool(0.2))
            })
            .collect();
        Network { tally: Tally::default(), random, nodes, clients, offers: vec![], exchanges: vec![] }
    }

    fn fresh(&mut self) -> Bytes {
        bytes(&self.random.r#gen::<[u8; 32]>())
    }

    fn any(&mut self, count: usize) -> usize {
        self.random.gen_range(0..count)
    }

    /// Data of any size, mostly small, sometimes the largest or one too many.
    fn data(&mut self) -> Vec<u8> {
        let length = match self.random.gen_range(0..20) {
            0 => 0,
            1 => DATA_MAX,
            2 => DATA_MAX + 1,
            _ => self.random.gen_range(1..80),
        };
        (0..length).map(|_| self.random.r#gen()).collect()
    }

    fn rejected(&mut self, name: String) {
        *self.tally.rejected.entry(name).or_default() += 1;
    }

    /// The message, or in one case of five what becomes of it.
    fn on_its_way(&mut self, kind: Kind, message: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        if !self.random.gen_bool(0.2) {
            return message.to_vec();
        }
        let ways = kind.tamperings();
        let (way, other) = (ways[self.any(ways.len())], self.any(others.len()));
        let mut variants = self.variants(way, kind, message, &others[other]);
        variants.swap_remove(self.any(variants.len()))
    }

    /// What becomes of the message in this way.
    fn variants(&mut self, way: Tampering, kind: Kind, message: &[u8], other: &[u8]) -> Vec<Vec<u8>> {
        *self.tally.tampered.entry(way).or_default() += 1;
        variants(way, kind, message, other, &mut self.random)
    }

    /// One action. Where there is nothing to deliver or to finish yet, it is the step before.
    pub(super) fn step(&mut self) {
        self.tally.actions += 1;
        let done = match self.random.gen_range(0..100) {
            0..=4 => {
                let node = self.any(self.nodes.len());
                self.publish(node);
                true
            }
            5..=34 => self.initiate(),
            35..=69 => self.deliver() || self.initiate(),
            70..=90 => self.finish() || self.deliver() || self.initiate(),
            91..=94 => {
                let node = self.any(self.nodes.len());
                self.nodes[node].acknowledge()
            }
            _ => {
                self.nodes.iter_mut().for_each(TwinNode::restart);
                self.clients.iter_mut().for_each(TwinClient::restart);
                true
            }
        };
        self.tally.idle += u64::from(!done);
    }

    /// Each node publishes.
    pub(super) fn publish_all(&mut self) {
        for node in 0..self.nodes.len() {
            self.tally.actions += 1;
            self.publish(node);
        }
    }

    /// N1 and G1.
    fn publish(&mut self, node: usize) {
        let ticket = self.random.gen_range(0..DEPTHS.iter().sum());
        let bound = |depth: &usize| DEPTHS[..=*depth].iter().sum::<u32>() > ticket;
        let depth = (0..DEPTHS.len()).find(bound).unwrap_or_default() as u64;
        let publication = self.publish_at(node, depth);
        let all: Vec<Vec<u8>> = self.nodes.iter().flat_map(|node| node.publications.clone()).collect();
        let message = self.on_its_way(Kind::Publication, &publication, &all);
        self.check_publication(node, &message);
    }

    fn publish_at(&mut self, node: usize, depth: u64) -> Vec<u8> {
        *self.tally.depths.entry(depth).or_default() += 1;
        let token = self.fresh().slice(0, 16);
        let ys = (0..1 << depth).map(|_| self.fresh()).collect();
        // A few batches end now, or have ended when they come.
        let not_after = if self.random.gen_bool(0.95) { NOW + 5 } else { NOW - u64::from(self.random.gen_bool(0.5)) };
        let batch = Batch { suite: self.random.gen_range(2..=3), depth, not_after, token, ys };
        self.nodes[node].publish(&batch)
    }

    fn check_publication(&mut self, node: usize, message: &[u8]) {
        let highest = self.nodes[node].publications.len() as u64 - 1;
        if let Some(name) = self.nodes[node].check_publication(message, highest, NOW) {
            self.rejected(name);
        }
    }

    /// G2 and C1: an Offer, sometimes of an old batch.
    fn initiate(&mut self) -> bool {
        let node = self.any(self.nodes.len());
        let publications = &self.nodes[node].publications;
        let age = usize::from(publications.len() > 1 && self.random.gen_bool(0.15));
        let publication = publications[publications.len() - 1 - age].clone();
        // Mostly a prekey that the batch has.
        let count = self.nodes[node].prekeys();
        let index = if self.random.gen_bool(0.95) { self.random.gen_range(0..count) } else { count.min(255) };
        let offer = match self.nodes[node].offer(&publication, index as u8) {
            Ok(offer) => offer,
            Err(name) => {
                self.rejected(name);
                return true;
            }
        };
        self.offers.push(offer.clone());
        let offers = self.offers.clone();
        let offer = self.on_its_way(Kind::Offer, &offer, &offers);
        let client = self.any(self.clients.len());
        self.initiate_with(client, node, &offer);
        true
    }

    /// C1. One client of ten pins another node than the one that the Offer is of.
    fn initiate_with(&mut self, client: usize, node: usize, offer: &[u8]) {
        let pinned = if self.random.gen_bool(0.9) { node } else { self.any(self.nodes.len()) };
        let wish = Wish { refresh: self.random.gen_bool(0.5), early_data: self.data(), x: self.fresh(), now: NOW };
        match self.clients[client].initiate(&self.nodes[pinned].credential, offer, &wish) {
            Ok(pending) => {
                let exchange = Exchange { client, node: pinned, pending, confirm: None, node_session: None };
                self.exchanges.push(exchange);
            }
            Err(name) => self.rejected(name),
        }
    }

    /// N2 and N3: any Initiate ever made, as often as it comes, sometimes to another node.
    fn deliver(&mut self) -> bool {
        if self.exchanges.is_empty() {
            return false;
        }
        // Mostly one that waits.
        let waiting: Vec<usize> =
            (0..self.exchanges.len()).filter(|at| self.exchanges[*at].confirm.is_none()).collect();
        let place = match waiting.choose(&mut self.random) {
            Some(place) if self.random.gen_bool(0.7) => *place,
            _ => self.any(self.exchanges.len()),
        };
        let all: Vec<Vec<u8>> = self.exchanges.iter().map(|exchange| exchange.pending.initiate.clone()).collect();
        let message = self.on_its_way(Kind::Initiate, &all[place], &all);
        let node = if self.random.gen_bool(0.95) { self.exchanges[place].node } else { self.any(self.nodes.len()) };
        self.deliver_to(node, place, &message);
        true
    }

    fn deliver_to(&mut self, node: usize, place: usize, message: &[u8]) {
        let answer = Answer { data: self.data(), z: self.fresh() };
        match self.nodes[node].deliver(message, &answer) {
            Outcome::Rejected(name) => self.rejected(name),
            Outcome::Repeated => {}
            Outcome::Accepted(confirmed) => {
                self.tally.accepted += 1;
                if let Some((confirm, session)) = confirmed {
                    let exchange = &mut self.exchanges[place];
                    (exchange.confirm, exchange.node_session) = (Some(confirm), Some(session));
                }
            }
        }
    }

    /// C2, sometimes with the Confirm of another exchange.
    fn finish(&mut self) -> bool {
        let confirmed = self.confirmed();
        let Some(place) = confirmed.choose(&mut self.random).copied() else { return false };
        let all: Vec<Vec<u8>> = self.exchanges.iter().filter_map(|exchange| exchange.confirm.clone()).collect();
        let own = self.exchanges[place].confirm.clone().filter(|_| self.random.gen_bool(0.8));
        let confirm = own.unwrap_or_else(|| all[self.any(all.len())].clone());
        let message = self.on_its_way(Kind::Confirm, &confirm, &all);
        self.finish_with(place, &message);
        true
    }

    fn finish_with(&mut self, place: usize, message: &[u8]) {
        let exchange = &self.exchanges[place];
        match self.clients[exchange.client].finish(&exchange.pending, message) {
            Ok(session) => {
                assert_eq!(Some(&session), exchange.node_session.as_ref(), "both ends hold the same key");
                self.tally.completed += 1;
            }
            Err(name) => self.rejected(name),
        }
    }

    /// An exchange over the last prekey of a batch of this depth. Client 0 has no CWT.
    pub(super) fn exchange_at(&mut self, depth: u64) {
        let publication = self.publish_at(0, depth);
        self.check_publication(0, &publication);
        let offer = self.nodes[0].offer(&publication, ((1u16 << depth) - 1) as u8).expect("G2");
        self.initiate_with(0, 0, &offer);
        if let Some(exchange) = self.exchanges.first() {
            let initiate = exchange.pending.initiate.clone();
            self.deliver_to(0, 0, &initiate);
        }
        if let Some(confirm) = self.exchanges.first().and_then(|exchange| exchange.confirm.clone()) {
            self.finish_with(0, &confirm);
        }
    }

    /// Makes exchanges until there are two Confirms, then lets every message arrive in every way.
    pub(super) fn tamper_with_everything(&mut self) {
        while self.confirmed().len() < 2 {
            self.step();
        }
        for kind in Kind::ALL {
            for way in kind.tamperings() {
                let [message, other] = self.two_of(kind);
                for variant in self.variants(way, kind, &message, &other) {
                    self.arrive(kind, &variant);
                }
            }
        }
    }

    fn confirmed(&self) -> Vec<usize> {
        (0..self.exchanges.len()).filter(|at| self.exchanges[*at].confirm.is_some()).collect()
    }

    /// The newest message of this kind, and the oldest one.
    fn two_of(&self, kind: Kind) -> [Vec<u8>; 2] {
        let all: Vec<Vec<u8>> = match kind {
            Kind::Publication => self.nodes.iter().rev().flat_map(|node| node.publications.clone()).collect(),
            Kind::Offer => self.offers.clone(),
            Kind::Initiate => self.exchanges.iter().map(|exchange| exchange.pending.initiate.clone()).collect(),
            Kind::Confirm => self.exchanges.iter().filter_map(|exchange| exchange.confirm.clone()).collect(),
        };
        [all[all.len() - 1].clone(), all[0].clone()]
    }

    /// What became of the newest message of this kind arrives where that one was to arrive.
    fn arrive(&mut self, kind: Kind, message: &[u8]) {
        match kind {
            Kind::Publication => self.check_publication(0, message),
            Kind::Offer => {
                let node = self.any(self.nodes.len());
                self.initiate_with(0, node, message);
            }
            Kind::Initiate => {
                let place = self.exchanges.len() - 1;
                self.deliver_to(self.exchanges[place].node, place, message);
            }
            Kind::Confirm => {
                let confirmed = self.confirmed();
                self.finish_with(confirmed[confirmed.len() - 1], message);
            }
        }
    }

    /// Both sides remember the same.
    pub(super) fn compare(&self) {
        self.nodes.iter().for_each(TwinNode::compare);
        self.clients.iter().for_each(TwinClient::compare);
    }
}
