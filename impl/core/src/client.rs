//! The client: initiates (C1) and finishes (C2).
//!
//! ```text
//!  Client ── initiate ──▶ Initiated { AwaitingConfirm } ── finish ──▶ Established
//!                            │   ▲            │   ▲
//!                  to_bytes  ▼   │ from_bytes └───┘ Failed: the right Confirm may still come
//!                           (store)
//! ```

use crate::cbor::Writer;
use crate::credential::Credential;
use crate::crypto::{Crypto, Hash, RustCrypto, Scalar, decompress, open_into, seal_into};
use crate::cwt::Cwt;
use crate::error::{Error, Failed, Misuse, Reject};
use crate::key_schedule::{EarlySecret, Prk2, prk_1};
use crate::merkle;
use crate::message::{Confirm, Header, Offer};
use crate::params::registry::ID_KCWT;
use crate::params::{DATA_MAX, HASH, ID_CRED_MAX, KEY, Mode, Suite};
use crate::session::Session;
use crate::store::{ClientStore, Pending};
use crate::transcript::{Th3, th_0, th_1, th_2, th_3, th_4, th_5};
use core::marker::PhantomData;
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a stored [`AwaitingConfirm`]: suite, flags, index, epoch, node, x, PRK_2, TH_3.
pub const AWAITING: usize = 1 + 1 + 1 + 8 + HASH + KEY + HASH + HASH;

/// A client's identity.
pub struct Client<'a, C = RustCrypto> {
    id: Id<'a>,
    hash: Hash,
    key: &'a Scalar,
    backend: PhantomData<C>,
}

enum Id<'a> {
    Kid(&'a [u8]),
    Cwt(&'a [u8]),
}

/// What an exchange is to be.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Refresh asks the node for a fresh ephemeral and accepts nothing less; basic accepts both.
    pub mode: Mode,
    /// 0..1024 bytes.
    pub early_data: &'a [u8],
    /// UNIX seconds.
    pub now: u64,
}

/// An Initiate that is stored and may be sent.
pub struct Initiated<C = RustCrypto> {
    /// Bytes of the Initiate in the caller's buffer.
    pub len: usize,
    /// The pending exchange. Its early secret is usable now.
    pub awaiting: AwaitingConfirm<C>,
}

/// A pending exchange.
pub struct AwaitingConfirm<C = RustCrypto> {
    suite: Suite,
    asked: Mode,
    index: u8,
    epoch: u64,
    node: Hash,
    x: Scalar,
    prk_2: Prk2,
    th_3: Th3,
    backend: PhantomData<C>,
}

/// A finished exchange.
pub struct Established<'b> {
    /// The node's answer: 0..1024 bytes.
    pub answer: &'b [u8],
    /// The client's end of the session.
    pub session: Session,
}

impl<'a> Client<'a> {
    /// A client whose credential nodes pin, and its ECDH key c, on the default backend.
    pub const fn pinned(credential: &Credential<'a>, key: &'a Scalar) -> Self {
        Client::pinned_with_crypto(credential, key)
    }

    /// A client for which an authority vouches by this CWT. `InvalidCredential` if it is not of the form of section 4.
    pub fn vouched(cwt: &'a [u8], key: &'a Scalar) -> Result<Self, Misuse> {
        Client::vouched_with_crypto(cwt, key)
    }
}

impl<'a, C: Crypto> Client<'a, C> {
    /// [`Client::pinned`] on the backend `C`.
    pub const fn pinned_with_crypto(credential: &Credential<'a>, key: &'a Scalar) -> Self {
        Client { id: Id::Kid(credential.kid()), hash: *credential.hash(), key, backend: PhantomData }
    }

    /// [`Client::vouched`] on the backend `C`.
    pub fn vouched_with_crypto(cwt: &'a [u8], key: &'a Scalar) -> Result<Self, Misuse> {
        let claims = Cwt::parse(cwt).and_then(|parsed| {
            parsed.protected()?;
            parsed.claims()?;
            Ok(parsed.payload)
        });
        let payload = claims.map_err(|_| Misuse::InvalidCredential)?;
        Ok(Client { id: Id::Cwt(cwt), hash: C::sha256(payload), key, backend: PhantomData })
    }

    /// C1: verifies the Offer, begins an exchange over it and writes the Initiate to `out`
    /// (at most [`INITIATE_MAX`](crate::params::INITIATE_MAX) bytes). Draws x.
    ///
    /// `DataTooLong` comes first. Rejections of the Offer, in this order: its form, `UnsupportedAlgorithm`, the header's form,
    /// `UnsupportedVersion`, `UnknownSuite`, `WrongNode`, `DepthOutOfRange`, `EpochRollback`, `Expired`, `IndexOutOfRange`,
    /// `PathLength`, `BadSignature`, `RootMismatch`, `InvalidPoint`. After these `BrokenRandomness`, `BufferTooSmall`, `Storage`:
    /// `out` is then overwritten with zeros.
    pub fn initiate<S: ClientStore>(
        &self,
        store: &mut S,
        node: &Credential<'_>,
        offer: &[u8],
        request: &Request<'_>,
        rng: &mut impl CryptoRngCore,
        out: &mut [u8],
    ) -> Result<Initiated<C>, Error<S::Error>> {
        // 1
        if request.early_data.len() > DATA_MAX {
            return Err(Misuse::DataTooLong.into());
        }
        // 2 to 5
        let offer = Offer::parse(offer)?;
        let header = offer.batch.header(node.hash())?;
        let seen = store.highest_epoch(node.hash()).map_err(Error::Storage)?;
        let (index, y) = verify_offer::<C>(&offer, &header, node, seen, request.now)?;
        // 6
        let initiated = self.write_initiate(&offer, &header, index, &y, request, rng, out);
        // 7
        let stored = initiated.map_err(Error::from).and_then(|initiated| {
            let state = initiated.awaiting.to_bytes();
            let pending = Pending {
                exchange: initiated.awaiting.exchange(),
                node: node.hash(),
                epoch: header.epoch,
                index,
                state: &state,
                initiate: out.get(..initiated.len).unwrap_or_default(),
            };
            store.begin(&pending).map_err(Error::Storage)?;
            Ok(initiated)
        });
        if stored.is_err() {
            out.zeroize();
        }
        stored
    }

    #[allow(clippy::too_many_arguments, reason = "the step's inputs, each of another type")]
    fn write_initiate(
        &self,
        offer: &Offer<'_>,
        header: &Header,
        index: u8,
        y: &C::Point,
        request: &Request<'_>,
        rng: &mut impl CryptoRngCore,
        out: &mut [u8],
    ) -> Result<Initiated<C>, Misuse> {
        let (suite, flags) = (header.suite, request.mode);
        let x = Scalar::draw(rng)?;
        let public = C::public_key(&x);
        let es = C::agree(&x, y);
        let ss = C::agree(self.key, y);
        let mut id_cred = Zeroizing::new([0; ID_CRED_MAX]);
        let id_cred = self.write_id_cred(&mut id_cred)?;

        let mut writer = Writer::new(out);
        writer.array(6)?.uint(flags.id().into())?.uint(header.epoch)?.uint(index.into())?.bytes(&public)?;
        let ct_1 = writer.slot(id_cred.len().saturating_add(suite.tag()))?;
        let ct_2 = writer.slot(request.early_data.len().saturating_add(suite.tag()))?;

        let th_0 = th_0::<C>(suite, &header.node, offer.batch.header, index, offer.y);
        let th_1 = th_1::<C>(&th_0, flags, &public);
        let prk_1 = prk_1::<C>(&th_1, &es);
        seal_into::<C>(suite, &prk_1.id_keys::<C>(&th_1), &th_1.0, id_cred, ct_1);
        let th_2 = th_2::<C>(&th_1, ct_1, &self.hash);
        let prk_2 = prk_1.prk_2::<C>(&th_2, &ss);
        seal_into::<C>(suite, &prk_2.early_data_keys::<C>(&th_2), &th_2.0, request.early_data, ct_2);
        let th_3 = th_3::<C>(&th_2, ct_2);

        let awaiting = AwaitingConfirm {
            suite,
            asked: flags,
            index,
            epoch: header.epoch,
            node: header.node,
            x,
            prk_2,
            th_3,
            backend: PhantomData,
        };
        Ok(Initiated { len: writer.len(), awaiting })
    }

    fn write_id_cred<'b>(&self, out: &'b mut [u8; ID_CRED_MAX]) -> Result<&'b [u8], Misuse> {
        let mut writer = Writer::new(out);
        match self.id {
            Id::Kid(kid) => {
                writer.bytes(kid)?;
            }
            Id::Cwt(cwt) => {
                writer.map(1)?.int(ID_KCWT)?;
                writer.encoded(cwt)?;
            }
        }
        let len = writer.len();
        Ok(out.get(..len).unwrap_or_default())
    }
}

/// C1.3 to C1.5: the prekey of an Offer, and its index.
fn verify_offer<C: Crypto>(
    offer: &Offer<'_>,
    header: &Header,
    node: &Credential<'_>,
    seen: u64,
    now: u64,
) -> Result<(u8, C::Point), Reject> {
    if header.epoch == 0 || header.epoch < seen {
        return Err(Reject::EpochRollback);
    }
    if header.not_after < now {
        return Err(Reject::Expired);
    }
    let index = header.depth.index(offer.index).ok_or(Reject::IndexOutOfRange)?;
    if offer.path.len() != header.depth.path_len() {
        return Err(Reject::PathLength);
    }
    offer.batch.verify::<C>(node.key())?;
    if !merkle::verify::<C>(&header.root, index, offer.y, offer.path) {
        return Err(Reject::RootMismatch);
    }
    Ok((index, decompress::<C>(offer.y)?))
}

impl<C: Crypto> AwaitingConfirm<C> {
    /// Exports keys that are usable before the node has answered.
    pub fn early_secret(&self) -> EarlySecret {
        self.prk_2.early_secret::<C>(&self.th_3)
    }

    /// TH_3: no other exchange has it, not even one over the same prekey.
    pub const fn exchange(&self) -> &Hash {
        &self.th_3.0
    }

    /// H(CRED_N).
    pub const fn node(&self) -> &Hash {
        &self.node
    }

    /// Of the batch.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Of the prekey.
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// What was asked for.
    pub const fn asked(&self) -> Mode {
        self.asked
    }

    /// Of the batch.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// For the store: secret, to be erased when the exchange ends.
    pub fn to_bytes(&self) -> Zeroizing<[u8; AWAITING]> {
        let mut bytes = Zeroizing::new([0; AWAITING]);
        let small = [self.suite.id(), self.asked.id(), self.index];
        let epoch = self.epoch.to_be_bytes();
        let parts: [&[u8]; 6] = [&small, &epoch, &self.node, self.x.expose(), self.prk_2.expose(), &self.th_3.0];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// From the store. `InvalidKey` if these are not the bytes of a pending exchange.
    pub fn from_bytes(bytes: &[u8; AWAITING]) -> Result<Self, Misuse> {
        Self::parse(bytes).ok_or(Misuse::InvalidKey)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let ([suite, asked, index], rest) = bytes.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (node, rest) = rest.split_first_chunk()?;
        let (x, rest) = rest.split_first_chunk()?;
        let (prk_2, th_3) = rest.split_first_chunk()?;
        Some(AwaitingConfirm {
            suite: Suite::from_id((*suite).into())?,
            asked: Mode::from_id((*asked).into())?,
            index: *index,
            epoch: u64::from_be_bytes(*epoch),
            node: *node,
            x: Scalar::from_bytes(x).ok()?,
            prk_2: Prk2::restore(*prk_2),
            th_3: Th3(th_3.try_into().ok()?),
            backend: PhantomData,
        })
    }

    /// C2: verifies the Confirm; the answer data is written to `buffer`. Ends the exchange in the store.
    ///
    /// Rejections, in this order: the form, `WrongExchange`, `Downgrade`, `DataTooLong`, `InvalidPoint`, `ConfirmNotAuthentic`. They,
    /// and `Storage`, hand the pending exchange back: the right Confirm may still come.
    #[allow(clippy::result_large_err, reason = "the state is handed back, and there is no heap to box it on")]
    pub fn finish<'b, S: ClientStore>(
        self,
        store: &mut S,
        confirm: &[u8],
        buffer: &'b mut [u8; DATA_MAX],
    ) -> Result<Established<'b>, Failed<Self, S::Error>> {
        match self.try_finish(confirm, buffer) {
            Ok((len, session)) => match store.end(self.exchange()) {
                Ok(()) => Ok(Established { answer: buffer.get(..len).unwrap_or_default(), session }),
                Err(error) => {
                    buffer.zeroize();
                    Err(Failed { state: self, error: Error::Storage(error) })
                }
            },
            Err(reject) => Err(Failed { state: self, error: reject.into() }),
        }
    }

    fn try_finish(&self, confirm: &[u8], buffer: &mut [u8; DATA_MAX]) -> Result<(usize, Session), Reject> {
        // 1
        let confirm = Confirm::parse(confirm)?;
        if confirm.epoch != self.epoch || confirm.index != u64::from(self.index) {
            return Err(Reject::WrongExchange);
        }
        // 2
        let mode = confirm.mode();
        if self.asked == Mode::Refresh && mode == Mode::Basic {
            return Err(Reject::Downgrade);
        }
        // 3
        if confirm.ct_3.len().saturating_sub(self.suite.tag()) > DATA_MAX {
            return Err(Reject::DataTooLong);
        }
        let th_4 = th_4::<C>(&self.th_3, mode, confirm.z);
        let prk_3 = match confirm.z.try_into() {
            Ok(z) => self.prk_2.refresh::<C>(&th_4, &C::agree(&self.x, &decompress::<C>(z)?)),
            Err(_) => self.prk_2.basic::<C>(&th_4),
        };
        // 4
        let keys = prk_3.confirm_keys::<C>(&th_4);
        let answer = open_into::<C>(self.suite, &keys, &th_4.0, confirm.ct_3, buffer.as_mut_slice())
            .ok_or(Reject::ConfirmNotAuthentic)?;
        let secret = prk_3.session_secret::<C>(&th_5::<C>(&th_4, confirm.ct_3));
        Ok((answer.len(), Session { secret, suite: self.suite, mode, epoch: self.epoch, index: self.index }))
    }
}
