//! OSCORE: RFC 8613, as far as keys, nonces and ciphertexts go, with AES-CCM-16-64-128 and HKDF-SHA-256.

use crate::application::{enc_structure, sequence_bytes};
use crate::bytes::{Bytes, big_endian, concat_all, empty, single, xor, zeros};
use crate::cbor::{encode_array_head, encode_bstr, encode_int, encode_tstr, encode_uint};
use crate::ccm::{self, AES_CCM_16_64_128};
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
