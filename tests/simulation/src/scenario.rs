//! The troubles: one file for each kind. To add one, write a file like the others, and a line in [`ALL`].

mod clocks;
mod copies;
mod disks;
mod exhaust;
mod flood;
mod kills;
mod liar;
mod losses;
mod moves;
mod partition;
mod restored;

use crate::world::World;
use rand::rngs::StdRng;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What a trouble does.
pub type Doing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A trouble, with all that was drawn for it.
pub trait Trouble: fmt::Debug + Send + Sync {
    /// Troubles the world for so long, and leaves everything mended.
    fn run<'a>(&'a self, world: &'a World, lasts: Duration, random: StdRng) -> Doing<'a>;
}

/// A kind of trouble.
pub struct Scenario {
    /// For people and `--only`.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Only strangers without keys act, within what one address may do.
    pub strangers: bool,
    /// Draws one.
    pub draw: fn(&World, &mut StdRng) -> Arc<dyn Trouble>,
}

/// All kinds.
pub const ALL: &[Scenario] = &[
    losses::SCENARIO,
    partition::SCENARIO,
    moves::SCENARIO,
    kills::SCENARIO,
    disks::SCENARIO,
    restored::SCENARIO,
    copies::SCENARIO,
    clocks::SCENARIO,
    exhaust::SCENARIO,
    flood::SCENARIO,
    liar::SCENARIO,
];
