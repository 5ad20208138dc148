//! What a command tells: the same facts for people and as JSON.

use dke::crypto::Hash;
use dke_state::Undelivered;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Facts in the order in which they are to be read.
#[derive(Default)]
pub(crate) struct Report {
    facts: Vec<(Cow<'static, str>, Value)>,
    text: Option<String>,
    raw: Option<Vec<u8>>,
    /// What counts as delivered when all of this has been written.
    delivers: Option<Delivery>,
}

/// Contents that wait in a directory until they are delivered.
pub(crate) struct Delivery {
    pub(crate) dir: PathBuf,
    pub(crate) contents: Vec<Hash>,
}

impl Report {
    pub(crate) fn new() -> Report {
        Report::default()
    }

    /// One fact more.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Report {
        self.facts.push((name.into(), value.into()));
        self
    }

    /// What was to be told before.
    pub(crate) fn again(told: &Undelivered) -> Report {
        let facts = told.facts.iter().map(|(name, value)| (name.clone().into(), value.clone())).collect();
        Report { facts, ..Report::default() }
    }

    /// The facts, to be kept until they were told.
    pub(crate) fn facts(&self) -> Vec<(String, Value)> {
        self.facts.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
    }

    /// When this has been written, these contents of a directory are delivered.
    pub(crate) fn delivering(mut self, dir: &Path, contents: Vec<Hash>) -> Report {
        self.delivers = (!contents.is_empty()).then(|| Delivery { dir: dir.to_path_buf(), contents });
        self
    }

    /// What is delivered with it.
    pub(crate) fn delivers(&self) -> Option<&Delivery> {
        self.delivers.as_ref()
    }

    /// For people, instead of the list of facts.
    pub(crate) fn shown_as(mut self, text: String) -> Report {
        self.text = Some(text);
        self
    }

    /// Bytes that go to standard output as they are, instead of the list of facts.
    pub(crate) fn raw(mut self, bytes: Vec<u8>) -> Report {
        self.raw = Some(bytes);
        self
    }

    /// These bytes.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.raw.as_deref()
    }

    /// A fact; `Null` if there is none of this name.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.facts.iter().find(|(fact, _)| *fact == name).map_or(&Value::Null, |(_, value)| value)
    }

    /// A fact that is text.
    pub(crate) fn str(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    /// A fact that is a number.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.get(name).as_u64().unwrap_or_default()
    }

    /// The facts as one value.
    pub(crate) fn value(&self) -> Value {
        let map: Map<String, Value> =
            self.facts.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        Value::Object(map)
    }

    /// One line of JSON.
    pub(crate) fn json(&self) -> String {
        format!("{}\n", self.value())
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        let width = self.facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut out = String::new();
        for (name, value) in &self.facts {
            let name = name.replace('_', " ");
            match value {
                Value::Array(items) if items.is_empty() => out.push_str(&format!("{name:width$}  none\n")),
                Value::Array(items) => {
                    for (n, item) in items.iter().enumerate() {
                        let name = if n == 0 { &*name } else { "" };
                        out.push_str(&format!("{name:width$}  {}\n", plain(item)));
                    }
                }
                value => out.push_str(&format!("{name:width$}  {}\n", plain(value))),
            }
        }
        out
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        Value::Null => "none".to_string(),
        Value::Bool(true) => "yes".to_string(),
        Value::Bool(false) => "no".to_string(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| format!("{} {}", name.replace('_', " "), plain(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

/// A peer chooses its names: no control character of theirs reaches the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

/// Data as JSON: hexadecimal, and the text if it is text.
pub(crate) fn data(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && !text.chars().any(char::is_control) => {
            serde_json::json!({ "hex": hex::encode(bytes), "text": text })
        }
        _ => serde_json::json!({ "hex": hex::encode(bytes) }),
    }
}
