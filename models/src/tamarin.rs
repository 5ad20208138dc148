//! Tamarin, stock or ported: one process per lemma, so that each has its own time, limits and proof.

use crate::fault::Fault;
use crate::model::{Model, Variant, Verdict};
use crate::result::Answer;
use crate::tool::{Installed, Tool};
use std::path::Path;
use std::process::Command;

/// How a Tamarin is started.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Which it is.
    pub tool: Tool,
    /// Its command.
    pub command: &'static str,
}

impl Start {
    /// As it was found.
    pub fn of(installed: &Installed) -> Start {
        Start { tool: installed.tool, command: installed.command }
    }
}

/// `tamarin-prover FILE -D=FLAG ... --prove=LEMMA`, in the file's folder, so that no output contains a path of this machine.
pub fn command(start: Start, model: &Model, variant: &Variant, lemma: Option<&str>) -> Command {
    let mut command = Command::new(start.command);
    command.current_dir(model.file.parent().unwrap_or(Path::new(".")));
    command.arg(model.file.file_name().unwrap_or_default());
    command.args(variant.flags().map(|flag| format!("-D={flag}")));
    command.args(lemma.map(|lemma| format!("--prove={lemma}")));
    // The check of message derivation gives up after 5 s by default, and then warns: too early on a busy machine.
    command.arg("--derivcheck-timeout=600").args(&model.settings.arguments);
    if start.tool == Tool::Tamarin {
        // By default it takes every core for each of the processes that run side by side.
        command.args(["+RTS", "-N1", "-RTS"]);
    }
    command
}

/// Opens Tamarin's own interface on the model.
pub fn interactive(start: Start, model: &Model, variant: &Variant) -> Command {
    let mut command = Command::new(start.command);
    command.current_dir(model.file.parent().unwrap_or(Path::new(".")));
    command.arg("interactive").arg(model.file.file_name().unwrap_or_default());
    command.args(variant.flags().map(|flag| format!("-D={flag}"))).args(&model.settings.arguments);
    command
}

/// The Maude that it worked with, as the theory that it prints names it.
pub fn maude(stdout: &str) -> Option<&str> {
    stdout.lines().find_map(|line| line.strip_prefix("Maude version ")).map(str::trim)
}

const RULE: &str = "==============================================================================";

/// The answers of the "summary of summaries" at the end of the output:
///
/// ```text
///   key_origin (all-traces): verified (80 steps)
///   key_unique (all-traces): falsified - found trace (12 steps)
/// ```
pub fn parse(stdout: &str) -> Result<Vec<Answer>, Fault> {
    let (theory, summary) = stdout.rsplit_once("summary of summaries:").ok_or(Fault::NoSummary)?;
    if let Some((_, report)) = theory.split_once("WARNING: the following wellformedness checks failed!") {
        return Err(Fault::Warning(first_words(report)));
    }
    if !summary.trim_end().ends_with(RULE) {
        return Err(Fault::CutOff);
    }
    let mut answers = Vec::new();
    for line in summary.lines().map(str::trim).filter(|line| !line.is_empty() && *line != RULE) {
        if line.starts_with("WARNING") {
            return Err(Fault::Warning(line.trim_start_matches("WARNING: ").to_string()));
        }
        if !["analyzed:", "output:", "processing time:"].iter().any(|heading| line.starts_with(heading)) {
            answers.push(answer(line).ok_or_else(|| Fault::Unknown(line.to_string()))?);
        }
    }
    Ok(answers)
}

fn answer(line: &str) -> Option<Answer> {
    let (name, rest) = line.split_once(" (all-traces): ").or_else(|| line.split_once(" (exists-trace): "))?;
    let (verdict, steps) = rest.strip_suffix(" steps)")?.rsplit_once(" (")?;
    let verdict = match verdict {
        "verified" => Some(Verdict::Verified),
        "falsified - found trace" | "falsified - no trace found" => Some(Verdict::Falsified),
        incomplete if incomplete.starts_with("analysis ") => None,
        _ => return None,
    };
    Some(Answer { name: name.to_string(), verdict, steps: Some(steps.parse().ok()?) })
}

/// Of the report of failed checks, the first topic.
fn first_words(report: &str) -> String {
    let words = report.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("==="));
    words.take(3).collect::<Vec<_>>().join(" / ")
}
