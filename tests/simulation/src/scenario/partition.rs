//! One host is cut off from all others: for a moment, again and again, or for longer than a batch lives.

use super::{Doing, Scenario, Trouble};
use crate::world::{World, gateway_address};
use rand::Rng as _;
use rand::rngs::StdRng;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "partition",
    about: "a host is cut off, once for long or again and again",
    strangers: false,
    draw: |world, random| {
        let hosts: Vec<IpAddr> = std::iter::once(gateway_address().ip())
            .chain(world.nodes.iter().map(|node| node.address))
            .chain(world.clients.iter().map(|client| client.address))
            .collect();
        let pause = random.gen_bool(0.5).then(|| Duration::from_secs(random.gen_range(1..40_000)));
        Arc::new(Partition { host: hosts[random.gen_range(0..hosts.len())], pause })
    },
};

#[derive(Debug)]
struct Partition {
    host: IpAddr,
    /// It comes back after a time like this, for a time like this; `None`: not before the end.
    pause: Option<Duration>,
}

impl Trouble for Partition {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, mut random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let end = Instant::now() + lasts;
            let mut cut = true;
            while Instant::now() < end {
                world.network.set_cut(self.host, cut);
                let left = end - Instant::now();
                sleep(self.pause.map_or(left, |pause| pause.mul_f64(random.gen_range(0.1..1.5)).min(left))).await;
                cut = !cut;
            }
            world.network.set_cut(self.host, false);
        })
    }
}
