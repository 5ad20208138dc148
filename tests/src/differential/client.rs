//! A client on both sides.

use super::{named, same, scalar};
use crate::memory_store::MemoryClientStore;
use crate::vectors::{credential, drawn};
use dke::authority::{Grant, issue};
use dke::client::{AWAITING, AwaitingConfirm, Client};
use dke::params::{CWT_MAX, DATA_MAX, INITIATE_MAX};
use dke::{Credential, Crypto, Mode, RustCrypto, Scalar};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::client as spec_client;
use dke_vectors::Given;
use std::collections::BTreeMap;

/// A client of all nodes.
pub(super) struct TwinClient {
    pub(super) credential: Bytes,
    cwt: Option<Vec<u8>>,
    spec: spec_client::Client,
    key: Scalar,
    store: MemoryClientStore,
    /// By H(CRED_N), on the side of the specification.
    highest_epochs: BTreeMap<[u8; 32], u64>,
}

/// Who vouches for a client, to which node, up to which epoch.
pub(super) struct Vouching<'a> {
    pub(super) authority: &'a Bytes,
    pub(super) audience: &'a str,
    pub(super) epoch_max: u64,
}

/// What a client asks for, and what is random in C1.
pub(super) struct Wish {
    pub(super) refresh: bool,
    pub(super) early_data: Vec<u8>,
    pub(super) x: Bytes,
    pub(super) now: u64,
}

/// A pending exchange.
pub(super) struct Pending {
    spec: spec_client::AwaitingConfirm,
    stored: [u8; AWAITING],
    pub(super) initiate: Vec<u8>,
}

impl TwinClient {
    pub(super) fn new(seed: u64, number: usize, vouching: Option<Vouching<'_>>) -> Self {
        let key = drawn(&format!("client {number} {seed}"));
        let own = credential("client", &[b'C', number as u8], &key);
        let cwt = vouching.map(|vouching| {
            let client = Credential::own(own.native_slice()).expect("a credential");
            let grant = Grant { client: &client, audience: vouching.audience, epoch_max: vouching.epoch_max };
            let mut out = vec![0; CWT_MAX];
            let len = issue(&scalar(vouching.authority), b"A", &grant, &mut out).expect("A1");
            out.truncate(len);
            out
        });
        let spec = match &cwt {
            Some(cwt) => spec_client::with_cwt(&bytes(cwt), &key),
            None => spec_client::pinned(&own, &key),
        };
        TwinClient {
            spec: spec.expect("a client"),
            credential: own,
            cwt,
            key: scalar(&key),
            store: MemoryClientStore::default(),
            highest_epochs: BTreeMap::new(),
        }
    }

    /// C1, or the name of the rejection.
    pub(super) fn initiate(&mut self, node: &[u8], offer: &[u8], wish: &Wish) -> Result<Pending, String> {
        let hash = RustCrypto::sha256(node);
        let request = spec_client::Request {
            node: bytes(node),
            highest_epoch: self.highest_epochs.get(&hash).copied().unwrap_or_default(),
            now: wish.now,
            refresh: wish.refresh,
            early_data: bytes(&wish.early_data),
            x: wish.x.clone(),
        };
        let spec = spec_client::initiate(&self.spec, &request, &bytes(offer));
        let own = Credential::own(self.credential.native_slice()).expect("a credential");
        let client: Client<'_> = match &self.cwt {
            Some(cwt) => Client::vouched(cwt, &self.key).expect("a CWT"),
            None => Client::pinned(&own, &self.key),
        };
        let mode = if wish.refresh { Mode::Refresh } else { Mode::Basic };
        let request = dke::client::Request { mode, early_data: &wish.early_data, now: wish.now };
        let node = Credential::own(node).expect("a credential");
        let mut random = Given::new(wish.x.native_slice());
        let mut out = vec![0; INITIATE_MAX];
        let begun = client.initiate(&mut self.store, &node, offer, &request, &mut random, &mut out);
        let stored = begun.as_ref().ok().map(|begun| *begun.awaiting.to_bytes());
        let right = begun
            .map(|begun| (out[..begun.len].to_vec(), begun.awaiting.early_secret().expose().to_vec()))
            .map_err(|error| error.name().to_owned());
        let left = spec.as_ref().map_err(|reject| *reject);
        let left = left
            .map(|pending| (pending.initiate.native_slice().to_vec(), pending.early_secret.native_slice().to_vec()));
        let (initiate, _) = same("C1", named(left), right)?;
        let spec = spec.expect("both sides agree");
        self.highest_epochs.insert(hash, spec.epoch);
        Ok(Pending { spec, stored: stored.expect("both sides agree"), initiate })
    }

    /// C2, as after a restart: the session secret, or the name of the rejection.
    pub(super) fn finish(&mut self, pending: &Pending, message: &[u8]) -> Result<Vec<u8>, String> {
        let spec = spec_client::finish(&pending.spec, &bytes(message));
        let awaiting: AwaitingConfirm = AwaitingConfirm::from_bytes(&pending.stored).expect("as stored");
        let mut buffer = [0; DATA_MAX];
        let right = awaiting
            .finish(&mut self.store, message, &mut buffer)
            .map(|done| (done.answer.to_vec(), done.session.secret.expose().to_vec()))
            .map_err(|failed| failed.error.name().to_owned());
        let left = spec.map(|done| (done.answer.native_slice().to_vec(), done.session_secret.native_slice().to_vec()));
        same("C2", named(left), right).map(|(_, secret)| secret)
    }

    /// Power is lost: only the store's medium is left.
    pub(super) fn restart(&mut self) {
        self.store = MemoryClientStore::restore(self.store.snapshot());
    }

    /// Both sides have seen the same epochs.
    pub(super) fn compare(&self) {
        assert_eq!(self.highest_epochs, self.store.memory().highest_epoch, "the highest epochs");
    }
}
