//! The CoAP face.

use crate::gateway::Gateway;
use crate::resource::{self, Answer, Format, Method, Status};
use crate::store::Store;
use dke_coap::{Code, Endpoint, Parameters, Request, Response, Service};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
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

struct Face<S>(Arc<Gateway<S>>);

impl<S: Store> Service for Face<S> {
    async fn call(&self, request: Request) -> Response {
        let method = match request.method {
            dke_coap::Method::Get => Method::Get,
            dke_coap::Method::Post => Method::Post,
            dke_coap::Method::Put => Method::Put,
            dke_coap::Method::Delete => Method::Delete,
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

    fn watch(&self, request: &Request) -> Option<watch::Receiver<()>> {
        resource::topic(&request.path).map(|topic| self.0.listen(topic))
    }

    fn body_max(&self) -> usize {
        resource::body_max(&self.0)
    }
}

fn response(answer: Answer) -> Response {
    Response {
        code: code(answer.status),
        format: answer.format.map(Format::number),
        max_age: answer.max_age.map(|seconds| seconds.try_into().unwrap_or(u32::MAX)),
        location: answer.location,
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
