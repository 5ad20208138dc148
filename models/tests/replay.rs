//! Proof scripts: written from what Tamarin prints, and worth nothing for another model. The stub prints a theory whose rule is the
//! model's first line, and reads proofs from the script.

mod common;

use common::Project;
use dke_models::script::Script;

const MODEL: &str = "// rule A

/* expect: verified */
lemma secrecy: \"T\"

/* expect: verified */
lemma executable: exists-trace \"T\"

/* expect: falsified */
lemma wrong: \"F\"
";

const STUB: &str = r#"
read -r _ rule < "$1"
proof_of() { case "$*" in *"--prove=$lemma "*) echo "simplify
by contradiction /* $lemma */";; *) echo "by sorry";; esac; }
lemmas() {
for lemma in secrecy executable wrong; do printf 'lemma %s:\n  all-traces "T"\n/*\nguarded formula: "F"\n*/\n%s\n\n' $lemma "$(proof_of "$@")"; done
}
status() { case "$1" in *"by contradiction /* $lemma */"*) echo verified;; *) echo 'analysis incomplete';; esac; }
case $PWD in
*/models/*) printed="theory T

begin

$rule

$(lemmas "$@")

/*
Generated from:
Tamarin version 1.0, compiled at: 2000-01-01, on some machine
*/

end";;
*) printed=; while IFS= read -r line; do printed="$printed$line
"; done < "$1";;
esac
rule78===============================================================================
printf '%s\n' "$printed" "" "$rule78" "summary of summaries:" "" "analyzed: $1" ""
for lemma in secrecy executable; do echo "  $lemma (all-traces): $(status "$printed") (2 steps)"; done
case "$*" in *--prove=wrong*) status='falsified - found trace';; *) status='analysis incomplete';; esac
printf '%s\n' "  wrong (all-traces): $status (3 steps)" "" "$rule78"
"#;

const SCRIPT: &str = "proofs/tamarin/t.spthy";

fn recorded() -> Project {
    let project = Project::new(&["secrecy"], &[("tamarin/t.spthy", MODEL)]);
    project.stub("tamarin-prover", STUB);
    project.stub("maude", "");
    let run = project.prove(&["--record"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    project
}

#[track_caller]
fn fails_with(project: &Project, words: &str) {
    let run = project.prove(&["--replay"]);
    assert!(run.stdout.contains(words), "{words}: {}{}", run.stdout, run.stderr);
    assert_eq!(run.code, Some(1));
}

#[test]
fn script_has_the_proofs_and_nothing_of_the_machine() {
    let project = recorded();
    let script = project.read(SCRIPT);
    assert!(script.contains("simplify\nby contradiction /* secrecy */\n\nlemma executable:"), "{script}");
    assert!(script.contains("by contradiction /* executable */"), "{script}");
    assert!(
        script.ends_with("lemma wrong:\n  all-traces \"T\"\n/*\nguarded formula: \"F\"\n*/\nby sorry\n\nend\n"),
        "{script}"
    );
    assert!(!script.contains("compiled at") && !script.contains("summary"), "{script}");
    let run = project.prove(&["--replay"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let columns: Vec<&str> = run.stdout.lines().nth(2).expect("a row").split_whitespace().collect();
    assert_eq!(columns.get(..4), Some(["tamarin/t.spthy", "Tamarin", "2", "2"].as_slice()));
    assert!(columns[4..].iter().all(|seconds| seconds.parse::<f64>().is_ok()), "{columns:?}");
}

#[test]
fn proof_taken_out_of_the_script() {
    let project = recorded();
    project.edit(SCRIPT, "simplify\nby contradiction /* secrecy */", "by sorry");
    fails_with(&project, "tamarin/t.spthy: secrecy: the analysis is incomplete");
}

#[test]
fn script_with_another_statement() {
    let project = recorded();
    project.edit(SCRIPT, "lemma executable:\n  all-traces \"T\"", "lemma executable:\n  all-traces \"U\"");
    fails_with(&project, "one of another model; the first difference is at `all-traces \"T\"`");
}

#[test]
fn model_changed_after_the_script() {
    let project = recorded();
    project.edit("models/tamarin/t.spthy", "// rule A", "// rule B");
    fails_with(&project, "one of another model; the first difference is at `rule B`");
}

#[test]
fn no_script() {
    let project = recorded();
    std::fs::remove_file(project.path(SCRIPT)).expect("the script");
    fails_with(&project, "proofs/tamarin/t.spthy does not exist");
}

/// A process for each proof, which loads no other.
#[test]
fn each_proof_is_checked_alone() {
    let project = recorded();
    let counting = "case $PWD in */models/*) ;; *) n=0; while IFS= read -r line; do case $line in *'by contradiction'*) n=$((n+1));; esac; \
                    done < \"$1\"; echo $n >> \"$COUNTS\";; esac\n";
    let counts = project.path("counts");
    let counting = counting.replace("$COUNTS", &counts.to_string_lossy());
    project.stub("tamarin-prover", &format!("{counting}{STUB}"));
    let run = project.prove(&["--replay", "--jobs", "2"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let mut counts: Vec<String> = project.read("counts").lines().map(String::from).collect();
    counts.sort();
    assert_eq!(counts, ["0", "1", "1"], "the comparison, and one for each lemma");
    let run = project.prove(&["--replay", "--only", "secrecy"]);
    assert!(run.stdout.contains("tamarin/t.spthy  Tamarin  1       1"), "{}", run.stdout);
}

/// Stock Tamarin prints a model with included macros not quite as it prints the script.
#[test]
fn macros_among_the_functions_are_no_difference() {
    let printed = |functions: &str, gap: &str| {
        let signature = format!("builtins: hashing\nfunctions: {functions}\nequations:\n    fst(x) = y");
        Script::printed(&format!("theory T begin\n\n{signature}\n\n{gap}rule A:\n   [ ] --> [ ]\n\nend\n"))
    };
    let script = printed("aead/3, pk/1", "");
    let model = printed("aead/3, batch/4[private,destructor],\n           pk/1, zip/2[private,destructor]", "\n\n\n");
    assert_eq!(model.first_difference(&script), None);
    assert_eq!(printed("aead/4, pk/1", "").first_difference(&script), Some("aead/4".to_string()));
    assert_eq!(printed("aead/3", "").first_difference(&script), Some("equations:".to_string()));
}

/// Scripts are not one tool's.
#[test]
fn both_tools_check() {
    let project = recorded();
    project.stub_named("tamarin-rs", "tamarin-rs 1.0", STUB);
    let run = project.prove(&["--replay"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("tamarin/t.spthy  tamarin-rs  2       2"), "{}", run.stdout);
    project.remove_stub("tamarin-prover");
    assert_eq!(project.prove(&["--replay"]).code, Some(0));
}

#[test]
fn no_prover() {
    let project = recorded();
    project.remove_stub("tamarin-prover");
    let run = project.prove(&["--replay"]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("no proof script was checked"), "{}", run.stderr);
}
