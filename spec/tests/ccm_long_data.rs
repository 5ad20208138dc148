//! NIST SP 800-38C, example 4: 65,536 bytes of associated data, whose length takes six octets to encode.

use dke_spec::bytes::{Bytes, bytes};
use dke_spec::ccm::{CcmError, CcmParameters, open, seal};

fn counted(from: u8, to: u8) -> Bytes {
    bytes(&(from..=to).collect::<Vec<u8>>())
}

#[test]
fn ccm_of_sp_800_38c_example_4() {
    let parameters = CcmParameters { tag_length: 14, nonce_length: 13 };
    let (key, nonce, payload) = (counted(0x40, 0x4f), counted(0x10, 0x1c), counted(0x20, 0x3f));
    let associated = bytes(&(0..=255).cycle().take(65_536).collect::<Vec<u8>>());
    let expected = "69915dad1e84c6376a68c2967e4dab615ae0fd1faec44cc484828529463ccf72b4ac6bec93e8598e7f0dadbcea5b";
    let ciphertext = bytes(&hex::decode(expected).expect("hexadecimal digits"));
    assert_eq!(seal(&parameters, &key, &nonce, &associated, &payload), Ok(ciphertext.clone()));
    assert_eq!(open(&parameters, &key, &nonce, &associated, &ciphertext), Ok(payload));
    let shorter = bytes(&associated.native_slice()[1..]);
    assert_eq!(open(&parameters, &key, &nonce, &shorter, &ciphertext), Err(CcmError::NotAuthentic));
}
