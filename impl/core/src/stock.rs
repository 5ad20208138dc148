//! What is left for clients, and what a node does about it: PROTOCOL.md section 18.1.
//!
//! Node and gateway each know half of it: the node which prekeys it still has, the gateway which ones it has given away. At every wake-up
//! the node asks ([`Stock`]), compares ([`next`]) and mends. All of this is pure: clock, store and network are the caller's.

use crate::cbor::{Reader, Writer};
use crate::error::{Misuse, Reject};
use crate::params::{PREKEYS_MAX, STOCK_MAX};

/// The gateway's word about a node, `[epoch, left, ends_in]`: the body of `GET /dke/{node}/left`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// Epoch of the newest batch; 0 if there is none.
    pub epoch: u64,
    /// Prekeys of that batch for which no Initiate is stored, 0..256; 0 once the batch has ended.
    pub left: u16,
    /// Seconds until the batch ends, by the gateway's clock.
    pub ends_in: u64,
}

impl Stock {
    /// Reads a Stock. `Malformed`, `NotDeterministic` or `TrailingBytes` if it is none.
    pub fn parse(bytes: &[u8]) -> Result<Stock, Reject> {
        let mut reader = Reader::new(bytes);
        reader.array(3)?;
        let epoch = reader.uint()?;
        let left = u16::try_from(reader.uint()?).map_err(|_| Reject::Malformed)?;
        let ends_in = reader.uint()?;
        reader.end()?;
        if usize::from(left) > PREKEYS_MAX { Err(Reject::Malformed) } else { Ok(Stock { epoch, left, ends_in }) }
    }

    /// Encodes the Stock. Returns its length, 4..22 bytes.
    pub fn write(&self, out: &mut [u8; STOCK_MAX]) -> Result<usize, Misuse> {
        let mut writer = Writer::new(out);
        writer.array(3)?.uint(self.epoch)?.uint(self.left.into())?.uint(self.ends_in)?;
        Ok(writer.len())
    }
}

/// The node's own picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// Of the newest batch that it made; 0 before the first.
    pub epoch: u64,
    /// That batch. `None` before the first, or if it is lost.
    pub batch: Option<OwnBatch>,
}

/// The newest batch, as the node has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnBatch {
    /// UNIX seconds.
    pub not_after: u64,
    /// 1..256.
    pub prekeys: u16,
    /// Prekeys that are erased: authentic Initiates have come over them.
    pub used: u16,
    /// Prekeys that are neither erased nor named by an Initiate that was rejected.
    pub left: u16,
    /// Some gateway has acknowledged its Publication.
    pub acknowledged: bool,
}

impl OwnBatch {
    /// Clients have come over at least half of the prekeys: a batch after this one is no stranger's doing, and costs no [`Allowance`].
    pub const fn is_earned(&self) -> bool {
        self.used.saturating_mul(2) >= self.prekeys
    }
}

/// What the gateway says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It does not know this node (4.04).
    Unknown,
    /// What it has of it.
    Has(Stock),
}

/// What the node knows of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// UNIX seconds.
    Clock(u64),
    /// It has no clock and counts its wake-ups.
    Wakes {
        /// Wake-ups since the newest batch was made.
        since: u64,
        /// not_after of a batch that is made now: the farthest date that the owner accepts.
        end: u64,
    },
}

/// When a batch is replaced. [`Default`] has the numbers of PROTOCOL.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A new batch comes when fewer prekeys than this are left, at the node or at the gateway. It counts as 1 to 2^depth.
    pub low: u16,
    /// With a clock: seconds from the making of a batch to its end.
    pub lifetime: u64,
    /// A batch is replaced so many seconds before it ends.
    pub margin: u64,
    /// Seconds beyond the lifetime at which an end shows that a clock was wrong.
    pub slack: u64,
    /// Without a clock: a batch is replaced after so many wake-ups.
    pub wakes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const DAY: u64 = 24 * 3600;
        Limits { low: 4, lifetime: 30 * DAY, margin: 7 * DAY, slack: DAY, wakes: 1000 }
    }
}

impl Limits {
    /// not_after of a batch that is made now, for this cause.
    ///
    /// It is not before that of the batch that it replaces, unless that one was wrong: so a clock that is behind, which the node may
    /// not know, makes no batch that the gateway would find expired.
    pub fn end(&self, own: &Own, cause: Cause, time: Time) -> u64 {
        let before = own.batch.filter(|_| cause != Cause::WrongClock).map_or(0, |batch| batch.not_after);
        self.usual(time).max(before)
    }

    /// Would a batch that is made now end so much later than this one that the gateway may take it, though it found this one expired?
    pub fn outlasts(&self, not_after: u64, time: Time) -> bool {
        self.usual(time) >= not_after.saturating_add(self.slack)
    }

    const fn usual(&self, time: Time) -> u64 {
        match time {
            Time::Clock(now) => now.saturating_add(self.lifetime),
            Time::Wakes { end, .. } => end,
        }
    }
}

/// What the node does about its prekeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: both have enough.
    Rest,
    /// Send the newest batch: no gateway has acknowledged it, and no prekey of it is used.
    Send,
    /// Make a new batch, and send it.
    Renew(Cause),
    /// Nothing, and no mail either: the gateway has a batch of a higher epoch. This node's state is an old copy, or the gateway lies.
    Outdated,
}

/// Why a new batch is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// There is none.
    First,
    /// The end is near, or has passed.
    Ending,
    /// Its end is farther away than any batch's may be: it was made with a wrong clock.
    WrongClock,
    /// Too few prekeys are left, at the node or at the gateway.
    Low,
    /// The gateway has no batch, or an older one, and this one may have been handed out before.
    Missing,
    /// The gateway would hand out prekeys that are used: its store is older than the node's.
    Restored,
    /// The gateway refused the newest batch.
    Refused,
}

/// What the node does, by the first line of the table of section 18.1 that fits.
pub fn next(own: &Own, word: &Word, time: Time, limits: &Limits) -> Action {
    let there = match word {
        Word::Unknown => Stock { epoch: 0, left: 0, ends_in: 0 },
        Word::Has(stock) => *stock,
    };
    if there.epoch > own.epoch {
        return Action::Outdated;
    }
    let Some(batch) = own.batch else { return Action::Renew(Cause::First) };
    let same = Some(there).filter(|there| there.epoch == own.epoch);
    if let Some(cause) = end(&batch, same, time, limits) {
        return Action::Renew(cause);
    }
    // A full batch is never low, and an empty one always is.
    let low = limits.low.min(batch.prekeys).max(1);
    match same {
        _ if batch.left < low => Action::Renew(Cause::Low),
        None if batch.acknowledged || batch.left < batch.prekeys => Action::Renew(Cause::Missing),
        None => Action::Send,
        Some(there) if there.left < low => Action::Renew(Cause::Low),
        // Whatever the node has used, the gateway has seen used.
        Some(there) if there.left > batch.left => Action::Renew(Cause::Restored),
        Some(_) => Action::Rest,
    }
}

/// Is the batch's end near, or wrong?
fn end(batch: &OwnBatch, same: Option<Stock>, time: Time, limits: &Limits) -> Option<Cause> {
    let farthest = limits.lifetime.saturating_add(limits.slack);
    match time {
        Time::Clock(now) if batch.not_after < now.saturating_add(limits.margin) => Some(Cause::Ending),
        // Was the clock wrong then, or is it now? If the gateway finds the end near enough, it is now: nothing is done by it.
        Time::Clock(now) if batch.not_after > now.saturating_add(farthest) => {
            same.is_none_or(|there| there.ends_in > farthest).then_some(Cause::WrongClock)
        }
        Time::Clock(_) => None,
        Time::Wakes { since, .. } if since >= limits.wakes => Some(Cause::Ending),
        Time::Wakes { .. } => {
            let near = same.is_some_and(|there| there.ends_in < limits.margin);
            (near && limits.outlasts(batch.not_after, time)).then_some(Cause::Ending)
        }
    }
}

/// How many batches a node makes though its clients have not used up the one before: whatever a gateway or strangers do, no more than
/// this. [`Default`] has the numbers of PROTOCOL.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many at once.
    pub burst: u16,
    /// With a clock: one more after so many seconds.
    pub seconds: u64,
    /// Without one: one more after so many wake-ups.
    pub wakes: u64,
}

impl Default for Rate {
    fn default() -> Self {
        Rate { burst: 12, seconds: 300, wakes: 4 }
    }
}

/// What of a [`Rate`] is used up. It belongs into the node's durable state. The default has used nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Batches that count now.
    pub spent: u16,
    /// Since when the next one of them has been on its way back: UNIX seconds, or counted wake-ups. 0 if none is.
    pub since: u64,
}

impl Allowance {
    /// The allowance at this time: one comes back `every` so many seconds or wake-ups.
    ///
    /// A clock that was set back gives nothing; one that was set forward gives the burst at most.
    pub fn at(self, time: u64, every: u64) -> Allowance {
        let passed = time.saturating_sub(self.since);
        let every = every.max(1);
        let back = u16::try_from(passed.checked_div(every).unwrap_or_default()).unwrap_or(u16::MAX);
        match self.spent.saturating_sub(back) {
            0 => Allowance::default(),
            spent => {
                let begun = passed.checked_rem(every).unwrap_or_default();
                Allowance { spent, since: time.saturating_sub(begun) }
            }
        }
    }

    /// The allowance after one more batch at this time; `None` if none is left.
    pub fn spend(self, time: u64, rate: &Rate) -> Option<Allowance> {
        let since = if self.spent == 0 { time } else { self.since };
        (self.spent < rate.burst).then_some(Allowance { spent: self.spent.saturating_add(1), since })
    }
}
