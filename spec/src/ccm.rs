//! AES-CCM with 128-bit keys: RFC 3610, Counter with CBC-MAC (the CCM of NIST SP 800-38C).

use crate::aes128::{BLOCK_LENGTH, KEY_LENGTH, encrypt_block};
use crate::bytes::{
    Bytes, big_endian, concat, concat_all, empty, equal, has_length, pad_with_zeros, prefix, single, slice, xor, zeros,
};

/// The parameters of section 2: M, "Number of octets in authentication field", and what L, "Number of octets in length field", leaves
/// for the nonce: 15 - L octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcmParameters {
    /// M, the size of the tag.
    pub tag_length: usize,
    /// 15 - L, the size of the nonce.
    pub nonce_length: usize,
}

/// AES-CCM-16-64-128 (RFC 9053 section 4.2, table 5): L = 2, M = 8.
pub const AES_CCM_16_64_128: CcmParameters = CcmParameters { tag_length: 8, nonce_length: 13 };
/// AES-CCM-16-128-128 (RFC 9053 section 4.2, table 5): L = 2, M = 16.
pub const AES_CCM_16_128_128: CcmParameters = CcmParameters { tag_length: 16, nonce_length: 13 };

/// Why CCM refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CcmError {
    /// M is not one of 4, 6, 8, 10, 12, 14, 16, or L not one of 2 to 8.
    Parameters,
    /// The key has not 16 bytes.
    KeyLength,
    /// The nonce has not 15 - L bytes.
    NonceLength,
    /// The message is so long that its length does not fit L bytes.
    MessageTooLong,
    /// The ciphertext is shorter than a tag, or its tag is not right.
    NotAuthentic,
}

/// Encrypts and authenticates the message m, and authenticates a with it: the encrypted message followed by the encrypted
/// authentication value U (section 2.4).
#[hax_lib::ensures(|result| match result {
    Ok(c) => c.len() == m.len() + parameters.tag_length,
    Err(_) => !is_input(parameters, key, nonce, m.len()),
})]
pub fn seal(parameters: &CcmParameters, key: &Bytes, nonce: &Bytes, a: &Bytes, m: &Bytes) -> Result<Bytes, CcmError> {
    check_input(parameters, key, nonce, m.len())?;
    let t = authentication_field(parameters, key, nonce, a, m);
    // "The final result c consists of the encrypted message followed by the encrypted authentication value U."
    Ok(concat(&crypt_message(key, nonce, m), &crypt_tag(key, nonce, &t)))
}

/// Decrypts c and checks it and a (section 2.5).
#[hax_lib::ensures(|result| match result { Ok(m) => m.len() == c.len() - parameters.tag_length, Err(_) => true })]
pub fn open(parameters: &CcmParameters, key: &Bytes, nonce: &Bytes, a: &Bytes, c: &Bytes) -> Result<Bytes, CcmError> {
    let length = c.len().saturating_sub(parameters.tag_length);
    check_input(parameters, key, nonce, length)?;
    let encrypted = slice(c, 0, length).ok_or(CcmError::NotAuthentic)?;
    let u = slice(c, length, parameters.tag_length).ok_or(CcmError::NotAuthentic)?;
    // "Decryption starts by recomputing the key stream to recover the message m and the MAC value T."
    let m = crypt_message(key, nonce, &encrypted);
    let t = crypt_tag(key, nonce, &u);
    // "The message and additional authentication data is then used to recompute the CBC-MAC value and check T."
    if equal(&t, &authentication_field(parameters, key, nonce, a, &m)) { Ok(m) } else { Err(CcmError::NotAuthentic) }
    // "If the T value is not correct, the receiver MUST NOT reveal any information except for the fact that T is incorrect."
}

/// Section 2: "Valid values are 4, 6, 8, 10, 12, 14, and 16 octets" (M), "Valid values of L range between 2 octets and 8 octets".
pub fn is_valid(parameters: &CcmParameters) -> bool {
    matches!(parameters.tag_length, 4 | 6 | 8 | 10 | 12 | 14 | 16) && matches!(parameters.nonce_length, 7..=13)
}

/// Section 2.1: "The message m, consisting of a string of l(m) octets where 0 <= l(m) < 2^(8L)."
pub fn is_message_length(parameters: &CcmParameters, length: usize) -> bool {
    let l = length_of_length(parameters.nonce_length);
    (length as u128) < 1 << (8 * l)
}

/// Whether key, nonce and message have the sizes that the parameters allow.
pub fn is_input(parameters: &CcmParameters, key: &Bytes, nonce: &Bytes, length: usize) -> bool {
    check_input(parameters, key, nonce, length).is_ok()
}

fn check_input(parameters: &CcmParameters, key: &Bytes, nonce: &Bytes, length: usize) -> Result<(), CcmError> {
    if !is_valid(parameters) {
        Err(CcmError::Parameters)
    } else if !has_length(key, KEY_LENGTH) {
        Err(CcmError::KeyLength)
    } else if !has_length(nonce, parameters.nonce_length) {
        Err(CcmError::NonceLength)
    } else if !is_message_length(parameters, length) {
        Err(CcmError::MessageTooLong)
    } else {
        Ok(())
    }
}

/// L: the nonce has 15 - L octets (section 2.1).
fn length_of_length(nonce_length: usize) -> usize {
    15usize.saturating_sub(nonce_length)
}

/// Section 2.2: T, the first M bytes of X_n+1, the CBC-MAC of B_0, the blocks of a and the blocks of m.
fn authentication_field(parameters: &CcmParameters, key: &Bytes, nonce: &Bytes, a: &Bytes, m: &Bytes) -> Bytes {
    // "The blocks encoding a are formed by concatenating this string that encodes l(a) with a itself, and splitting the result into
    // 16-octet blocks, and then padding the last block with zeroes if necessary."
    let encoded_a = pad_with_zeros(&concat(&encode_additional_length(a.len()), a), BLOCK_LENGTH);
    // "The message blocks are formed by splitting the message m into 16-octet blocks, and then padding the last block with zeroes"
    let encoded_m = pad_with_zeros(m, BLOCK_LENGTH);
    let b = concat_all(&[first_block(parameters, nonce, a.len(), m.len()), encoded_a, encoded_m]);
    // "X_1 := E( K, B_0 )", "X_i+1 := E( K, X_i XOR B_i ) for i=1, ..., n"; with X_0 = 0 the first is like the others
    let mut x = zeros(BLOCK_LENGTH);
    for i in 0..b.num_exact_chunks(BLOCK_LENGTH) {
        x = aes(key, &xor(&x, &b.get_exact_chunk(BLOCK_LENGTH, i)));
    }
    // "T := first-M-bytes( X_n+1 )"
    prefix(&x, parameters.tag_length)
}

/// Section 2.2, B_0: flags in octet 0, the nonce N in octets 1 to 15-L, l(m) in octets 16-L to 15.
fn first_block(parameters: &CcmParameters, nonce: &Bytes, a_length: usize, m_length: usize) -> Bytes {
    let l = length_of_length(parameters.nonce_length);
    // "The Adata bit is set to zero if l(a)=0, and set to one if l(a)>0."
    let adata = if a_length == 0 { 0 } else { 1 };
    // "Flags = 64*Adata + 8*M' + L'"; M' = (M-2)/2, L' = L-1
    let flags = 64 * adata + 8 * ((parameters.tag_length - 2) / 2) + (l - 1);
    // l(m) is "encoded in most-significant-byte first order"
    concat_all(&[single(flags as u8), nonce.clone(), big_endian(m_length as u64, l)])
}

/// Section 2.2: how the length of a is encoded in front of it.
fn encode_additional_length(length: usize) -> Bytes {
    let length = length as u64;
    if length == 0 {
        empty()
    } else if length < (1 << 16) - (1 << 8) {
        // "If 0 < l(a) < (2^16 - 2^8), then the length field is encoded as two octets"
        big_endian(length, 2)
    } else if length < 1 << 32 {
        // "If (2^16 - 2^8) <= l(a) < 2^32, then the length field is encoded as six octets consisting of the octets 0xff, 0xfe"
        concat_all(&[single(0xff), single(0xfe), big_endian(length, 4)])
    } else {
        // "If 2^32 <= l(a) < 2^64, then the length field is encoded as ten octets consisting of the octets 0xff, 0xff"
        concat_all(&[single(0xff), single(0xff), big_endian(length, 8)])
    }
}

/// Section 2.3: "The message is encrypted by XORing the octets of message m with the first l(m) octets of the concatenation of S_1, S_2,
/// S_3, ... . Note that S_0 is not used to encrypt the message."
fn crypt_message(key: &Bytes, nonce: &Bytes, m: &Bytes) -> Bytes {
    let mut crypted = empty();
    for i in 0..m.len().div_ceil(BLOCK_LENGTH) {
        let (_, block) = m.get_chunk(BLOCK_LENGTH, i);
        crypted = concat(&crypted, &xor(&block, &key_stream_block(key, nonce, i as u64 + 1)));
    }
    crypted
}

/// Section 2.3: "U := T XOR first-M-bytes( S_0 )".
fn crypt_tag(key: &Bytes, nonce: &Bytes, t: &Bytes) -> Bytes {
    xor(t, &key_stream_block(key, nonce, 0))
}

/// Section 2.3: "S_i := E( K, A_i ) for i=0, 1, 2, ...".
fn key_stream_block(key: &Bytes, nonce: &Bytes, i: u64) -> Bytes {
    let l = length_of_length(nonce.len());
    // A_i: flags (L') in octet 0, the nonce N in octets 1 to 15-L, the counter i in octets 16-L to 15
    let a_i = concat_all(&[single((l - 1) as u8), nonce.clone(), big_endian(i, l)]);
    aes(key, &a_i)
}

/// E( K, block ), for a key and a block whose sizes have been checked.
#[hax_lib::requires(key.len() == KEY_LENGTH && block.len() == BLOCK_LENGTH)]
fn aes(key: &Bytes, block: &Bytes) -> Bytes {
    encrypt_block(key, block).unwrap_or_default()
}
