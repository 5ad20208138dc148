//! The client's side of section 16: a request that is stored, and waits for its response.

use crate::gateway::{Failure, Gateway, Reply};
use coap_lite::Packet;
use dke::crypto::Hash;
use dke_app::message;
use dke_app::request::Protection;
use dke_app::{Error, Misuse, Reject};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Seconds for which one request over HTTP waits.
const WAIT: u64 = 30;
/// Time for a request to come to the gateway, even if nobody waits for its response.
const SENDING: Duration = Duration::from_secs(2);

/// A request that is durable, and not yet answered. While this lives the store is not locked: the node may sleep for long.
pub trait Waiting {
    /// Why the store failed.
    type Error: std::fmt::Debug + std::fmt::Display;
    /// The outer request: the very same bytes each time.
    fn outer(&self) -> Result<Packet, Error<Self::Error>>;
    /// Opens the response. When this returns, it is durable that the request waits no more.
    fn open(&mut self, outer: &Packet) -> Result<Packet, Error<Self::Error>>;
}

/// Why there is no response. The request still waits, and can be asked for again.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered<S: std::fmt::Debug + std::fmt::Display> {
    /// The gateway was of no use.
    #[error(transparent)]
    Gateway(#[from] Failure),
    /// The node has not answered yet.
    #[error("The node has not answered yet; the request waits and can be asked for again.")]
    Sleeps,
    /// What came is not protected: it is the gateway's word, not the node's. Class and detail of its code.
    #[error("The gateway says that the answer is {}.{:02}; the node has not signed that.", .0, .1)]
    Unprotected(u8, u8),
    /// What came is no response to this request.
    #[error("The gateway gave a response that is refused: {0}")]
    Rejected(Reject),
    /// The request cannot be made.
    #[error(transparent)]
    Caller(Misuse),
    /// The store failed.
    #[error("The store failed: {0}")]
    Storage(S),
}

impl<S: std::fmt::Debug + std::fmt::Display> From<Error<S>> for Unanswered<S> {
    fn from(error: Error<S>) -> Self {
        match error {
            Error::Peer(reject) => Unanswered::Rejected(reject),
            Error::Caller(misuse) => Unanswered::Caller(misuse),
            Error::Storage(error) => Unanswered::Storage(error),
        }
    }
}

impl Gateway {
    /// Sends a stored request to a node (again), and waits for its response until the deadline.
    pub async fn answer_of<W: Waiting>(
        &self,
        node: &Hash,
        request: &mut W,
        deadline: Instant,
    ) -> Result<Packet, Unanswered<W::Error>> {
        let outer = request.outer()?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).as_secs();
            let patience = deadline.max(Instant::now().checked_add(SENDING).unwrap_or(deadline));
            let asked = timeout_at(patience, self.ask_node(node, &outer, left.min(WAIT))).await;
            let pause = match asked {
                Err(_) => return Err(Unanswered::Sleeps),
                Ok(Ok(Reply::Response(response))) => return opened(request, &response),
                Ok(Ok(Reply::Sleeps(seconds))) => seconds.clamp(1, WAIT),
                Ok(Err(failure)) => return Err(failure.into()),
            };
            if timeout_at(deadline, sleep(Duration::from_secs(pause))).await.is_err() {
                return Err(Unanswered::Sleeps);
            }
        }
    }
}

fn opened<W: Waiting>(request: &mut W, response: &Packet) -> Result<Packet, Unanswered<W::Error>> {
    if Protection::of(response).is_none() {
        let code = message::code(response);
        return Err(Unanswered::Unprotected(code >> 5, code & 0x1f));
    }
    Ok(request.open(response)?)
}
