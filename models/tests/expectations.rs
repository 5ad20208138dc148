//! Names and expectations in the comments of the models.

use dke_models::expect::Expected;
use dke_models::model::{Prover, Variant, Verdict};
use dke_models::scan::properties;

fn verdict(comment: &str, flags: &str) -> Option<Verdict> {
    let variant = if flags.is_empty() { Variant::default() } else { flags.parse().expect("flags") };
    Expected::parse(comment, Prover::Tamarin).expect("an expectation").of(&variant)
}

#[test]
fn verdict_by_variant() {
    let comment = "Says something: really.\n * expect: verified; in A B+C: falsified;\n *   in D: verified ";
    assert_eq!(verdict(comment, ""), Some(Verdict::Verified));
    assert_eq!(verdict(comment, "A"), Some(Verdict::Falsified));
    assert_eq!(verdict(comment, "C+B"), Some(Verdict::Falsified));
    assert_eq!(verdict(comment, "B"), None);
    assert_eq!(verdict(comment, "D"), Some(Verdict::Verified));
}

#[test]
fn sloppy_expectations_are_refused() {
    let refused = [
        "expect: true",
        "expect:",
        "expect: verified.",
        "expect: verified; A: falsified",
        "expect: verified; in A falsified",
        "expect: verified; in A: wrong",
        "expect: verified; in A: falsified; in A: verified",
        "expect: verified; in A,B: falsified",
        "expect: verified;",
    ];
    for comment in refused {
        assert!(Expected::parse(comment, Prover::Tamarin).is_err(), "{comment}");
    }
}

fn names(text: &str, prover: Prover) -> Vec<String> {
    let found = properties(text, prover).unwrap_or_else(|error| panic!("{error}"));
    found.into_iter().map(|property| property.name).collect()
}

#[test]
fn names_by_language() {
    let theory = "/* expect: verified */\nlemma a [reuse, use_induction]:\n \"x\"\n// expect: falsified\nlemma b: exists-trace \"/* x\"\n";
    assert_eq!(names(theory, Prover::Tamarin), ["a", "b"]);
    let pi =
        "(* a.node: (* nested *) says. expect: true *)\nquery x: t;\n  event(A(x)).\n(* process: none *)\nprocess 0\n";
    assert_eq!(names(pi, Prover::ProVerif), ["a.node"]);
    let equivalence = "(* a: looks alike. expect: cannot be proved *)\nprocess out(c, diff[a, b])\n";
    assert_eq!(names(equivalence, Prover::ProVerif), ["a"]);
    let verifpal = "queries[\n  // a: says. expect: pass\n  confidentiality? k\n\n  // b: says. expect: fail\n  authentication? A -> B: m\n]\n";
    assert_eq!(names(verifpal, Prover::Verifpal), ["a", "b"]);
}

#[test]
fn properties_need_their_own_comment() {
    let bare = [
        ("lemma a: \"x\"\n", Prover::Tamarin),
        ("/* expect: verified */\nrule R: [] --> []\nlemma a: \"x\"\n", Prover::Tamarin),
        ("/* expect: verified */\nlemma a: \"x\"\nlemma b: \"x\"\n", Prover::Tamarin),
        ("/* expect: verified */\n/* another */\nlemma a: \"x\"\n", Prover::Tamarin),
        ("(* expect: true *)\nquery attacker(s).\n", Prover::ProVerif),
        ("(* a: says. expect: true *)\nquery attacker(s).\nquery attacker(t).\n", Prover::ProVerif),
        ("// A b: says. expect: pass\nconfidentiality? k\n", Prover::Verifpal),
    ];
    for (text, prover) in bare {
        assert!(properties(text, prover).is_err(), "{text}");
    }
    let twice = "/* expect: verified */\nlemma a: \"x\"\n/* expect: verified */\nlemma a: \"y\"\n";
    assert!(properties(twice, Prover::Tamarin).is_err());
}
