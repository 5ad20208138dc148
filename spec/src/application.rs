//! The application layer (PROTOCOL.md section 15): keys from the exporter, sequence numbers, rejections. What is protected with them:
//! [`crate::cose`], [`crate::jose`], [`crate::oscore`].

use crate::bytes::{Bytes, big_endian, concat, empty, equal, from_big_endian, single, utf8};
use crate::cbor::CborError;
use crate::error;
use crate::key_schedule::export;

/// From the client to the node, as the context of an export.
pub const TO_NODE: u8 = 0;
/// From the node to the client.
pub const TO_CLIENT: u8 = 1;

/// A number is less than this.
pub const SEQUENCE_END: u64 = 1 << 40;
/// Numbers that a receiver's window tells apart.
pub const WINDOW: u64 = 64;

/// Why an object or a message is rejected (section 15, not section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Not of the form.
    Malformed,
    /// Another kid.
    UnknownKey,
    /// The tag is wrong.
    NotAuthentic,
    /// The number has been accepted, or is below the window.
    Replayed,
    /// exp has passed.
    Expired,
}

impl From<CborError> for Reject {
    fn from(_: CborError) -> Reject {
        Reject::Malformed
    }
}

/// What was protected, and the number that is accepted with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The content.
    pub content: Bytes,
    /// The sequence number.
    pub sequence: u64,
}

/// What OSCORE takes from an exchange.
#[derive(Clone)]
pub struct Oscore {
    /// 16 bytes.
    pub master_secret: Bytes,
    /// 8 bytes.
    pub master_salt: Bytes,
    /// Sender ID of the client: 4 bytes.
    pub client_id: Bytes,
    /// Sender ID of the node: 4 bytes.
    pub node_id: Bytes,
}

/// The client's Sender ID has its first bit cleared, the node's has it set.
pub fn oscore(secret: &Bytes) -> Result<Oscore, error::Reject> {
    let ids = export(secret, &utf8("oscore ids"), &empty(), 8)?;
    Ok(Oscore {
        master_secret: export(secret, &utf8("oscore master secret"), &empty(), 16)?,
        master_salt: export(secret, &utf8("oscore master salt"), &empty(), 8)?,
        client_id: concat(&single(ids[0] & 0x7fu8), &ids.slice(1, 3)),
        node_id: concat(&single(ids[4] | 0x80u8), &ids.slice(5, 3)),
    })
}

/// The keys of COSE and JOSE objects in one direction.
#[derive(Clone)]
pub struct ObjectKeys {
    /// `object kid`: 8 bytes.
    pub kid: Bytes,
    /// `cose encrypt0 key`: 16 bytes.
    pub encrypt0_key: Bytes,
    /// `cose encrypt0 iv`: 13 bytes.
    pub encrypt0_iv: Bytes,
    /// `cose mac0 key`: 32 bytes.
    pub mac0_key: Bytes,
    /// `jose jwe key`: 16 bytes.
    pub jwe_key: Bytes,
    /// `jose jws key`: 32 bytes.
    pub jws_key: Bytes,
}

/// All keys of a direction.
pub fn object_keys(secret: &Bytes, direction: u8) -> Result<ObjectKeys, error::Reject> {
    let context = single(direction);
    Ok(ObjectKeys {
        kid: export(secret, &utf8("object kid"), &context, 8)?,
        encrypt0_key: export(secret, &utf8("cose encrypt0 key"), &context, 16)?,
        encrypt0_iv: export(secret, &utf8("cose encrypt0 iv"), &context, 13)?,
        mac0_key: export(secret, &utf8("cose mac0 key"), &context, 32)?,
        jwe_key: export(secret, &utf8("jose jwe key"), &context, 16)?,
        jws_key: export(secret, &utf8("jose jws key"), &context, 32)?,
    })
}

/// "big-endian in the fewest bytes, 1 to 5 (0 has one)"
pub fn sequence_bytes(sequence: u64) -> Bytes {
    let length = if sequence < 1 << 8 {
        1
    } else if sequence < 1 << 16 {
        2
    } else if sequence < 1 << 24 {
        3
    } else if sequence < 1 << 32 {
        4
    } else {
        5
    };
    big_endian(sequence, length)
}

/// The number that [`sequence_bytes`] writes so.
pub fn read_sequence(octets: &Bytes) -> Result<u64, Reject> {
    let sequence = from_big_endian(octets);
    if equal(&sequence_bytes(sequence), octets) { Ok(sequence) } else { Err(Reject::Malformed) }
}

/// "Sequence numbers count from 0 to 2^40 - 1": `None` if there is no such number.
pub fn sequence_end(sequence: u64) -> Option<u64> {
    if sequence < SEQUENCE_END { Some(sequence) } else { None }
}

/// "a window of the 64 numbers up to the highest that has been accepted; it rejects what is in it or below it"
pub fn check_sequence(accepted: &[u64], sequence: u64) -> Result<(), Reject> {
    let mut fresh = true;
    for i in 0..accepted.len() {
        fresh = fresh && accepted[i] != sequence && accepted[i] < sequence.saturating_add(WINDOW);
    }
    if sequence >= SEQUENCE_END {
        Err(Reject::Malformed)
    } else if fresh {
        Ok(())
    } else {
        Err(Reject::Replayed)
    }
}

/// The kid is that of these keys.
pub fn check_kid(keys: &ObjectKeys, kid: &Bytes) -> Result<(), Reject> {
    if equal(kid, &keys.kid) { Ok(()) } else { Err(Reject::UnknownKey) }
}
