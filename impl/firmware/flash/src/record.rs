//! Records: content in whole words, and behind it a word with its checksum.

use crate::{Fault, Flash, WORD};

/// Bytes of the word with the checksum.
pub(crate) const CHECK: usize = WORD;

/// `n` bytes in whole words.
pub(crate) const fn padded(n: usize) -> usize {
    n.next_multiple_of(WORD)
}

/// CRC-32 (IEEE 802.3, reflected), bit by bit.
#[derive(Clone, Copy)]
struct Crc(u32);

impl Crc {
    /// Every record's checksum begins with its epoch, so that nothing of another batch counts.
    fn new(epoch: u64) -> Self {
        let mut crc = Crc(u32::MAX);
        crc.update(&epoch.to_be_bytes());
        crc
    }

    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= u32::from(*byte);
            for _ in 0..8 {
                self.0 = self.0 >> 1 ^ if self.0 & 1 == 1 { 0xedb8_8320 } else { 0 };
            }
        }
    }

    /// The upper half holds the complement: neither an erased nor a zeroed word is ever a checksum.
    fn word(self) -> [u8; WORD] {
        (u64::from(!self.0) << 32 | u64::from(self.0)).to_be_bytes()
    }
}

/// Programs one record from its first byte to its checksum.
pub(crate) struct Recorder<'f, F> {
    flash: &'f mut F,
    at: usize,
    word: [u8; WORD],
    filled: usize,
    crc: Crc,
}

impl<'f, F: Flash> Recorder<'f, F> {
    pub(crate) fn new(flash: &'f mut F, epoch: u64, at: usize) -> Self {
        Recorder { flash, at, word: [0; WORD], filled: 0, crc: Crc::new(epoch) }
    }

    /// A part of the content, filled up with zeros to whole words.
    pub(crate) fn part(&mut self, bytes: &[u8]) -> Result<(), Fault<F::Error>> {
        for byte in bytes {
            if let Some(slot) = self.word.get_mut(self.filled) {
                *slot = *byte;
            }
            self.filled += 1;
            if self.filled == WORD {
                self.flush()?;
            }
        }
        if self.filled > 0 { self.flush() } else { Ok(()) }
    }

    /// The checksum: now the record counts.
    pub(crate) fn finish(self) -> Result<(), Fault<F::Error>> {
        write(self.flash, self.at, &self.crc.word())
    }

    fn flush(&mut self) -> Result<(), Fault<F::Error>> {
        let word = core::mem::take(&mut self.word);
        self.crc.update(&word);
        write(self.flash, self.at, &word)?;
        self.at += WORD;
        self.filled = 0;
        Ok(())
    }
}

/// Programs a word and looks whether the flash took it.
fn write<F: Flash>(flash: &mut F, at: usize, word: &[u8; WORD]) -> Result<(), Fault<F::Error>> {
    flash.program(at, word).map_err(Fault::Driver)?;
    if flash.memory().get(at..at + WORD) == Some(word.as_slice()) { Ok(()) } else { Err(Fault::Worn) }
}

/// The content of a record of `length` bytes, if its checksum holds.
pub(crate) fn read(memory: &[u8], epoch: u64, at: usize, length: usize) -> Option<&[u8]> {
    let content = memory.get(at..)?.get(..length)?;
    let check = memory.get(at + length..)?.get(..CHECK)?;
    let mut crc = Crc::new(epoch);
    crc.update(content);
    (crc.word() == check).then_some(content)
}

/// Overwrites `length` bytes (whole words) with zeros.
pub(crate) fn zero<F: Flash>(flash: &mut F, at: usize, length: usize) -> Result<(), Fault<F::Error>> {
    (at..at + length).step_by(WORD).try_for_each(|at| write(flash, at, &[0; WORD]))
}

/// Erases a page and looks whether it is blank.
pub(crate) fn erase<F: Flash>(flash: &mut F, page: usize) -> Result<(), Fault<F::Error>> {
    flash.erase(page).map_err(Fault::Driver)?;
    let mut page = flash.memory().iter().skip(page * crate::PAGE).take(crate::PAGE);
    if page.all(|byte| *byte == u8::MAX) { Ok(()) } else { Err(Fault::Worn) }
}
