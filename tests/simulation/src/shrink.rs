//! Makes a failing plan small: leaves out what is not needed for it to fail.

use crate::monitor::Property;
use crate::plan::Plan;
use crate::run::{Report, run};

/// Runs that are spent on it.
const TRIES: u32 = 60;

/// A smaller plan in which the same property does not hold, and how it ends.
pub fn shrink(plan: &Plan, property: Property) -> (Plan, Report) {
    let (mut plan, mut tries) = (plan.clone(), 0);
    let mut report = run(&plan);
    'smaller: loop {
        for candidate in plan.smaller() {
            if tries == TRIES {
                break 'smaller;
            }
            tries += 1;
            let tried = run(&candidate);
            if tried.violation.as_ref().is_some_and(|violation| violation.property == property) {
                (plan, report) = (candidate, tried);
                continue 'smaller;
            }
        }
        break;
    }
    (plan, report)
}
