//! The keys of the application layer: PROTOCOL.md, section 15, and `dke-spec` export the same labels in the same contexts, and the
//! model has these labels, or says which it leaves out.

use crate::sources::{between, read, section};
use crate::term::{Term, calls};
use dke_models::model::Prover;
use dke_models::scan;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// By its label: does a key depend on the direction?
type Keys = BTreeMap<String, bool>;

pub(crate) fn deviations(root: &Path) -> Vec<String> {
    let (protocol, specification, model) = (protocol(root), specification(root), model(root));
    assert!(!protocol.is_empty(), "PROTOCOL.md, section 15, has no labels");
    let of_specification = (specification != protocol).then(|| {
        format!("spec/src/application.rs: exported keys: PROTOCOL.md has {protocol:?}, it has {specification:?}")
    });
    let labels: BTreeSet<String> = protocol.into_keys().collect();
    let of_model = (model != labels).then(|| {
        format!("models/tamarin/application.spthy: exported keys: PROTOCOL.md has {labels:?}, it has {model:?}")
    });
    of_specification.into_iter().chain(of_model).collect()
}

/// The rows `| `label` | context | L | is |`.
fn protocol(root: &Path) -> Keys {
    let section = section(&read(root, "spec/PROTOCOL.md"), 15);
    let rows = section.lines().skip_while(|line| !line.starts_with("| label ")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let key = |row: &str| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        Some((cells.next()?.trim_matches('`').to_string(), cells.next()? == "direction"))
    };
    rows.filter_map(key).collect()
}

/// The calls `export(secret, label, context)`, where the context is empty or depends on the direction.
fn specification(root: &Path) -> Keys {
    let key = |arguments: Vec<Term>| {
        let [_, Term::Call(_, label), context, ..] = arguments.as_slice() else { return None };
        Some((label.first()?.label()?.to_string(), context.name() != Some("empty")))
    };
    calls(&read(root, "spec/src/application.rs"), "export").into_iter().filter_map(key).collect()
}

/// Constants that begin with a format's family, and, in comments, the labels that are left out.
fn model(root: &Path) -> BTreeSet<String> {
    let text = read(root, "models/tamarin/application.spthy");
    let comments = scan::comments(&text, Prover::Tamarin);
    let code = comments.iter().fold(text.clone(), |code, comment| code.replacen(comment, "", 1));
    let is_label = |constant: &&str| ["oscore ", "cose ", "jose "].iter().any(|family| constant.starts_with(family));
    let constants = between(&code, "'", "'").into_iter().filter(is_label).map(String::from);
    let left_out = comments.iter().flat_map(|comment| between(comment, "`", "`").into_iter().step_by(2));
    constants.chain(left_out.map(String::from)).collect()
}
