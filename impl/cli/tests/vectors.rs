//! `dke vectors check`: files that agree, files that do not, and files that are none.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Place;
use serde_json::Value;
use std::fs;

/// A place with the files of the specification.
fn place() -> Place {
    let place = Place::new();
    for file in ["exchanges.json", "rejections.json", "application.json", "calls.json"] {
        let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors");
        fs::copy(format!("{vectors}/{file}"), place.path(file)).unwrap();
    }
    place
}

fn change(place: &Place, file: &str, change: impl FnOnce(&mut Value)) {
    let mut json: Value = serde_json::from_slice(&fs::read(place.path(file)).unwrap()).unwrap();
    change(&mut json);
    fs::write(place.path(&format!("changed-{file}")), json.to_string()).unwrap();
}

/// Runs it, and expects exit code 1 and one sentence.
fn failed(place: &Place, words: &str) -> String {
    let output = place.run(words);
    assert_eq!(output.status.code(), Some(1), "dke {words}");
    let told: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(told["error"], "Failed");
    told["sentence"].as_str().unwrap().to_string()
}

#[test]
fn the_vectors_of_the_specification_hold() {
    let place = place();
    let told = place.ok("vectors check exchanges.json");
    assert_eq!((&told["kind"], &told["vectors"]), (&"exchanges".into(), &16.into()));
    assert!(told["members_compared"].as_u64().unwrap() >= 16 * 32);
    let told = place.ok("vectors check rejections.json");
    assert_eq!(told["kind"], "rejections");
    assert!(told["vectors"].as_u64().unwrap() >= 150);
    let told = place.ok("vectors check application.json");
    assert_eq!((&told["kind"], &told["vectors"]), (&"application".into(), &4.into()));
    assert!(told["members_compared"].as_u64().unwrap() >= 4 * 100);
    fs::create_dir(place.path("elsewhere")).unwrap();
    fs::rename(place.path("rejections.json"), place.path("elsewhere/rejections.json")).unwrap();
    assert_eq!(place.refused("vectors check elsewhere/rejections.json").0, "File");
    place.ok("vectors check elsewhere/rejections.json --exchanges exchanges.json");
}

#[test]
fn a_vector_that_says_something_else_fails() {
    let place = place();
    change(&place, "exchanges.json", |json| json[3]["values"]["th_2"] = "00".repeat(32).into());
    let sentence = failed(&place, "vectors check changed-exchanges.json");
    assert!(sentence.contains("values.th_2"), "{sentence}");
    change(&place, "rejections.json", |json| json[0]["reject"] = "Downgrade".into());
    let sentence = failed(&place, "vectors check changed-rejections.json");
    assert!(sentence.contains("to be rejected as Downgrade"), "{sentence}");
    change(&place, "application.json", |json| json[1]["keys"]["to_client"]["jwe_key"] = "00".repeat(16).into());
    let sentence = failed(&place, "vectors check changed-application.json");
    assert!(sentence.contains("jwe_key"), "{sentence}");
}

#[test]
fn a_file_without_vectors_is_refused() {
    let place = place();
    for bad in ["", "[]", "{}", "[{}]", "\u{0}\u{1}"] {
        fs::write(place.path("bad.json"), bad).unwrap();
        assert_eq!(place.refused("vectors check bad.json").0, "Usage", "{bad:?}");
    }
    change(&place, "exchanges.json", |json| json[0]["inputs"]["x"] = "no digits".into());
    let (name, sentence) = place.refused("vectors check changed-exchanges.json");
    assert!(name == "Usage" && sentence.contains("inputs.x"), "{sentence}");
    change(&place, "rejections.json", |json| json[0]["base"] = "nothing".into());
    let (name, sentence) = place.refused("vectors check changed-rejections.json");
    assert!(name == "Usage" && sentence.contains("its base nothing is missing"), "{sentence}");
    assert_eq!(place.refused("vectors check missing.json").0, "File");
    assert_eq!(place.refused("vectors check rejections.json --exchanges rejections.json").0, "Usage");
}
