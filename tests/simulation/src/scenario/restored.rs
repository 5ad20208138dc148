//! The gateway's store is put back from a backup, or is lost and made anew.

use super::{Doing, Scenario, Trouble};
use crate::world::World;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "restored",
    about: "the gateway's store is put back from a backup, or made anew",
    strangers: false,
    draw: |_, random| Arc::new(Restored { from_backup: random.gen_bool(0.6) }),
};

#[derive(Debug)]
struct Restored {
    from_backup: bool,
}

impl Trouble for Restored {
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, _random: StdRng) -> Doing<'a> {
        Box::pin(async move {
            let backup = if self.from_backup { world.gateway.medium.backup() } else { Vec::new() };
            sleep(lasts).await;
            world.gateway.kill("is restored", |medium| medium.restore(backup));
            // What came after the backup is gone.
            world.monitor.excuse();
        })
    }
}
