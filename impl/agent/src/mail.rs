//! A wake-up's mail: Confirms that were not acknowledged, and the Initiates that wait.

use crate::budget::Spent;
use crate::calls::answer_data;
use crate::gateway::Failure;
use crate::node::{Handler, Ledger, Unsent};
use crate::wake::{Trouble, Waking};
use dke::crypto::{Crypto as _, Hash};
use dke::message::Initiate;
use dke::node::Incoming;
use dke::params::CONFIRM_MAX;
use dke::store::Trust;
use dke::{Error, RustCrypto};
use rand_core::CryptoRngCore;
use std::collections::HashSet;

/// What was looked at in this wake-up, by SHA-256: a gateway that shows it again gets nothing done twice.
#[derive(Default)]
pub(crate) struct Seen(HashSet<Hash>);

impl Seen {
    /// Is it new?
    pub(crate) fn insert(&mut self, message: &[u8]) -> bool {
        self.0.insert(RustCrypto::sha256(message))
    }
}

impl<T: Trust, S: Ledger> Waking<'_, '_, T, S> {
    /// Sends what an earlier wake-up could not send, or of which it does not know that it came.
    pub(crate) async fn empty_outbox(&mut self, token: &[u8]) -> Result<(), Trouble<S::Error>> {
        for Unsent { epoch, index, confirm } in self.store.outbox().map_err(Error::Storage)? {
            let sent = self.send_confirm(token, epoch, index, &confirm).await;
            self.go_on(sent)?;
        }
        Ok(())
    }

    /// Answers all Initiates that wait, until none is left that was not looked at.
    pub(crate) async fn drain_mailbox(
        &mut self,
        token: &[u8],
        handler: &mut impl Handler,
        random: &mut impl CryptoRngCore,
    ) -> Result<(), Trouble<S::Error>> {
        let mut seen = Seen::default();
        loop {
            let mail = self.mail.mailbox(self.id(), token).await?;
            let new: Vec<&Vec<u8>> = mail.iter().filter(|initiate| seen.insert(initiate)).collect();
            if new.is_empty() {
                return if mail.is_empty() { Ok(()) } else { Err(Failure::Spent(Spent::Repeats).into()) };
            }
            for initiate in new {
                self.meter.initiate()?;
                let served = self.serve(token, initiate, handler, random).await;
                self.go_on(served)?;
            }
        }
    }

    /// One message failed at the gateway: the next one may not. Nothing more is tried where the gateway is away or the budget is spent.
    pub(crate) fn go_on(&mut self, done: Result<(), Trouble<S::Error>>) -> Result<(), Trouble<S::Error>> {
        match done {
            Err(trouble @ Trouble::Gateway(Failure::Network(_) | Failure::TooMany(_) | Failure::Spent(_))) => {
                Err(trouble)
            }
            done => self.note(done),
        }
    }

    /// Sends a stored Confirm, and N4.
    async fn send_confirm(
        &mut self,
        token: &[u8],
        epoch: u64,
        index: u8,
        confirm: &[u8],
    ) -> Result<(), Trouble<S::Error>> {
        match self.mail.confirm(self.id(), token, confirm).await {
            // It does not keep this exchange any more, or has as many Confirms as it keeps: sending it again is of no use.
            Ok(_) | Err(Failure::Refused((4, 4 | 9))) => {}
            Err(failure) => return Err(failure.into()),
        }
        Ok(self.agent.node.acknowledged(self.store, epoch, index)?)
    }

    /// N2 to N4 for one Initiate.
    async fn serve(
        &mut self,
        token: &[u8],
        initiate: &[u8],
        handler: &mut impl Handler,
        random: &mut impl CryptoRngCore,
    ) -> Result<(), Trouble<S::Error>> {
        // What is not even an Initiate has no place that could be named; only a gateway that lies hands it out.
        let place = Initiate::parse(initiate).ok().and_then(|m| Some((m.epoch, u8::try_from(m.index).ok()?)));
        let Some((epoch, index)) = place else {
            self.wake.rejected = self.wake.rejected.saturating_add(1);
            return Ok(());
        };
        // An honest gateway has one Initiate for each prekey: a second try would only cost.
        if self.store.is_rejected(epoch, index).map_err(Error::Storage)? {
            return self.discard(token, epoch, index).await;
        }
        let mut buffer = [0; CONFIRM_MAX];
        let accepted = match self.agent.node.accept(self.store, &self.agent.trust, initiate, &mut buffer) {
            Ok(Incoming::Accepted(accepted)) => accepted,
            Ok(Incoming::Repeated(confirm)) => {
                let confirm = confirm.to_vec();
                self.wake.repeated = self.wake.repeated.saturating_add(1);
                return self.send_confirm(token, epoch, index, &confirm).await;
            }
            Err(Error::Peer(_)) => {
                self.store.reject(epoch, index).map_err(Error::Storage)?;
                return self.discard(token, epoch, index).await;
            }
            Err(error) => return Err(error.into()),
        };
        let peer = accepted.peer().clone();
        let early = accepted.early_secret();
        let answer = answer_data(self.store, handler, &self.meter, &accepted).await?;
        let mut confirm = vec![0; CONFIRM_MAX];
        let confirmed = accepted.confirm(self.store, &answer, random, &mut confirm).map_err(|failed| failed.error)?;
        confirm.truncate(confirmed.len);
        self.store.keep(&peer, early.expose(), &confirmed.session).map_err(Error::Storage)?;
        handler.established(&peer, &early, &confirmed.session);
        self.wake.answered = self.wake.answered.saturating_add(1);
        self.send_confirm(token, epoch, index, &confirm).await
    }

    /// The Initiate is of no use: it must not wait for ever.
    async fn discard(&mut self, token: &[u8], epoch: u64, index: u8) -> Result<(), Trouble<S::Error>> {
        self.wake.rejected = self.wake.rejected.saturating_add(1);
        match self.mail.discard(self.id(), token, epoch, index).await {
            Ok(()) | Err(Failure::Refused((4, 4))) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }
}
