//! Which processes are to be run.

use crate::fault::Fault;
use crate::model::{Model, ModelError, Prover, Variant, Verdict};
use crate::result::{Row, Source};
use crate::scan::Property;
use crate::tool::{Installed, Tool};

/// What is asked for; without anything, all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of a model's path or of a property's name.
    pub only: Option<String>,
    /// Flags that a variant must have.
    pub variant: Option<Variant>,
}

impl Filter {
    /// Is everything asked for?
    pub fn is_all(&self) -> bool {
        self.only.is_none() && self.variant.is_none()
    }

    fn takes_variant(&self, variant: &Variant) -> bool {
        self.variant.as_ref().is_none_or(|wanted| wanted.flags().all(|flag| variant.has(flag)))
    }

    fn takes(&self, model: &Model, property: &str) -> bool {
        self.only.as_ref().is_none_or(|part| model.path.contains(part) || property.contains(part))
    }
}

/// One process.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// The model.
    pub model: &'a Model,
    /// The variant.
    pub variant: &'a Variant,
    /// Who is asked: the reference, unless [`Job::by`] says otherwise.
    pub tool: Tool,
    /// The command that starts it.
    pub command: &'static str,
    /// The properties whose verdicts count, and those verdicts.
    pub judged: Vec<(Property, Verdict)>,
    /// The properties that the prover must speak of, in order: for ProVerif those, else all that stand in the model for this variant.
    pub present: Vec<Property>,
}

impl Job<'_> {
    /// The same for a tool that was found.
    pub fn by(&self, installed: &Installed) -> Self {
        Job { tool: installed.tool, command: installed.command, ..self.clone() }
    }

    /// The table's row for one of its properties, proved now.
    pub fn row(
        &self,
        property: &Property,
        expected: Verdict,
        outcome: Result<Verdict, Fault>,
        steps: Option<u64>,
        seconds: Option<f64>,
    ) -> Row {
        Row {
            model: self.model.path.clone(),
            tool: self.tool,
            variant: self.variant.clone(),
            property: property.name.clone(),
            expected,
            outcome,
            steps,
            seconds,
            source: Source::Now,
        }
    }

    /// Tamarin takes `sources` lemmas, and `reuse` lemmas that stand above, for granted. A proof that no trace exists counts only if
    /// these are expected to be verified in the same variant; a trace that was found counts in any case. Returns the first that is not.
    pub fn rests_on(&self, property: &Property, expected: Verdict) -> Option<String> {
        let trace_found = property.role.exists_trace == (expected == Verdict::Verified);
        if self.model.prover != Prover::Tamarin || trace_found {
            return None;
        }
        let position = self.present.iter().position(|other| other.name == property.name)?;
        let granted = self.present.iter().enumerate().find(|(at, other)| {
            let used = other.role.sources || (other.role.reuse && *at < position);
            used && *at != position && other.expected.of(self.variant) != Some(Verdict::Verified)
        });
        granted.map(|(_, lemma)| lemma.name.clone())
    }
}

/// The processes for what the filter takes.
pub fn jobs<'a>(models: &'a [Model], filter: &Filter) -> Result<Vec<Job<'a>>, ModelError> {
    let mut jobs = Vec::new();
    for model in models {
        let tool = Tool::reference(model.prover);
        let command = tool.commands().first().copied().unwrap_or_default();
        if model.properties(&Variant::default())?.is_empty() {
            return Err(ModelError::NoProperty(model.path.clone()));
        }
        for variant in model.variants.iter().filter(|variant| filter.takes_variant(variant)) {
            let present = model.properties(variant)?;
            let expected =
                present.iter().filter_map(|property| Some((property.clone(), property.expected.of(variant)?)));
            let judged: Vec<_> = expected.filter(|(property, _)| filter.takes(model, &property.name)).collect();
            let per_process = match model.prover {
                Prover::Tamarin => 1,
                Prover::ProVerif | Prover::Verifpal => judged.len().max(1),
            };
            let present = match model.prover {
                Prover::ProVerif => judged.iter().map(|(property, _)| property.clone()).collect(),
                Prover::Tamarin | Prover::Verifpal => present,
            };
            for judged in judged.chunks(per_process) {
                let (judged, present) = (judged.to_vec(), present.clone());
                jobs.push(Job { model, variant, tool, command, judged, present });
            }
        }
    }
    Ok(jobs)
}
