//! Strangers take all prekeys: they ask for Offers and leave garbage in place of Initiates, from one address or from some.

use super::{Doing, Scenario, Trouble};
use crate::monitor::Property;
use crate::stranger::Stranger;
use crate::world::{World, stranger};
use dke_coap::Code;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "exhaust",
    about: "strangers take all prekeys of a node with Offers and garbage Initiates, or steal leased ones",
    strangers: true,
    draw: |world, random| {
        Arc::new(Exhaust {
            node: random.gen_range(0..world.nodes.len()),
            addresses: random.gen_range(1..=3),
            every: Duration::from_secs(random.gen_range(60..40_000)),
            steals: random.gen_bool(0.3),
        })
    },
};

/// The address of somebody who holds a lease and takes his time.
const HOLDER: u8 = 50;

#[derive(Debug)]
struct Exhaust {
    node: usize,
    addresses: u8,
    every: Duration,
    /// Initiates without having asked for an Offer.
    steals: bool,
}

impl Trouble for Exhaust {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, mut random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let end = Instant::now() + lasts;
            while Instant::now() < end {
                for number in 0..self.addresses {
                    let stranger = Stranger::new(world, stranger(number), StdRng::seed_from_u64(random.r#gen()));
                    if self.steals {
                        self.steal(world, &stranger, &mut random).await;
                    } else {
                        self.take(world, &stranger).await;
                    }
                }
                sleep(self.every.mul_f64(random.gen_range(0.1..2.0)).min(end.duration_since(Instant::now()))).await;
            }
        })
    }
}

impl Exhaust {
    /// All that it is given.
    async fn take(&self, world: &World, stranger: &Stranger) {
        let node = &world.nodes[self.node];
        while let Some((epoch, index)) = stranger.offer(node).await {
            stranger.initiate(node, epoch, index).await;
        }
    }

    /// Whatever others were given, among them somebody who has not used it yet.
    async fn steal(&self, world: &World, thief: &Stranger, random: &mut StdRng) {
        let node = &world.nodes[self.node];
        let holder = Stranger::new(world, stranger(HOLDER), StdRng::seed_from_u64(random.r#gen()));
        let Some((epoch, held)) = holder.offer(node).await else { return };
        for index in 0..1 << node.kind.depth {
            let code = thief.initiate(node, epoch, index).await;
            if index == held && code == Some(Code::CREATED) {
                let why =
                    format!("a stranger's Initiate is stored over index {index} of epoch {epoch}, which another holds");
                world.monitor.unless_lying(Property::LeaseHeld, why);
            }
        }
    }
}
