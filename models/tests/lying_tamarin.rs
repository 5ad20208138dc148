//! The runner against provers that lie: none of these may pass for a proof, whatever the exit code.

mod common;

use common::{ATTACK, EXECUTABLE, Project, SECRECY, has_ended, honest, says, says_by_variant, summary};

#[track_caller]
fn fails_with(body: &str, words: &str) {
    Project::with_tamarin(body).prove_json().fails_with(words);
}

/// In place of the protocol's output; the variant is answered honestly.
#[track_caller]
fn output_fails_with(output: &str, words: &str) {
    fails_with(&says_by_variant(output, &summary(&[ATTACK, EXECUTABLE])), words);
}

#[test]
fn an_honest_prover_is_believed() {
    let run = Project::with_tamarin(&honest()).prove_json();
    run.is_as_expected();
    let rows = run.json()["rows"].as_array().expect("rows").len();
    assert_eq!(rows, 3, "two lemmas, one of them in a variant too");
    let row = &run.json()["rows"][0];
    assert_eq!((row["property"].as_str(), row["steps"].as_u64()), (Some("secrecy"), Some(12)));
}

#[test]
fn falsified_with_exit_code_0() {
    output_fails_with(&summary(&[ATTACK, EXECUTABLE]), "secrecy: expected verified, found falsified");
}

#[test]
fn no_trace_for_an_executability_lemma() {
    let none = "executable (exists-trace): falsified - no trace found (3 steps)";
    output_fails_with(&summary(&[SECRECY, none]), "executable: expected verified, found falsified");
}

#[test]
fn a_weakened_variant_without_attack() {
    let body = says(&summary(&[SECRECY, EXECUTABLE]));
    fails_with(&body, "secrecy in WEAK: expected falsified, found verified");
}

#[test]
fn incomplete() {
    let sorry = "secrecy (all-traces): analysis incomplete (1 steps)";
    output_fails_with(&summary(&[sorry, EXECUTABLE]), "secrecy: the analysis is incomplete");
}

#[test]
fn missing_lemma() {
    output_fails_with(&summary(&[EXECUTABLE]), "secrecy stands in the model, but not in the prover's summary");
}

#[test]
fn lemma_of_another_name() {
    let renamed = "secrets (all-traces): verified (12 steps)";
    output_fails_with(&summary(&[renamed, EXECUTABLE]), "secrecy stands in the model, but not");
}

#[test]
fn lemma_too_many() {
    let extra = "authority (all-traces): verified (2 steps)";
    output_fails_with(&summary(&[SECRECY, EXECUTABLE, extra]), "authority stands in the prover's summary, but not");
}

#[test]
fn lemma_twice() {
    output_fails_with(&summary(&[ATTACK, SECRECY, EXECUTABLE]), "secrecy stands twice");
}

#[test]
fn no_summary() {
    output_fails_with("theory T\n\nbegin\nend", "printed no summary");
    output_fails_with("", "printed no summary");
}

#[test]
fn summary_cut_off() {
    let whole = summary(&[SECRECY, EXECUTABLE]);
    let cut = whole.rsplit_once("\n\n===").expect("the last line").0;
    output_fails_with(cut, "summary is cut off");
}

#[test]
fn line_cut_off() {
    output_fails_with(&summary(&[EXECUTABLE, "secrecy (all-traces): veri"]), "a line that means nothing here");
}

#[test]
fn wellformedness_warning() {
    let report = "/*\nWARNING: the following wellformedness checks failed!\n\nUnbound variables\n=================\n\n  rule A: y\n*/";
    let output = format!("{report}\n{}", summary(&[SECRECY, EXECUTABLE]));
    output_fails_with(&output, "the prover warns: Unbound variables");
    let in_summary = [
        "WARNING: 2 wellformedness check failed!",
        "         The analysis results might be wrong!",
        "",
        SECRECY,
        EXECUTABLE,
    ];
    output_fails_with(&summary(&in_summary), "the prover warns: 2 wellformedness check failed!");
}

#[test]
fn parse_error() {
    fails_with(
        "echo '\"t.spthy\" (line 2, column 1): unexpected end of input' >&2; exit 1",
        "exit code 1: \"t.spthy\" (line 2",
    );
}

#[test]
fn crash_after_the_summary() {
    let body = format!("{}; kill -SEGV $$", says(&summary(&[SECRECY, EXECUTABLE])));
    fails_with(&body, "the prover ended with signal 11");
}

#[test]
fn hanging_prover_is_killed_with_its_children() {
    let body = "/bin/sleep 600 & echo $! > \"$OLDPWD/pid\"; wait";
    let project = Project::with_tamarin(&format!("cd ../..; cd models; {body}"));
    let run = project.prove(&["--json", "--time", "1", "--only", "executable"]);
    run.fails_with("executable: no verdict within 1 s");
    assert!(has_ended(project.read("pid").trim()), "the prover's child is still there");
}

#[test]
fn child_that_survives_the_prover_is_killed() {
    let project = Project::with_tamarin(&format!("/bin/sleep 600 & echo $! > ../../pid; {}", honest()));
    project.prove(&["--json", "--only", "executable"]).is_as_expected();
    assert!(has_ended(project.read("pid").trim()), "the prover's child is still there");
}

#[test]
fn memory_limit() {
    let body = "x=0123456789; while [ ${#x} -lt 200000000 ]; do x=$x$x; done; /bin/sleep 60";
    let run = Project::with_tamarin(body).prove(&["--json", "--memory", "64", "--only", "executable"]);
    run.fails_with("stopped at the memory limit of 64 MiB");
}

#[test]
fn lemma_that_is_granted_must_be_proved() {
    let project = Project::with_tamarin(&honest());
    project.edit("models/tamarin/t.spthy", "lemma executable:", "lemma executable [reuse]:");
    project.prove_json().is_as_expected();
    // Above `secrecy`, and not expected to hold: then the proof of `secrecy` is worth nothing.
    let helper = "/* expect: falsified */\nlemma helper [use_induction, reuse]: \"F\"\n\n/* Above a lemma.";
    project.edit("models/tamarin/t.spthy", "/* Above a lemma.", helper);
    let found = "helper (all-traces): falsified - found trace (2 steps)";
    project.stub(
        "tamarin-prover",
        &says_by_variant(&summary(&[found, SECRECY, EXECUTABLE]), &summary(&[found, ATTACK, EXECUTABLE])),
    );
    let run = project.prove_json();
    run.fails_with("secrecy: its proof may use lemma helper");
    assert_eq!(run.deviations().len(), 1, "traces that were found count all the same: {:?}", run.deviations());
}

#[test]
fn lemma_without_expectation() {
    let project = Project::with_tamarin(&honest());
    project.edit("models/tamarin/t.spthy", "/* expect: verified */\n", "");
    let run = project.prove_json();
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("lemma executable: exists-trace"), "{}", run.stderr);
}

#[test]
fn lemma_deleted_from_the_model() {
    let project = Project::with_tamarin(&says(&summary(&[EXECUTABLE])));
    let theory =
        "theory T begin\n/* expect: verified */\nlemma executable: exists-trace \"Ex x #i. Secret(x)@i\"\nend\n";
    project.write("models/tamarin/t.spthy", theory);
    project.prove_json().fails_with("secrecy stands in PROTOCOL.md, but in no model");
}
