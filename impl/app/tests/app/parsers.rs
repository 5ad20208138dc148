//! Noise in, an error out: no parser panics, and none takes another form of what it wrote.

use crate::common::{Windows, session};
use coap_lite::{CoapOption, MessageClass, Packet};
use dke_app::export::{self, Direction};
use dke_app::oscore::{Context, OscoreOption};
use dke_app::{Role, cose, jose};
use quickcheck::{QuickCheck, quickcheck};

#[test]
fn an_option_that_parses_is_written_the_same() {
    fn property(mut value: Vec<u8>) -> bool {
        // Most flag bytes are reserved.
        if let Some(flags) = value.first_mut() {
            *flags &= 0x1d;
        }
        OscoreOption::parse(&value).map_or(true, |option| option.encode() == value)
    }
    let parsed = (0..=0x1f_u8).filter(|flags| OscoreOption::parse(&[*flags, 1, 1, 1, 1, 1, 1]).is_ok()).count();
    assert_eq!(parsed, 12, "flag bytes that go with these six bytes");
    QuickCheck::new().tests(5_000).quickcheck(property as fn(Vec<u8>) -> bool);
}

#[test]
fn objects_of_noise() {
    fn property(mut object: Vec<u8>, head: u8) -> bool {
        // Begin as an object does, so that the reader gets further than the first byte.
        let heads: [&[u8]; 4] = [&[], &[0x83, 0x50], &[0x84, 0x50, 0xa3, 1, 5, 4], &[0x83, 0x52, 0xa3, 1, 10, 4, 0x48]];
        object.splice(0..0, heads[usize::from(head % 4)].iter().copied());
        let secret = session();
        let mut windows = Windows::default();
        let text = String::from_utf8_lossy(&object).replace('\u{fffd}', ".");
        let json = format!("{{\"protected\":\"{text}\",\"payload\":\"{text}\",\"signature\":\"\"}}");
        cose::open_encrypt0(&export::encrypt0(&secret, Direction::ToNode).unwrap(), &mut windows, &object).is_err()
            && cose::open_mac0(&export::mac0(&secret, Direction::ToNode).unwrap(), &mut windows, &object).is_err()
            && jose::open_jwe(&export::jwe(&secret, Direction::ToNode).unwrap(), &mut windows, None, &text).is_err()
            && jose::open_jws(&export::jws(&secret, Direction::ToNode).unwrap(), &mut windows, None, &text).is_err()
            && jose::open_jws(&export::jws(&secret, Direction::ToNode).unwrap(), &mut windows, None, &json).is_err()
    }
    QuickCheck::new().tests(2_000).quickcheck(property as fn(Vec<u8>, u8) -> bool);
}

/// The inner message is the peer's: with the right key it may still be anything.
#[test]
fn messages_of_noise() {
    fn property(option: Vec<u8>, payload: Vec<u8>) -> bool {
        let node = Context::from_secret(&session(), Role::Node).unwrap();
        let mut packet = Packet::new();
        packet.header.code = MessageClass::from(2);
        packet.add_option(CoapOption::Oscore, option);
        packet.payload = payload;
        node.unprotect_request(&mut Windows::default(), &packet).is_err()
    }
    quickcheck(property as fn(Vec<u8>, Vec<u8>) -> bool);
}
