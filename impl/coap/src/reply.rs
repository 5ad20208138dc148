//! A server's responses as packets: their options, their blocks, and what fits the room that there is.

use crate::block::{BLOCK_MAX, Block};
use crate::message::{Code, put_texts, put_uint};
use crate::options::ECHO;
use crate::reach::ECHO_LENGTH;
use crate::service::Response;
use crate::transfer::part;
use coap_lite::{CoapOption, MessageClass, Packet};
use std::collections::LinkedList;
use std::hash::{DefaultHasher, Hasher as _};

/// Block sizes for an address that has not shown that it receives, the largest first: 64, 32 and 16 bytes.
const SMALL: [u8; 3] = [2, 1, 0];

/// How much may go to a request's sender: bytes of a datagram, and the Echo value with which more is to be had.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) bytes: usize,
    pub(crate) token: usize,
    pub(crate) echo: [u8; ECHO_LENGTH],
}

impl Room {
    pub(crate) fn fits(&self, packet: &Packet) -> bool {
        packet.to_bytes_unlimited().is_ok_and(|bytes| bytes.len().saturating_add(self.token) <= self.bytes)
    }
}

/// The blocks that a request asks for and brings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Blocks {
    /// Block2: the part of the response that is wanted.
    pub(crate) wanted: Option<Block>,
    /// Block1: the part of the request that was taken.
    pub(crate) taken: Option<Block>,
}

/// The part of a response that is wanted; 4.00 if it lies beyond the end. Where there is little room, its first block is a small one, and
/// where there is none for that, 4.01 asks for the Echo value.
pub(crate) fn cut(response: &Response, blocks: Blocks, room: Option<&Room>) -> Result<Packet, Code> {
    let packet = block(response, blocks)?;
    match room {
        Some(room) if !room.fits(&packet) => Ok(small(response, blocks, room).unwrap_or_else(|| challenge(&room.echo))),
        _ => Ok(packet),
    }
}

fn block(response: &Response, Blocks { wanted, taken }: Blocks) -> Result<Packet, Code> {
    let all = wanted.is_none_or(|wanted| wanted.number == 0 && response.body.is_empty());
    if all && response.body.len() <= BLOCK_MAX {
        let mut packet = write(response, taken, None);
        packet.payload.clone_from(&response.body);
        return Ok(packet);
    }
    let (block, bytes) = part(&response.body, wanted).ok_or(Code::BAD_REQUEST)?;
    let mut packet = write(response, taken, block);
    packet.payload = bytes.to_vec();
    Ok(packet)
}

/// The first block as large as there is room for it, with the Echo value.
fn small(response: &Response, blocks: Blocks, room: &Room) -> Option<Packet> {
    if blocks.wanted.is_some_and(|wanted| wanted.number > 0) {
        return None;
    }
    SMALL.into_iter().find_map(|exponent| {
        let wanted = Some(Block { number: 0, more: false, exponent });
        let mut packet = block(response, Blocks { wanted, ..blocks }).ok()?;
        packet.add_option(CoapOption::from(ECHO), room.echo.to_vec());
        room.fits(&packet).then_some(packet)
    })
}

/// 4.01 with an Echo value: the request has not been carried out, and is to be sent again with it (RFC 9175 section 2.3).
pub(crate) fn challenge(echo: &[u8]) -> Packet {
    let mut packet = write(&Response::new(Code::UNAUTHORIZED), None, None);
    packet.add_option(CoapOption::from(ECHO), echo.to_vec());
    packet
}

/// A response without its body.
pub(crate) fn write(response: &Response, taken: Option<Block>, block_2: Option<Block>) -> Packet {
    let mut packet = Packet::new();
    packet.header.code = MessageClass::from(response.code.0);
    if let Some(format) = response.format {
        put_uint(&mut packet, CoapOption::ContentFormat, format.into());
    }
    if let Some(seconds) = response.max_age {
        put_uint(&mut packet, CoapOption::MaxAge, seconds);
    }
    put_texts(&mut packet, CoapOption::LocationPath, response.location.iter().map(String::as_str));
    for (number, value) in &response.options {
        packet.add_option(CoapOption::from(*number), value.clone());
    }
    if let Some(block) = taken {
        block.write(&mut packet, CoapOption::Block1);
    }
    if let Some(block) = block_2 {
        block.write(&mut packet, CoapOption::Block2);
        // So that the client sees when its blocks are of two answers (RFC 7959 section 2.4).
        let mut hasher = DefaultHasher::new();
        hasher.write(&response.body);
        packet.set_option(CoapOption::ETag, LinkedList::from([hasher.finish().to_be_bytes().to_vec()]));
    }
    packet
}
