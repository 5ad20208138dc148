//! Terms: what byte strings stand for, in the sense of the models. Each term exists once, so terms are compared by number.

use std::collections::HashMap;

/// A term of a [`Terms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(u32);

/// How a term is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Public: a name, a number, or bytes that the attacker made up.
    Public(String),
    /// Drawn at random by an honest party or by the attacker.
    Fresh(String),
    /// A function of other terms.
    Of(String, Vec<Term>),
}

/// All terms of a run.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    shapes: Vec<Shape>,
    numbers: HashMap<Shape, Term>,
}

impl Terms {
    /// The term of this shape.
    pub fn make(&mut self, shape: Shape) -> Term {
        if let Some(term) = self.numbers.get(&shape) {
            return *term;
        }
        let term = Term(u32::try_from(self.shapes.len()).expect("a run has few terms"));
        self.shapes.push(shape.clone());
        self.numbers.insert(shape, term);
        term
    }

    /// Its shape.
    pub fn shape(&self, term: Term) -> &Shape {
        &self.shapes[term.0 as usize]
    }

    /// A public name.
    pub fn public(&mut self, name: impl ToString) -> Term {
        self.make(Shape::Public(name.to_string()))
    }

    /// A secret by its name.
    pub fn fresh(&mut self, name: impl ToString) -> Term {
        self.make(Shape::Fresh(name.to_string()))
    }

    /// f(arguments)
    pub fn of(&mut self, function: &str, arguments: &[Term]) -> Term {
        self.make(Shape::Of(function.to_string(), arguments.to_vec()))
    }

    /// `<a, b, c>`, which is `<a, <b, c>>`.
    pub fn tuple(&mut self, items: &[Term]) -> Term {
        let (last, rest) = items.split_last().expect("a tuple has items");
        rest.iter().rev().fold(*last, |tail, item| self.of(PAIR, &[*item, tail]))
    }

    /// g^s
    pub fn power(&mut self, scalar: Term) -> Term {
        self.of(POWER, &[scalar])
    }

    /// The public key raised to the scalar: `g^(ab)` does not tell whose scalar came first.
    pub fn agree(&mut self, public: Term, scalar: Term) -> Term {
        match self.shape(public) {
            Shape::Of(function, arguments) if function == POWER => {
                let other = arguments[0];
                self.of(AGREED, &[scalar.min(other), scalar.max(other)])
            }
            _ => self.of(RAISED, &[public, scalar]),
        }
    }

    /// The items of a tuple; the term itself, if it is none.
    fn items(&self, term: Term) -> Vec<Term> {
        match self.shape(term) {
            Shape::Of(function, arguments) if function == PAIR => {
                [vec![arguments[0]], self.items(arguments[1])].concat()
            }
            _ => vec![term],
        }
    }

    /// For people, in full.
    pub fn show(&self, term: Term) -> String {
        self.show_with(term, &mut |part| self.show(part))
    }

    fn show_with(&self, term: Term, show: &mut dyn FnMut(Term) -> String) -> String {
        match self.shape(term) {
            Shape::Public(name) if name.len() == 64 => format!("'{}..'", &name[..8]),
            Shape::Public(name) => format!("'{name}'"),
            Shape::Fresh(name) => format!("~{}", name.replace(' ', "_")),
            Shape::Of(function, _) if function == PAIR => {
                let items: Vec<String> = self.items(term).into_iter().map(show).collect();
                format!("<{}>", items.join(", "))
            }
            Shape::Of(function, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|part| show(*part)).collect();
                format!("{function}({})", arguments.join(", "))
            }
        }
    }
}

/// Shows terms with numbers for long ones, and keeps what the numbers stand for.
pub struct Legend<'a> {
    terms: &'a Terms,
    named: Vec<Term>,
    lines: Vec<String>,
}

/// Longer terms get a number.
const SHORT: usize = 48;

impl<'a> Legend<'a> {
    /// No numbers yet.
    pub const fn new(terms: &'a Terms) -> Self {
        Legend { terms, named: Vec::new(), lines: Vec::new() }
    }

    /// The term, or its number.
    pub fn show(&mut self, term: Term) -> String {
        let full = self.terms.show(term);
        if full.chars().count() <= SHORT {
            return full;
        }
        let known = self.named.iter().position(|named| *named == term);
        let number = known.unwrap_or_else(|| {
            let terms = self.terms;
            let line = terms.show_with(term, &mut |part| self.show(part));
            self.named.push(term);
            self.lines.push(line);
            self.named.len() - 1
        });
        format!("[{}]", number + 1)
    }

    /// What the numbers stand for, a line each.
    pub fn lines(&self) -> String {
        (1..).zip(&self.lines).map(|(number, line)| format!("[{number}] = {line}\n")).collect()
    }
}

/// The pair of two terms.
pub const PAIR: &str = "pair";
/// g^a, a public key.
pub const POWER: &str = "g^";
/// g^(ab), what two parties agree on.
pub const AGREED: &str = "g^^";
/// A public key with an unknown scalar, raised to a known one.
pub const RAISED: &str = "^";
/// A signature: sign(message, key).
pub const SIGN: &str = "sign";
/// A ciphertext: aead(prk, label, message).
pub const AEAD: &str = "aead";
