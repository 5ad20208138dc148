//! A host's address changes, as behind a NAT or in another network, in the middle of whatever it does.

use super::{Doing, Scenario, Trouble};
use crate::world::World;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "moves",
    about: "the address of a node or a client changes now and then",
    strangers: false,
    draw: |world, random| {
        let nodes = world.nodes.iter().map(|node| node.address);
        let hosts: Vec<IpAddr> = nodes.chain(world.clients.iter().map(|client| client.address)).collect();
        let (host, every) = (hosts[random.gen_range(0..hosts.len())], random.gen_range(60..100_000));
        Arc::new(Moves { host, every: Duration::from_secs(every) })
    },
};

#[derive(Debug)]
struct Moves {
    host: IpAddr,
    every: Duration,
}

impl Trouble for Moves {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, mut random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let end = Instant::now() + lasts;
            while Instant::now() < end {
                let to = IpAddr::from([100, 64, random.r#gen(), random.r#gen()]);
                world.network.set_moved(self.host, Some(to));
                sleep(self.every.mul_f64(random.gen_range(0.2..2.0)).min(end - Instant::now())).await;
            }
            world.network.set_moved(self.host, None);
        })
    }
}
