//! Requests to nodes over HTTP: RFC 8075, and RFC 8613 section 11 for those that OSCORE protects.
//!
//! A request's path, query, format, OSCORE header field and content are passed on, nothing else of it.

use super::{plain, preferred_wait};
use crate::gateway::{Asked, Gateway};
use crate::proxy;
use crate::record::NodeId;
use crate::resource::{Answer, Status, response_path};
use crate::store::Store;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use dke_coap::names::{ENCRYPT0, ENCRYPT0_TYPE, JOSE, JOSE_TYPE, OSCORE_TYPE};
use dke_coap::options::{CONTENT_FORMAT, MAX_AGE, OSCORE};
use dke_coap::{Bare, Code, Method};
use percent_encoding::percent_decode_str;
use std::net::IpAddr;
use std::time::Duration;

const OSCORE_HEADER: HeaderName = HeaderName::from_static("oscore");
/// Bytes of the largest OSCORE option (RFC 8613 section 6.1).
const OSCORE_MAX: usize = 255;

/// Passes a request on, and waits for its response as long as the client prefers.
pub(super) async fn ask<S: Store>(
    gateway: &Gateway<S>,
    by: IpAddr,
    node: &NodeId,
    below: &[String],
    query: &[String],
    headers: &HeaderMap,
    content: &[u8],
) -> Result<Response, Answer> {
    let (format, oscore) = protection(headers)?;
    let (below, query) = (decoded(below)?, decoded(query)?);
    let outer = proxy::outer(Method::Post, &below, &query, format, oscore, content.to_vec())?;
    Ok(told(node, gateway.ask(node, by, &outer, wait(headers)).await?))
}

/// The response to an earlier request.
pub(super) async fn collect<S: Store>(
    gateway: &Gateway<S>,
    by: IpAddr,
    node: &NodeId,
    number: u64,
    headers: &HeaderMap,
) -> Result<Response, Answer> {
    Ok(told(node, gateway.collect(node, number, by, wait(headers)).await?))
}

fn wait(headers: &HeaderMap) -> Duration {
    Duration::from_secs(preferred_wait(headers).unwrap_or_default())
}

/// Content-Format and OSCORE option.
type Protection = (Option<u16>, Vec<(u16, Vec<u8>)>);

/// How a request is protected: Content-Type and the OSCORE header field say it.
fn protection(headers: &HeaderMap) -> Result<Protection, Status> {
    let media = headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).ok_or(Status::UnsupportedFormat)?;
    let mut fields = headers.get_all(OSCORE_HEADER).iter();
    if is_type(media, OSCORE_TYPE) {
        let option = fields.next().filter(|_| fields.next().is_none()).and_then(read_oscore);
        return Ok((None, vec![(OSCORE, option.ok_or(Status::BadRequest)?)]));
    }
    let format = [(ENCRYPT0_TYPE, ENCRYPT0), (JOSE_TYPE, JOSE)].into_iter().find(|(name, _)| is_type(media, name));
    let (_, format) = format.filter(|_| fields.next().is_none()).ok_or(Status::UnsupportedFormat)?;
    Ok((Some(format), Vec::new()))
}

/// Is it this media type, with these parameters at least? Letter case and quotes do not matter (RFC 9110 section 8.3.1).
fn is_type(media: &str, name: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        text.split(';').map(|part| part.trim().replace('"', "").to_ascii_lowercase()).collect()
    };
    let (media, name) = (parts(media), parts(name));
    media.first() == name.first() && name.iter().all(|part| media.contains(part))
}

/// RFC 8613 sections 11.2 and 11.3: base64url without padding; an empty option is written as a byte 0, for a header field cannot be empty.
fn read_oscore(value: &HeaderValue) -> Option<Vec<u8>> {
    let option = Base64UrlUnpadded::decode_vec(value.to_str().ok()?).ok()?;
    match option.as_slice() {
        [] => None,
        [0] => Some(Vec::new()),
        _ => Some(option).filter(|option| option.len() <= OSCORE_MAX),
    }
}

fn write_oscore(option: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(if option.is_empty() { &[0] } else { option })
}

/// Parts of a path or a query, without percent-encoding (RFC 7252 section 6.4).
fn decoded(parts: &[String]) -> Result<Vec<String>, Status> {
    let decode = |part: &String| percent_decode_str(part).decode_utf8().map(std::borrow::Cow::into_owned);
    parts.iter().map(decode).collect::<Result<_, _>>().map_err(|_| Status::BadRequest)
}

fn told(node: &NodeId, asked: Asked) -> Response {
    match asked {
        Asked::Answered(answer) => passed_on(answer),
        Asked::Waits { number, retry } => {
            let mut response = plain(StatusCode::ACCEPTED);
            response.headers_mut().insert(RETRY_AFTER, retry.into());
            if let Ok(path) = format!("/{}", response_path(node, number).join("/")).try_into() {
                response.headers_mut().insert(LOCATION, path);
            }
            response
        }
    }
}

/// A node's response, as a client gets it. It is for one client: no cache may keep it.
fn passed_on(answer: Bare) -> Response {
    let status = status(answer.code, answer.payload.is_empty());
    let mut headers = HeaderMap::new();
    let mut set = |name, value: String| {
        if let Ok(value) = value.try_into() {
            headers.insert(name, value);
        }
    };
    let format = answer.uint(CONTENT_FORMAT);
    let (option, failed) = (answer.option(OSCORE), !answer.code.is_success());
    if let Some(option) = option {
        set(OSCORE_HEADER, write_oscore(option));
    }
    match (option, format) {
        _ if answer.payload.is_empty() => {}
        (Some(_), _) => set(CONTENT_TYPE, OSCORE_TYPE.into()),
        (None, Some(format)) => set(CONTENT_TYPE, media_type(format).into()),
        // A diagnostic message (RFC 7252 section 5.5.2).
        (None, None) if failed => set(CONTENT_TYPE, "text/plain; charset=utf-8".into()),
        (None, None) => set(CONTENT_TYPE, media_type(u32::MAX).into()),
    }
    match answer.uint(MAX_AGE) {
        Some(seconds) if status == StatusCode::SERVICE_UNAVAILABLE => set(RETRY_AFTER, seconds.to_string()),
        _ => set(CACHE_CONTROL, "no-store".into()),
    }
    let mut response = Response::new(Body::from(answer.payload));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn media_type(format: u32) -> &'static str {
    match u16::try_from(format) {
        Ok(ENCRYPT0) => ENCRYPT0_TYPE,
        Ok(JOSE) => JOSE_TYPE,
        Ok(0) => "text/plain; charset=utf-8",
        Ok(50) => "application/json",
        Ok(60) => "application/cbor",
        _ => "application/octet-stream",
    }
}

/// RFC 8075 section 7, table 2, and what came later: 4.09 and 4.22 (RFC 8132), 4.29 (RFC 8516).
fn status(code: Code, empty: bool) -> StatusCode {
    match (code.class(), code.detail()) {
        (2, 1) => StatusCode::CREATED,
        (2, 2 | 4) if empty => StatusCode::NO_CONTENT,
        (2, _) => StatusCode::OK,
        // HTTP's 401 and 405 need header fields that CoAP has not.
        (4, 1 | 3) => StatusCode::FORBIDDEN,
        (4, 4) => StatusCode::NOT_FOUND,
        (4, 6) => StatusCode::NOT_ACCEPTABLE,
        (4, 9) => StatusCode::CONFLICT,
        (4, 12) => StatusCode::PRECONDITION_FAILED,
        (4, 13) => StatusCode::PAYLOAD_TOO_LARGE,
        (4, 15) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (4, 22) => StatusCode::UNPROCESSABLE_ENTITY,
        (4, 29) => StatusCode::TOO_MANY_REQUESTS,
        (4, _) => StatusCode::BAD_REQUEST,
        (5, 0) => StatusCode::INTERNAL_SERVER_ERROR,
        (5, 1) => StatusCode::NOT_IMPLEMENTED,
        (5, 3) => StatusCode::SERVICE_UNAVAILABLE,
        (5, 4) => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn media_types_and_their_parameters() {
        for same in [
            "application/cose; cose-type=\"cose-encrypt0\"",
            "Application/COSE;cose-type=cose-encrypt0",
            "application/cose ; charset=x; Cose-Type=\"cose-encrypt0\"",
        ] {
            assert!(is_type(same, ENCRYPT0_TYPE), "{same}");
        }
        for other in
            ["application/cose", "application/cose; cose-type=\"cose-mac0\"", "text/plain; application/cose", ""]
        {
            assert!(!is_type(other, ENCRYPT0_TYPE), "{other}");
        }
    }

    #[test]
    fn the_oscore_header_field() {
        let read = |text: &str| read_oscore(&text.parse().unwrap());
        // RFC 8613 section 11.5: the example's "CSU" and "AA".
        assert_eq!(read("CSU"), Some(vec![0x09, 0x25]));
        assert_eq!((write_oscore(&[0x09, 0x25]), write_oscore(&[])), ("CSU".into(), "AA".into()));
        assert_eq!(read("AA"), Some(Vec::new()));
        for bad in ["", "CSU=", "C+U", "CSV", "C", "ö", &"AAAA".repeat(86)] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(read(&"AAAA".repeat(85)).is_some());
    }

    #[test]
    fn codes() {
        let of = |class: u8, detail: u8| status(Code((class << 5) | detail), false).as_u16();
        assert_eq!([of(2, 1), of(2, 2), of(2, 4), of(2, 5)], [201, 200, 200, 200]);
        assert_eq!(status(Code::CHANGED, true), StatusCode::NO_CONTENT);
        assert_eq!([of(4, 0), of(4, 1), of(4, 2), of(4, 3), of(4, 4), of(4, 5)], [400, 403, 400, 403, 404, 400]);
        assert_eq!([of(4, 6), of(4, 9), of(4, 12), of(4, 13), of(4, 15)], [406, 409, 412, 413, 415]);
        assert_eq!([of(5, 0), of(5, 1), of(5, 2), of(5, 3), of(5, 4), of(5, 5)], [500, 501, 502, 503, 504, 502]);
    }
}
