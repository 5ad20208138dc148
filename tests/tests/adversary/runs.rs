//! Single runs: what is told of them, and what they are measured by.

use dke_tests::adversary::campaign::Report;
use dke_tests::adversary::script::Script;
use dke_tests::adversary::world::{Depth, Driven};
use dke_tests::adversary::{Setting, run};
use quickcheck::QuickCheck;
use std::sync::LazyLock;

static PROTOCOL: LazyLock<Setting> = LazyLock::new(|| Setting::protocol().expect("the models can be read"));

/// What each action of a script comes to, on both sides, without a finding; and the trace.
fn told(script: &str) -> (Vec<String>, String) {
    let script: Script = script.parse().expect("a script");
    let outcome = run(&script, Driven::Both, &PROTOCOL.theory, false);
    assert_eq!(outcome.findings, []);
    (outcome.told.clone(), outcome.trace())
}

#[test]
fn an_honest_exchange_is_told_as_the_models_tell_it() {
    let (told, trace) = told(
        "b0 = publish n0 suite=2 depth=1
         i0 = initiate c0 n0 b0.1 refresh
         k0 = deliver n0 i0
         finish i0 k0
         acknowledge n0 b0.1",
    );
    let expected = [
        "epoch 1, prekeys: 2",
        "Initiate of 70 bytes",
        "accepted as 'c0''s; Confirm of 58 bytes",
        "finished in refresh mode",
        "forgotten",
    ];
    assert_eq!(told, expected);
    let count = |fact: &str| trace.matches(&format!("{fact}(")).count();
    let facts = ["Initiated", "Accepted", "Erased", "Confirmed", "Finished", "K"];
    assert_eq!(facts.map(count), [1, 1, 1, 1, 1, 0], "{trace}");
    // Two prekeys, each for core.spthy and for trees.spthy.
    assert_eq!(count("Published"), 4, "{trace}");
}

#[test]
fn the_attacker_knows_a_key_when_it_can_deduce_it() {
    let exchange = "b0 = publish n0 suite=2 depth=0\ni0 = initiate c0 n0 b0.0 refresh\n";
    let rest = "k0 = deliver n0 i0\nfinish i0 k0\n";
    let known = |script: String| told(&script).1.matches(" K(").count();
    assert_eq!(known(format!("{exchange}reveal i0\n{rest}")), 0, "x alone is not enough");
    assert_eq!(known(format!("{exchange}reveal c0\n{rest}")), 0, "c alone is not enough");
    // PRK_2 and the early key; with x and c the session key, too.
    assert_eq!(
        known(format!("{exchange}reveal b0.0\n{rest}")),
        2,
        "y gives what it protects, but not a refreshed session"
    );
    assert_eq!(known(format!("{exchange}reveal i0\nreveal c0\n{rest}")), 3);
    assert_eq!(known(format!("{exchange}reveal b0.0\n{rest}reveal k0\n")), 3, "y and z");
    assert_eq!(known(format!("{exchange}{rest}reveal b0.0\n")), 0, "y has been erased");
}

#[test]
fn power_is_lost_as_the_script_says() {
    let exchange = "b0 = publish n0 suite=2 depth=0\ni0 = initiate c0 n0 b0.0\n";
    let last = |script: String| told(&script).0.pop().unwrap_or_default();
    let retried = |loss: &str| last(format!("{exchange}k0 = deliver n0 i0 loss={loss}\nk1 = deliver n0 i0\n"));
    assert_eq!(retried("before-erasure"), "accepted as 'c0''s; Confirm of 25 bytes");
    assert_eq!(retried("after-erasure"), "rejected: PrekeyConsumed");
    assert_eq!(retried("before-confirm"), "rejected: PrekeyConsumed");
    assert_eq!(retried("after-confirm"), "the Confirm of before");
    let finish = |loss: &str| last(format!("{exchange}k0 = deliver n0 i0\nfinish i0 k0 loss={loss}\nfinish i0 k0\n"));
    assert_eq!(finish("before"), "finished in basic mode");
    assert_eq!(finish("after"), "nothing to do");
    let begin = |loss: &str| {
        last(format!("b0 = publish n0 suite=2 depth=0\ni0 = initiate c0 n0 b0.0 loss={loss}\nk0 = deliver n0 i0\n"))
    };
    assert_eq!(begin("before"), "nothing to do");
    assert_eq!(begin("after"), "accepted as 'c0''s; Confirm of 25 bytes");
}

/// New scripts each time; those of the campaign are always the same.
#[test]
fn fresh_scripts_violate_nothing() {
    fn property(script: Script) -> Result<bool, String> {
        let outcome = run(&script, Driven::Implementation, &PROTOCOL.theory, true);
        outcome.findings.first().map_or(Ok(true), |(_, finding)| Err(finding.to_string()))
    }
    let property = property as fn(Script) -> Result<bool, String>;
    QuickCheck::new().tests(100).min_tests_passed(100).quickcheck(property);
}

#[test]
fn shallow_campaigns_fail() {
    let depth = Depth::default();
    let report = |reached, met| Report {
        scripts: 1000,
        both: 0,
        actions: 0,
        reached,
        depth,
        met: vec![("one".to_string(), 1000), ("rare".to_string(), met)],
    };
    assert_eq!(report(600, 10).shortcomings(), Vec::<String>::new());
    assert_eq!(report(599, 10).shortcomings().len(), 1);
    assert_eq!(report(600, 9).shortcomings(), ["the premise of rare is met in 9 scripts only"]);
}
