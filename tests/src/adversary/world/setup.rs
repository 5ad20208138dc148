//! Parties come into being, are pinned, restart, and lose their secrets.

use super::super::attacker::{public, secret};
use super::super::book::Book;
use super::super::events::fact;
use super::super::script::{Label, Prekey, Secret};
use super::super::term::Term;
use super::super::theory::Theory;
use super::{Known, Person, Step, World, credential_of};
use dke::{Crypto, RustCrypto};

impl World {
    /// A node or client comes into being, with a key of its own or that of another.
    pub(super) fn enrol(&mut self, label: Label, like: Option<Label>) {
        let like = like.and_then(|like| self.people.get(&like).cloned());
        let one = person(&mut self.book, &self.theory, label, like.as_ref());
        let key = self.book.terms.power(one.scalar);
        self.see(key);
        self.credentials.insert(one.hash, one.cred);
        if matches!(label.kind, 'c' | 'm') {
            self.known.insert(one.hash, Known { subject: one.subject, cred: one.cred, scalar: one.scalar });
        }
        match label.kind {
            'n' => self.happen(vec![fact("PinnedAuthority", &[one.subject, self.authority.subject])]),
            'c' => self.happen(vec![fact("HonestClient", &[one.subject, key])]),
            'e' => self.happen(vec![fact("RevealNode", &[one.subject])]),
            _ => self.happen(vec![fact("RevealClient", &[one.subject])]),
        }
        if matches!(label.kind, 'e' | 'm') && like.is_none() {
            self.see(one.scalar);
        }
        self.people.insert(label, one);
    }

    /// The owner of a node pins a client, unless the kid is taken.
    pub(super) fn pin(&mut self, node: Label, client: Label) -> String {
        let people = (self.people.get(&node).cloned(), self.people.get(&client).cloned());
        let (Some(Person { honest: Some(place), subject, .. }), Some(client)) = people else {
            self.depth.idle += 1;
            return "nothing to do".to_string();
        };
        if !self.pinned.insert((place, client.kid.clone())) {
            self.depth.idle += 1;
            return "the kid is pinned already".to_string();
        }
        self.side.pin(place, &client.credential);
        self.happen(vec![fact("PinnedClient", &[subject, client.cred])]);
        "pinned".to_string()
    }

    /// A party of the attacker's.
    pub(super) fn own(&mut self, label: Label, like: Option<Label>) -> String {
        let exists = like.is_none_or(|like| self.people.contains_key(&like));
        if self.people.contains_key(&label) || !exists || !matches!(label.kind, 'e' | 'm') {
            self.depth.idle += 1;
            return "nothing to do".to_string();
        }
        self.enrol(label, like);
        "registered".to_string()
    }

    /// Power is lost between two steps.
    pub(super) fn restart(&mut self, party: Label) -> String {
        match (party.kind, self.people.get(&party).and_then(|person| person.honest)) {
            ('n', Some(node)) => self.side.restart_node(node),
            ('c', Some(client)) => self.side.restart_client(client),
            _ => {
                self.depth.idle += 1;
                return "nothing to do".to_string();
            }
        }
        "restarted".to_string()
    }

    /// The attacker learns a secret.
    pub(super) fn reveal(&mut self, secret: Secret) -> Step {
        match secret {
            Secret::Prekey(prekey) => self.reveal_prekey(prekey),
            Secret::Of(label) => match self.secret_of(label) {
                Some((name, argument, scalar)) => Ok(self.revealed(name, argument, scalar)),
                None => self.idle(),
            },
        }
    }

    /// The fact, its argument and the scalar.
    fn secret_of(&mut self, label: Label) -> Option<(&'static str, Term, Term)> {
        match label.kind {
            'n' => self.people.get(&label).map(|node| ("RevealNode", node.subject, node.scalar)),
            'c' => self.people.get(&label).map(|client| ("RevealClient", client.subject, client.scalar)),
            'a' => Some(("RevealAuthority", self.authority.subject, self.authority.scalar)),
            'i' => {
                let honest = self.sent.get(&label).filter(|sent| sent.place.is_some())?;
                Some(("RevealClientEphemeral", honest.exchange.x, honest.scalar))
            }
            'k' => {
                let scalar = *self.ephemerals.get(&label)?;
                Some(("RevealNodeEphemeral", self.book.terms.power(scalar), scalar))
            }
            _ => None,
        }
    }

    /// A prekey is stolen from the node's store, if it is still there.
    fn reveal_prekey(&mut self, prekey: Prekey) -> Step {
        let Some((node, epoch)) = self.place_of(prekey) else { return self.idle() };
        let Some((scalar, _)) = self.prekeys.get(&(node, epoch, prekey.index.into())).copied() else {
            return self.idle();
        };
        let Some(stolen) = self.side.stolen(node, epoch, prekey.index) else {
            self.depth.idle += 1;
            return Ok("it has been erased".to_string());
        };
        let argument = self.book.terms.power(scalar);
        self.book.enter("a stolen prekey", &public(&stolen), argument)?;
        Ok(self.revealed("RevealPrekey", argument, scalar))
    }

    fn revealed(&mut self, name: &'static str, argument: Term, scalar: Term) -> String {
        self.happen(vec![fact(name, &[argument])]);
        self.see(scalar);
        "the attacker has it".to_string()
    }
}

/// Everything about one party.
pub(super) fn person(book: &mut Book, theory: &Theory, label: Label, like: Option<&Person>) -> Person {
    let name = label.to_string();
    let kid = like.map_or(name.clone(), |like| like.kid.clone());
    let key = like.map_or(secret(&format!("key of {name}")), |like| like.key);
    let scalar = like.map_or_else(|| book.terms.fresh(format!("key of {name}")), |like| like.scalar);
    let subject = book.terms.public(&name);
    let cred = if matches!(label.kind, 'c' | 'm') {
        let (kid, key) = (book.terms.public(&kid), book.terms.power(scalar));
        theory.call(&mut book.terms, "cred_c", &[subject, kid, key])
    } else {
        let key = book.terms.of("pk", &[scalar]);
        theory.call(&mut book.terms, "cred_n", &[subject, key])
    };
    let credential = credential_of(label.kind, label.number, like.map(|_| (kid.as_str(), &key)));
    let hash = RustCrypto::sha256(&credential);
    let honest = matches!(label.kind, 'n' | 'c').then_some(usize::from(label.number));
    Person { subject, kid, credential, hash, cred, key, scalar, honest, token: None }
}
