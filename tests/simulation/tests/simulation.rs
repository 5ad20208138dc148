//! A few runs, so that the simulation itself is tested wherever the workspace is.

use dke_simulation::run::{plan, run};

#[test]
fn the_same_seed_gives_the_same_run() {
    let plan = plan(1, &[]);
    let (one, two) = (run(&plan), run(&plan));
    assert_eq!(one.lines, two.lines);
    assert_eq!(one.hash, two.hash, "datagrams");
}
