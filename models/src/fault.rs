//! What can go wrong with a proof, one sentence each. No exit code counts as a verdict: the provers exit with 0 on a falsified property.

use crate::process::{Ended, Output};
use std::process::ExitStatus;

/// Why there is no verdict, or none that counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The process could not be started or read.
    #[error("{0} could not be run: {1}")]
    NotRun(String, String),
    /// The time limit.
    #[error("no verdict within {0} s")]
    TimedOut(u64),
    /// The memory limit.
    #[error("stopped at the memory limit of {0} MiB")]
    OutOfMemory(u64),
    /// The runner was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// It ended by itself, but not with 0.
    #[error("the prover ended with {status}: {said}")]
    Failed {
        /// Exit code or signal.
        status: String,
        /// Its own words.
        said: String,
    },
    /// No summary.
    #[error("the prover printed no summary")]
    NoSummary,
    /// A summary without its end.
    #[error("the prover's summary is cut off")]
    CutOff,
    /// A line of the summary that is none of the known ones.
    #[error("the prover's summary has a line that means nothing here: {0}")]
    Unknown(String),
    /// A warning about the model.
    #[error("the prover warns: {0}")]
    Warning(String),
    /// The summary has no line for it.
    #[error("{0} stands in the model, but not in the prover's summary")]
    Missing(String),
    /// The model has no such property.
    #[error("{0} stands in the prover's summary, but not in the model")]
    Extra(String),
    /// The summary has two lines for it.
    #[error("{0} stands twice in the prover's summary")]
    Twice(String),
    /// Results are matched by order; their number is wrong.
    #[error("the model has {queries} queries, the prover's summary {results} results")]
    Count {
        /// In the model.
        queries: usize,
        /// In the summary.
        results: usize,
    },
    /// The prover gave up, or searched only a part.
    #[error("the analysis is incomplete")]
    Incomplete,
    /// A lemma that others are proved with is not proved itself.
    #[error("its proof may use lemma {0}, which is not expected to be verified here")]
    RestsOn(String),
    /// A model without proof script.
    #[error("{0} does not exist")]
    NoScript(String),
    /// Script and model differ.
    #[error("the proof script is one of another model; the first difference is at `{0}`")]
    OtherModel(String),
    /// The prover is not installed, and no record speaks for this model.
    #[error("{0} is not on PATH, and models/verdicts.toml has no verdict for the model as it is now")]
    NoRecord(String),
}

/// The fault of a process that did not end normally, and what it said.
pub fn check_end(command: &str, output: std::io::Result<Output>, time: u64, memory: u64) -> Result<Output, Fault> {
    let output = output.map_err(|error| Fault::NotRun(command.to_string(), error.to_string()))?;
    match output.ended {
        Ended::Exit(status) if status.success() => Ok(output),
        Ended::Exit(status) => Err(Fault::Failed { status: describe(status), said: last_words(&output) }),
        Ended::TimeLimit => Err(Fault::TimedOut(time)),
        Ended::MemoryLimit => Err(Fault::OutOfMemory(memory)),
        Ended::Interrupted => Err(Fault::Interrupted),
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_string(),
    }
}

/// The last lines that it printed, on standard error if there are any.
fn last_words(output: &Output) -> String {
    let text = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default();
    if last.is_empty() { "it said nothing".to_string() } else { last.join(" / ") }
}
