//! What the tests of a crate do not notice when the crate is changed.
//!
//! The changes are those that `cargo mutants --list` proposes. It would build and link all tests anew for each of them; here all of
//! them are built into one copy of the tree, each behind a switch that an environment variable turns on, and each is tried with
//! those tests only that reach it.
//!
//! ```text
//! list.rs    what cargo-mutants proposes
//! sites.rs   where that stands in the syntax tree
//! weave.rs   the source with all of it, behind switches
//! build.rs   the copy; what does not compile is taken out again
//! trial.rs   the tests, without a change and with each
//! ```

mod build;
mod list;
mod sites;
mod trial;
mod weave;

use build::Build;
use clap::Parser;
use list::Mutant;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use trial::Verdict;

/// Compiles all of cargo-mutants' changes to a crate at once, and counts those that its tests notice
#[derive(Parser)]
#[command(after_help = "Examples:
  cargo run -p dke-mutants -- dke-coap
  cargo run -p dke-mutants -- dke --with dke-vectors --file impl/core/src/node

Needs cargo-mutants. What was missed stands in target/mutants/CRATE/missed.txt.")]
struct Args {
    /// The crate that is changed, by its name
    package: String,
    /// Run this crate's tests, too
    #[arg(long, value_name = "CRATE")]
    with: Vec<String>,
    /// Only files whose path contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    file: String,
    /// Changes that are tried at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    jobs: usize,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let mutants = list::of(&args.package, &args.file)?;
    let out = PathBuf::from("target/mutants").join(&args.package);
    fs::create_dir_all(&out)?;
    let tree = tempfile::tempdir()?;
    let packages: Vec<&str> = [&args.package].into_iter().chain(&args.with).map(String::as_str).collect();
    let mut build = Build::of(tree.path(), &packages)?;
    let tests = build.tests(&mutants)?;
    let tried: Vec<&Mutant> = mutants.iter().filter(|one| build.holds(one.id)).collect();
    println!(
        "{}: {} changes, {} unviable, {} that a switch cannot express; {} are tried with {} test binaries.",
        args.package,
        mutants.len(),
        build.unviable.len(),
        build.inexpressible.len(),
        tried.len(),
        tests.len()
    );
    let names =
        |ids: &[u32]| -> String { mutants.iter().filter(|one| ids.contains(&one.id)).map(Mutant::line).collect() };
    fs::write(out.join("unviable.txt"), names(&build.unviable))?;
    fs::write(out.join("inexpressible.txt"), names(&build.inexpressible))?;
    let verdicts = trial::run(&tests, &tried, tree.path(), args.jobs)?;
    let with = |wanted: Verdict| verdicts.iter().filter(move |(_, verdict)| *verdict == wanted);
    let missed: Vec<u32> = with(Verdict::Missed).map(|(id, _)| *id).collect();
    fs::write(out.join("missed.txt"), names(&missed))?;
    let caught = tried.len() - missed.len();
    let percent = 100.0 * caught as f64 / tried.len().max(1) as f64;
    println!(
        "{}: {caught} of {} caught ({percent:.1} %), {} of them by a time limit; {} missed:",
        args.package,
        tried.len(),
        with(Verdict::Late).count(),
        missed.len()
    );
    print!("{}", names(&missed));
    Ok(())
}
