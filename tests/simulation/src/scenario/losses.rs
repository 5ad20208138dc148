//! Datagrams are lost, doubled, late and overtake each other.

use super::{Doing, Scenario, Trouble};
use crate::network::{CALM, Conditions};
use crate::world::World;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "losses",
    about: "datagrams are lost, doubled, late, and overtake each other",
    strangers: false,
    draw: |_, random| {
        let shortest = random.gen_range(1..200);
        Arc::new(Losses(Conditions {
            lost: random.gen_range(0..300),
            doubled: random.gen_range(0..300),
            shortest,
            longest: shortest + random.gen_range(0..5_000),
        }))
    },
};

#[derive(Debug)]
struct Losses(Conditions);

impl Trouble for Losses {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, _random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            world.network.set_conditions(self.0);
            sleep(lasts).await;
            world.network.set_conditions(CALM);
        })
    }
}
