//! The facts of the models that a run emits, with what the models call their arguments.

use super::monitor::Fact;
use super::term::{Term, Terms};

/// Names and numbers of arguments of all facts; a lemma that speaks of another cannot be monitored. Published and Verified occur
/// twice: trees.spthy knows neither suite nor exchange.
pub const FACTS: [(&str, usize); 26] = [
    ("RevealNode", 1),
    ("RevealClient", 1),
    ("RevealAuthority", 1),
    ("RevealPrekey", 1),
    ("RevealClientEphemeral", 1),
    ("RevealNodeEphemeral", 1),
    ("HonestClient", 2),
    ("PinnedClient", 2),
    ("PinnedAuthority", 2),
    ("Issued", 3),
    ("Published", 5),
    ("Published", 4),
    ("Verified", 4),
    ("Initiated", 7),
    ("ClientKey", 5),
    ("Erased", 1),
    ("NodeKey", 5),
    ("KnownClient", 3),
    ("Accepted", 7),
    ("AcceptedCredential", 2),
    ("AcceptedInitiate", 1),
    ("Confirmed", 10),
    ("NodeSession", 6),
    ("Finished", 10),
    ("ClientSession", 6),
    ("K", 1),
];

/// What both ends of an exchange speak of; names as in the models.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names are those of the models")]
pub struct Exchange {
    pub client: Term,
    pub node: Term,
    pub x: Term,
    pub y: Term,
    pub suite: Term,
    pub epoch: Term,
    pub index: Term,
    pub flags: Term,
    pub early: Term,
    pub prk_2: Term,
    pub key: Term,
}

/// How an exchange ends; names as in the models.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names are those of the models")]
pub struct End {
    pub z: Term,
    pub mode: Term,
    pub key: Term,
    pub answer: Term,
}

impl Exchange {
    /// `<suite, epoch, index, flags>`
    pub fn offer(&self, terms: &mut Terms) -> Term {
        terms.tuple(&[self.suite, self.epoch, self.index, self.flags])
    }

    /// Rule C1_ss, and C1_path of trees.spthy.
    pub fn initiated(&self, terms: &mut Terms) -> Vec<Fact> {
        let Exchange { client, node, x, y, key, early, prk_2, .. } = *self;
        let offer = self.offer(terms);
        vec![
            fact("Initiated", &[client, node, x, y, key, offer, early]),
            fact("ClientKey", &[client, node, x, y, prk_2]),
            fact("Verified", &[node, self.epoch, self.index, y]),
        ]
    }

    /// Rule N2_ss, for a client with this credential and public key.
    pub fn accepted(&self, terms: &mut Terms, credential: Term, public: Term, ct_1: Term, ct_2: Term) -> Vec<Fact> {
        let Exchange { client, node, x, y, key, early, prk_2, .. } = *self;
        let offer = self.offer(terms);
        let initiate = terms.tuple(&[offer, x, ct_1, ct_2]);
        vec![
            fact("Erased", &[y]),
            fact("NodeKey", &[node, client, x, y, prk_2]),
            fact("KnownClient", &[node, client, public]),
            fact("Accepted", &[node, client, x, y, key, offer, early]),
            fact("AcceptedCredential", &[node, credential]),
            fact("AcceptedInitiate", &[initiate]),
        ]
    }

    /// Rules N3_basic and N3_refresh.
    pub fn confirmed(&self, terms: &mut Terms, end: &End) -> Vec<Fact> {
        let Exchange { client, node, x, y, prk_2, early, .. } = *self;
        let offer = self.offer(terms);
        vec![
            fact("Confirmed", &[node, client, x, y, end.z, end.mode, end.key, offer, early, end.answer]),
            fact("NodeSession", &[node, client, x, y, prk_2, end.key]),
        ]
    }

    /// Rules C2_basic and C2_refresh.
    pub fn finished(&self, terms: &mut Terms, end: &End) -> Vec<Fact> {
        let Exchange { client, node, x, y, prk_2, early, .. } = *self;
        let offer = self.offer(terms);
        vec![
            fact("Finished", &[client, node, x, y, end.z, end.mode, end.key, offer, early, end.answer]),
            fact("ClientSession", &[client, node, x, y, prk_2, end.key]),
        ]
    }
}

/// Rule N1_publish, here and in trees.spthy.
pub fn published(node: Term, y: Term, suite: Term, epoch: Term, index: Term) -> Vec<Fact> {
    vec![fact("Published", &[node, y, suite, epoch, index]), fact("Published", &[node, epoch, index, y])]
}

/// A fact of this name.
pub fn fact(name: &'static str, arguments: &[Term]) -> Fact {
    Fact { name, arguments: arguments.to_vec() }
}
