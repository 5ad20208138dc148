//! What the attacker can deduce from what it has seen: decided, in the theory of the models.
//!
//! Taking apart: pairs, signatures (they reveal their message), ciphertexts under a key that can be deduced. Putting together:
//! every function of what can be deduced, and g^(ab) from one scalar and the other's public key. Both together decide
//! deducibility here, since no way of putting together has an effect on what taking apart can reach but through keys, which is
//! what the repetition in [`Knowledge::learn`] is for.

use super::term::{AEAD, AGREED, PAIR, POWER, SIGN, Shape, Term, Terms};
use std::collections::{HashMap, HashSet};

/// All that the attacker knows.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// What was seen, and its parts.
    known: HashSet<Term>,
    /// Ciphertexts that cannot be opened yet.
    closed: Vec<Term>,
    /// Answers that still stand.
    answers: HashMap<Term, bool>,
}

impl Knowledge {
    /// The attacker sees a term.
    pub fn learn(&mut self, terms: &mut Terms, term: Term) {
        self.take_apart(terms, term);
        // What was learned may be the key to what was seen before.
        while let Some(place) = (0..self.closed.len()).find(|place| self.opens(terms, self.closed[*place])) {
            let closed = self.closed.swap_remove(place);
            if let Shape::Of(_, arguments) = terms.shape(closed).clone() {
                self.take_apart(terms, arguments[2]);
            }
        }
    }

    /// Can the attacker deduce it?
    pub fn deduces(&mut self, terms: &mut Terms, term: Term) -> bool {
        if let Some(answer) = self.answers.get(&term) {
            return *answer;
        }
        let answer = self.known.contains(&term) || self.puts_together(terms, term);
        self.answers.insert(term, answer);
        answer
    }

    fn opens(&mut self, terms: &mut Terms, ciphertext: Term) -> bool {
        match terms.shape(ciphertext).clone() {
            Shape::Of(_, arguments) => self.deduces(terms, arguments[0]),
            _ => false,
        }
    }

    fn take_apart(&mut self, terms: &mut Terms, term: Term) {
        if !self.known.insert(term) {
            return;
        }
        // What could be deduced still can; what could not, perhaps can now.
        self.answers.retain(|_, answer| *answer);
        if let Shape::Of(function, arguments) = terms.shape(term).clone() {
            match function.as_str() {
                PAIR => arguments.iter().for_each(|part| self.take_apart(terms, *part)),
                SIGN => self.take_apart(terms, arguments[0]),
                AEAD => self.closed.push(term),
                _ => {}
            }
        }
    }

    fn puts_together(&mut self, terms: &mut Terms, term: Term) -> bool {
        match terms.shape(term).clone() {
            Shape::Public(_) => true,
            Shape::Fresh(_) => false,
            Shape::Of(function, scalars) if function == AGREED => {
                let publics = [terms.power(scalars[0]), terms.power(scalars[1])];
                self.deduces(terms, scalars[0]) && self.deduces(terms, publics[1])
                    || self.deduces(terms, scalars[1]) && self.deduces(terms, publics[0])
            }
            Shape::Of(function, scalar) if function == POWER => self.deduces(terms, scalar[0]),
            Shape::Of(_, arguments) => arguments.iter().all(|argument| self.deduces(terms, *argument)),
        }
    }
}
