//! ProVerif: one process for all queries of a file, whose results are matched by their order.

use crate::fault::Fault;
use crate::model::{Model, Verdict};
use crate::result::Answer;
use crate::scan::Property;
use std::path::Path;
use std::process::Command;

/// `proverif FILE` on the preprocessed file.
pub fn command(model: &Model, file: &Path) -> Command {
    let mut command = Command::new("proverif");
    command.args(&model.settings.arguments).arg(file);
    command
}

/// The model's text with these queries only: each query costs time, whether its verdict counts or not.
pub fn with_queries(text: &str, present: &[Property], asked: &[Property]) -> String {
    let is_asked = |property: &&Property| asked.iter().any(|other| other.name == property.name);
    let others = present.iter().filter(|property| !is_asked(property) && property.declaration.starts_with("query"));
    others.fold(text.to_string(), |text, property| {
        let declaration = &property.declaration;
        let end = [".\n", ". "].iter().filter_map(|end| declaration.find(end)).min();
        let query = end.and_then(|end| declaration.get(..=end)).unwrap_or(declaration);
        text.replacen(query, "", 1)
    })
}

const RULE: &str = "--------------------------------------------------------------";

/// The answers of the "Verification summary" at the end of the output, one line per query:
///
/// ```text
/// Query not attacker(s[]) is true.
/// Observational equivalence cannot be proved.
/// ```
pub fn parse(stdout: &str, properties: &[Property]) -> Result<Vec<Answer>, Fault> {
    let (before, summary) = stdout.rsplit_once("Verification summary:").ok_or(Fault::NoSummary)?;
    if let Some(warning) = warning(before) {
        return Err(Fault::Warning(warning));
    }
    let (summary, _) = summary.split_once(RULE).ok_or(Fault::CutOff)?;
    let mut verdicts = Vec::new();
    for line in summary.lines().map(|line| line.trim().trim_start_matches("- ")).filter(|line| !line.is_empty()) {
        let is_heading = line.ends_with("):");
        if line.starts_with("Lemma") {
            if !line.contains(" is true") || line.contains(" is false") || line.contains("cannot be proved") {
                return Err(Fault::Unknown(line.to_string()));
            }
        } else if !is_heading && !line.starts_with("Axiom") && !line.starts_with("Restriction") {
            verdicts.push(verdict(line).ok_or_else(|| Fault::Unknown(line.to_string()))?);
        }
    }
    if verdicts.len() != properties.len() {
        return Err(Fault::Count { queries: properties.len(), results: verdicts.len() });
    }
    let answer = |(property, verdict): (&Property, Verdict)| Answer {
        name: property.name.clone(),
        verdict: Some(verdict),
        steps: None,
    };
    Ok(properties.iter().zip(verdicts).map(answer).collect())
}

fn verdict(line: &str) -> Option<Verdict> {
    let line = line.strip_suffix('.')?;
    [(" is true", Verdict::True), (" is false", Verdict::False), (" cannot be proved", Verdict::CannotBeProved)]
        .into_iter()
        .find_map(|(end, verdict)| line.ends_with(end).then_some(verdict))
}

/// A warning about the text of the model stands below the place that it is about: `File "...", line 4, characters 28-29:`. ProVerif's
/// remarks on processes that it made itself name no file, and are none about the model.
fn warning(output: &str) -> Option<String> {
    let mut previous = "";
    for line in output.lines() {
        if line.starts_with("Warning: ") && previous.starts_with("File ") {
            let place = previous.split_once(", ").map_or("", |(_, place)| place);
            return Some(format!("{place} {}", line.trim_start_matches("Warning: ")));
        }
        previous = line;
    }
    None
}
