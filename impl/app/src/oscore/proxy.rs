//! Proxy-Uri, of which a proxy may see where a request goes and no more: RFC 8613 section 4.1.3.3, RFC 7252 section 6.4.

/// A URI, in what stays outside and what is protected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProxyUri {
    /// Scheme, host and port, as they stand in the URI: the outer Proxy-Uri.
    pub(super) origin: String,
    /// Uri-Path.
    pub(super) path: Vec<Vec<u8>>,
    /// Uri-Query.
    pub(super) query: Vec<Vec<u8>>,
}

impl ProxyUri {
    /// `None` if it is no absolute URI with a host, or has user information or a fragment (steps 1 to 3 of RFC 7252 section 6.4).
    pub(super) fn decompose(value: &[u8]) -> Option<ProxyUri> {
        let uri = std::str::from_utf8(value).ok()?;
        let (scheme, rest) = uri.split_once("://")?;
        if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
            return None;
        }
        let (hierarchy, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
        let (authority, path) = hierarchy.split_once('/').unwrap_or((hierarchy, ""));
        if authority.is_empty() || authority.contains('@') || uri.contains('#') {
            return None;
        }
        // Step 8: no Uri-Path for no path, nor for a single slash.
        let path = if path.is_empty() { Some(Vec::new()) } else { path.split('/').map(decoded).collect() };
        let query = query.map_or(Some(Vec::new()), |query| query.split('&').map(decoded).collect());
        Some(ProxyUri { origin: format!("{scheme}://{authority}"), path: path?, query: query? })
    }
}

/// Percent-encodings turned into bytes; `None` if one is not two hexadecimal digits.
fn decoded(component: &str) -> Option<Vec<u8>> {
    let mut parts = component.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(rest.as_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::ProxyUri;

    #[test]
    fn uris() {
        let cases: [(&str, &str, &[&str], &[&str]); 6] = [
            ("coap://example.com/resource?q=1", "coap://example.com", &["resource"], &["q=1"]),
            ("coap://example.com", "coap://example.com", &[], &[]),
            ("http://server.url:8080/", "http://server.url:8080", &[], &[]),
            ("coap://[2001:db8::2:1]/", "coap://[2001:db8::2:1]", &[], &[]),
            ("coap://example.com/a//b%2Fc?//&?%26", "coap://example.com", &["a", "", "b/c"], &["//", "?&"]),
            ("coap+tcp://h?x", "coap+tcp://h", &[], &["x"]),
        ];
        for (uri, origin, path, query) in cases {
            let parts = |parts: &[&str]| parts.iter().map(|part| part.as_bytes().to_vec()).collect();
            let expected = ProxyUri { origin: origin.into(), path: parts(path), query: parts(query) };
            assert_eq!(ProxyUri::decompose(uri.as_bytes()), Some(expected), "{uri}");
        }
        for wrong in
            ["", "/path", "coap:/h", "://h", "coap:///p", "coap://u@h/", "coap://h/#f", "coap://h/%2", "coap://h/%+1"]
        {
            assert_eq!(ProxyUri::decompose(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(ProxyUri::decompose(b"coap://h/\xff"), None);
    }
}
