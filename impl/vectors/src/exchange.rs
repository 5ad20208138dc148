//! A complete exchange: first every value by itself through the public transcript and key schedule, then the steps of the parties.

use crate::Mismatch;
use crate::form::{EXPORT, Exchange};
use crate::parties::Parties;
use dke::crypto::{AeadKeys, Hash, PublicKey, SharedSecret};
use dke::key_schedule::{EarlySecret, Prk2, SessionSecret, prk_1};
use dke::message::Offer;
use dke::params::TAG_MAX;
use dke::ram::Full;
use dke::transcript::{Th3, th_0, th_1, th_2, th_3, th_4, th_5};
use dke::{Crypto, Error, Mode, Scalar};
use std::collections::BTreeSet;

/// Checks a complete exchange on the backend `C`. Gives the members that were compared, such as `values.th_0`.
pub fn check_exchange<C: Crypto>(vector: &Exchange) -> Result<BTreeSet<&'static str>, Mismatch> {
    let parties = Parties::new(vector)?;
    let mut comparison = Comparison { vector, compared: BTreeSet::new() };
    values::<C>(&mut comparison, &parties)?;
    steps::<C>(&mut comparison, &parties)?;
    Ok(comparison.compared)
}

/// What is computed here beside the members of one vector.
struct Comparison<'a> {
    vector: &'a Exchange,
    compared: BTreeSet<&'static str>,
}

/// `equal!(on, values.th_0, computed)` compares that member.
macro_rules! equal {
    ($on:ident, $group:ident.$member:ident, $computed:expr) => {
        $on.equal(
            concat!(stringify!($group), ".", stringify!($member)),
            &$on.vector.$group.$member,
            AsRef::<[u8]>::as_ref(&$computed),
        )?
    };
}

impl Comparison<'_> {
    fn equal(&mut self, member: &'static str, expected: &str, computed: &[u8]) -> Result<(), Mismatch> {
        let expected = hex::decode(expected).map_err(|_| self.form(member))?;
        if expected != computed {
            let same = expected.iter().zip(computed).take_while(|(left, right)| left == right).count();
            return Err(Mismatch::Differs { vector: self.vector.name.clone(), member, byte: same });
        }
        self.compared.insert(member);
        Ok(())
    }

    fn form(&self, member: &'static str) -> Mismatch {
        Mismatch::Form { vector: self.vector.name.clone(), member }
    }

    fn refused(&self, step: &'static str, error: impl Into<Error<Full>>) -> Mismatch {
        Mismatch::Refused { vector: self.vector.name.clone(), step, name: error.into().name() }
    }

    /// s·P by both who can compute it.
    fn agreed<C: Crypto>(
        &mut self,
        member: &'static str,
        expected: &str,
        one: &Scalar,
        other: &Scalar,
    ) -> Result<SharedSecret, Mismatch> {
        let agree = |s: &Scalar, public: &PublicKey| C::decompress(public).map(|point| C::agree(s, &point));
        let there = agree(one, &C::public_key(other)).ok_or_else(|| self.form(member))?;
        let here = agree(other, &C::public_key(one)).ok_or_else(|| self.form(member))?;
        self.equal(member, expected, there.expose())?;
        self.equal(member, expected, here.expose())?;
        Ok(there)
    }

    /// The ciphertext of this plaintext, and back.
    fn sealed<C: Crypto>(
        &mut self,
        [ciphertext, plaintext]: [(&'static str, &str); 2],
        keys: &AeadKeys,
        th: &Hash,
        parties: &Parties,
        plain: &[u8],
    ) -> Result<Vec<u8>, Mismatch> {
        let mut sealed = [plain, &[0; TAG_MAX][..parties.suite.tag()]].concat();
        C::seal(parties.suite, keys, th, &mut sealed);
        self.equal(ciphertext.0, ciphertext.1, &sealed)?;
        let mut opened = sealed.clone();
        let (text, tag) = opened.split_at_mut(plain.len());
        if !C::open(parties.suite, keys, th, text, tag) {
            return Err(self.form(ciphertext.0));
        }
        self.equal(plaintext.0, plaintext.1, text)?;
        Ok(sealed)
    }
}

/// Every value, in the order of PROTOCOL.md section 6.
fn values<C: Crypto>(on: &mut Comparison<'_>, parties: &Parties) -> Result<(), Mismatch> {
    let offer = hex::decode(&on.vector.messages.offer).unwrap_or_default();
    let offer = Offer::parse(&offer).map_err(|_| on.form("messages.offer"))?;
    let y = parties.prekeys.get(usize::from(parties.index)).ok_or_else(|| on.form("inputs.index"))?;
    let cred_n = C::sha256(&parties.node_credential);
    equal!(on, values.header, offer.batch.header);
    let th_0 = th_0::<C>(parties.suite, &cred_n, offer.batch.header, parties.index, &C::public_key(y));
    equal!(on, values.th_0, th_0.0);
    let th_1 = th_1::<C>(&th_0, parties.mode, &C::public_key(&parties.x));
    equal!(on, values.th_1, th_1.0);
    let es = on.agreed::<C>("values.es", &on.vector.values.es, &parties.x, y)?;
    let prk_1 = prk_1::<C>(&th_1, &es);
    equal!(on, values.prk_1, prk_1.expose());
    let id_keys = prk_1.id_keys::<C>(&th_1);
    equal!(on, values.id_key, id_keys.key);
    equal!(on, values.id_nonce, id_keys.nonce);
    let members = [("values.ct_1", &*on.vector.values.ct_1), ("inputs.id_cred", &*on.vector.inputs.id_cred)];
    let ct_1 = on.sealed::<C>(members, &id_keys, &th_1.0, parties, &parties.id_cred)?;
    let th_2 = th_2::<C>(&th_1, &ct_1, &C::sha256(&parties.client_credential));
    equal!(on, values.th_2, th_2.0);
    let ss = on.agreed::<C>("values.ss", &on.vector.values.ss, &parties.client_key, y)?;
    let prk_2 = prk_1.prk_2::<C>(&th_2, &ss);
    equal!(on, values.prk_2, prk_2.expose());
    let data_keys = prk_2.early_data_keys::<C>(&th_2);
    equal!(on, values.early_data_key, data_keys.key);
    equal!(on, values.early_data_nonce, data_keys.nonce);
    let members = [("values.ct_2", &*on.vector.values.ct_2), ("inputs.early_data", &*on.vector.inputs.early_data)];
    let ct_2 = on.sealed::<C>(members, &data_keys, &th_2.0, parties, &parties.early_data)?;
    let th_3 = th_3::<C>(&th_2, &ct_2);
    equal!(on, values.th_3, th_3.0);
    early_secret(on, &prk_2.early_secret::<C>(&th_3))?;
    confirmation::<C>(on, parties, &prk_2, &th_3)
}

/// From TH_4 on.
fn confirmation<C: Crypto>(
    on: &mut Comparison<'_>,
    parties: &Parties,
    prk_2: &Prk2,
    th_3: &Th3,
) -> Result<(), Mismatch> {
    let key = C::public_key(&parties.z);
    let (th_4, prk_3) = match parties.mode {
        Mode::Basic => {
            equal!(on, values.ee, []);
            let th_4 = th_4::<C>(th_3, parties.mode, &[]);
            (th_4, prk_2.basic::<C>(&th_4))
        }
        Mode::Refresh => {
            let ee = on.agreed::<C>("values.ee", &on.vector.values.ee, &parties.x, &parties.z)?;
            let th_4 = th_4::<C>(th_3, parties.mode, &key);
            (th_4, prk_2.refresh::<C>(&th_4, &ee))
        }
    };
    equal!(on, values.th_4, th_4.0);
    equal!(on, values.prk_3, prk_3.expose());
    let keys = prk_3.confirm_keys::<C>(&th_4);
    equal!(on, values.confirm_key, keys.key);
    equal!(on, values.confirm_nonce, keys.nonce);
    let members = [("values.ct_3", &*on.vector.values.ct_3), ("inputs.answer", &*on.vector.inputs.answer)];
    let ct_3 = on.sealed::<C>(members, &keys, &th_4.0, parties, &parties.answer)?;
    let th_5 = th_5::<C>(&th_4, &ct_3);
    equal!(on, values.th_5, th_5.0);
    session_secret(on, &prk_3.session_secret::<C>(&th_5))
}

fn early_secret(on: &mut Comparison<'_>, secret: &EarlySecret) -> Result<(), Mismatch> {
    let (label, context, length) = EXPORT;
    let mut exported = vec![0; length];
    secret.export(label, context, &mut exported).map_err(|error| on.refused("export", error))?;
    equal!(on, values.early_secret, secret.expose());
    equal!(on, values.early_export, exported);
    equal!(on, values.early_fingerprint, secret.fingerprint());
    Ok(())
}

fn session_secret(on: &mut Comparison<'_>, secret: &SessionSecret) -> Result<(), Mismatch> {
    let (label, context, length) = EXPORT;
    let mut exported = vec![0; length];
    secret.export(label, context, &mut exported).map_err(|error| on.refused("export", error))?;
    equal!(on, values.session_secret, secret.expose());
    equal!(on, values.session_export, exported);
    equal!(on, values.session_fingerprint, secret.fingerprint());
    Ok(())
}

/// The steps of all parties, message by message.
fn steps<C: Crypto>(on: &mut Comparison<'_>, parties: &Parties) -> Result<(), Mismatch> {
    if let Some(cwt) = parties.issue().map_err(|error| on.refused("A1", error))? {
        equal!(on, inputs.id_cred, [&[0xa1, 0x0d], cwt.as_slice()].concat());
    }
    let mut store = parties.store().map_err(|full| on.refused("N1", Error::Storage(full)))?;
    let publication = parties.publish::<C>(&mut store).map_err(|error| on.refused("N1", error))?;
    equal!(on, messages.publication, publication);
    parties.verify::<C>(&publication).map_err(|error| on.refused("G1", error))?;
    let offer = parties.offer(&publication).map_err(|error| on.refused("G2", error))?;
    equal!(on, messages.offer, offer);
    let (initiate, awaiting) = parties.initiate::<C>(&offer).map_err(|error| on.refused("C1", error))?;
    equal!(on, messages.initiate, initiate);
    early_secret(on, &awaiting.early_secret())?;
    let answered = parties.answer::<C>(&mut store, &initiate).map_err(|error| on.refused("N2", error))?;
    equal!(on, inputs.early_data, answered.early_data);
    early_secret(on, &answered.early)?;
    equal!(on, messages.confirm, answered.confirm);
    session_secret(on, &answered.session.secret)?;
    let (answer, session) =
        parties.finish(awaiting, &answered.confirm).map_err(|failed| on.refused("C2", failed.error))?;
    equal!(on, inputs.answer, answer);
    session_secret(on, &session.secret)
}
