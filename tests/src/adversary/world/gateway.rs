//! What the gateway makes of the messages that it carries.

use super::super::attacker::{key, plain, public, secret};
use super::super::script::{Change, Label, Prekey};
use super::super::side::Key;
use super::super::term::Term;
use super::{Person, World};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::cose::{self, Sign1};
use dke_spec::gateway::batch_protected;
use dke_spec::merkle;
use dke_spec::message::{
    Confirm, Header, Initiate, Offer, bound_header, encode_confirm, encode_initiate, encode_offer, parse_confirm,
    parse_initiate,
};
use dke_spec::p256;
use dke_spec::params::BATCH_AAD;

/// An offer in parts.
pub(super) struct Offered {
    pub(super) header: Header,
    signature: Bytes,
    pub(super) index: u64,
    pub(super) y: Key,
    path: Bytes,
}

impl Offered {
    pub(super) fn message(&self) -> Vec<u8> {
        let payload = dke_spec::message::encode_header(&self.header);
        let batch = Sign1 { protected: batch_protected(), payload, signature: self.signature.clone() };
        plain(&encode_offer(&Offer { batch, index: self.index, y: bytes(&self.y), path: self.path.clone() }))
    }
}

/// Flips a bit of the last byte.
fn garbled(value: &Bytes) -> Bytes {
    let mut value = plain(value);
    if let Some(last) = value.last_mut() {
        *last ^= 1;
    }
    bytes(&value)
}

impl World {
    fn path(&self, prekey: Prekey) -> Option<Bytes> {
        let batch = self.batches.get(&prekey.batch)?;
        let ys: Vec<Bytes> = batch.ys.iter().map(|y| bytes(y)).collect();
        let index = usize::from(prekey.index);
        (index < ys.len()).then(|| merkle::path(&self.weakening, &ys, batch.header.depth as usize, index))
    }

    /// The offer of a prekey to a client that calls `node`, changed.
    pub(super) fn offer(
        &mut self,
        initiate: Label,
        node: &Person,
        prekey: Prekey,
        changes: &[Change],
    ) -> Option<Offered> {
        let batch = self.batches.get(&prekey.batch)?;
        let mut offered = Offered {
            header: batch.header.clone(),
            signature: batch.signature.clone(),
            index: prekey.index.into(),
            y: *batch.ys.get(usize::from(prekey.index))?,
            path: self.path(prekey)?,
        };
        for change in changes {
            self.change_offer(initiate, node, &mut offered, *change)?;
        }
        Some(offered)
    }

    fn change_offer(&mut self, initiate: Label, node: &Person, offered: &mut Offered, change: Change) -> Option<()> {
        match change {
            Change::Epoch(epoch) => offered.header.epoch = epoch,
            Change::Suite(suite) => offered.header.suite = suite,
            Change::ToNode => offered.header.node = bytes(&node.hash),
            Change::Index(index) => offered.index = index,
            Change::YOwn => offered.y = self.own_key(&format!("own y for {initiate}")),
            Change::Y(from) => offered.y = *self.batches.get(&from.batch)?.ys.get(usize::from(from.index))?,
            Change::Path(from) => offered.path = self.path(from)?,
            Change::OwnTree => {
                let root = merkle::leaf(&self.weakening, 0, &bytes(&offered.y));
                let y = self.book.term(&offered.y);
                let term = self.symbolic().root(&[y]);
                self.book.enter("a root of the attacker's", &plain(&root), term).ok()?;
                offered.header.depth = 0;
                offered.header.root = root;
                offered.index = 0;
                offered.path = Bytes::new(0);
            }
            Change::Sign if self.deduces(node.scalar) => {
                let key = p256::scalar(&bytes(&node.key)).ok()?;
                let header = bound_header(&self.weakening, &offered.header);
                offered.signature = cose::sign(key, &batch_protected(), BATCH_AAD, &header)?.signature;
            }
            Change::Garble => offered.signature = garbled(&offered.signature),
            _ => {}
        }
        Some(())
    }

    /// A public key of the attacker's.
    pub(super) fn own_key(&mut self, name: &str) -> Key {
        let scalar = self.book.terms.fresh(name);
        self.see(scalar);
        let (key, power) = (public(&secret(name)), self.book.terms.power(scalar));
        self.book.enter("a key of the attacker's", &key, power).expect("each name has another key");
        key
    }

    /// A header in terms: the models' header, and what they leave out because it is public.
    pub(super) fn header_term(&mut self, header: &Header) -> Term {
        let cred = match self.credentials.get(&key(&header.node)) {
            Some(cred) => *cred,
            None => self.book.term(&plain(&header.node)),
        };
        let root = self.book.term(&plain(&header.root));
        let terms = &mut self.book.terms;
        let (suite, epoch) = (terms.public(header.suite), terms.public(header.epoch));
        let (depth, mailbox) = (terms.public(header.depth), terms.public(hex::encode(plain(&header.mailbox))));
        let batch = self.symbolic().call("batch", &[suite, cred, epoch, root]);
        self.book.terms.tuple(&[batch, depth, mailbox])
    }

    /// An Initiate of the gateway's, changed. `None` if there is none.
    pub(super) fn initiate_on_its_way(&mut self, initiate: Label, changes: &[Change]) -> Option<Vec<u8>> {
        let message = self.sent.get(&initiate)?.message.clone();
        let mut parts = parse_initiate(&bytes(&message)).ok()?;
        for change in changes {
            let from = |label: &Label| parse_initiate(&bytes(&self.sent.get(label)?.message)).ok();
            match change {
                Change::Flags(flags) => parts.flags = *flags,
                Change::Epoch(epoch) => parts.epoch = *epoch,
                Change::Index(index) => parts.index = *index,
                Change::XOwn => parts.x = bytes(&self.own_key(&format!("own x for {initiate}"))),
                Change::X(other) => parts.x = from(other)?.x,
                Change::Ct1(other) => parts.ct_1 = from(other)?.ct_1,
                Change::Ct2(other) => parts.ct_2 = from(other)?.ct_2,
                Change::Garble => parts.ct_2 = garbled(&parts.ct_2),
                _ => {}
            }
        }
        Some(plain(&encode_initiate(&Initiate { ..parts })))
    }

    /// A Confirm of the gateway's, changed. `None` if there is none.
    pub(super) fn confirm_on_its_way(&mut self, confirm: Label, changes: &[Change]) -> Option<Vec<u8>> {
        let mut parts = parse_confirm(&bytes(self.confirms.get(&confirm)?)).ok()?;
        for change in changes {
            let from = |label: &Label| parse_confirm(&bytes(self.confirms.get(label)?)).ok();
            match change {
                Change::Epoch(epoch) => parts.epoch = *epoch,
                Change::Index(index) => parts.index = *index,
                Change::ZNone => parts.z = Bytes::new(0),
                Change::ZOwn => parts.z = bytes(&self.own_key(&format!("own z for {confirm}"))),
                Change::Z(other) => parts.z = from(other)?.z,
                Change::Ct3(other) => parts.ct_3 = from(other)?.ct_3,
                Change::Garble => parts.ct_3 = garbled(&parts.ct_3),
                _ => {}
            }
        }
        Some(plain(&encode_confirm(&Confirm { ..parts })))
    }
}
