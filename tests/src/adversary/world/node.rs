//! The steps of the nodes, with what the models say of each.

use super::super::attacker::{plain, secret};
use super::super::book::Mismatch;
use super::super::events::{End, Exchange, published};
use super::super::script::{Action, Label, Prekey};
use super::super::side::{Accepted, AnswerLoss, Answered, Batch as Plan, Loss, Reply};
use super::super::symbolic;
use super::{Batch, Person, Step, World};
use dke_spec::bytes::bytes;
use dke_spec::message::{parse_confirm, parse_header, parse_initiate, parse_publication};

impl World {
    /// N1.
    pub(super) fn publish(&mut self, batch: Label, node: Label, suite: u64, depth: u64) -> Step {
        let person = self.people.get(&node).cloned();
        let Some(Person { honest: Some(place), subject, scalar, hash, .. }) = person else { return self.idle() };
        if self.batches.contains_key(&batch) || !matches!(suite, 2 | 3) || depth > 3 {
            return self.idle();
        }
        let names: Vec<String> = (0..1 << depth).map(|index| format!("y of {batch}.{index}")).collect();
        let token = secret(&format!("token of {batch}"))[..16].try_into().expect("16 of 32 bytes");
        let plan = Plan { suite, depth, token, ys: names.iter().map(|name| secret(name)).collect() };
        let message = self.side.publish(place, &plan);
        let unreadable = |_| Mismatch("N1: the Publication cannot be read".to_string());
        let publication = parse_publication(&bytes(&message)).map_err(unreadable)?;
        let header = parse_header(&publication.batch.payload, &bytes(&hash)).map_err(unreadable)?;
        let ys: Vec<_> = plain(&publication.ys).as_chunks::<32>().0.to_vec();

        let mut powers = Vec::new();
        for (index, (name, y)) in (0..).zip(names.iter().zip(&ys)) {
            let fresh = self.book.terms.fresh(name);
            powers.push(self.book.terms.power(fresh));
            self.book.enter("Y", y, powers[powers.len() - 1])?;
            self.fresh("Y", y, &plan.ys[powers.len() - 1])?;
            self.prekeys.insert((place, header.epoch, index), (fresh, batch));
        }
        let root = self.symbolic().root(&powers);
        self.book.enter("the root", &plain(&header.root), root)?;
        let (aad, bound) = (self.book.terms.public("DKE-v1 batch"), self.header_term(&header));
        let signed = self.book.terms.tuple(&[aad, bound]);
        let signature = self.book.terms.of("sign", &[signed, scalar]);
        self.book.enter("the signature", &plain(&publication.batch.signature), signature)?;
        self.see(signature);
        let (suite, epoch) = (self.book.terms.public(suite), self.book.terms.public(header.epoch));
        for (index, power) in powers.iter().enumerate() {
            self.see(*power);
            let index = self.book.terms.public(index);
            self.happen(published(subject, *power, suite, epoch, index));
        }
        let told = format!("epoch {}, prekeys: {}", header.epoch, ys.len());
        self.batches.insert(batch, Batch { node, header, signature: publication.batch.signature, ys });
        Ok(told)
    }

    /// N2 and N3.
    pub(super) fn deliver(&mut self, action: &Action) -> Step {
        let Action::Deliver { confirm, node, initiate, changes, loss } = action else { return self.idle() };
        let person = self.people.get(node).cloned();
        let Some(node @ Person { honest: Some(place), .. }) = person else { return self.idle() };
        if self.confirms.contains_key(confirm) || self.ephemerals.contains_key(confirm) {
            return self.idle();
        }
        let Some(message) = self.initiate_on_its_way(*initiate, changes) else { return self.idle() };
        let data = format!("answer of {confirm}").into_bytes();
        let reply = Reply { data, z: secret(&format!("z of {confirm}")), loss: *loss };
        match self.side.deliver(place, &message, &reply) {
            Ok(Answered::Repeated(stored)) => {
                self.confirms.insert(*confirm, stored);
                Ok("the Confirm of before".to_string())
            }
            Ok(Answered::Accepted(accepted)) => self.accepted(*confirm, &node, &message, &reply, accepted),
            Err(stop) => Ok(self.stopped(stop)),
        }
    }

    fn accepted(&mut self, confirm: Label, node: &Person, message: &[u8], reply: &Reply, accepted: Accepted) -> Step {
        let place = node.honest.unwrap_or_default();
        let wrong = |what: &str| Mismatch(format!("N2: {what}"));
        let parts = parse_initiate(&bytes(message)).map_err(|_| wrong("it accepts what cannot be read"))?;
        let prekey = self.prekeys.get(&(place, parts.epoch, parts.index)).copied();
        let (scalar, batch) = prekey.ok_or_else(|| wrong("it never made this prekey"))?;
        let known = *self.known.get(&accepted.client).ok_or_else(|| wrong("nobody knows this client"))?;
        let header = self.batches[&batch].header.clone();
        let header_term = self.header_term(&header);
        let (y, x) = (self.book.terms.power(scalar), self.book.term(&plain(&parts.x)));
        let es = self.book.terms.agree(x, scalar);
        let terms = &mut self.book.terms;
        let (suite, epoch) = (terms.public(header.suite), terms.public(parts.epoch));
        let (index, flags) = (terms.public(parts.index), terms.public(parts.flags));
        let start = symbolic::Start { suite, cred_n: node.cred, header: header_term, index, y, flags, x, es };
        let first = self.symbolic().first(&start);
        let (ct_1, ct_2) = (self.book.term(&plain(&parts.ct_1)), self.book.term(&plain(&parts.ct_2)));
        self.book.opened("N2: CT_1", ct_1, first.prk_1, "DKE-v1 id")?;
        let client_key = self.book.terms.power(known.scalar);
        let ss = self.book.terms.agree(client_key, scalar);
        let (prk_2, th_2) = self.symbolic().prk_2(&first, ct_1, known.cred, ss);
        let early = self.book.opened("N2: CT_2", ct_2, prk_2, "DKE-v1 early data")?;
        self.book.enter("N2: early data", &accepted.early, early)?;
        let second = self.symbolic().second(prk_2, th_2, ct_2);
        self.book.enter("N2: the early secret", &accepted.early_secret, second.key)?;
        let (client, subject, key) = (known.subject, node.subject, second.key);
        let exchange = Exchange { client, node: subject, x, y, suite, epoch, index, flags, early, prk_2, key };
        let facts = exchange.accepted(&mut self.book.terms, known.cred, client_key, ct_1, ct_2);
        self.happen(facts);
        self.watch(prk_2);
        self.watch(second.key);
        self.depth.accepted += 1;
        let who = self.book.terms.show(known.subject);
        let stored = match (&accepted.confirmed, reply.loss) {
            (Some((message, _)), _) => Some(message.clone()),
            (None, Some(AnswerLoss::Confirm(Loss::After))) => {
                let index = u8::try_from(parts.index).unwrap_or_default();
                self.side.node_memory(place).outbox.get(&(parts.epoch, index)).map(|(_, message)| message.clone())
            }
            (None, _) => None,
        };
        let Some(stored) = stored else { return Ok(format!("accepted as {who}'s, then power was lost")) };
        let secret = accepted.confirmed.map(|(_, secret)| secret);
        self.confirmed(confirm, &exchange, &second, &stored, secret.as_deref(), accepted.refresh, reply)?;
        if secret.is_none() {
            return Ok(format!("accepted as {who}'s; power was lost after Confirm was stored"));
        }
        let told = format!("accepted as {who}'s; Confirm of {} bytes", stored.len());
        self.confirms.insert(confirm, stored);
        Ok(told)
    }

    #[allow(clippy::too_many_arguments, reason = "what N3 takes and gives")]
    fn confirmed(
        &mut self,
        label: Label,
        exchange: &Exchange,
        second: &symbolic::Second,
        message: &[u8],
        secret: Option<&[u8]>,
        refresh: bool,
        reply: &Reply,
    ) -> Result<(), Mismatch> {
        let parts = parse_confirm(&bytes(message)).map_err(|_| Mismatch("N3: it cannot be read".to_string()))?;
        let mode = self.symbolic().mode(refresh);
        let fresh = self.book.terms.fresh(format!("z of {label}"));
        let (power, none) = (self.book.terms.power(fresh), self.book.terms.public("none"));
        let ee = self.book.terms.agree(exchange.x, fresh);
        if refresh {
            self.fresh("Z", &plain(&parts.z), &reply.z)?;
            self.book.enter("Z", &plain(&parts.z), power)?;
            self.ephemerals.insert(label, fresh);
            self.see(power);
        }
        let third = self.symbolic().third(second, refresh.then_some((power, ee)));
        let answer = self.book.terms.fresh(format!("answer of {label}"));
        self.book.enter("answer data", &reply.data, answer)?;
        let ct_3 = self.symbolic().seal(third.prk_3, "confirm", third.th_4, answer);
        self.book.enter("CT_3", &plain(&parts.ct_3), ct_3)?;
        let key = self.symbolic().session(&third, ct_3);
        if let Some(secret) = secret {
            self.book.enter("N3: the session secret", secret, key)?;
        }
        let end = End { z: if refresh { power } else { none }, mode, key, answer };
        let facts = exchange.confirmed(&mut self.book.terms, &end);
        self.happen(facts);
        self.see(ct_3);
        self.watch(key);
        self.depth.confirmed += 1;
        Ok(())
    }

    /// N4.
    pub(super) fn acknowledge(&mut self, node: Label, prekey: Prekey) -> String {
        let place = self.people.get(&node).and_then(|node| node.honest);
        let (Some(place), Some(batch)) = (place, self.batches.get(&prekey.batch)) else {
            self.depth.idle += 1;
            return "nothing to do".to_string();
        };
        self.side.acknowledged(place, batch.header.epoch, prekey.index);
        "forgotten".to_string()
    }
}
