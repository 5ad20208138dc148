//! What is refused by a request's head alone, for every resource.

use super::sentence;
use axum::extract::Request;
use axum::http::header::{HOST, IF_MATCH, IF_NONE_MATCH};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::Response;

/// Passes on what is not refused.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !has_host(headers, request.version()) {
        return sentence(
            StatusCode::BAD_REQUEST,
            "A request needs one header field Host, with a host and perhaps a port.",
        );
    }
    if has_precondition(headers) {
        return sentence(StatusCode::BAD_REQUEST, "Preconditions (If-Match, If-None-Match: *) are not supported.");
    }
    next.run(request).await
}

/// RFC 9112 section 3.2: exactly one Host, which may be empty; HTTP/1.0 may do without.
fn has_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    bytes.is_empty() || (!bytes.contains(&b'@') && Authority::try_from(bytes).is_ok())
}

/// What CoAP says by If-Match and If-None-Match (RFC 7252 section 5.10.8), which are refused there too. An entity tag in If-None-Match is
/// always true, for no resource has one.
fn has_precondition(headers: &HeaderMap) -> bool {
    let any = |value: &HeaderValue| value.as_bytes().split(|byte| *byte == b',').any(|one| one.trim_ascii() == b"*");
    headers.contains_key(IF_MATCH) || headers.get_all(IF_NONE_MATCH).iter().any(any)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn hosts() {
        for good in ["", "x", "example.org:8080", "127.0.0.1", "[::1]:80", "[fe80::1]", "a_b.example"] {
            assert!(has_host(&headers(&[("host", good)]), Version::HTTP_11), "{good}");
        }
        for bad in ["user@example.org", "a b", "a/b", "http://x", "[::1", "x:y:z", "a?b", "a#b"] {
            assert!(!has_host(&headers(&[("host", bad)]), Version::HTTP_11), "{bad}");
        }
        assert!(!has_host(&headers(&[]), Version::HTTP_11) && has_host(&headers(&[]), Version::HTTP_10));
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert!(!has_host(&headers(&[("host", "x"), ("host", "x")]), version));
        }
    }

    #[test]
    fn preconditions() {
        for refused in [("if-match", "*"), ("if-match", "\"a\""), ("if-none-match", "*"), ("if-none-match", "\"a\", *")]
        {
            assert!(has_precondition(&headers(&[refused])), "{refused:?}");
        }
        for true_anyway in [("if-none-match", "\"a\""), ("if-modified-since", "Sat, 29 Oct 1994 19:43:31 GMT")] {
            assert!(!has_precondition(&headers(&[true_anyway])), "{true_anyway:?}");
        }
    }
}
