//! A message without what belongs to a single hop: code, options, payload. PROTOCOL.md section 16, after RFC 8613 section 5.3.

use crate::error::{Misuse, Reject};
use coap_lite::{MessageClass, Packet};
use zeroize::Zeroizing;

/// Bytes of CoAP's fixed header.
const HEADER: usize = 4;
/// Version 1, and no token.
const FIRST: u8 = 0x40;

/// Code (1 byte), options (RFC 7252 section 3.1) and, if there is a payload, 0xff and the payload. Type, message id and token are left out.
/// `NotAMessage` if an option is longer than any may be.
pub fn encode(packet: &Packet) -> Result<Zeroizing<Vec<u8>>, Misuse> {
    let mut bare = packet.clone();
    bare.set_token(Vec::new());
    let written = Zeroizing::new(bare.to_bytes_unlimited().map_err(|_| Misuse::NotAMessage)?);
    let mut message = Zeroizing::new(vec![code(packet)]);
    message.extend(written.get(HEADER..).unwrap_or_default());
    Ok(message)
}

/// The reverse. `Malformed` if it is not what [`encode`] writes, or neither a request nor a response.
pub fn decode(message: &[u8]) -> Result<Packet, Reject> {
    let (code, rest) = message.split_first().ok_or(Reject::Malformed)?;
    let written = Zeroizing::new([&[FIRST, *code, 0, 0], rest].concat());
    let packet = Packet::from_bytes(&written).map_err(|_| Reject::Malformed)?;
    // A payload marker without a payload, and longer forms of options, pass `coap-lite`.
    let again = packet.to_bytes_unlimited().map(Zeroizing::new);
    if again.is_ok_and(|again| *again == *written) && (is_request(*code) || is_response(*code)) {
        Ok(packet)
    } else {
        Err(Reject::Malformed)
    }
}

/// A message with this code, as one byte, and no more.
pub fn with_code(code: u8) -> Packet {
    let mut packet = Packet::new();
    packet.header.code = MessageClass::from(code);
    packet
}

/// Its code: class and detail in one byte.
pub fn code(packet: &Packet) -> u8 {
    packet.header.code.into()
}

/// 0.01 to 0.31
pub const fn is_request(code: u8) -> bool {
    code != 0 && code < 0x20
}

/// 2.xx, 4.xx, 5.xx
pub const fn is_response(code: u8) -> bool {
    matches!(code >> 5, 2 | 4 | 5)
}
