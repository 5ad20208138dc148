//! `cargo simulate`: runs the whole system for years.

use clap::Parser;
use dke_simulation::monitor::Counts;
use dke_simulation::plan::Plan;
use dke_simulation::run::{Report, plan, run};
use dke_simulation::scenario::ALL;
use dke_simulation::shrink::shrink;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::process::ExitCode;
use std::thread;

/// Runs the real gateway, nodes, clients and stores for years on simulated time, network and disks, among
/// strangers, and checks throughout what must hold. A seed that fails is made small and printed.
#[derive(Parser)]
struct Args {
    /// Simulated node-years in all.
    #[arg(long, default_value_t = 10.0)]
    years: f64,
    /// Seed of the first run; the next one has the next seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kinds of trouble that may happen (default: all; see --list).
    #[arg(long)]
    only: Vec<String>,
    /// Goes on after a failure, and counts; nothing is made small.
    #[arg(long)]
    keep_going: bool,
    /// Prints the transcript of each run.
    #[arg(long)]
    transcript: bool,
    /// Prints the sums only.
    #[arg(long)]
    summary: bool,
    /// Lists the kinds of trouble.
    #[arg(long)]
    list: bool,
}

#[derive(Default)]
struct Sums {
    runs: u64,
    years: f64,
    counts: Counts,
    datagrams: u64,
    failures: BTreeMap<String, u64>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.list {
        ALL.iter().for_each(|scenario| println!("{:10} {}", scenario.name, scenario.about));
        return ExitCode::SUCCESS;
    }
    let mut sums = Sums::default();
    let jobs = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut seeds = args.seed..;
    while sums.years < args.years {
        for (plan, report) in side_by_side(seeds.by_ref().take(jobs), &args.only) {
            // What ran beside the last one does not count: the sums depend on nothing but the arguments.
            if sums.years >= args.years {
                break;
            }
            sums.add(&report);
            if args.transcript {
                print(&plan, &report);
            }
            let Some(violation) = &report.violation else { continue };
            if !args.summary {
                eprintln!("seed {}: {violation}", plan.seed);
            }
            if !args.keep_going {
                let (small, report) = shrink(&plan, violation.property);
                print(&small, &report);
                return ExitCode::FAILURE;
            }
        }
    }
    sums.print();
    if sums.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs of several seeds, one on each processor, in the order of the seeds.
fn side_by_side(seeds: impl Iterator<Item = u64>, only: &[String]) -> Vec<(Plan, Report)> {
    thread::scope(|scope| {
        let one = |seed| {
            scope.spawn(move || {
                let plan = plan(seed, only);
                let report = run(&plan);
                (plan, report)
            })
        };
        let runs: Vec<_> = seeds.map(one).collect();
        runs.into_iter().map(|run| run.join().expect("a run does not panic")).collect()
    })
}

impl Sums {
    fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.years += report.node_years;
        self.datagrams += report.datagrams;
        let Counts { wakes, calls, answered, kills } = report.counts;
        self.counts.wakes += wakes;
        self.counts.calls += calls;
        self.counts.answered += answered;
        self.counts.kills += kills;
        if let Some(violation) = &report.violation {
            *self.failures.entry(format!("{:?}", violation.property)).or_default() += 1;
        }
    }

    fn print(&self) {
        let Counts { wakes, calls, answered, kills } = self.counts;
        println!("{} runs, {:.1} node-years", self.runs, self.years);
        println!("{wakes} wake-ups; {calls} calls, {answered} answered; {kills} kills; {} datagrams", self.datagrams);
        for (property, runs) in &self.failures {
            println!("{property} did not hold in {runs} runs");
        }
    }
}

fn print(plan: &Plan, report: &Report) {
    println!("seed {}", plan.seed);
    for (number, chapter) in plan.chapters.iter().enumerate() {
        println!("chapter {number}, {:.1} days", chapter.lasts.as_secs_f64() / 86_400.0);
        chapter.incidents.iter().for_each(|incident| println!("  {incident}"));
    }
    report.lines.iter().for_each(|line| println!("{line}"));
    println!("hash {}", hex::encode(report.hash));
}
