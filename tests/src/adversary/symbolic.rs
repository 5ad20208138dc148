//! The exchange in terms: the rules of the models between receiving and sending a message, made of the models' own macros.

use super::book::Book;
use super::term::Term;
use super::theory::Theory;

/// What PRK_1 to the early secret depend on; names as in the models.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names are those of the models")]
pub struct Start {
    pub suite: Term,
    pub cred_n: Term,
    pub header: Term,
    pub index: Term,
    pub y: Term,
    pub flags: Term,
    pub x: Term,
    pub es: Term,
}

/// An exchange up to PRK_1.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names are those of the models")]
pub struct First {
    pub th_1: Term,
    pub prk_1: Term,
}

/// An exchange up to TH_3.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names are those of the models")]
pub struct Second {
    pub prk_2: Term,
    pub th_3: Term,
    pub key: Term,
}

/// The end of an exchange.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names are those of the models")]
pub struct Third {
    pub prk_3: Term,
    pub th_4: Term,
}

/// Makes terms in a book by the models' macros.
pub struct Symbolic<'a> {
    /// Where the terms are.
    pub book: &'a mut Book,
    /// Where the macros are.
    pub theory: &'a Theory,
}

impl Symbolic<'_> {
    /// A macro of the models.
    pub fn call(&mut self, name: &str, arguments: &[Term]) -> Term {
        self.theory.call(&mut self.book.terms, name, arguments)
    }

    fn expand(&mut self, prk: Term, label: &str, context: Term) -> Term {
        let label = self.book.terms.public(format!("DKE-v1 {label}"));
        self.book.terms.of("expand", &[prk, label, context])
    }

    /// AEAD(prk, label, th, message)
    pub fn seal(&mut self, prk: Term, label: &str, th: Term, message: Term) -> Term {
        let label = self.book.terms.public(format!("DKE-v1 {label}"));
        self.call("seal", &[prk, label, th, message])
    }

    /// Up to PRK_1.
    pub fn first(&mut self, start: &Start) -> First {
        let th_0 = self.call("th_0", &[start.suite, start.cred_n, start.header, start.index, start.y]);
        let th_1 = self.call("th_1", &[th_0, start.flags, start.x]);
        First { th_1, prk_1: self.call("prk_1", &[th_1, start.es]) }
    }

    /// PRK_2 and TH_2.
    pub fn prk_2(&mut self, first: &First, ct_1: Term, cred_c: Term, ss: Term) -> (Term, Term) {
        let th_2 = self.call("th_2", &[first.th_1, ct_1, cred_c]);
        (self.call("prk_2", &[first.prk_1, th_2, ss]), th_2)
    }

    /// From CT_2 on.
    pub fn second(&mut self, prk_2: Term, th_2: Term, ct_2: Term) -> Second {
        let th_3 = self.call("th_3", &[th_2, ct_2]);
        Second { prk_2, th_3, key: self.expand(prk_2, "early", th_3) }
    }

    /// PRK_3: refresh with Z and ee, or basic.
    pub fn third(&mut self, second: &Second, refresh: Option<(Term, Term)>) -> Third {
        let (mode, none) = (self.mode(refresh.is_some()), self.book.terms.public("none"));
        let z = refresh.map_or(none, |(z, _)| z);
        let th_4 = self.call("th_4", &[second.th_3, mode, z]);
        let prk_3 = match refresh {
            Some((_, ee)) => self.call("prk_3", &[second.prk_2, th_4, ee]),
            None => self.expand(second.prk_2, "basic", th_4),
        };
        Third { prk_3, th_4 }
    }

    /// The session secret.
    pub fn session(&mut self, third: &Third, ct_3: Term) -> Term {
        let th_5 = self.call("th_5", &[third.th_4, ct_3]);
        self.expand(third.prk_3, "session", th_5)
    }

    /// The constant of a mode.
    pub fn mode(&mut self, refresh: bool) -> Term {
        self.book.terms.public(if refresh { "refresh" } else { "basic" })
    }

    /// The root over these leaves, by trees.spthy.
    pub fn root(&mut self, ys: &[Term]) -> Term {
        let mut level: Vec<Term> = Vec::new();
        for (index, y) in ys.iter().enumerate() {
            let index = self.book.terms.public(index);
            level.push(self.call("leaf", &[index, *y]));
        }
        while level.len() > 1 {
            level = level.chunks(2).map(|pair| self.call("node", pair)).collect();
        }
        level[0]
    }
}
