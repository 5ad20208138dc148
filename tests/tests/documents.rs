//! Every relative link in every document leads somewhere, and every command names what exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold what is built or fetched, not what is written.
const NOT_OURS: &[&str] = &["target", ".git", "node_modules"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the root of the workspace")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a directory with this extension.
fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry")) {
        let path = entry.path();
        let kind = entry.file_type().expect("a kind of file");
        if kind.is_dir() && !NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            found.extend(files(&path, extension));
        } else if kind.is_file() && path.extension().is_some_and(|end| end == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of a document outside of its fenced blocks, and those inside.
fn split(text: &str) -> (Vec<&str>, Vec<&str>) {
    let mut fenced = false;
    let (mut prose, mut code) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            code.push(line);
        } else {
            prose.push(line);
        }
    }
    (prose, code)
}

/// The targets of inline links in a line of Markdown.
fn links(line: &str) -> Vec<&str> {
    let after = line.split("](").skip(1);
    after.filter_map(|rest| rest.split(')').next()).map(|target| target.split(' ').next().unwrap_or(target)).collect()
}

/// A heading's anchor, as forges make it.
fn anchor(heading: &str) -> String {
    let text: String = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(document: &Path) -> BTreeSet<String> {
    let text = read(document);
    let prose = split(&text).0;
    let headings = prose.iter().filter(|line| line.starts_with('#')).map(|line| anchor(line));
    let named = prose.iter().flat_map(|line| line.split("<a id=\"").skip(1)).filter_map(|rest| rest.split('"').next());
    headings.chain(named.map(String::from)).collect()
}

/// What is wrong with a link in this document, if anything is.
fn broken(document: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let at = match path {
        "" => document.to_path_buf(),
        path => document.parent().expect("a document is in a directory").join(path),
    };
    if !at.exists() {
        return Some(format!("{}: {target} does not exist", document.display()));
    }
    let known = fragment.is_empty() || at.extension().is_none_or(|end| end != "md") || anchors(&at).contains(fragment);
    (!known).then(|| format!("{}: {target}: no such heading", document.display()))
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for document in files(&root(), "md") {
        let text = read(&document);
        for target in split(&text).0.into_iter().flat_map(links) {
            seen += 1;
            wrong.extend(broken(&document, target));
        }
    }
    assert!(seen > 50, "only {seen} links were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Names of the workspace's packages, of cargo's aliases, and of the targets of each kind.
struct Known {
    root: PathBuf,
    packages: BTreeSet<String>,
    commands: BTreeSet<String>,
}

/// Cargo's own commands that the documents use, and extensions that they say how to install.
const CARGO: &[&str] =
    &["bench", "build", "check", "clippy", "doc", "fmt", "insta", "install", "llvm-cov", "mutants", "run", "test"];

impl Known {
    fn read(root: PathBuf) -> Known {
        let name = |manifest: PathBuf| {
            let text = read(&manifest);
            let line = text.lines().find(|line| line.starts_with("name = "))?;
            Some(line.trim_start_matches("name = ").trim_matches('"').to_string())
        };
        let packages = files(&root, "toml").into_iter().filter(|path| path.ends_with("Cargo.toml")).filter_map(name);
        let config = read(&root.join(".cargo/config.toml"));
        let aliases = config.lines().filter_map(|line| line.split_once(" = ")).map(|(alias, _)| alias.to_string());
        Known {
            packages: packages.collect(),
            commands: aliases.chain(CARGO.iter().map(|name| name.to_string())).collect(),
            root,
        }
    }

    /// A target, `tests/NAME.rs` or `tests/NAME/main.rs` and so on, in any package.
    fn has_target(&self, kind: &str, name: &str) -> bool {
        let of = |path: &PathBuf| {
            let end = |suffix: String| path.ends_with(suffix);
            end(format!("{kind}/{name}.rs")) || end(format!("{kind}/{name}/main.rs"))
        };
        let named = format!("name = \"{name}\"");
        files(&self.root, "rs").iter().any(of)
            || files(&self.root, "toml").iter().any(|path| read(path).contains(&named))
    }

    /// What a command names that does not exist.
    fn wrong(&self, command: &str) -> Option<String> {
        let words: Vec<&str> = command.split_whitespace().skip_while(|word| word.contains('=')).collect();
        let missing = |what: String| Some(format!("{command:?}: {what} does not exist"));
        let first = words.first()?;
        if first.starts_with(".ci/") || first.starts_with("tests/") {
            return if self.root.join(first).exists() { None } else { missing(first.to_string()) };
        }
        if *first != "cargo" {
            return None;
        }
        let subcommand = words.get(1).filter(|word| !word.starts_with('+'))?;
        if !self.commands.contains(*subcommand) {
            return missing(format!("cargo {subcommand}"));
        }
        if *subcommand == "install" {
            return None;
        }
        let options = words.iter().take_while(|word| **word != "--" && !word.starts_with('#'));
        let pairs: Vec<_> = options.clone().zip(words.iter().skip(1)).collect();
        for (option, value) in pairs {
            let exists = match *option {
                "-p" => self.packages.contains(*value),
                "--test" => self.has_target("tests", value),
                "--bench" => self.has_target("benches", value),
                "--bin" => self.has_target("bin", value),
                "--example" => self.has_target("examples", value),
                _ => true,
            };
            if !exists {
                return missing(format!("{option} {value}"));
            }
        }
        None
    }
}

/// Commands in fenced blocks, and in `code` that begins as one.
fn commands(text: &str) -> Vec<String> {
    let (prose, code) = split(text);
    let inline = prose.iter().flat_map(|line| line.split('`').skip(1).step_by(2));
    let parts = code.into_iter().chain(inline).flat_map(|line| line.split(" && ")).map(str::trim);
    let ours = |line: &&str| ["cargo ", ".ci/", "tests/", "DKE_"].iter().any(|start| line.starts_with(start));
    parts.filter(ours).filter(|line| !line.starts_with("tests/") || line.ends_with("/run")).map(String::from).collect()
}

#[test]
fn commands_name_what_exists() {
    let known = Known::read(root());
    let mut seen = 0;
    let mut wrong = Vec::new();
    for document in files(&known.root, "md") {
        for command in commands(&read(&document)) {
            seen += 1;
            wrong.extend(known.wrong(&command).map(|what| format!("{}: {what}", document.display())));
        }
    }
    assert!(seen > 40, "only {seen} commands were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_wrong_is_found() {
    let (root, known) = (root(), Known::read(root()));
    let readme = root.join("README.md");
    assert_eq!(broken(&readme, "spec/PROTOCOL.md#17-on-the-device"), None);
    assert!(broken(&readme, "spec/PROTOCOLS.md").is_some());
    assert!(broken(&readme, "spec/PROTOCOL.md#99-nowhere").is_some());
    for good in ["cargo test -p dke --test reject", "DKE_CASES=5 cargo test --workspace", ".ci/run"] {
        assert_eq!(known.wrong(good), None, "{good}");
    }
    for bad in ["cargo prov", "cargo test -p dkee", "cargo test -p dke --test rejects", ".ci/runs"] {
        assert!(known.wrong(bad).is_some(), "{bad}");
    }
}

/// Rows of the table of resources (PROTOCOL.md section 18.3), and the test in which one takes all that he can and another one is served.
const RESOURCES: &[(&str, &str, &str)] = &[
    ("requests", "impl/gateway/tests/shares.rs", "rates"),
    ("prekeys of a batch", "impl/gateway/tests/shares.rs", "prekeys"),
    ("leases", "impl/gateway/tests/shares.rs", "leases_that_run_out_count_no_more"),
    ("queue of Initiates", "impl/gateway/tests/shares.rs", "an_initiate_comes_from_who_holds_the_lease"),
    ("Confirms", "impl/gateway/tests/shares.rs", "confirms"),
    ("places for requests, their responses", "impl/gateway/tests/shares.rs", "places_for_requests_and_their_responses"),
    ("waits for a response", "impl/gateway/tests/strangers.rs", "waits_over_http_leave_connections_for_others"),
    ("HTTP connections", "impl/gateway/tests/strangers.rs", "waits_over_http_leave_connections_for_others"),
    ("requests under way over CoAP", "impl/coap/tests/strangers.rs", "requests_that_are_held_leave_room_for_others"),
    ("uploads in blocks", "impl/coap/tests/strangers.rs", "uploads_and_observations_leave_room_for_others"),
    ("answers of which further blocks are wanted", "impl/coap/src/transfer.rs", "parts_of_an_answer"),
    ("observations", "impl/coap/tests/strangers.rs", "uploads_and_observations_leave_room_for_others"),
    ("answers to repeated messages", "impl/coap/src/dedup.rs", "strangers_are_kept_apart"),
    ("addresses that have shown that they receive", "impl/coap/src/reach.rs", "it_is_bounded"),
    ("puzzles and challenges", "impl/gateway/src/puzzle.rs", "a_solution_counts_once_for_who_found_it"),
    ("registrations (`--open`)", "impl/gateway/tests/shares.rs", "registrations"),
    ("sealed representations", "impl/gateway/tests/shares.rs", "sealed_representations"),
    ("bytes of the store", "impl/gateway/tests/shares.rs", "bytes_of_the_store"),
    ("memory for batches", "impl/gateway/src/batches.rs", "memory_is_bounded_and_few_take_the_place_of_the_first"),
    ("a node's time and batches", "impl/agent/tests/liars.rs", "always_other_mail"),
    ("a node's or client's sessions", "impl/state/src/sessions.rs", "the_oldest_of_the_peer_with_the_most_goes"),
    ("numbers of calls", "tests/tests/calls.rs", "one_client_leaves_each_other_one_a_place"),
];

#[test]
fn each_resource_has_a_bound_and_a_test() {
    let root = root();
    let protocol = read(&root.join("spec/PROTOCOL.md"));
    let section =
        protocol.split("### 18.3 ").nth(1).and_then(|rest| rest.split("\n### ").next()).expect("section 18.3");
    let table = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rows = table.take_while(|line| line.starts_with('|'));
    let named: Vec<&str> = rows.filter_map(|row| row.split('|').nth(1)).map(str::trim).collect();
    let tested: Vec<&str> = RESOURCES.iter().map(|(row, ..)| *row).collect();
    assert_eq!(named, tested, "the table of section 18.3, and the tests of its rows");
    for (row, file, test) in RESOURCES {
        let text = read(&root.join(file));
        let parts: Vec<&str> = text.split(&format!("fn {test}(")).collect();
        let marked = parts.len() == 2 && parts[0].trim_end().trim_end_matches("async").trim_end().ends_with(']');
        assert!(marked, "{row}: {file} has no test {test}");
    }
}
