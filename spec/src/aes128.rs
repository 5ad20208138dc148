//! AES-128, encryption of one block (FIPS 197).

use crate::bytes::{Bytes, bytes};

/// Bytes of a key and of a block.
pub const BLOCK: usize = 16;

// Section 5.1.1: the S-box is computed, not copied: the inverse in GF(2^8), then the affine transformation.
fn sub_byte(byte: u8) -> u8 {
    let b = inverse(byte);
    b ^ b.rotate_left(1) ^ b.rotate_left(2) ^ b.rotate_left(3) ^ b.rotate_left(4) ^ 0x63
}

/// Section 4.2.1: multiplication by x, modulo x^8 + x^4 + x^3 + x + 1.
fn xtime(byte: u8) -> u8 {
    (byte << 1) ^ (if byte & 0x80 == 0 { 0 } else { 0x1b })
}

fn multiply(a: u8, b: u8) -> u8 {
    let mut product = 0;
    let mut power = a;
    for i in 0..8 {
        if (b >> i) & 1 == 1 {
            product ^= power;
        }
        power = xtime(power);
    }
    product
}

/// a^254 = a^-1, and 0 for 0.
fn inverse(a: u8) -> u8 {
    let mut result = 1;
    let mut power = a;
    for _ in 0..7 {
        power = multiply(power, power);
        result = multiply(result, power);
    }
    result
}

/// The S-box as a table, since each block needs it 160 times.
fn s_box() -> [u8; 256] {
    let mut table = [0u8; 256];
    for i in 0..256 {
        table[i] = sub_byte(i as u8);
    }
    table
}

/// Round keys and S-box for one key.
#[derive(Clone)]
pub struct Schedule {
    words: [[u8; 4]; 44],
    s_box: [u8; 256],
}

/// Section 5.2, KeyExpansion with Nk = 4, Nr = 10.
#[hax_lib::requires(key.len() == BLOCK)]
pub fn key_expansion(key: &Bytes) -> Schedule {
    let s = s_box();
    let mut w = [[0u8; 4]; 44];
    for i in 0..4 {
        w[i] = [key[4 * i], key[4 * i + 1], key[4 * i + 2], key[4 * i + 3]];
    }
    let mut rcon = 1u8;
    for i in 4..44 {
        let [a, b, c, d] = w[i - 1];
        // "temp = SubWord(RotWord(temp)) xor Rcon[i/Nk]" at every Nk-th word.
        let temp = if i % 4 == 0 {
            [s[b as usize] ^ rcon, s[c as usize], s[d as usize], s[a as usize]]
        } else {
            [a, b, c, d]
        };
        if i % 4 == 0 {
            rcon = xtime(rcon);
        }
        for j in 0..4 {
            w[i][j] = w[i - 4][j] ^ temp[j];
        }
    }
    Schedule { words: w, s_box: s }
}

/// Section 5.1, Cipher: 16 bytes to 16 bytes. The state is kept column by column, as the input is.
#[hax_lib::requires(block.len() == BLOCK)]
#[hax_lib::ensures(|result| result.len() == BLOCK)]
pub fn encrypt(schedule: &Schedule, block: &Bytes) -> Bytes {
    let mut state = [0u8; BLOCK];
    for i in 0..BLOCK {
        state[i] = block[i];
    }
    state = add_round_key(schedule, state, 0);
    for round in 1..10 {
        state = add_round_key(schedule, mix_columns(shift_rows(sub_bytes(schedule, state))), round);
    }
    bytes(&add_round_key(schedule, shift_rows(sub_bytes(schedule, state)), 10))
}

fn add_round_key(schedule: &Schedule, state: [u8; BLOCK], round: usize) -> [u8; BLOCK] {
    let mut next = state;
    for i in 0..BLOCK {
        next[i] = state[i] ^ schedule.words[4 * round + i / 4][i % 4];
    }
    next
}

fn sub_bytes(schedule: &Schedule, state: [u8; BLOCK]) -> [u8; BLOCK] {
    let mut next = state;
    for i in 0..BLOCK {
        next[i] = schedule.s_box[state[i] as usize];
    }
    next
}

/// Section 5.1.2: row r is shifted cyclically by r bytes.
fn shift_rows(state: [u8; BLOCK]) -> [u8; BLOCK] {
    let mut next = state;
    for i in 0..BLOCK {
        let row = i % 4;
        let column = i / 4;
        next[i] = state[4 * ((column + row) % 4) + row];
    }
    next
}

/// Section 5.1.3: each column is multiplied by {03}x^3 + {01}x^2 + {01}x + {02}.
fn mix_columns(state: [u8; BLOCK]) -> [u8; BLOCK] {
    let mut next = state;
    for i in 0..BLOCK {
        let at = |row: usize| state[4 * (i / 4) + (i + row) % 4];
        next[i] = xtime(at(0)) ^ xtime(at(1)) ^ at(1) ^ at(2) ^ at(3);
    }
    next
}
