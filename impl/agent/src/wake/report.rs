//! What a wake-up tells.

use crate::budget::Spent;
use crate::gateway::Failure;
use dke::Error;
use dke::stock::{Cause, Own, Word};
use std::fmt;

/// What happened at one wake-up.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    /// What the gateway said of this node when it was asked first; `None` if it said nothing.
    pub gateway: Option<Word>,
    /// What was not as it should be, and was mended.
    pub mended: Vec<Mended>,
    /// Publications that the gateway acknowledged.
    pub published: usize,
    /// Initiates that were accepted and answered.
    pub answered: usize,
    /// Initiates that were answered before; the Confirm was sent again.
    pub repeated: usize,
    /// Initiates that were rejected.
    pub rejected: usize,
    /// Requests that were opened and answered.
    pub served: usize,
    /// Requests that did not open.
    pub refused: usize,
    /// Prekeys that are left, at the node and at the gateway.
    pub left: u16,
    /// The budget ended the wake-up, or a part of it; the next one goes on.
    pub spent: Option<Spent>,
}

impl Wake {
    /// Messages that were looked at.
    pub(crate) fn handled(&self) -> usize {
        [self.answered, self.repeated, self.rejected].into_iter().fold(0, usize::saturating_add)
    }
}

impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wake { published, answered, repeated, rejected, served, refused, left, .. } = self;
        write!(f, "published {published}, answered {answered}, repeated {repeated}, rejected {rejected}; ")?;
        write!(f, "requests served {served}, refused {refused}; {left} prekeys left")?;
        for mended in &self.mended {
            write!(f, "\n  {mended}")?;
        }
        match self.spent {
            Some(spent) => write!(f, "\n  the budget is spent: {spent}"),
            None => Ok(()),
        }
    }
}

/// What was mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mended {
    /// The gateway did not know this node, and registered it.
    Registered,
    /// The gateway took a Publication.
    Published {
        /// Why the batch was made now; `None` if it had not been delivered before.
        cause: Option<Cause>,
        /// The node's picture before.
        before: Own,
        /// The gateway's.
        word: Word,
        /// Of the batch.
        epoch: u64,
    },
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mended::Published { cause, before, word, epoch } = self else {
            return f.write_str("gateway did not know this node: registered");
        };
        let (old, own) = (before.epoch, before.batch.map_or(0, |batch| batch.left));
        let of = before.batch.map_or(0, |batch| batch.prekeys);
        let (at, there) = match word {
            Word::Unknown => (0, 0),
            Word::Has(stock) => (stock.epoch, stock.left),
        };
        match cause {
            None => write!(f, "epoch {epoch} had not been delivered"),
            Some(Cause::First) => write!(f, "this node had no batch"),
            Some(Cause::Ending) => write!(f, "epoch {old} has ended, or ends soon"),
            Some(Cause::WrongClock) => write!(f, "epoch {old} was made with a wrong clock"),
            Some(Cause::Low) if at == old => write!(f, "gateway had {there} of {of}, node {own}"),
            Some(Cause::Low) => write!(f, "node had {own} of {of}"),
            Some(Cause::Missing) if at == 0 => write!(f, "gateway had no batch"),
            Some(Cause::Missing) => write!(f, "gateway had epoch {at}, node {old}"),
            Some(Cause::Restored) => write!(f, "gateway had forgotten what is used: it had {there}, node {own}"),
            Some(Cause::Refused) => write!(f, "gateway refused epoch {old}"),
        }?;
        write!(f, ": published epoch {epoch}")
    }
}

/// A wake-up in which something was not done. What was done is not undone, and the next wake-up goes on.
#[derive(Debug, thiserror::Error)]
#[error("{trouble}")]
pub struct Interrupted<S: fmt::Debug + fmt::Display> {
    /// What was done.
    pub done: Wake,
    /// What went wrong first.
    pub trouble: Trouble<S>,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Trouble<S: fmt::Debug + fmt::Display> {
    /// The gateway was of no use.
    #[error(transparent)]
    Gateway(#[from] Failure),
    /// The gateway does not take the newest batch, and a new one would not be better.
    #[error(
        "The gateway refused the batch: {}.{:02}. It ends {not_after} s after 1970: check this node's clock; if it is right, the gateway's is wrong, or it lies.",
        .code.0, .code.1
    )]
    BatchRefused {
        /// Class and detail.
        code: (u16, u16),
        /// UNIX seconds.
        not_after: u64,
    },
    /// The gateway has a batch of a higher epoch than the node. Nothing was done.
    #[error(
        "The gateway has epoch {gateway} of this node, whose state has epoch {own} only. If the state was restored or copied, run `dke node recover`; if not, the gateway lies."
    )]
    Outdated {
        /// The node's.
        own: u64,
        /// The gateway's.
        gateway: u64,
    },
    /// A step of the protocol was not done.
    #[error(transparent)]
    Step(#[from] Error<S>),
}

impl<S: fmt::Debug + fmt::Display> Trouble<S> {
    /// The same, with the store's error as another type.
    pub fn map<R: fmt::Debug + fmt::Display>(self, change: impl FnOnce(S) -> R) -> Trouble<R> {
        match self {
            Trouble::Gateway(failure) => Trouble::Gateway(failure),
            Trouble::BatchRefused { code, not_after } => Trouble::BatchRefused { code, not_after },
            Trouble::Outdated { own, gateway } => Trouble::Outdated { own, gateway },
            Trouble::Step(Error::Storage(error)) => Trouble::Step(Error::Storage(change(error))),
            Trouble::Step(Error::Peer(reject)) => Trouble::Step(Error::Peer(reject)),
            Trouble::Step(Error::Caller(misuse)) => Trouble::Step(Error::Caller(misuse)),
        }
    }
}
