//! AES-GCM with 128-bit keys, nonces of 96 bits and tags of 128: NIST SP 800-38D, Galois/Counter Mode, as A128GCM (RFC 7518 section 5.3)
//! wants it. Names are those of SP 800-38D; what is said of its steps is said in other words.
//!
//! A block is a `u128` whose most significant bit is the leftmost one: x_0, the coefficient of u^0.

use crate::aes128::{BLOCK_LENGTH, KEY_LENGTH, encrypt_block};
use crate::bytes::{
    Bytes, big_endian, concat, concat_all, empty, equal, from_big_endian, has_length, pad_with_zeros, slice, xor, zeros,
};

/// Bytes of a nonce.
pub const NONCE_LENGTH: usize = 12;
/// Bytes of a tag.
pub const TAG_LENGTH: usize = 16;
/// Bits of the longest plaintext (section 5.2.1.1).
pub const PLAINTEXT_BITS: u128 = (1 << 39) - 256;

/// Why GCM refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GcmError {
    /// The key has not 16 bytes.
    KeyLength,
    /// The nonce has not 12 bytes.
    NonceLength,
    /// The plaintext has more than 2^39 - 256 bits.
    MessageTooLong,
    /// The ciphertext is shorter than a tag, or its tag is not right.
    NotAuthentic,
}

/// GCM-AE (section 7.1, algorithm 4): C, followed by T.
#[hax_lib::ensures(|result| match result { Ok(c) => c.len() == p.len() + TAG_LENGTH, Err(_) => !is_input(key, iv, p.len()) })]
pub fn seal(key: &Bytes, iv: &Bytes, a: &Bytes, p: &Bytes) -> Result<Bytes, GcmError> {
    check_input(key, iv, p.len())?;
    // step 3: C is P under GCTR from inc32(J_0) on
    let c = gctr(key, increment(initial_counter(iv)), p);
    // step 6: T is S under GCTR from J_0 on
    Ok(concat(&c, &gctr(key, initial_counter(iv), &authentication(key, a, &c))))
}

/// GCM-AD (section 7.2, algorithm 5): the plaintext of C, followed by T.
#[hax_lib::ensures(|result| match result { Ok(p) => p.len() == c.len() - TAG_LENGTH, Err(_) => true })]
pub fn open(key: &Bytes, iv: &Bytes, a: &Bytes, c: &Bytes) -> Result<Bytes, GcmError> {
    let length = c.len().saturating_sub(TAG_LENGTH);
    check_input(key, iv, length)?;
    let tag = slice(c, length, TAG_LENGTH).ok_or(GcmError::NotAuthentic)?;
    let c = c.slice(0, length);
    // steps 6 to 8: the tag is computed anew, and compared
    let expected = gctr(key, initial_counter(iv), &authentication(key, a, &c));
    if equal(&tag, &expected) { Ok(gctr(key, increment(initial_counter(iv)), &c)) } else { Err(GcmError::NotAuthentic) }
}

/// Whether key, nonce and plaintext have sizes that GCM takes.
pub fn is_input(key: &Bytes, iv: &Bytes, length: usize) -> bool {
    check_input(key, iv, length).is_ok()
}

fn check_input(key: &Bytes, iv: &Bytes, length: usize) -> Result<(), GcmError> {
    if !has_length(key, KEY_LENGTH) {
        Err(GcmError::KeyLength)
    } else if !has_length(iv, NONCE_LENGTH) {
        Err(GcmError::NonceLength)
    } else if 8 * (length as u128) > PLAINTEXT_BITS {
        Err(GcmError::MessageTooLong)
    } else {
        Ok(())
    }
}

/// J_0 for a nonce of 96 bits (algorithm 4, step 2): the nonce, 31 zero bits, a one.
fn initial_counter(iv: &Bytes) -> u128 {
    block(&concat(iv, &big_endian(1, 4)))
}

/// S (algorithm 4, steps 4 and 5): GHASH, with the hash subkey H, of A and C, each filled up with zeros to whole blocks, and of their lengths in bits.
fn authentication(key: &Bytes, a: &Bytes, c: &Bytes) -> Bytes {
    // step 1: H is the zero block, encrypted
    let h = block(&aes(key, &zeros(BLOCK_LENGTH)));
    let lengths = concat(&big_endian(8 * a.len() as u64, 8), &big_endian(8 * c.len() as u64, 8));
    let s = ghash(h, &concat_all(&[pad_with_zeros(a, BLOCK_LENGTH), pad_with_zeros(c, BLOCK_LENGTH), lengths]));
    octets(s)
}

/// Section 6.4, algorithm 2: Y_i = (Y_(i-1) XOR X_i) * H, from Y_0 = 0 on.
#[hax_lib::requires(x.len() % BLOCK_LENGTH == 0)]
pub fn ghash(h: u128, x: &Bytes) -> u128 {
    let mut y = 0u128;
    for i in 0..x.len() / BLOCK_LENGTH {
        y = multiply(y ^ block(&x.slice(BLOCK_LENGTH * i, BLOCK_LENGTH)), h);
    }
    y
}

/// R (section 6.3): u^7 + u^2 + u + 1, to which u^128 is equal.
const R: u128 = 0xe1 << 120;

/// Section 6.3, algorithm 1: the product in GF(2^128).
pub fn multiply(x: u128, y: u128) -> u128 {
    // Z_0 = 0, V_0 = Y
    let mut z = 0u128;
    let mut v = y;
    for i in 0..128 {
        // V_i is Y times u^i; Z collects it where x_i is 1
        if (x >> (127 - i)) & 1 == 1 {
            z ^= v;
        }
        v = if v & 1 == 0 { v >> 1 } else { (v >> 1) ^ R };
    }
    z
}

/// Section 6.5, algorithm 3: X, block by block, XOR the encrypted counter blocks, as far as X reaches.
fn gctr(key: &Bytes, initial: u128, x: &Bytes) -> Bytes {
    let mut y = empty();
    let mut counter = initial;
    for i in 0..x.len().div_ceil(BLOCK_LENGTH) {
        let (_, chunk) = x.get_chunk(BLOCK_LENGTH, i);
        y = concat(&y, &xor(&chunk, &aes(key, &octets(counter))));
        counter = increment(counter);
    }
    y
}

/// inc32 (section 6.2): the rightmost 32 bits as an integer, plus 1 modulo 2^32.
pub fn increment(counter: u128) -> u128 {
    let low = 0xffff_ffffu128;
    (counter & !low) | (counter.wrapping_add(1) & low)
}

/// The block that 16 bytes are.
#[hax_lib::requires(octets.len() == BLOCK_LENGTH)]
pub fn block(octets: &Bytes) -> u128 {
    (u128::from(from_big_endian(&octets.slice(0, 8))) << 64) | u128::from(from_big_endian(&octets.slice(8, 8)))
}

/// The 16 bytes of a block.
#[hax_lib::ensures(|result| result.len() == BLOCK_LENGTH)]
fn octets(block: u128) -> Bytes {
    concat(&big_endian((block >> 64) as u64, 8), &big_endian(block as u64, 8))
}

/// The block cipher, for a key whose size has been checked.
#[hax_lib::requires(key.len() == KEY_LENGTH && block.len() == BLOCK_LENGTH)]
fn aes(key: &Bytes, block: &Bytes) -> Bytes {
    encrypt_block(key, block).unwrap_or_default()
}
