//! N2 and N3: the node accepts an Initiate and confirms.

use super::{Node, Peer};
use crate::cbor::Writer;
use crate::crypto::{Crypto, Hash, RustCrypto, Scalar, decompress, open_into, seal_into};
use crate::cwt::{Cwt, IdCred};
use crate::error::{Error, Failed, Misuse, Reject};
use crate::key_schedule::{EarlySecret, Prk2, prk_1};
use crate::message::{Header, Initiate};
use crate::params::registry::ES256;
use crate::params::{CONFIRM_MAX, CT_1_PLAIN_MAX, DATA_MAX, Mode, Suite};
use crate::session::Session;
use crate::store::{NodeStore, Trust};
use crate::transcript::{Th3, th_0, th_1, th_2, th_3, th_4, th_5};
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

/// What an Initiate led to.
#[allow(clippy::large_enum_variant, reason = "there is no heap to box it on")]
pub enum Incoming<'b, C: Crypto = RustCrypto> {
    /// It was accepted before and its Confirm is still in the outbox: send this Confirm again, nothing else.
    Repeated(&'b [u8]),
    /// It was accepted now, and its prekey is erased.
    Accepted(Accepted<'b, C>),
}

/// An accepted exchange that awaits the node's answer. Dropping it loses the exchange.
pub struct Accepted<'b, C: Crypto = RustCrypto> {
    peer: Peer,
    early_data: &'b [u8],
    suite: Suite,
    mode: Mode,
    epoch: u64,
    index: u8,
    initiate: Hash,
    x: C::Point,
    th_3: Th3,
    prk_2: Prk2,
}

/// A Confirm that is stored and may be sent.
pub struct Confirmed {
    /// Bytes of the Confirm in the caller's buffer.
    pub len: usize,
    /// The node's end of the session.
    pub session: Session,
}

impl<C: Crypto> Node<'_, C> {
    /// N2: accepts an Initiate. The early data (or the Confirm of a repeated Initiate) is written to `buffer`.
    ///
    /// Rejections, in this order: the form (`Malformed`, `NotDeterministic`, `TrailingBytes`), `UnknownFlags`, `EpochUnknown`,
    /// `EpochTooOld`, `IndexOutOfRange`, `PrekeyConsumed`, `InvalidPoint`, `IdentityNotAuthentic`, those of the client's
    /// credential, `DataTooLong`, `EarlyDataNotAuthentic`; they change nothing. `Storage`: not accepted.
    pub fn accept<'b, S: NodeStore, T: Trust>(
        &self,
        store: &mut S,
        trust: &T,
        initiate: &[u8],
        buffer: &'b mut [u8; CONFIRM_MAX],
    ) -> Result<Incoming<'b, C>, Error<S::Error>> {
        // 1
        let message = Initiate::parse(initiate)?;
        let flags = Mode::from_id(message.flags).ok_or(Reject::UnknownFlags)?;
        // 2
        let current = store.last_epoch().map_err(Error::Storage)?;
        let epoch = message.epoch;
        if epoch > current {
            return Err(Reject::EpochUnknown.into());
        }
        if epoch == 0 || epoch < current.saturating_sub(1) {
            return Err(Reject::EpochTooOld.into());
        }
        let batch = store.batch(epoch).map_err(Error::Storage)?.ok_or(Reject::EpochTooOld)?;
        let header = Header::parse(batch.header(), self.credential.hash())?;
        let index = header.depth.index(message.index).ok_or(Reject::IndexOutOfRange)?;
        // 3
        let digest = C::sha256(initiate);
        if let Some(len) = store.confirm(epoch, index, &digest, buffer).map_err(Error::Storage)? {
            return Ok(Incoming::Repeated(buffer.get(..len).unwrap_or_default()));
        }
        // 4
        let prekey = store.prekey(epoch, index).map_err(Error::Storage)?.ok_or(Reject::PrekeyConsumed)?;
        let y = prekey.secret.ok_or(Reject::PrekeyConsumed)?;
        let x = decompress::<C>(message.x)?;
        // 5
        let es = C::agree(&y, &x);
        let th_0 = th_0::<C>(header.suite, &header.node, batch.header(), index, &prekey.public);
        let th_1 = th_1::<C>(&th_0, flags, message.x);
        let prk_1 = prk_1::<C>(&th_1, &es);
        let mut plain = Zeroizing::new([0; CT_1_PLAIN_MAX]);
        let id_keys = prk_1.id_keys::<C>(&th_1);
        let id_cred = open_into::<C>(header.suite, &id_keys, &th_1.0, message.ct_1, plain.as_mut_slice())
            .ok_or(Reject::IdentityNotAuthentic)?;
        // 6
        let (peer, c) = self.identify(trust, id_cred, epoch)?;
        // 7
        let ss = C::agree(&y, &c);
        drop(y);
        let th_2 = th_2::<C>(&th_1, message.ct_1, &peer.hash);
        let prk_2 = prk_1.prk_2::<C>(&th_2, &ss);
        if message.ct_2.len().saturating_sub(header.suite.tag()) > DATA_MAX {
            return Err(Reject::DataTooLong.into());
        }
        let data_keys = prk_2.early_data_keys::<C>(&th_2);
        let early_data = open_into::<C>(header.suite, &data_keys, &th_2.0, message.ct_2, buffer.as_mut_slice())
            .ok_or(Reject::EarlyDataNotAuthentic)?;
        let th_3 = th_3::<C>(&th_2, message.ct_2);
        // 8: nothing of the early data leaves before y is gone for good
        store.erase_prekey(epoch, index).map_err(Error::Storage)?;
        let mode = if self.insist_on_refresh { Mode::Refresh } else { flags };
        let suite = header.suite;
        Ok(Incoming::Accepted(Accepted {
            peer,
            early_data,
            suite,
            mode,
            epoch,
            index,
            initiate: digest,
            x,
            th_3,
            prk_2,
        }))
    }

    /// N2.6: who the client is, and its static key.
    fn identify<T: Trust>(&self, trust: &T, id_cred: &[u8], epoch: u64) -> Result<(Peer, C::Point), Reject> {
        match IdCred::parse(id_cred)? {
            IdCred::Kid(kid) => {
                let client = trust.client(kid).ok_or(Reject::UnknownClient)?;
                let point = C::point(client.key()).ok_or(Reject::InvalidPoint)?;
                Ok((Peer::new(*client.hash(), client.kid(), client.subject(), false), point))
            }
            IdCred::Cwt(cwt) => self.vouched(trust, &cwt, epoch),
        }
    }

    fn vouched<T: Trust>(&self, trust: &T, cwt: &Cwt<'_>, epoch: u64) -> Result<(Peer, C::Point), Reject> {
        let protected = cwt.protected()?;
        if protected.alg != Some(ES256) {
            return Err(Reject::UnsupportedAlgorithm);
        }
        let authority = trust.authority(protected.kid).ok_or(Reject::UnknownAuthority)?;
        let claims = cwt.claims()?;
        if claims.audience != self.credential.subject() {
            return Err(Reject::WrongAudience);
        }
        if claims.epoch_max < epoch {
            return Err(Reject::CwtExpired);
        }
        if !cwt.verify::<C>(&authority) {
            return Err(Reject::BadSignature);
        }
        let point = C::point(&claims.key).ok_or(Reject::InvalidPoint)?;
        Ok((Peer::new(C::sha256(cwt.payload), claims.kid, claims.subject, true), point))
    }
}

impl<C: Crypto> Accepted<'_, C> {
    /// Who called.
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// 0..1024 bytes, delivered at most once.
    pub const fn early_data(&self) -> &[u8] {
        self.early_data
    }

    /// Exports keys for what the client sends before it has the Confirm.
    pub fn early_secret(&self) -> EarlySecret {
        self.prk_2.early_secret::<C>(&self.th_3)
    }

    /// In which mode the Confirm will be.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Of the batch.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Of the batch.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Of the prekey.
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// N3: stores the Confirm with the answer data (0..1024 bytes) and writes it to `out`
    /// (at most [`CONFIRM_MAX`] bytes). Draws z in refresh mode.
    ///
    /// `DataTooLong`, `BufferTooSmall`, `BrokenRandomness`, `Storage` hand the exchange back, and `out` is overwritten with zeros.
    #[allow(clippy::result_large_err, reason = "the state is handed back, and there is no heap to box it on")]
    pub fn confirm<S: NodeStore>(
        self,
        store: &mut S,
        answer: &[u8],
        rng: &mut impl CryptoRngCore,
        out: &mut [u8],
    ) -> Result<Confirmed, Failed<Self, S::Error>> {
        match self.try_confirm(store, answer, rng, out) {
            Ok(confirmed) => Ok(confirmed),
            Err(error) => {
                // In basic mode another attempt uses the same key; so this one must not get out.
                out.zeroize();
                Err(Failed { state: self, error })
            }
        }
    }

    fn try_confirm<S: NodeStore>(
        &self,
        store: &mut S,
        answer: &[u8],
        rng: &mut impl CryptoRngCore,
        out: &mut [u8],
    ) -> Result<Confirmed, Error<S::Error>> {
        // 1
        if answer.len() > DATA_MAX {
            return Err(Misuse::DataTooLong.into());
        }
        // 2
        let (suite, mode) = (self.suite, self.mode);
        let key;
        let (z, prk_3, th_4) = match mode {
            Mode::Basic => {
                let th_4 = th_4::<C>(&self.th_3, mode, &[]);
                ([].as_slice(), self.prk_2.basic::<C>(&th_4), th_4)
            }
            Mode::Refresh => {
                let z = Scalar::draw(rng)?;
                key = C::public_key(&z);
                let th_4 = th_4::<C>(&self.th_3, mode, &key);
                let ee = C::agree(&z, &self.x);
                (key.as_slice(), self.prk_2.refresh::<C>(&th_4, &ee), th_4)
            }
        };
        let mut writer = Writer::new(out);
        writer.array(4)?.uint(self.epoch)?.uint(self.index.into())?.bytes(z)?;
        let ct_3 = writer.slot(answer.len().saturating_add(suite.tag()))?;
        let len = writer.len();
        seal_into::<C>(suite, &prk_3.confirm_keys::<C>(&th_4), &th_4.0, answer, ct_3);
        let secret = prk_3.session_secret::<C>(&th_5::<C>(&th_4, ct_3));
        // 3
        let confirm = out.get(..len).unwrap_or_default();
        store.put_confirm(self.epoch, self.index, &self.initiate, confirm).map_err(Error::Storage)?;
        Ok(Confirmed { len, session: Session { secret, suite, mode, epoch: self.epoch, index: self.index } })
    }
}
