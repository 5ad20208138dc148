//! What of a CoAP message is protected, and how it is written inside: RFC 8613 sections 4 and 5.3.

use super::proxy::ProxyUri;
use crate::error::{Misuse, Reject};
use coap_lite::{CoapOption, MessageClass, Packet};
use zeroize::Zeroizing;

/// Bytes of CoAP's fixed header.
const HEADER: usize = 4;
/// The version, and no token.
const FIRST: u8 = 0x40;

/// Outer codes (sections 4.2 and 4.1.3.5): 0.02 and 2.04, and with Observe 0.05 and 2.05.
const POST: u8 = 0x02;
const FETCH: u8 = 0x05;
const CHANGED: u8 = 0x44;
const CONTENT: u8 = 0x45;

const OBSERVE: u16 = 6;
const OSCORE: u16 = 9;
const PROXY_URI: u16 = 35;

/// Class U only (figure 5): Uri-Host, Uri-Port, Proxy-Uri, Proxy-Scheme. They stay outside, for proxies, and are not protected.
const fn is_outer(number: u16) -> bool {
    matches!(number, 3 | 7 | PROXY_URI | 39)
}

pub(super) fn code(packet: &Packet) -> u8 {
    packet.header.code.into()
}

pub(super) const fn is_request(code: u8) -> bool {
    code != 0 && code < 0x20
}

pub(super) const fn is_response(code: u8) -> bool {
    matches!(code >> 5, 2 | 4 | 5)
}

pub(super) fn observes(packet: &Packet) -> bool {
    packet.get_option(CoapOption::Observe).is_some()
}

/// The plaintext (section 5.3: code, options of Class E, payload), and what travels but for the OSCORE option and the ciphertext: header,
/// token, options of Class U, and the code that hides the real one. `NotAMessage` for what cannot be protected.
pub(super) fn split(packet: &Packet) -> Result<(Zeroizing<Vec<u8>>, Packet), Misuse> {
    let (mut inner, mut outer) = (Packet::new(), like(packet));
    for (number, values) in packet.options() {
        match *number {
            OSCORE => return Err(Misuse::NotAMessage),
            OBSERVE => observe(code(packet), values, &mut inner, &mut outer)?,
            PROXY_URI => proxy_uri(packet, &mut inner, &mut outer)?,
            number if is_outer(number) => outer.set_option(CoapOption::from(number), values.clone()),
            number => inner.set_option(CoapOption::from(number), values.clone()),
        }
    }
    outer.header.code = MessageClass::from(match (is_request(code(packet)), observes(packet)) {
        (true, false) => POST,
        (true, true) => FETCH,
        (false, false) => CHANGED,
        (false, true) => CONTENT,
    });
    inner.payload.clone_from(&packet.payload);
    let written = Zeroizing::new(inner.to_bytes_unlimited().map_err(|_| Misuse::NotAMessage)?);
    let mut plaintext = Zeroizing::new(vec![code(packet)]);
    plaintext.extend(written.get(HEADER..).unwrap_or_default());
    Ok((plaintext, outer))
}

type Values = std::collections::LinkedList<Vec<u8>>;

/// Section 4.1.3.5: outside for proxies, as it is; inside the value for a request, nothing for a notification.
fn observe(code: u8, values: &Values, inner: &mut Packet, outer: &mut Packet) -> Result<(), Misuse> {
    outer.set_option(CoapOption::Observe, values.clone());
    if is_request(code) {
        inner.set_option(CoapOption::Observe, values.clone());
    } else {
        inner.add_option(CoapOption::Observe, Vec::new());
    }
    let inside = inner.get_option(CoapOption::Observe);
    if inside.is_some_and(|values| is_observe(code, values)) { Ok(()) } else { Err(Misuse::NotAMessage) }
}

/// Is this the inner Observe of such a message? 0 (registration) or 1 (cancellation) in a request, empty in a notification.
fn is_observe(code: u8, values: &Values) -> bool {
    let value = values.front().map(Vec::as_slice);
    values.len() == 1
        && match value {
            Some([]) => true,
            Some([0 | 1]) => is_request(code),
            _ => false,
        }
}

/// Section 4.1.3.3: outside remains where it goes. It is all of the URI: Uri-Path and Uri-Query beside it would be two answers to one question.
fn proxy_uri(packet: &Packet, inner: &mut Packet, outer: &mut Packet) -> Result<(), Misuse> {
    let beside = [CoapOption::UriPath, CoapOption::UriQuery].into_iter().any(|part| packet.get_option(part).is_some());
    let uri = packet.get_first_option(CoapOption::ProxyUri).and_then(|value| ProxyUri::decompose(value));
    let uri = uri.filter(|_| !beside).ok_or(Misuse::NotAMessage)?;
    outer.add_option(CoapOption::ProxyUri, uri.origin.into_bytes());
    uri.path.into_iter().for_each(|segment| inner.add_option(CoapOption::UriPath, segment));
    uri.query.into_iter().for_each(|argument| inner.add_option(CoapOption::UriQuery, argument));
    Ok(())
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
    if inner.options().any(|(number, _)| is_outer(*number) || *number == OSCORE) {
        return Err(Reject::Malformed);
    }
    if inner.get_option(CoapOption::Observe).is_some_and(|values| !is_observe(*code, values)) {
        return Err(Reject::Malformed);
    }
    inner.header = outer.header.clone();
    inner.header.code = MessageClass::from(*code);
    inner.set_token(outer.get_token().to_vec());
    for (number, values) in outer.options().filter(|(number, _)| is_outer(**number)) {
        inner.set_option(CoapOption::from(*number), values.clone());
    }
    Ok(inner)
}

/// A message with this header and token.
fn like(packet: &Packet) -> Packet {
    let mut like = Packet::new();
    like.header = packet.header.clone();
    like.set_token(packet.get_token().to_vec());
    like
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::as_conversions)]
mod tests {
    use super::*;

    /// With the right key the inside may still be anything.
    #[test]
    fn what_is_inside_is_one_message_or_none() {
        fn property(plaintext: Vec<u8>) -> bool {
            restored(&Packet::new(), &plaintext).map_or(true, |packet| split(&packet).unwrap().0.to_vec() == plaintext)
        }
        quickcheck::QuickCheck::new().tests(5_000).quickcheck(property as fn(Vec<u8>) -> bool);
        let good: [&[u8]; 6] =
            [&[1], &[1, 0xb1, b'a', 0xff, 9], &[1, 0x60], &[1, 0x61, 1], &[0x45, 0x60], &[0x45, 0xff, 7]];
        for plaintext in good {
            assert!(restored(&Packet::new(), plaintext).is_ok(), "{plaintext:?}");
            assert!(property(plaintext.to_vec()), "{plaintext:?}");
        }
        // Nothing, a marker without a payload, an option cut off, a longer form of its number; Uri-Host, OSCORE, Proxy-Uri; Observe 2,
        // Observe twice, and with a value in a notification.
        let wrong: [&[u8]; 10] = [
            &[],
            &[1, 0xff],
            &[1, 0xb5, b'a'],
            &[1, 0xd0],
            &[1, 0x30],
            &[1, 0x90],
            &[1, 0xd0, 22],
            &[1, 0x61, 2],
            &[1, 0x60, 0x00],
            &[0x45, 0x61, 1],
        ];
        for plaintext in wrong {
            assert_eq!(restored(&Packet::new(), plaintext).err(), Some(Reject::Malformed), "{plaintext:?}");
        }
    }
}
