//! A theory as Tamarin prints it, with the proofs taken apart from the rest.

use std::fmt;

const NO_PROOF: &str = "by sorry\n";

/// A printed theory. Tamarin separates items by blank lines; a lemma ends with its guarded formula, in a comment, and its proof:
///
/// ```text
/// lemma NAME:
///   all-traces "..."
/// /*
/// guarded formula characterizing all counter-examples: ...
/// */
/// simplify
/// by sorry
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    /// All but the proof.
    text: String,
    /// For a lemma, its name and proof.
    lemma: Option<(String, String)>,
}

impl Script {
    /// From all that Tamarin printed. The comment that names versions, commits and dates, and the summary, are left out.
    pub fn printed(stdout: &str) -> Script {
        let theory = stdout.split("\n=====").next().unwrap_or_default().trim_end();
        let mut items = Vec::new();
        for paragraph in theory.split("\n\n").filter(|paragraph| !paragraph.starts_with("/*\nGenerated from:")) {
            items.push(Item::new(paragraph));
        }
        Script { items }
    }

    /// The same with every lemma open.
    pub fn without_proofs(&self) -> Script {
        let mut script = self.clone();
        for (_, proof) in script.items.iter_mut().filter_map(|item| item.lemma.as_mut()) {
            *proof = NO_PROOF.to_string();
        }
        script
    }

    /// The same with the proof of this lemma alone.
    pub fn with_proof_of(&self, name: &str) -> Script {
        let mut script = self.without_proofs();
        script.take_proof(name, self);
        script
    }

    /// Takes the proof of one lemma over.
    pub fn take_proof(&mut self, name: &str, from: &Script) {
        let found = from.items.iter().filter_map(|item| item.lemma.as_ref()).find(|(lemma, _)| lemma == name);
        let place = self.items.iter_mut().filter_map(|item| item.lemma.as_mut()).find(|(lemma, _)| lemma == name);
        if let (Some((_, proof)), Some((_, place))) = (found, place) {
            place.clone_from(proof);
        }
    }

    /// The first line, proofs aside, that is not the same in the other one.
    pub fn first_difference(&self, other: &Script) -> Option<String> {
        let (ours, theirs) = (self.statements(), other.statements());
        let end = ["its end".to_string()];
        let mut pairs = ours.iter().chain(&end).zip(theirs.iter().chain(&end));
        pairs.find(|(ours, theirs)| ours != theirs).map(|(ours, _)| ours.clone())
    }

    /// Its lines without proofs and empty lines. Stock Tamarin lists the macros of included files among the functions, too, as private
    /// destructors; no theory here has such.
    fn statements(&self) -> Vec<String> {
        let mut statements = Vec::new();
        for item in &self.items {
            if item.text.lines().any(|line| line.starts_with("functions:")) {
                let words = item.text.split_whitespace().map(|word| word.trim_end_matches(','));
                statements.extend(words.filter(|word| !word.ends_with("[private,destructor]")).map(String::from));
            } else {
                let lines = item.text.lines().map(str::trim).filter(|line| !line.is_empty());
                statements.extend(lines.map(String::from));
            }
        }
        statements
    }
}

impl Item {
    fn new(paragraph: &str) -> Item {
        let name = paragraph.strip_prefix("lemma ").and_then(|rest| rest.split([' ', ':', '[']).next());
        match (name, paragraph.split_once("\n*/\n")) {
            (Some(name), Some((statement, proof))) => {
                Item { text: format!("{statement}\n*/\n"), lemma: Some((name.to_string(), format!("{proof}\n"))) }
            }
            _ => Item { text: format!("{paragraph}\n"), lemma: None },
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, item) in self.items.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            write!(f, "{gap}{}{}", item.text, item.lemma.as_ref().map_or("", |(_, proof)| proof))?;
        }
        Ok(())
    }
}
