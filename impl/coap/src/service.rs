//! What a server is for: requests and answers with their whole bodies.

use crate::message::{Code, Method, texts, uint};
use crate::options::passed_on;
use coap_lite::{CoapOption, Packet};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use tokio::sync::watch;

/// A request with its whole body.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub peer: SocketAddr,
    /// What for.
    pub method: Method,
    /// The virtual server, if one is named.
    pub host: Option<String>,
    /// Segments of the path.
    pub path: Vec<String>,
    /// Parts of the query.
    pub query: Vec<String>,
    /// Content-Format of the body.
    pub format: Option<u16>,
    /// Accept.
    pub accept: Option<u16>,
    /// The options that a proxy passes on unread, Accept among them: numbers and values.
    pub options: Vec<(u16, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// What a packet asks for, but for its body.
    pub(crate) fn read(peer: SocketAddr, method: Method, packet: &Packet) -> Request {
        Request {
            peer,
            method,
            host: texts(packet, CoapOption::UriHost).pop(),
            path: texts(packet, CoapOption::UriPath),
            query: texts(packet, CoapOption::UriQuery),
            format: uint(packet, CoapOption::ContentFormat).and_then(|format| format.try_into().ok()),
            accept: uint(packet, CoapOption::Accept).and_then(|format| format.try_into().ok()),
            options: passed_on(packet),
            body: Vec::new(),
        }
    }
}

/// An answer with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Success or failure.
    pub code: Code,
    /// Content-Format of the body.
    pub format: Option<u16>,
    /// Seconds for which it is fresh, or after which another try makes sense.
    pub max_age: Option<u32>,
    /// Path of what was created.
    pub location: Vec<String>,
    /// Further options: numbers and values.
    pub options: Vec<(u16, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without a body.
    pub const fn new(code: Code) -> Response {
        Response { code, format: None, max_age: None, location: Vec::new(), options: Vec::new(), body: Vec::new() }
    }
}

/// What a server is for.
pub trait Service: Send + Sync + 'static {
    /// May this address make one more request now? Each message counts, repeated ones and each block too. `Err` has the seconds after which to
    /// try again (4.29). `proven`: the request itself shows that its source is not forged (RFC 9175 section 2.4).
    fn admit(&self, _by: IpAddr, _proven: bool) -> Result<(), u32> {
        Ok(())
    }

    /// May the response take longer than a moment? Then the peer must have shown that it receives. Its body is not there yet.
    fn waits(&self, _request: &Request) -> bool {
        false
    }

    /// Answers a request. It is carried out once, however often the message came.
    fn call(&self, request: &Request) -> impl Future<Output = Response> + Send;

    /// A bell for a resource that can be observed; `None` if it cannot.
    fn watch(&self, _request: &Request) -> Option<watch::Receiver<()>> {
        None
    }

    /// Is this request passed on, so that a proxy's rules hold for its options (RFC 7252 section 5.7)? Its body is not there yet.
    fn forwards(&self, _request: &Request) -> bool {
        false
    }

    /// Bytes of the largest body that is taken.
    fn body_max(&self) -> usize {
        0
    }
}
