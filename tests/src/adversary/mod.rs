//! The gateway as attacker against the running code.
//!
//! A [`script`] says what a Dolev-Yao gateway and the parties do. A [`world`] does it, on the implementation, on the
//! specification (weakened or not) or on both side by side, and keeps the books: every byte string has a [`term`], and what the
//! attacker can deduce from what it has seen is decided from the terms ([`knowledge`]). The terms are made by the macros of the
//! Tamarin models, and the lemmas of the same models ([`theory`]) are evaluated on the trace of what happened after every action
//! ([`monitor`]).

pub mod attacker;
pub mod book;
pub mod both;
pub mod campaign;
pub mod events;
pub mod generate;
pub mod implementation;
pub mod knowledge;
pub mod monitor;
pub mod script;
pub mod shrink;
pub mod side;
pub mod specification;
pub mod symbolic;
pub mod syntax;
pub mod table;
pub mod term;
pub mod theory;
pub mod variants;
pub mod world;

use dke_models::model::Variant;
use dke_spec::weakening::Weakening;
use monitor::{Assignment, Value, evaluate};
use script::Script;
use std::fmt;
use std::sync::Arc;
use term::{Legend, Terms};
use theory::{Theory, TheoryError};
use world::{Depth, Driven, World};

/// What a run must not come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A lemma is violated: its name, and by what.
    Violation(String, String),
    /// The bytes are not those that the models' key schedule says.
    Mismatch(String),
    /// Specification and implementation differ.
    Difference(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Violation(lemma, by) => write!(f, "{lemma} is violated: {by}"),
            Finding::Mismatch(what) => write!(f, "the code does not compute what the models say: {what}"),
            Finding::Difference(what) => write!(f, "specification and implementation differ: {what}"),
        }
    }
}

/// What came of a run.
pub struct Outcome {
    /// What each action came to.
    pub told: Vec<String>,
    /// Which parts of lemmas had their premise met, in the order of the theory.
    pub met: Vec<bool>,
    /// The first finding of each kind, and after how many actions. Empty if all is well.
    pub findings: Vec<(usize, Finding)>,
    /// How deep it went.
    pub depth: Depth,
    world: World,
}

impl Outcome {
    /// What happened, as the models say it, for people.
    pub fn trace(&self) -> String {
        let mut legend = Legend::new(&self.world.book.terms);
        let trace = self.world.trace.show(&mut legend);
        format!("{trace}{}", legend.lines())
    }

    /// How many of the keys that it should not know the attacker knows in the end, and how many there are.
    pub fn known_keys(&self) -> (usize, usize) {
        self.world.known_keys()
    }

    /// The finding that violates this lemma, and after how many actions.
    pub fn violation(&self, lemma: &str) -> Option<usize> {
        let of = |name: &str| name == lemma || name.strip_prefix(lemma).is_some_and(|rest| rest.starts_with('.'));
        let found = |(_, finding): &&(usize, Finding)| matches!(finding, Finding::Violation(name, _) if of(name));
        self.findings.iter().find(found).map(|(actions, _)| *actions)
    }
}

/// The protocol or a weakened variant: what the models say of it, and how the specification is weakened.
#[derive(Clone)]
pub struct Setting {
    /// Lemmas and macros.
    pub theory: Arc<Theory>,
    /// The variant as the models name it.
    pub variant: Variant,
    /// The same for the specification.
    pub weakening: Weakening,
}

impl Setting {
    /// The protocol itself.
    pub fn protocol() -> Result<Setting, TheoryError> {
        let variant = Variant::default();
        Ok(Setting { theory: Arc::new(Theory::read(&variant)?), variant, weakening: Weakening::NONE })
    }

    /// A variant by its flags, `A+B`. `None` if the specification has no such weakening.
    pub fn weakened(flags: &str) -> Option<Result<Setting, TheoryError>> {
        let variant: Variant = flags.parse().ok()?;
        let weakening = variant.flags().try_fold(Weakening::NONE, Weakening::without)?;
        Some(Theory::read(&variant).map(|theory| Setting { theory: Arc::new(theory), variant, weakening }))
    }
}

/// Runs a script and monitors it. `stop` ends the run at the first finding.
pub fn run(script: &Script, driven: Driven, theory: &Arc<Theory>, stop: bool) -> Outcome {
    let mut world = World::new(driven, theory.clone());
    let (mut told, mut findings) = (Vec::new(), Vec::new());
    let mut met = vec![false; theory.parts.len()];
    let mut violated = vec![false; theory.parts.len()];
    for (number, action) in (1..).zip(&script.0) {
        let before = world.trace.len();
        match world.act(action) {
            Ok(what) => told.push(what),
            Err(mismatch) => {
                told.push("the books do not agree with the code".to_string());
                findings.push((number, Finding::Mismatch(mismatch.0)));
                break;
            }
        }
        if let Some(difference) = world.difference() {
            findings.push((number, Finding::Difference(difference)));
            break;
        }
        if world.trace.len() == before {
            continue;
        }
        for (place, part) in theory.parts.iter().enumerate() {
            if violated[place] {
                continue;
            }
            let verdict = evaluate(&part.formula, &world.trace, &world.book.terms);
            met[place] |= verdict.met;
            if let Some(assignment) = verdict.violation {
                violated[place] = true;
                let by = show(&assignment, &world.book.terms);
                findings.push((number, Finding::Violation(part.name(), by)));
            }
        }
        if stop && !findings.is_empty() {
            break;
        }
    }
    Outcome { told, met, findings, depth: world.depth, world }
}

fn show(assignment: &Assignment, terms: &Terms) -> String {
    let short = |text: String| if text.chars().count() > 40 { "...".to_string() } else { text };
    let value = |(name, value): &(String, Value)| match value {
        Value::Term(term) => format!("{name} = {}", short(terms.show(*term))),
        Value::Time(time) => format!("{name} = {time}"),
    };
    assignment.iter().map(value).collect::<Vec<_>>().join(", ")
}
