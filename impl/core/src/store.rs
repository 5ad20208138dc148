//! What the parties keep, behind small traits, with the crash rules of PROTOCOL.md section 8.

use crate::credential::Credential;
use crate::crypto::{Coordinates, Hash, PublicKey, Scalar};
use crate::error::Misuse;
use crate::params::{HEADER_MAX, TOKEN};

/// What a node remembers of a batch besides its prekeys.
#[derive(Clone)]
pub struct Batch {
    header: [u8; HEADER_MAX],
    header_len: usize,
    /// Shown to the gateway to drain the mailbox.
    pub token: [u8; TOKEN],
}

impl Batch {
    /// `None` if the header has more than [`HEADER_MAX`] bytes.
    pub fn new(header: &[u8], token: [u8; TOKEN]) -> Option<Batch> {
        let mut batch = Batch { header: [0; HEADER_MAX], header_len: header.len(), token };
        batch.header.get_mut(..header.len())?.copy_from_slice(header);
        Some(batch)
    }

    /// The encoded header.
    pub fn header(&self) -> &[u8] {
        self.header.get(..self.header_len).unwrap_or_default()
    }
}

/// A prekey as the node keeps it.
pub struct Prekey {
    /// y; `None` once it is erased.
    pub secret: Option<Scalar>,
    /// Y, kept as long as the batch.
    pub public: PublicKey,
}

/// The node's durable memory: epoch, two batches, the outbox.
///
/// # Crash rules
///
/// * What a method changed is durable when it returns `Ok`; a method that returns an error may be repeated.
/// * [`commit_batch`](Self::commit_batch) is atomic: after a crash the batch is there with all its prekeys, or not at all.
/// * [`erase_prekey`](Self::erase_prekey) overwrites y where the medium allows it. After it returned `Ok`, no crash brings y back.
/// * Nothing here is ever rolled back: an old image of the medium holds erased prekeys, and the protocol does not survive that.
pub trait NodeStore {
    /// Why the medium failed.
    type Error;

    /// Epoch of the current batch; 0 before the first.
    fn last_epoch(&self) -> Result<u64, Self::Error>;

    /// The current or the previous batch; `None` if it is not (or no longer) stored.
    fn batch(&self, epoch: u64) -> Result<Option<Batch>, Self::Error>;

    /// A prekey of the current or the previous batch; `None` if the batch is not stored or has no such index.
    fn prekey(&self, epoch: u64, index: u8) -> Result<Option<Prekey>, Self::Error>;

    /// Erases the batch of `epoch − 2` with its Confirms, and whatever an interrupted attempt left of `epoch`.
    fn begin_batch(&mut self, epoch: u64) -> Result<(), Self::Error>;

    /// Stores one prekey of the batch that was begun.
    fn put_prekey(&mut self, epoch: u64, index: u8, y: &Scalar, public: &PublicKey) -> Result<(), Self::Error>;

    /// Makes the batch that was begun the current one, atomically: header, token, all prekeys, last epoch.
    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Self::Error>;

    /// Erases y; Y stays.
    fn erase_prekey(&mut self, epoch: u64, index: u8) -> Result<(), Self::Error>;

    /// Stores the Confirm to the Initiate with this SHA-256.
    fn put_confirm(&mut self, epoch: u64, index: u8, initiate: &Hash, confirm: &[u8]) -> Result<(), Self::Error>;

    /// Copies the stored Confirm to the front of `out` and returns its length; `None` if there is none for this very Initiate.
    /// `out` has room for every Confirm that was stored ([`CONFIRM_MAX`](crate::params::CONFIRM_MAX) bytes).
    fn confirm(&self, epoch: u64, index: u8, initiate: &Hash, out: &mut [u8]) -> Result<Option<usize>, Self::Error>;

    /// Drops the Confirm. Nothing happens if there is none.
    fn drop_confirm(&mut self, epoch: u64, index: u8) -> Result<(), Self::Error>;
}

/// A pending exchange on its way to the client's store.
pub struct Pending<'a> {
    /// [`AwaitingConfirm::exchange`](crate::client::AwaitingConfirm::exchange): tells it from all others.
    pub exchange: &'a Hash,
    /// H(CRED_N).
    pub node: &'a Hash,
    /// Of the exchange; becomes the highest seen of this node.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
    /// [`AwaitingConfirm::to_bytes`](crate::client::AwaitingConfirm::to_bytes): secret.
    pub state: &'a [u8; crate::client::AWAITING],
    /// The message, so that it can be sent after a crash.
    pub initiate: &'a [u8],
}

/// The client's durable memory: highest epochs and pending exchanges.
pub trait ClientStore {
    /// Why the medium failed.
    type Error;

    /// Highest epoch seen of this node; 0 for none.
    fn highest_epoch(&self, node: &Hash) -> Result<u64, Self::Error>;

    /// Stores the epoch as the highest seen and the pending exchange, in one: after a crash both are there, or neither.
    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Self::Error>;

    /// Erases the pending exchange with this [`Pending::exchange`], which has ended. Nothing happens if there is none. Another one over
    /// the same prekey stays: a lease that ran out may have been given to this client again.
    fn end(&mut self, exchange: &Hash) -> Result<(), Self::Error>;
}

/// Whom a node trusts.
pub trait Trust {
    /// The pinned credential of the client with this kid.
    fn client(&self, kid: &[u8]) -> Option<Credential<'_>>;

    /// The verification key of the pinned authority with this kid.
    fn authority(&self, kid: &[u8]) -> Option<Coordinates>;
}

/// Pinned credentials in slices.
#[derive(Clone, Copy)]
pub struct Pins<'a> {
    clients: &'a [Credential<'a>],
    authorities: &'a [Credential<'a>],
}

impl<'a> Pins<'a> {
    /// `InvalidCredential` if two clients, or two authorities, have the same kid.
    pub fn new(clients: &'a [Credential<'a>], authorities: &'a [Credential<'a>]) -> Result<Self, Misuse> {
        if unique(clients) && unique(authorities) {
            Ok(Pins { clients, authorities })
        } else {
            Err(Misuse::InvalidCredential)
        }
    }
}

impl Trust for Pins<'_> {
    fn client(&self, kid: &[u8]) -> Option<Credential<'_>> {
        self.clients.iter().find(|client| client.kid() == kid).copied()
    }

    fn authority(&self, kid: &[u8]) -> Option<Coordinates> {
        self.authorities.iter().find(|authority| authority.kid() == kid).map(|authority| *authority.key())
    }
}

fn unique(credentials: &[Credential<'_>]) -> bool {
    credentials.iter().all(|one| credentials.iter().filter(|other| other.kid() == one.kid()).count() == 1)
}
