//! Verifpal: one process for all queries of a file. A pass is one within its bounds.

use crate::fault::Fault;
use crate::model::{Model, Verdict};
use crate::result::Answer;
use crate::scan::Property;
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// `verifpal verify FILE --format json` on the preprocessed file.
pub fn command(model: &Model, file: &Path) -> Command {
    let mut command = Command::new("verifpal");
    command.arg("verify").arg(file).args(["--format", "json"]).args(&model.settings.arguments);
    command
}

#[derive(Deserialize)]
struct Report {
    models: Vec<ReportOfModel>,
}

#[derive(Deserialize)]
struct ReportOfModel {
    analysis: Option<Analysis>,
}

#[derive(Deserialize)]
struct Analysis {
    queries: Vec<Query>,
}

#[derive(Deserialize)]
struct Query {
    query: String,
    /// An attack was found.
    resolved: bool,
    envelope: Envelope,
}

#[derive(Deserialize)]
struct Envelope {
    /// Everything within the bounds was searched.
    exhausted: bool,
}

/// The answers of its report. A pass after a search that was cut short is none.
pub fn parse(stdout: &str, properties: &[Property]) -> Result<Vec<Answer>, Fault> {
    if stdout.trim().is_empty() {
        return Err(Fault::NoSummary);
    }
    let report: Report = serde_json::from_str(stdout).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Fault::Unknown(error.to_string()),
        _ => Fault::CutOff,
    })?;
    let analysis = report.models.into_iter().find_map(|model| model.analysis).ok_or(Fault::NoSummary)?;
    if analysis.queries.len() != properties.len() {
        return Err(Fault::Count { queries: properties.len(), results: analysis.queries.len() });
    }
    properties.iter().zip(&analysis.queries).map(|(property, query)| answer(property, query)).collect()
}

fn answer(property: &Property, query: &Query) -> Result<Answer, Fault> {
    // Verifpal answers in lower case: its names do not differ in case.
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    let line = property.declaration.lines().next().unwrap_or_default();
    if !words(&query.query).starts_with(&words(line.trim_end_matches('['))) {
        return Err(Fault::Extra(query.query.clone()));
    }
    let verdict = match (query.resolved, query.envelope.exhausted) {
        (true, _) => Some(Verdict::Fail),
        (false, true) => Some(Verdict::Pass),
        (false, false) => None,
    };
    Ok(Answer { name: property.name.clone(), verdict, steps: None })
}
