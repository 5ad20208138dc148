//! Stock Tamarin and tamarin-rs, alone and side by side.

mod common;

use common::{ATTACK, EXECUTABLE, Project, SECRECY, honest, says, says_by_variant, summary};

const STOCK: &str = "tamarin-prover 1.11.0, (C) many";
const PORT: &str = "tamarin-rs 1.13.0";

/// What each prints, with a theory that names its Maude.
fn prints(maude: &str, steps: u32) -> String {
    let theory = format!("/*\nGenerated from:\nTamarin version 1\nMaude version {maude}\n*/\nend\n");
    let secrecy = SECRECY.replace("12", &steps.to_string());
    let text = |first: &str| format!("{theory}{}", summary(&[first, EXECUTABLE]));
    says_by_variant(&text(&secrecy), &text(ATTACK))
}

fn with(stock: Option<&str>, port: Option<&str>) -> Project {
    let project = Project::with_tamarin("exit 9");
    project.remove_stub("tamarin-prover");
    stock.inspect(|body| project.stub_named("tamarin-prover", STOCK, body));
    port.inspect(|body| project.stub_named("tamarin-rs", PORT, body));
    project
}

fn provers(project: &Project) -> Vec<String> {
    let run = project.prove_json();
    run.is_as_expected();
    let rows = run.json()["rows"].as_array().expect("rows").clone();
    let mut provers: Vec<String> = rows.iter().map(|row| row["prover"].as_str().unwrap_or_default().into()).collect();
    provers.dedup();
    provers
}

#[test]
fn each_alone_is_enough() {
    let stock = with(Some(&honest()), None);
    assert_eq!(provers(&stock), ["Tamarin"]);
    let said = stock.prove(&[]).stderr;
    assert!(said.contains("!!! tamarin-rs is not on PATH: tamarin-rs proves nothing now"), "{said}");
    let port = with(None, Some(&honest()));
    assert_eq!(provers(&port), ["tamarin-rs"]);
    let said = port.prove(&[]).stderr;
    assert!(said.contains("!!! tamarin-prover is not on PATH: Tamarin proves nothing now"), "{said}");
}

/// The port may be installed under the name of the original.
#[test]
fn tools_are_known_by_what_they_say() {
    let project = with(None, None);
    project.stub_named("tamarin-prover", PORT, &honest());
    assert_eq!(provers(&project), ["tamarin-rs"]);
}

#[test]
fn records_stand_side_by_side() {
    let project = with(Some(&prints("3.4", 12)), Some(&prints("3.2", 13)));
    assert_eq!(project.prove(&["--record", "--jobs", "1"]).code, Some(0));
    let records = project.read("models/verdicts.toml");
    let tools =
        "tools = { tamarin = \"tamarin-prover 1.11.0, Maude 3.4\", tamarin-rs = \"tamarin-rs 1.13.0, Maude 3.2\" }";
    assert!(records.contains(tools), "{records}");
    let line = records.lines().find(|line| line.contains("\"secrecy\", verdict")).expect("a verdict");
    let (stock, port) = line.split_once(", tamarin-rs = {").expect("both");
    assert!(stock.contains("verdict = \"verified\", tamarin = { steps = 12, seconds = "), "{line}");
    assert!(port.contains("steps = 13, seconds = "), "{line}");
}

#[test]
fn what_differs_is_a_fault() {
    let other = says(&summary(&[ATTACK, EXECUTABLE]));
    let run = with(Some(&honest()), Some(&other)).prove_json();
    run.fails_with("tamarin/t.spthy: secrecy: Tamarin says verified, tamarin-rs says falsified");
    run.fails_with("secrecy: expected verified, found falsified (tamarin-rs)");
}

#[test]
fn what_differs_from_the_record_of_the_other_is_a_fault() {
    let project = with(Some(&honest()), Some(&honest()));
    assert_eq!(project.prove(&["--record"]).code, Some(0));
    let other = summary(&[&SECRECY.replace("verified", "falsified - found trace"), EXECUTABLE]);
    project.stub_named("tamarin-rs", PORT, &says(&other));
    project.remove_stub("tamarin-prover");
    project.prove_json().fails_with("secrecy: tamarin-rs says falsified, Tamarin says verified");
}

/// A part of the lemmas, or a run that came to no end: the rest of the record stays, and nothing is claimed.
#[test]
fn record_grows_tool_by_tool() {
    let project = with(None, Some(&honest()));
    assert_eq!(project.prove(&["--record"]).code, Some(0));
    let hangs = format!("case \"$*\" in *-D=WEAK*) /bin/sleep 600;; *) {};; esac", prints("3.4", 12));
    project.stub_named("tamarin-prover", STOCK, &hangs);
    project.remove_stub("tamarin-rs");
    project.prove(&["--record", "--only", "secrecy", "--time", "1"]);
    let records = project.read("models/verdicts.toml");
    assert_eq!(records.matches("tamarin = { steps").count(), 1, "{records}");
    assert_eq!(records.matches("tamarin-rs = { steps").count(), 3, "{records}");
}

#[test]
fn stock_tamarin_is_kept_to_one_core() {
    let arguments = |tool: &str| format!("printf '%s\\n' \"$*\" >> ../../{tool}; {}", honest());
    let project = with(Some(&arguments("stock")), Some(&arguments("port")));
    project.prove_json().is_as_expected();
    assert!(project.read("stock").lines().all(|line| line.ends_with("+RTS -N1 -RTS")));
    assert!(!project.read("port").contains("RTS"));
}
