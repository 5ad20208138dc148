//! One wake-up of a node: PROTOCOL.md section 18.1.
//!
//! ```text
//!          ┌────────────────────────── sleep ──────────────────────────┐
//!          ▼                                                           │
//!   GET left: does the gateway have the same picture?                  │
//!          │ it has no batch whose token this node has: mend, first    │
//!          ▼                                                           │
//!   outbox: POST what is not acknowledged, forget it (N4)              │
//!          ▼                                                           │
//!   mailbox: accept (N2) ─▶ number new? store ─▶ handler ─▶ confirm, store (N3) ─▶ POST ─▶ forget (N4)
//!          ▼                                                           │
//!   requests: open, store ─▶ handler ─▶ protect, store ─▶ PUT ─▶ forget│
//!          ▼                                                           │
//!   mend: register, send the batch (N1.3), make a new one (N1) ────────┘
//! ```
//!
//! What fails in one part is told at the end, and the other parts are done.

mod report;

pub use report::{Interrupted, Mended, Trouble, Wake};

use crate::budget::{Meter, Share, Spent};
use crate::gateway::{Failure, Gateway};
use crate::node::{Handler, Ledger, NodeAgent, Upkeep};
use dke::Error;
use dke::crypto::Hash;
use dke::message::Header;
use dke::node::Plan;
use dke::params::{PUBLICATION_MAX, TOKEN};
use dke::stock::{Action, Cause, Own, OwnBatch, Time, Word, next};
use dke::store::Trust;
use rand_core::CryptoRngCore;
use std::sync::Arc;

/// A wake-up under way.
pub(crate) struct Waking<'w, 'a, T, S: Ledger> {
    pub(crate) agent: &'w NodeAgent<'a, T>,
    pub(crate) store: &'w mut S,
    pub(crate) meter: Arc<Meter>,
    /// The gateway, for mail.
    pub(crate) mail: Gateway,
    /// The gateway, for prekeys.
    upkeep: Gateway,
    time: Time,
    pub(crate) wake: Wake,
    /// What went wrong first.
    trouble: Option<Trouble<S::Error>>,
}

impl<T: Trust> NodeAgent<'_, T> {
    /// One wake-up. `now` is in UNIX seconds; `None` for a node without a clock, which counts its wake-ups.
    ///
    /// [`Interrupted`] if something could not be done; the rest was, and the next wake-up goes on.
    pub async fn wake<S: Ledger>(
        &self,
        store: &mut S,
        handler: &mut impl Handler,
        now: Option<u64>,
        random: &mut impl CryptoRngCore,
    ) -> Result<Wake, Interrupted<S::Error>> {
        let time = match self.time(store, now) {
            Ok(time) => time,
            Err(error) => return Err(Interrupted { done: Wake::default(), trouble: Trouble::Step(error) }),
        };
        let meter = Arc::new(Meter::new(self.settings.budget));
        let mail = self.gateway.metered(&meter, Share::Mail);
        let upkeep = self.gateway.metered(&meter, Share::Upkeep);
        let mut waking = Waking { agent: self, store, meter, mail, upkeep, time, wake: Wake::default(), trouble: None };
        let ended = waking.run(handler, random).await;
        let ended = waking.note(ended);
        let Waking { wake: done, trouble, .. } = waking;
        match ended.err().or(trouble) {
            None => Ok(done),
            Some(trouble) => Err(Interrupted { done, trouble }),
        }
    }

    /// What the node knows of time. Without a clock, this wake-up is counted.
    fn time<S: Ledger>(&self, store: &mut S, now: Option<u64>) -> Result<Time, Error<S::Error>> {
        if let Some(now) = now {
            return Ok(Time::Clock(now));
        }
        let upkeep = store.upkeep().map_err(Error::Storage)?;
        let upkeep = Upkeep { wakes: upkeep.wakes.saturating_add(1), ..upkeep };
        store.set_upkeep(&upkeep).map_err(Error::Storage)?;
        Ok(Time::Wakes { since: upkeep.wakes.saturating_sub(upkeep.made), end: self.settings.end })
    }
}

impl<'w, T: Trust, S: Ledger> Waking<'w, '_, T, S> {
    async fn run(
        &mut self,
        handler: &mut impl Handler,
        random: &mut impl CryptoRngCore,
    ) -> Result<(), Trouble<S::Error>> {
        let mut word = match self.compare().await {
            // Mail is fetched all the same.
            Err(trouble @ Trouble::Gateway(Failure::Refused(_) | Failure::Later(_) | Failure::Malformed(_))) => {
                self.note(Err(trouble))?;
                None
            }
            word => Some(word?),
        };
        self.wake.gateway = word;
        let mut mends = self.agent.settings.mends;
        if let Some(first) = word.filter(|_| mends)
            && self.token(word)?.is_none()
        {
            let mended = self.mend(&first, random).await;
            mends = mended.is_ok();
            self.note(mended)?;
            word = Some(self.compare().await?);
        }
        let mut foreign = false;
        if let Some(token) = self.token(word)? {
            let sent = self.empty_outbox(&token).await;
            self.note(sent)?;
            let drained = self.drain_mailbox(&token, handler, random).await;
            foreign = matches!(drained, Err(Trouble::Gateway(Failure::Refused((4, 3)))));
            self.note(drained)?;
            // Before a new batch erases early keys, and after the Initiates from which requests have theirs.
            let served = self.serve_requests(&token, handler).await;
            self.note(served)?;
            // Who answered something cannot compare with what the gateway said before.
            if self.wake.handled() > 0 && word.is_some() {
                word = Some(self.compare().await?);
            }
        }
        if let Some(word) = word.filter(|_| mends) {
            let mended = if foreign { self.replace(&word, random).await } else { self.mend(&word, random).await };
            self.note(mended)?;
        }
        self.wake.left = self.left(word)?;
        Ok(())
    }

    /// The gateway's word. A node whose state is an older copy would take prekeys for fresh that are used up: it stops here.
    async fn compare(&self) -> Result<Word, Trouble<S::Error>> {
        let word = self.upkeep.left(self.id()).await?;
        let own = self.store.last_epoch().map_err(Error::Storage)?;
        match word {
            Word::Has(stock) if stock.epoch > own => Err(Trouble::Outdated { own, gateway: stock.epoch }),
            word => Ok(word),
        }
    }

    /// H(CRED_N).
    pub(crate) fn id(&self) -> &'w Hash {
        self.agent.node.credential().hash()
    }

    /// Remembers what went wrong at the gateway; what went wrong here ends the wake-up.
    pub(crate) fn note(&mut self, done: Result<(), Trouble<S::Error>>) -> Result<(), Trouble<S::Error>> {
        match done {
            Ok(()) => {}
            Err(Trouble::Gateway(Failure::Spent(spent))) => {
                self.wake.spent.get_or_insert(spent);
            }
            Err(trouble @ (Trouble::Gateway(_) | Trouble::BatchRefused { .. })) => {
                self.trouble.get_or_insert(trouble);
            }
            Err(trouble) => return Err(trouble),
        }
        Ok(())
    }

    /// The mailbox token of the gateway's newest batch, if the node has it. Where the gateway says nothing, it is taken to have the batch
    /// that was acknowledged last.
    fn token(&self, word: Option<Word>) -> Result<Option<[u8; TOKEN]>, Error<S::Error>> {
        let epoch = match word {
            Some(Word::Has(stock)) => stock.epoch,
            Some(Word::Unknown) => return Ok(None),
            None => self.store.acknowledged().map_err(Error::Storage)?,
        };
        Ok(self.store.batch(epoch).map_err(Error::Storage)?.map(|batch| batch.token))
    }

    /// The node's picture.
    fn own(&self) -> Result<Own, Error<S::Error>> {
        let epoch = self.store.last_epoch().map_err(Error::Storage)?;
        let Some(batch) = self.store.batch(epoch).map_err(Error::Storage)? else {
            return Ok(Own { epoch, batch: None });
        };
        let header = Header::parse(batch.header(), self.id())?;
        let (prekeys, counts) = (header.depth.prekeys(), self.store.counts(epoch).map_err(Error::Storage)?);
        let acknowledged = self.store.acknowledged().map_err(Error::Storage)? >= epoch;
        let left = prekeys.saturating_sub(counts.used).saturating_sub(counts.rejected);
        let batch = OwnBatch { not_after: header.not_after, prekeys, used: counts.used, left, acknowledged };
        Ok(Own { epoch, batch: Some(batch) })
    }

    /// Prekeys that both have.
    fn left(&self, word: Option<Word>) -> Result<u16, Error<S::Error>> {
        let own = self.own()?;
        let here = own.batch.map_or(0, |batch| batch.left);
        // What was sent at this wake-up was not asked about again.
        let sent = self.wake.published > 0 && own.batch.is_some_and(|batch| batch.acknowledged);
        Ok(match word {
            _ if sent => here,
            None => here,
            Some(Word::Has(stock)) if stock.epoch == own.epoch => here.min(stock.left),
            Some(_) => 0,
        })
    }

    /// Compares, and mends what is not as it should be.
    async fn mend(&mut self, word: &Word, random: &mut impl CryptoRngCore) -> Result<(), Trouble<S::Error>> {
        let own = self.own()?;
        let there = matches!(word, Word::Has(stock) if stock.epoch == own.epoch);
        if there && own.batch.is_some_and(|batch| !batch.acknowledged) {
            // The acknowledgement of an earlier wake-up was lost on its way, or that of the admission key was.
            self.admit().await?;
            self.store.set_acknowledged(own.epoch).map_err(Error::Storage)?;
        }
        let action = next(&own, word, self.time, &self.agent.settings.limits);
        if *word == Word::Unknown && matches!(action, Action::Send | Action::Renew(_)) {
            self.upkeep.register(self.agent.node.credential()).await?;
            self.wake.mended.push(Mended::Registered);
        }
        match action {
            // `compare` has told an outdated state.
            Action::Rest | Action::Outdated => Ok(()),
            Action::Send => self.send(None, &own, word, random).await,
            Action::Renew(cause) => {
                self.renew(cause, &own, random)?;
                self.send(Some(cause), &own, word, random).await
            }
        }
    }

    /// The gateway has a batch of the newest epoch that is not this node's: it does not take the token.
    async fn replace(&mut self, word: &Word, random: &mut impl CryptoRngCore) -> Result<(), Trouble<S::Error>> {
        let own = self.own()?;
        self.renew(Cause::Refused, &own, random)?;
        self.publish(Some(Cause::Refused), &own, word).await
    }

    /// N1.3: sends the newest batch. If the gateway refuses it, a new one is made once, if that can help.
    async fn send(
        &mut self,
        cause: Option<Cause>,
        before: &Own,
        word: &Word,
        random: &mut impl CryptoRngCore,
    ) -> Result<(), Trouble<S::Error>> {
        let (refused, ends) = match self.publish(cause, before, word).await {
            Err(Trouble::Gateway(Failure::Refused(code @ (4, 3 | 9)))) => (code, self.own()?),
            sent => return sent,
        };
        let not_after = ends.batch.map_or(0, |batch| batch.not_after);
        let helps = refused == (4, 9) || self.agent.settings.limits.outlasts(not_after, self.time);
        if !helps {
            return Err(Trouble::BatchRefused { code: refused, not_after });
        }
        self.renew(Cause::Refused, &ends, random)?;
        match self.publish(Some(Cause::Refused), &ends, word).await {
            Err(Trouble::Gateway(Failure::Refused(code @ (4, 3 | 9)))) => {
                Err(Trouble::BatchRefused { code, not_after })
            }
            sent => sent,
        }
    }

    async fn publish(&mut self, cause: Option<Cause>, before: &Own, word: &Word) -> Result<(), Trouble<S::Error>> {
        let mut publication = vec![0; PUBLICATION_MAX];
        let length = self.agent.node.republish(self.store, &mut publication)?;
        publication.truncate(length);
        self.upkeep.publish(self.id(), &publication).await?;
        self.admit().await?;
        let epoch = self.store.last_epoch().map_err(Error::Storage)?;
        self.store.set_acknowledged(epoch).map_err(Error::Storage)?;
        self.wake.published = self.wake.published.saturating_add(1);
        self.wake.mended.push(Mended::Published { cause, before: *before, word: *word, epoch });
        Ok(())
    }

    /// The newest batch is for those clients alone that have the admission key, if there is one.
    async fn admit(&self) -> Result<(), Trouble<S::Error>> {
        let epoch = self.store.last_epoch().map_err(Error::Storage)?;
        match self.store.batch(epoch).map_err(Error::Storage)? {
            Some(batch) => Ok(self.upkeep.admit(self.id(), &batch.token, epoch).await?),
            None => Ok(()),
        }
    }

    /// N1.1 and N1.2, if the budget allows it.
    fn renew(&mut self, cause: Cause, own: &Own, random: &mut impl CryptoRngCore) -> Result<(), Trouble<S::Error>> {
        let settings = &self.agent.settings;
        self.meter.batch()?;
        let upkeep = self.store.upkeep().map_err(Error::Storage)?;
        let (at, every) = match self.time {
            Time::Clock(now) => (now, settings.rate.seconds),
            Time::Wakes { .. } => (upkeep.wakes, settings.rate.wakes),
        };
        let mut allowance = upkeep.allowance.at(at, every);
        if !own.batch.is_some_and(|batch| batch.is_earned()) {
            let Some(less) = allowance.spend(at, &settings.rate) else {
                if allowance != upkeep.allowance {
                    self.store.set_upkeep(&Upkeep { allowance, ..upkeep }).map_err(Error::Storage)?;
                }
                return Err(Failure::Spent(Spent::Rate).into());
            };
            allowance = less;
        }
        // It counts before there is a batch: a stop in between loses an allowance, and gives none away.
        self.store.set_upkeep(&Upkeep { allowance, made: upkeep.wakes, ..upkeep }).map_err(Error::Storage)?;
        let not_after = settings.limits.end(own, cause, self.time);
        let plan = Plan { suite: settings.suite, depth: settings.depth, not_after };
        self.agent.node.publish(self.store, &plan, random, &mut vec![0; PUBLICATION_MAX])?;
        Ok(())
    }
}
