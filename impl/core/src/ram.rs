//! Stores of fixed capacity in memory: for devices that keep their RAM while they sleep, for simulations and examples.
//!
//! They are as durable as the memory that they are in, and nothing of them is atomic against a loss of power.

use crate::client::AWAITING;
use crate::crypto::{Hash, PublicKey, Scalar};
use crate::params::CONFIRM_MAX;
use crate::store::{Batch, ClientStore, NodeStore, Pending, Prekey};
use core::fmt;
use zeroize::Zeroizing;

/// There is no room for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The store is full.")
    }
}

impl core::error::Error for Full {}

/// A node's store: two batches of up to `PREKEYS` prekeys (64 bytes each), `OUTBOX` Confirms (1.1 kB each).
pub struct RamNode<const PREKEYS: usize, const OUTBOX: usize> {
    last: u64,
    /// By the epoch's last bit: current and previous batch, or the one being made.
    batches: [Kept<PREKEYS>; 2],
    outbox: [Option<Sent>; OUTBOX],
}

struct Kept<const PREKEYS: usize> {
    epoch: u64,
    batch: Option<Batch>,
    prekeys: [Option<(Option<Scalar>, PublicKey)>; PREKEYS],
}

struct Sent {
    epoch: u64,
    index: u8,
    initiate: Hash,
    bytes: [u8; CONFIRM_MAX],
    len: usize,
}

impl<const PREKEYS: usize, const OUTBOX: usize> RamNode<PREKEYS, OUTBOX> {
    /// Nothing published yet.
    pub const fn new() -> Self {
        RamNode { last: 0, batches: [Kept::new(0), Kept::new(0)], outbox: [const { None }; OUTBOX] }
    }

    fn kept(&self, epoch: u64) -> Option<&Kept<PREKEYS>> {
        self.batches.iter().find(|kept| kept.epoch == epoch && kept.batch.is_some())
    }

    fn slot(&mut self, epoch: u64) -> &mut Kept<PREKEYS> {
        let [even, odd] = &mut self.batches;
        if epoch & 1 == 0 { even } else { odd }
    }
}

impl<const PREKEYS: usize, const OUTBOX: usize> Default for RamNode<PREKEYS, OUTBOX> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const PREKEYS: usize> Kept<PREKEYS> {
    const fn new(epoch: u64) -> Self {
        Kept { epoch, batch: None, prekeys: [const { None }; PREKEYS] }
    }
}

impl<const PREKEYS: usize, const OUTBOX: usize> NodeStore for RamNode<PREKEYS, OUTBOX> {
    type Error = Full;

    fn last_epoch(&self) -> Result<u64, Full> {
        Ok(self.last)
    }

    fn batch(&self, epoch: u64) -> Result<Option<Batch>, Full> {
        Ok(self.kept(epoch).and_then(|kept| kept.batch.clone()))
    }

    fn prekey(&self, epoch: u64, index: u8) -> Result<Option<Prekey>, Full> {
        let found = self.kept(epoch).and_then(|kept| kept.prekeys.get(usize::from(index)));
        Ok(found.and_then(Option::as_ref).map(|(secret, public)| Prekey { secret: secret.clone(), public: *public }))
    }

    fn begin_batch(&mut self, epoch: u64) -> Result<(), Full> {
        for sent in &mut self.outbox {
            sent.take_if(|sent| sent.epoch < epoch.saturating_sub(1));
        }
        let slot = self.slot(epoch);
        slot.epoch = epoch;
        slot.batch = None;
        slot.prekeys.fill_with(|| None);
        Ok(())
    }

    fn put_prekey(&mut self, epoch: u64, index: u8, y: &Scalar, public: &PublicKey) -> Result<(), Full> {
        let place = self.slot(epoch).prekeys.get_mut(usize::from(index)).ok_or(Full)?;
        *place = Some((Some(y.clone()), *public));
        Ok(())
    }

    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Full> {
        self.slot(epoch).batch = Some(batch.clone());
        self.last = epoch;
        Ok(())
    }

    fn erase_prekey(&mut self, epoch: u64, index: u8) -> Result<(), Full> {
        if let Some(Some((secret, _))) = self.slot(epoch).prekeys.get_mut(usize::from(index)) {
            *secret = None;
        }
        Ok(())
    }

    fn put_confirm(&mut self, epoch: u64, index: u8, initiate: &Hash, confirm: &[u8]) -> Result<(), Full> {
        let place = self.outbox.iter_mut().find(|sent| sent.is_none()).ok_or(Full)?;
        let mut bytes = [0; CONFIRM_MAX];
        bytes.get_mut(..confirm.len()).ok_or(Full)?.copy_from_slice(confirm);
        *place = Some(Sent { epoch, index, initiate: *initiate, bytes, len: confirm.len() });
        Ok(())
    }

    fn confirm(&self, epoch: u64, index: u8, initiate: &Hash, out: &mut [u8]) -> Result<Option<usize>, Full> {
        let mut sent = self.outbox.iter().flatten();
        let Some(sent) = sent.find(|sent| (sent.epoch, sent.index, &sent.initiate) == (epoch, index, initiate)) else {
            return Ok(None);
        };
        let bytes = sent.bytes.get(..sent.len).ok_or(Full)?;
        out.get_mut(..sent.len).ok_or(Full)?.copy_from_slice(bytes);
        Ok(Some(sent.len))
    }

    fn drop_confirm(&mut self, epoch: u64, index: u8) -> Result<(), Full> {
        for sent in &mut self.outbox {
            sent.take_if(|sent| (sent.epoch, sent.index) == (epoch, index));
        }
        Ok(())
    }
}

/// A client's store: highest epochs of `NODES` nodes, `PENDING` pending exchanges without their Initiates.
pub struct RamClient<const NODES: usize, const PENDING: usize> {
    highest: [Option<(Hash, u64)>; NODES],
    pending: [Option<Open>; PENDING],
}

struct Open {
    exchange: Hash,
    state: Zeroizing<[u8; AWAITING]>,
}

impl<const NODES: usize, const PENDING: usize> RamClient<NODES, PENDING> {
    /// No node seen yet.
    pub const fn new() -> Self {
        RamClient { highest: [None; NODES], pending: [const { None }; PENDING] }
    }

    /// State of a pending exchange, by its [`Pending::exchange`].
    pub fn pending(&self, exchange: &Hash) -> Option<&[u8; AWAITING]> {
        self.pending.iter().flatten().find(|open| open.exchange == *exchange).map(|open| &*open.state)
    }
}

impl<const NODES: usize, const PENDING: usize> Default for RamClient<NODES, PENDING> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const NODES: usize, const PENDING: usize> ClientStore for RamClient<NODES, PENDING> {
    type Error = Full;

    fn highest_epoch(&self, node: &Hash) -> Result<u64, Full> {
        let seen = self.highest.iter().flatten().find(|(seen, _)| seen == node);
        Ok(seen.map_or(0, |(_, epoch)| *epoch))
    }

    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Full> {
        let known = self.highest.iter().position(|seen| seen.is_some_and(|(seen, _)| seen == *pending.node));
        let place = known.or_else(|| self.highest.iter().position(Option::is_none)).ok_or(Full)?;
        let open = self.pending.iter_mut().find(|open| open.is_none()).ok_or(Full)?;
        *open = Some(Open { exchange: *pending.exchange, state: Zeroizing::new(*pending.state) });
        *self.highest.get_mut(place).ok_or(Full)? = Some((*pending.node, pending.epoch));
        Ok(())
    }

    fn end(&mut self, exchange: &Hash) -> Result<(), Full> {
        for open in &mut self.pending {
            open.take_if(|open| open.exchange == *exchange);
        }
        Ok(())
    }
}
