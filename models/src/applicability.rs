//! `cargo prove --applicability`: which existing protocols can be delayed. Each candidate is a theory `models/applicability/NAME.spthy` with
//! `NAME.toml` beside it; from these and the recorded verdicts come the tables of `README.md`, `ATTACKS.md` and the pictures of the attacks.
//! [`candidate`] reads, [`tables`] and [`attacks`] write, [`picture`] draws.

pub mod attacks;
pub mod candidate;
pub mod picture;
pub mod tables;

use crate::model::{Model, ModelError};
use crate::record::Records;
use candidate::{Candidate, Link};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder, below `models/`.
pub const FOLDER: &str = "applicability";

/// Why the tables cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ApplicabilityError {
    /// A file.
    #[error("{} cannot be read or written: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
    /// A data file's content.
    #[error("{}: {error}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: toml::de::Error,
    },
    /// A model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A lemma without a verdict for the model as it is.
    #[error("{0}: no verdict is recorded; run `cargo prove --only applicability --record`")]
    NotRecorded(String),
    /// A "no" that nobody explains.
    #[error("{0} is falsified, and the candidate's file does not say why")]
    NotExplained(String),
    /// An explanation of what is not falsified.
    #[error("{0} is explained, but not falsified")]
    NoAttack(String),
    /// A candidate without figures.
    #[error("links.toml does not say what {0} sends over the constrained link")]
    NoLink(String),
    /// A document without the place for a table.
    #[error("{0} has no `<!-- {1} -->` and `<!-- /{1} -->`")]
    NoMarkers(String, &'static str),
    /// Tamarin or Graphviz.
    #[error("{0}")]
    Picture(String),
}

/// Everything that the documents are made from.
#[derive(Debug)]
pub struct Study<'a> {
    /// In the order of the tables.
    pub candidates: Vec<Candidate<'a>>,
    /// What each candidate sends over the constrained link.
    pub links: BTreeMap<String, Link>,
    folder: PathBuf,
}

impl<'a> Study<'a> {
    /// Reads candidates and figures below the folder `models`.
    pub fn read(folder: &Path, models: &'a [Model], records: &Records) -> Result<Study<'a>, ApplicabilityError> {
        let folder = folder.join(FOLDER);
        let of_study = models.iter().filter(|model| model.path.starts_with(FOLDER));
        let candidates: Result<Vec<_>, _> = of_study.map(|model| Candidate::read(model, records)).collect();
        let mut candidates = candidates?;
        candidates.sort_by_key(|candidate| candidate.about.order);
        let links: BTreeMap<String, Link> = read_toml(&folder.join("links.toml"))?;
        let mut names = candidates.iter().map(|candidate| &candidate.name);
        if let Some(name) = names.find(|name| !links.contains_key(*name)) {
            return Err(ApplicabilityError::NoLink(name.clone()));
        }
        Ok(Study { candidates, links, folder })
    }

    /// The documents as they must be, each with its path.
    pub fn documents(&self) -> Result<Vec<(PathBuf, String)>, ApplicabilityError> {
        let path = self.folder.join("README.md");
        let mut readme = read(&path)?;
        for (marker, table) in [
            ("verdicts", tables::verdicts(self)?),
            ("candidates", tables::candidates(self)),
            ("links", tables::links(self)),
        ] {
            readme = replace(&readme, marker, &table)?;
        }
        Ok(vec![(path, readme), (self.folder.join("ATTACKS.md"), attacks::document(self)?)])
    }

    /// Where the picture of an attack is.
    pub fn picture(&self, file: &str) -> PathBuf {
        self.folder.join("attacks").join(file)
    }

    /// Writes the documents, draws what is missing or out of date, and removes pictures of no attack. Returns how many it drew.
    pub fn write(&self) -> Result<usize, ApplicabilityError> {
        let drawn = picture::draw_all(self)?;
        for (path, text) in self.documents()? {
            std::fs::write(&path, text).map_err(|error| ApplicabilityError::File { path, error })?;
        }
        Ok(drawn)
    }
}

/// A text file.
pub fn read(path: &Path) -> Result<String, ApplicabilityError> {
    std::fs::read_to_string(path).map_err(|error| ApplicabilityError::File { path: path.to_path_buf(), error })
}

/// A TOML file.
pub fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ApplicabilityError> {
    toml::from_str(&read(path)?).map_err(|error| ApplicabilityError::Content { path: path.to_path_buf(), error })
}

/// `text` with a table between the comments `<!-- marker -->` and `<!-- /marker -->`.
fn replace(text: &str, marker: &'static str, table: &str) -> Result<String, ApplicabilityError> {
    let (open, close) = (format!("<!-- {marker} -->"), format!("<!-- /{marker} -->"));
    let parts = text.split_once(&open).and_then(|(before, rest)| Some((before, rest.split_once(&close)?.1)));
    let (before, after) = parts.ok_or_else(|| ApplicabilityError::NoMarkers("README.md".to_string(), marker))?;
    Ok(format!("{before}{open}\n{table}{close}{after}"))
}
