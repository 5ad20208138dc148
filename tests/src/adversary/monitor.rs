//! Evaluates lemmas on finite traces.
//!
//! A lemma is a conjunction of parts `All ... . premise ==> conclusion`. Quantifiers are guarded: the facts of a premise (or of
//! an `Ex`) bind all variables, so matching them with the facts of the trace yields every assignment that counts.

use super::syntax::{Formula, Pattern};
use super::term::{Legend, Shape, Term, Terms};
use std::collections::{BTreeMap, HashMap};

/// A fact of the models with what its arguments stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name in the models.
    pub name: &'static str,
    /// Its arguments.
    pub arguments: Vec<Term>,
}

/// When a fact held, and its arguments.
type Occurrence = (usize, Vec<Term>);

/// What happened: the facts of each point in time, in order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// By name and number of arguments.
    facts: HashMap<(&'static str, usize), Vec<Occurrence>>,
    points: usize,
}

impl Trace {
    /// One more point in time, with these facts.
    pub fn push(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.facts.entry((fact.name, fact.arguments.len())).or_default().push((self.points, fact.arguments));
        }
        self.points += 1;
    }

    /// Number of points in time.
    pub const fn len(&self) -> usize {
        self.points
    }

    /// Has nothing happened?
    pub const fn is_empty(&self) -> bool {
        self.points == 0
    }

    /// Times and arguments of all facts with this name and number of arguments.
    fn facts(&self, name: &str, arity: usize) -> &[Occurrence] {
        let found = self.facts.iter().find(|((known, count), _)| *known == name && *count == arity);
        found.map_or(&[], |(_, facts)| facts)
    }

    /// The trace in order, a point a line, for people.
    pub fn show(&self, legend: &mut Legend<'_>) -> String {
        let mut lines: BTreeMap<usize, Vec<(&str, &[Term])>> = BTreeMap::new();
        for ((name, _), facts) in &self.facts {
            for (time, arguments) in facts {
                lines.entry(*time).or_default().push((name, arguments));
            }
        }
        let mut text = String::new();
        for (time, mut facts) in lines {
            facts.sort();
            let mut show = |(name, arguments): (&str, &[Term])| {
                let arguments: Vec<String> = arguments.iter().map(|term| legend.show(*term)).collect();
                format!("{name}({})", arguments.join(", "))
            };
            let facts: Vec<String> = facts.into_iter().map(&mut show).collect();
            text.push_str(&format!("#{time} {}\n", facts.join("\n    ")));
        }
        text
    }
}

/// What a variable stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A term.
    Term(Term),
    /// A point in time.
    Time(usize),
}

/// Variables and their values, the innermost last.
pub type Assignment = Vec<(String, Value)>;

/// What became of one part of a lemma.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Was its premise ever met?
    pub met: bool,
    /// An assignment that meets the premise and not the conclusion.
    pub violation: Option<Assignment>,
}

/// Evaluates one part, `All ... . premise ==> conclusion`.
pub fn evaluate(part: &Formula, trace: &Trace, terms: &Terms) -> Verdict {
    let Formula::All(_, body) = part else { panic!("the theory has checked the form") };
    let Formula::Implies(premise, conclusion) = &**body else { panic!("the theory has checked the form") };
    let mut verdict = Verdict::default();
    let evaluation = Evaluation { trace, terms };
    evaluation.each(&conjuncts(premise), &mut Vec::new(), &mut |assignment| {
        verdict.met = true;
        let violated = !evaluation.holds(conclusion, assignment);
        if violated {
            verdict.violation = Some(assignment.clone());
        }
        violated
    });
    verdict
}

/// The parts of a conjunction.
pub fn conjuncts(formula: &Formula) -> Vec<&Formula> {
    match formula {
        Formula::And(parts) => parts.iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

struct Evaluation<'a> {
    trace: &'a Trace,
    terms: &'a Terms,
}

impl Evaluation<'_> {
    /// Calls `found` with every assignment that satisfies all formulas, until it says `true`. Gives what it said last.
    fn each(
        &self,
        formulas: &[&Formula],
        assignment: &mut Assignment,
        found: &mut dyn FnMut(&mut Assignment) -> bool,
    ) -> bool {
        let place = formulas.iter().position(|formula| matches!(formula, Formula::Fact(..)));
        let Some(place) = place else {
            return formulas.iter().all(|formula| self.holds(formula, assignment)) && found(assignment);
        };
        let Formula::Fact(name, patterns, time) = formulas[place] else { return false };
        let others: Vec<&Formula> =
            formulas.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, formula)| *formula).collect();
        for (at, arguments) in self.trace.facts(name, patterns.len()) {
            let before = assignment.len();
            let fits = bind(assignment, time, Value::Time(*at))
                && patterns.iter().zip(arguments).all(|(pattern, term)| self.fits(pattern, *term, assignment));
            let done = fits && self.each(&others, assignment, found);
            assignment.truncate(before);
            if done {
                return true;
            }
        }
        false
    }

    fn holds(&self, formula: &Formula, assignment: &mut Assignment) -> bool {
        match formula {
            Formula::Fact(..) => self.each(&[formula], assignment, &mut |_| true),
            Formula::Equal(left, right) => self.same(left, right, assignment),
            Formula::Before(left, right) => time(assignment, left) < time(assignment, right),
            Formula::Same(left, right) => time(assignment, left) == time(assignment, right),
            Formula::Not(formula) => !self.holds(formula, assignment),
            Formula::And(parts) => parts.iter().all(|part| self.holds(part, assignment)),
            Formula::Or(parts) => parts.iter().any(|part| self.holds(part, assignment)),
            Formula::Implies(premise, conclusion) => {
                !self.holds(premise, assignment) || self.holds(conclusion, assignment)
            }
            Formula::Ex(names, body) => {
                self.within(names, assignment, |assignment| self.each(&conjuncts(body), assignment, &mut |_| true))
            }
            Formula::All(names, body) => {
                let Formula::Implies(premise, conclusion) = &**body else { panic!("the theory has checked the form") };
                !self.within(names, assignment, |assignment| {
                    self.each(&conjuncts(premise), assignment, &mut |found| !self.holds(conclusion, found))
                })
            }
        }
    }

    /// Evaluates with these names free again: an inner quantifier hides an outer one.
    fn within(
        &self,
        names: &[String],
        assignment: &mut Assignment,
        evaluate: impl FnOnce(&mut Assignment) -> bool,
    ) -> bool {
        let mut inner: Assignment = assignment.iter().filter(|(name, _)| !names.contains(name)).cloned().collect();
        evaluate(&mut inner)
    }

    fn fits(&self, pattern: &Pattern, term: Term, assignment: &mut Assignment) -> bool {
        match (pattern, self.terms.shape(term)) {
            (Pattern::Variable(name), _) => bind(assignment, name, Value::Term(term)),
            (Pattern::Constant(constant), Shape::Public(name)) => constant == name,
            (Pattern::Of(function, patterns), Shape::Of(other, arguments)) => {
                function == other
                    && patterns.len() == arguments.len()
                    && patterns.iter().zip(arguments).all(|(pattern, term)| self.fits(pattern, *term, assignment))
            }
            _ => false,
        }
    }

    fn same(&self, left: &Pattern, right: &Pattern, assignment: &mut Assignment) -> bool {
        match (left, right) {
            (Pattern::Variable(name), other) | (other, Pattern::Variable(name)) => {
                match value(assignment, name).expect("bound, as the theory has checked") {
                    Value::Term(term) => self.fits(other, term, assignment),
                    Value::Time(_) => false,
                }
            }
            (Pattern::Of(one, left), Pattern::Of(other, right)) => {
                one == other
                    && left.len() == right.len()
                    && left.iter().zip(right).all(|(l, r)| self.same(l, r, assignment))
            }
            _ => left == right,
        }
    }
}

fn value(assignment: &Assignment, name: &str) -> Option<Value> {
    assignment.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
}

fn time(assignment: &Assignment, name: &str) -> usize {
    match value(assignment, name) {
        Some(Value::Time(time)) => time,
        _ => panic!("{name} is bound, as the theory has checked"),
    }
}

/// Binds a variable, or compares it if it is bound.
fn bind(assignment: &mut Assignment, name: &str, new: Value) -> bool {
    match value(assignment, name) {
        Some(old) => old == new,
        None => {
            assignment.push((name.to_string(), new));
            true
        }
    }
}

/// The names that the facts of a conjunction bind.
pub fn bound(formulas: &[&Formula]) -> Vec<String> {
    fn names(pattern: &Pattern, into: &mut Vec<String>) {
        match pattern {
            Pattern::Variable(name) => into.push(name.clone()),
            Pattern::Constant(_) => {}
            Pattern::Of(_, patterns) => patterns.iter().for_each(|pattern| names(pattern, into)),
        }
    }
    let mut into = Vec::new();
    for formula in formulas {
        if let Formula::Fact(_, patterns, time) = formula {
            into.push(time.clone());
            patterns.iter().for_each(|pattern| names(pattern, &mut into));
        }
    }
    into
}
