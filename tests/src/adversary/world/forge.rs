//! What the attacker forges, with the secrets that it can deduce at that moment.

use super::super::attacker::{self, agree, plain, public, secret};
use super::super::events::fact;
use super::super::script::{Label, Prekey};
use super::super::side::Key;
use super::super::symbolic;
use super::super::term::{Shape, Term};
use super::{Known, Person, Step, Token, World};
use dke::params::HASH;
use dke::{Crypto, RustCrypto};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::credential::parse;
use dke_spec::cwt::{self, Claims};
use dke_spec::message::{Confirm, Initiate, parse_initiate};
use dke_spec::p256;

/// Up to which epoch CWTs are valid.
const EPOCH_MAX: u64 = 9;

/// A CWT that is being made.
struct Draft {
    holder: Label,
    subject: String,
    credential: Vec<u8>,
    scalar: Term,
    node: Label,
}

impl World {
    /// The bytes of a secret, if the attacker can deduce it.
    fn deduced(&mut self, scalar: Term) -> Option<Key> {
        match self.book.terms.shape(scalar).clone() {
            Shape::Fresh(name) if self.deduces(scalar) => Some(secret(&name)),
            _ => None,
        }
    }

    /// What two scalars agree on, by the one or the other; made up if the attacker has neither.
    fn agreed(&mut self, one: Term, other: Term, made_up: &str) -> (Key, Term) {
        let term = self.book.terms.power(other);
        let term = self.book.terms.agree(term, one);
        for (mine, theirs) in [(one, other), (other, one)] {
            let theirs = match self.book.terms.shape(theirs) {
                Shape::Fresh(name) => public(&secret(name)),
                _ => continue,
            };
            if let Some(agreed) = self.deduced(mine).and_then(|mine| agree(&mine, &theirs)) {
                return (agreed, term);
            }
        }
        let made_up = secret(&format!("made up for {made_up}"));
        (made_up, self.book.term(&made_up))
    }

    fn draft(&self, holder: Label, node: Label) -> Option<Draft> {
        let (person, _) = (self.people.get(&holder)?, self.people.get(&node)?);
        matches!(holder.kind, 'c' | 'm').then(|| Draft {
            holder,
            subject: holder.to_string(),
            credential: person.credential.clone(),
            scalar: person.scalar,
            node,
        })
    }

    fn claims(draft: &Draft) -> Claims {
        Claims {
            subject: bytes(draft.subject.as_bytes()),
            audience: bytes(draft.node.to_string().as_bytes()),
            key: parse(&bytes(&draft.credential)).expect("a credential").key,
            epoch_max: EPOCH_MAX,
        }
    }

    /// A CWT with the signature of the authority.
    fn signed(&mut self, draft: &Draft) -> (Vec<u8>, Term) {
        let authority = p256::scalar(&bytes(&self.authority.key)).expect("a scalar");
        let kid = bytes(self.authority.kid.as_bytes());
        let token = cwt::issue(&self.weakening, authority, &kid, &World::claims(draft)).expect("a signature");
        let arguments = self.claim_terms(draft);
        let signed = self.symbolic().call("cwt_tbs", &arguments);
        let key = self.authority.scalar;
        (plain(&token), self.book.terms.of("sign", &[signed, key]))
    }

    fn claim_terms(&mut self, draft: &Draft) -> [Term; 4] {
        let terms = &mut self.book.terms;
        [terms.public(&draft.subject), terms.public(draft.node), terms.power(draft.scalar), terms.public(EPOCH_MAX)]
    }

    /// Keeps a CWT; gives the term of its claims.
    fn keep(&mut self, label: Label, draft: &Draft, token: Vec<u8>, signature: Term) -> Term {
        let arguments = self.claim_terms(draft);
        let cred = self.symbolic().call("cwt", &arguments);
        let hash: [u8; HASH] = RustCrypto::sha256(&plain(&cwt::encode_claims(&World::claims(draft))));
        let subject = arguments[0];
        self.known.insert(hash, Known { subject, cred, scalar: draft.scalar });
        self.see(signature);
        self.tokens.insert(label, Token { bytes: token, holder: draft.holder, subject, hash, cred, signature });
        cred
    }

    /// A1.
    pub(super) fn issue(&mut self, token: Label, client: Label, node: Label) -> Step {
        let Some(draft) = self.draft(client, node).filter(|_| !self.tokens.contains_key(&token)) else {
            return self.idle();
        };
        let (bytes, signature) = self.signed(&draft);
        let cred = self.keep(token, &draft, bytes, signature);
        let (authority, node) = (self.authority.subject, self.book.terms.public(node));
        self.happen(vec![fact("Issued", &[authority, node, cred])]);
        Ok("issued".to_string())
    }

    /// A CWT of the attacker's.
    pub(super) fn forge_token(&mut self, token: Label, client: Label, node: Label, from: Option<Label>) -> Step {
        let other =
            from.map(|from| self.tokens.get(&from).map(|other| (other.holder, other.bytes.clone(), other.signature)));
        let (holder, signature) = match other {
            Some(None) => return self.idle(),
            Some(Some((holder, bytes, signature))) => (holder, Some((bytes, signature))),
            None => (client, None),
        };
        let Some(draft) = self.draft(holder, node).filter(|_| !self.tokens.contains_key(&token)) else {
            return self.idle();
        };
        let (bytes, signature) = match signature {
            Some((other, signature)) => {
                let other = cwt::parse(&bytes(&other)).expect("it was made by cwt::issue");
                (forged(&self.authority, &draft, other.signature), signature)
            }
            None if self.deduces(self.authority.scalar) => self.signed(&draft),
            None => {
                let zeros = Bytes::new(64);
                (forged(&self.authority, &draft, zeros.clone()), self.book.term(&plain(&zeros)))
            }
        };
        self.keep(token, &draft, bytes, signature);
        Ok("forged".to_string())
    }

    /// An Initiate of the attacker's.
    pub(super) fn forge_initiate(&mut self, label: Label, identity: Label, prekey: Prekey, refresh: bool) -> Step {
        let Some((id_cred, id_term, hash, known)) = self.identity_of(identity) else { return self.idle() };
        let Some(node) = self.batches.get(&prekey.batch).map(|batch| batch.node) else { return self.idle() };
        let called = self.people.get(&node).cloned();
        let offered = called.as_ref().and_then(|called| self.offer(label, called, prekey, &[]));
        let (Some(called), Some(offered)) = (called, offered) else { return self.idle() };
        if self.sent.contains_key(&label) {
            return self.idle();
        }
        let name = format!("x of {label}");
        let x = self.own_key(&name);
        let (scalar, power) = (self.book.terms.fresh(&name), self.book.term(&x));
        let flags = u64::from(refresh);
        let mut sent = self.sent(&called, &offered, flags, &[], (scalar, power, x));
        let Some(y) = sent.y_scalar else { return self.idle() };

        let (es, es_term) = self.agreed(scalar, y, &format!("es of {label}"));
        sent.symbolic = symbolic::Start { es: es_term, ..sent.symbolic };
        sent.first = self.symbolic().first(&sent.symbolic);
        let (first, suite) = (sent.start.first(&self.weakening, &es), sent.start.suite);
        let ct_1 = first.ct_1(suite, &id_cred);
        let ct_1_term = self.symbolic().seal(sent.first.prk_1, "id", sent.first.th_1, id_term);
        self.book.enter("a forged CT_1", &ct_1, ct_1_term)?;

        let (ss, ss_term) = self.agreed(known.scalar, y, &format!("ss of {label}"));
        let second = first.second(&self.weakening, suite, &ct_1, &hash, &ss);
        let (prk_2, th_2) = self.symbolic().prk_2(&sent.first, ct_1_term, known.cred, ss_term);
        let data = format!("early of {label}");
        let early = self.book.terms.fresh(&data);
        self.see(early);
        self.book.enter("early data of the attacker's", data.as_bytes(), early)?;
        let ct_2 = second.ct_2(data.as_bytes());
        let ct_2_term = self.symbolic().seal(prk_2, "early data", th_2, early);
        self.book.enter("a forged CT_2", &ct_2, ct_2_term)?;
        sent.message = attacker::initiate(&Initiate {
            flags,
            epoch: offered.header.epoch,
            index: offered.index,
            x: bytes(&x),
            ct_1: bytes(&ct_1),
            ct_2: bytes(&ct_2),
        });
        let told =
            format!("Initiate of {} bytes in the name of {}", sent.message.len(), self.book.terms.show(known.subject));
        self.sent.insert(label, sent);
        Ok(told)
    }

    /// ID_CRED in bytes and as a term, H(CRED_C), and who that is.
    fn identity_of(&mut self, identity: Label) -> Option<(Vec<u8>, Term, Key, Known)> {
        if let Some(token) = self.tokens.get(&identity) {
            let (id_cred, cred, signature, hash) =
                (plain(&cwt::id_cred(&bytes(&token.bytes))), token.cred, token.signature, token.hash);
            let scalar = self.people.get(&token.holder)?.scalar;
            let known = Known { subject: token.subject, cred, scalar };
            let kcwt = self.book.terms.public("kcwt");
            return Some((id_cred, self.book.terms.tuple(&[kcwt, cred, signature]), hash, known));
        }
        let person = self.people.get(&identity).filter(|_| matches!(identity.kind, 'c' | 'm'))?;
        let known = Known { subject: person.subject, cred: person.cred, scalar: person.scalar };
        let (id_cred, hash) = (plain(&dke_spec::cbor::encode_bstr(&bytes(person.kid.as_bytes()))), person.hash);
        let (kind, kid) = (self.book.terms.public("kid"), self.book.terms.public(&person.kid));
        Some((id_cred, self.book.terms.tuple(&[kind, kid]), hash, known))
    }

    /// A Confirm of the attacker's.
    pub(super) fn forge_confirm(&mut self, label: Label, initiate: Label, refresh: bool) -> Step {
        let found = self.sent.get(&initiate).filter(|_| !self.confirms.contains_key(&label));
        let Some((client, sent)) = found.and_then(|sent| Some((sent.client?, sent))) else { return self.idle() };
        let (scalar, x, x_term, suite) = (sent.scalar, sent.x, sent.exchange.x, sent.start.suite);
        let (symbolic, message, y) = (sent.symbolic, sent.message.clone(), sent.y_scalar);
        let (Some(client), Some(y)) = (self.people.get(&client).cloned(), y) else { return self.idle() };
        let Ok(parts) = parse_initiate(&bytes(&message)) else { return self.idle() };
        let (ct_1, ct_2) = (self.book.term(&plain(&parts.ct_1)), self.book.term(&plain(&parts.ct_2)));
        let hash = client.token.and_then(|token| self.tokens.get(&token)).map_or(client.hash, |token| token.hash);
        let (_, cred) = self.identity(&client);

        let (es, es_term) = self.agreed(scalar, y, &format!("es of {label}"));
        let (ss, ss_term) = self.agreed(client.scalar, y, &format!("ss of {label}"));
        let first_term = self.symbolic().first(&symbolic::Start { es: es_term, ..symbolic });
        let (prk_2, th_2) = self.symbolic().prk_2(&first_term, ct_1, cred, ss_term);
        let second_term = self.symbolic().second(prk_2, th_2, ct_2);
        let name = format!("z of {label}");
        let z = self.own_key(&name);
        let (z_scalar, z_term) = (self.book.terms.fresh(&name), self.book.term(&z));
        let ee = agree(&secret(&name), &x).expect("X is a key that somebody made");
        let ee_term = self.book.terms.agree(x_term, z_scalar);
        let third = self.symbolic().third(&second_term, refresh.then_some((z_term, ee_term)));
        let data = format!("answer of {label}");
        let answer = self.book.terms.fresh(&data);
        self.see(answer);
        self.book.enter("answer data of the attacker's", data.as_bytes(), answer)?;

        let Some(sent) = self.sent.get(&initiate) else { return self.idle() };
        let second =
            sent.start.first(&self.weakening, &es).second(&self.weakening, suite, &plain(&parts.ct_1), &hash, &ss);
        let ct_3 = second.ct_3(&self.weakening, &plain(&parts.ct_2), refresh.then_some((&z, &ee)), data.as_bytes());
        let ct_3_term = self.symbolic().seal(third.prk_3, "confirm", third.th_4, answer);
        self.book.enter("a forged CT_3", &ct_3, ct_3_term)?;
        let z = if refresh { bytes(&z) } else { Bytes::new(0) };
        let message = Confirm { epoch: parts.epoch, index: parts.index, z, ct_3: bytes(&ct_3) };
        let message = attacker::confirm(&message);
        let told = format!("Confirm of {} bytes", message.len());
        self.confirms.insert(label, message);
        Ok(told)
    }
}

/// A CWT with a signature that was made for something else.
fn forged(authority: &Person, draft: &Draft, signature: Bytes) -> Vec<u8> {
    let kid = bytes(authority.kid.as_bytes());
    let payload = cwt::encode_claims(&World::claims(draft));
    let token = dke_spec::cose::Sign1 { protected: cwt::protected(&kid), payload, signature };
    plain(&dke_spec::cose::encode(&token))
}
