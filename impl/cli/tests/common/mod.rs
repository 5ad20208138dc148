//! Runs the command `dke` in a temporary directory.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

#[path = "../../../../tests/common/limit.rs"]
pub mod limit;

use limit::Limit;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A directory in which commands run, for as long as a test may take.
pub struct Place(pub TempDir, Limit);

impl Place {
    pub fn new() -> Place {
        Place(tempfile::tempdir().unwrap(), Limit::default())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A command with words that have no blanks.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dke"));
        command.current_dir(self.0.path()).arg("--json").args(words.split_whitespace());
        command
    }

    pub fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs it, and expects success.
    pub fn ok(&self, words: &str) -> Value {
        let output = self.run(words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "dke {words}: {told}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs it, and expects exit code 2, one sentence, and no file changed. Returns the error's name and sentence.
    pub fn refused(&self, words: &str) -> (String, String) {
        let before = self.files();
        let told = self.refused_with_changes(words);
        assert!(before == self.files(), "dke {words} changed a file");
        told
    }

    /// Runs it, and expects exit code 2 and one sentence.
    pub fn refused_with_changes(&self, words: &str) -> (String, String) {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(2), "dke {words}");
        assert!(output.stdout.is_empty(), "dke {words}");
        let told: Value = serde_json::from_slice(&output.stderr).unwrap();
        let sentence = told["sentence"].as_str().unwrap().to_string();
        assert_eq!(sentence.lines().count(), 1);
        (told["error"].as_str().unwrap().to_string(), sentence)
    }

    /// Runs it, and expects that it fails in a sentence.
    pub fn refused_or_broken(&self, words: &str) {
        let output = self.run(words);
        assert!(matches!(output.status.code(), Some(1 | 2)), "dke {words}");
        serde_json::from_slice::<Value>(&output.stderr).unwrap();
    }

    /// All files but the locks.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(self.0.path(), &mut found);
        found
    }

    /// A node that trusts anna, with 2^depth prekeys at the gateway.
    pub fn with_node(depth: u8) -> Place {
        let place = Place::new();
        place.ok("keygen lamp --subject lamp-7 --kid 6c37");
        place.ok("keygen anna --subject anna");
        place.ok("node trust lamp --client anna/credential.cbor");
        place.ok("gateway register gate lamp/credential.cbor");
        place.ok(&format!("node publish lamp --depth {depth} --out publication.cbor"));
        place.ok("gateway publish gate publication.cbor");
        place
    }

    /// Writes `initiate-<name>.cbor`.
    pub fn initiate(&self, name: &str, more: &str) -> Value {
        self.ok(&format!("gateway offer gate --out offer-{name}.cbor"));
        self.ok(&format!(
            "client initiate anna --node lamp/credential.cbor --offer offer-{name}.cbor --out initiate-{name}.cbor {more}"
        ))
    }
}

fn collect(dir: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.file_name().unwrap() != "lock" {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
}
