//! The client's side: asks an Offer, initiates with data, waits for the Confirm.

use crate::gateway::{Failure, Gateway};
use dke::client::{AwaitingConfirm, Client, Request};
use dke::params::{DATA_MAX, FINGERPRINT, INITIATE_MAX};
use dke::store::ClientStore;
use dke::{Credential, Error, Mode, Session};
use rand_core::CryptoRngCore;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// Prekeys that are tried when others were quicker with an Initiate over the same one.
const TRIES: usize = 4;

/// What a client wants.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Refresh asks the node for a fresh ephemeral and accepts nothing less.
    pub mode: Mode,
    /// 0..1024 bytes for the node.
    pub early_data: &'a [u8],
    /// UNIX seconds.
    pub now: u64,
    /// When to give up waiting; the exchange stays pending.
    pub deadline: Instant,
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No prekey is left: the next try is in so many seconds.
    Exhausted(u64),
    /// C1 is done and stored: the early key is usable.
    Initiated {
        /// Of the batch.
        epoch: u64,
        /// Of the prekey.
        index: u8,
        /// Of the early secret, for people.
        fingerprint: [u8; FINGERPRINT],
    },
    /// The gateway has the Initiate; the node sleeps.
    Queued,
    /// Still no Confirm.
    Waiting,
}

/// A finished call.
pub struct Called {
    /// The node's answer, 0..1024 bytes.
    pub answer: Vec<u8>,
    /// Keys, and how they came about.
    pub session: Session,
    /// The early exporter secret of the same exchange.
    pub early: dke::key_schedule::EarlySecret,
}

/// Why a call did not finish.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished<S: std::fmt::Debug + std::fmt::Display> {
    /// The gateway was of no use.
    #[error(transparent)]
    Gateway(#[from] Failure),
    /// A step of the protocol was not done.
    #[error(transparent)]
    Step(#[from] Error<S>),
    /// The node has not answered yet. The exchange is pending: it can be resumed.
    #[error("The node has not answered yet; the exchange is pending and can be resumed.")]
    Pending,
    /// The node will never answer: it has rejected the Initiate, erased its batch, or stopped between accepting and answering.
    #[error("The node does not answer this exchange; it may have read its data.")]
    Discarded,
}

/// A client that calls one node through one gateway.
pub struct Caller<'a> {
    /// Where the node's prekeys are.
    pub gateway: Gateway,
    /// The node's credential, as pinned.
    pub node: Credential<'a>,
}

impl Caller<'_> {
    /// A whole call. What must survive the end of the process is in the store before anything is sent: [`resume`](Self::resume) goes on
    /// from there.
    pub async fn call<S: ClientStore<Error: std::fmt::Debug + std::fmt::Display>>(
        &self,
        client: &Client<'_>,
        store: &mut S,
        asked: &Asked<'_>,
        random: &mut impl CryptoRngCore,
        mut progress: impl FnMut(Progress),
    ) -> Result<Called, Unfinished<S::Error>> {
        let mut refused = (4, 9);
        for _ in 0..TRIES {
            let (initiate, awaiting) = self.begin(client, store, asked, random, &mut progress).await?;
            match self.resume(store, &initiate, awaiting, asked.deadline, &mut progress).await {
                // Over a lease that ran out, or somebody else's Initiate was first: this exchange can never end.
                Err(Unfinished::Gateway(Failure::Refused(code @ (4, 4 | 9)))) => refused = code,
                done => return done,
            }
        }
        Err(Failure::Refused(refused).into())
    }

    /// Asks an Offer until there is one, and C1: returns the Initiate, which is stored.
    async fn begin<S: ClientStore<Error: std::fmt::Debug + std::fmt::Display>>(
        &self,
        client: &Client<'_>,
        store: &mut S,
        asked: &Asked<'_>,
        random: &mut impl CryptoRngCore,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(Vec<u8>, AwaitingConfirm), Unfinished<S::Error>> {
        let offer = loop {
            match self.gateway.offer(self.node.hash(), random).await {
                Ok(offer) => break offer,
                Err(failure @ (Failure::Later(seconds) | Failure::TooMany(seconds))) => {
                    let again = Instant::now().checked_add(Duration::from_secs(seconds));
                    let Some(again) = again.filter(|again| *again < asked.deadline) else {
                        return Err(failure.into());
                    };
                    progress(Progress::Exhausted(seconds));
                    sleep_until(again).await;
                }
                Err(failure) => return Err(failure.into()),
            }
        };
        let request = Request { mode: asked.mode, early_data: asked.early_data, now: asked.now };
        let mut initiate = vec![0; INITIATE_MAX];
        let begun = client.initiate(store, &self.node, &offer, &request, random, &mut initiate)?;
        initiate.truncate(begun.len);
        progress(Progress::Initiated {
            epoch: begun.awaiting.epoch(),
            index: begun.awaiting.index(),
            fingerprint: begun.awaiting.early_secret().fingerprint(),
        });
        Ok((initiate, begun.awaiting))
    }

    /// Sends a stored Initiate (again), waits for its Confirm until the deadline, and C2. `Pending` if the deadline comes first.
    ///
    /// An exchange that the gateway refuses for good, or that the node has discarded, is ended in the store.
    pub async fn resume<S: ClientStore<Error: std::fmt::Debug + std::fmt::Display>>(
        &self,
        store: &mut S,
        initiate: &[u8],
        mut awaiting: AwaitingConfirm,
        deadline: Instant,
        mut progress: impl FnMut(Progress),
    ) -> Result<Called, Unfinished<S::Error>> {
        let (node, epoch, index) = (*self.node.hash(), awaiting.epoch(), awaiting.index());
        let sent = self.gateway.initiate(&node, initiate).await;
        match sent {
            Ok(_) => {}
            Err(Failure::Refused(code @ (4, 4 | 9))) => {
                // The gateway may have forgotten an old batch, but still have the Confirm.
                let kept = self.gateway.confirms(&node, epoch, index).await.unwrap_or_default();
                return match finish(store, &kept, awaiting)? {
                    Ok(called) => Ok(called),
                    Err(awaiting) => {
                        store.end(awaiting.exchange()).map_err(Error::Storage)?;
                        Err(Failure::Refused(code).into())
                    }
                };
            }
            Err(failure) => return Err(failure.into()),
        }
        progress(Progress::Queued);
        loop {
            let waited = timeout_at(deadline, self.gateway.confirms(&node, epoch, index)).await;
            let confirms = match waited {
                Err(_) => return Err(Unfinished::Pending),
                Ok(Ok(confirms)) => confirms,
                // A gateway that restarts, or a network that fails for a while, is waited for.
                Ok(Err(Failure::Network(_) | Failure::Later(_) | Failure::TooMany(_))) => {
                    if timeout_at(deadline, sleep(Duration::from_secs(1))).await.is_err() {
                        return Err(Unfinished::Pending);
                    }
                    continue;
                }
                Ok(Err(Failure::Refused((4, 4)))) => {
                    store.end(awaiting.exchange()).map_err(Error::Storage)?;
                    return Err(Unfinished::Discarded);
                }
                Ok(Err(failure)) => return Err(failure.into()),
            };
            let bogus = !confirms.is_empty();
            awaiting = match finish(store, &confirms, awaiting)? {
                Ok(called) => return Ok(called),
                Err(awaiting) => awaiting,
            };
            progress(Progress::Waiting);
            // Confirms that do not verify are no reason to ask at once again.
            if bogus && timeout_at(deadline, sleep(Duration::from_secs(1))).await.is_err() {
                return Err(Unfinished::Pending);
            }
        }
    }
}

/// C2 with the first of these Confirms that verifies; the exchange as it was if none does.
#[allow(clippy::type_complexity, reason = "done, not yet, or broken")]
fn finish<S: ClientStore>(
    store: &mut S,
    confirms: &[Vec<u8>],
    mut awaiting: AwaitingConfirm,
) -> Result<Result<Called, AwaitingConfirm>, Error<S::Error>> {
    for confirm in confirms {
        let early = awaiting.early_secret();
        let mut buffer = [0; DATA_MAX];
        match awaiting.finish(store, confirm, &mut buffer) {
            Ok(done) => return Ok(Ok(Called { answer: done.answer.to_vec(), session: done.session, early })),
            Err(failed) => match failed.error {
                Error::Peer(_) => awaiting = failed.state,
                error => return Err(error),
            },
        }
    }
    Ok(Err(awaiting))
}
