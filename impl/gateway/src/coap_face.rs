//! The CoAP face.

use crate::gateway::{Asked, Gateway};
use crate::proxy;
use crate::record::NodeId;
use crate::refusal::Refusal;
use crate::resource::{self, Answer, Format, Method, Resource, Status};
use crate::store::Store;
use dke_coap::names::read_node_host;
use dke_coap::options::{CONTENT_FORMAT, MAX_AGE};
use dke_coap::{Bare, Code, Datagrams, Endpoint, Parameters, Request, Response, Service};
use rand_core::CryptoRngCore;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The gateway's resources over CoAP. Returns where it listens, and what serves while it is polled.
pub async fn coap<S: Store>(
    gateway: Arc<Gateway<S>>,
    bind: SocketAddr,
    parameters: Parameters,
) -> io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let (endpoint, serve) = Endpoint::serve(bind, parameters, Face(gateway)).await?;
    Ok((endpoint.address()?, serve))
}

/// The same over given datagrams. The random source is for message ids.
pub fn coap_over<S: Store>(
    gateway: Arc<Gateway<S>>,
    socket: impl Datagrams,
    parameters: Parameters,
    random: impl CryptoRngCore + Send + 'static,
) -> impl Future<Output = ()> {
    Endpoint::serve_over(socket, parameters, random, Face(gateway)).1
}

struct Face<S>(Arc<Gateway<S>>);

impl<S: Store> Service for Face<S> {
    async fn call(&self, request: &Request) -> Response {
        // On the heap, because it is large: an Offer should not have to carry it.
        match errand(request) {
            Some(errand) => Box::pin(self.relay(request, errand)).await.unwrap_or_else(response),
            None => self.serve(request).await,
        }
    }

    fn watch(&self, request: &Request) -> Option<watch::Receiver<()>> {
        let topic = if errand(request).is_some() { None } else { resource::topic(&request.path) };
        topic.map(|topic| self.0.listen(topic))
    }

    fn forwards(&self, request: &Request) -> bool {
        matches!(errand(request), Some(Errand::Ask(..)))
    }

    fn admit(&self, by: IpAddr, proven: bool) -> Result<(), u32> {
        self.0.admit(by, proven).map_err(|refusal| match refusal {
            Refusal::TooMany(retry) => seconds(retry),
            _ => 1,
        })
    }

    fn waits(&self, request: &Request) -> bool {
        errand(request).is_some()
    }

    fn body_max(&self) -> usize {
        resource::body_max(&self.0)
    }
}

/// What a client wants from a node, and not from the gateway.
enum Errand<'a> {
    /// To be passed on: which node, and the path below it.
    Ask(NodeId, &'a [String]),
    /// The response to an earlier request.
    Collect(NodeId, u64),
}

/// A node is named by Uri-Host, or by the path.
fn errand(request: &Request) -> Option<Errand<'_>> {
    if let Some(node) = request.host.as_deref().and_then(read_node_host) {
        return Some(Errand::Ask(node, &request.path));
    }
    match Resource::read(&request.path)? {
        Resource::Below(node, below) => Some(Errand::Ask(node, below)),
        Resource::Response(node, number) if request.method == dke_coap::Method::Get => {
            Some(Errand::Collect(node, number))
        }
        _ => None,
    }
}

impl<S: Store> Face<S> {
    async fn relay(&self, request: &Request, errand: Errand<'_>) -> Result<Response, Answer> {
        let by = request.peer.ip();
        let hold = Duration::from_secs(self.0.policy().hold);
        let asked = match errand {
            Errand::Ask(node, below) => {
                let Request { method, query, format, options, body, .. } = request;
                let outer = proxy::outer(*method, below, query, *format, options.clone(), body.clone())?;
                self.0.ask(&node, by, &outer, hold).await?
            }
            Errand::Collect(node, number) => self.0.collect(&node, number, by, hold).await?,
        };
        Ok(match asked {
            Asked::Answered(answer) => passed_on(answer),
            Asked::Waits { retry, .. } => {
                Response { max_age: Some(seconds(retry)), ..Response::new(Code::UNAVAILABLE) }
            }
        })
    }

    async fn serve(&self, request: &Request) -> Response {
        let method = match request.method {
            dke_coap::Method::Get => Method::Get,
            dke_coap::Method::Post => Method::Post,
            dke_coap::Method::Put => Method::Put,
            dke_coap::Method::Delete => Method::Delete,
            dke_coap::Method::Fetch => Method::Fetch,
        };
        let asked = resource::Request {
            address: request.peer.ip(),
            method,
            path: &request.path,
            query: &request.query,
            format: request.format.map(|number| Format::from_number(number).ok_or(())),
            body: &request.body,
        };
        let answer = resource::handle(&self.0, &asked).await;
        let unwanted =
            request.accept.is_some_and(|wanted| answer.format.is_some_and(|format| format.number() != wanted));
        if unwanted && method == Method::Get { Response::new(Code::NOT_ACCEPTABLE) } else { response(answer) }
    }
}

/// A node's response, as a client gets it.
fn passed_on(answer: Bare) -> Response {
    Response {
        format: answer.uint(CONTENT_FORMAT).and_then(|format| format.try_into().ok()),
        max_age: answer.uint(MAX_AGE),
        location: Vec::new(),
        options: answer.options.into_iter().filter(|(number, _)| ![CONTENT_FORMAT, MAX_AGE].contains(number)).collect(),
        code: answer.code,
        body: answer.payload,
    }
}

fn seconds(number: u64) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

fn response(answer: Answer) -> Response {
    Response {
        code: code(answer.status),
        format: answer.format.map(Format::number),
        max_age: answer.max_age.map(seconds),
        location: answer.location,
        options: Vec::new(),
        body: answer.body,
    }
}

const fn code(status: Status) -> Code {
    match status {
        Status::Created => Code::CREATED,
        Status::Changed => Code::CHANGED,
        Status::Deleted => Code::DELETED,
        Status::Content => Code::CONTENT,
        Status::BadRequest => Code::BAD_REQUEST,
        Status::Forbidden => Code::FORBIDDEN,
        Status::NotFound => Code::NOT_FOUND,
        Status::MethodNotAllowed => Code::METHOD_NOT_ALLOWED,
        Status::Conflict => Code::CONFLICT,
        Status::PuzzleUnsolved => Code::PRECONDITION_FAILED,
        Status::TooLarge => Code::TOO_LARGE,
        Status::UnsupportedFormat => Code::UNSUPPORTED_FORMAT,
        Status::TooMany => Code::TOO_MANY,
        Status::Internal => Code::INTERNAL,
        Status::Unavailable => Code::UNAVAILABLE,
    }
}
