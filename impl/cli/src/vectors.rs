//! `dke vectors check`: the implementation against a file of test vectors.

use crate::args;
use crate::fault::Fault;
use crate::files;
use crate::report::Report;
use dke::RustCrypto;
use dke_vectors::form::{Exchange, File, Rejection};
use dke_vectors::{Mismatch, check_application, check_calls, check_exchange, check_rejection};
use std::path::Path;

/// `dke vectors ...`.
pub(crate) fn run(command: &args::Vectors) -> Result<Report, Fault> {
    match command {
        args::Vectors::Check { file, exchanges } => check(file, exchanges.as_deref()),
    }
}

fn check(path: &Path, exchanges: Option<&Path>) -> Result<Report, Fault> {
    let report = Report::new().with("file", path.display().to_string());
    match read(path)? {
        File::Exchanges(vectors) => {
            let mut compared = 0;
            for vector in &vectors {
                compared +=
                    check_exchange::<RustCrypto>(vector).map_err(|mismatch| disagreement(path, &mismatch))?.len();
            }
            Ok(report.with("kind", "exchanges").with("vectors", vectors.len()).with("members_compared", compared))
        }
        File::Rejections(vectors) => {
            let beside = path.with_file_name("exchanges.json");
            let bases = exchanges.unwrap_or(&beside);
            let File::Exchanges(exchanges) = read(bases)? else {
                return Err(Fault::usage("These are no complete exchanges.").about(bases));
            };
            for vector in &vectors {
                let base = base(&exchanges, vector).map_err(|fault| fault.about(path))?;
                check_rejection::<RustCrypto>(base, vector).map_err(|mismatch| disagreement(path, &mismatch))?;
            }
            Ok(report.with("kind", "rejections").with("vectors", vectors.len()))
        }
        File::Applications(vectors) => {
            let mut compared = 0;
            for vector in &vectors {
                compared += check_application(vector).map_err(|mismatch| disagreement(path, &mismatch))?;
            }
            Ok(report.with("kind", "application").with("vectors", vectors.len()).with("members_compared", compared))
        }
        File::Calls(vectors) => {
            let mut compared = 0;
            for vector in &vectors {
                compared += check_calls(vector).map_err(|mismatch| disagreement(path, &mismatch))?;
            }
            Ok(report.with("kind", "calls").with("vectors", vectors.len()).with("members_compared", compared))
        }
    }
}

fn base<'a>(exchanges: &'a [Exchange], rejection: &Rejection) -> Result<&'a Exchange, Fault> {
    let found = exchanges.iter().find(|exchange| exchange.name == rejection.base);
    found.ok_or_else(|| Fault::usage(format!("{}: its base {} is missing.", rejection.name, rejection.base)))
}

fn read(path: &Path) -> Result<File, Fault> {
    let bytes = files::read_large(path)?;
    let file = File::parse(&bytes)
        .map_err(|error| Fault::usage(format!("This is no file of vectors: {error}.")).about(path))?;
    let empty = match &file {
        File::Exchanges(vectors) => vectors.is_empty(),
        File::Rejections(vectors) => vectors.is_empty(),
        File::Applications(vectors) => vectors.is_empty(),
        File::Calls(vectors) => vectors.is_empty(),
    };
    if empty { Err(Fault::usage("There is no vector in it.").about(path)) } else { Ok(file) }
}

/// What is not of a vector's form is bad input; a vector that says something else is the result of the check.
fn disagreement(path: &Path, mismatch: &Mismatch) -> Fault {
    match mismatch {
        Mismatch::Form { .. } => Fault::usage(format!("{mismatch}.")).about(path),
        _ => Fault::Failed(format!("{}: {mismatch}.", path.display())),
    }
}
