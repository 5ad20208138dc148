//! What the Tamarin models of the exchange say, read at run time: the all-traces lemmas of all theories, and the macros of the key schedule, both
//! for one variant.

use super::events::FACTS;
use super::monitor::{bound, conjuncts};
use super::syntax::{Formula, Macro, Pattern, Unreadable, formula, macros};
use super::term::{PAIR, Term, Terms};
use dke_models::model::{Model, ModelError, Variant, discover};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// One part of a lemma: `All ... . premise ==> conclusion`.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name of the lemma.
    pub lemma: String,
    /// Its place among the parts of the lemma, from 1; 0 if it is the only one.
    pub place: usize,
    /// What it says.
    pub formula: Formula,
    /// Is it there to prove others (`[reuse]`)?
    pub helper: bool,
}

impl Part {
    /// `lemma` or `lemma.2`
    pub fn name(&self) -> String {
        if self.place == 0 { self.lemma.clone() } else { format!("{}.{}", self.lemma, self.place) }
    }
}

/// The lemmas and macros of one variant.
#[derive(Clone, Debug)]
pub struct Theory {
    /// The lemmas, part by part.
    pub parts: Vec<Part>,
    macros: HashMap<String, Macro>,
}

/// Why the models cannot be monitored.
#[derive(Debug)]
pub enum TheoryError {
    /// The runner cannot read a model.
    Model(ModelError),
    /// The text of a lemma or macro.
    Unreadable(String, Unreadable),
    /// A lemma is no conjunction of `All ... ==> ...`, or a variable is bound by no fact.
    Unguarded(String),
    /// A lemma speaks of a fact that no run emits.
    UnknownFact(String, String),
}

/// The folder of the models.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
}

/// Where the models of this protocol are; what other protocols do is no part of a run.
const FOLDER: &str = "tamarin/";
/// What the keys are used for afterwards, and many exchanges together: no part of a run either.
const OTHERS: [&str; 2] = ["tamarin/application.spthy", "tamarin/calls.spthy"];

/// The Tamarin models of the exchange.
pub fn models() -> Result<Vec<Model>, ModelError> {
    let of_the_exchange = |model: &Model| model.path.starts_with(FOLDER) && !OTHERS.contains(&model.path.as_str());
    Ok(discover(&folder())?.into_iter().filter(of_the_exchange).collect())
}

impl Theory {
    /// Reads the models for one variant.
    pub fn read(variant: &Variant) -> Result<Theory, TheoryError> {
        let mut theory = Theory { parts: Vec::new(), macros: HashMap::new() };
        for model in models().map_err(TheoryError::Model)? {
            let text = model.select(variant).map_err(TheoryError::Model)?;
            let read = macros(&text).map_err(|error| TheoryError::Unreadable(model.path.clone(), error))?;
            for one in read {
                theory.macros.entry(one.name.clone()).or_insert(one);
            }
            for property in model.properties(variant).map_err(TheoryError::Model)? {
                if !property.role.exists_trace {
                    let text = property.declaration.split('"').nth(1).unwrap_or_default();
                    let helper = property.role.reuse;
                    theory.parts.extend(parts(&property.name, text)?.into_iter().map(|part| Part { helper, ..part }));
                }
            }
        }
        Ok(theory)
    }

    /// Has the models a macro of this name?
    pub fn has(&self, name: &str) -> bool {
        self.macros.contains_key(name)
    }

    /// A macro of the models applied to arguments.
    pub fn call(&self, terms: &mut Terms, name: &str, arguments: &[Term]) -> Term {
        let one = self.macros.get(name).unwrap_or_else(|| panic!("the models have no macro {name}"));
        let values: HashMap<&str, Term> =
            one.parameters.iter().map(String::as_str).zip(arguments.iter().copied()).collect();
        self.instantiate(terms, &one.body, &values)
    }

    fn instantiate(&self, terms: &mut Terms, pattern: &Pattern, values: &HashMap<&str, Term>) -> Term {
        match pattern {
            Pattern::Variable(name) => values[name.as_str()],
            Pattern::Constant(constant) => terms.public(constant),
            Pattern::Of(function, patterns) => {
                let arguments: Vec<Term> =
                    patterns.iter().map(|pattern| self.instantiate(terms, pattern, values)).collect();
                if function != PAIR && self.has(function) {
                    self.call(terms, function, &arguments)
                } else {
                    terms.of(function, &arguments)
                }
            }
        }
    }
}

/// The parts of a lemma's text, each checked to be one that the monitor can evaluate.
pub fn parts(lemma: &str, text: &str) -> Result<Vec<Part>, TheoryError> {
    let read = formula(text).map_err(|error| TheoryError::Unreadable(lemma.to_string(), error))?;
    let formulas = conjuncts(&read);
    let alone = formulas.len() == 1;
    let number = |(place, formula): (usize, &Formula)| {
        check(lemma, formula, &mut Vec::new(), true)?;
        Ok(Part {
            lemma: lemma.to_string(),
            place: if alone { 0 } else { place + 1 },
            formula: formula.clone(),
            helper: false,
        })
    };
    formulas.into_iter().enumerate().map(number).collect()
}

fn check(lemma: &str, formula: &Formula, known: &mut Vec<String>, outermost: bool) -> Result<(), TheoryError> {
    let unguarded = || TheoryError::Unguarded(lemma.to_string());
    match formula {
        Formula::Fact(name, arguments, _) => {
            if FACTS.contains(&(name.as_str(), arguments.len())) {
                Ok(())
            } else {
                Err(TheoryError::UnknownFact(lemma.to_string(), format!("{name}/{}", arguments.len())))
            }
        }
        Formula::All(names, body) | Formula::Ex(names, body) => {
            let (guard, rest) = match (formula, &**body) {
                (Formula::All(..), Formula::Implies(premise, conclusion)) => (&**premise, Some(&**conclusion)),
                (Formula::Ex(..), body) if !outermost => (body, None),
                _ => return Err(unguarded()),
            };
            let guards = conjuncts(guard);
            let bound = bound(&guards);
            if names.iter().any(|name| !bound.contains(name)) {
                return Err(unguarded());
            }
            let before = known.len();
            known.extend(names.iter().cloned());
            if bound.iter().any(|name| !known.contains(name)) {
                return Err(unguarded());
            }
            for part in guards.into_iter().chain(rest) {
                check(lemma, part, known, false)?;
            }
            known.truncate(before);
            Ok(())
        }
        _ if outermost => Err(unguarded()),
        Formula::Not(inner) => check(lemma, inner, known, false),
        Formula::And(parts) | Formula::Or(parts) => parts.iter().try_for_each(|part| check(lemma, part, known, false)),
        Formula::Implies(premise, conclusion) => {
            check(lemma, premise, known, false)?;
            check(lemma, conclusion, known, false)
        }
        Formula::Equal(..) | Formula::Before(..) | Formula::Same(..) => Ok(()),
    }
}
