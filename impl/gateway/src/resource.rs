//! The gateway's resources: the same for CoAP and HTTP (PROTOCOL.md sections 14 and 16).

mod path;

use crate::bells::Topic;
use crate::gateway::{Gateway, NodeState};
use crate::puzzle::ANSWER_MAX;
use crate::record::NodeId;
use crate::refusal::Refusal;
use crate::steps::Kept;
use crate::store::{Store, StoreError};
use dke::params::{CONFIRM_MAX, CREDENTIAL_MAX, HASH, INITIATE_MAX, PUBLICATION_MAX, STOCK_MAX};
use dke::{BatchKey, Reject};
use dke_coap::names::{AFTER, BARE, BARE_TYPE, MESSAGE, MESSAGE_TYPE, SEQUENCE, SEQUENCE_TYPE};
use minicbor::Decoder;
use path::{filtered, token};
use serde_json::{Value, json};
use std::net::IpAddr;

pub(crate) use path::{Resource, response as response_path};
pub use path::{node_name, read_node_name};

/// Bytes of a batch's admission key with its epoch.
const ADMISSION_MAX: usize = 1 + 9 + 2 + HASH;
/// Nodes in one list.
const LIST_MAX: usize = 100;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of RFC 9110 and RFC 7252")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
    Fetch,
}

/// A body's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One message or credential of PROTOCOL.md.
    Message,
    /// Any number of messages, a CBOR sequence.
    Sequence,
    /// A response as the node sends it.
    Bare,
    /// JSON (RFC 8259).
    Json,
    /// Links (RFC 6690).
    Links,
    /// Bytes that only others understand.
    Octets,
}

impl Format {
    const ALL: [Format; 6] =
        [Format::Message, Format::Sequence, Format::Bare, Format::Json, Format::Links, Format::Octets];

    /// CoAP's Content-Format.
    pub const fn number(self) -> u16 {
        match self {
            Format::Message => MESSAGE,
            Format::Sequence => SEQUENCE,
            Format::Bare => BARE,
            Format::Json => 50,
            Format::Links => 40,
            Format::Octets => 42,
        }
    }

    /// HTTP's media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Message => MESSAGE_TYPE,
            Format::Sequence => SEQUENCE_TYPE,
            Format::Bare => BARE_TYPE,
            Format::Json => "application/json",
            Format::Links => "application/link-format",
            Format::Octets => "application/octet-stream",
        }
    }

    /// The format of this number.
    pub fn from_number(number: u16) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.number() == number)
    }

    /// The format of this media type, whatever its parameters.
    pub fn from_media_type(name: &str) -> Option<Format> {
        let name = name.split(';').next().unwrap_or_default().trim();
        Format::ALL.into_iter().find(|format| format.media_type().eq_ignore_ascii_case(name))
    }
}

/// How a request ended; each face has a code of its own for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of RFC 9110 and RFC 7252")]
pub enum Status {
    Created,
    Changed,
    Deleted,
    Content,
    BadRequest,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    PuzzleUnsolved,
    TooLarge,
    UnsupportedFormat,
    TooMany,
    Internal,
    Unavailable,
}

/// A request, as a face has understood it.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub address: IpAddr,
    /// What for.
    pub method: Method,
    /// Segments of the path.
    pub path: &'a [String],
    /// Parts of the query.
    pub query: &'a [String],
    /// The body's format, if one was named: `Err` if it is none that the gateway knows.
    pub format: Option<Result<Format, ()>>,
    /// The body.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub status: Status,
    /// The body's format.
    pub format: Option<Format>,
    /// Seconds for which the answer is fresh; for [`Status::Unavailable`] and [`Status::TooMany`], after which another try makes sense.
    pub max_age: Option<u64>,
    /// Seconds since the body was left here.
    pub age: Option<u64>,
    /// Path of what was created.
    pub location: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    fn new(status: Status) -> Answer {
        Answer { status, format: None, max_age: None, age: None, location: Vec::new(), body: Vec::new() }
    }

    /// A representation that must not be taken from a cache.
    fn content(format: Format, body: Vec<u8>) -> Answer {
        Answer { format: Some(format), max_age: Some(0), body, ..Answer::new(Status::Content) }
    }

    fn kept(kept: Kept) -> Answer {
        Answer::new(if kept == Kept::New { Status::Created } else { Status::Changed })
    }
}

impl From<Status> for Answer {
    fn from(status: Status) -> Answer {
        Answer::new(status)
    }
}

/// The class of error that a peer is told: less than the reason.
impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        let later = |status, seconds| Answer { max_age: Some(seconds), ..Answer::new(status) };
        match refusal {
            Refusal::Rejected(reject) => Answer::new(class(reject)),
            Refusal::Later(_, seconds) | Refusal::Busy(seconds) => later(Status::Unavailable, seconds),
            Refusal::TooMany(seconds) => later(Status::TooMany, seconds),
            Refusal::Puzzle(body) => {
                Answer { format: Some(Format::Message), body, ..Answer::new(Status::PuzzleUnsolved) }
            }
            Refusal::Closed => Answer::new(Status::Forbidden),
            Refusal::Conflict => Answer::new(Status::Conflict),
            Refusal::NotFound => Answer::new(Status::NotFound),
            Refusal::TooLarge => Answer::new(Status::TooLarge),
            Refusal::Store(StoreError::Full) => later(Status::Unavailable, 3600),
            Refusal::Store(_) => Answer::new(Status::Internal),
        }
    }
}

fn class(reject: Reject) -> Status {
    match reject {
        Reject::UnknownNode | Reject::EpochUnknown => Status::NotFound,
        Reject::WrongNode | Reject::BadSignature | Reject::RootMismatch | Reject::Expired | Reject::WrongToken => {
            Status::Forbidden
        }
        Reject::EpochRollback | Reject::NotOffered | Reject::IndexTaken | Reject::QueueFull => Status::Conflict,
        _ => Status::BadRequest,
    }
}

/// Bytes of the largest body that any resource takes.
pub fn body_max<S: Store>(gateway: &Gateway<S>) -> usize {
    let policy = gateway.policy();
    PUBLICATION_MAX.max(policy.representation_max).max(policy.request_max).max(policy.response_max)
}

/// What rings when this resource changes; `None` if it cannot be observed.
pub fn topic(path: &[String]) -> Option<Topic> {
    match Resource::read(path)? {
        Resource::Mailbox(node) => Some(Topic::Mailbox(node)),
        Resource::Confirms(place) => Some(Topic::Confirms(place)),
        Resource::Requests(node) => Some(Topic::Requests(node)),
        Resource::Sealed(node, name) => Some(Topic::Representation(node, name.to_string())),
        _ => None,
    }
}

/// Answers a request that was admitted.
pub async fn handle<S: Store>(gateway: &Gateway<S>, request: &Request<'_>) -> Answer {
    match try_handle(gateway, request).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.into(),
    }
}

async fn try_handle<S: Store>(gateway: &Gateway<S>, request: &Request<'_>) -> Result<Answer, Refusal> {
    let resource = Resource::read(request.path).ok_or(Refusal::NotFound)?;
    let (takes, body_max) = match (&resource, request.method) {
        (Resource::Credential(_), Method::Put) => (Format::Message, CREDENTIAL_MAX),
        (Resource::Publication(_), Method::Put) => (Format::Message, PUBLICATION_MAX),
        (Resource::Offer(_), Method::Post) => (Format::Message, ANSWER_MAX),
        (Resource::Admission(_), Method::Put) => (Format::Message, ADMISSION_MAX),
        (Resource::Initiate(_), Method::Post) => (Format::Message, INITIATE_MAX),
        (Resource::Confirm(_), Method::Post) => (Format::Message, CONFIRM_MAX),
        (Resource::Sealed(..), Method::Put) => (Format::Octets, gateway.policy().representation_max),
        (Resource::Request(..), Method::Put) => (Format::Bare, gateway.policy().response_max),
        _ => (Format::Message, 0),
    };
    if request.body.len() > body_max {
        return Err(Refusal::TooLarge);
    }
    if body_max > 0 && request.format.is_some_and(|format| format != Ok(takes)) {
        return Ok(Answer::new(Status::UnsupportedFormat));
    }
    match (resource, request.method) {
        (Resource::Core, Method::Get) => {
            Ok(Answer { max_age: None, ..Answer::content(Format::Links, filtered(request.query)) })
        }
        (Resource::Gateway, Method::Get) => list(gateway, request.query),
        (Resource::Node(node), Method::Get) => {
            Ok(Answer::content(Format::Json, state(&gateway.node(&node)?).to_string().into_bytes()))
        }
        (Resource::Left(node), Method::Get) => {
            let mut body = [0; STOCK_MAX];
            let length = gateway.stock(&node)?.write(&mut body).unwrap_or_default();
            Ok(Answer::content(Format::Message, body.into_iter().take(length).collect()))
        }
        (Resource::Offer(node), Method::Post) => {
            let body = gateway.offer(&node, request.address, request.body).await?;
            Ok(Answer { format: Some(Format::Message), body, ..Answer::new(Status::Changed) })
        }
        (Resource::Mailbox(node), Method::Get) => {
            Ok(Answer::content(Format::Sequence, gateway.mailbox(&node, &token(request.query)?)?))
        }
        (Resource::Requests(node), Method::Get) => {
            Ok(Answer::content(Format::Sequence, gateway.requests(&node, &token(request.query)?)?))
        }
        (Resource::Confirms(place), Method::Get) => Ok(Answer::content(Format::Sequence, gateway.confirms(&place)?)),
        (Resource::Sealed(node, name), Method::Get) => {
            let (body, age) = gateway.representation(&node, name)?;
            Ok(Answer { age: Some(age), ..Answer::content(Format::Octets, body) })
        }
        // On the heap, because it is large: an Offer should not have to carry it.
        (resource, _) => Box::pin(change(gateway, resource, request)).await,
    }
}

/// The requests that change something, the Offer left out.
async fn change<S: Store>(
    gateway: &Gateway<S>,
    resource: Resource<'_>,
    request: &Request<'_>,
) -> Result<Answer, Refusal> {
    let body = request.body;
    match (resource, request.method) {
        (Resource::Credential(node), Method::Put) => register(gateway, &node, request.address, body).await,
        (Resource::Publication(node), Method::Put) => Ok(Answer::kept(gateway.publish(&node, body).await?)),
        (Resource::Initiate(node), Method::Post) => {
            let (place, kept) = gateway.queue(&node, request.address, body).await?;
            Ok(Answer { location: path::confirms(&place), ..Answer::kept(kept) })
        }
        (Resource::Mail(place), Method::Delete) => {
            gateway.discard(&place, &token(request.query)?).await?;
            Ok(Answer::new(Status::Deleted))
        }
        (Resource::Admission(node), Method::Put) => {
            let (epoch, key) = read_admission(body).ok_or(Reject::Malformed)?;
            Ok(Answer::kept(gateway.put_admission(&node, &token(request.query)?, epoch, &key).await?))
        }
        (Resource::Confirm(node), Method::Post) => {
            let (place, kept) = gateway.confirm(&node, &token(request.query)?, body).await?;
            Ok(Answer { location: path::confirms(&place), ..Answer::kept(kept) })
        }
        (Resource::Request(node, number), Method::Put) => {
            Ok(Answer::kept(gateway.answer(&node, number, &token(request.query)?, body).await?))
        }
        (Resource::Sealed(node, name), Method::Put) => {
            Ok(Answer::kept(gateway.put_representation(&node, name, &token(request.query)?, body).await?))
        }
        (Resource::Sealed(node, name), Method::Delete) => {
            gateway.remove_representation(&node, name, &token(request.query)?).await?;
            Ok(Answer::new(Status::Deleted))
        }
        _ => Ok(Answer::new(Status::MethodNotAllowed)),
    }
}

/// `[epoch (uint), K_epoch (bstr, 32)]`
fn read_admission(body: &[u8]) -> Option<(u64, BatchKey)> {
    let mut decoder = Decoder::new(body);
    if decoder.array().ok()? != Some(2) {
        return None;
    }
    let (epoch, key) = (decoder.u64().ok()?, decoder.bytes().ok()?.try_into().ok()?);
    (decoder.position() == body.len()).then_some((epoch, BatchKey::from_bytes(key)))
}

/// A node registers itself, where that is allowed and the credential is that of the path.
async fn register<S: Store>(gateway: &Gateway<S>, node: &NodeId, by: IpAddr, body: &[u8]) -> Result<Answer, Refusal> {
    let credential = dke::Credential::parse(body)?;
    if crate::record::node_id(credential.hash()) != *node {
        return Err(Refusal::Rejected(Reject::WrongNode));
    }
    if !gateway.policy().open && gateway.node(node).is_err() {
        return Err(Refusal::Closed);
    }
    Ok(Answer::kept(gateway.register_from(by, body).await?.1))
}

/// A list of nodes, from `after` on.
fn list<S: Store>(gateway: &Gateway<S>, query: &[String]) -> Result<Answer, Refusal> {
    let after = query.iter().find_map(|part| read_node_name(part.strip_prefix(AFTER)?));
    let totals = gateway.totals()?;
    let nodes = gateway.nodes(after.as_ref(), LIST_MAX)?;
    let last = nodes.last().filter(|_| nodes.len() == LIST_MAX).map(|node| node_name(&node.id));
    let list = json!({
        "nodes": totals.nodes,
        "leases": totals.leases,
        "list": nodes.iter().map(state).collect::<Vec<_>>(),
        "more_after": last,
    });
    Ok(Answer::content(Format::Json, list.to_string().into_bytes()))
}

/// What anyone may know of a node.
fn state(node: &NodeState) -> Value {
    json!({
        "id": node_name(&node.id),
        "subject": node.subject,
        "epoch": node.epoch,
        "prekeys": node.prekeys,
        "left": node.left,
        "not_after": node.not_after,
        "published": node.published,
        "waiting": node.waiting,
        "requests": node.requests,
        "awake": node.awake,
        "next_wake_in": node.next_wake,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_have_a_number_and_a_media_type() {
        for format in Format::ALL {
            assert_eq!(Format::from_number(format.number()), Some(format));
            let with_parameters = format!(" {}; charset=utf-8", format.media_type().to_uppercase());
            assert_eq!(Format::from_media_type(&with_parameters), Some(format));
        }
        assert_eq!((Format::from_number(0), Format::from_media_type("text/plain")), (None, None));
    }
}
