//! What of a CoAP message is protected, and how it is written inside: RFC 8613 sections 4 and 5.3.

use crate::error::{Misuse, Reject};
use coap_lite::{CoapOption, MessageClass, Packet};
use zeroize::Zeroizing;

/// Bytes of CoAP's fixed header.
const HEADER: usize = 4;
/// The version, and no token.
const FIRST: u8 = 0x40;

const OBSERVE: u16 = 6;
const OSCORE: u16 = 9;
const PROXY_URI: u16 = 35;

/// Class U only, section 4.1: Uri-Host, Uri-Port, Proxy-Scheme. They stay outside, for proxies, and are not protected.
const fn is_outer(number: u16) -> bool {
    matches!(number, 3 | 7 | 39)
}

pub(super) fn code(packet: &Packet) -> u8 {
    packet.header.code.into()
}

/// The plaintext: code, options of Class E, payload (section 5.3). `NotAMessage` for what cannot be protected.
pub(super) fn plaintext(packet: &Packet) -> Result<Zeroizing<Vec<u8>>, Misuse> {
    let mut inner = Packet::new();
    for (number, values) in packet.options() {
        match *number {
            OBSERVE | OSCORE | PROXY_URI => return Err(Misuse::NotAMessage),
            number if is_outer(number) => {}
            number => inner.set_option(CoapOption::from(number), values.clone()),
        }
    }
    inner.payload.clone_from(&packet.payload);
    let written = Zeroizing::new(inner.to_bytes_unlimited().map_err(|_| Misuse::NotAMessage)?);
    let mut plaintext = Zeroizing::new(vec![code(packet)]);
    plaintext.extend(written.get(HEADER..).unwrap_or_default());
    Ok(plaintext)
}

/// What travels: code, header and token of the message, its options of Class U, the OSCORE option, the ciphertext.
pub(super) fn outer(packet: &Packet, code: u8, option: Vec<u8>, ciphertext: Vec<u8>) -> Packet {
    let mut outer = Packet::new();
    outer.header = packet.header.clone();
    outer.header.code = MessageClass::from(code);
    outer.set_token(packet.get_token().to_vec());
    copy_outer(packet, &mut outer);
    outer.add_option(CoapOption::Oscore, option);
    outer.payload = ciphertext;
    outer
}

/// The message again: Class E from inside, Class U from outside; what else stands outside is discarded (section 8.2, step 1).
pub(super) fn restored(outer: &Packet, plaintext: &[u8]) -> Result<Packet, Reject> {
    let (code, rest) = plaintext.split_first().ok_or(Reject::Malformed)?;
    let written = Zeroizing::new([&[FIRST, *code, 0, 0], rest].concat());
    let mut inner = Packet::from_bytes(&written).map_err(|_| Reject::Malformed)?;
    // A payload marker without a payload, and longer forms of options, pass `coap-lite`.
    if inner.to_bytes_unlimited().ok().as_ref() != Some(&*written) {
        return Err(Reject::Malformed);
    }
    let forbidden = |number: u16| is_outer(number) || matches!(number, OBSERVE | OSCORE | PROXY_URI);
    if inner.options().any(|(number, _)| forbidden(*number)) {
        return Err(Reject::Malformed);
    }
    inner.header = outer.header.clone();
    inner.header.code = MessageClass::from(*code);
    inner.set_token(outer.get_token().to_vec());
    copy_outer(outer, &mut inner);
    Ok(inner)
}

fn copy_outer(from: &Packet, to: &mut Packet) {
    for (number, values) in from.options().filter(|(number, _)| is_outer(**number)) {
        to.set_option(CoapOption::from(*number), values.clone());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::as_conversions)]
mod tests {
    use super::*;

    /// With the right key the inside may still be anything.
    #[test]
    fn what_is_inside_is_one_message_or_none() {
        fn property(plaintext: Vec<u8>) -> bool {
            restored(&Packet::new(), &plaintext)
                .map_or(true, |packet| self::plaintext(&packet).unwrap().to_vec() == plaintext)
        }
        quickcheck::QuickCheck::new().tests(5_000).quickcheck(property as fn(Vec<u8>) -> bool);
        assert!(restored(&Packet::new(), &[1]).is_ok());
        assert!(restored(&Packet::new(), &[1, 0xb1, b'a', 0xff, 9]).is_ok());
        // Nothing, a marker without a payload, an option cut off, a longer form of its number, Uri-Host, Observe, OSCORE, Proxy-Uri.
        let wrong: [&[u8]; 8] =
            [&[], &[1, 0xff], &[1, 0xb5, b'a'], &[1, 0xd0], &[1, 0x30], &[1, 0x60], &[1, 0x90], &[1, 0xd0, 22]];
        for plaintext in wrong {
            assert_eq!(restored(&Packet::new(), plaintext).err(), Some(Reject::Malformed), "{plaintext:?}");
        }
    }
}
