//! What a run consists of: drawn from the seed, and smaller where a smaller one shows the same.

use crate::random::{Seed, between};
use crate::scenario::{ALL, Scenario, Trouble};
use crate::time::{DAY, HOUR, shown};
use crate::world::World;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The plan of a run.
#[derive(Clone)]
pub struct Plan {
    /// The seed of world and plan.
    pub seed: u64,
    /// Chapters one after the other; when one ends, everything is mended, and must work.
    pub chapters: Vec<Chapter>,
}

/// Some troubles, one beside the other.
#[derive(Clone)]
pub struct Chapter {
    /// How long everyday life goes on in it.
    pub lasts: Duration,
    /// What happens.
    pub incidents: Vec<Incident>,
}

/// One trouble.
#[derive(Clone)]
pub struct Incident {
    /// Its kind.
    pub name: &'static str,
    /// Only strangers without keys act.
    pub strangers: bool,
    /// When it begins, from the chapter's beginning.
    pub after: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What it does.
    pub trouble: Arc<dyn Trouble>,
    /// Its randomness.
    pub seed: Seed,
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (after, lasts) = (shown(self.after), shown(self.lasts));
        write!(f, "{:10} from {} for {}: {:?}", self.name, after.trim(), lasts.trim(), self.trouble)
    }
}

impl Plan {
    /// Draws the plan for a seed. `only`: kinds of trouble that may happen; all if there are none.
    pub fn draw(seed: u64, world: &World, only: &[String]) -> Plan {
        let allowed = |scenario: &&Scenario| only.is_empty() || only.iter().any(|name| name == scenario.name);
        let kinds: Vec<&Scenario> = ALL.iter().filter(allowed).collect();
        let of = Seed::new(seed).of("plan");
        let mut random = of.stream("chapters");
        let chapters = (0..random.gen_range(2..=4)).map(|number| chapter(of, number, world, &kinds, &mut random));
        Plan { seed, chapters: chapters.collect() }
    }

    /// All ways to make it smaller by one step, the largest step first.
    pub fn smaller(&self) -> Vec<Plan> {
        let mut smaller = Vec::new();
        for number in 0..self.chapters.len() {
            let mut plan = self.clone();
            plan.chapters.remove(number);
            smaller.push(plan);
        }
        for (chapter, incident) in self.incidents() {
            let mut plan = self.clone();
            plan.chapters[chapter].incidents.remove(incident);
            smaller.push(plan);
        }
        for (chapter, incident) in self.incidents() {
            let mut plan = self.clone();
            let one = &mut plan.chapters[chapter].incidents[incident];
            if one.lasts > HOUR {
                one.lasts /= 2;
                smaller.push(plan);
            }
        }
        smaller
    }

    fn incidents(&self) -> impl Iterator<Item = (usize, usize)> {
        let of = |(number, chapter): (usize, &Chapter)| (0..chapter.incidents.len()).map(move |one| (number, one));
        self.chapters.iter().enumerate().flat_map(of)
    }
}

fn chapter(of: Seed, number: u32, world: &World, kinds: &[&Scenario], random: &mut StdRng) -> Chapter {
    let lasts = between(random, 4 * DAY, 45 * DAY);
    let incident = |count: u32, random: &mut StdRng| {
        let scenario = kinds[random.gen_range(0..kinds.len())];
        let after = between(random, Duration::ZERO, lasts / 2);
        Incident {
            name: scenario.name,
            strangers: scenario.strangers,
            after,
            lasts: between(random, Duration::from_secs(60), lasts - after),
            trouble: (scenario.draw)(world, random),
            seed: of.of(&format!("incident {number} {count}")),
        }
    };
    let count = if kinds.is_empty() { 0 } else { random.gen_range(1..=3) };
    Chapter { lasts, incidents: (0..count).map(|count| incident(count, random)).collect() }
}
