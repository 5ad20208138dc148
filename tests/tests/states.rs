//! All states that two clients and a node with two prekeys can reach over a gateway that keeps its own rules, with one loss of
//! power at any storage operation, one duplicated and one dropped message: explored to the end by `stateright`, on the
//! implementation's own state machines.

#[path = "states/system.rs"]
mod system;

use stateright::{Checker, HasDiscoveries, Model};
use system::System;

#[test]
fn no_state_breaks_a_promise() {
    let checker = System::new().checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    println!("{} states, {} of them different", checker.state_count(), checker.unique_state_count());
    checker.assert_properties();
    // Fewer would mean that something is not tried.
    assert!(checker.unique_state_count() > 10_000, "{}", checker.unique_state_count());
}
