//! SHA-256: FIPS 180-4, Secure Hash Standard.

use crate::bytes::{Bytes, big_endian, bytes, concat_all, pad_with_zeros, zeros};
use hacspec_lib::Seq;

/// Bytes in a digest.
pub const DIGEST_LENGTH: usize = 32;
/// Bytes in a block of the message.
pub const BLOCK_LENGTH: usize = 64;

/// SHA-256 of the message (section 6.2).
#[hax_lib::requires(is_hashable(message))]
#[hax_lib::ensures(|digest| digest.len() == DIGEST_LENGTH)]
pub fn sha256(message: &Bytes) -> Bytes {
    let padded = pad(message);
    // 5.3.3: "the initial hash value, H(0), shall consist of the following eight 32-bit words"
    let mut hash = Seq::from_native_slice(&INITIAL_HASH_VALUE);
    // 6.2.2: "Each message block, M(1), M(2), ..., M(N), is processed in order"
    for i in 0..padded.num_exact_chunks(BLOCK_LENGTH) {
        hash = compress(&hash, &padded.get_exact_chunk(BLOCK_LENGTH, i));
    }
    // 6.2.2: "the resulting 256-bit message digest of the message, M, is" H0(N) || H1(N) || ... || H7(N)
    let mut digest = zeros(DIGEST_LENGTH);
    for i in 0..8 {
        digest = digest.set_exact_chunk(4, i, &big_endian(u64::from(hash[i]), 4));
    }
    digest
}

/// Whether the message has less than 2^64 bits (section 1, figure 1).
pub fn is_hashable(message: &Bytes) -> bool {
    (message.len() as u128) < 1 << 61
}

/// Section 5.1.1, padding the message.
fn pad(message: &Bytes) -> Bytes {
    // "Append the bit "1" to the end of the message, followed by k zero bits"
    let ended = concat_all(&[message.clone(), bytes(&[0x80]), zeros(8)]);
    let zero_count = pad_with_zeros(&ended, BLOCK_LENGTH).len() - ended.len();
    // "Then append the 64-bit block that is equal to the number l expressed using a binary representation"
    let bit_length = big_endian((message.len() as u64) << 3, 8);
    concat_all(&[message.clone(), bytes(&[0x80]), zeros(zero_count), bit_length])
}

/// Section 6.2.2, the intermediate hash value after one block.
fn compress(hash: &Seq<u32>, block: &Bytes) -> Seq<u32> {
    // "1. Prepare the message schedule, {Wt}"
    let w = message_schedule(block);
    // "2. Initialize the eight working variables, a, b, c, d, e, f, g, and h, with the (i-1)st hash value"
    let (mut a, mut b, mut c, mut d): (u32, u32, u32, u32) = (hash[0], hash[1], hash[2], hash[3]);
    let (mut e, mut f, mut g, mut h): (u32, u32, u32, u32) = (hash[4], hash[5], hash[6], hash[7]);
    // 3. For t=0 to 63
    for t in 0..64 {
        // T1 = h + Sigma1(e) + Ch(e, f, g) + Kt + Wt
        let t1 = h.wrapping_add(big_sigma_1(e)).wrapping_add(ch(e, f, g)).wrapping_add(K[t]).wrapping_add(w[t]);
        // T2 = Sigma0(a) + Maj(a, b, c)
        let t2 = big_sigma_0(a).wrapping_add(maj(a, b, c));
        h = g;
        g = f;
        f = e;
        // e = d + T1
        e = d.wrapping_add(t1);
        d = c;
        c = b;
        b = a;
        // a = T1 + T2
        a = t1.wrapping_add(t2);
    }
    // "4. Compute the ith intermediate hash value H(i)": H0 = a + H0, ..., H7 = h + H7
    let working = [a, b, c, d, e, f, g, h];
    let mut next = hash.clone();
    for i in 0..8 {
        next[i] = working[i].wrapping_add(hash[i]);
    }
    next
}

/// Section 6.2.2, step 1.
fn message_schedule(block: &Bytes) -> Seq<u32> {
    let mut w = Seq::<u32>::new(64);
    // Wt = Mt, 0 <= t <= 15
    for t in 0..16 {
        w[t] = u32::from_be_bytes([block[4 * t], block[4 * t + 1], block[4 * t + 2], block[4 * t + 3]]);
    }
    // Wt = sigma1(Wt-2) + Wt-7 + sigma0(Wt-15) + Wt-16, 16 <= t <= 63
    for t in 16..64 {
        w[t] = sigma_1(w[t - 2]).wrapping_add(w[t - 7]).wrapping_add(sigma_0(w[t - 15])).wrapping_add(w[t - 16]);
    }
    w
}

/// (4.2): Ch(x, y, z) = (x AND y) XOR (NOT x AND z).
fn ch(x: u32, y: u32, z: u32) -> u32 {
    (x & y) ^ (!x & z)
}

/// (4.3): Maj(x, y, z) = (x AND y) XOR (x AND z) XOR (y AND z).
fn maj(x: u32, y: u32, z: u32) -> u32 {
    (x & y) ^ (x & z) ^ (y & z)
}

/// (4.4): Sigma0(x) = ROTR^2(x) XOR ROTR^13(x) XOR ROTR^22(x).
fn big_sigma_0(x: u32) -> u32 {
    x.rotate_right(2) ^ x.rotate_right(13) ^ x.rotate_right(22)
}

/// (4.5): Sigma1(x) = ROTR^6(x) XOR ROTR^11(x) XOR ROTR^25(x).
fn big_sigma_1(x: u32) -> u32 {
    x.rotate_right(6) ^ x.rotate_right(11) ^ x.rotate_right(25)
}

/// (4.6): sigma0(x) = ROTR^7(x) XOR ROTR^18(x) XOR SHR^3(x).
fn sigma_0(x: u32) -> u32 {
    x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3)
}

/// (4.7): sigma1(x) = ROTR^17(x) XOR ROTR^19(x) XOR SHR^10(x).
fn sigma_1(x: u32) -> u32 {
    x.rotate_right(17) ^ x.rotate_right(19) ^ (x >> 10)
}

/// Section 5.3.3.
const INITIAL_HASH_VALUE: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// Section 4.2.2: "the first thirty-two bits of the fractional parts of the cube roots of the first sixty-four prime numbers".
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
