//! Requests that the gateway passes on between clients and nodes that sleep (PROTOCOL.md section 16).

use super::Gateway;
use crate::bells::Topic;
use crate::record::{NodeId, RequestState};
use crate::refusal::Refusal;
use crate::requests;
use crate::steps::{self, Kept};
use crate::store::{Store, StoreError, Write};
use dke::Reject;
use dke_coap::message::{MAX_AGE, is_safe_to_forward};
use dke_coap::{Bare, subscriber};
use minicbor::Encoder;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::timeout;

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
        self.collect(node, number, wait).await
    }

    async fn queue_request(&self, node: &NodeId, by: IpAddr, request: Vec<u8>) -> Result<u64, Refusal> {
        let (id, by, now, policy) = (*node, subscriber(by), self.now(), self.policy.clone());
        let change = move |records: &mut dyn Write| requests::ask(records, &id, by, request, now, &policy);
        let (number, kept) = self.store.write(change).await.map_err(|refusal| match refusal {
            Refusal::Rejected(Reject::QueueFull) => Refusal::Later(Reject::QueueFull, self.retry(node, None, now)),
            Refusal::TooMany(_) => Refusal::TooMany(self.retry(node, None, now)),
            other => other,
        })?;
        if kept == Kept::New {
            self.bells.ring(&Topic::Requests(*node));
        }
        Ok(number)
    }

    /// The response to a request. Waits for it, at most so long. `NotFound` if the request is not kept.
    pub async fn collect(&self, node: &NodeId, number: u64, wait: Duration) -> Result<Asked, Refusal> {
        // Listening begins before looking, so that no change falls between the two.
        let mut bell = self.listen(Topic::Response(*node, number));
        let first = self.look(node, number)?;
        if wait.is_zero() || matches!(first, Asked::Answered(_)) {
            return Ok(first);
        }
        let Ok(_held) = self.held.try_acquire() else { return Ok(first) };
        match timeout(wait, bell.changed()).await {
            Ok(_) => self.look(node, number),
            Err(_) => Ok(first),
        }
    }

    fn look(&self, node: &NodeId, number: u64) -> Result<Asked, Refusal> {
        let damaged = || StoreError::Damaged(String::new(), "a response is not of the form that was checked".into());
        self.store.read(|records| {
            let record = records.request(node, number)?.ok_or(Refusal::NotFound)?;
            Ok(match record.response() {
                Some(response) => Asked::Answered(Bare::parse(response).ok_or_else(damaged)?),
                None => Asked::Waits { number, retry: self.retry(node, None, self.now()) },
            })
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
        self.wakes.awake(node, self.now());
        Ok(all)
    }

    /// The node's response to a request. `Conflict` if it gave another one before.
    pub async fn answer(&self, node: &NodeId, number: u64, token: &[u8], response: &[u8]) -> Result<Kept, Refusal> {
        if response.len() > self.policy.response_max {
            return Err(Refusal::TooLarge);
        }
        if !is_response(response) {
            return Err(Reject::Malformed.into());
        }
        let (id, token, response, policy) = (*node, token.to_vec(), response.to_vec(), self.policy.clone());
        let change = move |records: &mut dyn Write| requests::answer(records, &id, number, &token, response, &policy);
        let kept = self.store.write(change).await?;
        self.wakes.awake(node, self.now());
        if kept == Kept::New {
            self.bells.ring(&Topic::Response(*node, number));
        }
        Ok(kept)
    }
}

/// A response that can be passed on to a client.
fn is_response(bytes: &[u8]) -> bool {
    let passes = |(number, _): &(u16, Vec<u8>)| *number == MAX_AGE || is_safe_to_forward(*number);
    Bare::parse(bytes).is_some_and(|response| response.code.class() > 0 && response.options.iter().all(passes))
}

fn item(number: u64, request: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = Encoder::new(Vec::new());
    let encoded = encoder.array(2).and_then(|encoder| encoder.u64(number)).and_then(|encoder| encoder.bytes(request));
    encoded.map_err(|error| StoreError::Failed(error.to_string()))?;
    Ok(encoder.into_writer())
}
