//! AES-128, encryption only: FIPS 197, Advanced Encryption Standard. CCM needs no decryption of blocks.
//!
//! The state is kept as the 16 bytes of the block: s[r, c] is byte r + 4c (section 3.4).

use crate::bytes::{Bytes, concat, has_length, xor, zeros};

/// Bytes in a key.
pub const KEY_LENGTH: usize = 16;
/// Bytes in a block.
pub const BLOCK_LENGTH: usize = 16;
/// Nr, the number of rounds (section 5, table 3).
const ROUNDS: usize = 10;

/// Why AES refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AesError {
    /// The key has not [`KEY_LENGTH`] bytes.
    KeyLength,
    /// The block has not [`BLOCK_LENGTH`] bytes.
    BlockLength,
}

/// CIPHER() for one block (section 5.1, algorithm 1).
#[hax_lib::ensures(|result| match result {
    Ok(block) => block.len() == BLOCK_LENGTH,
    Err(_) => key.len() != KEY_LENGTH || block.len() != BLOCK_LENGTH,
})]
pub fn encrypt_block(key: &Bytes, block: &Bytes) -> Result<Bytes, AesError> {
    if !has_length(key, KEY_LENGTH) {
        return Err(AesError::KeyLength);
    }
    if !has_length(block, BLOCK_LENGTH) {
        return Err(AesError::BlockLength);
    }
    Ok(cipher(block, &key_expansion(key)))
}

/// Algorithm 1, CIPHER().
fn cipher(block: &Bytes, w: &Bytes) -> Bytes {
    // state <- ADDROUNDKEY(state, w[0..3])
    let mut state = add_round_key(block, w, 0);
    // for round from 1 to Nr - 1 do
    for round in 1..ROUNDS {
        // state <- SUBBYTES(state), state <- SHIFTROWS(state), state <- MIXCOLUMNS(state)
        state = mix_columns(&shift_rows(&sub_bytes(&state)));
        // state <- ADDROUNDKEY(state, w[4 * round..4 * round + 3])
        state = add_round_key(&state, w, round);
    }
    // the last round leaves MIXCOLUMNS out
    add_round_key(&shift_rows(&sub_bytes(&state)), w, ROUNDS)
}

/// Section 5.1.1: "a substitution table, called an S-box, is applied independently to each byte in the state".
fn sub_bytes(state: &Bytes) -> Bytes {
    let mut result = zeros(state.len());
    for i in 0..state.len() {
        result[i] = SBOX[state[i] as usize];
    }
    result
}

/// Section 5.1.2, equation (5.5): s'[r, c] = s[r, (c + r) mod 4].
fn shift_rows(state: &Bytes) -> Bytes {
    let mut result = zeros(BLOCK_LENGTH);
    for c in 0..4 {
        for r in 0..4 {
            result[r + 4 * c] = state[r + 4 * ((c + r) % 4)];
        }
    }
    result
}

/// Section 5.1.3, equation (5.8).
fn mix_columns(state: &Bytes) -> Bytes {
    let mut result = zeros(BLOCK_LENGTH);
    for c in 0..4 {
        for r in 0..4 {
            // row 0: s'[0, c] = ({02} . s[0, c]) XOR ({03} . s[1, c]) XOR s[2, c] XOR s[3, c]; the other rows are rotations of it
            let at = |i: usize| state[(r + i) % 4 + 4 * c];
            result[r + 4 * c] = gf_multiply(2, at(0)) ^ gf_multiply(3, at(1)) ^ at(2) ^ at(3);
        }
    }
    result
}

/// Section 5.1.4: "a round key is combined with the state by applying the bitwise XOR operation".
fn add_round_key(state: &Bytes, w: &Bytes, round: usize) -> Bytes {
    xor(state, &w.slice(BLOCK_LENGTH * round, BLOCK_LENGTH))
}

/// Section 5.2, algorithm 2, KEYEXPANSION(): the words w[0], ..., w[4 * Nr + 3], one after the other.
#[hax_lib::requires(key.len() == KEY_LENGTH)]
#[hax_lib::ensures(|w| w.len() == BLOCK_LENGTH * (ROUNDS + 1))]
fn key_expansion(key: &Bytes) -> Bytes {
    // w[i] <- key[4 * i..4 * i + 3]
    let mut w = key.clone();
    for i in 4..4 * (ROUNDS + 1) {
        // temp <- w[i - 1]
        let temp = word(&w, i - 1);
        // if i mod Nk = 0 then temp <- SUBWORD(ROTWORD(temp)) XOR Rcon[i / Nk]
        let added = if i % 4 == 0 { xor(&sub_bytes(&rot_word(&temp)), &round_constant(i / 4)) } else { temp };
        // w[i] <- w[i - Nk] XOR temp
        w = concat(&w, &xor(&word(&w, i - 4), &added));
    }
    w
}

/// The word w[i].
fn word(w: &Bytes, i: usize) -> Bytes {
    w.slice(4 * i, 4)
}

/// (5.10): ROTWORD([a0, a1, a2, a3]) = [a1, a2, a3, a0].
fn rot_word(temp: &Bytes) -> Bytes {
    concat(&temp.slice(1, 3), &temp.slice(0, 1))
}

/// Section 5.2, table 5: Rcon[j] = [x^(j-1), {00}, {00}, {00}].
fn round_constant(j: usize) -> Bytes {
    let mut power = 1u8;
    for _ in 1..j {
        power = x_times(power);
    }
    let mut constant = zeros(4);
    constant[0usize] = power;
    constant
}

/// Section 4.2, multiplication in GF(2^8): the sum of XTIMES, (4.5), applied to c as often as each bit of b says.
pub fn gf_multiply(b: u8, c: u8) -> u8 {
    let mut product = 0u8;
    let mut power = c;
    for i in 0..8 {
        if (b >> i) & 1 == 1 {
            product ^= power;
        }
        power = x_times(power);
    }
    product
}

/// (4.5): XTIMES(b) = {b6 b5 b4 b3 b2 b1 b0 0} if b7 = 0, the same XOR {00011011} if b7 = 1.
fn x_times(b: u8) -> u8 {
    if b & 0x80 == 0 { b << 1 } else { (b << 1) ^ 0x1b }
}

/// Whether table 4 gives for b what section 5.1.1 defines.
pub fn is_substitution(b: u8) -> bool {
    // (5.2): b~ = {00} if b = {00}, else b^-1, which (4.11) gives as b^254
    let mut inverse = 1u8;
    for _ in 0..254 {
        inverse = gf_multiply(inverse, b);
    }
    // (5.3): b'i = b~i XOR b~(i+4) mod 8 XOR b~(i+5) mod 8 XOR b~(i+6) mod 8 XOR b~(i+7) mod 8 XOR ci, c = {01100011}
    let affine = inverse
        ^ inverse.rotate_left(1)
        ^ inverse.rotate_left(2)
        ^ inverse.rotate_left(3)
        ^ inverse.rotate_left(4)
        ^ 0x63;
    SBOX[b as usize] == affine
}

/// Table 4.
const SBOX: [u8; 256] = [
    0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab, 0x76, 0xca, 0x82, 0xc9,
    0x7d, 0xfa, 0x59, 0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0, 0xb7, 0xfd, 0x93, 0x26, 0x36, 0x3f,
    0xf7, 0xcc, 0x34, 0xa5, 0xe5, 0xf1, 0x71, 0xd8, 0x31, 0x15, 0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07,
    0x12, 0x80, 0xe2, 0xeb, 0x27, 0xb2, 0x75, 0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0, 0x52, 0x3b, 0xd6, 0xb3,
    0x29, 0xe3, 0x2f, 0x84, 0x53, 0xd1, 0x00, 0xed, 0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb, 0xbe, 0x39, 0x4a, 0x4c, 0x58,
    0xcf, 0xd0, 0xef, 0xaa, 0xfb, 0x43, 0x4d, 0x33, 0x85, 0x45, 0xf9, 0x02, 0x7f, 0x50, 0x3c, 0x9f, 0xa8, 0x51, 0xa3,
    0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5, 0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2, 0xcd, 0x0c, 0x13, 0xec, 0x5f,
    0x97, 0x44, 0x17, 0xc4, 0xa7, 0x7e, 0x3d, 0x64, 0x5d, 0x19, 0x73, 0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a, 0x90, 0x88,
    0x46, 0xee, 0xb8, 0x14, 0xde, 0x5e, 0x0b, 0xdb, 0xe0, 0x32, 0x3a, 0x0a, 0x49, 0x06, 0x24, 0x5c, 0xc2, 0xd3, 0xac,
    0x62, 0x91, 0x95, 0xe4, 0x79, 0xe7, 0xc8, 0x37, 0x6d, 0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a,
    0xae, 0x08, 0xba, 0x78, 0x25, 0x2e, 0x1c, 0xa6, 0xb4, 0xc6, 0xe8, 0xdd, 0x74, 0x1f, 0x4b, 0xbd, 0x8b, 0x8a, 0x70,
    0x3e, 0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e, 0x61, 0x35, 0x57, 0xb9, 0x86, 0xc1, 0x1d, 0x9e, 0xe1, 0xf8, 0x98, 0x11,
    0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf, 0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42,
    0x68, 0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb, 0x16,
];
