//! A gateway's challenge for an admitted node (PROTOCOL.md section 18.3): `[I, epoch]`, answered with `[I, J, tag]`.

use dke::crypto::Hash;
use dke::params::{ADMISSION_CHALLENGE, ADMISSION_NONCE};
use dke::{AdmissionKey, params};
use minicbor::{Decoder, Encoder};
use rand_core::CryptoRngCore;

pub(crate) struct Challenge {
    i: [u8; ADMISSION_CHALLENGE],
    epoch: u64,
}

/// The challenge; `None` if this is none, but a puzzle for instance.
pub(crate) fn read(challenge: &[u8]) -> Option<Challenge> {
    let mut decoder = Decoder::new(challenge);
    if decoder.array().ok()? != Some(2) {
        return None;
    }
    let (i, epoch) = (decoder.bytes().ok()?.try_into().ok()?, decoder.u64().ok()?);
    (decoder.position() == challenge.len()).then_some(Challenge { i, epoch })
}

impl Challenge {
    /// The answer, which tells no client of the node from another.
    pub(crate) fn answer(&self, key: &AdmissionKey, node: &Hash, random: &mut impl CryptoRngCore) -> Vec<u8> {
        let mut j = [0; ADMISSION_NONCE];
        random.fill_bytes(&mut j);
        let tag = key.batch_key(node, self.epoch).tag(&self.i, &j);
        let mut out = Vec::with_capacity(4 + ADMISSION_CHALLENGE + ADMISSION_NONCE + params::ADMISSION_TAG);
        // Writing to a vector does not fail.
        let _ = Encoder::new(&mut out).array(3).and_then(|e| e.bytes(&self.i)?.bytes(&j)?.bytes(&tag).map(drop));
        out
    }
}

/// What the node gives the gateway: `[epoch, K_epoch]`.
pub(crate) fn batch(key: &AdmissionKey, node: &Hash, epoch: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let key = key.batch_key(node, epoch);
    // Writing to a vector does not fail.
    let _ = Encoder::new(&mut out).array(2).and_then(|e| e.u64(epoch)?.bytes(key.expose()).map(drop));
    out
}
