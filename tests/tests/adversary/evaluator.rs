//! The evaluator, on traces by hand: one that violates each lemma among them.

use dke_models::model::Variant;
use dke_tests::adversary::events::{FACTS, fact};
use dke_tests::adversary::monitor::{Fact, Trace, conjuncts, evaluate};
use dke_tests::adversary::syntax::{Formula, Pattern, formula};
use dke_tests::adversary::term::{Legend, Term, Terms};
use dke_tests::adversary::theory::{Part, Theory, TheoryError, models, parts};
use std::collections::BTreeMap;

/// Properties that no single trace can violate.
const EQUIVALENCES: [&str; 2] = ["identity_privacy", "key_indistinguishable"];

fn ground(terms: &mut Terms, pattern: &Pattern) -> Term {
    match pattern {
        Pattern::Variable(name) | Pattern::Constant(name) => terms.public(name),
        Pattern::Of(function, patterns) => {
            let arguments: Vec<Term> = patterns.iter().map(|pattern| ground(terms, pattern)).collect();
            terms.of(function, &arguments)
        }
    }
}

fn grounded(terms: &mut Terms, formula: &Formula) -> Fact {
    let Formula::Fact(name, patterns, _) = formula else { panic!("a fact: {formula:?}") };
    let known = FACTS.iter().find(|(known, arity)| known == name && *arity == patterns.len());
    let arguments: Vec<Term> = patterns.iter().map(|pattern| ground(terms, pattern)).collect();
    fact(known.unwrap_or_else(|| panic!("{name}/{} exists", patterns.len())).0, &arguments)
}

/// `A(x) & B(y) ; C(z)`
fn trace(terms: &mut Terms, text: &str) -> Trace {
    let mut trace = Trace::default();
    for point in text.split(';') {
        let read = point.trim().replace(") &", ")@t &") + "@t";
        let read = formula(&read).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        trace.push(conjuncts(&read).into_iter().map(|formula| grounded(terms, formula)).collect());
    }
    trace
}

fn protocol() -> Theory {
    Theory::read(&Variant::default()).expect("the models can be read")
}

#[test]
fn every_lemma_holds_and_is_violated_on_traces_by_hand() {
    let theory = protocol();
    let by_name: BTreeMap<String, &Part> = theory.parts.iter().map(|part| (part.name(), part)).collect();
    let mut seen: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut name = "";
    for line in include_str!("traces.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let Some((kind, text)) = line.split_once(' ').filter(|(kind, _)| matches!(*kind, "holds" | "violated")) else {
            name = line.trim();
            continue;
        };
        // A helper lemma may go; those of PROTOCOL.md may not, see below.
        let Some(part) = by_name.get(name) else { continue };
        let mut terms = Terms::default();
        let trace = trace(&mut terms, text);
        let verdict = evaluate(&part.formula, &trace, &terms);
        assert!(verdict.met, "{name}: the premise is met on {text}");
        assert_eq!(verdict.violation.is_some(), kind == "violated", "{name}: {text}");
        let (holds, violated) = seen.entry(name).or_default();
        *(if kind == "violated" { violated } else { holds }) += 1;
    }
    let protocol_md = std::fs::read_to_string(dke_tests::adversary::theory::folder().join("../spec/PROTOCOL.md"));
    let properties = dke_models::coverage::names(&protocol_md.expect("the protocol"));
    let monitored = theory.parts.iter().filter(|part| properties.contains(&part.lemma)).collect::<Vec<_>>();
    for property in properties.iter().filter(|property| !EQUIVALENCES.contains(&property.as_str())) {
        assert!(monitored.iter().any(|part| part.lemma == *property), "{property} is a lemma that is monitored");
    }
    for part in monitored {
        let counts = seen.get(part.name().as_str());
        assert!(counts.is_some_and(|(holds, violated)| *holds > 0 && *violated > 0), "{}: {counts:?}", part.name());
    }
}

/// Whatever lemmas the models will have: the facts of the premise, at different times with different arguments, and no others.
#[test]
fn the_premise_alone_violates_every_lemma() {
    for part in protocol().parts {
        let Formula::All(_, body) = &part.formula else { panic!("{}", part.name()) };
        let Formula::Implies(premise, _) = &**body else { panic!("{}", part.name()) };
        let (mut terms, mut trace) = (Terms::default(), Trace::default());
        let mut facts: Vec<(&String, Fact)> = Vec::new();
        for formula in conjuncts(premise) {
            if let Formula::Fact(_, _, time) = formula {
                facts.push((time, grounded(&mut terms, formula)));
            }
        }
        // `#l < #i` in a premise: the later fact comes last.
        let later =
            |time: &String| conjuncts(premise).iter().any(|f| matches!(f, Formula::Before(_, after) if after == time));
        facts.sort_by_key(|(time, fact)| (fact.name == "K", later(time)));
        facts.into_iter().for_each(|(_, fact)| trace.push(vec![fact]));
        let verdict = evaluate(&part.formula, &trace, &terms);
        assert!(
            verdict.met && verdict.violation.is_some(),
            "{}\n{}",
            part.name(),
            trace.show(&mut Legend::new(&terms))
        );
    }
}

#[test]
fn all_traces_lemmas_of_all_models_are_monitored_and_no_others() {
    let parts = protocol().parts;
    for model in models().expect("the models") {
        for property in model.properties(&Variant::default()).expect("their properties") {
            let monitored = parts.iter().any(|part| part.lemma == property.name);
            assert_eq!(monitored, !property.role.exists_trace, "{}", property.name);
        }
    }
}

#[test]
fn what_cannot_be_monitored_is_refused() {
    let refused = |text: &str| parts("lemma", text).expect_err(text);
    assert!(matches!(refused("All x #i. Nonsense(x)@i ==> #i = #i"), TheoryError::UnknownFact(..)));
    assert!(matches!(refused("All x #i. Erased(x)@i ==> Erased(x, x)@i"), TheoryError::UnknownFact(..)));
    assert!(matches!(refused("All x y #i. Erased(x)@i ==> x = y"), TheoryError::Unguarded(_)));
    assert!(matches!(refused("All x #i. Erased(x)@i ==> (Ex y #j. Erased(x)@j)"), TheoryError::Unguarded(_)));
    assert!(matches!(refused("Ex x #i. Erased(x)@i"), TheoryError::Unguarded(_)));
    assert!(matches!(refused("All x #i. Erased(x)@i ==> "), TheoryError::Unreadable(..)));
    assert!(matches!(refused("All x #i. Erased(x)@i ==> x = x )"), TheoryError::Unreadable(..)));
}

#[test]
fn quantifiers_hide_and_connectives_bind_as_in_tamarin() {
    let holds = |text: &str, events: &str| {
        let mut terms = Terms::default();
        let trace = trace(&mut terms, events);
        let part = parts("lemma", text).unwrap_or_else(|error| panic!("{text}: {error:?}")).remove(0);
        evaluate(&part.formula, &trace, &terms).violation.is_none()
    };
    let events = "Erased(a) ; RevealPrekey(a) ; Erased(b)";
    // A point in time and a term may have the same name; an inner variable hides an outer one.
    assert!(holds("All i #i. RevealPrekey(i)@i ==> (Ex #j. Erased(i)@j & #j < #i)", events));
    assert!(holds("All x #i. RevealPrekey(x)@i ==> (Ex x #j. Erased(x)@j & #i < #j)", events));
    assert!(!holds("All x #i. RevealPrekey(x)@i ==> (Ex #j. Erased(x)@j & #i < #j)", events));
    // `&` binds more strongly than `|`, `not` most strongly.
    assert!(holds("All x #i. RevealPrekey(x)@i ==> #i = #i | #i < #i & #i < #i", events));
    assert!(!holds("All x #i. RevealPrekey(x)@i ==> not #i = #i & #i < #i | #i < #i", events));
    // All within a conclusion.
    assert!(holds("All x #i. RevealPrekey(x)@i ==> (All y #j. RevealPrekey(y)@j ==> x = y)", events));
    assert!(!holds("All x #i. RevealPrekey(x)@i ==> (All y #j. Erased(y)@j ==> x = y)", events));
    // Tuples nest to the right, and constants stand for themselves.
    let tuples = "AcceptedInitiate(<a, b, '1'>)";
    assert!(!holds("All x y z #i. AcceptedInitiate(<x, y, z>)@i ==> z = x", tuples));
    assert!(!holds("All x y #i. AcceptedInitiate(<x, y>)@i ==> y = x", tuples));
    assert!(holds("All x y #i. AcceptedInitiate(<x, y, '2'>)@i ==> x = y", tuples));
}
