//! The study of other protocols: its documents are what the recorded verdicts make of them, and every attack has its picture and reason.

use dke_models::applicability::attacks;
use dke_models::applicability::candidate::VARIANTS;
use dke_models::applicability::picture::{is_current, mark};
use dke_models::applicability::{ApplicabilityError, FOLDER, Study};
use dke_models::model::{Model, discover};
use dke_models::record::Records;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn models() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a check on the study below a folder `models`.
fn with_study<T>(models: &Path, check: impl FnOnce(&Study<'_>) -> T) -> Result<T, ApplicabilityError> {
    let records = Records::read(&models.join("verdicts.toml")).expect("records");
    let found = discover(models)?;
    Study::read(models, &found, &records).map(|study| check(&study))
}

fn with_project<T>(check: impl FnOnce(&Study<'_>) -> T) -> T {
    with_study(&models(), check).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn documents_are_those_of_the_verdicts() {
    let documents = with_project(|study| study.documents().unwrap_or_else(|error| panic!("{error}")));
    for (path, text) in documents {
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == text, "{}: run `cargo prove --applicability`", path.display());
    }
}

#[test]
fn every_attack_has_its_picture_and_no_other() {
    let pictures = with_project(|study| {
        let attacks = attacks::all(study);
        let mut pictures = BTreeSet::new();
        for attack in &attacks {
            let Some(file) = attack.picture() else { continue };
            let picture = std::fs::read_to_string(study.picture(&file)).unwrap_or_default();
            assert!(is_current(&picture, attack), "{file}: run `cargo prove --applicability`");
            pictures.insert(file);
        }
        pictures
    });
    let files = std::fs::read_dir(models().join(FOLDER).join("attacks")).expect("the pictures");
    let files: BTreeSet<String> =
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into()).collect();
    assert_eq!(files, pictures);
}

/// "Does not complete" is a proof, and says nothing if the model cannot complete at all.
#[test]
fn every_candidate_completes_in_some_way_in_every_variant() {
    with_project(|study| {
        assert!(study.candidates.len() >= 8, "{}", study.candidates.len());
        for candidate in &study.candidates {
            for (letter, _, _) in VARIANTS {
                let completes = candidate.answer(letter, "completes").map(|answer| answer.holds);
                let executable = candidate.answer(letter, "executable").map(|answer| answer.holds);
                let place = format!("{} ({letter})", candidate.name);
                assert!(completes.is_some(), "{place}: completes is not asked");
                assert!(completes == Some(true) || executable == Some(true), "{place} does not complete");
            }
        }
    });
}

/// A copy in which something can be changed.
fn copy() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    for part in ["", "applicability", "applicability/lemmas"] {
        std::fs::create_dir_all(folder.path().join(part)).expect("a folder");
        for entry in std::fs::read_dir(models().join(part)).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let name = path.file_name().expect("a name");
                std::fs::copy(&path, folder.path().join(part).join(name)).expect("a copy");
            }
        }
    }
    folder
}

fn edit(folder: &TempDir, file: &str, from: &str, to: &str) {
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).expect("a text");
    assert!(text.contains(from), "{from} is not in {file}");
    std::fs::write(&path, text.replacen(from, to, 1)).expect("a file");
}

/// What is wrong after a change.
fn error_after(file: &str, from: &str, to: &str) -> String {
    let folder = copy();
    edit(&folder, file, from, to);
    let documents = with_study(folder.path(), |study| study.documents().map(|_| ()));
    documents.and_then(|documents| documents).expect_err("an error").to_string()
}

#[test]
fn what_is_missing_is_seen() {
    let toml = "applicability/dke_basic.toml";
    assert!(error_after(toml, "hoarding = ", "replay = ").contains("dke_basic-a-hoarding is falsified, and"));
    assert!(
        error_after(toml, "[c]\n", "[c]\nreplay = \"Why?\"\n").contains("dke_basic-c-replay is explained, but not")
    );
    assert!(error_after("applicability/dke_basic.spthy", "rule N3:", "rule N3 :").contains("no verdict is recorded"));
    assert!(error_after("applicability/links.toml", "[dke_basic]", "[dke]").contains("what dke_basic sends"));
    assert!(error_after("applicability/README.md", "<!-- /links -->", "").contains("<!-- links -->"));
}

/// A picture of the model as it was is no picture of it as it is.
#[test]
fn pictures_belong_to_their_model() {
    with_project(|study| {
        for attack in attacks::all(study) {
            let picture = format!("<?xml?>\n{}\n<svg/>", mark(&attack));
            assert!(is_current(&picture, &attack));
            let other = Model { text: format!("{} ", attack.candidate.model.text), ..attack.candidate.model.clone() };
            assert!(!is_current(&picture.replace(&attack.candidate.model.sha256(), &other.sha256()), &attack));
        }
    });
}
