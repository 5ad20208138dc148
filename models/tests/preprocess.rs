//! The preprocessor. The expected texts are those that `cpp -P` gives, where `cpp` knows the condition.

use dke_models::model::Variant;
use dke_models::preprocess::{PreprocessError, select, with_includes};

fn variant(flags: &str) -> Variant {
    if flags.is_empty() { Variant::default() } else { flags.parse().expect("flags") }
}

fn selected(text: &str, flags: &str) -> String {
    select(text, &variant(flags)).expect("balanced").lines().collect::<Vec<_>>().join(" ")
}

const NESTED: &str = "a
#ifdef A
b
#ifndef B
c
#else
d
#endif
#else
e
#ifdef B
f
#endif
#endif
g
";

#[test]
fn conditions_nest() {
    assert_eq!(selected(NESTED, ""), "a e g");
    assert_eq!(selected(NESTED, "A"), "a b c g");
    assert_eq!(selected(NESTED, "B"), "a e f g");
    assert_eq!(selected(NESTED, "A+B"), "a b d g");
}

#[test]
fn conditions_are_formulas() {
    let holds = |condition: &str, flags: &str| selected(&format!("#ifdef {condition}\nyes\n#endif\n"), flags) == "yes";
    assert!(holds("not A", "B") && !holds("not A", "A"));
    assert!(holds("A & B", "A+B") && !holds("A & B", "A"));
    assert!(holds("not (A | B)", "C") && !holds("not (A | B)", "B"));
    assert!(holds("A | B & C", "A") && !holds("(A | B) & C", "A"));
    for condition in ["", "A B", "A &", "(A", "not", "A || B"] {
        let error = select(&format!("#ifdef {condition}\n#endif\n"), &variant("A"));
        assert!(matches!(error, Err(PreprocessError::Directive(_))), "{condition}: {error:?}");
    }
}

#[test]
fn only_directives_at_the_first_column_count() {
    assert_eq!(selected("#i < #j\n #ifdef A\n# endif\n", ""), "#i < #j  #ifdef A # endif");
}

#[test]
fn directives_must_match() {
    for text in ["#endif\n", "#else\n", "#ifdef A\n", "#ifdef A\n#else\n#else\n#endif\n", "#ifdef A\n#endif\n#endif\n"]
    {
        let error = select(text, &variant("A"));
        assert!(matches!(error, Err(PreprocessError::Unbalanced(_))), "{text}: {error:?}");
    }
    for text in ["#define A\n", "#if 1\n", "#undef A\n", "#elif A\n"] {
        assert!(matches!(select(text, &variant("A")), Err(PreprocessError::Unsupported(_))), "{text}");
    }
}

#[test]
fn files_are_included_from_their_own_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    write("top", "1\n#include \"sub/middle\"\n4\n");
    write("sub/middle", "2\n#include \"bottom\"");
    write("sub/bottom", "3");
    assert_eq!(with_includes(&folder.path().join("top")).expect("files"), "1\n2\n3\n4\n");
    write("sub/bottom", "#include \"middle\"\n");
    assert!(matches!(with_includes(&folder.path().join("top")), Err(PreprocessError::Cycle(_))));
    write("sub/bottom", "#include \"gone\"\n");
    assert!(matches!(with_includes(&folder.path().join("top")), Err(PreprocessError::Read { .. })));
    write("sub/bottom", "#include <gone>\n");
    assert!(matches!(with_includes(&folder.path().join("top")), Err(PreprocessError::Directive(_))));
}
