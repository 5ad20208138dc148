//! Specification against implementation. DKE_CASES scales the number of runs.

use dke_tests::differential::{Case, run};
use quickcheck::QuickCheck;
use std::sync::atomic::{AtomicU64, Ordering};

static ACCEPTED: AtomicU64 = AtomicU64::new(0);
static REJECTED: AtomicU64 = AtomicU64::new(0);

#[test]
fn specification_and_implementation_agree() {
    let cases = std::env::var("DKE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(40);
    fn agree(case: Case) -> bool {
        let depths = run(case);
        ACCEPTED.fetch_add(depths.accepted, Ordering::Relaxed);
        REJECTED.fetch_add(depths.rejected, Ordering::Relaxed);
        true
    }
    QuickCheck::new().tests(cases).min_tests_passed(cases).quickcheck(agree as fn(Case) -> bool);
    // A generator that goes nowhere proves nothing.
    assert!(ACCEPTED.load(Ordering::Relaxed) >= cases / 2, "too few runs reach an accepted Initiate");
    assert!(REJECTED.load(Ordering::Relaxed) >= cases / 2, "too few runs reject anything");
}
