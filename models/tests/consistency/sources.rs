//! What each artefact says of steps, labels, formulas and messages. Everything is read from the files.

use crate::term::{Term, calls, parse};
use dke_models::coverage;
use dke_models::model::{Model, Prover, Variant, discover};
use dke_models::scan::{self, Property};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A key that is expanded: from which PRK, under which label, in which transcript.
pub(crate) type Use = (String, String, String);

#[derive(Debug, Default)]
pub(crate) struct Artefact {
    pub(crate) name: String,
    /// Labels of steps that it takes, and those that it says it leaves out.
    pub(crate) steps: BTreeSet<String>,
    pub(crate) steps_left_out: BTreeSet<String>,
    /// All labels: of the key schedule and of signatures.
    pub(crate) labels: BTreeSet<String>,
    /// TH_0 ... TH_5, PRK_1 ... PRK_3 and what they are.
    pub(crate) formulas: BTreeMap<String, Term>,
    /// Formulas in the documentation of the functions; the specification only.
    pub(crate) documented: BTreeMap<String, Term>,
    pub(crate) uses: BTreeSet<Use>,
    /// The fields of messages: by name, or just what is sent.
    pub(crate) messages: BTreeMap<String, Vec<String>>,
    pub(crate) sent: BTreeSet<Vec<String>>,
    pub(crate) properties: Vec<String>,
}

const FORMULAS: [&str; 9] = ["TH_0", "TH_1", "TH_2", "TH_3", "TH_4", "TH_5", "PRK_1", "PRK_2", "PRK_3"];

pub(crate) fn read(root: &Path, file: &str) -> String {
    std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Step labels (a letter and a digit) in the text, ranges ("G1 to G4") included.
fn steps_in(text: &str) -> BTreeSet<String> {
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    let mut steps: BTreeSet<String> = words.iter().filter_map(|word| step_of(word)).collect();
    for range in words.windows(3) {
        let ends = (range[1] == "to").then(|| Some((step_of(range[0])?, step_of(range[2])?))).flatten();
        if let Some((first, last)) = ends {
            let digits = first.as_bytes()[1]..=last.as_bytes()[1];
            steps.extend(digits.map(|digit| format!("{}{}", &first[..1], char::from(digit))));
        }
    }
    steps
}

/// `N2` of `N2` or `N2_es`.
fn step_of(word: &str) -> Option<String> {
    let label = word.split('_').next()?;
    match label.as_bytes() {
        [b'A' | b'C' | b'G' | b'N', b'1'..=b'9'] => Some(label.to_string()),
        _ => None,
    }
}

pub(crate) fn section(protocol: &str, number: u32) -> String {
    let lines = protocol.lines().skip_while(|line| !line.starts_with(&format!("## {number} "))).skip(1);
    lines.take_while(|line| !line.starts_with("## ")).map(|line| format!("{line}\n")).collect()
}

/// The first block of code.
fn code_block(text: &str) -> &str {
    text.split("```").nth(1).unwrap_or_default()
}

pub(crate) fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect()
}

pub(crate) fn protocol(root: &Path) -> Artefact {
    let text = read(root, "spec/PROTOCOL.md");
    let schedule = section(&text, 6);
    let mut artefact = Artefact { name: "PROTOCOL.md".to_string(), ..Artefact::default() };
    artefact.steps =
        section(&text, 1).lines().filter_map(|line| step_of(line.strip_prefix("| ")?.split(' ').next()?)).collect();
    let headings = section(&text, 7);
    let headings: BTreeSet<String> =
        headings.lines().filter_map(|line| step_of(line.strip_prefix("### ")?.split(' ').next()?)).collect();
    assert_eq!(artefact.steps, headings, "the steps of sections 1 and 7 of PROTOCOL.md");

    let formulas = code_block(&schedule);
    for line in formulas.lines() {
        let (name, formula) = line.split_once("= ").unwrap_or(("PRK_3", line.trim().trim_start_matches("refresh:")));
        let known = FORMULAS.iter().find(|known| **known == name.trim());
        // What is called basic has no formula of its own in the models, only a use.
        if let (Some(name), Some(term)) = (known, parse(formula)) {
            artefact.formulas.insert(name.to_string(), term.canonical());
        }
    }
    artefact.uses = uses(formulas, &["Expand"], 0).into_iter().chain(uses(formulas, &["AEAD"], 0)).collect();

    let listed = schedule.lines().find_map(|line| line.strip_prefix("The labels are: ")).unwrap_or_default();
    let listed: BTreeSet<String> =
        between(listed, "`", "`").iter().step_by(2).map(|label| label.trim().to_string()).collect();
    let mut used: BTreeSet<String> = artefact.uses.iter().map(|(_, label, _)| label.clone()).collect();
    used.insert("export".to_string());
    assert_eq!(listed, used, "the list of labels in section 6 of PROTOCOL.md, and the labels in its formulas");
    let signed = between(&text, " bytes \"DKE-v1 ", "\"");
    artefact.labels = signed.into_iter().map(String::from).collect();
    artefact.labels.extend(listed);

    for line in code_block(&section(&text, 5)).lines() {
        if let Some((name, fields)) = line.split_once("= [ ") {
            artefact.messages.insert(name.trim().to_string(), fields_of(fields));
        }
    }
    artefact.properties =
        [coverage::names, coverage::application_names, coverage::call_names].map(|names| names(&text)).concat();
    artefact
}

/// The first word of each field, outside of parentheses.
fn fields_of(fields: &str) -> Vec<String> {
    let mut depth = 0;
    let outside: String = fields
        .chars()
        .filter(|c| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            depth == 0 && *c != ')'
        })
        .collect();
    let names = outside.trim_end_matches(" ]").split(',').filter_map(|field| field.split_whitespace().next());
    names.map(|name| name.to_lowercase().replace('_', "").replace("signedbatch", "batch")).collect()
}

/// PRK, label and transcript hash of each call of the functions, which begin with argument `skip`.
fn uses(text: &str, functions: &[&str], skip: usize) -> BTreeSet<Use> {
    let all = functions.iter().flat_map(|function| calls(text, function));
    let one = |arguments: Vec<Term>| {
        let [prk, label, rest @ ..] = arguments.get(skip..)? else { return None };
        // Rust names both, `"id key", "id nonce"`.
        let label = label.label()?.trim_end_matches(" key").to_string();
        let th = rest.iter().find_map(Term::name)?;
        Some((prk.name()?.to_string(), label, th.to_string()))
    };
    all.filter_map(one).collect()
}

pub(crate) fn specification(root: &Path) -> Artefact {
    let mut artefact = Artefact { name: "dke-spec".to_string(), ..Artefact::default() };
    for file in ["client", "cwt", "gateway", "node"] {
        let text = read(root, &format!("spec/src/{file}.rs"));
        let comments = text.lines().filter_map(|line| line.strip_prefix("/// "));
        artefact.steps.extend(comments.flat_map(steps_in));
    }
    let (transcript, schedule) = (read(root, "spec/src/transcript.rs"), read(root, "spec/src/key_schedule.rs"));
    // What section 18 adds around the exchange is no part of its key schedule.
    let of_exchange = schedule.split("\n\n").filter(|item| !item.contains("(section 18"));
    let schedule = of_exchange.collect::<Vec<_>>().join("\n\n");
    let params = read(root, "spec/src/params.rs");
    for name in FORMULAS {
        let function = name.to_lowercase();
        for start in [format!("pub fn {function}("), format!("pub fn {function}_refresh(")] {
            let bodies = between(&transcript, &start, "\n}\n").into_iter().chain(between(&schedule, &start, "\n}\n"));
            let terms = bodies.filter_map(|body| parse(body.split_once("{\n")?.1));
            artefact.formulas.extend(terms.map(|term| (name.to_string(), term.canonical())));
        }
    }
    let docs = transcript.lines().chain(schedule.lines()).filter(|line| line.starts_with("///"));
    for (name, formula) in docs.filter_map(|line| line.split('`').nth(1)?.split_once(" = ")) {
        artefact.documented.extend(parse(formula).map(|term| (name.to_string(), term.canonical())));
    }
    let code: String =
        schedule.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
    artefact.uses = uses(&code, &["expand", "aead_key"], 0);
    let literals = between(&code, "\"", "\"");
    let schedule_labels =
        literals.iter().step_by(2).map(|label| label.trim_end_matches(" key").trim_end_matches(" nonce").trim());
    artefact.labels = schedule_labels.map(String::from).collect();
    artefact.labels.extend(between(&params, "_AAD: &str = \"DKE-v1 ", "\"").into_iter().map(String::from));
    let message = read(root, "spec/src/message.rs");
    for name in ["Publication", "Offer", "Initiate", "Confirm"] {
        let body = between(&message, &format!("pub struct {name} {{\n"), "\n}\n").concat();
        let fields = body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next());
        artefact.messages.insert(name.to_string(), fields.map(|field| field.replace('_', "")).collect());
    }
    artefact
}

/// The models of the protocol by Tamarin and ProVerif: those that have the transcript, but for many exchanges at once, which take it from
/// the others and go a part of the steps only.
pub(crate) fn models(root: &Path) -> Vec<Artefact> {
    let models = discover(&root.join("models")).unwrap_or_else(|error| panic!("{error}"));
    let by_prover =
        models.iter().filter(|model| model.path.starts_with("tamarin/") || model.path.starts_with("proverif/"));
    let of_one_exchange = by_prover.filter(|model| model.path != "tamarin/calls.spthy");
    of_one_exchange.map(model).filter(|artefact| artefact.formulas.contains_key("TH_0")).collect()
}

/// The properties of all models, each with the path of its model.
pub(crate) fn properties(root: &Path) -> Vec<(String, Property)> {
    let models = discover(&root.join("models")).unwrap_or_else(|error| panic!("{error}"));
    let properties = |model: &Model| model.properties(&Variant::default()).unwrap_or_else(|error| panic!("{error}"));
    let with_path = |model: &Model| properties(model).into_iter().map(|p| (model.path.clone(), p)).collect::<Vec<_>>();
    models.iter().flat_map(with_path).collect()
}

fn model(model: &Model) -> Artefact {
    let text = model.select(&Variant::default()).unwrap_or_else(|error| panic!("{error}"));
    let comments = scan::comments(&text, model.prover);
    let code = comments.iter().fold(text.clone(), |code, comment| code.replacen(comment, "", 1));
    let mut artefact = Artefact { name: format!("models/{}", model.path), ..Artefact::default() };

    let step = if model.prover == Prover::Tamarin { "rule " } else { "let " };
    let names =
        code.lines().filter_map(|line| line.trim_start().strip_prefix(step)?.split([':', '(', ' ', '[']).next());
    artefact.steps = names.filter_map(step_of).collect();
    // The comment that says what stands for the gateway says what else is left out.
    artefact.steps_left_out =
        comments.iter().filter(|comment| steps_in(comment).contains("G1")).flat_map(|c| steps_in(c)).collect();

    for name in FORMULAS {
        let function = name.to_lowercase();
        for head in [format!("{function}("), format!("{function}_refresh(")] {
            let definitions = between(&code, &head, "\n\n").into_iter().filter_map(|rest| rest.split_once(')'));
            let terms = definitions.filter_map(|(_, rest)| parse(rest.trim_start().strip_prefix('=')?));
            artefact.formulas.extend(terms.take(1).map(|term| (name.to_string(), term.canonical())));
        }
    }
    artefact.uses = uses(&code, &["expand", "hkdf_expand", "seal"], 0);
    artefact.uses.extend(uses(&code, &["open"], 1));
    let (quoted, constants) = (between(&code, "'DKE-v1 ", "'"), between(&code, "DKE_v1_", ","));
    let constants = constants.iter().filter_map(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next());
    artefact.labels =
        quoted.into_iter().map(String::from).chain(constants.map(|label| label.replace('_', " "))).collect();
    for arguments in calls(&code, "Out").into_iter().chain(calls(&code, "out")) {
        if let Some(Term::List(items)) = arguments.last() {
            // g^x is written gx in Tamarin's rules.
            let field = |item: &Term| {
                item.name().map_or("?".to_string(), |name| name.strip_prefix('g').unwrap_or(name).to_string())
            };
            artefact.sent.insert(items.iter().map(field).collect());
        }
    }
    artefact
}
