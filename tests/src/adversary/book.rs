//! Which byte string stands for which term. Bytes that nobody entered are the attacker's own invention: a public term.

use super::term::{Legend, Shape, Term, Terms};
use std::collections::HashMap;

/// Bytes and their terms, one to one.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// All terms of the run.
    pub terms: Terms,
    term_of: HashMap<Vec<u8>, Term>,
    bytes_of: HashMap<Term, Vec<u8>>,
}

/// Bytes that do not stand for the term that they should: the code does not compute what the models say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch(pub String);

impl Book {
    /// The bytes stand for the term, from now on. Neither may stand for another.
    pub fn enter(&mut self, what: &str, bytes: &[u8], term: Term) -> Result<(), Mismatch> {
        let known = *self.term_of.entry(bytes.to_vec()).or_insert(term);
        let before = self.bytes_of.entry(term).or_insert_with(|| bytes.to_vec());
        if known == term && before == bytes {
            Ok(())
        } else {
            let mut legend = Legend::new(&self.terms);
            let (known, term) = (legend.show(known), legend.show(term));
            let lines = legend.lines();
            Err(Mismatch(format!("{what}: the bytes stand for {known}, and should for {term}\n{lines}")))
        }
    }

    /// What the bytes stand for.
    pub fn term(&mut self, bytes: &[u8]) -> Term {
        match self.term_of.get(bytes) {
            Some(term) => *term,
            None => self.terms.public(hex::encode(bytes)),
        }
    }

    /// The message of a ciphertext that opens under this key and label.
    pub fn opened(&self, what: &str, ciphertext: Term, prk: Term, label: &str) -> Result<Term, Mismatch> {
        match self.terms.shape(ciphertext) {
            Shape::Of(function, arguments)
                if function == super::term::AEAD
                    && arguments[0] == prk
                    && *self.terms.shape(arguments[1]) == Shape::Public(label.to_string()) =>
            {
                Ok(arguments[2])
            }
            _ => {
                let mut legend = Legend::new(&self.terms);
                let (ciphertext, prk) = (legend.show(ciphertext), legend.show(prk));
                Err(Mismatch(format!("{what}: {ciphertext} was opened under {prk}\n{}", legend.lines())))
            }
        }
    }
}
