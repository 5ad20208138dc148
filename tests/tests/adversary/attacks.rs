//! The attacks on the weakened variants: each violates its lemma there, and nothing in the protocol.

use dke_models::model::{Prover, Variant};
use dke_spec::weakening::Weakening;
use dke_tests::adversary::generate::script;
use dke_tests::adversary::table::{Proved, document, replace, table};
use dke_tests::adversary::theory::models;
use dke_tests::adversary::variants::{ALL, Attack, folder, violated};
use dke_tests::adversary::world::Driven;
use dke_tests::adversary::{Outcome, Setting, run};
use std::collections::BTreeSet;
use std::fmt::Write;

fn protocol() -> Setting {
    Setting::protocol().expect("the models can be read")
}

fn weakened(flags: &str) -> Setting {
    Setting::weakened(flags).expect("the specification has this weakening").expect("the models can be read")
}

fn attack(flags: &str) -> Attack {
    Attack::read(flags).unwrap_or_else(|error| panic!("{flags}: {error:?}"))
}

/// What a person looks at to understand what the protection is for.
fn told(attack: &Attack, outcome: &Outcome, protected: &Outcome) -> String {
    let mut text = format!("{} violates {}\n\n", attack.flags, attack.violates.join(", "));
    for (action, told) in attack.script.0.iter().zip(&outcome.told) {
        let _ = writeln!(text, "{action}\n    {told}");
    }
    let _ = writeln!(text, "\nWhat the models say of it:\n\n{}", outcome.trace());
    for lemma in &attack.violates {
        let actions = outcome.violation(lemma).expect("it is violated");
        let _ = writeln!(text, "After {actions} actions {lemma} is violated.");
    }
    let _ = writeln!(text, "{}", keys(outcome));
    let _ = writeln!(text, "\nThe same in the protocol:\n");
    for (action, told) in attack.script.0.iter().zip(&protected.told) {
        let _ = writeln!(text, "{action}\n    {told}");
    }
    let _ = writeln!(text, "\n{}", keys(protected));
    text
}

fn keys(outcome: &Outcome) -> String {
    let (known, all) = outcome.known_keys();
    format!("Of {all} keys (PRK_2, early and session keys, each once) the attacker knows {known}.")
}

/// Runs the attack on the variant and on the protocol, and keeps a transcript.
fn holds_only_in_the_protocol(flags: &str, lemma: &str) {
    let (attack, setting, protocol) = (attack(flags), weakened(flags), protocol());
    let driven = Driven::Specification(setting.weakening);
    let outcome = run(&attack.script, driven, &setting.theory, false);
    assert!(outcome.violation(lemma).is_some(), "{flags} violates {lemma}: {:?}", outcome.findings);
    assert_eq!(violated(&outcome, &setting.theory, Some(lemma)), attack.violates, "{flags}: what the file says");
    // The script of which it was made, by its number.
    let first = run(&script(attack.runs - 1), driven, &setting.theory, false);
    assert!(first.violation(lemma).is_some(), "{flags}: script {} violates {lemma}", attack.runs - 1);
    // Every action counts.
    for place in 0..attack.script.0.len() {
        let mut fewer = attack.script.clone();
        fewer.0.remove(place);
        let outcome = run(&fewer, driven, &setting.theory, false);
        assert!(outcome.violation(lemma).is_none(), "{flags}: without action {place} it is no attack");
    }
    let protected = run(&attack.script, Driven::Both, &protocol.theory, false);
    assert_eq!(protected.findings, [], "{flags}: in the protocol");
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(flags, told(&attack, &outcome, &protected)));
}

#[test]
fn each_attack_violates_its_lemma_in_its_variant_only() {
    for weakened in ALL {
        match weakened.expected {
            Ok(lemma) => holds_only_in_the_protocol(weakened.flags, lemma),
            Err(_) => assert_eq!(attack(weakened.flags).violates, Vec::<String>::new(), "{}", weakened.flags),
        }
    }
}

#[test]
fn variants_that_break_nothing_break_nothing() {
    for one in ALL.iter().filter(|one| one.expected.is_err()) {
        let setting = weakened(one.flags);
        for number in 0..6 {
            let outcome = run(&script(number), Driven::Specification(setting.weakening), &setting.theory, false);
            assert_eq!(outcome.findings, [], "{}, script {number}", one.flags);
        }
    }
}

/// Where Tamarin finds an attack on a variant, the running code falls in the same lemma.
#[test]
fn the_running_code_falls_where_tamarin_found_an_attack() {
    let proved = Proved::read().expect("the records can be read");
    let mut compared = 0;
    for weakened in ALL.iter().filter(|weakened| weakened.expected.is_ok()) {
        let names = proved.expected(Prover::Tamarin, weakened.flags).expect("the models can be read");
        let violates = attack(weakened.flags).violates;
        assert!(
            names.is_empty() || violates.iter().any(|lemma| names.contains(lemma)),
            "{}: {names:?}",
            weakened.flags
        );
        compared += usize::from(!names.is_empty());
    }
    assert!(compared >= 10, "{compared}");
}

/// Every flag of the exchange's model has a row, and a weakening; every attack file has a row.
#[test]
fn the_list_of_variants_is_complete() {
    let flags: BTreeSet<&str> = ALL.iter().flat_map(|weakened| weakened.flags.split('+')).collect();
    let models = models().expect("the models can be read");
    let core = models.iter().find(|model| model.path.ends_with("core.spthy")).expect("the exchange's model");
    let named: BTreeSet<&str> = core.variants.iter().flat_map(Variant::flags).collect();
    let conditions = core.text.lines().filter_map(|line| line.strip_prefix("#ifdef "));
    let words = conditions.flat_map(|condition| condition.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')));
    let in_conditions: BTreeSet<&str> = words.filter(|word| !matches!(*word, "" | "not")).collect();
    for flag in named.union(&in_conditions) {
        assert!(flags.contains(flag), "{flag} has no row");
        assert!(Weakening::NONE.without(flag).is_some_and(|weakening| weakening != Weakening::NONE), "{flag}");
    }
    let files = std::fs::read_dir(folder()).expect("the attacks").map(|entry| entry.expect("an entry").path());
    let files: BTreeSet<String> = files.filter_map(|path| path.file_stem()?.to_str().map(String::from)).collect();
    assert_eq!(files, ALL.iter().map(|weakened| weakened.flags.to_string()).collect());
}

#[test]
fn the_table_is_the_one_in_the_document() {
    let text = std::fs::read_to_string(document()).expect("tests/ADVERSARY.md");
    let expected = replace(&text, &table().expect("a table"));
    assert!(text == expected, "the table is stale: cargo adversary --table");
}
