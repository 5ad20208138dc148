//! Interleaved rounds: every peer once in each, so that what disturbs the machine disturbs all of them.

use crate::dke::{Dke, scalar_multiplication};
use crate::edhoc::{self, Edhoc};
use crate::exchange::{BATCH, Curve, Exchange, Facts, Flight, Peer, timed};
use crate::noise::Noise;
use crate::olm::Olm;
use dke::Mode;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// A publication takes as long as many exchanges: it is measured once in so many rounds.
const ROUNDS_PER_PUBLICATION: usize = 10;

/// Medians of one peer.
pub(crate) struct Measured {
    pub(crate) facts: Facts,
    /// µs.
    pub(crate) node: f64,
    /// The share of one exchange in the publication, µs.
    pub(crate) published: f64,
    /// The node's CPU in that of EDHOC's responder, round by round.
    pub(crate) ratio: f64,
    /// µs.
    pub(crate) client: f64,
    pub(crate) wakes: Vec<Vec<Flight>>,
    /// Bytes of a publication; 0 if there is none.
    pub(crate) publication: usize,
}

/// All peers, and the bare scalar multiplication of p256 in the same rounds, µs.
pub(crate) struct Run {
    pub(crate) peers: Vec<Measured>,
    pub(crate) multiplication: f64,
}

impl Measured {
    pub(crate) fn flights(&self) -> impl Iterator<Item = Flight> {
        self.wakes.iter().flatten().copied()
    }

    /// Bytes of an exchange without its share of the publication.
    pub(crate) fn exchanged(&self) -> usize {
        self.flights().map(Flight::bytes).sum()
    }

    /// Bytes of an exchange with its share of the publication.
    pub(crate) fn bytes(&self) -> f64 {
        self.exchanged() as f64 + self.publication as f64 / BATCH as f64
    }

    pub(crate) fn on_p256(&self) -> bool {
        self.facts.curve == Curve::P256
    }

    /// Wake-ups that have passed before the node has the first protected data of the client.
    pub(crate) fn delivered(&self) -> usize {
        if self.facts.early { 1 } else { 2 }
    }
}

impl Run {
    /// What the others are compared with.
    pub(crate) fn edhoc(&self) -> &Measured {
        self.find(edhoc::NAME)
    }

    pub(crate) fn find(&self, name: &str) -> &Measured {
        self.peers.iter().find(|peer| peer.facts.name == name).unwrap()
    }
}

fn all() -> Vec<Box<dyn Peer>> {
    let rng = StdRng::seed_from_u64;
    vec![
        Box::new(Dke::new(Mode::Basic, rng(1))),
        Box::new(Dke::new(Mode::Refresh, rng(2))),
        Box::new(Edhoc::new(rng(3))),
        Box::new(Noise::p256()),
        Box::new(Noise::curve25519()),
        Box::new(Olm::new()),
    ]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

pub(crate) fn run(rounds: usize) -> Run {
    let mut peers = all();
    let mut exchanges: Vec<Vec<Exchange>> = peers.iter().map(|_| Vec::new()).collect();
    let mut publications: Vec<Vec<f64>> = peers.iter().map(|_| Vec::new()).collect();
    let mut sizes = vec![0; peers.len()];
    let mut multiplication = Vec::new();
    let mut rng = StdRng::seed_from_u64(4);
    for round in 0..rounds {
        multiplication.push(timed(scalar_multiplication(&mut rng)).1);
        for (i, peer) in peers.iter_mut().enumerate() {
            if round % ROUNDS_PER_PUBLICATION == 0
                && let Some(publication) = peer.publish()
            {
                publications[i].push(publication.node / BATCH as f64);
                sizes[i] = publication.bytes;
            }
            exchanges[i].push(peer.exchange());
        }
    }
    let edhoc = peers.iter().position(|peer| peer.facts().name == edhoc::NAME).unwrap();
    let measured = peers.iter().enumerate().map(|(i, peer)| {
        let of = |value: fn(&Exchange) -> f64| median(exchanges[i].iter().map(value).collect());
        let wakes = exchanges[i][0].wakes.clone();
        assert!(exchanges[i].iter().all(|exchange| exchange.wakes == wakes), "{}: sizes vary", peer.facts().name);
        Measured {
            facts: peer.facts(),
            node: of(|exchange| exchange.node),
            ratio: median(
                exchanges[i].iter().zip(&exchanges[edhoc]).map(|(own, edhoc)| own.node / edhoc.node).collect(),
            ),
            published: median(publications[i].clone()),
            client: of(|exchange| exchange.client),
            wakes,
            publication: sizes[i],
        }
    });
    Run { peers: measured.collect(), multiplication: median(multiplication) }
}
