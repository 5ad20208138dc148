//! The HTTP/1.1 face: the same resources, mapped as RFC 8075 section 7 asks, and a page for people at `/`.

mod connections;
mod head;
mod nodes;

use crate::gateway::Gateway;
use crate::page;
use crate::resource::{self, Answer, Format, Method, Resource, Status};
use crate::store::Store;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::header::{AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method as Verb, StatusCode};
use axum::response::Response;
use axum::{Router, middleware::from_fn, routing::get};
use connections::READ;
use dke_coap::Shares;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Longest "wait" that a client may prefer (RFC 7240 section 4.3).
const WAIT_MAX: u64 = 60;

/// The gateway's resources over HTTP. Returns where it listens, and what serves while it is polled.
pub async fn http<S: Store>(
    gateway: Arc<Gateway<S>>,
    bind: SocketAddr,
) -> io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let listener = TcpListener::bind(bind).await?;
    let address = listener.local_addr()?;
    let policy = gateway.policy();
    let shares = Shares::new(policy.connections_max, policy.connections_per_address);
    let router = Router::new().route("/", get(front::<S>)).fallback(serve::<S>).with_state(gateway);
    Ok((address, connections::accept(listener, router.layer(from_fn(head::check)), shares)))
}

/// Every path but `/`.
async fn serve<S: Store>(
    State(gateway): State<Arc<Gateway<S>>>,
    Extension(peer): Extension<SocketAddr>,
    request: Request,
) -> Response {
    // Over TCP, the peer's address is its own.
    if let Err(refusal) = gateway.admit(peer.ip(), true) {
        return response(refusal.into());
    }
    let (head, body) = request.into_parts();
    let method = match head.method {
        Verb::GET | Verb::HEAD => Method::Get,
        Verb::POST => Method::Post,
        Verb::PUT => Method::Put,
        Verb::DELETE => Method::Delete,
        _ => return plain(StatusCode::NOT_IMPLEMENTED),
    };
    let body_max = resource::body_max(&gateway);
    if body.size_hint().lower() > u64::try_from(body_max).unwrap_or(u64::MAX) {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let Ok(body) = timeout(READ, to_bytes(body, body_max)).await else {
        return plain(StatusCode::REQUEST_TIMEOUT);
    };
    let Ok(body) = body else { return plain(StatusCode::PAYLOAD_TOO_LARGE) };
    let path: Vec<String> = head.uri.path().split('/').skip(1).map(ToString::to_string).collect();
    let query: Vec<String> =
        head.uri.query().into_iter().flat_map(|query| query.split('&')).map(ToString::to_string).collect();
    let by = peer.ip();
    match (Resource::read(&path), method) {
        (Some(Resource::Below(node, below)), Method::Post) => {
            nodes::ask(&gateway, by, &node, below, &query, &head.headers, &body).await.unwrap_or_else(response)
        }
        (Some(Resource::Response(node, number)), Method::Get) => {
            nodes::collect(&gateway, by, &node, number, &head.headers).await.unwrap_or_else(response)
        }
        _ => response(answer(&gateway, by, method, &path, &query, &head.headers, &body).await),
    }
}

/// The page for people.
async fn front<S: Store>(State(gateway): State<Arc<Gateway<S>>>, Extension(peer): Extension<SocketAddr>) -> Response {
    match gateway.admit(peer.ip(), true).and_then(|()| page::page(&gateway)) {
        Ok(page) => {
            let mut response = Response::new(Body::from(page));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            response
        }
        Err(refusal) => response(refusal.into()),
    }
}

async fn answer<S: Store>(
    gateway: &Gateway<S>,
    address: IpAddr,
    method: Method,
    path: &[String],
    query: &[String],
    headers: &HeaderMap,
    body: &Bytes,
) -> Answer {
    let format = headers.get(CONTENT_TYPE).map(|name| name.to_str().ok().and_then(Format::from_media_type).ok_or(()));
    let request = resource::Request { address, method, path, query, format, body };
    let wait = if method == Method::Get { preferred_wait(headers) } else { None };
    let Some((wait, topic)) = wait.zip(resource::topic(path)) else {
        return resource::handle(gateway, &request).await;
    };
    // Listening begins before looking, so that no change falls between the two.
    let mut bell = gateway.listen(topic);
    let first = resource::handle(gateway, &request).await;
    if first.status != Status::Content || !first.body.is_empty() {
        return first;
    }
    match timeout(Duration::from_secs(wait), bell.changed()).await {
        Ok(Ok(())) => resource::handle(gateway, &request).await,
        _ => first,
    }
}

/// `Prefer: wait=30`: an empty answer may wait for so many seconds until there is something.
fn preferred_wait(headers: &HeaderMap) -> Option<u64> {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = preferences.flat_map(|value| value.split(','));
    let wait: u64 = preferences.find_map(|one| one.trim().strip_prefix("wait=")?.parse().ok())?;
    Some(wait.min(WAIT_MAX))
}

fn plain(status: StatusCode) -> Response {
    sentence(status, &status.to_string())
}

/// An error with a sentence for people.
fn sentence(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{text}\n")));
    *response.status_mut() = status;
    response
}

/// RFC 8075 section 7, table 2; a Max-Age becomes Cache-Control, or Retry-After where another try is meant.
fn response(answer: Answer) -> Response {
    let status = status(answer.status, answer.body.is_empty());
    if answer.body.is_empty() && (status.is_client_error() || status.is_server_error()) {
        let mut response = plain(status);
        if let Some(seconds) = answer.max_age {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST, PUT, DELETE"));
        }
        return response;
    }
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Some(format) = answer.format {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    }
    if let Some(Ok(value)) = answer.max_age.map(|seconds| format!("max-age={seconds}").try_into()) {
        headers.insert(CACHE_CONTROL, value);
    }
    if let Some(age) = answer.age {
        headers.insert(AGE, age.into());
    }
    if let (false, Ok(path)) = (answer.location.is_empty(), format!("/{}", answer.location.join("/")).try_into()) {
        headers.insert(LOCATION, path);
    }
    response
}

const fn status(status: Status, empty: bool) -> StatusCode {
    match status {
        Status::Created => StatusCode::CREATED,
        Status::Changed | Status::Deleted if empty => StatusCode::NO_CONTENT,
        Status::Changed | Status::Deleted | Status::Content => StatusCode::OK,
        Status::BadRequest => StatusCode::BAD_REQUEST,
        Status::Forbidden => StatusCode::FORBIDDEN,
        Status::NotFound => StatusCode::NOT_FOUND,
        Status::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Status::Conflict => StatusCode::CONFLICT,
        Status::PuzzleUnsolved => StatusCode::PRECONDITION_FAILED,
        Status::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Status::UnsupportedFormat => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Status::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Status::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Status::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}
