//! N1: the node publishes a batch.

use super::Node;
use crate::cbor::Writer;
use crate::crypto::{Crypto, PublicKey, Scalar, Signature, fill, sig_structure};
use crate::error::{Error, Misuse, Reject};
use crate::merkle::{RootBuilder, leaf};
use crate::message::Header;
use crate::params::{AAD_BATCH, Depth, HASH, HEADER_MAX, KEY, PROTECTED_ES256, SIGNATURE, Suite, TOKEN};
use crate::store::{Batch, NodeStore};
use rand_core::CryptoRngCore;

/// What the next batch is to be.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// For all exchanges over the batch.
    pub suite: Suite,
    /// 2^depth prekeys.
    pub depth: Depth,
    /// UNIX seconds; the farthest date that the owner accepts if the node knows no time.
    pub not_after: u64,
}

/// The parts of a Publication in the caller's buffer.
struct Parts<'a> {
    header: &'a mut [u8],
    signature: &'a mut [u8],
    ys: &'a mut [u8],
    len: usize,
}

impl<C: Crypto> Node<'_, C> {
    /// N1: makes a batch, stores it and writes its Publication to `out`. Returns the Publication's length
    /// (at most [`PUBLICATION_MAX`](crate::params::PUBLICATION_MAX)).
    ///
    /// Draws the mailbox token (16 bytes), then y_0, y_1, ... Send the Publication until the gateway acknowledges it;
    /// [`republish`](Self::republish) makes it again.
    ///
    /// `EpochExhausted`, `BufferTooSmall`, `BrokenRandomness`, `Storage`: the current batch stays the current one.
    pub fn publish<S: NodeStore>(
        &self,
        store: &mut S,
        plan: &Plan,
        rng: &mut impl CryptoRngCore,
        out: &mut [u8],
    ) -> Result<usize, Error<S::Error>> {
        let epoch = store.last_epoch().map_err(Error::Storage)?.checked_add(1).ok_or(Misuse::EpochExhausted)?;
        let mut header = Header {
            suite: plan.suite,
            node: *self.credential.hash(),
            epoch,
            not_after: plan.not_after,
            depth: plan.depth,
            root: [0; HASH],
            mailbox: [0; HASH],
        };
        let parts = lay_out(&header, out)?;

        let mut token = [0; TOKEN];
        fill(rng, &mut token)?;
        header.mailbox = C::sha256(&token);
        store.begin_batch(epoch).map_err(Error::Storage)?;
        let mut root = RootBuilder::new();
        for (index, slot) in (0..=u8::MAX).zip(parts.ys.as_chunks_mut::<KEY>().0) {
            let y = Scalar::draw(rng)?;
            let public: PublicKey = C::public_key(&y);
            store.put_prekey(epoch, index, &y, &public).map_err(Error::Storage)?;
            root.push::<C>(leaf::<C>(index, &public));
            *slot = public;
        }
        // 2^depth leaves always have a root.
        header.root = root.root().unwrap_or_default();
        header.write(parts.header)?;
        parts.signature.copy_from_slice(&self.sign(parts.header));
        let batch = Batch::new(parts.header, token).ok_or(Misuse::BufferTooSmall)?;
        store.commit_batch(epoch, &batch).map_err(Error::Storage)?;
        Ok(parts.len)
    }

    /// N1.3: makes the current batch's Publication again, byte for byte. `EpochTooOld` if there is none.
    pub fn republish<S: NodeStore>(&self, store: &S, out: &mut [u8]) -> Result<usize, Error<S::Error>> {
        let epoch = store.last_epoch().map_err(Error::Storage)?;
        let batch = store.batch(epoch).map_err(Error::Storage)?.ok_or(Reject::EpochTooOld)?;
        let header = Header::parse(batch.header(), self.credential.hash())?;
        let parts = lay_out(&header, out)?;
        for (index, slot) in (0..=u8::MAX).zip(parts.ys.as_chunks_mut::<KEY>().0) {
            *slot = store.prekey(epoch, index).map_err(Error::Storage)?.ok_or(Reject::EpochTooOld)?.public;
        }
        header.write(parts.header)?;
        parts.signature.copy_from_slice(&self.sign(parts.header));
        Ok(parts.len)
    }

    fn sign(&self, header: &[u8]) -> Signature {
        C::sign(self.key, &sig_structure::<C>(PROTECTED_ES256, AAD_BATCH, header))
    }
}

/// Writes all that surrounds header, signature and Ys. Their lengths are known before their contents.
fn lay_out<'a>(header: &Header, out: &'a mut [u8]) -> Result<Parts<'a>, Misuse> {
    let header_len = header.write(&mut [0; HEADER_MAX])?;
    let mut writer = Writer::new(out);
    writer.array(2)?.array(4)?.bytes(PROTECTED_ES256)?.map(0)?;
    let header_slot = writer.slot(header_len)?;
    let signature = writer.slot(SIGNATURE)?;
    let ys = writer.slot(header.depth.prekeys_len())?;
    Ok(Parts { header: header_slot, signature, ys, len: writer.len() })
}
