//! One vocabulary: the labels of the steps and the names of the rejections are the same in the protocol, the specification, the
//! implementation and the transcripts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files under a directory, one behind the other.
fn all_of(directory: &Path) -> String {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { all_of(&path) } else { read(&path) }).collect()
}

/// Every step label in a text: A1, N1, G1, C1, ...
fn labels(text: &str) -> BTreeSet<&str> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| matches!(word.as_bytes(), [b'A' | b'N' | b'G' | b'C', b'1'..=b'9'])).collect()
}

fn protocol() -> String {
    read(&root().join("spec/PROTOCOL.md"))
}

#[test]
fn the_steps_are_the_same_everywhere() {
    let protocol = protocol();
    let rows = protocol.lines().filter(|line| line.starts_with("| ") && line.matches('|').count() == 4);
    let table: BTreeSet<&str> = rows.filter_map(|row| labels(row.split('|').nth(1)?).into_iter().next()).collect();
    let headings: String = protocol.lines().filter(|line| line.starts_with("### ")).collect::<Vec<_>>().join("\n");
    assert_eq!(table.len(), 11);
    assert_eq!(labels(&headings), table, "the headings of section 7");
    assert_eq!(labels(&protocol), table, "PROTOCOL.md");
    for place in ["spec/src", "impl/core/src", "tests/tests/snapshots"] {
        assert_eq!(labels(&all_of(&root().join(place))), table, "{place}");
    }
}

#[test]
fn the_specification_has_no_rejection_of_its_own() {
    let protocol = protocol();
    let section =
        protocol.split("## 9 Rejections").nth(1).expect("section 9").split("\n## ").next().unwrap_or_default();
    let listed: BTreeSet<&str> = section.lines().filter_map(|row| Some(row.split('|').nth(1)?.trim())).collect();
    let source = read(&root().join("spec/src/error.rs"));
    let body = source.split("pub enum Reject {").nth(1).and_then(|rest| rest.split('}').next()).expect("the enum");
    let names: BTreeSet<&str> = body.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    assert!(names.len() > 30);
    assert!(names.is_subset(&listed), "{:?}", names.difference(&listed));
}
