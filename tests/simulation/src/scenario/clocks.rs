//! A wall clock is wrong for a while: by seconds or by years, once or with steps to and fro.

use super::{Doing, Scenario, Trouble};
use crate::time::WallClock;
use crate::world::World;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "clocks",
    about: "the wall clock of a host is wrong by seconds to years, or steps to and fro",
    strangers: false,
    draw: |world, random| {
        let whose = match random.gen_range(0..3) {
            0 => Whose::Gateway,
            1 => Whose::Node(random.gen_range(0..world.nodes.len())),
            _ => Whose::Client(random.gen_range(0..world.clients.len())),
        };
        let most = 10_i64.pow(random.gen_range(1..=9));
        Arc::new(Clocks { whose, wrong_by: random.gen_range(-most..=most), steps: random.gen_bool(0.5) })
    },
};

#[derive(Clone, Copy, Debug)]
enum Whose {
    Gateway,
    Node(usize),
    Client(usize),
}

#[derive(Debug)]
struct Clocks {
    whose: Whose,
    /// Seconds.
    wrong_by: i64,
    /// It is right and wrong in turn.
    steps: bool,
}

impl Clocks {
    fn clock<'a>(&self, world: &'a World) -> &'a WallClock {
        match self.whose {
            Whose::Gateway => &world.gateway.clock,
            Whose::Node(number) => &world.nodes[number].clock,
            Whose::Client(number) => &world.clients[number].clock,
        }
    }
}

impl Trouble for Clocks {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, mut random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let (clock, end) = (self.clock(world), Instant::now() + lasts);
            let mut wrong = true;
            while Instant::now() < end {
                clock.set_wrong_by(if wrong { self.wrong_by } else { 0 });
                let left = end - Instant::now();
                sleep(if self.steps { lasts.mul_f64(random.gen_range(0.05..0.3)).min(left) } else { left }).await;
                wrong = !wrong;
            }
            clock.set_wrong_by(0);
        })
    }
}
