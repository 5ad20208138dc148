//! AES-CCM-16-64-128 (RFC 9053 section 4.2): the AEAD of OSCORE and of COSE_Encrypt0.

use crate::error::{Misuse, Reject};
use crate::window::SEQUENCE_END;
use aes::Aes128;
use ccm::Ccm;
use ccm::aead::{Aead as _, KeyInit as _, Payload};
use ccm::consts::{U8, U13};
use zeroize::Zeroizing;

type AesCcm16_64_128 = Ccm<Aes128, U8, U13>;

/// Bytes of a key.
pub(crate) const KEY: usize = 16;
/// Bytes of a nonce.
pub(crate) const NONCE: usize = 13;
/// Bytes of a tag.
const TAG: usize = 8;
/// Bytes of the longest plaintext: L = 2 (RFC 3610).
const PLAINTEXT_MAX: usize = 65535;

/// Ciphertext and tag. `TooLong` if the plaintext has more than 65,535 bytes.
pub(crate) fn seal(key: &[u8; KEY], nonce: &[u8; NONCE], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, Misuse> {
    if plain.len() > PLAINTEXT_MAX {
        return Err(Misuse::TooLong);
    }
    let cipher = AesCcm16_64_128::new(key.into());
    cipher.encrypt(nonce.into(), Payload { msg: plain, aad }).map_err(|_| Misuse::TooLong)
}

/// The plaintext, or `NotAuthentic`. The comparison of tags takes constant time (`ccm`, by `subtle`).
pub(crate) fn open(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Reject> {
    if ciphertext.len() < TAG {
        return Err(Reject::Malformed);
    }
    let cipher = AesCcm16_64_128::new(key.into());
    let opened = cipher.decrypt(nonce.into(), Payload { msg: ciphertext, aad });
    opened.map(Zeroizing::new).map_err(|_| Reject::NotAuthentic)
}

/// Big-endian in the fewest bytes, at least one (RFC 8613 section 5: 0 is 0x00).
pub(crate) fn partial_iv(sequence: u64) -> Vec<u8> {
    let bytes = sequence.to_be_bytes();
    let zeros = bytes.iter().take(7).take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default().to_vec()
}

/// The reverse. `Malformed` if it has more than five bytes, none, or is not the shortest form.
pub(crate) fn sequence(partial_iv: &[u8]) -> Result<u64, Reject> {
    if partial_iv.len() > 5 {
        return Err(Reject::Malformed);
    }
    let number = partial_iv.iter().fold(0, |number: u64, byte| (number << 8) | u64::from(*byte));
    if number >= SEQUENCE_END || self::partial_iv(number) != partial_iv {
        return Err(Reject::Malformed);
    }
    Ok(number)
}

/// `iv` xor the number in its last bytes (RFC 9052 section 3.1).
pub(crate) fn xor_sequence(iv: &[u8; NONCE], sequence: u64) -> [u8; NONCE] {
    let mut nonce = *iv;
    for (to, from) in nonce.iter_mut().rev().zip(sequence.to_be_bytes().iter().rev()) {
        *to ^= from;
    }
    nonce
}
