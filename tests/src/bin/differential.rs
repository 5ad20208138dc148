//! `cargo differential`: specification and implementation side by side over random runs.

use clap::Parser;
use dke_tests::differential::{Case, Tally, run};
use quickcheck::{Arbitrary, Gen};

/// Runs specification and implementation side by side and compares every byte, key, state and named error.
#[derive(Parser)]
#[command(after_help = "Examples:\n  cargo differential --cases 1000\n  cargo differential --seed 42 --steps 12")]
struct Arguments {
    /// Number of random runs
    #[arg(long, default_value_t = 100)]
    cases: u64,
    /// Reproduces one run instead
    #[arg(long)]
    seed: Option<u64>,
    /// Actions in that run
    #[arg(long, default_value_t = 12)]
    steps: u8,
}

fn main() {
    let arguments = Arguments::parse();
    let mut total = Tally::default();
    let mut generator = Gen::new(64);
    let cases = if arguments.seed.is_some() { 1 } else { arguments.cases };
    for number in 1..=cases {
        let case = match arguments.seed {
            Some(seed) => Case { seed, steps: arguments.steps },
            None => Case::arbitrary(&mut generator),
        };
        let Ok(tally) = std::panic::catch_unwind(|| run(case)) else {
            eprintln!("they differ; reproduce with: {case:?}");
            std::process::exit(1);
        };
        total.add(&tally);
        if number % 10 == 0 {
            eprintln!("{number}/{cases} runs");
        }
    }
    println!(
        "{cases} runs agree: {} actions, {} Initiates accepted, {} exchanges completed, {} messages rejected for {} reasons",
        total.actions,
        total.accepted,
        total.completed,
        total.rejections(),
        total.rejected.len()
    );
}
