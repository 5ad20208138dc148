//! Parties with fixed seeds, and the stores in which they keep their secrets.

use crate::requests::{public, secret};
use dke::crypto::{Crypto, Hash, PublicKey, Scalar};
use dke::params::CREDENTIAL_MAX;
use dke::store::{Batch, ClientStore, NodeStore, Pending, Prekey};
use dke::{Credential, credential};
use rand_core::{CryptoRng, Error, RngCore};
use std::convert::Infallible;

/// Bytes from a seed (SplitMix64); each is a secret.
pub struct Secrets(pub u64);

impl RngCore for Secrets {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
        secret(out);
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl CryptoRng for Secrets {}

/// A key with its credential.
pub struct Identity {
    /// Secret.
    pub key: Scalar,
    ccs: Vec<u8>,
}

impl Identity {
    /// Its key from the seed.
    pub fn new<C: Crypto>(subject: &str, kid: &[u8], seed: u64) -> Identity {
        let key = Scalar::draw(&mut Secrets(seed)).expect("a scalar");
        let mut ccs = vec![0; CREDENTIAL_MAX];
        let len = credential::encode(subject, kid, &C::coordinates(&key), &mut ccs).expect("a credential");
        ccs.truncate(len);
        Identity { key, ccs }
    }

    /// What others know of it.
    pub fn credential(&self) -> Credential<'_> {
        Credential::parse(&self.ccs).expect("a credential")
    }
}

/// A node's or a client's memory. A prekey that is erased is there all the same, so that one Initiate serves for several runs.
#[derive(Default)]
pub struct Store {
    last: u64,
    batch: Option<Batch>,
    prekeys: Vec<(Scalar, PublicKey)>,
}

impl Store {
    /// The token of the batch: secret.
    pub fn token(&self) -> [u8; 16] {
        self.batch.as_ref().expect("a batch").token
    }
}

impl NodeStore for Store {
    type Error = Infallible;

    fn last_epoch(&self) -> Result<u64, Infallible> {
        Ok(self.last)
    }

    fn batch(&self, _: u64) -> Result<Option<Batch>, Infallible> {
        Ok(self.batch.clone())
    }

    fn prekey(&self, _: u64, index: u8) -> Result<Option<Prekey>, Infallible> {
        let found = self.prekeys.get(usize::from(index));
        Ok(found.map(|(y, public)| Prekey { secret: Some(y.clone()), public: *public }))
    }

    fn begin_batch(&mut self, _: u64) -> Result<(), Infallible> {
        self.prekeys.clear();
        Ok(())
    }

    fn put_prekey(&mut self, _: u64, _: u8, y: &Scalar, public: &PublicKey) -> Result<(), Infallible> {
        self.prekeys.push((y.clone(), *public));
        Ok(())
    }

    /// Public: the header, and with it the hash of the token.
    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Infallible> {
        let mut header = batch.header().to_vec();
        public(header.as_mut_slice());
        self.last = epoch;
        self.batch = Batch::new(&header, batch.token);
        Ok(())
    }

    fn erase_prekey(&mut self, _: u64, _: u8) -> Result<(), Infallible> {
        Ok(())
    }

    fn put_confirm(&mut self, _: u64, _: u8, _: &Hash, _: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    fn confirm(&self, _: u64, _: u8, _: &Hash, _: &mut [u8]) -> Result<Option<usize>, Infallible> {
        Ok(None)
    }

    fn drop_confirm(&mut self, _: u64, _: u8) -> Result<(), Infallible> {
        Ok(())
    }
}

impl ClientStore for Store {
    type Error = Infallible;

    fn highest_epoch(&self, _: &Hash) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn begin(&mut self, _: &Pending<'_>) -> Result<(), Infallible> {
        Ok(())
    }

    fn end(&mut self, _: &Hash) -> Result<(), Infallible> {
        Ok(())
    }
}
