//! What the factory wrote: who the node is, and whom it trusts. It stays in flash and is read there.
//!
//! ```text
//! private key 32 │ insists on refresh 1 │ own credential │ pinned clients, and 0 │ pinned authorities, and 0
//! ```
//!
//! A credential is its length (1 byte, not 0) and its bytes.

use dke::crypto::Coordinates;
use dke::store::Trust;
use dke::{Credential, Misuse, Scalar};

/// The factory's page, read.
pub struct Factory<'a> {
    /// The node's ES256 key.
    pub key: Scalar,
    /// Answers every client in refresh mode.
    pub insist_on_refresh: bool,
    /// Who the node is.
    pub credential: Credential<'a>,
    rest: &'a [u8],
}

impl<'a> Factory<'a> {
    /// `InvalidKey`, `InvalidCredential` if the page holds none.
    pub fn read(page: &'a [u8]) -> Result<Self, Misuse> {
        let (key, rest) = page.split_first_chunk().ok_or(Misuse::InvalidKey)?;
        let (insist, rest) = rest.split_first().ok_or(Misuse::InvalidKey)?;
        let mut items = Items(rest);
        let credential = Credential::own(items.next().ok_or(Misuse::InvalidCredential)?)?;
        Ok(Factory { key: Scalar::from_bytes(key)?, insist_on_refresh: *insist == 1, credential, rest: items.0 })
    }

    /// The pinned clients.
    pub const fn pinned(&self) -> Pinned<'a> {
        Pinned(Items(self.rest))
    }

    /// The pinned clients and authorities.
    pub fn vouched(&self) -> Vouched<'a> {
        let mut clients = Items(self.rest);
        while clients.next().is_some() {}
        Vouched { clients: self.pinned(), authorities: Items(clients.0.get(1..).unwrap_or_default()) }
    }
}

/// Trusts pinned clients only. Its `authority` is known to be `None` when it is compiled, so that no verification of
/// signatures is linked.
pub struct Pinned<'a>(Items<'a>);

impl Trust for Pinned<'_> {
    fn client(&self, kid: &[u8]) -> Option<Credential<'_>> {
        self.0.find(kid)
    }

    #[inline]
    fn authority(&self, _kid: &[u8]) -> Option<Coordinates> {
        None
    }
}

/// Trusts clients for which a pinned authority vouches, too.
pub struct Vouched<'a> {
    clients: Pinned<'a>,
    authorities: Items<'a>,
}

impl Trust for Vouched<'_> {
    fn client(&self, kid: &[u8]) -> Option<Credential<'_>> {
        self.clients.client(kid)
    }

    fn authority(&self, kid: &[u8]) -> Option<Coordinates> {
        self.authorities.find(kid).map(|authority| *authority.key())
    }
}

/// Encoded credentials up to a length of 0.
#[derive(Clone, Copy)]
struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    fn find(self, kid: &[u8]) -> Option<Credential<'a>> {
        self.filter_map(|item| Credential::parse(item).ok()).find(|credential| credential.kid() == kid)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first().filter(|(length, _)| **length > 0)?;
        let (item, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(item)
    }
}
