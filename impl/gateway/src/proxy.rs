//! What a node gets of a client's request (PROTOCOL.md section 16): the gateway is a reverse proxy (RFC 7252 section 5.7.3).

use crate::resource::Status;
use dke_coap::names::{ENCRYPT0, JOSE};
use dke_coap::options::{CONTENT_FORMAT, OSCORE, URI_PATH, URI_QUERY};
use dke_coap::{Bare, Method};

/// Bytes of one part of a path or a query (RFC 7252 section 5.10).
const PART_MAX: usize = 255;

/// The request that a node gets: the path below the node, the query, and the options that no hop acts upon.
///
/// It must be protected: by OSCORE, else by COSE or JOSE, which its format tells.
pub(crate) fn outer(
    method: Method,
    below: &[String],
    query: &[String],
    format: Option<u16>,
    passed_on: Vec<(u16, Vec<u8>)>,
    payload: Vec<u8>,
) -> Result<Bare, Status> {
    let oscore = passed_on.iter().any(|(number, _)| *number == OSCORE);
    match method {
        Method::Post => {}
        Method::Fetch if oscore => {}
        _ => return Err(Status::MethodNotAllowed),
    }
    if !oscore && !matches!(format, Some(ENCRYPT0 | JOSE)) {
        return Err(Status::UnsupportedFormat);
    }
    if payload.is_empty() || below.iter().chain(query).any(|part| part.len() > PART_MAX) {
        return Err(Status::BadRequest);
    }
    // "/" is the same as nothing (RFC 7252 section 6.4).
    let below = if below.iter().all(String::is_empty) && below.len() == 1 { &[] } else { below };
    let text = |number| move |part: &String| (number, part.clone().into_bytes());
    let mut options: Vec<(u16, Vec<u8>)> = below.iter().map(text(URI_PATH)).collect();
    options.extend(query.iter().map(text(URI_QUERY)));
    options.extend(format.map(|format| (CONTENT_FORMAT, uint(format))));
    options.extend(passed_on);
    Ok(Bare { code: method.code(), options, payload })
}

/// In its shortest form (RFC 7252 section 3.2).
fn uint(number: u16) -> Vec<u8> {
    number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}
