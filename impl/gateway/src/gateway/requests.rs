//! Requests that the gateway passes on between clients and nodes that sleep (PROTOCOL.md section 16).

use super::Gateway;
use crate::bells::Topic;
use crate::record::{Address, NodeId, RequestState, mapped};
use crate::refusal::Refusal;
use crate::requests;
use crate::steps::{self, Kept};
use crate::store::{Store, StoreError, Write};
use dke::Reject;
use dke_coap::names::{ENCRYPT0, JOSE};
use dke_coap::options::{CONTENT_FORMAT, MAX_AGE, OSCORE, is_safe_to_forward};
use dke_coap::{Bare, subscriber};
use minicbor::Encoder;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::timeout;

/// How far a request is, and who has not collected its response yet.
struct Looked {
    asked: Asked,
    awaited_by: Option<Address>,
}

/// How far a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The node has answered.
    Answered(Bare),
    /// The node sleeps.
    Waits {
        /// The request's number.
        number: u64,
        /// Seconds after which another look makes sense.
        retry: u64,
    },
}

impl<S: Store> Gateway<S> {
    /// A client's request to a node, durable before this resolves. The very same request again is not queued again. Waits for the response,
    /// at most so long.
    pub async fn ask(&self, node: &NodeId, by: IpAddr, request: &Bare, wait: Duration) -> Result<Asked, Refusal> {
        let request = request.encode();
        if request.len() > self.policy.request_max {
            return Err(Refusal::TooLarge);
        }
        // Who only looks again need not wait for a commit.
        let number = match self.store.read(|records| requests::find(records, node, &request))? {
            Some(number) => number,
            None => self.queue_request(node, by, request).await?,
        };
        let asked = self.wait_for(node, number, by, wait).await?;
        // Who knows the request is the client, wherever it is now.
        Ok(self.seen(node, number, asked, |_| true))
    }

    async fn queue_request(&self, node: &NodeId, by: IpAddr, request: Vec<u8>) -> Result<u64, Refusal> {
        let (id, by, now, policy) = (*node, subscriber(by), self.moment(), self.policy.clone());
        let change = move |records: &mut dyn Write| requests::ask(records, &id, by, request, now, &policy);
        let (number, kept) = self.store.write(change).await.map_err(|refusal| match refusal {
            Refusal::Rejected(Reject::QueueFull) => Refusal::Later(Reject::QueueFull, self.retry(node, None, now.up)),
            Refusal::TooMany(_) => Refusal::TooMany(self.retry(node, None, now.up)),
            other => other,
        })?;
        if kept == Kept::New {
            self.bells.ring(&Topic::Requests(*node));
        }
        Ok(number)
    }

    /// The response to a request, for a client at this address. Waits for it, at most so long. `NotFound` if the request is not kept.
    pub async fn collect(&self, node: &NodeId, number: u64, by: IpAddr, wait: Duration) -> Result<Asked, Refusal> {
        let asked = self.wait_for(node, number, by, wait).await?;
        let client = mapped(by);
        Ok(self.seen(node, number, asked, |by| by == client))
    }

    async fn wait_for(&self, node: &NodeId, number: u64, by: IpAddr, wait: Duration) -> Result<Looked, Refusal> {
        // Listening begins before looking, so that no change falls between the two.
        let mut bell = self.listen(Topic::Response(*node, number));
        let first = self.look(node, number)?;
        if wait.is_zero() || matches!(first.asked, Asked::Answered(_)) {
            return Ok(first);
        }
        let Some(_held) = self.held.take(by) else { return Ok(first) };
        match timeout(wait, bell.changed()).await {
            Ok(_) => self.look(node, number),
            Err(_) => Ok(first),
        }
    }

    /// A response was collected, if this is one and `is_client` says so of who asked: from now on it may go for another one.
    fn seen(&self, node: &NodeId, number: u64, looked: Looked, is_client: impl Fn(Address) -> bool) -> Asked {
        if let Some(by) = looked.awaited_by
            && is_client(by)
        {
            let (store, id) = (self.store.clone(), *node);
            // Should this be lost, the response is kept for longer than it need be.
            tokio::spawn(async move { store.write(move |records| requests::collected(records, &id, number)).await });
        }
        looked.asked
    }

    fn look(&self, node: &NodeId, number: u64) -> Result<Looked, Refusal> {
        let damaged = || StoreError::Damaged(String::new(), "a response is not of the form that was checked".into());
        self.store.read(|records| {
            let record = records.request(node, number)?.ok_or(Refusal::NotFound)?;
            let asked = match record.response() {
                Some(response) => Asked::Answered(Bare::parse(response).ok_or_else(damaged)?),
                None => Asked::Waits { number, retry: self.retry(node, None, self.up()) },
            };
            Ok(Looked { asked, awaited_by: record.awaited_by() })
        })
    }

    /// The requests that wait for a node, in order, as a CBOR sequence of `[number, request]`; what does not fit comes when these are answered.
    pub fn requests(&self, node: &NodeId, token: &[u8]) -> Result<Vec<u8>, Refusal> {
        let all = self.store.read(|records| {
            steps::check_token(&steps::node(records, node)?, token)?;
            let mut all = Vec::new();
            for number in records.requests_waiting(node, self.policy.requests_max)? {
                let state = records.request(node, number)?.map(|record| record.state);
                let Some(RequestState::Waits { request, .. }) = state else { continue };
                let one = item(number, &request)?;
                if !all.is_empty() && all.len().saturating_add(one.len()) > self.policy.sequence_max {
                    break;
                }
                all.extend_from_slice(&one);
            }
            Ok(all)
        })?;
        self.wakes.awake(node, self.up());
        Ok(all)
    }

    /// The node's response to a request. `Conflict` if it gave another one before.
    pub async fn answer(&self, node: &NodeId, number: u64, token: &[u8], response: &[u8]) -> Result<Kept, Refusal> {
        if response.len() > self.policy.response_max {
            return Err(Refusal::TooLarge);
        }
        let parsed = Bare::parse(response).filter(is_response).ok_or(Reject::Malformed)?;
        let (id, token, response, protected) = (*node, token.to_vec(), response.to_vec(), is_protected(&parsed));
        let change = move |records: &mut dyn Write| requests::answer(records, &id, number, &token, response, protected);
        let kept = self.store.write(change).await?;
        self.wakes.awake(node, self.up());
        if kept == Kept::New {
            self.bells.ring(&Topic::Response(*node, number));
        }
        Ok(kept)
    }
}

/// A response that can be passed on to a client.
fn is_response(response: &Bare) -> bool {
    let passes = |(number, _): &(u16, Vec<u8>)| *number == MAX_AGE || is_safe_to_forward(*number);
    response.code.class() > 0 && response.options.iter().all(passes)
}

/// Did the node protect it? Then the request was a client's; what a stranger asked is answered with an unprotected error.
fn is_protected(response: &Bare) -> bool {
    let formats = [ENCRYPT0, JOSE].map(u32::from);
    response.options.iter().any(|(number, _)| *number == OSCORE)
        || response.uint(CONTENT_FORMAT).is_some_and(|format| formats.contains(&format))
}

fn item(number: u64, request: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = Encoder::new(Vec::new());
    let encoded = encoder.array(2).and_then(|encoder| encoder.u64(number)).and_then(|encoder| encoder.bytes(request));
    encoded.map_err(|error| StoreError::Failed(error.to_string()))?;
    Ok(encoder.into_writer())
}
