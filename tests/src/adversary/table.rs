//! The table of weakened variants in `tests/ADVERSARY.md`: what the provers found (out of `models/verdicts.toml`), and what the
//! running code does (out of `tests/attacks/`).

use super::theory::folder;
use super::variants::{ALL, Attack, AttackError, Weakened};
use dke_models::model::{Model, ModelError, Prover, Variant, Verdict, discover};
use dke_models::record::{RecordError, Records};
use std::fmt::Write;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->";

/// Why there is no table.
#[derive(Debug)]
pub enum TableError {
    /// The models.
    Model(ModelError),
    /// The records.
    Record(RecordError),
    /// An attack file.
    Attack(String, AttackError),
}

/// The document with the table.
pub fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ADVERSARY.md")
}

/// The document with the table in its place.
pub fn replace(document: &str, table: &str) -> String {
    let (before, rest) = document.split_once(BEGIN).expect("the document has a place for the table");
    let (_, after) = rest.split_once(END).expect("the place has an end");
    format!("{before}{BEGIN}{table}{END}{after}")
}

/// What the provers have recorded.
pub struct Proved {
    models: Vec<Model>,
    records: Records,
}

impl Proved {
    /// Reads the models and their records.
    pub fn read() -> Result<Proved, TableError> {
        let models = discover(&folder()).map_err(TableError::Model)?;
        let records = Records::read(&folder().join("verdicts.toml")).map_err(TableError::Record)?;
        Ok(Proved { models, records })
    }

    /// Lemmas or queries for which a prover found an attack in this variant, with the number of steps where it tells one.
    pub fn attacks(&self, prover: Prover, flags: &str) -> Result<Vec<(String, Option<u64>)>, TableError> {
        let Ok(variant) = flags.parse::<Variant>() else { return Ok(Vec::new()) };
        let mut found: Vec<(String, Option<u64>)> = Vec::new();
        for model in self.models.iter().filter(|model| model.prover == prover) {
            for property in model.properties(&variant).map_err(TableError::Model)? {
                let recorded = self.records.find(model, &variant, &property.name);
                let Some(recorded) = recorded else { continue };
                let is_attack = matches!(recorded.verdict, Verdict::False)
                    || recorded.verdict == Verdict::Falsified && !property.role.exists_trace;
                if is_attack && !property.role.reuse {
                    found.push((property.name, recorded.run.steps));
                }
            }
        }
        Ok(found)
    }

    /// Lemmas that the models expect to fall in this variant, proved yet or not.
    pub fn expected(&self, prover: Prover, flags: &str) -> Result<Vec<String>, TableError> {
        let Ok(variant) = flags.parse::<Variant>() else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for model in self.models.iter().filter(|model| model.prover == prover) {
            let properties = model.properties(&variant).map_err(TableError::Model)?.into_iter();
            let falls = properties
                .filter(|one| !one.role.exists_trace && one.expected.of(&variant) == Some(Verdict::Falsified));
            names.extend(falls.map(|property| property.name));
        }
        Ok(names)
    }

    fn cell(&self, prover: Prover, flags: &str) -> Result<String, TableError> {
        let show = |(name, steps): (String, Option<u64>)| match steps {
            Some(steps) => format!("{name} ({steps} steps)"),
            None => name,
        };
        let cell = self.attacks(prover, flags)?.into_iter().map(show).collect::<Vec<_>>().join(", ");
        Ok(if cell.is_empty() { "–".to_string() } else { cell })
    }
}

/// The table.
pub fn table() -> Result<String, TableError> {
    let proved = Proved::read()?;
    let mut text = String::from(
        "| variant | Tamarin | ProVerif | running code: lemmas violated | actions | runs |\n|---|---|---|---|---|---|\n",
    );
    for Weakened { flags, expected } in ALL {
        let attack = Attack::read(flags).map_err(|error| TableError::Attack(flags.to_string(), error))?;
        let (tamarin, proverif) = (proved.cell(Prover::Tamarin, flags)?, proved.cell(Prover::ProVerif, flags)?);
        let (violates, actions) = match expected {
            Ok(_) => (attack.violates.join(", "), attack.script.0.len().to_string()),
            Err(why) => (format!("none: {why}"), "–".to_string()),
        };
        let _ = writeln!(text, "| {flags} | {tamarin} | {proverif} | {violates} | {actions} | {} |", attack.runs);
    }
    Ok(text)
}
