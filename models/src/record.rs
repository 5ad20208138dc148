//! `models/verdicts.toml`: what was proved of which text, by whom and how fast.

use crate::model::{Model, ModelError, Prover, Variant, Verdict};
use crate::plan::{Filter, jobs};
use crate::result::Row;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// All records, by the model's path.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Records(BTreeMap<String, Record>);

/// What is known of one model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Record {
    sha256: String,
    prover: Prover,
    version: String,
    verdicts: Vec<RecordedVerdict>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct RecordedVerdict {
    property: String,
    #[serde(rename = "in")]
    variant: Option<String>,
    verdict: String,
    steps: Option<u64>,
    seconds: f64,
}

impl RecordedVerdict {
    fn key(&self) -> (String, String) {
        (self.variant.clone().unwrap_or_default(), self.property.clone())
    }
}

/// Why the records cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file.
    #[error("{0} cannot be read or written: {1}")]
    File(String, std::io::Error),
    /// Its content.
    #[error("{0}: {1}")]
    Content(String, toml::de::Error),
}

/// A recorded verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recorded {
    /// The verdict.
    pub verdict: Verdict,
    /// Proof steps.
    pub steps: Option<u64>,
    /// Seconds that it took.
    pub seconds: f64,
}

const HEAD: &str = "# What the provers said of each model, written by `cargo prove --record`. sha256 is that of the model with its includes: a model
# that has changed must be proved again. seconds are those of the process that gave the verdict.
";

impl Records {
    /// Reads the file; none is an empty one.
    pub fn read(file: &Path) -> Result<Records, RecordError> {
        let name = file.display().to_string();
        match std::fs::read_to_string(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Records::default()),
            Err(error) => Err(RecordError::File(name, error)),
            Ok(text) => toml::from_str(&text).map_err(|error| RecordError::Content(name, error)),
        }
    }

    /// Writes the file.
    pub fn write(&self, file: &Path) -> Result<(), RecordError> {
        std::fs::write(file, self.to_toml()).map_err(|error| RecordError::File(file.display().to_string(), error))
    }

    fn to_toml(&self) -> String {
        let mut text = HEAD.to_string();
        for (path, record) in &self.0 {
            // Nothing here needs an escape: names, flags, digits, and versions without quotes.
            let _ = write!(text, "\n[\"{path}\"]\nsha256 = \"{}\"\n", record.sha256);
            let _ = write!(text, "prover = \"{}\"\nversion = \"{}\"\nverdicts = [\n", record.prover, record.version);
            for verdict in &record.verdicts {
                let variant = verdict.variant.as_ref().map_or(String::new(), |variant| format!("in = \"{variant}\", "));
                let steps = verdict.steps.map_or(String::new(), |steps| format!("steps = {steps}, "));
                let (property, word, seconds) = (&verdict.property, &verdict.verdict, verdict.seconds);
                let line =
                    format!("property = \"{property}\", {variant}verdict = \"{word}\", {steps}seconds = {seconds:.1}");
                let _ = writeln!(text, "  {{ {line} }},");
            }
            text.push_str("]\n");
        }
        text
    }

    /// Takes the rows of one model, if they are all that it expects and as it expects them. Returns whether they are.
    pub fn take(&mut self, model: &Model, version: &str, rows: &[Row]) -> Result<bool, ModelError> {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.model == model.path).collect();
        let record = Record {
            sha256: model.sha256(),
            prover: model.prover,
            version: version.chars().filter(|c| !matches!(c, '"' | '\\')).collect(),
            verdicts: rows.iter().filter_map(|row| recorded(row)).collect(),
        };
        let complete = record.deviations(model)?.is_empty() && record.verdicts.len() == rows.len();
        if complete {
            self.0.insert(model.path.clone(), record);
        }
        Ok(complete)
    }

    /// Forgets the models that no longer exist.
    pub fn keep(&mut self, models: &[Model]) {
        self.0.retain(|path, _| models.iter().any(|model| model.path == *path));
    }

    /// The verdict of the model as it is now.
    pub fn find(&self, model: &Model, variant: &Variant, property: &str) -> Option<Recorded> {
        let record = self.0.get(&model.path).filter(|record| record.sha256 == model.sha256())?;
        let key = (variant.to_string(), property.to_string());
        let found = record.verdicts.iter().find(|verdict| verdict.key() == key)?;
        let verdict = model.prover.verdict(&found.verdict)?;
        Some(Recorded { verdict, steps: found.steps, seconds: found.seconds })
    }

    /// All that keeps the records from speaking for the models, in sentences.
    pub fn deviations(&self, models: &[Model]) -> Result<Vec<String>, ModelError> {
        let mut deviations = Vec::new();
        for model in models {
            match self.0.get(&model.path) {
                None => deviations.push(format!("{} has no record: it was never proved as a whole", model.path)),
                Some(record) => deviations.extend(record.deviations(model)?),
            }
        }
        let known: BTreeSet<&String> = models.iter().map(|model| &model.path).collect();
        let gone = self.0.keys().filter(|path| !known.contains(path));
        deviations.extend(gone.map(|path| format!("{path} has a record, but does not exist")));
        Ok(deviations)
    }
}

impl Record {
    fn deviations(&self, model: &Model) -> Result<Vec<String>, ModelError> {
        if self.sha256 != model.sha256() {
            return Ok(vec![format!("{} was changed after it was proved", model.path)]);
        }
        let jobs = jobs(std::slice::from_ref(model), &Filter::default())?;
        let expected: BTreeMap<(String, String), String> = jobs
            .iter()
            .flat_map(|job| job.judged.iter().map(|(property, verdict)| (job.variant, property, verdict)))
            .map(|(variant, property, verdict)| ((variant.to_string(), property.name.clone()), verdict.to_string()))
            .collect();
        let recorded: BTreeMap<(String, String), String> =
            self.verdicts.iter().map(|verdict| (verdict.key(), verdict.verdict.clone())).collect();
        let keys: BTreeSet<_> = expected.keys().chain(recorded.keys()).collect();
        let differing = keys.into_iter().filter(|key| expected.get(*key) != recorded.get(*key));
        let word = |verdict: Option<&String>| verdict.map_or("nothing".to_string(), String::clone);
        let sentence = |key: &(String, String)| {
            let place = if key.0.is_empty() { String::new() } else { format!(" in {}", key.0) };
            let (expected, recorded) = (word(expected.get(key)), word(recorded.get(key)));
            format!("{}: {}{place}: expected {expected}, recorded {recorded}", model.path, key.1)
        };
        Ok(differing.map(sentence).collect())
    }
}

fn recorded(row: &Row) -> Option<RecordedVerdict> {
    Some(RecordedVerdict {
        property: row.property.clone(),
        variant: (!row.variant.is_protocol()).then(|| row.variant.to_string()),
        verdict: row.outcome.as_ref().ok()?.to_string(),
        steps: row.steps,
        seconds: row.seconds?,
    })
}
