//! Requests to a node that sleeps: PROTOCOL.md section 16, from the client's end and from the node's.

use super::failure::{TOO_MANY, WAIT, later};
use super::{Answer, BODY_MAX, Failure, Gateway, Link, Traffic, name, shown};
use crate::http::Sent;
use coap_lite::{CoapOption, Packet};
use dke::crypto::Hash;
use dke_app::message;
use dke_app::oscore::http;
use dke_app::request::Protection;
use dke_coap::names::{
    BARE, BARE_TYPE, ENCRYPT0, ENCRYPT0_TYPE, JOSE, JOSE_TYPE, NODE_ID, NODES, OSCORE_TYPE, REQUESTS, ROOT, node_host,
};
use dke_coap::options::{MAX_AGE, OSCORE, URI_HOST, URI_PATH};
use dke_coap::{Bare, Code, Method};

/// What the gateway has for a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// An outer response; who made it, opening it will tell.
    Response(Packet),
    /// The request waits for the node; another try makes sense after so many seconds.
    Sleeps(u64),
}

impl Gateway {
    /// A client's request, an outer message: makes it, or collects the response of one that was made before with the very same bytes. The gateway is asked
    /// to wait so many seconds for the node, over HTTP; over CoAP it waits as it likes.
    pub async fn ask_node(&self, node: &Hash, outer: &Packet, wait: u64) -> Result<Reply, Failure> {
        self.patiently(|| self.ask_node_once(node, outer, wait)).await
    }

    async fn ask_node_once(&self, node: &Hash, outer: &Packet, wait: u64) -> Result<Reply, Failure> {
        let path = [ROOT, "", NODES];
        let written = message::encode(outer).map_err(|_| Failure::TooLarge)?;
        self.show(&path, |resource| Traffic::Sent { resource, body: &written });
        let reply = match &self.link {
            Link::Coap(client) => {
                let reply = client.send(&addressed(node, outer)?).await?;
                // A node's own 5.03 or 4.29 would be protected.
                match (reply.code, reply.option(OSCORE), reply.uint(MAX_AGE).map(u64::from)) {
                    (Code::UNAVAILABLE, None, seconds) => Reply::Sleeps(seconds.unwrap_or(WAIT)),
                    (Code::TOO_MANY, None, seconds) => return Err(later(TOO_MANY, seconds)),
                    _ => Reply::Response(message::decode(&reply.encode()).map_err(malformed)?),
                }
            }
            Link::Http(http) => {
                let target = format!("/{NODES}/{}", name(node));
                let (media_type, oscore) = headers(outer);
                let (method, body, wait) = (Method::Post, outer.payload.as_slice(), Some(wait));
                let request = Sent { method, target: &target, media_type, oscore, body, wait };
                from_http(http.request(&request, BODY_MAX).await?)?
            }
        };
        if let Reply::Response(response) = &reply {
            let written = message::encode(response).map_err(|_| Failure::TooLarge)?;
            self.show(&path, |resource| Traffic::Answered { resource, body: &written });
        }
        Ok(reply)
    }

    /// Requests that wait for the node, in order: number and outer message; more may wait when these are answered.
    pub async fn requests(&self, node: &Hash, token: &[u8]) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
        let answer = self.ask(Method::Get, &[ROOT, &name(node), REQUESTS], &[&shown(token)], &[]).await?;
        numbered(&answer.body).map_err(|_| Failure::Malformed(dke::Reject::Malformed))
    }

    /// The node's response to a request, an outer message. `true` if it was not known.
    pub async fn respond(&self, node: &Hash, token: &[u8], number: u64, response: &[u8]) -> Result<bool, Failure> {
        let path = [ROOT, &name(node), REQUESTS, &number.to_string()];
        self.put(&path, token, response, (BARE, BARE_TYPE)).await
    }
}

/// An outer request on its way over CoAP. OSCORE hides the path, so that the node is named by the host.
fn addressed(node: &Hash, outer: &Packet) -> Result<Bare, Failure> {
    let written = message::encode(outer).map_err(|_| Failure::TooLarge)?;
    let mut bare = Bare::parse(&written).ok_or(Failure::Malformed(dke::Reject::Malformed))?;
    if Protection::of(outer) == Some(Protection::Oscore) {
        let node = node.first_chunk::<NODE_ID>().copied().unwrap_or_default();
        bare.options.push((URI_HOST, node_host(&node).into_bytes()));
    } else {
        bare.options.extend([NODES.to_string(), name(node)].map(|part| (URI_PATH, part.into_bytes())));
    }
    Ok(bare)
}

/// Content-Type, and the OSCORE header field (RFC 8613 section 11).
fn headers(outer: &Packet) -> (&'static str, Option<String>) {
    match Protection::of(outer) {
        Some(Protection::Oscore) => {
            let option = outer.get_first_option(CoapOption::Oscore).map(|option| http::header(option));
            (OSCORE_TYPE, option)
        }
        Some(Protection::Jwe) => (JOSE_TYPE, None),
        Some(Protection::Cose) | None => (ENCRYPT0_TYPE, None),
    }
}

/// The outer response that an HTTP response stands for.
fn from_http(answer: Answer) -> Result<Reply, Failure> {
    const ACCEPTED: (u16, u16) = (2, 2);
    if answer.class == ACCEPTED {
        return Ok(Reply::Sleeps(answer.retry_after.unwrap_or(WAIT)));
    }
    if matches!(answer.class, (5, 3) | TOO_MANY) {
        return Err(later(answer.class, answer.retry_after));
    }
    let (class, detail) = answer.class;
    let code =
        if answer.success { Code::CHANGED.0 } else { u8::try_from((class << 5) | (detail & 0x1f)).unwrap_or(0xa0) };
    let mut response = message::with_code(code);
    if let Some(option) = answer.oscore.as_deref().and_then(http::option) {
        response.add_option(CoapOption::Oscore, option);
    }
    let is = |name: &str| {
        answer.media_type.as_deref().is_some_and(|media| media.split(';').next() == name.split(';').next())
    };
    let format = [(ENCRYPT0_TYPE, ENCRYPT0), (JOSE_TYPE, JOSE)].into_iter().find(|(name, _)| is(name));
    if let Some((_, format)) = format {
        let bytes = format.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        response.add_option(CoapOption::ContentFormat, bytes);
    }
    response.payload = answer.body;
    Ok(Reply::Response(response))
}

/// `[number (uint), message (bstr)]` after one another.
fn numbered(sequence: &[u8]) -> Result<Vec<(u64, Vec<u8>)>, minicbor::decode::Error> {
    let mut d = minicbor::Decoder::new(sequence);
    let mut all = Vec::new();
    while d.position() < sequence.len() {
        if d.array()? != Some(2) {
            return Err(minicbor::decode::Error::message("no pair"));
        }
        all.push((d.u64()?, d.bytes()?.to_vec()));
    }
    Ok(all)
}

fn malformed(_: dke_app::Reject) -> Failure {
    Failure::Malformed(dke::Reject::Malformed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::numbered;

    #[test]
    fn requests_that_wait() {
        assert_eq!(numbered(&[]).unwrap(), []);
        assert_eq!(numbered(&[0x82, 7, 0x41, 2, 0x82, 8, 0x40]).unwrap(), [(7, vec![2]), (8, vec![])]);
        for wrong in [&[0x81, 7][..], &[0x82, 7], &[0x82, 0x41, 7, 7], &[7], &[0x82, 7, 0x41, 2, 0x82]] {
            assert!(numbered(wrong).is_err(), "{wrong:02x?}");
        }
    }
}
