//! `cargo prove`.

use std::process::ExitCode;

fn main() -> ExitCode {
    dke_models::main()
}
