//! Datagrams: what is checked before `coap-lite` reads them, codes, and options.

use coap_lite::{CoapOption, MessageClass, MessageType, Packet};
use std::collections::LinkedList;

/// Bytes of a datagram that is read; longer ones are cut off and do not parse.
pub(crate) const DATAGRAM_MAX: usize = 2048;
const HEADER: usize = 4;
const VERSION: u8 = 1;
const PAYLOAD_MARKER: u8 = 0xff;
/// Types of messages (RFC 7252 section 3).
const CON: u8 = 0;
const NON: u8 = 1;
const ACK: u8 = 2;
const RST: u8 = 3;

/// A code, class and detail in one byte (RFC 7252 section 12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(pub u8);

impl Code {
    /// 2.01
    pub const CREATED: Code = Code(0x41);
    /// 2.02
    pub const DELETED: Code = Code(0x42);
    /// 2.04
    pub const CHANGED: Code = Code(0x44);
    /// 2.05
    pub const CONTENT: Code = Code(0x45);
    /// 2.31 (RFC 7959)
    pub const CONTINUE: Code = Code(0x5f);
    /// 4.00
    pub const BAD_REQUEST: Code = Code(0x80);
    /// 4.02
    pub const BAD_OPTION: Code = Code(0x82);
    /// 4.01
    pub const UNAUTHORIZED: Code = Code(0x81);
    /// 4.03
    pub const FORBIDDEN: Code = Code(0x83);
    /// 4.04
    pub const NOT_FOUND: Code = Code(0x84);
    /// 4.05
    pub const METHOD_NOT_ALLOWED: Code = Code(0x85);
    /// 4.06
    pub const NOT_ACCEPTABLE: Code = Code(0x86);
    /// 4.08 (RFC 7959)
    pub const INCOMPLETE: Code = Code(0x88);
    /// 4.09 (RFC 8132)
    pub const CONFLICT: Code = Code(0x89);
    /// 4.12
    pub const PRECONDITION_FAILED: Code = Code(0x8c);
    /// 4.13
    pub const TOO_LARGE: Code = Code(0x8d);
    /// 4.15
    pub const UNSUPPORTED_FORMAT: Code = Code(0x8f);
    /// 4.29 (RFC 8516)
    pub const TOO_MANY: Code = Code(0x9d);
    /// 5.00
    pub const INTERNAL: Code = Code(0xa0);
    /// 5.03
    pub const UNAVAILABLE: Code = Code(0xa3);
    /// 5.05
    pub const NO_PROXY: Code = Code(0xa5);

    /// Class: 2 is success.
    pub const fn class(self) -> u8 {
        self.0 >> 5
    }

    /// What it says within its class.
    pub const fn detail(self) -> u8 {
        self.0 & 0x1f
    }

    /// 2.xx
    pub const fn is_success(self) -> bool {
        self.class() == 2
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.class(), self.detail())
    }
}

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// 0.01
    Get,
    /// 0.02
    Post,
    /// 0.03
    Put,
    /// 0.04
    Delete,
    /// 0.05 (RFC 8132)
    Fetch,
}

impl Method {
    /// Its code.
    pub const fn code(self) -> Code {
        Code(match self {
            Method::Get => 1,
            Method::Post => 2,
            Method::Put => 3,
            Method::Delete => 4,
            Method::Fetch => 5,
        })
    }

    pub(crate) const fn from_code(code: u8) -> Option<Method> {
        match code {
            1 => Some(Method::Get),
            2 => Some(Method::Post),
            3 => Some(Method::Put),
            4 => Some(Method::Delete),
            5 => Some(Method::Fetch),
            _ => None,
        }
    }
}

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of RFC 7252")]
pub enum Class {
    Empty,
    Request,
    Response,
}

/// Why a datagram is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// To be ignored silently.
    Ignore,
    /// A confirmable message with a format error: to be reset (RFC 7252 section 4.2).
    Reset(u16),
}

/// Reads a datagram.
///
/// `coap-lite` lets pass what RFC 7252 sections 3 and 4 call errors: another version, an Empty message with more than its header, a
/// payload marker without a payload, a reserved class, a code that the type cannot have.
pub fn parse(datagram: &[u8]) -> Result<(Class, Packet), Bad> {
    let Some(&[first, code, high, low]) = datagram.first_chunk::<HEADER>() else { return Err(Bad::Ignore) };
    if first >> 6 != VERSION {
        return Err(Bad::Ignore);
    }
    let kind = (first >> 4) & 3;
    let bad = if kind == CON { Bad::Reset(u16::from_be_bytes([high, low])) } else { Bad::Ignore };
    let class = match code >> 5 {
        0 if code == 0 => Class::Empty,
        0 => Class::Request,
        2 | 4 | 5 => Class::Response,
        _ => return Err(bad),
    };
    if class == Class::Empty && datagram.len() != HEADER {
        return Err(bad);
    }
    // An acknowledgement is empty or a response, a reset is empty (sections 4.2 and 4.3); each is rejected by ignoring it.
    match (kind, class) {
        (NON, Class::Empty) | (ACK, Class::Request) | (RST, Class::Request | Class::Response) => {
            return Err(Bad::Ignore);
        }
        _ => {}
    }
    let packet = Packet::from_bytes(datagram).map_err(|_| bad)?;
    if packet.payload.is_empty() && datagram.last() == Some(&PAYLOAD_MARKER) {
        // Either a marker without a payload, or the end of an option or the token: without a marker it is as long as written anew.
        let again = packet.to_bytes_unlimited().map_err(|_| bad)?;
        if again.len() != datagram.len() {
            return Err(bad);
        }
    }
    Ok((class, packet))
}

/// A message without anything: an acknowledgement or a reset.
pub(crate) fn empty(kind: MessageType, id: u16) -> Packet {
    let mut packet = Packet::new();
    packet.header.set_type(kind);
    packet.header.code = MessageClass::Empty;
    packet.header.message_id = id;
    packet
}

pub(crate) fn code(packet: &Packet) -> Code {
    Code(packet.header.code.into())
}

/// An option that is an unsigned integer; `None` if it is absent or too long.
pub(crate) fn uint(packet: &Packet, option: CoapOption) -> Option<u32> {
    let value = packet.get_first_option(option)?;
    if value.len() > 4 {
        return None;
    }
    Some(value.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
}

/// An unsigned integer in its shortest form.
pub(crate) fn put_uint(packet: &mut Packet, option: CoapOption, number: u32) {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let value = bytes.get(zeros..).unwrap_or_default().to_vec();
    packet.set_option(option, LinkedList::from([value]));
}

/// An option that may be repeated, as text; what is not UTF-8 was refused before.
pub(crate) fn texts(packet: &Packet, option: CoapOption) -> Vec<String> {
    let values = packet.get_option(option).into_iter().flatten();
    values.map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

pub(crate) fn put_texts<'a>(packet: &mut Packet, option: CoapOption, texts: impl IntoIterator<Item = &'a str>) {
    for text in texts {
        packet.add_option(option, text.as_bytes().to_vec());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::options::{Side, check, passed_on};

    /// RFC 7252 section 12.1.
    #[test]
    fn codes_have_a_class_and_a_detail() {
        for (code, class, detail, text) in [
            (Code(1), 0, 1, "0.01"),
            (Code::CONTENT, 2, 5, "2.05"),
            (Code::CONTINUE, 2, 31, "2.31"),
            (Code::TOO_MANY, 4, 29, "4.29"),
        ] {
            assert_eq!((code.class(), code.detail(), code.to_string().as_str()), (class, detail, text));
            assert_eq!(code.is_success(), class == 2, "{code}");
        }
    }

    #[test]
    fn methods_have_codes() {
        for method in [Method::Get, Method::Post, Method::Put, Method::Delete, Method::Fetch] {
            assert_eq!(Method::from_code(method.code().0), Some(method));
        }
        assert_eq!([0, 6, 7, 0x45].map(Method::from_code), [None; 4]);
    }

    #[test]
    fn what_is_no_message() {
        // Too short, and versions 0, 2 and 3.
        assert_eq!(parse(&[]).unwrap_err(), Bad::Ignore);
        assert_eq!(parse(&[0x40, 1, 0]).unwrap_err(), Bad::Ignore);
        for version in [0x00, 0x80, 0xc0] {
            assert_eq!(parse(&[version, 1, 0, 7]).unwrap_err(), Bad::Ignore);
        }
        // Empty is exactly four bytes.
        assert!(parse(&[0x40, 0, 0, 7]).is_ok());
        assert_eq!(parse(&[0x40, 0, 0, 7, 0xff, 1]).unwrap_err(), Bad::Reset(7));
        assert_eq!(parse(&[0x41, 0, 0, 7, 9]).unwrap_err(), Bad::Reset(7));
        assert_eq!(parse(&[0x60, 0, 0, 7, 9]).unwrap_err(), Bad::Ignore);
        // A payload marker needs a payload; the same byte may end a token or an option.
        assert_eq!(parse(&[0x40, 1, 0, 7, 0xff]).unwrap_err(), Bad::Reset(7));
        assert_eq!(parse(&[0x50, 1, 0, 7, 0xff]).unwrap_err(), Bad::Ignore);
        assert!(parse(&[0x40, 1, 0, 7, 0xff, 0xff]).is_ok());
        assert!(parse(&[0x41, 1, 0, 7, 0xff]).is_ok());
        assert!(parse(&[0x40, 1, 0, 7, 0xb1, 0xff]).is_ok());
        assert_eq!(parse(&[0x40, 1, 0, 7, 0xb1, 0xff, 0xff]).unwrap_err(), Bad::Reset(7));
        // Reserved classes, a token of nine bytes, an option that runs over the end.
        for code in [0x20, 0x60, 0xc0, 0xe1] {
            assert_eq!(parse(&[0x40, code, 0, 7]).unwrap_err(), Bad::Reset(7));
        }
        assert_eq!(parse(&[0x49, 1, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap_err(), Bad::Reset(7));
        assert_eq!(parse(&[0x40, 1, 0, 7, 0xb5, b'a']).unwrap_err(), Bad::Reset(7));
    }

    #[test]
    fn a_type_has_its_codes() {
        let (empty, get, content) = (0, 1, 0x45);
        for (kind, allowed) in
            [(CON, &[empty, get, content][..]), (NON, &[get, content]), (ACK, &[empty, content]), (RST, &[empty])]
        {
            for code in [empty, get, content] {
                let parsed = parse(&[0x40 | (kind << 4), code, 0, 7]);
                assert_eq!(parsed.err(), (!allowed.contains(&code)).then_some(Bad::Ignore), "{kind} {code}");
            }
        }
    }

    #[test]
    fn nothing_makes_it_panic() {
        let mut state = 1_u64;
        let mut byte = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        for _ in 0..50_000 {
            let length = usize::from(byte() % 40);
            let mut datagram: Vec<u8> = (0..length).map(|_| byte()).collect();
            if let Some(first) = datagram.first_mut() {
                *first = 0x40 | (*first & 0x3f);
            }
            if let Ok((_, mut packet)) = parse(&datagram) {
                let _ = check(&mut packet, Side::Request, |_| true);
                passed_on(&packet);
                texts(&packet, CoapOption::UriPath);
                uint(&packet, CoapOption::Block1);
            }
        }
    }

    #[test]
    fn integers_are_as_short_as_possible() {
        let mut packet = Packet::new();
        for (number, bytes) in [(0, &[][..]), (1, &[1]), (60, &[60]), (256, &[1, 0]), (u32::MAX, &[255; 4])] {
            put_uint(&mut packet, CoapOption::MaxAge, number);
            assert_eq!(packet.get_first_option(CoapOption::MaxAge).unwrap(), bytes);
            assert_eq!(uint(&packet, CoapOption::MaxAge), Some(number));
        }
    }
}
