//! Strangers send as many datagrams as they like, in their own or in others' names: garbage, pings, repeated ids, blocks.

use super::{Doing, Scenario, Trouble};
use crate::stranger::name_of;
use crate::world::{World, gateway_address, stranger};
use dke_coap::names::{NODES, ROOT};
use rand::Rng as _;
use rand::rngs::StdRng;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// A flood for longer shows nothing more, and costs time.
const LASTS_MAX: Duration = Duration::from_secs(120);
/// Datagrams a second.
const RATE: u32 = 100;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "flood",
    about: "strangers send garbage, waiting requests and repeated datagrams, in their own or others' names",
    strangers: true,
    draw: |world, random| {
        let node = name_of(&world.nodes[random.gen_range(0..world.nodes.len())]);
        Arc::new(Flood { what: What::draw(random), node, spoofed: random.gen_bool(0.5) })
    },
};

#[derive(Clone, Copy, Debug)]
enum What {
    /// Random bytes.
    Garbage,
    /// The very same datagram again and again.
    Repeated,
    /// Requests to the node that it cannot open.
    Requests,
}

impl What {
    fn draw(random: &mut StdRng) -> What {
        [What::Garbage, What::Repeated, What::Requests][random.gen_range(0..3)]
    }
}

#[derive(Debug)]
struct Flood {
    what: What,
    node: String,
    /// In the name of a host that never gets to know.
    spoofed: bool,
}

impl Trouble for Flood {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, mut random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let from = SocketAddr::new(stranger(100 + u8::from(self.spoofed)), 1024);
            if self.spoofed {
                world.network.traffic(|traffic| traffic.spoof(from.ip()));
            }
            let many = lasts.min(LASTS_MAX).as_secs() as u32 * RATE;
            for number in 0..many {
                let datagram = self.datagram(number, &mut random);
                world.network.send(from, gateway_address(), &datagram);
                sleep(Duration::from_secs(1) / RATE).await;
            }
        })
    }
}

impl Flood {
    fn datagram(&self, number: u32, random: &mut StdRng) -> Vec<u8> {
        let [_, _, high, low] = number.to_be_bytes();
        match self.what {
            What::Garbage => (0..random.gen_range(0..200)).map(|_| random.r#gen()).collect(),
            // GET /dke
            What::Repeated => [&[0x40, 1, 0, 7, 0xb0 | ROOT.len() as u8], ROOT.as_bytes()].concat(),
            // POST /nodes/NODE, Content-Format 16
            What::Requests => {
                let segment = |delta: u8, text: &str| match text.len() {
                    short @ 0..13 => [&[delta << 4 | short as u8], text.as_bytes()].concat(),
                    long => [&[delta << 4 | 13, long as u8 - 13], text.as_bytes()].concat(),
                };
                let path = [segment(11, NODES), segment(0, &self.node)].concat();
                [&[0x40, 2, high, low], path.as_slice(), &[0x11, 16, 0xff, random.r#gen()]].concat()
            }
        }
    }
}
