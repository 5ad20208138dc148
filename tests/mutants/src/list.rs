//! What cargo-mutants proposes.

use serde::Deserialize;
use std::error::Error;
use std::process::Command;

/// One change.
#[derive(Deserialize)]
pub(crate) struct Mutant {
    /// Its number among all, from 1 on.
    #[serde(default)]
    pub(crate) id: u32,
    /// From the root of the tree.
    pub(crate) file: String,
    pub(crate) genre: String,
    /// For people: place and change.
    pub(crate) name: String,
    pub(crate) replacement: String,
    pub(crate) span: Span,
}

/// Lines and columns count from 1.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Place,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Mutant {
    pub(crate) fn line(&self) -> String {
        format!("{}\n", self.name)
    }
}

/// All changes to the files of a package whose paths contain a text.
pub(crate) fn of(package: &str, file: &str) -> Result<Vec<Mutant>, Box<dyn Error>> {
    let listed = Command::new("cargo").args(["mutants", "--list", "--json", "-p", package]).output()?;
    if !listed.status.success() {
        return Err(format!("cargo mutants: {}", String::from_utf8_lossy(&listed.stderr)).into());
    }
    let mut mutants: Vec<Mutant> = serde_json::from_slice(&listed.stdout)?;
    mutants.retain(|one| one.file.contains(file));
    for (id, mutant) in (1..).zip(&mut mutants) {
        mutant.id = id;
    }
    Ok(mutants)
}
