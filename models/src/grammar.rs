//! The grammar that stock Tamarin and tamarin-rs share, as far as the port reads more. It matters more than a syntax error would: stock
//! Tamarin drops the rest of an included file, silently, from the first item on that it does not understand.

use crate::model::Prover;
use crate::scan::without_comments;

/// What stock Tamarin would not read of a file, in sentences.
pub fn faults(text: &str) -> Vec<String> {
    let code = without_constants(&without_comments(text, Prover::Tamarin));
    let mut faults = directives(&without_comments(text, Prover::Tamarin));
    let hidden = words(&code).filter(|word| word.starts_with('_'));
    faults.extend(hidden.map(|word| format!("`{word}`: an identifier begins with a letter or a digit")));
    let powers = macros(&code).into_iter().filter(|(_, body)| has_bare_power(body));
    faults.extend(
        powers.map(|(head, body)| format!("`{head} = {body}`: a macro that is a power needs parentheses around it")),
    );
    faults
}

fn directives(code: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut open = 0;
    for line in code.lines().map(str::trim_end) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "#include" if !is_include(rest.trim()) => {
                faults
                    .push(format!("`{line}`: the name of an included file has letters, digits, dots and slashes only"));
            }
            "#ifdef" if !is_condition(rest) => {
                faults.push(format!("`{line}`: a condition joins FLAG or `not FLAG` by & and |, without parentheses"));
            }
            "#ifndef" => faults.push(format!("`{line}`: write `#ifdef not FLAG`")),
            _ => {}
        }
        // A branch that does not count ends at the next #else or #endif, whosever that is.
        if word == "#ifdef" && open > 0 {
            faults.push(format!("`{line}`: a condition inside of a condition"));
        }
        open += i32::from(word == "#ifdef") - i32::from(word == "#endif");
    }
    faults
}

fn is_include(name: &str) -> bool {
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or_default();
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '/'))
}

fn is_condition(text: &str) -> bool {
    let is_flag = |text: &str| text != "not" && words(text).eq([text]);
    let atoms = text.split(['|', '&']).map(str::trim);
    atoms.map(|atom| atom.strip_prefix("not ").map_or(atom, str::trim)).all(is_flag)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// Without what stands between single quotes.
fn without_constants(code: &str) -> String {
    code.split('\'').step_by(2).collect::<Vec<_>>().join("''")
}

/// Head and body of each macro. A list of macros ends at an empty line, a directive or the next declaration.
fn macros(code: &str) -> Vec<(String, String)> {
    let mut macros = Vec::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let Some(first) = line.trim().strip_prefix("macros:") else { continue };
        let more = lines.clone().take_while(|line| line.starts_with(' '));
        let list = std::iter::once(first).chain(more).collect::<Vec<_>>().join(" ");
        let items = split_outside(&list, ',').into_iter().filter_map(|item| item.split_once('='));
        macros.extend(items.map(|(head, body)| (head.trim().to_string(), body.trim().to_string())));
    }
    macros
}

fn has_bare_power(term: &str) -> bool {
    split_outside(term, '^').len() > 1
}

/// The parts between separators that stand in no parentheses.
fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c: char| {
        depth += i32::from(matches!(c, '(' | '<')) - i32::from(matches!(c, ')' | '>'));
        c == separator && depth == 0
    })
    .collect()
}
