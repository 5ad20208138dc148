//! Many scripts, and what they came to.

use super::generate::script;
use super::script::Script;
use super::shrink::shrink;
use super::world::{Depth, Driven};
use super::{Finding, Outcome, Setting, run};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many scripts.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Scripts in all.
    pub scripts: u64,
    /// Of these, so many with the specification alongside, spread evenly.
    pub both: u64,
    /// Number of the first script.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
}

impl Plan {
    /// What the script of this place is run on.
    pub const fn driven(&self, place: u64) -> Driven {
        let share = place * self.both % self.scripts;
        if share < self.both { Driven::Both } else { Driven::Implementation }
    }
}

/// Sums over all scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Scripts.
    pub scripts: u64,
    /// Of these, with the specification alongside.
    pub both: u64,
    /// Actions.
    pub actions: u64,
    /// Scripts that reached an accepted Initiate.
    pub reached: u64,
    /// Sums of what the scripts reached.
    pub depth: Depth,
    /// Each part of each lemma, and in how many scripts its premise was met.
    pub met: Vec<(String, u64)>,
}

/// A script that came to something it must not.
#[derive(Debug)]
pub struct Failure {
    /// Number of the script.
    pub seed: u64,
    /// The script as small as it gets.
    pub script: Script,
    /// What it comes to.
    pub finding: Finding,
}

impl Report {
    fn add(&mut self, script: &Script, driven: Driven, outcome: &Outcome) {
        self.scripts += 1;
        self.both += u64::from(driven == Driven::Both);
        self.actions += script.0.len() as u64;
        self.reached += u64::from(outcome.depth.accepted > 0);
        self.depth.add(&outcome.depth);
        for ((_, count), met) in self.met.iter_mut().zip(&outcome.met) {
            *count += u64::from(*met);
        }
    }

    /// Why these runs do not show what they should, in sentences.
    pub fn shortcomings(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.reached * 10 < self.scripts * 6 {
            found.push(format!("only {} of {} scripts reach an accepted Initiate", self.reached, self.scripts));
        }
        let rare = self.met.iter().filter(|(_, count)| count * 100 < self.scripts);
        found.extend(rare.map(|(name, count)| format!("the premise of {name} is met in {count} scripts only")));
        found
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |count: u64| count as f64 * 100.0 / self.scripts.max(1) as f64;
        let Depth { initiated, accepted, confirmed, finished, rejected, idle } = self.depth;
        writeln!(
            f,
            "{} scripts, {} of them with the specification alongside: no lemma is violated",
            self.scripts, self.both
        )?;
        writeln!(f, "{} actions, {idle} with nothing to do, {rejected} messages rejected", self.actions)?;
        writeln!(f, "{initiated} initiated, {accepted} accepted, {confirmed} confirmed, {finished} finished")?;
        writeln!(f, "{:.1} % of the scripts reach an accepted Initiate", percent(self.reached))?;
        writeln!(f, "premise met, in % of the scripts:")?;
        self.met.iter().try_for_each(|(name, count)| writeln!(f, "  {name:<28} {:>5.1}", percent(*count)))
    }
}

/// Runs all scripts of the plan; ends at the first failure, which is made small. `progress` is told how many are done.
pub fn campaign(plan: &Plan, setting: &Setting, progress: &(dyn Fn(u64) + Sync)) -> Result<Report, Box<Failure>> {
    let names = setting.theory.parts.iter().map(|part| (part.name(), 0));
    let report = Mutex::new(Report { met: names.collect(), ..Report::default() });
    let failed: Mutex<Option<(u64, Driven, Finding)>> = Mutex::new(None);
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= plan.scripts || failed.lock().expect("no thread panics").is_some() {
                return;
            }
            let (script, driven) = (script(plan.seed + place), plan.driven(place));
            let outcome = run(&script, driven, &setting.theory, true);
            match outcome.findings.first() {
                Some((_, finding)) => {
                    let found = (plan.seed + place, driven, finding.clone());
                    failed.lock().expect("no thread panics").get_or_insert(found);
                }
                None => report.lock().expect("no thread panics").add(&script, driven, &outcome),
            }
            progress(place + 1);
        }
    };
    std::thread::scope(|scope| {
        (0..plan.threads.max(1)).for_each(|_| drop(scope.spawn(work)));
    });
    match failed.into_inner().expect("no thread panics") {
        None => Ok(report.into_inner().expect("no thread panics")),
        Some((seed, driven, finding)) => Err(Box::new(smallest(seed, driven, finding, setting))),
    }
}

fn smallest(seed: u64, driven: Driven, finding: Finding, setting: &Setting) -> Failure {
    let first = |script: &Script| run(script, driven, &setting.theory, true).findings.into_iter().next();
    let same_kind = |other: &Finding| match (&finding, other) {
        (Finding::Violation(one, _), Finding::Violation(other, _)) => one == other,
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    };
    let small = shrink(&script(seed), &mut |script| first(script).is_some_and(|(_, other)| same_kind(&other)));
    let finding = first(&small).map_or(finding.clone(), |(_, finding)| finding);
    Failure { seed, script: small, finding }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "script {}, made small:\n{}{}", self.seed, self.script, self.finding)
    }
}
