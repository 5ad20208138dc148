//! Scripts: as text and back, and smaller.

use dke_tests::adversary::generate::script;
use dke_tests::adversary::script::{Action, Script};
use dke_tests::adversary::shrink::{renumbered, shrink, smaller};
use quickcheck::QuickCheck;
use std::collections::HashSet;

#[test]
fn scripts_are_read_as_they_are_written() {
    fn property(script: Script) -> bool {
        script.to_string().parse::<Script>().as_ref() == Ok(&script)
    }
    QuickCheck::new().tests(400).min_tests_passed(400).quickcheck(property as fn(Script) -> bool);
}

#[test]
fn every_kind_of_action_is_written() {
    let actions = (0..400).flat_map(|number| script(number).0);
    assert_eq!(actions.map(|action| std::mem::discriminant::<Action>(&action)).collect::<HashSet<_>>().len(), 15);
}

#[test]
fn what_is_no_script_is_refused() {
    let lines = [
        "b0 = publish n0 suite=2",
        "publish n0 suite=2 depth=0",
        "finish i0",
        "finish i0 k0 k1",
        "i0 = initiate c0 n0 b0",
        "i0 = initiate c0 n0 b0.0 hurry",
        "z0 = deliver n0 i0",
        "k0 = deliver n0 i0 loss=now",
        "reveal",
        "reveal b0.x",
        "restart",
        "dance n0",
    ];
    for line in lines {
        assert!(line.parse::<Script>().is_err(), "{line}");
    }
    assert_eq!("# nothing\n\n  # at all\n".parse(), Ok(Script::default()));
}

#[test]
fn scripts_become_smaller_and_stay_scripts() {
    fn property(script: Script) -> bool {
        let size = |script: &Script| script.to_string().len();
        // Another suite or a smaller depth is simpler, but as long.
        smaller(&script).all(|other| other != script && size(&other) <= size(&script))
    }
    QuickCheck::new().tests(100).min_tests_passed(100).quickcheck(property as fn(Script) -> bool);
    let reveals = |script: &Script| script.0.iter().any(|action| matches!(action, Action::Reveal { .. }));
    let found = (0..).map(script).find(|script| reveals(script)).expect("some script reveals something");
    assert_eq!(shrink(&found, &mut |script| reveals(script)).0.len(), 1);
    let text = "b3 = publish n1 suite=2 depth=1\ni7 = initiate c0 n1 b3.1 y=b3.0\nfinish i7 k2\n";
    let expected = "b0 = publish n1 suite=2 depth=1\ni0 = initiate c0 n1 b0.1 y=b0.0\nfinish i0 k0\n";
    assert_eq!(renumbered(&text.parse().expect("a script")).to_string(), expected);
}
