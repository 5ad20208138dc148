//! The application layer (PROTOCOL.md section 15): keys from the exporter, and COSE objects. JOSE is here as far as its keys go.

use crate::bytes::{Bytes, big_endian, concat, concat_all, empty, single, utf8, xor};
use crate::cbor::{encode_array_head, encode_bstr, encode_int, encode_map_head, encode_tstr};
use crate::ccm::{self, AES_CCM_16_64_128};
use crate::error::Reject;
use crate::hmac::hmac_sha256;
use crate::key_schedule::export;

/// From the client to the node, as the context of an export.
pub const TO_NODE: u8 = 0;
/// From the node to the client.
pub const TO_CLIENT: u8 = 1;

/// AES-CCM-16-64-128 (RFC 9053 section 4.2).
const AES_CCM: i64 = 10;
/// HMAC 256/256 (RFC 9053 section 3.1).
const HMAC_256: i64 = 5;

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
pub fn oscore(secret: &Bytes) -> Result<Oscore, Reject> {
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
pub fn object_keys(secret: &Bytes, direction: u8) -> Result<ObjectKeys, Reject> {
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

/// RFC 9052 section 3.1: the Partial IV, padded with zeros on the left to the length of the Context IV, xor the Context IV.
pub fn nonce(context_iv: &Bytes, sequence: u64) -> Bytes {
    xor(context_iv, &big_endian(sequence, context_iv.len()))
}

/// `<< { 1: alg, 4: kid, 6: seq } >>`, without the head of the bstr
fn protected(alg: i64, kid: &Bytes, sequence: u64) -> Bytes {
    concat_all(&[
        encode_map_head(3),
        concat(&encode_int(1), &encode_int(alg)),
        concat(&encode_int(4), &encode_bstr(kid)),
        concat(&encode_int(6), &encode_bstr(&sequence_bytes(sequence))),
    ])
}

/// RFC 9052 section 5.3: `Enc_structure = ["Encrypt0", protected, external_aad]`
pub fn enc_structure(protected: &Bytes, external_aad: &Bytes) -> Bytes {
    concat_all(&[encode_array_head(3), encode_tstr("Encrypt0"), encode_bstr(protected), encode_bstr(external_aad)])
}

/// `Encrypt0 = [ << { 1: 10, 4: kid, 6: seq } >>, {}, ciphertext ]`; `None` for more than 65,535 bytes.
pub fn encrypt0(keys: &ObjectKeys, sequence: u64, content: &Bytes) -> Option<Bytes> {
    let protected = protected(AES_CCM, &keys.kid, sequence);
    let aad = enc_structure(&protected, &empty());
    let nonce = nonce(&keys.encrypt0_iv, sequence);
    let ciphertext = ccm::seal(&AES_CCM_16_64_128, &keys.encrypt0_key, &nonce, &aad, content).ok()?;
    Some(concat_all(&[encode_array_head(3), encode_bstr(&protected), encode_map_head(0), encode_bstr(&ciphertext)]))
}

/// `Mac0 = [ << { 1: 5, 4: kid, 6: seq } >>, {}, payload, tag ]`
pub fn mac0(keys: &ObjectKeys, sequence: u64, content: &Bytes) -> Bytes {
    let protected = protected(HMAC_256, &keys.kid, sequence);
    // RFC 9052 section 6.3: `MAC_structure = ["MAC0", protected, external_aad, payload]`
    let mac_structure = concat_all(&[
        encode_array_head(4),
        encode_tstr("MAC0"),
        encode_bstr(&protected),
        encode_bstr(&empty()),
        encode_bstr(content),
    ]);
    let tag = hmac_sha256(&keys.mac0_key, &mac_structure);
    concat_all(&[
        encode_array_head(4),
        encode_bstr(&protected),
        encode_map_head(0),
        encode_bstr(content),
        encode_bstr(&tag),
    ])
}
