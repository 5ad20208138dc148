//! The preprocessor that the models are written for: `#include "file"`, `#ifdef`, `#ifndef`, `#else`, `#endif`, each on a line of its
//! own from the first column. For these directives it does what `cpp -P -DFLAG` and Tamarin do; conditions may be Tamarin's
//! (`not`, `&`, `|`, parentheses). Any other line that begins with `#` is text: formulas begin with `#i` at times.

use crate::model::Variant;
use std::path::{Path, PathBuf};

/// Why a model's text could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum PreprocessError {
    /// A file that a model needs cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
    /// A file includes itself.
    #[error("{} includes itself", .0.display())]
    Cycle(PathBuf),
    /// `#include` without a quoted name, or a condition that is no formula over flags.
    #[error("`{0}` cannot be read")]
    Directive(String),
    /// `#else` or `#endif` without its beginning, or a beginning without its end.
    #[error("#ifdef, #else and #endif do not match ({0})")]
    Unbalanced(&'static str),
    /// A directive that the models do without.
    #[error("`{0}`: the models do without this directive")]
    Unsupported(String),
}

/// The file's text with all included files in their places; conditions stay.
pub fn with_includes(path: &Path) -> Result<String, PreprocessError> {
    let mut open = Vec::new();
    let mut text = String::new();
    include(path, &mut open, &mut text)?;
    Ok(text)
}

fn include(path: &Path, open: &mut Vec<PathBuf>, text: &mut String) -> Result<(), PreprocessError> {
    if open.iter().any(|outer| outer == path) {
        return Err(PreprocessError::Cycle(path.to_path_buf()));
    }
    let content =
        std::fs::read_to_string(path).map_err(|error| PreprocessError::Read { path: path.to_path_buf(), error })?;
    open.push(path.to_path_buf());
    for line in content.lines() {
        match line.strip_prefix("#include") {
            Some(rest) => {
                let name = rest.trim().strip_prefix('"').and_then(|name| name.strip_suffix('"'));
                let name = name.ok_or_else(|| PreprocessError::Directive(line.to_string()))?;
                include(&path.with_file_name(name), open, text)?;
            }
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    open.pop();
    Ok(())
}

/// One `#ifdef` that is open at a line.
struct Branch {
    /// Do the lines around it count?
    outer: bool,
    condition: bool,
    in_else: bool,
}

impl Branch {
    fn counts(&self) -> bool {
        self.outer && (self.condition != self.in_else)
    }
}

/// The lines of `text` that count for the variant.
pub fn select(text: &str, variant: &Variant) -> Result<String, PreprocessError> {
    let mut branches: Vec<Branch> = Vec::new();
    let mut selected = String::new();
    for line in text.lines() {
        let counts = branches.last().is_none_or(Branch::counts);
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "#ifdef" | "#ifndef" => {
                let holds =
                    Condition::holds(rest, variant).ok_or_else(|| PreprocessError::Directive(line.to_string()))?;
                branches.push(Branch { outer: counts, condition: holds == (word == "#ifdef"), in_else: false });
            }
            "#else" => match branches.last_mut() {
                Some(branch) if !branch.in_else => branch.in_else = true,
                _ => return Err(PreprocessError::Unbalanced("#else")),
            },
            "#endif" => {
                branches.pop().ok_or(PreprocessError::Unbalanced("#endif"))?;
            }
            "#define" | "#undef" | "#if" | "#elif" => return Err(PreprocessError::Unsupported(line.to_string())),
            _ if counts => {
                selected.push_str(line);
                selected.push('\n');
            }
            _ => {}
        }
    }
    if branches.is_empty() { Ok(selected) } else { Err(PreprocessError::Unbalanced("end of file")) }
}

/// A formula over flags: `|` binds weakest, then `&`, then `not`.
struct Condition<'a> {
    rest: &'a str,
    variant: &'a Variant,
}

impl Condition<'_> {
    /// `None` if `text` is no formula.
    fn holds(text: &str, variant: &Variant) -> Option<bool> {
        let mut condition = Condition { rest: text.trim(), variant };
        let value = condition.any()?;
        condition.rest.is_empty().then_some(value)
    }

    fn any(&mut self) -> Option<bool> {
        let mut value = self.all()?;
        while self.eat("|") {
            value |= self.all()?;
        }
        Some(value)
    }

    fn all(&mut self) -> Option<bool> {
        let mut value = self.one()?;
        while self.eat("&") {
            value &= self.one()?;
        }
        Some(value)
    }

    fn one(&mut self) -> Option<bool> {
        if self.eat("(") {
            let value = self.any()?;
            return self.eat(")").then_some(value);
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        match word {
            "" => None,
            "not" => self.one().map(|value| !value),
            flag => Some(self.variant.has(flag)),
        }
    }

    fn eat(&mut self, sign: &str) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }
}
