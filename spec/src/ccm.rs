//! AES-128-CCM (RFC 3610), for any M (tag) and L (length field) that the RFC allows.

use crate::aes128::{BLOCK, Schedule, encrypt, key_expansion};
use crate::bytes::{Bytes, big_endian, bytes, part, xor};

/// Does a tag have such a length? Section 2: "Valid values are 4, 6, 8, 10, 12, 14, and 16".
pub fn is_tag_length(m: usize) -> bool {
    (4..=16).contains(&m) && m % 2 == 0
}

/// Does a nonce have such a length? 15-L bytes, L in 2..8.
pub fn is_nonce_length(n: usize) -> bool {
    (7..=13).contains(&n)
}

/// The ciphertext, as long as `message` and the tag of `m` bytes (section 2.4).
#[hax_lib::requires(key.len() == BLOCK && is_tag_length(m) && is_nonce_length(nonce.len()))]
#[hax_lib::ensures(|result| result.len() == message.len() + m)]
pub fn seal(key: &Bytes, nonce: &Bytes, aad: &Bytes, message: &Bytes, m: usize) -> Bytes {
    let schedule = key_expansion(key);
    // "U := T XOR first-M-bytes( S_0 )"
    let t = mac(&schedule, nonce, aad, message, m);
    let u = xor(&t, &key_stream(&schedule, nonce, 0).slice(0, m));
    counter(&schedule, nonce, message).concat(&u)
}

/// The message, or `None` if the tag is not right (section 2.5).
#[hax_lib::requires(key.len() == BLOCK && is_tag_length(m) && is_nonce_length(nonce.len()))]
#[hax_lib::ensures(|result| match result { Some(message) => message.len() + m == ciphertext.len(), None => true })]
pub fn open(key: &Bytes, nonce: &Bytes, aad: &Bytes, ciphertext: &Bytes, m: usize) -> Option<Bytes> {
    if ciphertext.len() < m {
        None
    } else {
        let length = ciphertext.len() - m;
        let message = counter(&key_expansion(key), nonce, &ciphertext.slice(0, length));
        let again = seal(key, nonce, aad, &message, m);
        if again == *ciphertext { Some(message) } else { None }
    }
}

/// Section 2.2: the CBC-MAC over B_0, the associated data and the message; the first M bytes.
fn mac(schedule: &Schedule, nonce: &Bytes, aad: &Bytes, message: &Bytes, m: usize) -> Bytes {
    let l = 15 - nonce.len();
    // "Flags = 64*Adata + 8*M' + L'", M' = (M-2)/2, L' = L-1.
    let adata = if aad.len() > 0 { 64 } else { 0 };
    let flags = (adata + 8 * ((m - 2) / 2) + (l - 1)) as u8;
    let b_0 = bytes(&[flags]).concat(nonce).concat(&big_endian(message.len() as u64, l));
    let input = b_0.concat(&zero_padded(&encoded_aad(aad))).concat(&zero_padded(message));
    // "X_1 := E( K, B_0 ); X_i+1 := E( K, X_i XOR B_i )"
    let mut x = Bytes::new(BLOCK);
    for i in 0..input.len() / BLOCK {
        x = encrypt(schedule, &xor(&x, &input.slice(i * BLOCK, BLOCK)));
    }
    x.slice(0, m)
}

/// Section 2.2: the length of a, then a: two bytes below 2^16 - 2^8, else 0xfffe and four bytes.
fn encoded_aad(aad: &Bytes) -> Bytes {
    if aad.len() == 0 {
        Bytes::new(0)
    } else if aad.len() < 0xff00 {
        big_endian(aad.len() as u64, 2).concat(aad)
    } else {
        bytes(&[0xff, 0xfe]).concat(&big_endian(aad.len() as u64, 4)).concat(aad)
    }
}

fn zero_padded(data: &Bytes) -> Bytes {
    data.concat(&Bytes::new((BLOCK - data.len() % BLOCK) % BLOCK))
}

/// Section 2.3: S_i = E( K, A_i ), A_i = flags (L-1), nonce, counter i.
fn key_stream(schedule: &Schedule, nonce: &Bytes, i: usize) -> Bytes {
    let l = 15 - nonce.len();
    encrypt(schedule, &bytes(&[(l - 1) as u8]).concat(nonce).concat(&big_endian(i as u64, l)))
}

/// Section 2.3: the data, exclusive or S_1, S_2, S_3 ...
fn counter(schedule: &Schedule, nonce: &Bytes, data: &Bytes) -> Bytes {
    let mut result = Bytes::new(0);
    for i in 0..data.len().div_ceil(BLOCK) {
        let length = if data.len() - i * BLOCK < BLOCK { data.len() - i * BLOCK } else { BLOCK };
        let block = part(data, i * BLOCK, length).unwrap_or(Bytes::new(length));
        result = result.concat(&xor(&block, &key_stream(schedule, nonce, i + 1).slice(0, length)));
    }
    result
}
