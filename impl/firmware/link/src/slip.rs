//! SLIP (RFC 1055): END before and after each frame, so that both ends find together again after anything.

use crate::Garbled;

const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;

/// Sends the parts as one frame.
pub fn send(parts: &[&[u8]], mut byte: impl FnMut(u8)) {
    byte(END);
    for part in parts.iter().copied().flatten() {
        match *part {
            END => [ESC, ESC_END].into_iter().for_each(&mut byte),
            ESC => [ESC, ESC_ESC].into_iter().for_each(&mut byte),
            plain => byte(plain),
        }
    }
    byte(END);
}

/// Collects the bytes of a frame.
#[derive(Default)]
pub struct Receiver {
    length: usize,
    escaped: bool,
    garbled: Option<Garbled>,
}

impl Receiver {
    /// The next byte from the line. When it ends a frame: the frame's length in `buffer`.
    pub fn push(&mut self, byte: u8, buffer: &mut [u8]) -> Option<Result<usize, Garbled>> {
        match (self.escaped, byte) {
            (_, END) => return self.end(),
            (false, ESC) => self.escaped = true,
            (false, plain) => self.store(plain, buffer),
            (true, ESC_END) => self.store(END, buffer),
            (true, ESC_ESC) => self.store(ESC, buffer),
            (true, _) => {
                self.escaped = false;
                self.garbled = Some(Garbled::BadEscape);
            }
        }
        None
    }

    fn store(&mut self, byte: u8, buffer: &mut [u8]) {
        self.escaped = false;
        match buffer.get_mut(self.length) {
            Some(slot) => {
                *slot = byte;
                self.length += 1;
            }
            None => self.garbled = Some(Garbled::TooLong),
        }
    }

    fn end(&mut self) -> Option<Result<usize, Garbled>> {
        let Receiver { length, escaped, garbled } = core::mem::take(self);
        match garbled.or(escaped.then_some(Garbled::BadEscape)) {
            Some(garbled) => Some(Err(garbled)),
            None if length == 0 => None,
            None => Some(Ok(length)),
        }
    }
}
