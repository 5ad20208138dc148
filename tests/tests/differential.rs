//! Specification against implementation. DKE_CASES scales the number of runs; a failure prints the command that reproduces it.

use dke_tests::differential::{Case, Kind, Tally, run, run_all_tamperings, run_at_depth};
use quickcheck::QuickCheck;
use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

static TALLY: LazyLock<Mutex<Tally>> = LazyLock::new(Mutex::default);

#[test]
fn specification_and_implementation_agree() {
    let cases = std::env::var("DKE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(40);
    fn agree(case: Case) -> bool {
        let tally = run(case);
        TALLY.lock().expect("no other run has failed").add(&tally);
        true
    }
    QuickCheck::new().tests(cases).min_tests_passed(cases).quickcheck(agree as fn(Case) -> bool);
    // A generator that goes nowhere proves nothing.
    let tally = TALLY.lock().expect("every run agrees");
    println!("{tally:?}");
    assert!(tally.idle * 4 <= tally.actions, "too many actions find nothing to do");
    assert!(tally.accepted >= cases / 2, "too few Initiates are accepted");
    assert!(tally.completed >= cases / 4, "too few exchanges are completed");
    assert!(tally.rejections() >= cases, "too few messages are rejected");
    assert!(tally.rejections() * 4 <= tally.actions * 3, "too many messages are rejected");
    assert!(tally.rejected.len() >= 12, "too few reasons for rejection");
    assert!(tally.depths.len() >= 4, "too few depths");
    assert!(tally.tampered.len() * 4 >= ways().len() * 3, "too few ways to tamper");
}

/// All ways to tamper with any message.
fn ways() -> BTreeSet<dke_tests::differential::Tampering> {
    Kind::ALL.into_iter().flat_map(Kind::tamperings).collect()
}

#[test]
fn every_tampering_of_every_message_agrees() {
    let tally = run_all_tamperings();
    assert_eq!(tally.tampered.keys().copied().collect::<BTreeSet<_>>(), ways());
}

#[test]
fn batches_of_every_depth_agree() {
    for depth in 0..=8 {
        let tally = run_at_depth(depth);
        assert_eq!(tally.depths.keys().copied().collect::<Vec<_>>(), [depth]);
    }
}
