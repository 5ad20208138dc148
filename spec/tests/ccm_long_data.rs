//! Associated data whose length takes six octets to encode instead of two: NIST SP 800-38C, example 4 (65,536 bytes), and the same
//! with the longest data that two octets hold and with one byte more. Those two were computed with pyca/cryptography (OpenSSL),
//! which gives example 4 too.

use dke_spec::bytes::{Bytes, bytes};
use dke_spec::ccm::{CcmError, CcmParameters, open, seal};

fn counted(from: u8, to: u8) -> Bytes {
    bytes(&(from..=to).collect::<Vec<u8>>())
}

#[test]
fn long_associated_data() {
    let parameters = CcmParameters { tag_length: 14, nonce_length: 13 };
    let (key, nonce, payload) = (counted(0x40, 0x4f), counted(0x10, 0x1c), counted(0x20, 0x3f));
    let encrypted = "69915dad1e84c6376a68c2967e4dab615ae0fd1faec44cc484828529463ccf72";
    let tags = [
        (65_536, "b4ac6bec93e8598e7f0dadbcea5b"),
        (65_280, "107fb78c91dbb3c21cd810ce52a6"),
        (65_279, "bd4d3d3b7bf1365b4577abeccac4"),
    ];
    for (length, tag) in tags {
        let associated = bytes(&(0..=255).cycle().take(length).collect::<Vec<u8>>());
        let ciphertext = bytes(&hex::decode([encrypted, tag].concat()).expect("hexadecimal digits"));
        assert_eq!(seal(&parameters, &key, &nonce, &associated, &payload), Ok(ciphertext.clone()));
        assert_eq!(open(&parameters, &key, &nonce, &associated, &ciphertext), Ok(payload.clone()));
        let shorter = bytes(&associated.native_slice()[1..]);
        assert_eq!(open(&parameters, &key, &nonce, &shorter, &ciphertext), Err(CcmError::NotAuthentic));
    }
}
