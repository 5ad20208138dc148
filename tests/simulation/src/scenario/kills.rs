//! Processes are killed at any point: by the clock, or in the middle of writing; with or without the power.

use super::{Doing, Scenario, Trouble};
use crate::world::World;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "kills",
    about: "processes are killed at any point, with or without the power",
    strangers: false,
    draw: |_, random| Arc::new(Kills { every: Duration::from_secs(random.gen_range(1_000..200_000)) }),
};

#[derive(Debug)]
struct Kills {
    every: Duration,
}

impl Trouble for Kills {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, mut random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let end = Instant::now() + lasts;
            loop {
                sleep(self.every.mul_f64(random.gen_range(0.0..2.0)).min(end - Instant::now())).await;
                if Instant::now() >= end {
                    break;
                }
                kill(world, &mut random);
            }
            // What was to fail later must not fail when the trouble is over.
            world.gateway.medium.fail_after(None);
            world.nodes.iter().for_each(|node| node.disk().fail_at(None));
        })
    }
}

fn kill(world: &World, random: &mut StdRng) {
    let node = &world.nodes[random.gen_range(0..world.nodes.len())];
    match random.gen_range(0..5) {
        0 => world.gateway.kill("is killed", |_| {}),
        1 => world.gateway.kill("loses power", |medium| medium.lose_power(random)),
        2 => world.gateway.medium.fail_after(Some(random.gen_range(0..200))),
        3 => node.kill(),
        _ => node.disk().fail_at(Some(node.disk().operations() + random.gen_range(0..60))),
    }
}
