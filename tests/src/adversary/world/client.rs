//! The steps of the clients, with what the models say of each.

use super::super::attacker::{Start, key, plain, public, secret};
use super::super::book::Mismatch;
use super::super::events::{End, Exchange};
use super::super::script::{Action, Label};
use super::super::side::{Stop, Wish};
use super::super::symbolic;
use super::super::term::{POWER, Shape, Term};
use super::gateway::Offered;
use super::{Person, Sent, Step, World};
use dke_spec::bytes::bytes;
use dke_spec::message::{bound_header, parse_confirm, parse_initiate};

impl World {
    /// C1.
    pub(super) fn initiate(&mut self, action: &Action) -> Step {
        let Action::Initiate { initiate, client, node, prekey, refresh, changes, loss } = action else {
            return self.idle();
        };
        let people = (self.people.get(client).cloned(), self.people.get(node).cloned());
        let (Some(caller @ Person { honest: Some(place), .. }), Some(called)) = people else { return self.idle() };
        if self.sent.contains_key(initiate) || caller.subject == called.subject || client.kind != 'c' {
            return self.idle();
        }
        let Some(offered) = self.offer(*initiate, &called, *prekey, changes) else { return self.idle() };
        let (x_name, early) = (format!("x of {initiate}"), format!("early of {initiate}").into_bytes());
        let wish = Wish {
            node: called.credential.clone(),
            offer: offered.message(),
            refresh: *refresh,
            early: early.clone(),
            x: secret(&x_name),
            loss: *loss,
        };
        let before = self.side.client_memory(place).pending;
        let begun = match self.side.initiate(place, &wish) {
            Ok(begun) => Some(begun),
            Err(Stop::PowerLost) => None,
            Err(stop) => return Ok(self.stopped(stop)),
        };
        let after = self.side.client_memory(place).pending;
        let Some((exchange, stored)) = after.into_iter().find(|(exchange, _)| !before.contains_key(exchange)) else {
            return match begun {
                Some(_) => Err(Mismatch("C1: the exchange is not stored".to_string())),
                None => Ok("power was lost".to_string()),
            };
        };
        let message = stored.initiate;
        if begun.as_ref().is_some_and(|begun| begun.initiate != message) {
            return Err(Mismatch("C1: another Initiate is sent than is stored".to_string()));
        }
        let mut sent = self.start(&called, &offered, u64::from(*refresh), &message, &x_name)?;
        (sent.client, sent.place) = (Some(*client), Some(exchange));
        sent.exchange.client = caller.subject;
        self.initiated(*initiate, &caller, sent, &early, begun.map(|begun| begun.early_secret))
    }

    /// Everything about an exchange up to X that client and gateway see alike.
    fn start(
        &mut self,
        called: &Person,
        offered: &Offered,
        flags: u64,
        message: &[u8],
        x_name: &str,
    ) -> Result<Sent, Mismatch> {
        let parts = parse_initiate(&bytes(message)).map_err(|_| Mismatch("C1: it cannot be read".to_string()))?;
        let wanted = (flags, offered.header.epoch, offered.index);
        if (parts.flags, parts.epoch, parts.index) != wanted {
            return Err(Mismatch("C1: flags, epoch and index are not those of the offer".to_string()));
        }
        let x = key(&parts.x);
        self.fresh("X", &x, &secret(x_name))?;
        let fresh = self.book.terms.fresh(x_name);
        let power = self.book.terms.power(fresh);
        self.book.enter("X", &x, power)?;
        Ok(self.sent(called, offered, flags, message, (fresh, power, x)))
    }

    /// An Initiate, before it is known who sent it and what its ciphertexts stand for.
    pub(super) fn sent(
        &mut self,
        called: &Person,
        offered: &Offered,
        flags: u64,
        message: &[u8],
        (scalar, power, x): (Term, Term, [u8; 32]),
    ) -> Sent {
        let header = self.header_term(&offered.header);
        let y = self.book.term(&offered.y);
        let es = self.book.terms.agree(y, scalar);
        let terms = &mut self.book.terms;
        let symbolic = symbolic::Start {
            suite: terms.public(offered.header.suite),
            cred_n: called.cred,
            header,
            index: terms.public(offered.index),
            y,
            flags: terms.public(flags),
            x: power,
            es,
        };
        let (epoch, none) = (terms.public(offered.header.epoch), terms.public("none"));
        let first = self.symbolic().first(&symbolic);
        Sent {
            message: message.to_vec(),
            client: None,
            place: None,
            scalar,
            x,
            start: Start {
                suite: offered.header.suite,
                node: bytes(&called.hash),
                header: bound_header(&self.weakening, &offered.header),
                index: offered.index,
                y: offered.y,
                flags,
                x,
            },
            first,
            second: symbolic::Second { prk_2: none, th_3: none, key: none },
            exchange: Exchange {
                client: none,
                node: called.subject,
                x: power,
                y,
                suite: symbolic.suite,
                epoch,
                index: symbolic.index,
                flags: symbolic.flags,
                early: none,
                prk_2: none,
                key: none,
            },
            symbolic,
            y_scalar: self.scalar_of(y),
        }
    }

    /// The scalar of an honest or own public key.
    fn scalar_of(&self, public: Term) -> Option<Term> {
        match self.book.terms.shape(public) {
            Shape::Of(function, arguments) if function == POWER => Some(arguments[0]),
            _ => None,
        }
    }

    /// ID_CRED and CRED of a client, in terms.
    pub(super) fn identity(&mut self, client: &Person) -> (Term, Term) {
        match client.token.and_then(|token| self.tokens.get(&token)) {
            Some(token) => {
                let (cred, signature) = (token.cred, token.signature);
                let kcwt = self.book.terms.public("kcwt");
                (self.book.terms.tuple(&[kcwt, cred, signature]), cred)
            }
            None => {
                let (kind, kid) = (self.book.terms.public("kid"), self.book.terms.public(&client.kid));
                (self.book.terms.tuple(&[kind, kid]), client.cred)
            }
        }
    }

    fn initiated(
        &mut self,
        label: Label,
        caller: &Person,
        mut sent: Sent,
        early: &[u8],
        early_secret: Option<Vec<u8>>,
    ) -> Step {
        let parts = parse_initiate(&bytes(&sent.message)).map_err(|_| Mismatch("C1: it cannot be read".to_string()))?;
        let (id_cred, cred_c) = self.identity(caller);
        let first = sent.first;
        let ct_1 = self.symbolic().seal(first.prk_1, "id", first.th_1, id_cred);
        self.book.enter("CT_1", &plain(&parts.ct_1), ct_1)?;
        let ss = self.book.terms.agree(sent.symbolic.y, caller.scalar);
        let (prk_2, th_2) = self.symbolic().prk_2(&first, ct_1, cred_c, ss);
        let data = self.book.terms.fresh(format!("early of {label}"));
        self.book.enter("early data", early, data)?;
        let ct_2 = self.symbolic().seal(prk_2, "early data", th_2, data);
        self.book.enter("CT_2", &plain(&parts.ct_2), ct_2)?;
        sent.second = self.symbolic().second(prk_2, th_2, ct_2);
        if let Some(secret) = early_secret {
            self.book.enter("C1: the early secret", &secret, sent.second.key)?;
        }
        sent.exchange = Exchange { early: data, prk_2, key: sent.second.key, ..sent.exchange };
        let facts = sent.exchange.initiated(&mut self.book.terms);
        self.happen(facts);
        for term in [sent.exchange.x, ct_1, ct_2] {
            self.see(term);
        }
        self.watch(prk_2);
        self.watch(sent.second.key);
        self.depth.initiated += 1;
        let told = format!("Initiate of {} bytes", sent.message.len());
        self.sent.insert(label, sent);
        Ok(told)
    }

    /// C2.
    pub(super) fn finish(&mut self, action: &Action) -> Step {
        let Action::Finish { initiate, confirm, changes, loss } = action else { return self.idle() };
        let Some(message) = self.confirm_on_its_way(*confirm, changes) else { return self.idle() };
        let Some(sent) = self.sent.get(initiate) else { return self.idle() };
        let client = sent.client.and_then(|client| self.people.get(&client)?.honest);
        let (Some(client), Some(place)) = (client, sent.place) else { return self.idle() };
        let pending = self.side.client_memory(client).pending.get(&place).cloned();
        if pending.is_none_or(|pending| pending.initiate != sent.message) {
            return self.idle();
        }
        let (second, exchange, scalar) = (sent.second, sent.exchange, sent.scalar);
        let done = match self.side.finish(client, place, &message, *loss) {
            Ok(done) => done,
            Err(stop) => return Ok(self.stopped(stop)),
        };
        let parts = parse_confirm(&bytes(&message)).map_err(|_| Mismatch("C2: it cannot be read".to_string()))?;
        let (z, none) = (self.book.term(&plain(&parts.z)), self.book.terms.public("none"));
        let ee = self.book.terms.agree(z, scalar);
        let mode = self.symbolic().mode(done.refresh);
        let third = self.symbolic().third(&second, done.refresh.then_some((z, ee)));
        let ct_3 = self.book.term(&plain(&parts.ct_3));
        let answer = self.book.opened("C2: CT_3", ct_3, third.prk_3, "DKE-v1 confirm")?;
        self.book.enter("C2: answer data", &done.answer, answer)?;
        let key = self.symbolic().session(&third, ct_3);
        self.book.enter("C2: the session secret", &done.session_secret, key)?;
        let end = End { z: if done.refresh { z } else { none }, mode, key, answer };
        let facts = exchange.finished(&mut self.book.terms, &end);
        self.happen(facts);
        self.watch(key);
        self.depth.finished += 1;
        Ok(format!("finished in {} mode", if done.refresh { "refresh" } else { "basic" }))
    }

    /// A client takes a CWT for its own key into use.
    pub(super) fn take(&mut self, client: Label, token: Label) -> String {
        let holder = self.tokens.get(&token).map(|token| (token.holder, token.bytes.clone()));
        let person = self.people.get(&client).cloned();
        let (Some((holder, bytes)), Some(Person { honest: Some(place), scalar, .. })) = (holder, person) else {
            self.depth.idle += 1;
            return "nothing to do".to_string();
        };
        if client.kind != 'c' || self.people.get(&holder).is_none_or(|holder| holder.scalar != scalar) {
            self.depth.idle += 1;
            return "the CWT is for another key".to_string();
        }
        match self.side.take(place, &bytes) {
            Ok(()) => {
                if let Some(person) = self.people.get_mut(&client) {
                    person.token = Some(token);
                }
                "taken".to_string()
            }
            Err(stop) => self.stopped(stop),
        }
    }

    pub(super) fn stopped(&mut self, stop: Stop) -> String {
        match stop {
            Stop::Rejected(name) => {
                self.depth.rejected += 1;
                format!("rejected: {name}")
            }
            Stop::PowerLost => "power was lost".to_string(),
        }
    }

    /// What a party makes at random is what its randomness gives.
    pub(super) fn fresh(&self, what: &str, key: &[u8], scalar: &[u8; 32]) -> Result<(), Mismatch> {
        if key == public(scalar) {
            Ok(())
        } else {
            Err(Mismatch(format!("{what} is not what the randomness of this step gives")))
        }
    }
}
