//! OSCORE: RFC 8613 with AES-CCM-16-64-128 and HKDF-SHA-256, without ID Context (PROTOCOL.md section 15), on messages (section 16: code,
//! options, payload) that have no options of Class U and no Observe.

use crate::application::{Opened, Oscore, Reject, check_sequence, read_sequence, sequence_bytes, sequence_end};
use crate::bytes::{Bytes, big_endian, byte_at, concat, concat_all, empty, equal, single, slice, suffix, xor, zeros};
use crate::cbor::{encode_array_head, encode_bstr, encode_int, encode_tstr, encode_uint};
use crate::ccm::{self, AES_CCM_16_64_128};
use crate::cose::{enc_structure, open_aead};
use crate::hkdf;

/// AES-CCM-16-64-128 in the COSE registry.
const ALG_AEAD: i64 = 10;
/// Longest identifier: the nonce's bytes less 6 (section 3.3).
pub const ID_MAX: usize = 7;

/// Section 3.2.1: `HKDF(master_salt, master_secret, info, L)` with `info = [id, id_context: nil, alg_aead, type, L]`
fn derive(master_secret: &Bytes, master_salt: &Bytes, id: &Bytes, kind: &str, length: usize) -> Bytes {
    let info = concat_all(&[
        encode_array_head(5),
        encode_bstr(id),
        // no ID Context: null (RFC 8949 section 3.3)
        single(0xf6),
        encode_int(ALG_AEAD),
        encode_tstr(kind),
        encode_uint(length as u64),
    ]);
    hkdf::expand(&hkdf::extract(master_salt, master_secret), &info, length).unwrap_or(Bytes::new(length))
}

/// Sender Key or Recipient Key, by whose identifier it is.
pub fn key(master_secret: &Bytes, master_salt: &Bytes, id: &Bytes) -> Bytes {
    derive(master_secret, master_salt, id, "Key", 16)
}

/// Common IV.
pub fn common_iv(master_secret: &Bytes, master_salt: &Bytes) -> Bytes {
    // its id is empty
    derive(master_secret, master_salt, &empty(), "IV", 13)
}

/// Section 5.2: the nonce.
#[hax_lib::requires(id.len() <= ID_MAX && common_iv.len() == 13)]
pub fn nonce(common_iv: &Bytes, id: &Bytes, sequence: u64) -> Bytes {
    let padded_id = concat_all(&[zeros(ID_MAX - id.len()), id.clone()]);
    // the size of ID_PIV in one byte, ID_PIV padded to 7 bytes, the Partial IV padded to 5; then XOR with the Common IV
    xor(common_iv, &concat_all(&[single(id.len() as u8), padded_id, big_endian(sequence, 5)]))
}

/// Section 5.4: `aad_array = [1, [alg_aead], request_kid, request_piv, options]`, inside of an Enc_structure.
pub fn aad(request_kid: &Bytes, request_sequence: u64) -> Bytes {
    let aad_array = concat_all(&[
        encode_array_head(5),
        encode_uint(1),
        encode_array_head(1),
        encode_int(ALG_AEAD),
        encode_bstr(request_kid),
        encode_bstr(&sequence_bytes(request_sequence)),
        encode_bstr(&empty()),
    ]);
    enc_structure(&empty(), &aad_array)
}

/// Section 5.3: the ciphertext of a plaintext (code, options, payload); `None` for more than 65,535 bytes.
pub fn seal(key: &Bytes, nonce: &Bytes, aad: &Bytes, plaintext: &Bytes) -> Option<Bytes> {
    ccm::seal(&AES_CCM_16_64_128, key, nonce, aad, plaintext).ok()
}

/// 0.02, POST: the outer code of requests (section 4.2).
const POST: u8 = 0x02;
/// 2.04, Changed: the outer code of responses.
const CHANGED: u8 = 0x44;

/// One end of a Security Context (section 3.2).
#[derive(Clone)]
pub struct Context {
    /// Identifier of what this end sends.
    pub sender_id: Bytes,
    /// Key of what this end sends.
    pub sender_key: Bytes,
    /// Identifier of what this end receives.
    pub recipient_id: Bytes,
    /// Key of what this end receives.
    pub recipient_key: Bytes,
    /// Common IV.
    pub common_iv: Bytes,
}

/// The client's end of an exchange.
pub fn client(keys: &Oscore) -> Context {
    context(keys, &keys.client_id, &keys.node_id)
}

/// The node's end.
pub fn node(keys: &Oscore) -> Context {
    context(keys, &keys.node_id, &keys.client_id)
}

fn context(keys: &Oscore, sender_id: &Bytes, recipient_id: &Bytes) -> Context {
    Context {
        sender_id: sender_id.clone(),
        sender_key: key(&keys.master_secret, &keys.master_salt, sender_id),
        recipient_id: recipient_id.clone(),
        recipient_key: key(&keys.master_secret, &keys.master_salt, recipient_id),
        common_iv: common_iv(&keys.master_secret, &keys.master_salt),
    }
}

/// Section 8.1: the OSCORE message of a request; `None` for more than 65,535 bytes, or from 2^40 on.
pub fn protect_request(end: &Context, sequence: u64, request: &Bytes) -> Option<Bytes> {
    let nonce = nonce(&end.common_iv, &end.sender_id, sequence_end(sequence)?);
    let ciphertext = seal(&end.sender_key, &nonce, &aad(&end.sender_id, sequence), request)?;
    // section 6.1: the flag byte (k, and n, the length of the Partial IV), the Partial IV, the kid
    let partial_iv = sequence_bytes(sequence);
    let flags = single(KID | partial_iv.len() as u8);
    Some(outer(POST, &concat_all(&[flags, partial_iv, end.sender_id.clone()]), &ciphertext))
}

/// Section 8.2. `accepted`: the numbers that have been.
pub fn open_request(end: &Context, accepted: &[u64], message: &Bytes) -> Result<Opened, Reject> {
    let (option, ciphertext) = read_outer(message)?;
    // section 6.1: flags, Partial IV, length of the kid context and the kid context if there is one, kid
    let flags = option[0usize];
    let length = usize::from(flags & LENGTH);
    let sequence = read_sequence(&slice(&option, 1, length).ok_or(Reject::Malformed)?)?;
    let has_context = flags & KID_CONTEXT != 0;
    let context_length =
        if has_context { 1 + usize::from(byte_at(&option, 1 + length).ok_or(Reject::Malformed)?) } else { 0 };
    slice(&option, 1 + length, context_length).ok_or(Reject::Malformed)?;
    let kid = suffix(&option, 1 + length + context_length);
    if flags & !(KID_CONTEXT | KID | LENGTH) != 0 || flags & KID == 0 {
        return Err(Reject::Malformed);
    }
    if has_context || !equal(&kid, &end.recipient_id) {
        return Err(Reject::UnknownKey);
    }
    check_sequence(accepted, sequence)?;
    let nonce = nonce(&end.common_iv, &end.recipient_id, sequence);
    let content = open_aead(&end.recipient_key, &nonce, &aad(&end.recipient_id, sequence), &ciphertext)?;
    Ok(Opened { content, sequence })
}

/// Section 8.3, with the nonce of the request: the OSCORE message of the response to the other end's request of this number.
pub fn protect_response(end: &Context, request_sequence: u64, response: &Bytes) -> Option<Bytes> {
    let nonce = nonce(&end.common_iv, &end.recipient_id, sequence_end(request_sequence)?);
    let ciphertext = seal(&end.sender_key, &nonce, &aad(&end.recipient_id, request_sequence), response)?;
    Some(outer(CHANGED, &empty(), &ciphertext))
}

/// Section 8.4, for a response without a Partial IV, to this end's request of this number.
pub fn open_response(end: &Context, request_sequence: u64, message: &Bytes) -> Result<Bytes, Reject> {
    // an OSCORE option without a value (section 6.1), and the payload marker
    let head = concat_all(&[single(OSCORE << 4), single(MARKER)]);
    let found = slice(message, 1, head.len()).ok_or(Reject::Malformed)?;
    if !equal(&found, &head) {
        return Err(Reject::Malformed);
    }
    let ciphertext = suffix(message, 1 + head.len());
    let nonce = nonce(&end.common_iv, &end.sender_id, request_sequence);
    open_aead(&end.recipient_key, &nonce, &aad(&end.sender_id, request_sequence), &ciphertext)
}

/// The flag h of the OSCORE option (section 6.1).
const KID_CONTEXT: u8 = 0x10;
/// The flag k of the OSCORE option (section 6.1).
const KID: u8 = 0x08;
/// The bits n.
const LENGTH: u8 = 0x07;
/// The number of the OSCORE option.
const OSCORE: u8 = 9;
/// Stands before a payload (RFC 7252 section 3).
const MARKER: u8 = 0xff;

/// A message with an OSCORE option and a payload (RFC 7252 section 3.1: option delta and length in one byte).
#[hax_lib::requires(option.len() <= 12)]
fn outer(code: u8, option: &Bytes, ciphertext: &Bytes) -> Bytes {
    let head = concat(&single(code), &single((OSCORE << 4) | option.len() as u8));
    concat_all(&[head, option.clone(), single(MARKER), ciphertext.clone()])
}

/// The reverse, for an option that is not empty; the code, which anyone on the way may change, is not read.
fn read_outer(message: &Bytes) -> Result<(Bytes, Bytes), Reject> {
    let head = slice(message, 1, 1).ok_or(Reject::Malformed)?[0usize];
    let length = usize::from(head & 0x0f);
    let option = slice(message, 2, length).ok_or(Reject::Malformed)?;
    let marker = slice(message, 2 + length, 1).ok_or(Reject::Malformed)?;
    if head >> 4 != OSCORE || length == 0 || length > 12 || marker[0usize] != MARKER || message.len() == 3 + length {
        return Err(Reject::Malformed);
    }
    Ok((option, suffix(message, 3 + length)))
}
