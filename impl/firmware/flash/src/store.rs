//! The store. Flash has two halves; a batch lives in the half of its epoch's last bit, with all that belongs to it:
//!
//! ```text
//! batch     epoch 8 │ length of the header 8 │ header 128 │ token 16 │ check
//! prekeys   16 x    Y 32 │ y 32 │ check
//! Confirms  16 x    SHA-256 of the Initiate 32 │ length 8 │ Confirm 0..1089, padded │ check
//! ```
//!
//! Everything has its place, so there is nothing to search, to move or to keep in RAM; a record counts when its checksum holds.
//!
//! | operation | on flash | power is cut in the middle |
//! |---|---|---|
//! | begin a batch | erase the half, which holds the batch before the previous one | the other half has the current batch; begun anew |
//! | put a prekey | program its place | the batch does not count; begun anew |
//! | commit | program the batch's record; its checksum comes last | the checksum holds, or the batch does not count |
//! | erase y | program zeros over y and its checksum | what is left of y is no prekey, and is zeroed at the next start |
//! | put a Confirm | program its place, checksum last | it does not count: the exchange is lost, its prekey is gone already |
//! | drop a Confirm | program zeros over its length | it is there, or not |
//!
//! That zeros can be programmed over anything is what makes an erasure of one y cheap and final.

use crate::record::{CHECK, Recorder, erase, padded, read, zero};
use crate::{Fault, Flash, PAGE, WORD};
use dke::Scalar;
use dke::crypto::{Hash, PublicKey};
use dke::params::{CONFIRM_MAX, HASH, HEADER_MAX, KEY, TOKEN};
use dke::store::{Batch, NodeStore, Prekey};

/// Prekeys in a batch, at most.
pub const CAPACITY: usize = 16;

const HEADER: usize = 2 * WORD;
const TOKEN_AT: usize = HEADER + padded(HEADER_MAX);
const BATCH: usize = TOKEN_AT + padded(TOKEN);

const PREKEYS_AT: usize = BATCH + CHECK;
const PREKEY: usize = 2 * KEY;
const PREKEY_SLOT: usize = PREKEY + CHECK;

const CONFIRMS_AT: usize = PREKEYS_AT + CAPACITY * PREKEY_SLOT;
const CONFIRM_HEAD: usize = HASH + WORD;
const CONFIRM_SLOT: usize = CONFIRM_HEAD + padded(CONFIRM_MAX) + CHECK;

const HALF_PAGES: usize = (CONFIRMS_AT + CAPACITY * CONFIRM_SLOT).div_ceil(PAGE);
const HALF: usize = HALF_PAGES * PAGE;
/// Pages that the store needs.
pub const PAGES: usize = 2 * HALF_PAGES;

/// A node's store of up to [`CAPACITY`] prekeys a batch, on [`PAGES`] pages. Keeps nothing in RAM.
pub struct FlashStore<F> {
    flash: F,
}

impl<F: Flash> FlashStore<F> {
    /// After a start: finishes the erasures that a loss of power has interrupted.
    pub fn mount(flash: F) -> Result<Self, Fault<F::Error>> {
        let mut store = FlashStore { flash };
        for half in 0..2 {
            let Some(epoch) = store.epoch(half) else { continue };
            for index in 0..CAPACITY {
                let at = prekey_at(half, index);
                if read(store.flash.memory(), epoch, at, PREKEY).is_none() {
                    store.zero_y(at)?;
                }
            }
        }
        Ok(store)
    }

    /// The flash, for what a test does to it.
    pub const fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    /// The flash, when the store is at rest.
    pub fn into_flash(self) -> F {
        self.flash
    }

    /// Epoch of the batch in this half, if one counts.
    fn epoch(&self, half: usize) -> Option<u64> {
        let memory = self.flash.memory();
        let epoch = uint(memory, half * HALF)?;
        read(memory, epoch, half * HALF, BATCH).map(|_| epoch)
    }

    /// The half in which this batch is stored.
    fn stored(&self, epoch: u64) -> Option<usize> {
        let half = half_of(epoch);
        (self.epoch(half) == Some(epoch)).then_some(half)
    }

    fn zero_y(&mut self, prekey: usize) -> Result<(), Fault<F::Error>> {
        zero(&mut self.flash, prekey + KEY, KEY + CHECK)
    }
}

impl<F: Flash> NodeStore for FlashStore<F> {
    type Error = Fault<F::Error>;

    fn last_epoch(&self) -> Result<u64, Self::Error> {
        Ok(self.epoch(0).max(self.epoch(1)).unwrap_or(0))
    }

    fn batch(&self, epoch: u64) -> Result<Option<Batch>, Self::Error> {
        Ok(self.stored(epoch).and_then(|half| {
            let record = self.flash.memory().get(half * HALF..)?;
            let length = length(record, WORD)?;
            let token = record.get(TOKEN_AT..)?.first_chunk::<TOKEN>()?;
            Batch::new(record.get(HEADER..)?.get(..length)?, *token)
        }))
    }

    fn prekey(&self, epoch: u64, index: u8) -> Result<Option<Prekey>, Self::Error> {
        Ok(place(index).zip(self.stored(epoch)).and_then(|(index, half)| {
            let at = prekey_at(half, index);
            let public = *self.flash.memory().get(at..)?.first_chunk::<KEY>()?;
            let secret = read(self.flash.memory(), epoch, at, PREKEY)
                .and_then(|prekey| Scalar::from_bytes(prekey.last_chunk::<KEY>()?).ok());
            Some(Prekey { secret, public })
        }))
    }

    fn begin_batch(&mut self, epoch: u64) -> Result<(), Self::Error> {
        let first = half_of(epoch) * HALF_PAGES;
        (first..first + HALF_PAGES).try_for_each(|page| erase(&mut self.flash, page))
    }

    fn put_prekey(&mut self, epoch: u64, index: u8, y: &Scalar, public: &PublicKey) -> Result<(), Self::Error> {
        let at = prekey_at(half_of(epoch), place(index).ok_or(Fault::Full)?);
        let mut record = Recorder::new(&mut self.flash, epoch, at);
        record.part(public)?;
        record.part(y.expose())?;
        record.finish()
    }

    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<(), Self::Error> {
        let mut header = [0; HEADER_MAX];
        let length = batch.header().len();
        header.get_mut(..length).ok_or(Fault::Full)?.copy_from_slice(batch.header());
        let mut record = Recorder::new(&mut self.flash, epoch, half_of(epoch) * HALF);
        record.part(&epoch.to_be_bytes())?;
        record.part(&word(length))?;
        record.part(&header)?;
        record.part(&batch.token)?;
        record.finish()
    }

    fn erase_prekey(&mut self, epoch: u64, index: u8) -> Result<(), Self::Error> {
        match place(index).zip(self.stored(epoch)) {
            Some((index, half)) => self.zero_y(prekey_at(half, index)),
            None => Ok(()),
        }
    }

    fn put_confirm(&mut self, epoch: u64, index: u8, initiate: &Hash, confirm: &[u8]) -> Result<(), Self::Error> {
        let place = place(index).filter(|_| confirm.len() <= CONFIRM_MAX).ok_or(Fault::Full)?;
        let mut record = Recorder::new(&mut self.flash, epoch, confirm_at(half_of(epoch), place));
        record.part(initiate)?;
        record.part(&word(confirm.len()))?;
        record.part(confirm)?;
        record.finish()
    }

    fn confirm(&self, epoch: u64, index: u8, initiate: &Hash, out: &mut [u8]) -> Result<Option<usize>, Self::Error> {
        Ok(place(index).zip(self.stored(epoch)).and_then(|(index, half)| {
            let (memory, at) = (self.flash.memory(), confirm_at(half, index));
            let length = length(memory, at + HASH).filter(|length| (1..=CONFIRM_MAX).contains(length))?;
            let (hash, rest) = read(memory, epoch, at, CONFIRM_HEAD + padded(length))?.split_first_chunk::<HASH>()?;
            let confirm = rest.get(WORD..)?.get(..length)?;
            out.get_mut(..length)?.copy_from_slice(confirm);
            (hash == initiate).then_some(length)
        }))
    }

    fn drop_confirm(&mut self, epoch: u64, index: u8) -> Result<(), Self::Error> {
        match place(index).zip(self.stored(epoch)) {
            Some((index, half)) => zero(&mut self.flash, confirm_at(half, index) + HASH, WORD),
            None => Ok(()),
        }
    }
}

fn half_of(epoch: u64) -> usize {
    usize::from(epoch & 1 == 1)
}

/// `None` beyond the store's capacity.
fn place(index: u8) -> Option<usize> {
    Some(usize::from(index)).filter(|index| *index < CAPACITY)
}

const fn prekey_at(half: usize, index: usize) -> usize {
    half * HALF + PREKEYS_AT + index * PREKEY_SLOT
}

const fn confirm_at(half: usize, index: usize) -> usize {
    half * HALF + CONFIRMS_AT + index * CONFIRM_SLOT
}

fn uint(memory: &[u8], at: usize) -> Option<u64> {
    memory.get(at..)?.first_chunk::<WORD>().map(|word| u64::from_be_bytes(*word))
}

fn length(memory: &[u8], at: usize) -> Option<usize> {
    uint(memory, at).and_then(|length| usize::try_from(length).ok())
}

fn word(length: usize) -> [u8; WORD] {
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}
