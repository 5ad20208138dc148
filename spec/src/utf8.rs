//! UTF-8: RFC 3629, section 4, "Syntax of UTF-8 Byte Sequences".

use crate::bytes::Bytes;

/// Whether the bytes are "UTF8-octets = *( UTF8-char )".
pub fn is_utf8(octets: &Bytes) -> bool {
    let mut state = BETWEEN;
    for i in 0..octets.len() {
        state = after(state, octets[i]);
    }
    state == BETWEEN
}

/// How many octets of the character are missing, and the range in which the next one must lie. Nothing lies in the range of [`WRONG`].
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    missing: u8,
    low: u8,
    high: u8,
}

/// Between two characters.
const BETWEEN: State = State { missing: 0, low: 0x00, high: 0xff };
/// No continuation makes it good.
const WRONG: State = State { missing: 1, low: 0xff, high: 0x00 };

fn after(state: State, octet: u8) -> State {
    if octet < state.low || octet > state.high {
        WRONG
    } else if state.missing == 0 {
        after_first(octet)
    } else if state.missing == 1 {
        BETWEEN
    } else {
        tail(state.missing - 1)
    }
}

fn after_first(octet: u8) -> State {
    match octet {
        // "UTF8-1 = %x00-7F"
        0x00..=0x7f => BETWEEN,
        // "UTF8-2 = %xC2-DF UTF8-tail"
        0xc2..=0xdf => tail(1),
        // "UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) / %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )"
        0xe0 => State { missing: 2, low: 0xa0, high: 0xbf },
        0xe1..=0xec => tail(2),
        0xed => State { missing: 2, low: 0x80, high: 0x9f },
        0xee..=0xef => tail(2),
        // "UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )"
        0xf0 => State { missing: 3, low: 0x90, high: 0xbf },
        0xf1..=0xf3 => tail(3),
        0xf4 => State { missing: 3, low: 0x80, high: 0x8f },
        _ => WRONG,
    }
}

/// "UTF8-tail = %x80-BF", so many times.
fn tail(missing: u8) -> State {
    State { missing, low: 0x80, high: 0xbf }
}
