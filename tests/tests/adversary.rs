//! The gateway as attacker against the running code. DKE_SCRIPTS and DKE_SPEC scale the number of random scripts; a failure
//! prints the script, made small, which `cargo adversary --replay` runs again.

#[path = "adversary/attacks.rs"]
mod attacks;
#[path = "adversary/evaluator.rs"]
mod evaluator;
#[path = "adversary/knowledge.rs"]
mod knowledge;
#[path = "adversary/runs.rs"]
mod runs;
#[path = "adversary/scripts.rs"]
mod scripts;

use dke_tests::adversary::Setting;
use dke_tests::adversary::campaign::{Plan, campaign};

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn no_script_violates_a_lemma() {
    let scripts = from_environment("DKE_SCRIPTS", 1000);
    let plan = Plan { scripts, both: from_environment("DKE_SPEC", 100).min(scripts), seed: 0, threads: 2 };
    let setting = Setting::protocol().expect("the models can be read");
    let report = campaign(&plan, &setting, &|_| {}).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{report}");
    assert_eq!((report.scripts, report.both), (plan.scripts, plan.both));
    assert_eq!(report.shortcomings(), Vec::<String>::new());
}
