//! The properties that must be proved: those of the tables of `spec/PROTOCOL.md`, section 10 for the exchange, 15 for the application layer,
//! 18.2 for calls over many exchanges.

use crate::applicability;
use crate::model::{Model, ModelError};
use std::collections::BTreeSet;

/// The names in the first column of section 10, in their order.
pub fn names(protocol_md: &str) -> Vec<String> {
    first_column(protocol_md, "## 10 ")
}

/// The same of section 15; none if there is no such table.
pub fn application_names(protocol_md: &str) -> Vec<String> {
    first_column(protocol_md, "## 15 ")
}

/// The same of section 18.2.
pub fn call_names(protocol_md: &str) -> Vec<String> {
    first_column(protocol_md, "### 18.2 ")
}

fn first_column(protocol_md: &str, heading: &str) -> Vec<String> {
    let section = protocol_md.lines().skip_while(|line| !line.starts_with(heading)).skip(1);
    let is_subsection = heading.starts_with("### ");
    let section = section.take_while(|line| !(line.starts_with("## ") || is_subsection && line.starts_with("### ")));
    let table = section.skip_while(|line| !line.starts_with("| property ")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.trim_matches('|').split('|').next());
    cells.flat_map(|cell| cell.split(',')).map(|name| name.trim().trim_matches('`').to_string()).collect()
}

/// The property that a lemma or query is about: `early_secrecy` for `early_secrecy.client`.
pub fn property(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// The names that stand in no model.
pub fn gaps(names: &[String], models: &[Model]) -> Result<Vec<String>, ModelError> {
    let mut covered = BTreeSet::new();
    // Other protocols may have properties of the same name.
    for model in models.iter().filter(|model| !model.path.starts_with(applicability::FOLDER)) {
        for property_of_model in model.properties(&Default::default())? {
            covered.insert(property(&property_of_model.name).to_string());
        }
    }
    Ok(names.iter().filter(|name| !covered.contains(*name)).cloned().collect())
}
