//! A message without what belongs to a single hop: code, options, payload (PROTOCOL.md section 16, RFC 8613 section 5.3).

use crate::message::{Class, Code, parse};
use coap_lite::{CoapOption, MessageClass, Packet};

/// Bytes of a datagram's header; without a token, all of it but the code is the hop's.
const HEADER: usize = 4;
const CODE: usize = 1;

/// A message without message type, message id and token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bare {
    /// The method, or how it ended.
    pub code: Code,
    /// Numbers and values.
    pub options: Vec<(u16, Vec<u8>)>,
    /// The payload; it may be empty.
    pub payload: Vec<u8>,
}

impl Bare {
    /// Code (1 byte), options in the order of their numbers (RFC 7252 section 3.1) and, if there is a payload, 0xff and the payload.
    pub fn encode(&self) -> Vec<u8> {
        let bytes = self.packet().to_bytes_unlimited().unwrap_or_default();
        [&[self.code.0], bytes.get(HEADER..).unwrap_or_default()].concat()
    }

    /// Reads what [`encode`](Self::encode) writes. `None` if it is not of that form, or neither a request nor a response.
    pub fn parse(bytes: &[u8]) -> Option<Bare> {
        let (code, rest) = bytes.split_at_checked(CODE)?;
        let datagram = [&[0x40], code, &[0, 0], rest].concat();
        let (class, packet) = parse(&datagram).ok()?;
        (class != Class::Empty).then(|| Bare::of(&packet))
    }

    /// The first value of an option.
    pub fn option(&self, number: u16) -> Option<&[u8]> {
        self.options.iter().find(|(one, _)| *one == number).map(|(_, value)| value.as_slice())
    }

    /// An option that is an unsigned integer; `None` if it is absent or too long.
    pub fn uint(&self, number: u16) -> Option<u32> {
        let value = self.option(number).filter(|value| value.len() <= 4)?;
        Some(value.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
    }

    /// What a packet says without what is its hop's.
    pub fn of(packet: &Packet) -> Bare {
        let options = packet.options().flat_map(|(number, values)| values.iter().map(|value| (*number, value.clone())));
        Bare { code: crate::message::code(packet), options: options.collect(), payload: packet.payload.clone() }
    }

    /// A packet that says this.
    pub fn packet(&self) -> Packet {
        let mut packet = Packet::new();
        packet.header.code = MessageClass::from(self.code.0);
        for (number, value) in &self.options {
            packet.add_option(CoapOption::from(*number), value.clone());
        }
        packet.payload.clone_from(&self.payload);
        packet
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read() {
        // POST, Uri-Path "a", Content-Format 16, payload; the options are sorted.
        let bare = Bare { code: Code(2), options: vec![(12, vec![16]), (11, b"a".to_vec())], payload: b"x".to_vec() };
        let bytes = bare.encode();
        assert_eq!(bytes, [2, 0xb1, b'a', 0x11, 16, 0xff, b'x']);
        let read = Bare::parse(&bytes).unwrap();
        assert_eq!((read.option(11), read.uint(12), read.option(9)), (Some(&b"a"[..]), Some(16), None));
        assert_eq!(read.encode(), bytes);
        assert_eq!(Bare::parse(&[0x44]).unwrap().encode(), [0x44]);
    }

    #[test]
    fn what_is_none() {
        // Nothing, Empty, a payload marker without a payload, an option that runs over the end, a reserved class.
        for bad in [&[][..], &[0], &[0, 0xff, 1], &[2, 0xff], &[2, 0xb5, b'a'], &[0x20], &[0xe0]] {
            assert_eq!(Bare::parse(bad), None, "{bad:02x?}");
        }
    }
}
