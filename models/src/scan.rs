//! Finds properties and the comments above them in a model's text. It knows just enough of each language to tell comments and the
//! beginnings of declarations; what it overlooks comes out as a name or a number that the prover's own list contradicts.

use crate::expect::{self, ExpectError, Expected};
use crate::model::Prover;
use std::collections::BTreeSet;

/// A lemma (Tamarin) or query (ProVerif, Verifpal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// What must come out.
    pub expected: Expected,
    /// What the prover makes of it for the others; Tamarin only.
    pub role: Role,
    /// Its declaration, up to the next comment.
    pub declaration: String,
}

/// Tamarin: whether a lemma asks for a trace, and whether other lemmas are proved with its help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// `exists-trace`.
    pub exists_trace: bool,
    /// `[sources]`: every other lemma rests on it.
    pub sources: bool,
    /// `[reuse]`: every later lemma rests on it.
    pub reuse: bool,
}

/// A model's text, taken apart.
enum Piece<'a> {
    Comment(&'a str),
    Code(&'a str),
}

/// All comments, without their signs.
pub fn comments(text: &str, prover: Prover) -> Vec<&str> {
    let only_comments = |piece| match piece {
        Piece::Comment(comment) => Some(comment),
        Piece::Code(_) => None,
    };
    pieces(text, prover).into_iter().filter_map(only_comments).collect()
}

/// The text without its comments.
pub fn without_comments(text: &str, prover: Prover) -> String {
    let only_code = |piece| match piece {
        Piece::Comment(_) => None,
        Piece::Code(code) => Some(code),
    };
    pieces(text, prover).into_iter().filter_map(only_code).collect()
}

/// All properties in their order.
pub fn properties(text: &str, prover: Prover) -> Result<Vec<Property>, ExpectError> {
    let mut properties = Vec::new();
    let mut comment = None;
    for piece in pieces(text, prover) {
        match piece {
            Piece::Comment(text) => comment = Some(text),
            Piece::Code(code) => {
                for (declaration, is_first) in declarations(code, prover) {
                    let above = comment.filter(|comment| is_first && comment.contains("expect:"));
                    if let Some(property) = property(declaration, above, prover)? {
                        properties.push(property);
                    }
                }
                if !code.trim().is_empty() {
                    comment = None;
                }
            }
        }
    }
    let mut names = BTreeSet::new();
    match properties.iter().find(|property| !names.insert(&property.name)) {
        Some(property) => Err(ExpectError::SameName(property.name.clone())),
        None => Ok(properties),
    }
}

/// The beginnings of properties in a piece of code, each to the end of the piece, and whether anything stands before it.
fn declarations(code: &str, prover: Prover) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let mut offset = 0;
    for line in code.split_inclusive('\n') {
        if is_declaration(line.trim(), prover) {
            let before = code.get(..offset).unwrap_or_default();
            found.push((code.get(offset..).unwrap_or_default().trim_start(), before.trim().is_empty()));
        }
        offset += line.len();
    }
    found
}

fn is_declaration(line: &str, prover: Prover) -> bool {
    let word = line.split(|c: char| c.is_whitespace() || c == '[').next().unwrap_or_default();
    match prover {
        Prover::Tamarin => matches!(word, "lemma" | "diffLemma" | "equivLemma" | "diffEquivLemma"),
        Prover::ProVerif => matches!(word, "query" | "noninterf" | "weaksecret" | "process" | "equivalence"),
        Prover::Verifpal => {
            matches!(word, "confidentiality?" | "authentication?" | "freshness?" | "unlinkability?" | "equivalence?")
        }
    }
}

fn property(declaration: &str, comment: Option<&str>, prover: Prover) -> Result<Option<Property>, ExpectError> {
    let line = declaration.lines().next().unwrap_or_default().trim().to_string();
    // A process is a property only in a file that asks for an equivalence.
    if comment.is_none() && line.starts_with("process") {
        return Ok(None);
    }
    let comment = comment.ok_or_else(|| ExpectError::None(line.clone()))?;
    let expected = Expected::parse(comment, prover)?;
    let (name, role) = match prover {
        Prover::Tamarin => lemma(declaration),
        Prover::ProVerif | Prover::Verifpal => (expect::name(comment)?, Role::default()),
    };
    Ok(Some(Property { name, expected, role, declaration: declaration.to_string() }))
}

/// Name and role from `lemma NAME [ATTRIBUTES]: exists-trace "..."`.
fn lemma(declaration: &str) -> (String, Role) {
    let (head, body) = declaration.split_once(':').unwrap_or((declaration, ""));
    let (name, attributes) = head.split_once('[').unwrap_or((head, ""));
    let name = name.split_whitespace().nth(1).unwrap_or_default().to_string();
    let mut attributes = attributes.trim_end().trim_end_matches(']').split(',').map(str::trim);
    let role = Role {
        exists_trace: body.trim_start().starts_with("exists-trace"),
        sources: attributes.clone().any(|attribute| attribute == "sources"),
        reuse: attributes.any(|attribute| attribute == "reuse"),
    };
    (name, role)
}

/// Takes a text apart into comments and what stands between them.
fn pieces(text: &str, prover: Prover) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((start, comment)) = next_comment(rest, prover) {
        let (code, from) = rest.split_at(start);
        pieces.push(Piece::Code(code));
        let (inside, after) = comment.split(from);
        pieces.push(Piece::Comment(inside));
        rest = after;
    }
    pieces.push(Piece::Code(rest));
    pieces
}

#[derive(Clone, Copy)]
enum CommentKind {
    /// From an opening to the matching closing sign, nested.
    Block(&'static str, &'static str),
    /// From a sign to the end of the line.
    Line(&'static str),
}

impl CommentKind {
    fn of(prover: Prover) -> &'static [CommentKind] {
        match prover {
            Prover::Tamarin => &[CommentKind::Block("/*", "*/"), CommentKind::Line("//")],
            Prover::ProVerif => &[CommentKind::Block("(*", "*)")],
            Prover::Verifpal => &[CommentKind::Line("//")],
        }
    }

    fn sign(self) -> &'static str {
        match self {
            CommentKind::Block(open, _) => open,
            CommentKind::Line(sign) => sign,
        }
    }

    /// What is inside the comment that `text` begins with, and what follows it.
    fn split(self, text: &str) -> (&str, &str) {
        let (end, closing) = match self {
            CommentKind::Line(_) => (text.find('\n').unwrap_or(text.len()), 0),
            CommentKind::Block(open, close) => {
                let mut depth = 0;
                let end = text.char_indices().find(|&(at, _)| {
                    let rest = text.get(at..).unwrap_or_default();
                    depth += i32::from(rest.starts_with(open)) - i32::from(rest.starts_with(close));
                    depth == 0
                });
                end.map_or((text.len(), 0), |(at, _)| (at, close.len()))
            }
        };
        let inside = text.get(self.sign().len()..end).unwrap_or_default();
        (inside, text.get(end + closing..).unwrap_or_default())
    }
}

/// The first comment outside of a quoted formula, and where it begins.
fn next_comment(text: &str, prover: Prover) -> Option<(usize, CommentKind)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        }
        let rest = text.get(at..).unwrap_or_default();
        let kind = CommentKind::of(prover).iter().find(|kind| rest.starts_with(kind.sign()));
        if let (Some(kind), false) = (kind, quoted) {
            return Some((at, *kind));
        }
    }
    None
}
