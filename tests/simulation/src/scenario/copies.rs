//! A node's directory is put back from a backup: it must be refused, until its operator begins anew.

use super::{Doing, Scenario, Trouble};
use crate::world::World;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "copies",
    about: "a node's directory is put back from a backup, is refused, and begins anew",
    strangers: false,
    draw: |world, random| Arc::new(Copies { node: random.gen_range(0..world.nodes.len()) }),
};

#[derive(Debug)]
struct Copies {
    node: usize,
}

impl Trouble for Copies {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, _random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let node = &world.nodes[self.node];
            let backup = node.disk().copy();
            sleep(lasts).await;
            node.put_back(backup);
            // What the node had not answered yet is gone.
            world.monitor.excuse();
            while node.is_copy() {
                sleep(node.kind.interval / 2).await;
            }
        })
    }
}
