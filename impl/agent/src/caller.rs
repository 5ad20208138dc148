//! The client's side: a call that is carried out at most once, over one exchange or several. PROTOCOL.md section 18.2.
//!
//! ```text
//!          ┌── refused: another prekey of the same or the next epoch, the same number ──┐
//!          ▼                                                                            │
//!  Offer, C1 (durable) ──▶ POST initiate ──▶ wait for a Confirm to any of the exchanges ─┤
//!                                                                                       ├─▶ C2: Called
//!                                                                                       ├─▶ Pending, Unknown: resume
//!                                                                                       └─▶ Over
//! ```

mod calling;
mod store;

pub use store::CallStore;

use crate::gateway::{Failure, Gateway};
use calling::Calling;
use dke::call::{Number, Outcome, Refusal};
use dke::client::{AwaitingConfirm, Client};
use dke::key_schedule::EarlySecret;
use dke::params::{CALL_NUMBER, FINGERPRINT};
use dke::{Credential, Error, Misuse, Mode, Session};
use rand_core::CryptoRngCore;
use tokio::time::Instant;

/// What a client wants.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Refresh asks the node for a fresh ephemeral and accepts nothing less.
    pub mode: Mode,
    /// 0..1011 bytes for the node.
    pub data: &'a [u8],
    /// UNIX seconds.
    pub now: u64,
    /// When to give up waiting; the call stays pending.
    pub deadline: Instant,
}

/// A call that has begun, as its client keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Begun {
    /// Tells it from all others of this client.
    pub number: Number,
    /// Of each of its exchanges.
    pub mode: Mode,
    /// What the node is to carry out.
    pub data: Vec<u8>,
    /// Epoch of its first Initiate: it is repeated over this one and the next. `None` before there is one.
    pub first: Option<u64>,
}

/// A pending exchange.
pub struct Open {
    /// The message, as it was sent.
    pub initiate: Vec<u8>,
    /// What finishes it.
    pub awaiting: AwaitingConfirm,
}

/// What a stored call, or a single exchange, goes on with.
pub struct Resumed {
    /// `None`: an exchange that belongs to no call. It is not repeated, and its answer is given as it is.
    pub call: Option<Begun>,
    /// All that are pending.
    pub exchanges: Vec<Open>,
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

/// What came of a call, by the node's word.
#[derive(Clone, PartialEq, Eq)]
pub enum Answered {
    /// Carried out, now or when it came before; the node's answer, 0..1019 bytes.
    Done(Vec<u8>),
    /// It is not known whether it was carried out: the node, or its application, stopped before there was an answer.
    Unknown,
    /// It was not carried out.
    Refused(Refusal),
}

/// A call with an answer.
pub struct Called {
    /// Of the call; `None` for an exchange that belongs to none.
    pub number: Option<Number>,
    /// What came of it.
    pub answered: Answered,
    /// Keys, and how they came about.
    pub session: Session,
    /// The early exporter secret of the same exchange.
    pub early: EarlySecret,
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished<S: std::fmt::Debug + std::fmt::Display> {
    /// The gateway was of no use, and nothing of the call has left this client.
    #[error(transparent)]
    Gateway(#[from] Failure),
    /// A step of the protocol was not done.
    #[error(transparent)]
    Step(#[from] Error<S>),
    /// The node has not answered yet.
    #[error("The node has not answered yet; the call is pending and can be resumed.")]
    Pending,
    /// What the gateway says proves nothing: the call is pending, and can be resumed under its number.
    #[error(
        "It is not known whether the call was carried out: {0} It is pending and can be resumed; it is carried out once at most."
    )]
    Unknown(Failure),
    /// The node has erased the prekeys of all exchanges of this call, and the gateway has no Confirm. The call is not kept any more.
    #[error(
        "It is not known whether the call was carried out, and cannot be learned any more: the node has erased its prekeys."
    )]
    Over,
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
    /// from there. Draws the call's number.
    pub async fn call<S: CallStore>(
        &self,
        client: &Client<'_>,
        store: &mut S,
        asked: &Asked<'_>,
        random: &mut impl CryptoRngCore,
        progress: impl FnMut(Progress),
    ) -> Result<Called, Unfinished<S::Error>> {
        let mut number = [0; CALL_NUMBER];
        random.try_fill_bytes(&mut number).map_err(|_| Error::Caller(Misuse::BrokenRandomness))?;
        let begun = Begun { number, mode: asked.mode, data: asked.data.to_vec(), first: None };
        let mut calling =
            Calling::new(self, client, store, Resumed { call: Some(begun), exchanges: Vec::new() }, progress);
        if let Some(called) = calling.repeat(asked.now, asked.deadline, random).await? {
            return Ok(called);
        }
        calling.pursue(asked.now, asked.deadline, random).await
    }

    /// Goes on with a stored call: sends its Initiates again, and waits for a Confirm to any of them until the deadline.
    ///
    /// If the gateway takes none of them, the call is repeated over another prekey, under its number, as often and as long as section 18.2
    /// allows it; `client` must be the one that began it.
    pub async fn resume<S: CallStore>(
        &self,
        client: &Client<'_>,
        store: &mut S,
        resumed: Resumed,
        (now, deadline): (u64, Instant),
        random: &mut impl CryptoRngCore,
        progress: impl FnMut(Progress),
    ) -> Result<Called, Unfinished<S::Error>> {
        Calling::new(self, client, store, resumed, progress).pursue(now, deadline, random).await
    }
}

impl Answered {
    /// The answer data of a call. What is not an Outcome is not known.
    pub fn read(answer_data: &[u8]) -> Answered {
        match Outcome::parse(answer_data) {
            Ok(Outcome::Done(answer)) => Answered::Done(answer.to_vec()),
            Ok(Outcome::Refused(refusal)) => Answered::Refused(refusal),
            Ok(Outcome::Unknown) | Err(_) => Answered::Unknown,
        }
    }
}
