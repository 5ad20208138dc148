//! Each compromise that a lemma of `tamarin/lemmas.spthy.inc` excepts has its attack in `tamarin/exceptions.spthy`, and no other has.

use std::collections::BTreeSet;
use std::path::Path;

/// A property and the compromises of one exception, in alphabetical order.
type Exception = (String, Vec<String>);

fn source(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tamarin").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words of a line that begin with `Reveal`.
fn compromises(line: &str) -> Vec<String> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.starts_with("Reveal"));
    words.map(String::from).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What the lemmas except: in the text of a property, lines that begin with `==>` or `|` and name a compromise.
fn excepted() -> BTreeSet<Exception> {
    let mut exceptions = BTreeSet::new();
    let mut property = None;
    for line in source("lemmas.spthy.inc").lines() {
        if let Some(rest) = line.strip_prefix("lemma ") {
            let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            property = (!rest.contains("reuse")).then(|| name.to_string());
        }
        let line = line.trim();
        let named = compromises(line);
        if let Some(property) = &property
            && !named.is_empty()
            && (line.starts_with("==>") || line.starts_with('|'))
        {
            exceptions.insert((property.clone(), named));
        }
    }
    exceptions
}

/// What the traces show: `shows: PROPERTY, PROPERTY without REVEAL and REVEAL; PROPERTY without REVEAL`.
fn shown() -> BTreeSet<Exception> {
    let text = source("exceptions.spthy").replace("\n * ", " ");
    let comments = text.split("/* shows: ").skip(1).filter_map(|rest| rest.split(" expect:").next());
    let clauses = comments.flat_map(|comment| comment.split(';'));
    let exceptions = clauses.flat_map(|clause| {
        let (properties, lost) = clause.split_once(" without ").unwrap_or_else(|| panic!("`{clause}`"));
        properties.split(',').map(|property| (property.trim().to_string(), compromises(lost))).collect::<Vec<_>>()
    });
    exceptions.collect()
}

#[test]
fn every_exception_is_needed() {
    let (excepted, shown) = (excepted(), shown());
    assert!(excepted.len() > 20, "{} exceptions", excepted.len());
    assert_eq!(excepted.difference(&shown).collect::<Vec<_>>(), Vec::<&Exception>::new(), "no trace shows these");
    assert_eq!(shown.difference(&excepted).collect::<Vec<_>>(), Vec::<&Exception>::new(), "no lemma excepts these");
}
