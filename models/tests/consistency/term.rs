//! Formulas as PROTOCOL.md, Rust, Tamarin and ProVerif write them, brought to one form.

/// `f(a, b)`, a list `<a, b>`, `(a, b)` or `[a, b]`, a quoted label, or a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Term {
    Call(String, Vec<Term>),
    List(Vec<Term>),
    Label(String),
    Name(String),
}

/// The term that the text begins with. Sorts of variables (`$`, `~`), references and paths are left out.
pub(crate) fn parse(text: &str) -> Option<Term> {
    term(&mut text.trim_start())
}

/// Each occurrence of `function(...)` in the text.
pub(crate) fn calls(text: &str, function: &str) -> Vec<Vec<Term>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = text.match_indices(function).map(|(at, _)| at);
    let starts = starts.filter(|&at| !text[..at].ends_with(is_word) && text[at + function.len()..].starts_with('('));
    let arguments = |at: usize| match parse(&text[at..]) {
        Some(Term::Call(_, arguments)) => Some(arguments),
        _ => None,
    };
    starts.filter_map(arguments).collect()
}

fn term(rest: &mut &str) -> Option<Term> {
    *rest = rest.trim_start().trim_start_matches(['&', '$', '~', '!']);
    for (open, close) in [('<', '>'), ('(', ')'), ('[', ']')] {
        if rest.starts_with(open) {
            return list(rest, close).map(Term::List);
        }
    }
    for quote in ['"', '\''] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let (label, after) = quoted.split_once(quote)?;
            *rest = after;
            return Some(label_of(label));
        }
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '.'))).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    let word = word.rsplit("::").next().unwrap_or(word);
    match word {
        "" => None,
        function if rest.starts_with('(') => list(rest, ')').map(|arguments| Term::Call(plain(function), arguments)),
        constant if constant.starts_with("DKE_v1") => Some(label_of(constant)),
        name => {
            // PROTOCOL.md has names of two words: early data.
            if let Some(second) = rest.strip_prefix(' ').filter(|rest| rest.starts_with(|c: char| c.is_alphabetic())) {
                *rest = second.trim_start_matches(|c: char| c.is_alphanumeric());
            }
            Some(Term::Name(plain(name)))
        }
    }
}

/// What stands between the sign that `rest` begins with and `close`; a comma at the end is allowed.
fn list(rest: &mut &str, close: char) -> Option<Vec<Term>> {
    let mut items = Vec::new();
    *rest = rest[1..].trim_start();
    while !rest.starts_with(close) {
        items.push(term(rest)?);
        *rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => *rest = after.trim_start(),
            None if rest.starts_with(close) => {}
            None => return None,
        }
    }
    *rest = &rest[1..];
    Some(items)
}

/// Names differ in case and underscores: `TH_0`, `th_0`, `th0`; HKDF's functions in a prefix.
fn plain(name: &str) -> String {
    let name = name.to_lowercase().replace('_', "");
    name.strip_prefix("hkdf").filter(|rest| !rest.is_empty()).map_or(name.clone(), String::from)
}

/// `"early data"`, `'DKE-v1 early data'` and `DKE_v1_early_data` are one label; the first item of TH_0 is `DKE-v1`.
fn label_of(text: &str) -> Term {
    let text = text.replace('_', " ").replacen("DKE v1", "DKE-v1", 1);
    let text = text.strip_prefix("DKE-v1 ").unwrap_or(&text);
    Term::Label(text.trim().to_string())
}

impl Term {
    /// The hash of a credential by any name, lists inside a hash, and without what only Rust needs: encodings, lengths, weakenings.
    pub(crate) fn canonical(&self) -> Term {
        match self {
            Term::Name(name) if name == "node" || name == "client" => {
                Term::Call("h".to_string(), vec![Term::Name("cred".to_string())])
            }
            Term::Name(name) if name == "credn" || name == "credc" => Term::Name("cred".to_string()),
            Term::Name(name) if name == "protocol" => Term::Label("DKE-v1".to_string()),
            Term::Call(function, arguments)
                if function.starts_with("encode")
                    || matches!(function.as_str(), "concatall" | "dropped" | "replaced") =>
            {
                arguments.first().map_or(self.clone(), Term::canonical)
            }
            Term::Call(function, arguments) => {
                let function = if function == "sha256" { "h" } else { function };
                let is_length = |term: &&Term| matches!(term, Term::Name(name) if name.parse::<u32>().is_ok());
                let arguments = arguments.iter().filter(|term| !is_length(term)).map(Term::canonical);
                let flat = arguments.flat_map(|term| match term {
                    Term::List(items) if function == "h" => items,
                    other => vec![other],
                });
                Term::Call(function.to_string(), flat.collect())
            }
            Term::List(items) => Term::List(items.iter().map(Term::canonical).collect()),
            other => other.clone(),
        }
    }

    /// The name of a value: itself, or of the function that computes it.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Term::Name(name) | Term::Call(name, _) => Some(name),
            Term::Label(_) | Term::List(_) => None,
        }
    }

    pub(crate) fn label(&self) -> Option<&str> {
        match self {
            Term::Label(label) => Some(label),
            _ => None,
        }
    }
}
