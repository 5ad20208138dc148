//! One candidate: its model, what its file says of it, and the verdict on each question in each variant.

use super::{ApplicabilityError, read_toml};
use crate::model::{Model, Variant, Verdict};
use crate::record::Records;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `NAME.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// In the tables.
    pub title: String,
    /// Place in the tables.
    pub order: u32,
    /// Where it is defined.
    pub source: String,
    /// What the gateway holds in variant (b).
    pub in_advance: String,
    /// The secret that the gateway holds in variant (c).
    pub at_gateway: String,
    /// The published result that variant (a) reproduces.
    pub known: String,
    /// Why each lemma that is falsified in (a) is so, by the lemma's name.
    #[serde(default)]
    pub a: BTreeMap<String, String>,
    /// The same in (b), where the reason is another.
    #[serde(default)]
    pub b: BTreeMap<String, String>,
    /// The same in (c), where the reason is another.
    #[serde(default)]
    pub c: BTreeMap<String, String>,
}

/// A candidate of `links.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Where the figures are from.
    pub source: String,
    /// What kind of figures these are.
    pub kind: Kind,
    /// The messages, in order.
    pub message: Vec<Message>,
}

/// Where bytes are from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An example message of a standard.
    Example,
    /// Computed from the packet layout.
    Layout,
    /// There is no byte format.
    None,
}

/// A message over the constrained link.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Its name in the source.
    pub name: String,
    /// Who sends it.
    pub from: Party,
    /// Its size in bytes.
    pub bytes: u32,
    /// What that is the sum of, or where it stands.
    pub parts: String,
}

/// An end of the exchange.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// The client.
    Initiator,
    /// The constrained node.
    Responder,
}

/// The variants of each candidate: letter, flag, and what it is.
pub const VARIANTS: [(&str, &str, &str); 3] =
    [("a", "ONLINE", "as standardised"), ("b", "", "delayed"), ("c", "KEY_AT_GATEWAY", "key at the gateway")];

/// What came out for one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Does what the lemma says hold?
    pub holds: bool,
    /// Is a trace asked for? Then "no" is a proof that there is none.
    pub exists_trace: bool,
}

/// A candidate.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// The name of its files.
    pub name: String,
    /// Its theory.
    pub model: &'a Model,
    /// What its file says.
    pub about: About,
    /// By the variant's letter and the lemma's name.
    answers: BTreeMap<(&'static str, String), Answer>,
}

impl<'a> Candidate<'a> {
    /// Reads the file beside the theory, and the verdicts.
    pub fn read(model: &'a Model, records: &Records) -> Result<Candidate<'a>, ApplicabilityError> {
        let name = model.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let about = read_toml(&model.file.with_extension("toml"))?;
        let mut answers = BTreeMap::new();
        for (letter, flag, _) in VARIANTS {
            let variant: Variant = flag.parse().unwrap_or_default();
            for property in model.properties(&variant)? {
                if property.expected.of(&variant).is_none() {
                    continue;
                }
                let recorded = records.find(model, &variant, &property.name);
                let place = format!("{name} ({letter}) {}", property.name);
                let recorded = recorded.ok_or(ApplicabilityError::NotRecorded(place))?;
                let answer =
                    Answer { holds: recorded.verdict == Verdict::Verified, exists_trace: property.role.exists_trace };
                answers.insert((letter, property.name), answer);
            }
        }
        Ok(Candidate { name, model, about, answers })
    }

    /// The answer to a question, if it was asked.
    pub fn answer(&self, letter: &str, lemma: &str) -> Option<Answer> {
        self.answers.iter().find(|((of, name), _)| *of == letter && name == lemma).map(|(_, answer)| *answer)
    }

    /// Why lemmas are falsified in a variant, as far as the file speaks of that one.
    pub fn reasons(&self, letter: &str) -> &BTreeMap<String, String> {
        match letter {
            "a" => &self.about.a,
            "b" => &self.about.b,
            _ => &self.about.c,
        }
    }

    /// Why a lemma is falsified in a variant: unless the file says otherwise, for the same reason as in (a).
    pub fn reason(&self, letter: &str, lemma: &str) -> Option<&str> {
        self.reasons(letter).get(lemma).or_else(|| self.about.a.get(lemma)).map(|reason| reason.trim())
    }
}
