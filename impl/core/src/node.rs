//! The node: publishes prekeys (N1), accepts Initiates (N2), confirms (N3), forgets (N4).
//!
//! ```text
//!  Node ── publish ──▶ (store: current batch)                                   N1
//!   │
//!   └──── accept ───▶ Incoming::Repeated: send the stored Confirm again          N2.3
//!            │
//!            └─────▶ Incoming::Accepted ── confirm ──▶ Confirmed: send it        N2, N3
//!                       ▲          │                        │
//!                       └─ Failed ─┘                   acknowledged              N4
//! ```
//!
//! When `accept` returns an [`Accepted`], the prekey is already erased: what is dropped now is lost and must be begun anew by the
//! client. A rejected message changes nothing.

mod accept;
mod publish;

pub use accept::{Accepted, Confirmed, Incoming};
pub use publish::Plan;

use crate::credential::Credential;
use crate::crypto::{Crypto, Hash, RustCrypto, Scalar};
use crate::error::Error;
use crate::params::{KID_MAX, NAME_MAX};
use crate::store::NodeStore;
use core::marker::PhantomData;

/// A node's identity and policy. What it remembers is in its [`NodeStore`].
pub struct Node<'a, C = RustCrypto> {
    credential: Credential<'a>,
    key: &'a Scalar,
    insist_on_refresh: bool,
    backend: PhantomData<C>,
}

impl<'a> Node<'a> {
    /// A node with this credential and its ES256 key, on the default backend. With `insist_on_refresh` it answers every client in
    /// refresh mode, asked or not.
    pub const fn new(credential: Credential<'a>, key: &'a Scalar, insist_on_refresh: bool) -> Self {
        Node::with_crypto(credential, key, insist_on_refresh)
    }
}

impl<'a, C: Crypto> Node<'a, C> {
    /// [`Node::new`] on the backend `C`.
    pub const fn with_crypto(credential: Credential<'a>, key: &'a Scalar, insist_on_refresh: bool) -> Self {
        Node { credential, key, insist_on_refresh, backend: PhantomData }
    }

    /// Who this node is.
    pub const fn credential(&self) -> &Credential<'a> {
        &self.credential
    }

    /// N4: the gateway has acknowledged the Confirm of this exchange.
    pub fn acknowledged<S: NodeStore>(&self, store: &mut S, epoch: u64, index: u8) -> Result<(), Error<S::Error>> {
        store.drop_confirm(epoch, index).map_err(Error::Storage)
    }
}

/// The client of an accepted exchange, as its credential names it.
#[derive(Clone)]
pub struct Peer {
    hash: Hash,
    kid: Short<KID_MAX>,
    subject: Short<NAME_MAX>,
    vouched: bool,
}

impl Peer {
    fn new(hash: Hash, kid: &[u8], subject: &str, vouched: bool) -> Self {
        Peer { hash, kid: Short::new(kid), subject: Short::new(subject.as_bytes()), vouched }
    }

    /// H(CRED_C).
    pub const fn hash(&self) -> &Hash {
        &self.hash
    }

    /// 1..16 bytes.
    pub fn kid(&self) -> &[u8] {
        self.kid.get()
    }

    /// 1..64 bytes.
    pub fn subject(&self) -> &str {
        core::str::from_utf8(self.subject.get()).unwrap_or_default()
    }

    /// Did an authority vouch for it by a CWT? Otherwise its credential is pinned.
    pub const fn vouched(&self) -> bool {
        self.vouched
    }
}

/// At most `N` bytes by value.
#[derive(Clone)]
struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Short<N> {
    fn new(from: &[u8]) -> Self {
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(from) {
            *to = *from;
        }
        Short { bytes, len: from.len().min(N) }
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
