//! Paths and queries.

use crate::record::{NodeId, Place};
use crate::refusal::Refusal;
use dke::Reject;
use dke_coap::names::{
    ADMISSION, CONFIRM, CREDENTIAL, INITIATE, LEFT, MAILBOX, NODES, OFFER, PUBLICATION, REQUESTS, RESPONSE, ROOT,
    SEALED, TOKEN,
};

pub use dke_coap::names::{node_name, read_node_name};

/// One more than the longest path has that names something of the gateway's own.
const SEGMENTS: usize = 6;
/// Characters of a representation's name.
const NAME_MAX: usize = 64;
/// The gateway's links: resource type and Content-Format of the only resource that does not need a node's name.
const LINK: &str = "</dke>;rt=\"dke.gateway\";ct=50;title=\"Delayed Key Exchange\"";

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    /// `/.well-known/core`
    Core,
    /// `/dke`
    Gateway,
    /// `/dke/{node}`
    Node(NodeId),
    /// `/dke/{node}/credential`
    Credential(NodeId),
    /// `/dke/{node}/publication`
    Publication(NodeId),
    /// `/dke/{node}/left`
    Left(NodeId),
    /// `/dke/{node}/offer`
    Offer(NodeId),
    /// `/dke/{node}/admission`
    Admission(NodeId),
    /// `/dke/{node}/initiate`
    Initiate(NodeId),
    /// `/dke/{node}/mailbox`
    Mailbox(NodeId),
    /// `/dke/{node}/mailbox/{epoch}/{index}`
    Mail(Place),
    /// `/dke/{node}/confirm`
    Confirm(NodeId),
    /// `/dke/{node}/confirm/{epoch}/{index}`
    Confirms(Place),
    /// `/dke/{node}/sealed/{name}`
    Sealed(NodeId, &'a str),
    /// `/dke/{node}/requests`
    Requests(NodeId),
    /// `/dke/{node}/requests/{number}`
    Request(NodeId, u64),
    /// `/dke/{node}/response/{number}`
    Response(NodeId, u64),
    /// `/nodes/{node}`, and the path below
    Below(NodeId, &'a [String]),
}

impl<'a> Resource<'a> {
    pub(crate) fn read(path: &'a [String]) -> Option<Resource<'a>> {
        // Without an allocation, for every request comes here.
        let mut segments = [""; SEGMENTS];
        segments.iter_mut().zip(path).for_each(|(to, segment)| *to = segment);
        Some(match segments.get(..path.len().min(SEGMENTS))? {
            [".well-known", "core"] => Resource::Core,
            [ROOT] => Resource::Gateway,
            [ROOT, node] => Resource::Node(read_node_name(node)?),
            [ROOT, node, what] => {
                let node = read_node_name(node)?;
                match *what {
                    CREDENTIAL => Resource::Credential(node),
                    PUBLICATION => Resource::Publication(node),
                    LEFT => Resource::Left(node),
                    OFFER => Resource::Offer(node),
                    ADMISSION => Resource::Admission(node),
                    INITIATE => Resource::Initiate(node),
                    MAILBOX => Resource::Mailbox(node),
                    CONFIRM => Resource::Confirm(node),
                    REQUESTS => Resource::Requests(node),
                    _ => return None,
                }
            }
            [ROOT, node, SEALED, name] if is_name(name) => Resource::Sealed(read_node_name(node)?, name),
            [ROOT, node, REQUESTS, of] => Resource::Request(read_node_name(node)?, number(of)?),
            [ROOT, node, RESPONSE, of] => Resource::Response(read_node_name(node)?, number(of)?),
            [NODES, node, ..] => Resource::Below(read_node_name(node)?, path.get(2..)?),
            [ROOT, node, what, epoch, index] => {
                let place = Place { node: read_node_name(node)?, epoch: number(epoch)?, index: number(index)? };
                match *what {
                    MAILBOX => Resource::Mail(place),
                    CONFIRM => Resource::Confirms(place),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }
}

/// Path to an exchange's Confirms.
pub(super) fn confirms(place: &Place) -> Vec<String> {
    let Place { node, epoch, index } = place;
    vec![ROOT.into(), node_name(node), CONFIRM.into(), epoch.to_string(), index.to_string()]
}

/// Path to a response.
pub(crate) fn response(node: &NodeId, number: u64) -> Vec<String> {
    vec![ROOT.into(), node_name(node), RESPONSE.into(), number.to_string()]
}

/// A decimal number in its only form.
fn number<T: std::str::FromStr + ToString>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number: &T| number.to_string() == text)
}

fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// The mailbox token: `token=` and 32 hexadecimal digits.
pub(super) fn token(query: &[String]) -> Result<Vec<u8>, Refusal> {
    let shown = query.iter().find_map(|part| part.strip_prefix(TOKEN));
    let mut token = vec![0; dke::params::TOKEN];
    let decoded = shown.and_then(|text| base16ct::mixed::decode(text, &mut token).ok()).map(<[u8]>::len);
    if decoded == Some(token.len()) { Ok(token) } else { Err(Reject::WrongToken.into()) }
}

/// The links that a query asks for (RFC 6690 section 4.1): one criterion, which may end in `*`.
pub(super) fn filtered(query: &[String]) -> Vec<u8> {
    let fits = |part: &String| match part.split_once('=') {
        Some(("rt", wanted)) => matches(wanted, "dke.gateway"),
        Some(("href", wanted)) => matches(wanted, "/dke"),
        Some(("ct", wanted)) => matches(wanted, "50"),
        _ => false,
    };
    if query.iter().all(fits) { LINK.into() } else { Vec::new() }
}

fn matches(wanted: &str, value: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(prefix) => value.starts_with(prefix),
        None => value == wanted,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<String> {
        let path: Vec<String> = path.split('/').map(ToString::to_string).collect();
        Resource::read(&path).map(|resource| format!("{resource:?}"))
    }

    #[test]
    fn paths() {
        let node = node_name(&[0xfb; 16]);
        for good in [
            "",
            "/left",
            "/offer",
            "/initiate",
            "/mailbox",
            "/confirm",
            "/confirm/1/0",
            "/mailbox/18446744073709551615/255",
        ] {
            assert!(read(&format!("dke/{node}{good}")).is_some(), "{good}");
        }
        for good in ["/requests", "/requests/0", "/response/18446744073709551615"] {
            assert!(read(&format!("dke/{node}{good}")).is_some(), "{good}");
        }
        for good in ["", "/", "/a", "/a/b/c/d/e/f", "/%20"] {
            assert!(read(&format!("nodes/{node}{good}")).is_some(), "{good}");
        }
        for bad in [
            "/",
            "/other",
            "/confirm/1",
            "/confirm/01/0",
            "/confirm/1/256",
            "/confirm/+1/0",
            "/sealed/",
            "/sealed/a%20b",
            "/sealed/a/b",
            "/confirm/1/0/",
            "/confirm/1/0/0/0",
            "/response",
            "/requests/01",
            "/response/-1",
        ] {
            assert_eq!(read(&format!("dke/{node}{bad}")), None, "{bad}");
        }
        for bad in [
            "",
            "nodes",
            "nodes/",
            "nodes/short/a",
            "dke/",
            "dke/short",
            "dke/-_v7-_v7-_v7-_v7-_v7-_v7",
            "dke/-_v7-_v7-_v7-_v7-_v7-x",
            "x",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn tokens_and_links() {
        let query = |text: &str| vec![text.to_string()];
        assert_eq!(token(&query("token=000102030405060708090a0b0c0d0e0F")).unwrap().len(), 16);
        for bad in [
            "",
            "token=",
            "token=00",
            "token=000102030405060708090a0b0c0d0e0f00",
            "token=xx0102030405060708090a0b0c0d0e0f",
        ] {
            assert!(token(&query(bad)).is_err(), "{bad}");
        }
        assert!(!filtered(&[]).is_empty() && !filtered(&query("rt=dke.*")).is_empty());
        assert!(filtered(&query("rt=core.rd")).is_empty() && filtered(&query("x")).is_empty());
    }
}
