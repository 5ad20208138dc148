//! `dke`: Delayed Key Exchange on the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    dke_cli::main()
}
