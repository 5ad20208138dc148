//! What the runner talks about: provers, their verdicts, variants, properties and models. The programs are [`crate::tool`]'s.

use crate::expect::{self, ExpectError, Expected};
use crate::preprocess::{self, PreprocessError};
use crate::scan::{self, Property};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A prover: a language of models and a set of verdicts, in the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Prover {
    /// Trace properties, unbounded.
    Tamarin,
    /// Correspondences and equivalences, unbounded.
    ProVerif,
    /// Bounded.
    Verifpal,
}

impl Prover {
    /// All of them.
    pub const ALL: [Prover; 3] = [Prover::Tamarin, Prover::ProVerif, Prover::Verifpal];

    /// The prover of a file, by its extension.
    pub fn of(path: &Path) -> Option<Prover> {
        match path.extension()?.to_str()? {
            "spthy" => Some(Prover::Tamarin),
            "pv" => Some(Prover::ProVerif),
            "vp" => Some(Prover::Verifpal),
            _ => None,
        }
    }

    /// The verdicts that can be expected of it.
    pub fn verdicts(self) -> &'static [Verdict] {
        match self {
            Prover::Tamarin => &[Verdict::Verified, Verdict::Falsified],
            Prover::ProVerif => &[Verdict::True, Verdict::False, Verdict::CannotBeProved],
            Prover::Verifpal => &[Verdict::Pass, Verdict::Fail],
        }
    }

    /// One of its verdicts by its word.
    pub fn verdict(self, word: &str) -> Option<Verdict> {
        self.verdicts().iter().copied().find(|verdict| verdict.to_string() == word)
    }
}

impl fmt::Display for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Prover::Tamarin => "Tamarin",
            Prover::ProVerif => "ProVerif",
            Prover::Verifpal => "Verifpal",
        })
    }
}

/// A verdict, in the prover's own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Tamarin.
    Verified,
    /// Tamarin: there is a trace against it, or none that it asks for.
    Falsified,
    /// ProVerif.
    True,
    /// ProVerif found an attack.
    False,
    /// ProVerif found neither proof nor attack.
    CannotBeProved,
    /// Verifpal, within its bounds.
    Pass,
    /// Verifpal found an attack.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Verified => "verified",
            Verdict::Falsified => "falsified",
            Verdict::True => "true",
            Verdict::False => "false",
            Verdict::CannotBeProved => "cannot be proved",
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
        })
    }
}

/// The flags that weaken a protocol; none is the protocol itself. Written `A+B`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variant(BTreeSet<String>);

impl Variant {
    /// Is it the protocol itself?
    pub fn is_protocol(&self) -> bool {
        self.0.is_empty()
    }

    /// Is the flag among its flags?
    pub fn has(&self, flag: &str) -> bool {
        self.0.contains(flag)
    }

    /// Its flags.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.flags().collect::<Vec<_>>().join("+"))
    }
}

/// A flag consists of letters, digits and underscores.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no variant: flags, joined by +")]
pub struct NoVariant(String);

impl FromStr for Variant {
    type Err = NoVariant;

    fn from_str(text: &str) -> Result<Variant, NoVariant> {
        let is_flag = |flag: &str| !flag.is_empty() && flag.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if text.split('+').all(is_flag) {
            Ok(Variant(text.split('+').map(String::from).collect()))
        } else {
            Err(NoVariant(text.to_string()))
        }
    }
}

/// Why a model cannot be run at all.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Its text.
    #[error("{path}: {error}")]
    Text {
        /// The model, below `models/`.
        path: String,
        /// The cause.
        error: PreprocessError,
    },
    /// A comment with an expectation.
    #[error("{path}: {error}")]
    Expectation {
        /// The model, below `models/`.
        path: String,
        /// The cause.
        error: ExpectError,
    },
    /// A model without any.
    #[error("{0} states no property")]
    NoProperty(String),
    /// The folder of the models.
    #[error("{} cannot be read: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
}

/// A model file.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its path below the folder of models, with `/`.
    pub path: String,
    /// The file.
    pub file: PathBuf,
    /// Who proves it.
    pub prover: Prover,
    /// Its text with all includes; conditions are still in it.
    pub text: String,
    /// The variants that it names, the protocol first.
    pub variants: Vec<Variant>,
    /// What it asks of the runner.
    pub settings: Settings,
}

/// A line `prover: --argument time=SECONDS memory=MIB` in a comment of a model that cannot do without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Arguments for the prover.
    pub arguments: Vec<String>,
    /// Time limit in seconds.
    pub time: Option<u64>,
    /// Memory limit in MiB.
    pub memory: Option<u64>,
}

impl Model {
    /// Reads one file.
    pub fn read(folder: &Path, file: &Path, prover: Prover) -> Result<Model, ModelError> {
        let parts = file.strip_prefix(folder).unwrap_or(file).components();
        let path = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        let text = preprocess::with_includes(file).map_err(|error| ModelError::Text { path: path.clone(), error })?;
        let comments = scan::comments(&text, prover);
        let mut variants = BTreeSet::from([Variant::default()]);
        let mut settings = Settings::default();
        for comment in comments {
            let failed = |error| ModelError::Expectation { path: path.clone(), error };
            if comment.contains("expect:") {
                variants.extend(Expected::parse(comment, prover).map_err(failed)?.variants().cloned());
            } else if let Some(line) = comment.trim().strip_prefix("prover:") {
                settings = expect::settings(line).map_err(failed)?;
            }
        }
        Ok(Model { path, file: file.to_path_buf(), prover, text, variants: variants.into_iter().collect(), settings })
    }

    /// Its text for one variant.
    pub fn select(&self, variant: &Variant) -> Result<String, ModelError> {
        preprocess::select(&self.text, variant).map_err(|error| ModelError::Text { path: self.path.clone(), error })
    }

    /// The properties that stand in it for one variant, in order.
    pub fn properties(&self, variant: &Variant) -> Result<Vec<Property>, ModelError> {
        scan::properties(&self.select(variant)?, self.prover)
            .map_err(|error| ModelError::Expectation { path: self.path.clone(), error })
    }

    /// SHA-256 of what its prover reads, in hexadecimal: of the text of each variant, with includes and without conditions.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for variant in &self.variants {
            // A text that cannot be put together is no model: `select` fails wherever it is read.
            let text = self.select(variant).unwrap_or_else(|error| error.to_string());
            hash.update(format!("{variant}\n{}\n{text}", text.len()));
        }
        hex::encode(hash.finalize())
    }
}

/// All models below the folder, sorted by path.
pub fn discover(folder: &Path) -> Result<Vec<Model>, ModelError> {
    let mut models = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        let failed = |error| ModelError::Folder { path: next.clone(), error };
        for entry in std::fs::read_dir(&next).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(prover) = Prover::of(&path) {
                models.push(Model::read(folder, &path, prover)?);
            }
        }
    }
    models.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(models)
}
