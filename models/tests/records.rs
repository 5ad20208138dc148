//! Nobody changes a model without proving it again: `models/verdicts.toml` must speak for every model as it is.

mod common;

use common::{Project, honest};
use dke_models::model::discover;
use dke_models::record::Records;
use std::path::Path;

fn deviations(models: &Path) -> Vec<String> {
    let records = Records::read(&models.join("verdicts.toml")).expect("records");
    let models = discover(models).expect("models");
    records.deviations(&models).expect("expectations")
}

#[test]
fn the_models_are_those_that_were_proved() {
    assert_eq!(deviations(Path::new(env!("CARGO_MANIFEST_DIR"))), Vec::<String>::new(), "run `cargo prove --record`");
}

/// The theory of the other tests, recorded.
fn recorded() -> Project {
    let project = Project::with_tamarin(&honest());
    assert_eq!(project.prove(&["--record"]).code, Some(0));
    assert_eq!(deviations(&project.path("models")), Vec::<String>::new());
    project
}

#[track_caller]
fn is_seen(project: &Project, words: &str) {
    let deviations = deviations(&project.path("models"));
    assert!(deviations.iter().any(|deviation| deviation.contains(words)), "{words}: {deviations:?}");
}

#[test]
fn changed_model() {
    let project = recorded();
    project.edit("models/tamarin/t.spthy", "Secret(x)", "Secret( x )");
    is_seen(&project, "tamarin/t.spthy was changed after it was proved");
}

#[test]
fn changed_include() {
    let project = Project::with_tamarin(&honest());
    project.edit("models/tamarin/t.spthy", "theory T begin", "theory T begin\n#include \"rules.inc\"");
    project.write("models/tamarin/rules.inc", "rule A: [] --> []\n");
    assert_eq!(project.prove(&["--record"]).code, Some(0));
    assert_eq!(deviations(&project.path("models")), Vec::<String>::new());
    project.write("models/tamarin/rules.inc", "rule A: [] --> [ ]\n");
    is_seen(&project, "was changed after it was proved");
}

#[test]
fn new_and_deleted_models() {
    let project = recorded();
    project.write("models/tamarin/u.spthy", common::THEORY);
    is_seen(&project, "tamarin/u.spthy has no record");
    std::fs::remove_file(project.path("models/tamarin/t.spthy")).expect("the theory");
    is_seen(&project, "tamarin/t.spthy has a record, but does not exist");
}

#[test]
fn record_with_other_verdicts() {
    let project = recorded();
    let line = "  { property = \"executable\", verdict = \"verified\", tamarin = { steps = 5, ";
    project.edit("models/verdicts.toml", line, &line.replace("verified", "falsified"));
    is_seen(&project, "executable: expected verified, recorded falsified");
    project.edit(
        "models/verdicts.toml",
        "property = \"secrecy\", in = \"WEAK\"",
        "property = \"secrecy\", in = \"OTHER\"",
    );
    is_seen(&project, "secrecy in WEAK: expected falsified, recorded nothing");
    is_seen(&project, "secrecy in OTHER: expected nothing, recorded falsified");
}
