//! A wall clock is wrong for a while: by seconds or by years, once or with steps to and fro.

use super::{Doing, Scenario, Trouble};
use crate::stranger::Stranger;
use crate::time::WallClock;
use crate::world::{World, stranger};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
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
        let (wrong_by, steps) = (random.gen_range(-most..=most), random.gen_bool(0.5));
        let leased = matches!(whose, Whose::Gateway) && random.gen_bool(0.7);
        Arc::new(Clocks { whose, wrong_by, steps, leased })
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
    /// When it becomes right again, much is on lease.
    leased: bool,
}

/// Addresses that take Offers.
const LESSEES: u8 = 12;

/// Offers of every node go to strangers who do nothing with them.
async fn lease(world: &World, random: &mut StdRng) {
    for node in &world.nodes {
        for number in 0..LESSEES {
            let stranger = Stranger::new(world, stranger(150 + number), StdRng::seed_from_u64(random.r#gen()));
            while stranger.offer(node).await.is_some() {}
        }
    }
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
                if wrong && self.leased {
                    lease(world, &mut random).await;
                }
                wrong = !wrong;
            }
            clock.set_wrong_by(0);
        })
    }
}
