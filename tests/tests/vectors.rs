//! `spec/vectors`: they are what the specification says today, and the implementation agrees with each.

use dke::RustCrypto;
use dke_tests::vectors::{Exchange, Kind, Rejection, exchange};
use dke_tests::{example, implementation, rejections};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn spec(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn exchanges() -> Vec<Exchange> {
    serde_json::from_str(&spec("vectors/exchanges.json")).expect("vectors")
}

fn stored_rejections() -> Vec<Rejection> {
    serde_json::from_str(&spec("vectors/rejections.json")).expect("vectors")
}

#[test]
fn exchanges_are_what_the_specification_says() {
    let made: Vec<Exchange> = Kind::all().into_iter().map(exchange).collect();
    assert_eq!(made.len(), 16);
    assert!(made == exchanges(), "run `cargo run -p dke-tests --bin write-vectors` and review the change");
}

#[test]
fn rejections_are_what_the_specification_says() {
    assert!(rejections::rejections() == stored_rejections(), "run `cargo run -p dke-tests --bin write-vectors`");
}

#[test]
fn the_worked_example_is_the_vector() {
    let protocol = spec("PROTOCOL.md");
    assert!(example::replace(&protocol, &exchanges()) == protocol, "run `cargo run -p dke-tests --bin write-vectors`");
}

#[test]
fn the_implementation_makes_the_same_exchanges() {
    for vector in exchanges() {
        implementation::run::<RustCrypto>(&vector);
    }
}

#[test]
fn the_implementation_rejects_for_the_same_reason() {
    let (exchanges, rejections) = (exchanges(), stored_rejections());
    assert!(rejections.len() >= 150);
    let mut wrong = Vec::new();
    for rejection in &rejections {
        let base = exchanges.iter().find(|vector| vector.name == rejection.base).expect("the base exists");
        let name = implementation::reject::<RustCrypto>(base, rejection);
        if name != Some(&rejection.reject) {
            wrong.push(format!(
                "{}: {} by the specification, {name:?} by the implementation",
                rejection.name, rejection.reject
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rejection_of_a_message_has_a_vector() {
    let seen: BTreeSet<String> = stored_rejections().into_iter().map(|rejection| rejection.reject).collect();
    let bookkeeping = ["NotOffered", "IndexTaken", "QueueFull", "UnknownNode", "Exhausted", "WrongToken"];
    for reject in dke::Reject::ALL {
        let name = reject.name();
        assert!(seen.contains(name) || bookkeeping.contains(&name), "no vector for {name}");
    }
}
