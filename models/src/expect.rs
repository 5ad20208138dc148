//! The expectations that stand in the comments of the models:
//! `expect: verified; in A B+C: falsified; in D: verified`.

use crate::model::{NoVariant, Prover, Settings, Variant, Verdict};
use std::collections::BTreeMap;

/// Why an expectation cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum ExpectError {
    /// No comment with an expectation directly above.
    #[error("{0} has no expected verdict in a comment directly above it")]
    None(String),
    /// Another word than the prover's verdicts.
    #[error("`{0}` is no verdict of {1}")]
    Verdict(String, Prover),
    /// A clause that is not `in VARIANTS: VERDICT`.
    #[error("`{0}` should read `in VARIANTS: VERDICT`")]
    Clause(String),
    /// A variant that cannot be read.
    #[error(transparent)]
    Variant(#[from] NoVariant),
    /// A variant with two verdicts.
    #[error("variant {0} is named twice in `{1}`")]
    Twice(String, String),
    /// No `NAME:` at the beginning.
    #[error("`{0}` should begin with the property's name and a colon")]
    Name(String),
    /// Two properties of one name.
    #[error("two properties are named {0}")]
    SameName(String),
    /// A word of a `prover:` line.
    #[error("`{0}` in a `prover:` line is neither an argument nor time=SECONDS nor memory=MIB")]
    Setting(String),
}

/// The expected verdict of one property in the protocol itself and in the variants that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    protocol: Verdict,
    variants: BTreeMap<Variant, Verdict>,
}

impl Expected {
    /// What stands after the last `expect:` of a comment.
    pub fn parse(comment: &str, prover: Prover) -> Result<Expected, ExpectError> {
        let text = plain(comment);
        let (_, clauses) = text.rsplit_once("expect:").ok_or_else(|| ExpectError::None(text.clone()))?;
        let mut clauses = clauses.split(';').map(str::trim);
        let protocol = verdict(clauses.next().unwrap_or_default(), prover)?;
        let mut variants = BTreeMap::new();
        for clause in clauses {
            let named = clause.strip_prefix("in ").and_then(|clause| clause.split_once(':'));
            let (names, word) = named.ok_or_else(|| ExpectError::Clause(clause.to_string()))?;
            for name in names.split_whitespace() {
                if variants.insert(name.parse()?, verdict(word.trim(), prover)?).is_some() {
                    return Err(ExpectError::Twice(name.to_string(), text.clone()));
                }
            }
        }
        Ok(Expected { protocol, variants })
    }

    /// The verdict expected in the variant; `None` if the property is not run there.
    pub fn of(&self, variant: &Variant) -> Option<Verdict> {
        if variant.is_protocol() { Some(self.protocol) } else { self.variants.get(variant).copied() }
    }

    /// The variants that it names.
    pub fn variants(&self) -> impl Iterator<Item = &Variant> {
        self.variants.keys()
    }
}

/// The name that a comment begins with: `NAME: ...`.
pub fn name(comment: &str) -> Result<String, ExpectError> {
    let text = plain(comment);
    let is_name = |name: &&str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c))
    };
    let before = text.rsplit_once("expect:").map_or("", |(before, _)| before);
    let name = before.split_once(':').map(|(name, _)| name).filter(is_name);
    name.map(String::from).ok_or_else(|| ExpectError::Name(text.clone()))
}

/// The words after `prover:`.
pub fn settings(line: &str) -> Result<Settings, ExpectError> {
    let mut settings = Settings::default();
    for word in line.split_whitespace() {
        let unknown = || ExpectError::Setting(word.to_string());
        let number = |digits: &str| digits.parse().map(Some).map_err(|_| unknown());
        match word.split_once('=') {
            Some(("time", seconds)) => settings.time = number(seconds)?,
            Some(("memory", mebibytes)) => settings.memory = number(mebibytes)?,
            _ if word.starts_with('-') => settings.arguments.push(word.to_string()),
            _ => return Err(unknown()),
        }
    }
    Ok(settings)
}

fn verdict(word: &str, prover: Prover) -> Result<Verdict, ExpectError> {
    prover.verdict(word).ok_or_else(|| ExpectError::Verdict(word.to_string(), prover))
}

/// The comment as one line, without the stars that some lines begin with.
fn plain(comment: &str) -> String {
    let words = comment.lines().map(|line| line.trim().trim_start_matches('*')).flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}
