//! Where somebody listens: a host and a port, as URIs have them (RFC 3986 section 3.2) and as people write them.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};

/// A host and a port: `name:port`, `192.0.2.1:port`, `[2001:db8::1]:port`, or with a zone (RFC 4007 section 11) `[fe80::1%eth0]:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A name or an address, without brackets and zone.
    host: String,
    /// Of an IPv6 address that is only valid on one link.
    zone: Option<String>,
    port: u16,
}

impl Place {
    /// Reads a place. The port may be left out where there is a default. `None` if it is not of one of these forms.
    pub fn parse(text: &str, default_port: Option<u16>) -> Option<Place> {
        let (host, zone, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (literal, port) = rest.split_once(']')?;
                let (address, zone) = zoned(literal)?;
                address.parse::<Ipv6Addr>().ok()?;
                (address, zone, port)
            }
            None => {
                let end = text.find(':').unwrap_or(text.len());
                let (host, port) = text.split_at_checked(end)?;
                (host, None, port)
            }
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            None if port.is_empty() => default_port?,
            _ => return None,
        };
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_host) {
            return None;
        }
        Some(Place { host: host.to_string(), zone: zone.map(ToString::to_string), port })
    }

    /// Its addresses, of which there is at least one. A name is looked up, and so is a zone.
    pub async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let host = match &self.zone {
            Some(zone) => format!("{}%{zone}", self.host),
            None => self.host.clone(),
        };
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, self.port)).await?.collect();
        if found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{} has no address", self.host)));
        }
        Ok(found)
    }

    /// As it stands in HTTP's Host: without the zone, which means nothing to others (RFC 6874 section 1).
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// An IPv6 address and its zone, which `%` begins, or `%25` in a URI (RFC 6874 section 2).
fn zoned(literal: &str) -> Option<(&str, Option<&str>)> {
    let Some((address, zone)) = literal.split_once('%') else { return Some((literal, None)) };
    let zone = zone.strip_prefix("25").filter(|zone| !zone.is_empty()).unwrap_or(zone);
    let is_zone = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (!zone.is_empty() && zone.bytes().all(is_zone)).then_some((address, Some(zone)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let read = |text| Place::parse(text, Some(5683)).map(|place| (place.authority(), place.zone));
        let of = |authority: &str, zone: Option<&str>| Some((authority.to_string(), zone.map(ToString::to_string)));
        assert_eq!(read("localhost"), of("localhost:5683", None));
        assert_eq!(read("localhost:7"), of("localhost:7", None));
        assert_eq!(read("192.0.2.1:65535"), of("192.0.2.1:65535", None));
        assert_eq!(read("[::1]"), of("[::1]:5683", None));
        assert_eq!(read("[2001:db8::1]:80"), of("[2001:db8::1]:80", None));
        for zone in ["[fe80::1%lo]:80", "[fe80::1%25lo]:80"] {
            assert_eq!(read(zone), of("[fe80::1]:80", Some("lo")), "{zone}");
        }
        assert_eq!(read("[fe80::1%1]:80"), of("[fe80::1]:80", Some("1")));
        assert_eq!(read("[fe80::1%25]:80"), of("[fe80::1]:80", Some("25")));
        for bad in [
            "",
            ":80",
            "::1",
            "::1:80",
            "[::1",
            "::1]",
            "[x]:80",
            "[192.0.2.1]:80",
            "[fe80::1%]",
            "[fe80::1%a b]",
            "x:",
            "x:y",
            "x:+1",
            "x:65536",
            "[::1]80",
            "a b",
            "a/b",
            "a@b",
            "a?b",
            "a#b",
            "x:1:2",
            "x%lo",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(Place::parse("localhost", None), None);
    }

    #[tokio::test]
    async fn a_zone_is_looked_up() {
        let place = Place::parse("[fe80::1%lo]:5683", None).unwrap();
        match place.addresses().await.unwrap().as_slice() {
            [SocketAddr::V6(address)] => {
                assert_eq!((*address.ip(), address.port()), ("fe80::1".parse().unwrap(), 5683));
                assert_ne!(address.scope_id(), 0);
            }
            other => panic!("{other:?}"),
        }
        let names = Place::parse("localhost:7", None).unwrap().addresses().await.unwrap();
        assert!(names.iter().all(|address| address.ip().is_loopback() && address.port() == 7) && !names.is_empty());
    }
}
