//! `spec/vectors` is what the specification says today. (`dke-vectors` holds the implementation to them.)

use dke_tests::vectors::{Kind, exchange};
use dke_tests::{application, calls, example, rejections};
use dke_vectors::form::{Application, Calls, Exchange, Rejection};
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
fn the_application_layer_is_what_the_specification_says() {
    let stored: Vec<Application> = serde_json::from_str(&spec("vectors/application.json")).expect("vectors");
    assert!(application::applications() == stored, "run `cargo run -p dke-tests --bin write-vectors`");
    // The secrets are those of the exchanges that they name.
    for vector in stored {
        let exchange = exchanges().into_iter().find(|exchange| exchange.name == vector.exchange).expect("an exchange");
        let early = vector.name.ends_with("-early");
        let secret = if early { exchange.values.early_secret } else { exchange.values.session_secret };
        assert_eq!(vector.secret, secret, "{}", vector.name);
    }
}

#[test]
fn calls_are_what_the_specification_says() {
    let stored: Vec<Calls> = serde_json::from_str(&spec("vectors/calls.json")).expect("vectors");
    assert!(calls::calls() == stored, "run `cargo run -p dke-tests --bin write-vectors`");
}

#[test]
fn the_worked_example_is_the_vector() {
    let protocol = spec("PROTOCOL.md");
    assert!(example::replace(&protocol, &exchanges()) == protocol, "run `cargo run -p dke-tests --bin write-vectors`");
}
