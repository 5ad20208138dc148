//! Block1 and Block2 (RFC 7959 section 2.2): number, "more follows", and size exponent.

use crate::message::{put_uint, uint};
use coap_lite::{CoapOption, Packet};

const NUMBER_MAX: u32 = (1 << 20) - 1;
const MORE: u32 = 8;
const EXPONENT: u32 = 7;
/// The largest block: 2^(6 + 4) bytes.
pub const EXPONENT_MAX: u8 = 6;
/// Bytes of the largest block.
pub(crate) const BLOCK_MAX: usize = 16 << EXPONENT_MAX;

/// One block's place in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Counts blocks from 0.
    pub number: u32,
    /// Are there more blocks?
    pub more: bool,
    /// The block has 2^(exponent + 4) bytes; 0..6.
    pub exponent: u8,
}

impl Block {
    /// Bytes of a block.
    pub const fn size(self) -> usize {
        16 << self.exponent
    }

    /// Where it begins in the body. `None` if that cannot be said.
    pub fn offset(self) -> Option<usize> {
        usize::try_from(self.number).ok()?.checked_mul(self.size())
    }

    /// The option's value; `None` if it is absent. `Err` if it is longer than 3 bytes or has the reserved exponent 7.
    #[allow(clippy::result_unit_err, reason = "there is one way to be wrong")]
    pub fn read(packet: &Packet, option: CoapOption) -> Result<Option<Block>, ()> {
        let Some(value) = packet.get_first_option(option) else { return Ok(None) };
        let value = uint(packet, option).filter(|_| value.len() <= 3).ok_or(())?;
        let exponent = u8::try_from(value & EXPONENT).ok().filter(|exponent| *exponent <= EXPONENT_MAX).ok_or(())?;
        Ok(Some(Block { number: value >> 4, more: value & MORE != 0, exponent }))
    }

    /// Puts the option into a packet.
    pub fn write(self, packet: &mut Packet, option: CoapOption) {
        let more = if self.more { MORE } else { 0 };
        put_uint(packet, option, (self.number.min(NUMBER_MAX) << 4) | more | u32::from(self.exponent));
    }
}

/// The block of `body` that stands at `number`, with "more" set as it is. `None` beyond the end; an empty body has block 0.
pub fn slice(body: &[u8], number: u32, exponent: u8) -> Option<(Block, &[u8])> {
    let block = Block { number, more: false, exponent };
    let start = block.offset()?;
    let end = start.checked_add(block.size())?.min(body.len());
    if start >= body.len() && number > 0 {
        return None;
    }
    Some((Block { more: end < body.len(), ..block }, body.get(start..end)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn the_rfc_s_examples() {
        // RFC 7959 section 3: 2:0/0/128 in hexadecimal is 0x03, 2:1/1/128 is 0x1b.
        for (bytes, number, more, size) in
            [(&[0x03_u8][..], 0, false, 128), (&[0x1b], 1, true, 128), (&[], 0, false, 16)]
        {
            let mut packet = Packet::new();
            packet.add_option(CoapOption::Block2, bytes.to_vec());
            let block = Block::read(&packet, CoapOption::Block2).unwrap().unwrap();
            assert_eq!((block.number, block.more, block.size()), (number, more, size));
            let mut again = Packet::new();
            block.write(&mut again, CoapOption::Block2);
            assert_eq!(again.get_first_option(CoapOption::Block2).unwrap(), bytes);
        }
        for bad in [vec![0x07], vec![0, 0, 0, 1]] {
            let mut packet = Packet::new();
            packet.add_option(CoapOption::Block1, bad);
            assert_eq!(Block::read(&packet, CoapOption::Block1), Err(()));
        }
    }

    #[test]
    fn slices_make_up_the_body() {
        let body: Vec<u8> = (0..100).collect();
        let mut again = Vec::new();
        for number in 0.. {
            let Some((block, part)) = slice(&body, number, 1) else { break };
            again.extend_from_slice(part);
            assert_eq!(block.more, again.len() < body.len());
        }
        assert_eq!(again, body);
        assert_eq!(slice(&body[..64], 2, 1), None);
        assert_eq!(slice(&[], 0, 6).unwrap().1, b"");
        assert_eq!(slice(&[], 1, 6), None);
    }
}
