//! DKE beside its peers: what an exchange costs a constrained node. `cargo peers` prints it, `--write` writes `PEERS.md` and its chart,
//! `--test` runs everything twice and checks that the bytes and wake-ups in `PEERS.md` are those of this build.

mod chart;
mod dke;
mod edhoc;
mod energy;
mod exchange;
mod measure;
mod noise;
mod olm;
mod report;

use std::process::ExitCode;

const ROUNDS: usize = 1001;
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../PEERS.md");
const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../PEERS.svg");

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        None => print!("{}", report::document(&measure::run(ROUNDS), ROUNDS)),
        Some("--write") => {
            let run = measure::run(ROUNDS);
            std::fs::write(DOCUMENT, report::document(&run, ROUNDS)).expect("PEERS.md can be written");
            std::fs::write(CHART, chart::draw(&run)).expect("PEERS.svg can be written");
            print!("{}", report::verdicts(&run));
        }
        Some("--test") => return test(),
        Some(_) => {
            eprintln!("usage: cargo peers [--write | --test]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn test() -> ExitCode {
    match stale() {
        None => {
            println!("all peers ran; the bytes and wake-ups of PEERS.md are theirs");
            ExitCode::SUCCESS
        }
        Some(link) => {
            eprintln!("PEERS.md says something else than this; cargo peers --write\n{link}");
            ExitCode::FAILURE
        }
    }
}

/// Runs everything twice. The table that should stand in PEERS.md, if it does not.
fn stale() -> Option<String> {
    let run = measure::run(2);
    chart::draw(&run);
    let link = report::link(&run);
    let document = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    (!document.contains(&link)).then_some(link)
}

#[cfg(test)]
mod tests {
    #[test]
    fn peers_md_has_the_bytes_and_wake_ups_of_this_build() {
        assert_eq!(super::stale(), None);
    }
}
