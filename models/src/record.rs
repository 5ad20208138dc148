//! `models/verdicts.toml`: what was proved of which text, by whom and how fast.

use crate::model::{Model, ModelError, Variant, Verdict};
use crate::plan::{Filter, jobs};
use crate::result::Row;
use crate::tool::Tool;
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
    /// Versions of the tools that ran.
    tools: BTreeMap<Tool, String>,
    verdicts: Vec<RecordedVerdict>,
}

/// A verdict, and the runs that gave it; of those that gave another, nothing is recorded.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct RecordedVerdict {
    property: String,
    #[serde(rename = "in")]
    variant: Option<String>,
    verdict: String,
    #[serde(flatten)]
    runs: BTreeMap<Tool, Run>,
}

/// What one tool took for a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Run {
    /// Proof steps; Tamarin only.
    pub steps: Option<u64>,
    /// Wall-clock seconds.
    pub seconds: f64,
}

impl RecordedVerdict {
    fn key(&self) -> Key {
        (self.variant.clone().unwrap_or_default(), self.property.clone())
    }
}

/// Variant and property.
type Key = (String, String);

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
    /// What it took.
    pub run: Run,
}

const HEAD: &str = "# What the provers said of each model, written by `cargo prove --record`. sha256 is that of what the prover reads, in all variants: a
# model that has changed must be proved again. seconds are those of the process that gave the verdict. Where a tool is not named, it has not run.
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
            let tools = record.tools.iter().map(|(tool, version)| format!("{} = \"{version}\"", tool.key()));
            let _ = write!(text, "\n[\"{path}\"]\nsha256 = \"{}\"\n", record.sha256);
            let _ = write!(text, "tools = {{ {} }}\nverdicts = [\n", tools.collect::<Vec<_>>().join(", "));
            for verdict in &record.verdicts {
                let _ = writeln!(text, "  {{ {} }},", verdict.to_toml());
            }
            text.push_str("]\n");
        }
        text
    }

    /// Takes what one tool said of a model, if it is as the model expects, and if there is then a verdict for all that the model
    /// expects. Earlier runs on the same text by the same version stay, and so do those of the other tools. A run that came to no end
    /// is left out. Returns whether the record was taken.
    pub fn take(&mut self, model: &Model, tool: Tool, version: &str, rows: &[Row]) -> Result<bool, ModelError> {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.model == model.path && row.tool == tool).collect();
        if rows.iter().any(|row| row.deviation().is_some() && !row.is_unfinished()) {
            return Ok(false);
        }
        let sha256 = model.sha256();
        let version: String = version.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
        let earlier = self.0.get(&model.path).filter(|record| record.sha256 == sha256);
        let mut record = earlier.cloned().unwrap_or(Record { sha256, tools: BTreeMap::new(), verdicts: Vec::new() });
        if record.tools.insert(tool, version.clone()).is_some_and(|other| other != version) {
            record.forget(tool);
        }
        rows.into_iter().for_each(|row| record.add(row));
        record.sort(model)?;
        let complete = record.deviations(model)?.is_empty();
        if complete {
            self.0.insert(model.path.clone(), record);
        }
        Ok(complete)
    }

    /// Forgets the models that no longer exist.
    pub fn keep(&mut self, models: &[Model]) {
        self.0.retain(|path, _| models.iter().any(|model| model.path == *path));
    }

    /// The verdict on the model as it is now, by the reference if that has run.
    pub fn find(&self, model: &Model, variant: &Variant, property: &str) -> Option<Recorded> {
        Tool::of(model.prover).iter().find_map(|&tool| self.find_by(tool, model, variant, property))
    }

    /// The verdict of one tool on the model as it is now.
    pub fn find_by(&self, tool: Tool, model: &Model, variant: &Variant, property: &str) -> Option<Recorded> {
        let record = self.0.get(&model.path).filter(|record| record.sha256 == model.sha256())?;
        let key = (variant.to_string(), property.to_string());
        let found = record.verdicts.iter().find(|verdict| verdict.key() == key)?;
        let verdict = model.prover.verdict(&found.verdict)?;
        found.runs.get(&tool).map(|&run| Recorded { verdict, run })
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
    /// Drops the runs of a tool.
    fn forget(&mut self, tool: Tool) {
        for verdict in &mut self.verdicts {
            verdict.runs.remove(&tool);
        }
        self.verdicts.retain(|verdict| !verdict.runs.is_empty());
    }

    /// Takes one row over, unless it came to no verdict.
    fn add(&mut self, row: &Row) {
        let (Ok(verdict), Some(seconds)) = (&row.outcome, row.seconds) else { return };
        let new = RecordedVerdict {
            property: row.property.clone(),
            variant: (!row.variant.is_protocol()).then(|| row.variant.to_string()),
            verdict: verdict.to_string(),
            runs: BTreeMap::from([(row.tool, Run { steps: row.steps, seconds })]),
        };
        match self.verdicts.iter_mut().find(|verdict| verdict.key() == new.key()) {
            Some(known) => known.runs.extend(new.runs),
            None => self.verdicts.push(new),
        }
    }

    /// In the order of the model.
    fn sort(&mut self, model: &Model) -> Result<(), ModelError> {
        let order: Vec<Key> = expected(model)?.into_iter().map(|(key, _)| key).collect();
        self.verdicts.sort_by_key(|verdict| order.iter().position(|key| *key == verdict.key()));
        Ok(())
    }

    fn deviations(&self, model: &Model) -> Result<Vec<String>, ModelError> {
        if self.sha256 != model.sha256() {
            return Ok(vec![format!("{} was changed after it was proved", model.path)]);
        }
        let expected: BTreeMap<Key, String> = expected(model)?.into_iter().collect();
        let recorded: BTreeMap<Key, String> =
            self.verdicts.iter().map(|verdict| (verdict.key(), verdict.verdict.clone())).collect();
        let keys: BTreeSet<_> = expected.keys().chain(recorded.keys()).collect();
        let differing = keys.into_iter().filter(|key| expected.get(*key) != recorded.get(*key));
        let word = |verdict: Option<&String>| verdict.map_or("nothing".to_string(), String::clone);
        let sentence = |key: &Key| {
            let place = if key.0.is_empty() { String::new() } else { format!(" in {}", key.0) };
            let (expected, recorded) = (word(expected.get(key)), word(recorded.get(key)));
            format!("{}: {}{place}: expected {expected}, recorded {recorded}", model.path, key.1)
        };
        Ok(differing.map(sentence).collect())
    }
}

impl RecordedVerdict {
    fn to_toml(&self) -> String {
        let variant = self.variant.as_ref().map_or(String::new(), |variant| format!("in = \"{variant}\", "));
        let runs = self.runs.iter().map(|(tool, run)| {
            let steps = run.steps.map_or(String::new(), |steps| format!("steps = {steps}, "));
            format!(", {} = {{ {steps}seconds = {:.1} }}", tool.key(), run.seconds)
        });
        let runs: String = runs.collect();
        format!("property = \"{}\", {variant}verdict = \"{}\"{runs}", self.property, self.verdict)
    }
}

/// All that a model expects, in its order.
fn expected(model: &Model) -> Result<Vec<(Key, String)>, ModelError> {
    let jobs = jobs(std::slice::from_ref(model), &Filter::default())?;
    let judged =
        jobs.iter().flat_map(|job| job.judged.iter().map(|(property, verdict)| (job.variant, property, verdict)));
    let keyed =
        judged.map(|(variant, property, verdict)| ((variant.to_string(), property.name.clone()), verdict.to_string()));
    Ok(keyed.collect())
}
