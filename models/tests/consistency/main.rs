//! One vocabulary: PROTOCOL.md, `dke-spec` and the models name the same steps, properties, messages and labels, and feed the same inputs
//! in the same order into transcript and key schedule. Each kind of deviation is made once in a copy, and must be seen.

mod application;
mod sources;
mod term;

use dke_models::coverage;
use sources::{Artefact, models, protocol, specification};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All deviations, in sentences.
fn deviations(root: &Path) -> Vec<String> {
    let (protocol, specification, models) = (protocol(root), specification(root), models(root));
    assert!(models.iter().any(|model| model.name.contains("tamarin")), "no Tamarin model has the transcript");
    let mut deviations = against_specification(&protocol, &specification);
    models.iter().for_each(|model| deviations.extend(against_model(&protocol, model)));
    for folder in ["models/tamarin/", "models/proverif/"] {
        let of_prover: Vec<&Artefact> = models.iter().filter(|model| model.name.starts_with(folder)).collect();
        if !of_prover.is_empty() {
            deviations.extend(completeness(&protocol, folder, &of_prover));
        }
    }
    deviations.extend(property_names(root, &protocol));
    deviations.extend(application::deviations(root));
    deviations
}

fn same<T: PartialEq + Debug>(what: &str, of: &str, expected: &T, found: &T) -> Option<String> {
    (expected != found).then(|| format!("{of}: {what}: PROTOCOL.md has {expected:?}, it has {found:?}"))
}

fn against_specification(protocol: &Artefact, specification: &Artefact) -> Vec<String> {
    let name = &specification.name;
    let mut deviations: Vec<String> = [
        same("steps", name, &protocol.steps, &specification.steps),
        same("labels", name, &protocol.labels, &specification.labels),
        same("formulas", name, &protocol.formulas, &specification.formulas),
        same("documented formulas", name, &protocol.formulas, &specification.documented),
        same("uses of keys", name, &protocol.uses, &specification.uses),
    ]
    .into_iter()
    .flatten()
    .collect();
    for (message, fields) in &specification.messages {
        let expected = protocol.messages.get(message).cloned().unwrap_or_default();
        deviations.extend(same(&format!("message {message}"), name, &expected, fields));
    }
    deviations
}

/// A model may leave parts out, but what it has must be as in the protocol.
fn against_model(protocol: &Artefact, model: &Artefact) -> Vec<String> {
    let mut deviations = Vec::new();
    for (name, formula) in &model.formulas {
        deviations.extend(same(name, &model.name, &protocol.formulas.get(name), &Some(formula)));
    }
    let unknown = |what: &str, names: Vec<String>| match names.is_empty() {
        true => None,
        false => Some(format!("{}: {what} that PROTOCOL.md does not have: {}", model.name, names.join(", "))),
    };
    let steps = model.steps.union(&model.steps_left_out);
    deviations.extend(unknown("steps", steps.filter(|step| !protocol.steps.contains(*step)).cloned().collect()));
    deviations.extend(unknown("labels", model.labels.difference(&protocol.labels).cloned().collect()));
    let uses = model.uses.difference(&protocol.uses).map(|key| format!("{key:?}"));
    deviations.extend(unknown("uses of keys", uses.collect()));
    deviations
}

/// All models of one prover together must have everything.
fn completeness(protocol: &Artefact, folder: &str, models: &[&Artefact]) -> Vec<String> {
    let mut deviations = Vec::new();
    let mut missing = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            deviations.push(format!("{folder}: no model has the {what} {}", names.join(", ")));
        }
    };
    let has_formula = |name: &&String| !models.iter().any(|model| model.formulas.contains_key(*name));
    missing("formulas", protocol.formulas.keys().filter(has_formula).cloned().collect());
    let has_use = |key: &&sources::Use| !models.iter().any(|model| model.uses.contains(*key));
    missing("uses of keys", protocol.uses.iter().filter(has_use).map(|key| format!("{key:?}")).collect());
    // The exporter is no part of the exchange.
    let has_label = |label: &&String| *label != "export" && !models.iter().any(|model| model.labels.contains(*label));
    missing("labels", protocol.labels.iter().filter(has_label).cloned().collect());
    let taken: BTreeSet<&String> = models.iter().flat_map(|model| &model.steps).collect();
    let named: BTreeSet<&String> = models.iter().flat_map(|model| &model.steps_left_out).collect();
    let open = |step: &&String| !taken.contains(step) && !named.contains(step);
    missing("steps, nor says that it leaves them out:", protocol.steps.iter().filter(open).cloned().collect());
    for message in ["Initiate", "Confirm"] {
        let fields = protocol.messages.get(message).cloned().unwrap_or_default();
        if !models.iter().any(|model| model.sent.contains(&fields)) {
            missing("message", vec![format!("{message} = {fields:?}")]);
        }
    }
    deviations
}

/// Every property of PROTOCOL.md is a lemma of Tamarin, or an equivalence of ProVerif (which stands above a process). ProVerif and Verifpal
/// use no names but Tamarin's and PROTOCOL.md's.
fn property_names(root: &Path, protocol: &Artefact) -> Vec<String> {
    let properties = sources::properties(root);
    let names = |filter: &dyn Fn(&str, &str) -> bool| -> BTreeSet<String> {
        let of_filter = properties.iter().filter(|(path, property)| filter(path, &property.declaration));
        of_filter.map(|(_, property)| coverage::property(&property.name).to_string()).collect()
    };
    let lemmas = names(&|path, _| path.starts_with("tamarin/"));
    let equivalences = names(&|path, text| path.starts_with("proverif/") && text.starts_with("process"));
    let others = names(&|path, _| path.starts_with("proverif/") || path.starts_with("verifpal/"));
    let listed: BTreeSet<String> = protocol.properties.iter().cloned().collect();
    let nowhere = listed.iter().filter(|name| !lemmas.contains(*name) && !equivalences.contains(*name));
    let nowhere = nowhere.map(|name| format!("{name} stands in PROTOCOL.md, but is neither lemma nor equivalence"));
    let text = std::fs::read_to_string(root.join("spec/PROTOCOL.md")).expect("PROTOCOL.md");
    let named = |name: &String| listed.contains(name) || text.contains(&format!("`{name}`"));
    let unknown = others.iter().filter(|name| !lemmas.contains(*name) && !named(name));
    let unknown = unknown.map(|name| format!("{name} is neither a lemma's name nor in PROTOCOL.md"));
    nowhere.chain(unknown).collect()
}

#[test]
fn one_vocabulary() {
    assert_eq!(deviations(&root()), Vec::<String>::new());
}

/// What is seen of one change in a copy: in a file, or in all files of a folder that have the words.
fn changed(place: &str, from: &str, to: &str) -> Vec<String> {
    let copy = tempfile::tempdir().expect("a folder");
    copy_files(&root().join("spec"), &copy.path().join("spec"));
    copy_files(&root().join("models"), &copy.path().join("models"));
    let place = copy.path().join(place);
    let entries = |folder| std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let files: Vec<PathBuf> = if place.is_dir() { entries(&place).collect() } else { vec![place] };
    let text = |file: &PathBuf| std::fs::read_to_string(file).expect("a file");
    let with_words: Vec<&PathBuf> = files.iter().filter(|file| text(file).contains(from)).collect();
    assert!(!with_words.is_empty(), "no file contains {from}");
    for file in with_words {
        std::fs::write(file, text(file).replace(from, to)).expect("a file");
    }
    let before: BTreeSet<String> = deviations(&root()).into_iter().collect();
    deviations(copy.path()).into_iter().filter(|deviation| !before.contains(deviation)).collect()
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_files(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[track_caller]
fn is_seen(place: &str, from: &str, to: &str, words: &str) {
    let deviations = changed(place, from, to);
    assert!(deviations.iter().any(|deviation| deviation.contains(words)), "{words}: {deviations:#?}");
}

const PROTOCOL: &str = "spec/PROTOCOL.md";
const TAMARIN: &str = "models/tamarin";

#[test]
fn a_changed_label_is_seen() {
    is_seen("spec/src/key_schedule.rs", "expand(prk_1, \"salt\"", "expand(prk_1, \"pepper\"", "dke-spec: labels");
    is_seen("spec/src/params.rs", "\"DKE-v1 cwt\"", "\"DKE-v1 token\"", "dke-spec: labels");
    is_seen(TAMARIN, "'DKE-v1 refresh'", "'DKE-v1 refreshed'", "labels that PROTOCOL.md does not have: refreshed");
    is_seen(TAMARIN, "'DKE-v1 id'", "'DKE-v1 confirm'", "uses of keys that PROTOCOL.md does not have");
}

#[test]
fn a_swapped_input_is_seen() {
    is_seen(PROTOCOL, "H(TH_0, flags, X)", "H(TH_0, X, flags)", "dke-spec: formulas");
    is_seen(
        "spec/src/transcript.rs",
        "encode_bstr(th_2), encode_bstr(ct_2)",
        "encode_bstr(ct_2), encode_bstr(th_2)",
        "dke-spec: formulas",
    );
    is_seen(
        "spec/src/key_schedule.rs",
        "`PRK_1 = Extract(TH_1, es)`",
        "`PRK_1 = Extract(es, TH_1)`",
        "dke-spec: documented",
    );
    is_seen(TAMARIN, "h(<th2, ct2>)", "h(<ct2, th2>)", "models/tamarin/");
    is_seen(TAMARIN, "extract(th1, es)", "extract(es, th1)", "PRK_1: PROTOCOL.md has");
}

#[test]
fn a_renamed_step_is_seen() {
    is_seen(TAMARIN, "rule C2_basic:", "rule C3_basic:", "steps that PROTOCOL.md does not have: C3");
    is_seen(TAMARIN, "rule N1_publish:", "rule publish:", "nor says that it leaves them out: N1");
    is_seen("spec/src/node.rs", "/// N4: the gateway", "/// The gateway", "dke-spec: steps");
}

#[test]
fn a_changed_message_is_seen() {
    is_seen(
        PROTOCOL,
        "Confirm     = [ epoch (uint), index (uint)",
        "Confirm     = [ index (uint), epoch (uint)",
        "message Confirm",
    );
    is_seen(PROTOCOL, "Initiate    = [ flags", "Initiate    = [ mode", "no model has the message Initiate");
    is_seen("spec/src/message.rs", "pub struct Initiate {", "pub struct Initiation {", "dke-spec: message Initiate");
}

#[test]
fn an_exported_key_by_another_label_or_context_is_seen() {
    let of_model = "application.spthy: exported keys";
    is_seen(TAMARIN, "'jose jwe key'", "'jose jwe'", of_model);
    is_seen(TAMARIN, "`cose encrypt0 iv`", "`cose iv`", of_model);
    is_seen(
        "spec/src/application.rs",
        "\"jose jws key\"), &context",
        "\"jose jws key\"), &empty()",
        "application.rs: exported keys",
    );
    is_seen(PROTOCOL, "| `object kid` | direction |", "| `object kid` | h'' |", "application.rs: exported keys");
}

#[test]
fn a_deleted_or_renamed_property_is_seen() {
    is_seen(PROTOCOL, "| key_unique |", "| key_uniqueness |", "key_uniqueness stands in PROTOCOL.md");
    is_seen(TAMARIN, "lemma replay ", "lemma repeated ", "replay stands in PROTOCOL.md");
    is_seen(TAMARIN, "lemma application_keys", "lemma keys", "application_keys stands in PROTOCOL.md");
}
