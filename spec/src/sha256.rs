//! SHA-256 (FIPS 180-4).

use crate::bytes::{Bytes, big_endian, bytes};

/// Bytes of a digest.
pub const HASH: usize = 32;
/// Bytes of a block.
pub const BLOCK: usize = 64;

// Section 4.2.2: "the first thirty-two bits of the fractional parts of the cube roots of the first sixty-four prime numbers".
const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
];

// Section 5.3.3: "the first thirty-two bits of the fractional parts of the square roots of the first eight prime numbers".
const H_0: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// The digest of `message`, 32 bytes.
#[hax_lib::ensures(|result| result.len() == HASH)]
pub fn sha256(message: &Bytes) -> Bytes {
    let padded = pad(message);
    let mut h = H_0;
    for i in 0..padded.len() / BLOCK {
        h = compress(h, &padded.slice(i * BLOCK, BLOCK));
    }
    let mut digest = Bytes::new(0);
    for word in h {
        digest = digest.concat(&bytes(&word.to_be_bytes()));
    }
    digest
}

/// Section 5.1.1: "Append the bit "1" to the end of the message, followed by k zero bits, where k is the smallest,
/// non-negative solution to l + 1 + k ≡ 448 mod 512. Then append the 64-bit block that is equal to the number l".
#[hax_lib::ensures(|result| result.len() % BLOCK == 0)]
pub fn pad(message: &Bytes) -> Bytes {
    let zeros = (BLOCK + 55 - message.len() % BLOCK) % BLOCK;
    message
        .concat(&bytes(&[0x80]))
        .concat(&Bytes::new(zeros))
        .concat(&big_endian(8 * message.len() as u64, 8))
}

/// Section 6.2.2, the computation on one message block of 64 bytes.
#[hax_lib::requires(block.len() == BLOCK)]
fn compress(h: [u32; 8], block: &Bytes) -> [u32; 8] {
    // 1. "Prepare the message schedule": W_t = M_t for t < 16, else s1(W_t-2) + W_t-7 + s0(W_t-15) + W_t-16.
    let mut w = [0u32; 64];
    for t in 0..16 {
        w[t] = u32::from_be_bytes([block[4 * t], block[4 * t + 1], block[4 * t + 2], block[4 * t + 3]]);
    }
    for t in 16..64 {
        let s0 = w[t - 15].rotate_right(7) ^ w[t - 15].rotate_right(18) ^ (w[t - 15] >> 3);
        let s1 = w[t - 2].rotate_right(17) ^ w[t - 2].rotate_right(19) ^ (w[t - 2] >> 10);
        w[t] = s1.wrapping_add(w[t - 7]).wrapping_add(s0).wrapping_add(w[t - 16]);
    }
    // 2. and 3. The working variables a ... h, and sixty-four rounds.
    let mut v = h;
    for t in 0..64 {
        let [a, b, c, d, e, f, g, hh] = v;
        let sum1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let ch = (e & f) ^ (!e & g);
        let t1 = hh.wrapping_add(sum1).wrapping_add(ch).wrapping_add(K[t]).wrapping_add(w[t]);
        let sum0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let maj = (a & b) ^ (a & c) ^ (b & c);
        v = [t1.wrapping_add(sum0.wrapping_add(maj)), a, b, c, d.wrapping_add(t1), e, f, g];
    }
    // 4. "Compute the i-th intermediate hash value".
    let mut next = h;
    for i in 0..8 {
        next[i] = h[i].wrapping_add(v[i]);
    }
    next
}
