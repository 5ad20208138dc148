//! A medium is full or fails for a while.

use super::{Doing, Scenario, Trouble};
use crate::world::World;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "disks",
    about: "the medium of the gateway, a node or a client is full or fails for a while",
    strangers: false,
    draw: |world, random| {
        Arc::new(match random.gen_range(0..4) {
            0 => Disks::GatewayFull,
            1 => Disks::GatewayFails,
            2 => Disks::NodeFull(random.gen_range(0..world.nodes.len())),
            _ => Disks::ClientFull(random.gen_range(0..world.clients.len())),
        })
    },
};

#[derive(Debug)]
enum Disks {
    GatewayFull,
    GatewayFails,
    NodeFull(usize),
    ClientFull(usize),
}

impl Trouble for Disks {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, _random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            // Nobody runs a broken medium for a month.
            let lasts = lasts.min(Duration::from_secs(3 * 24 * 3600));
            match self {
                Disks::GatewayFull => {
                    world.gateway.medium.set_full(true);
                    sleep(lasts).await;
                    world.gateway.medium.set_full(false);
                }
                Disks::GatewayFails => {
                    world.gateway.set_down(true);
                    sleep(lasts).await;
                    world.gateway.set_down(false);
                }
                Disks::NodeFull(number) => {
                    let disk = world.nodes[*number].disk();
                    disk.set_room(Some(0));
                    sleep(lasts).await;
                    disk.set_room(None);
                }
                Disks::ClientFull(number) => {
                    let disk = &world.clients[*number].disk;
                    disk.set_room(Some(0));
                    sleep(lasts).await;
                    disk.set_room(None);
                }
            }
        })
    }
}
