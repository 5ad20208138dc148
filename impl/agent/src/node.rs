//! The node's side: a sleeper that wakes up now and then.
//!
//! ```text
//!          ┌───────────────────────── sleep ──────────────────────────┐
//!          ▼                                                          │
//!   publication acknowledged? ─ no ─▶ PUT publication (N1.3)          │
//!          ▼                                                          │
//!   outbox: POST what is not acknowledged, forget it (N4)             │
//!          ▼                                                          │
//!   mailbox: accept (N2) ─▶ handler ─▶ confirm, store (N3) ─▶ POST ─▶ forget (N4)
//!          ▼                                                          │
//!   requests: open, store ─▶ handler ─▶ protect, store ─▶ PUT ─▶ forget
//!          ▼                                                          │
//!   prekeys low? publish (N1) ────────────────────────────────────────┘
//! ```

use crate::gateway::{Failure, Gateway};
use crate::serving::{Kept, Opened};
use coap_lite::Packet;
use dke::crypto::Hash;
use dke::key_schedule::EarlySecret;
use dke::node::{Incoming, Node, Peer, Plan};
use dke::params::{CONFIRM_MAX, DATA_MAX, PUBLICATION_MAX};
use dke::store::{NodeStore, Trust};
use dke::{Error, Mode, Session};
use dke_app::Exchange;
use rand_core::CryptoRngCore;
use std::future::Future;

/// Rounds in which a mailbox is drained at one wake-up: a gateway cannot keep a node awake for ever.
pub(crate) const ROUNDS: usize = 1024;

/// A call that was accepted.
pub struct Call<'a> {
    /// Who calls.
    pub peer: &'a Peer,
    /// 0..1024 bytes.
    pub data: &'a [u8],
    /// What the answer will be.
    pub mode: Mode,
}

/// Answers calls. The prekey is used up when this is asked: a call is never answered twice.
pub trait Handler {
    /// The answer, at most 1,024 bytes. `None` if there is none: the client gets an empty one.
    fn answer(&mut self, call: &Call<'_>) -> impl Future<Output = Option<Vec<u8>>> + Send;

    /// The answer is stored, and about to be sent: the keys of both kinds may be used.
    fn established(&mut self, _peer: &Peer, _early: &EarlySecret, _session: &Session) {}

    /// The response to a request (section 16), which is asked once: a payload of at most [`RESPONSE_MAX`](crate::serving::RESPONSE_MAX) bytes. `None` if this node serves
    /// none: 5.01.
    fn serve(&mut self, _request: &Opened<'_>) -> impl Future<Output = Option<Packet>> + Send {
        async { None }
    }
}

/// A Confirm in the outbox.
pub struct Unsent {
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u8,
    /// The message.
    pub confirm: Vec<u8>,
}

/// What an agent needs of the node's store besides the protocol's own.
pub trait Ledger: NodeStore {
    /// Confirms that the gateway has not acknowledged.
    fn outbox(&self) -> Result<Vec<Unsent>, Self::Error>;
    /// Prekeys of the current batch that are not used up.
    fn left(&self) -> Result<usize, Self::Error>;
    /// The epoch whose Publication the gateway acknowledged last; 0 for none.
    fn acknowledged(&self) -> Result<u64, Self::Error>;
    /// The gateway has acknowledged the Publication of this epoch.
    fn set_acknowledged(&mut self, epoch: u64) -> Result<(), Self::Error>;
    /// Makes a session durable, together with the Confirm that was just put. Only after this the Confirm is sent.
    fn keep(&mut self, peer: &Peer, early: &[u8; 32], session: &Session) -> Result<(), Self::Error>;

    /// This end of the exchanges whose keys are kept, newest first, with the other end's subject. What is changed in them becomes durable with
    /// [`keep_request`](Self::keep_request).
    fn exchanges(&mut self) -> Vec<(String, Exchange<'_>)>;
    /// How far the request with this SHA-256 is.
    fn kept(&self, request: &Hash) -> Result<Option<Kept>, Self::Error>;
    /// Makes it durable, in one with the exchanges.
    fn keep_request(&mut self, request: &Hash, kept: Kept) -> Result<(), Self::Error>;
    /// The gateway has acknowledged the response.
    fn forget_request(&mut self, request: &Hash) -> Result<(), Self::Error>;
}

/// How a node behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Publish when fewer prekeys than this are left.
    pub low: usize,
    /// What a new batch is like; its end is so many seconds after it was made.
    pub suite: dke::Suite,
    /// 2^depth prekeys.
    pub depth: dke::Depth,
    /// Seconds.
    pub lifetime: u64,
}

/// What happened at one wake-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// Publications that were sent.
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
    /// Prekeys that are left.
    pub left: usize,
}

/// Why a wake-up ended early. The next one goes on where this one ended.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted<S: std::fmt::Debug + std::fmt::Display> {
    /// The gateway was of no use.
    #[error(transparent)]
    Gateway(#[from] Failure),
    /// A step of the protocol was not done.
    #[error(transparent)]
    Step(#[from] Error<S>),
}

/// A node on the network.
pub struct NodeAgent<'a, T> {
    /// Where it leaves its prekeys.
    pub gateway: Gateway,
    /// Who it is.
    pub node: Node<'a>,
    /// Whom it trusts.
    pub trust: T,
    /// How it behaves.
    pub settings: Settings,
}

impl<T: Trust> NodeAgent<'_, T> {
    /// One wake-up. `now` is in UNIX seconds.
    pub async fn wake<S: Ledger<Error: std::fmt::Debug + std::fmt::Display>>(
        &self,
        store: &mut S,
        handler: &mut impl Handler,
        now: u64,
        random: &mut impl CryptoRngCore,
    ) -> Result<Wake, Interrupted<S::Error>> {
        let mut wake = Wake::default();
        if store.last_epoch().map_err(Error::Storage)? == 0 {
            self.new_batch(store, now, random)?;
        }
        self.publish(store, &mut wake).await?;
        self.empty_outbox(store).await?;
        for _ in 0..ROUNDS {
            let token = token(store)?;
            let mail = self.gateway.mailbox(self.node.credential().hash(), &token).await?;
            if mail.is_empty() {
                break;
            }
            for initiate in mail {
                self.serve(store, handler, &token, &initiate, random, &mut wake).await?;
            }
        }
        // Before a new batch erases early keys, and after the Initiates from which requests have theirs.
        let token = token(store)?;
        self.serve_requests(store, handler, &token, &mut wake).await?;
        wake.left = store.left().map_err(Error::Storage)?;
        if wake.left < self.settings.low {
            self.new_batch(store, now, random)?;
            self.publish(store, &mut wake).await?;
            wake.left = store.left().map_err(Error::Storage)?;
        }
        Ok(wake)
    }

    /// N1.1 and N1.2.
    fn new_batch<S: NodeStore>(
        &self,
        store: &mut S,
        now: u64,
        random: &mut impl CryptoRngCore,
    ) -> Result<(), Error<S::Error>> {
        let Settings { suite, depth, lifetime, .. } = self.settings;
        let plan = Plan { suite, depth, not_after: now.saturating_add(lifetime) };
        self.node.publish(store, &plan, random, &mut vec![0; PUBLICATION_MAX]).map(drop)
    }

    /// N1.3: sends the current Publication, unless the gateway has acknowledged it.
    async fn publish<S: Ledger<Error: std::fmt::Debug + std::fmt::Display>>(
        &self,
        store: &mut S,
        wake: &mut Wake,
    ) -> Result<(), Interrupted<S::Error>> {
        let epoch = store.last_epoch().map_err(Error::Storage)?;
        if store.acknowledged().map_err(Error::Storage)? == epoch {
            return Ok(());
        }
        let mut publication = vec![0; PUBLICATION_MAX];
        let length = self.node.republish(store, &mut publication)?;
        publication.truncate(length);
        let credential = self.node.credential();
        match self.gateway.publish(credential.hash(), &publication).await {
            // The gateway does not know this node: it may allow it to register.
            Err(Failure::Refused((4, 4))) => {
                self.gateway.register(credential).await?;
                self.gateway.publish(credential.hash(), &publication).await?;
            }
            sent => {
                sent?;
            }
        }
        wake.published = wake.published.saturating_add(1);
        Ok(store.set_acknowledged(epoch).map_err(Error::Storage)?)
    }

    /// Sends what an earlier wake-up could not send, or of which it does not know that it came.
    async fn empty_outbox<S: Ledger<Error: std::fmt::Debug + std::fmt::Display>>(
        &self,
        store: &mut S,
    ) -> Result<(), Interrupted<S::Error>> {
        let token = token(store)?;
        for Unsent { epoch, index, confirm } in store.outbox().map_err(Error::Storage)? {
            self.send(store, &token, epoch, index, &confirm).await?;
        }
        Ok(())
    }

    /// Sends a stored Confirm, and N4.
    async fn send<S: NodeStore<Error: std::fmt::Debug + std::fmt::Display>>(
        &self,
        store: &mut S,
        token: &[u8],
        epoch: u64,
        index: u8,
        confirm: &[u8],
    ) -> Result<(), Interrupted<S::Error>> {
        match self.gateway.confirm(self.node.credential().hash(), token, confirm).await {
            // It does not keep this exchange any more, or has as many Confirms as it keeps: sending it again is of no use.
            Ok(_) | Err(Failure::Refused((4, 4 | 9))) => {}
            Err(failure) => return Err(failure.into()),
        }
        Ok(self.node.acknowledged(store, epoch, index)?)
    }

    /// N2 to N4 for one Initiate.
    async fn serve<S: Ledger<Error: std::fmt::Debug + std::fmt::Display>>(
        &self,
        store: &mut S,
        handler: &mut impl Handler,
        token: &[u8],
        initiate: &[u8],
        random: &mut impl CryptoRngCore,
        wake: &mut Wake,
    ) -> Result<(), Interrupted<S::Error>> {
        let mut buffer = [0; CONFIRM_MAX];
        let accepted = match self.node.accept(store, &self.trust, initiate, &mut buffer) {
            Ok(Incoming::Accepted(accepted)) => accepted,
            Ok(Incoming::Repeated(confirm)) => {
                let confirm = confirm.to_vec();
                let message = dke::message::Initiate::parse(initiate).map_err(Error::Peer)?;
                let index = u8::try_from(message.index).unwrap_or_default();
                wake.repeated = wake.repeated.saturating_add(1);
                return self.send(store, token, message.epoch, index, &confirm).await;
            }
            Err(Error::Peer(_)) => {
                wake.rejected = wake.rejected.saturating_add(1);
                return self.discard(token, initiate).await;
            }
            Err(error) => return Err(error.into()),
        };
        let (epoch, index, peer) = (accepted.epoch(), accepted.index(), accepted.peer().clone());
        let early = accepted.early_secret();
        let call = Call { peer: &peer, data: accepted.early_data(), mode: accepted.mode() };
        let answer = handler.answer(&call).await.filter(|answer| answer.len() <= DATA_MAX).unwrap_or_default();
        let mut confirm = vec![0; CONFIRM_MAX];
        let confirmed = accepted.confirm(store, &answer, random, &mut confirm).map_err(|failed| failed.error)?;
        confirm.truncate(confirmed.len);
        store.keep(&peer, early.expose(), &confirmed.session).map_err(Error::Storage)?;
        handler.established(&peer, &early, &confirmed.session);
        wake.answered = wake.answered.saturating_add(1);
        self.send(store, token, epoch, index, &confirm).await
    }

    /// The Initiate is of no use: it must not wait for ever.
    async fn discard<E: std::fmt::Debug + std::fmt::Display>(
        &self,
        token: &[u8],
        initiate: &[u8],
    ) -> Result<(), Interrupted<E>> {
        // What is not even an Initiate has no place that could be named; only a gateway that lies hands it out.
        let Ok(message) = dke::message::Initiate::parse(initiate) else { return Ok(()) };
        let Ok(index) = u8::try_from(message.index) else { return Ok(()) };
        let node = self.node.credential().hash();
        match self.gateway.discard(node, token, message.epoch, index).await {
            Ok(()) | Err(Failure::Refused((4, 4))) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// The mailbox token of the current batch.
fn token<S: NodeStore>(store: &S) -> Result<Vec<u8>, Error<S::Error>> {
    let epoch = store.last_epoch().map_err(Error::Storage)?;
    let batch = store.batch(epoch).map_err(Error::Storage)?;
    Ok(batch.map(|batch| batch.token.to_vec()).unwrap_or_default())
}
