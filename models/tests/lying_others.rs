//! The runner against a ProVerif and a Verifpal that lie, against missing provers, and its records.

mod common;

use common::{Project, THEORY, honest, says, summary};

const PI: &str = "free c: channel.
(* secrecy: the attacker never learns s. expect: true; in WEAK: false *)
query attacker(s).

(* nothing expected here *)
(* agreement.node: both agree. expect: cannot be proved *)
query x: bitstring;
  event(A(x)) ==> event(B(x)).
process
#ifdef WEAK
  out(c, s)
#else
  0
#endif
";

/// What ProVerif prints at its end.
fn verification_summary(results: &[&str]) -> String {
    let rule = "-".repeat(62);
    format!("RESULT ...\n\n{rule}\nVerification summary:\n\n{}\n\n{rule}\n", results.join("\n\n"))
}

const SECRET: &str = "Query not attacker(s[]) is true.";
const LEAKED: &str = "Query not attacker(s[]) is false.";
const UNKNOWN: &str = "Query event(A(x_1)) ==> event(B(x_1)) cannot be proved.";

/// A ProVerif that tells the variants apart by what it is given to read.
fn proverif(protocol: &str, weak: &str) -> Project {
    let project = Project::new(&["secrecy", "agreement"], &[("proverif/p.pv", PI)]);
    let read =
        "weak=; while IFS= read -r line; do case \"$line\" in *out*) weak=1;; '#'*) exit 9;; esac; done < \"$1\"";
    let answer = format!("if [ -n \"$weak\" ]; then {}; else {}; fi", says(weak), says(protocol));
    project.stub("proverif", &format!("{read}\n{answer}"));
    project
}

#[track_caller]
fn proverif_fails_with(protocol: &str, words: &str) {
    proverif(protocol, &verification_summary(&[LEAKED])).prove_json().fails_with(words);
}

#[test]
fn an_honest_proverif_is_believed() {
    let run = proverif(&verification_summary(&[SECRET, UNKNOWN]), &verification_summary(&[LEAKED])).prove_json();
    run.is_as_expected();
    let names: Vec<String> =
        run.json()["rows"].as_array().expect("rows").iter().map(|row| row["property"].to_string()).collect();
    assert_eq!(names, ["\"secrecy\"", "\"agreement.node\"", "\"secrecy\""]);
}

#[test]
fn grouped_results_and_proved_lemmas_are_read() {
    let grouped = "Query(ies):\n - Query not attacker(s[]) is true.\n - Query event(A(x_1)) ==> event(B(x_1)) cannot be proved.\n\
                   Associated lemma(s):\n - Lemma event(A(x_1)) ==> event(B(x_1)) is true in process 0.";
    proverif(&verification_summary(&[grouped]), &verification_summary(&[LEAKED])).prove_json().is_as_expected();
    proverif_fails_with(
        &verification_summary(&[&grouped.replace("is true in", "is false in")]),
        "means nothing here: Lemma",
    );
}

#[test]
fn proverif_without_proof() {
    proverif_fails_with(&verification_summary(&[LEAKED, UNKNOWN]), "secrecy: expected true, found false");
    let unknown = "Query not attacker(s[]) cannot be proved.";
    proverif_fails_with(&verification_summary(&[unknown, UNKNOWN]), "secrecy: expected true, found cannot be proved");
}

#[test]
fn proverif_without_attack() {
    let good = verification_summary(&[SECRET, UNKNOWN]);
    proverif(&good, &verification_summary(&[SECRET]))
        .prove_json()
        .fails_with("secrecy in WEAK: expected false, found true");
}

#[test]
fn proverif_is_asked_only_what_counts() {
    let project = Project::new(&["secrecy", "agreement"], &[("proverif/p.pv", PI)]);
    let read =
        "seen=; while IFS= read -r line; do seen=\"$seen$line \"; done < \"$1\"; printf '%s\\n' \"$seen\" > input";
    let root = project.path(".").to_string_lossy().into_owned();
    project.stub("proverif", &format!("cd '{root}'; {read}; {}", says(&verification_summary(&[LEAKED]))));
    project.prove(&["--json", "--variant", "WEAK"]).is_as_expected();
    let input = project.read("input");
    assert!(input.contains("query attacker(s). ") && !input.contains("query x"), "{input}");
    assert!(!input.contains("event(A(x))") && input.contains("process   out(c, s) "), "{input}");
}

#[test]
fn proverif_with_other_queries() {
    proverif_fails_with(&verification_summary(&[SECRET]), "the model has 2 queries, the prover's summary 1 results");
    proverif_fails_with(&verification_summary(&[SECRET, SECRET, UNKNOWN]), "the prover's summary 3 results");
}

#[test]
fn proverif_cut_off() {
    let whole = verification_summary(&[SECRET, UNKNOWN]);
    proverif_fails_with(whole.trim_end().trim_end_matches('-'), "summary is cut off");
    proverif_fails_with("RESULT not attacker(s[]) is true.", "printed no summary");
    proverif_fails_with(&verification_summary(&[SECRET, "Query event(A(x_1)) ==> ev"]), "means nothing here");
}

#[test]
fn proverif_warns() {
    let warning = "File \"p.pv\", line 4, characters 28-29:\nWarning: identifier x rebound.\n";
    let output = format!("{warning}{}", verification_summary(&[SECRET, UNKNOWN]));
    proverif_fails_with(&output, "the prover warns: line 4, characters 28-29: identifier x rebound.");
}

#[test]
fn equivalence_by_its_process() {
    let model = "(* secrecy: two keys look the same. expect: true *)\nprocess out(c, diff[a, b])\n";
    let project = Project::new(&["secrecy"], &[("proverif/e.pv", model)]);
    project.stub("proverif", &says(&verification_summary(&["Observational equivalence is true."])));
    project.prove_json().is_as_expected();
    project.stub("proverif", &says(&verification_summary(&["Observational equivalence cannot be proved."])));
    project.prove_json().fails_with("expected true, found cannot be proved");
}

const VP: &str = "attacker[active]
queries[
  // secrecy: k stays secret. expect: pass
  confidentiality? k
  // agreement: known attack. expect: fail
  authentication? A -> B: m
]
";

fn verifpal_report(queries: &[(&str, bool, bool)]) -> String {
    let query = |&(query, resolved, exhausted): &(&str, bool, bool)| {
        format!("{{\"query\":\"{query}\",\"resolved\":{resolved},\"envelope\":{{\"exhausted\":{exhausted}}}}}")
    };
    let queries = queries.iter().map(query).collect::<Vec<_>>().join(",");
    format!("{{\"ok\":true,\"models\":[{{\"ok\":true,\"analysis\":{{\"queries\":[{queries}]}}}}]}}")
}

fn verifpal(report: &str) -> Project {
    let project = Project::new(&["secrecy", "agreement"], &[("verifpal/v.vp", VP)]);
    project.stub("verifpal", &says(report));
    project
}

#[test]
fn verifpal_reports() {
    let (k, m) = ("confidentiality? k", "authentication? A -> B: m");
    let good = verifpal_report(&[(k, false, true), (m, true, true)]);
    verifpal(&good).prove_json().is_as_expected();
    verifpal(&good.to_lowercase()).prove_json().is_as_expected();
    verifpal(&verifpal_report(&[(k, true, true), (m, true, true)]))
        .prove_json()
        .fails_with("secrecy: expected pass, found fail");
    verifpal(&verifpal_report(&[(k, false, false), (m, true, true)]))
        .prove_json()
        .fails_with("secrecy: the analysis is incomplete");
    verifpal(&verifpal_report(&[(m, true, true), (k, false, true)])).prove_json().fails_with("but not in the model");
    verifpal(&verifpal_report(&[(k, false, true)])).prove_json().fails_with("the model has 2 queries");
    verifpal(&good[..good.len() - 9]).prove_json().fails_with("summary is cut off");
    verifpal("").prove_json().fails_with("printed no summary");
}

/// A theory that has been recorded; its prover may go.
fn recorded() -> Project {
    let project = Project::with_tamarin(&honest());
    let run = project.prove(&["--record"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    project
}

#[test]
fn missing_prover_leaves_the_record() {
    let project = recorded();
    project.remove_stub("maude");
    let run = project.prove(&["--json"]);
    assert_eq!((run.code, run.deviations()), (Some(3), Vec::new()));
    assert_eq!(run.json()["missing"][0], "maude");
    assert!(run.json()["rows"].as_array().expect("rows").iter().all(|row| row["proved_now"] == false));
    let table = project.prove(&[]);
    assert!(table.stdout.contains("recorded: verified"), "{}", table.stdout);
    assert!(table.stderr.contains("!!! maude is not on PATH"), "{}", table.stderr);
}

#[test]
fn record_does_not_speak_for_a_changed_model() {
    let project = recorded();
    project.remove_stub("tamarin-prover");
    project.edit("models/tamarin/t.spthy", "Above a lemma.", "Above this lemma.");
    project.prove_json().fails_with("tamarin-prover is not on PATH, and models/verdicts.toml has no verdict");
}

#[test]
fn recorded_verdict_other_than_expected() {
    let project = recorded();
    project.edit(
        "models/verdicts.toml",
        "in = \"WEAK\", verdict = \"falsified\"",
        "in = \"WEAK\", verdict = \"verified\"",
    );
    project.remove_stub("tamarin-prover");
    project.prove_json().fails_with("secrecy in WEAK: expected falsified, found verified");
}

#[test]
fn nothing_is_recorded_unless_all_is_as_expected() {
    let project = Project::with_tamarin(&honest());
    project.prove(&["--record", "--only", "secrecy"]);
    assert!(!project.read("models/verdicts.toml").contains("t.spthy"), "a part was recorded");
    project.stub("tamarin-prover", &says(&summary(&[common::SECRECY, common::EXECUTABLE])));
    assert_eq!(project.prove(&["--record"]).code, Some(1));
    assert!(!project.read("models/verdicts.toml").contains("t.spthy"), "a deviation was recorded");
    assert!(!project.path("proofs").exists());
}

#[test]
fn filters_and_usage() {
    let project = Project::with_tamarin(&honest());
    let rows = |args: &[&str]| project.prove(&[&["--json"], args].concat()).json()["rows"].as_array().map(Vec::len);
    assert_eq!(rows(&["--only", "executable"]), Some(1));
    assert_eq!(rows(&["--only", "tamarin/t"]), Some(3));
    assert_eq!(rows(&["--variant", "WEAK"]), Some(1));
    assert_eq!(project.prove(&["--only", "nothing"]).code, Some(2));
    assert_eq!(project.prove(&["--variant", "A+"]).code, Some(2));
    assert_eq!(project.prove(&["--jobs", "many"]).code, Some(2));
}

#[test]
fn interactive_opens_one_model() {
    let project = Project::with_tamarin("printf '%s\\n' \"$*\" > ../../args");
    assert_eq!(project.prove(&["--interactive", "--variant", "WEAK"]).code, Some(0));
    assert_eq!(project.read("args").trim(), "interactive t.spthy -D=WEAK");
    project.write("models/tamarin/u.spthy", THEORY);
    assert_eq!(project.prove(&["--interactive"]).code, Some(2));
}

#[test]
fn variants_reach_tamarin_as_flags() {
    let project = Project::with_tamarin(&format!("printf '%s\\n' \"$*\" >> ../../args; {}", honest()));
    project.edit("models/tamarin/t.spthy", "in WEAK: falsified", "in WEAK: falsified; in WEAK+OTHER: falsified");
    project.edit("models/tamarin/t.spthy", "theory T begin", "/* prover: --heuristic=C time=50 */\ntheory T begin");
    project.prove(&["--json", "--jobs", "1"]).is_as_expected();
    let runs = ["--prove=secrecy", "--prove=executable", "-D=OTHER -D=WEAK --prove=secrecy", "-D=WEAK --prove=secrecy"];
    let expected: String =
        runs.map(|run| format!("t.spthy {run} --derivcheck-timeout=600 --heuristic=C +RTS -N1 -RTS\n")).concat();
    assert_eq!(project.read("args"), expected);
}
