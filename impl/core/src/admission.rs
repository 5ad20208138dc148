//! Admission keys: how a gateway tells a node's clients from strangers, and not from one another. PROTOCOL.md section 18.3.
//!
//! No security of an exchange rests on them.

use crate::cbor::hash_items;
use crate::crypto::{Hash, Prk, RustCrypto, fill};
use crate::error::Misuse;
use crate::key_schedule::{expand, expand_32};
use crate::params::{
    ADMISSION_CHALLENGE, ADMISSION_KEY, ADMISSION_NONCE, ADMISSION_TAG, HASH, LABEL_ADMISSION, LABEL_ADMISSION_TAG,
};
use rand_core::CryptoRngCore;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// K: what a node shares with all its clients, 16 bytes.
#[derive(Clone)]
pub struct AdmissionKey(Zeroizing<[u8; ADMISSION_KEY]>);

impl AdmissionKey {
    /// From where it was stored.
    pub fn from_bytes(bytes: [u8; ADMISSION_KEY]) -> Self {
        AdmissionKey(Zeroizing::new(bytes))
    }

    /// A new one. `BrokenRandomness` if the source fails.
    pub fn draw(random: &mut impl CryptoRngCore) -> Result<Self, Misuse> {
        let mut key = AdmissionKey::from_bytes([0; ADMISSION_KEY]);
        fill(random, key.0.as_mut_slice())?;
        Ok(key)
    }

    /// Its bytes, to be stored where secrets are stored.
    pub fn expose(&self) -> &[u8; ADMISSION_KEY] {
        &self.0
    }

    /// What the gateway gets with the batch of this epoch: `K_epoch = Expand(K, "admission", H(H(CRED_N), epoch), 32)`.
    pub fn batch_key(&self, node: &Hash, epoch: u64) -> BatchKey {
        // HMAC fills a short key up with zeros.
        let mut padded = Zeroizing::new([0; HASH]);
        padded.iter_mut().zip(self.0.iter()).for_each(|(to, from)| *to = *from);
        let context = hash_items::<RustCrypto>(|items| items.bytes(node)?.uint(epoch).map(drop));
        BatchKey(expand_32::<RustCrypto>(&Prk::from_bytes(*padded), LABEL_ADMISSION, &context))
    }
}

/// K_epoch: what tells the clients of one batch from strangers, 32 bytes.
#[derive(Clone)]
pub struct BatchKey(Prk);

impl BatchKey {
    /// From where it was stored.
    pub const fn from_bytes(bytes: [u8; HASH]) -> Self {
        BatchKey(Prk::from_bytes(bytes))
    }

    /// Its bytes, for the gateway.
    pub const fn expose(&self) -> &[u8; HASH] {
        self.0.expose()
    }

    /// The client's tag over the gateway's challenge I and its own nonce J: `Expand(K_epoch, "admission tag", I ‖ J, 16)`.
    pub fn tag(&self, i: &[u8; ADMISSION_CHALLENGE], j: &[u8; ADMISSION_NONCE]) -> [u8; ADMISSION_TAG] {
        let mut context = [0; ADMISSION_CHALLENGE + ADMISSION_NONCE];
        context.iter_mut().zip(i.iter().chain(j)).for_each(|(to, from)| *to = *from);
        let mut tag = [0; ADMISSION_TAG];
        expand::<RustCrypto>(&self.0, [LABEL_ADMISSION_TAG, ""], &context, &mut tag);
        tag
    }

    /// Is this the tag? In constant time.
    pub fn verify(&self, i: &[u8; ADMISSION_CHALLENGE], j: &[u8; ADMISSION_NONCE], tag: &[u8; ADMISSION_TAG]) -> bool {
        self.tag(i, j).ct_eq(tag).into()
    }
}
