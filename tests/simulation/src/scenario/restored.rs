//! The gateway's store is put back from a backup, or is lost and made anew.

use super::{Doing, Scenario, Trouble};
use crate::world::{PATIENCE, World};
use rand::Rng as _;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "restored",
    about: "the gateway's store is put back from a backup, or made anew",
    strangers: false,
    draw: |world, random| {
        let busy = random.gen_bool(0.7).then(|| random.gen_range(0..world.nodes.len()));
        Arc::new(Restored { from_backup: random.gen_bool(0.6), busy })
    },
};

/// How often each client calls a busy node.
const ROUNDS: u32 = 4;

#[derive(Debug)]
struct Restored {
    from_backup: bool,
    /// Clients call this node after the backup was made, so that the gateway forgets which prekeys are used.
    busy: Option<usize>,
}

impl Trouble for Restored {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, _random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let end = Instant::now() + lasts;
            let backup = if self.from_backup { world.gateway.medium.backup() } else { Vec::new() };
            if let Some(node) = self.busy.map(|number| &world.nodes[number]) {
                for client in (0..ROUNDS).flat_map(|_| &world.clients) {
                    client.call(&node.credential, PATIENCE).await;
                }
                sleep(node.kind.interval.min(end.duration_since(Instant::now()))).await;
            } else {
                sleep_until(end).await;
            }
            world.gateway.kill("is restored", |medium| medium.restore(backup));
            // What came after the backup is gone.
            world.monitor.excuse();
        })
    }
}
