//! Constant time and instructions, by Valgrind. `tests/valgrind/run` builds and runs this.
//!
//! | command | under | does |
//! |---|---|---|
//! | `secrets` | memcheck | runs every function that touches a secret, the secret marked undefined; a branch or an address is then reported |
//! | `steps` | callgrind | runs each step of the protocol, and the bare operations of P-256 |
//! | `table DIR` | | tells callgrind's counts in DIR, as the file INSTRUCTIONS.md has them |
//! | `compare DIR FILE` | | fails if a count in DIR is more than 2 % away from the one in FILE |

mod app;
mod counts;
mod leaky;
mod log;
mod protocol;
mod requests;
mod steps;
mod watched;
mod world;

use dke::RustCrypto;
use dke::crypto::AwsLc;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["secrets"] => secrets(),
        ["steps"] => {
            steps::run();
            ExitCode::SUCCESS
        }
        ["table", directory] => {
            print!("{}", counts::table(&counts::read(Path::new(directory))));
            ExitCode::SUCCESS
        }
        ["compare", directory, file] => compare(Path::new(directory), Path::new(file)),
        _ => {
            eprintln!("tests/valgrind/run runs this.");
            ExitCode::from(2)
        }
    }
}

fn secrets() -> ExitCode {
    assert!(requests::running(), "this runs under Valgrind");
    let mut log = log::Log::default();
    leaky::check(&mut log);
    let ends = protocol::check::<RustCrypto>(&mut log.under("RustCrypto"));
    app::check(&mut log.under("dke-app"), &ends);
    protocol::check::<AwsLc>(&mut log.under("AWS-LC"));
    log.finish();
    result(log.passed, log.failed)
}

fn compare(directory: &Path, file: &Path) -> ExitCode {
    let table = std::fs::read_to_string(file).expect("the recorded table");
    let (lines, failed) = counts::compare(&counts::read(directory), &table);
    for line in &lines {
        println!("{line}");
    }
    result(lines.len() - failed, failed)
}

/// As `cargo test` tells it.
fn result(passed: usize, failed: usize) -> ExitCode {
    println!("\ntest result: {}. {passed} passed; {failed} failed", if failed == 0 { "ok" } else { "FAILED" });
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
