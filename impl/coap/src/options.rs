//! The options of the CoAP registry (<https://www.iana.org/assignments/core-parameters>), and what a hop does with each
//! (RFC 7252 section 5.4): a table, and the checks that follow from it.

use crate::message::Code;
use coap_lite::{CoapOption, Packet};

/// The form of an option's value (RFC 7252 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// No bytes.
    Empty,
    /// Any bytes.
    Opaque,
    /// An unsigned integer, most significant byte first.
    Uint,
    /// UTF-8.
    String,
}

/// Messages in which this crate acts upon an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acts {
    /// In none: the option is treated as if it were not known.
    Never,
    /// As a server.
    Requests,
    /// As a client.
    Responses,
    /// Both.
    Both,
}

/// One row of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Its number; the last bits tell critical from elective, and safe from unsafe to forward.
    pub number: u16,
    /// Its name in the registry.
    pub name: &'static str,
    /// May it occur more than once?
    pub repeatable: bool,
    /// Bytes of the shortest value.
    pub min: usize,
    /// Bytes of the longest value.
    pub max: usize,
    /// Form of the value.
    pub format: Format,
    /// Where it is acted upon.
    pub acts: Acts,
}

const fn row(
    number: u16,
    name: &'static str,
    repeatable: bool,
    (min, max): (usize, usize),
    format: Format,
    acts: Acts,
) -> Definition {
    Definition { number, name, repeatable, min, max, format, acts }
}

/// RFC 7252 section 5.10, 7641, 7959, 7967, 8613, 8768, 9175, 9177, 9668, in the order of their numbers.
#[rustfmt::skip]
pub const REGISTRY: [Definition; 27] = {
    use {Acts::*, Format::*};
    [
        row(1,   "If-Match",       true,  (0, 8),    Opaque, Never),
        row(3,   "Uri-Host",       false, (1, 255),  String, Requests),
        // Repeatable in requests only; there, nothing is validated by it.
        row(4,   "ETag",           false, (1, 8),    Opaque, Responses),
        row(5,   "If-None-Match",  false, (0, 0),    Empty,  Never),
        row(6,   "Observe",        false, (0, 3),    Uint,   Both),
        row(7,   "Uri-Port",       false, (0, 2),    Uint,   Requests),
        row(8,   "Location-Path",  true,  (0, 255),  String, Responses),
        row(9,   "OSCORE",         false, (0, 255),  Opaque, Responses),
        row(11,  "Uri-Path",       true,  (0, 255),  String, Requests),
        row(12,  "Content-Format", false, (0, 2),    Uint,   Both),
        row(14,  "Max-Age",        false, (0, 4),    Uint,   Both),
        row(15,  "Uri-Query",      true,  (0, 255),  String, Requests),
        row(16,  "Hop-Limit",      false, (1, 1),    Uint,   Never),
        row(17,  "Accept",         false, (0, 2),    Uint,   Requests),
        row(19,  "Q-Block1",       false, (0, 3),    Uint,   Never),
        row(20,  "Location-Query", true,  (0, 255),  String, Never),
        row(21,  "EDHOC",          false, (0, 0),    Empty,  Never),
        row(23,  "Block2",         false, (0, 3),    Uint,   Both),
        row(27,  "Block1",         false, (0, 3),    Uint,   Both),
        row(28,  "Size2",          false, (0, 4),    Uint,   Both),
        row(31,  "Q-Block2",       true,  (0, 3),    Uint,   Never),
        row(35,  "Proxy-Uri",      false, (1, 1034), String, Requests),
        row(39,  "Proxy-Scheme",   false, (1, 255),  String, Requests),
        row(60,  "Size1",          false, (0, 4),    Uint,   Both),
        row(252, "Echo",           false, (1, 40),   Opaque, Both),
        row(258, "No-Response",    false, (0, 1),    Uint,   Never),
        row(292, "Request-Tag",    true,  (0, 8),    Opaque, Requests),
    ]
};

/// Content-Format (RFC 7252 section 5.10.3).
pub const CONTENT_FORMAT: u16 = 12;
/// Max-Age (RFC 7252 section 5.10.5).
pub const MAX_AGE: u16 = 14;
/// Uri-Path (RFC 7252 section 5.10.1).
pub const URI_PATH: u16 = 11;
/// Uri-Query (RFC 7252 section 5.10.1).
pub const URI_QUERY: u16 = 15;
/// Uri-Host (RFC 7252 section 5.10.1).
pub const URI_HOST: u16 = 3;
/// OSCORE (RFC 8613 section 2).
pub const OSCORE: u16 = 9;
/// Request-Tag (RFC 9175 section 3.2): tells transfers apart.
pub(crate) const REQUEST_TAG: u16 = 292;
/// Echo (RFC 9175 section 2): shows that the sender receives.
pub(crate) const ECHO: u16 = 252;
const ACCEPT: u16 = 17;
const PROXY_URI: u16 = 35;
const PROXY_SCHEME: u16 = 39;

/// Must a recipient that does not know this option reject the message (RFC 7252 section 5.4.1)?
pub const fn is_critical(number: u16) -> bool {
    number & 1 == 1
}

/// May a proxy that does not know this option pass it on (RFC 7252 section 5.4.2)?
pub const fn is_safe_to_forward(number: u16) -> bool {
    number & 2 == 0
}

impl Definition {
    /// The row of this option; `None` if the table has none.
    pub fn of(number: u16) -> Option<&'static Definition> {
        REGISTRY.binary_search_by_key(&number, |row| row.number).ok().and_then(|place| REGISTRY.get(place))
    }

    /// Is this a value of the option?
    fn takes(&self, value: &[u8]) -> bool {
        let form = self.format != Format::String || std::str::from_utf8(value).is_ok();
        form && (self.min..=self.max).contains(&value.len())
    }
}

/// What a hop reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A request, as a server.
    Request,
    /// A response, as a client.
    Response,
}

/// The row of an option that is acted upon on this side.
fn acted_upon(number: u16, side: Side) -> Option<&'static Definition> {
    Definition::of(number).filter(|row| match side {
        Side::Request => matches!(row.acts, Acts::Requests | Acts::Both),
        Side::Response => matches!(row.acts, Acts::Responses | Acts::Both),
    })
}

/// Takes away what is to be ignored. `Err` is the code of a message that is to be rejected instead: 4.02, or 5.05 for a forward
/// proxy's request.
///
/// An option is unrecognized that is not acted upon, that has a value of another form or length (RFC 7252 section 5.4.3), and that
/// occurs more often than it may (section 5.4.5). A message with a critical one is rejected (section 5.4.1); a proxy does so with
/// those that are unsafe to forward (section 5.7.1).
pub(crate) fn check(packet: &mut Packet, side: Side, forwards: impl Fn(&Packet) -> bool) -> Result<(), Code> {
    let (mut proxied, mut ignored) = (false, Vec::new());
    let forwards = || forwards(packet);
    for (number, values) in packet.options() {
        let row = acted_upon(*number, side);
        let recognized =
            row.is_some_and(|row| (row.repeatable || values.len() <= 1) && values.iter().all(|value| row.takes(value)));
        match (recognized, row.is_some()) {
            (true, _) => proxied |= matches!(*number, PROXY_URI | PROXY_SCHEME),
            _ if rejects(*number, forwards) => return Err(Code::BAD_OPTION),
            (false, true) => ignored.push(*number),
            // Nobody reads it, unless it is passed on.
            (false, false) => {}
        }
    }
    for number in ignored {
        keep_first(packet, number);
    }
    if proxied { Err(Code::NO_PROXY) } else { Ok(()) }
}

fn rejects(number: u16, forwards: impl Fn() -> bool) -> bool {
    // A critical one that is safe to forward is the server's behind the proxy.
    if is_critical(number) {
        !is_safe_to_forward(number) || !forwards()
    } else {
        !is_safe_to_forward(number) && forwards()
    }
}

/// Leaves the first value of an option, if it is one.
fn keep_first(packet: &mut Packet, number: u16) {
    let option = CoapOption::from(number);
    let first = packet.get_first_option(option).cloned();
    packet.clear_option(option);
    if let (Some(row), Some(first)) = (Definition::of(number), first)
        && row.takes(&first)
    {
        packet.add_option(option, first);
    }
}

/// The options of a request that this hop does not act upon, as they came; and Accept, and an Echo value that is another one's.
pub(crate) fn passed_on(packet: &Packet) -> Vec<(u16, Vec<u8>)> {
    let passes = |number| matches!(number, ACCEPT | ECHO) || acted_upon(number, Side::Request).is_none();
    let others = packet.options().filter(|(number, _)| passes(**number));
    others.flat_map(|(number, values)| values.iter().map(|value| (*number, value.clone()))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use Side::{Request, Response};

    fn with(number: u16, values: &[Vec<u8>]) -> Packet {
        let mut packet = Packet::new();
        values.iter().for_each(|value| packet.add_option(CoapOption::from(number), value.clone()));
        packet
    }

    /// What is left of these values, or the code.
    fn left(number: u16, values: &[Vec<u8>], side: Side, forwards: bool) -> Result<usize, Code> {
        let mut packet = with(number, values);
        check(&mut packet, side, |_| forwards)?;
        Ok(packet.get_option(CoapOption::from(number)).map_or(0, std::collections::LinkedList::len))
    }

    fn value(length: usize) -> Vec<u8> {
        vec![b'1'; length]
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(REGISTRY.is_sorted_by_key(|row| row.number));
        assert!(REGISTRY.iter().all(|row| row.min <= row.max && Definition::of(row.number).unwrap().name == row.name));
    }

    #[test]
    fn every_option_as_it_should_be() {
        for row in REGISTRY {
            for (side, length) in [Request, Response].into_iter().flat_map(|side| [(side, row.min), (side, row.max)]) {
                let expected = match (acted_upon(row.number, side).is_some(), is_critical(row.number)) {
                    (true, _) if [PROXY_URI, PROXY_SCHEME].contains(&row.number) => Err(Code::NO_PROXY),
                    (true, _) | (false, false) => Ok(1),
                    (false, true) => Err(Code::BAD_OPTION),
                };
                assert_eq!(left(row.number, &[value(length)], side, false), expected, "{row:?} {side:?} {length}");
            }
            let twice = left(row.number, &[value(row.max), value(row.max)], Request, false);
            if row.repeatable && acted_upon(row.number, Request).is_some() {
                assert_eq!(twice, Ok(2), "{row:?}");
            }
        }
    }

    #[test]
    fn every_option_with_a_wrong_value_or_once_too_often() {
        for row in REGISTRY {
            let (short, long) = (row.min.checked_sub(1), row.max.checked_add(1));
            let mut wrong: Vec<(Vec<Vec<u8>>, usize)> =
                [short, long].into_iter().flatten().map(|length| (vec![value(length)], 0)).collect();
            if !row.repeatable {
                wrong.push((vec![value(row.max); 2], 1));
            }
            if row.format == Format::String {
                wrong.push((vec![vec![0xff]], 0));
            }
            for (values, rest) in wrong {
                for side in [Request, Response] {
                    let expected = match acted_upon(row.number, side) {
                        _ if is_critical(row.number) => Err(Code::BAD_OPTION),
                        Some(_) => Ok(rest),
                        None => Ok(values.len()),
                    };
                    assert_eq!(left(row.number, &values, side, false), expected, "{row:?} {side:?} {values:?}");
                }
                let forwarded = left(row.number, &values, Request, true);
                assert_eq!(forwarded.is_ok(), is_safe_to_forward(row.number), "{row:?} {values:?}");
            }
        }
    }

    #[test]
    fn options_that_are_not_known() {
        for (number, server, proxy) in
            [(65_001, false, true), (65_003, false, false), (65_000, true, true), (65_002, true, false)]
        {
            assert_eq!(left(number, &[value(1)], Request, false).is_ok(), server, "{number}");
            assert_eq!(left(number, &[value(1)], Request, true).is_ok(), proxy, "{number}");
            assert_eq!(left(number, &[value(1)], Response, false).is_ok(), server, "{number}");
        }
        // A proxy acts upon its own options, and passes on what is safe.
        let proxy = |number| left(number, &[value(1)], Request, true).is_ok();
        assert!([3, 6, 11, 14, 23, 1, 5, OSCORE, 252].into_iter().all(proxy));
        assert!(![2, 258].into_iter().any(proxy));
    }

    #[test]
    fn what_is_passed_on() {
        let mut packet = Packet::new();
        for number in [3, 6, 7, 9, 11, 12, 14, 15, 17, 23, 27, 28, 60, 248, 252, 292] {
            packet.add_option(CoapOption::from(number), vec![1]);
        }
        let numbers: Vec<u16> = passed_on(&packet).into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, [9, 17, 248, 252]);
    }
}
