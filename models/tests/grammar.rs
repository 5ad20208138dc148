//! Every theory keeps to what stock Tamarin reads, too.

use dke_models::grammar::faults;
use std::path::{Path, PathBuf};

/// All theories and what they include.
fn files() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let is_theory =
                path.to_string_lossy().ends_with(".spthy") || path.to_string_lossy().ends_with(".spthy.inc");
            if path.is_dir() {
                folders.push(path);
            } else if is_theory {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn every_theory_is_one_for_stock_tamarin() {
    let files = files();
    assert!(files.len() > 40, "{}", files.len());
    let read = |path: &Path| std::fs::read_to_string(path).expect("a text");
    let found: Vec<String> = files
        .iter()
        .flat_map(|path| faults(&read(path)).into_iter().map(move |fault| format!("{}: {fault}", path.display())))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[track_caller]
fn is_refused(text: &str, words: &str) {
    let faults = faults(text);
    assert!(faults.iter().any(|fault| fault.contains(words)), "{text}: {faults:?}");
}

#[test]
fn what_only_the_port_reads_is_refused() {
    is_refused("#include \"wake_ups.spthy.inc\"\n", "the name of an included file");
    is_refused("#include \"wake-ups.spthy.inc\"\n", "the name of an included file");
    is_refused("#ifdef not (A | B)\n#endif\n", "without parentheses");
    is_refused("#ifdef A & (B | C)\n#endif\n", "without parentheses");
    is_refused("#ifdef\n#endif\n", "a condition joins");
    is_refused("#ifndef A\n#endif\n", "write `#ifdef not FLAG`");
    is_refused("#ifdef A\n#ifdef B\n#endif\n#endif\n", "a condition inside of a condition");
    is_refused("rule A: [ Fr(~_x) ] --> [ ]\n", "`_x`: an identifier");
    is_refused("lemma a: \"Ex _ #i. A(_)@i\"\n", "`_`: an identifier");
    is_refused("macros: a(s) = 'g'^s\n", "a macro that is a power");
    is_refused("macros: a(s) = pk(s),\n  b(s, t) = <s, t>,\n  c(s) = 'g'^s\n\nrule A: [ ] --> [ ]\n", "`c(s) = ''^s`");
}

#[test]
fn what_both_read_is_accepted() {
    let text = "#include \"lemmas/key.origin.spthy.inc\"\n/* #ifdef not (A | B) _x */\n#ifdef not A & not B | C_1\n\
                macros: a(s) = ('g'^s), b(s) = h(<'_x', 'g'^s>), ss_(s) = s\nrule A: [ ] --> [ Out('g'^~x) ]\n#else\n#endif\n";
    assert_eq!(faults(text), Vec::<String>::new());
}
