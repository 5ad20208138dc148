//! What the prover said, and what that is worth.

use crate::fault::Fault;
use crate::model::{Variant, Verdict};
use crate::plan::Job;
use crate::scan::Property;
use crate::tool::Tool;
use std::collections::BTreeMap;

/// One line of a prover's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The property.
    pub name: String,
    /// `None`: not analysed, or not to the end.
    pub verdict: Option<Verdict>,
    /// Proof steps; Tamarin only.
    pub steps: Option<u64>,
}

/// Where a verdict comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The prover, now.
    Now,
    /// `models/verdicts.toml`; the prover is not installed.
    Record,
}

/// One property of one model in one variant.
#[derive(Clone, Debug)]
pub struct Row {
    /// The model's path.
    pub model: String,
    /// Who was asked.
    pub tool: Tool,
    /// The variant.
    pub variant: Variant,
    /// The property.
    pub property: String,
    /// What must come out.
    pub expected: Verdict,
    /// What came out.
    pub outcome: Result<Verdict, Fault>,
    /// Proof steps.
    pub steps: Option<u64>,
    /// Wall-clock seconds of the process that gave the verdict.
    pub seconds: Option<f64>,
    /// Now or recorded.
    pub source: Source,
}

impl Row {
    /// What is wrong, in a sentence.
    pub fn deviation(&self) -> Option<String> {
        let what = match &self.outcome {
            Ok(verdict) if *verdict == self.expected => return None,
            Ok(verdict) => format!("expected {}, found {verdict}", self.expected),
            Err(fault) => fault.to_string(),
        };
        Some(format!("{}: {what} ({})", self.place(), self.tool))
    }

    /// Was the run stopped before it came to a verdict?
    pub fn is_unfinished(&self) -> bool {
        matches!(self.outcome, Err(Fault::TimedOut(_) | Fault::OutOfMemory(_) | Fault::Interrupted))
    }

    /// Model, property and variant.
    pub fn place(&self) -> String {
        let variant = if self.variant.is_protocol() { String::new() } else { format!(" in {}", self.variant) };
        format!("{}: {}{variant}", self.model, self.property)
    }
}

/// Where two tools do not say the same of a property, in sentences.
pub fn differences(rows: &[Row]) -> Vec<String> {
    let mut first: BTreeMap<String, (Tool, Verdict)> = BTreeMap::new();
    let mut differences = Vec::new();
    for row in rows {
        let Ok(verdict) = row.outcome else { continue };
        let &mut (tool, other) = first.entry(row.place()).or_insert((row.tool, verdict));
        if other != verdict {
            differences.push(format!("{}: {tool} says {other}, {} says {verdict}", row.place(), row.tool));
        }
    }
    differences
}

/// Judges what a job's prover said: the whole set of names must be that of the model, and each verdict the expected one.
pub fn judge(job: &Job<'_>, answers: Result<Vec<Answer>, Fault>, seconds: Option<f64>) -> Vec<Row> {
    let answers = answers.and_then(|answers| same_names(&job.present, &answers).map(|()| answers));
    job.judged
        .iter()
        .map(|(property, expected)| {
            let answer = answers.as_ref().map(|answers| answers.iter().find(|answer| answer.name == property.name));
            let (outcome, steps) = match answer {
                Err(fault) => (Err(fault.clone()), None),
                Ok(None) => (Err(Fault::Missing(property.name.clone())), None),
                Ok(Some(answer)) => (answer.verdict.ok_or(Fault::Incomplete), answer.steps),
            };
            let outcome = match job.rests_on(property, *expected) {
                Some(lemma) => Err(Fault::RestsOn(lemma)),
                None => outcome,
            };
            job.row(property, *expected, outcome, steps, seconds)
        })
        .collect()
}

fn same_names(present: &[Property], answers: &[Answer]) -> Result<(), Fault> {
    let count = |name: &str| answers.iter().filter(|answer| answer.name == name).count();
    if let Some(property) = present.iter().find(|property| count(&property.name) == 0) {
        return Err(Fault::Missing(property.name.clone()));
    }
    if let Some(answer) = answers.iter().find(|answer| count(&answer.name) > 1) {
        return Err(Fault::Twice(answer.name.clone()));
    }
    match answers.iter().find(|answer| present.iter().all(|property| property.name != answer.name)) {
        Some(answer) => Err(Fault::Extra(answer.name.clone())),
        None => Ok(()),
    }
}
