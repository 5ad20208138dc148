//! The specification is written in the hacspec subset of Rust: every file of `spec/src` is held to the rules, and for each rule the
//! checker must refuse a sample.

#[path = "subset/checker.rs"]
mod checker;

use checker::{Rule, Violation, check};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files_under(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn violations(source: &str) -> Vec<Violation> {
    check(source).expect("Rust that parses")
}

fn broken(source: &str) -> BTreeSet<Rule> {
    violations(source).iter().map(|violation| violation.rule).collect()
}

#[test]
fn the_specification_keeps_to_the_subset() {
    let files: Vec<PathBuf> =
        files_under(&directory("src")).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).collect();
    for module in ["lib.rs", "p256.rs", "cbor.rs"] {
        assert!(files.iter().any(|path| path.ends_with(module)), "{module} has not been found");
    }
    let mut found = Vec::new();
    for path in files {
        let source = fs::read_to_string(&path).expect("a source file");
        found.extend(violations(&source).iter().map(|violation| format!("{}, {violation}", path.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_rule_has_a_sample_that_breaks_it_and_no_other() {
    let mut names = BTreeSet::from(["accepted".to_string()]);
    for rule in Rule::ALL {
        names.insert(rule.name().to_string());
        let path = directory("tests/subset").join(format!("{}.rs.txt", rule.name()));
        let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // The sample says itself which lines are wrong.
        let wrong: Vec<usize> =
            (1..).zip(source.lines()).filter(|(_, l)| l.ends_with("// wrong")).map(|(n, _)| n).collect();
        let found = violations(&source);
        let lines: BTreeSet<usize> = found.iter().map(|violation| violation.line).collect();
        assert!(!wrong.is_empty(), "{} has no wrong line", path.display());
        assert_eq!(lines, BTreeSet::from_iter(wrong), "{}: {found:?}", path.display());
        assert!(found.iter().all(|violation| violation.rule == rule), "{}: {found:?}", path.display());
    }
    let samples = files_under(&directory("tests/subset"));
    let found: BTreeSet<String> = samples
        .iter()
        .filter_map(|path| path.file_name()?.to_str()?.strip_suffix(".rs.txt").map(String::from))
        .collect();
    assert_eq!(found, names);
}

#[test]
fn the_accepted_sample_is_accepted() {
    let source = fs::read_to_string(directory("tests/subset/accepted.rs.txt")).expect("a sample");
    assert_eq!(violations(&source), []);
}

/// What one file per rule leaves open.
#[test]
fn odd_places() {
    let cases: [(&str, &[Rule]); 23] = [
        ("fn f() { let mut s = t(); let g = || s.unknown(); }", &[Rule::MutableCapture]),
        ("fn f() { let s = t(); let g = || s.unknown(); }", &[]),
        ("fn f() { let mut s = t(); s.unknown(); } fn h(s: S) { let g = || s.unknown(); }", &[]),
        ("fn f() { matches!(x, y if unsafe { z }); }", &[Rule::Unsafe]),
        ("fn f() { given!(a => Box<dyn Fn()>); }", &[Rule::TraitObject]),
        ("fn f() { given!(a => { loop { b } }); }", &[Rule::WhileOrLoop]),
        ("fn f() { given!(a => 1.5); }", &[Rule::FloatingPoint]),
        ("fn f() { assert!(x == 1f64); }", &[Rule::FloatingPoint]),
        ("fn f() { for i in 0..9 { given!(a => g()?); } }", &[Rule::ExitFromLoop]),
        ("fn f() { for i in 0..9 { let h = |j: u8| -> Option<u8> { Some(g(j)?) }; } }", &[]),
        ("fn f() { for i in g()? { h(i); } }", &[]),
        ("fn f() { for i in 0..9 { fn h() -> Option<u8> { return None; } } }", &[]),
        ("fn f() { for i in 0..9 { if i > 3 { continue; } } }", &[Rule::ExitFromLoop]),
        ("trait T { fn f(&self) -> Option<&u8>; }", &[Rule::ReferenceInReturnType]),
        ("fn f<'a>(a: &'a u8) -> View<'a> { View { a } }", &[Rule::ReferenceInReturnType]),
        ("fn f(g: fn(&u8) -> u8) -> u8 { g(&1) }", &[]),
        ("fn f() { let g = |x: &u8| -> &u8 { x }; }", &[Rule::ReferenceInReturnType]),
        ("fn f() { let g = |x: u8| { let mut y = x; y += 1; let h = || y = 2; y }; }", &[Rule::MutableCapture]),
        ("fn f() { let g = || { (a, b[0]) = (1, 2); }; }", &[Rule::MutableCapture]),
        ("#[hax_lib::requires(x.load() == 1.0)] fn f() {}", &[Rule::FloatingPoint]),
        ("static mut COUNT: u8 = 0;", &[Rule::Unsafe]),
        ("fn f() { use std::{fmt, fs::File}; }", &[Rule::InputOutput]),
        ("fn f() { g(&mut x); }", &[Rule::MutableReference]),
    ];
    for (source, rules) in cases {
        assert_eq!(broken(source), BTreeSet::from_iter(rules.iter().copied()), "{source}");
    }
}
