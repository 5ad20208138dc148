//! HTTP/1.1 requests, one connection each.

use crate::gateway::{Answer, Failure, PUZZLE};
use crate::place::Place;
use dke_app::oscore::http::HEADER as OSCORE_HEADER;
use dke_coap::Method;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// From connecting to the end of the answer, the wait that was asked for left out.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the gateway listens.
#[derive(Clone)]
pub(crate) struct Http(pub(crate) Place);

/// A request.
pub(crate) struct Sent<'a> {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: &'a str,
    pub(crate) media_type: &'a str,
    /// The OSCORE header field (RFC 8613 section 11.1).
    pub(crate) oscore: Option<String>,
    pub(crate) body: &'a [u8],
    /// The gateway may wait so many seconds for something to tell.
    pub(crate) wait: Option<u64>,
}

impl Http {
    /// One request; an answer's body of up to `body_max` bytes is taken.
    pub(crate) async fn request(&self, sent: &Sent<'_>, body_max: usize) -> Result<Answer, Failure> {
        let patience = PATIENCE.saturating_add(Duration::from_secs(sent.wait.unwrap_or_default()));
        let answer = timeout(patience, self.exchange(sent, body_max)).await;
        answer.map_err(|_| Failure::Network("there was no answer".into()))?
    }

    async fn exchange(&self, sent: &Sent<'_>, body_max: usize) -> Result<Answer, Failure> {
        let mut request =
            Request::builder().method(verb(sent.method)).uri(sent.target).header(HOST, self.0.authority());
        if !sent.body.is_empty() {
            request = request.header(CONTENT_TYPE, sent.media_type);
        }
        if let Some(oscore) = &sent.oscore {
            request = request.header(OSCORE_HEADER, oscore);
        }
        if let Some(seconds) = sent.wait {
            request = request.header("prefer", format!("wait={seconds}"));
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(sent.body))).map_err(network)?;
        let stream =
            TcpStream::connect(self.0.addresses().await.map_err(network)?.as_slice()).await.map_err(network)?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(network)?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(network);
        let answer = match response {
            Ok(response) => read(response, body_max).await,
            Err(failure) => Err(failure),
        };
        connection.abort();
        answer
    }
}

async fn read(response: Response<hyper::body::Incoming>, body_max: usize) -> Result<Answer, Failure> {
    let (head, body) = response.into_parts();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let retry_after = text(RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok());
    let media_type = text(CONTENT_TYPE.as_str()).map(ToString::to_string);
    let oscore = text(OSCORE_HEADER).map(ToString::to_string);
    let body = Limited::new(body, body_max).collect().await.map_err(|error| {
        if error.downcast_ref::<LengthLimitError>().is_some() {
            Failure::TooLarge
        } else {
            Failure::Network(error.to_string())
        }
    })?;
    let (success, class) = (head.status.is_success(), class(head.status));
    Ok(Answer {
        success,
        class,
        retry_after,
        media_type,
        oscore,
        // Other errors have a sentence for people.
        body: if success || class == PUZZLE { body.to_bytes().to_vec() } else { Vec::new() },
    })
}

/// The code as CoAP has it, class and detail (RFC 8075 section 7).
fn class(status: StatusCode) -> (u16, u16) {
    match status.as_u16() {
        412 => PUZZLE,
        413 => (4, 13),
        415 => (4, 15),
        429 => (4, 29),
        code => (code.div_euclid(100), code.rem_euclid(100)),
    }
}

const fn verb(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        // HTTP has no method of its own for FETCH.
        Method::Post | Method::Fetch => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    }
}

fn network(error: impl std::fmt::Display) -> Failure {
    Failure::Network(error.to_string())
}
