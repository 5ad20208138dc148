//! The worked example of admission keys (PROTOCOL.md section 18.3), and what a tag is over.
#![allow(clippy::unwrap_used, reason = "the arrays have the lengths that are asked for")]

use dke::{AdmissionKey, BatchKey};

fn counted<const N: usize>(from: u8) -> [u8; N] {
    (from..).take(N).collect::<Vec<u8>>().try_into().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_worked_example() {
    let key = AdmissionKey::from_bytes(counted(0)).batch_key(&counted(0x40), 7);
    let (i, j) = (counted(0x80), counted(0xc0));
    let tag = key.tag(&i, &j);
    assert_eq!(hex(key.expose()), "7ae6bb9b9ef07aaf3f63d0fe3098326ba6161af19fb359110ef8871ed969db32");
    assert_eq!(hex(&tag), "138b8d7a2d3b48c7cdb0c6eabc70440f");
    assert!(key.verify(&i, &j, &tag) && BatchKey::from_bytes(*key.expose()).verify(&i, &j, &tag));
}

#[test]
fn a_tag_is_for_one_key_node_epoch_challenge_and_nonce() {
    let key = |k: u8, node: u8, epoch| AdmissionKey::from_bytes([k; 16]).batch_key(&[node; 32], epoch);
    let right = key(1, 2, 3);
    let tag = right.tag(&[4; 16], &[5; 8]);
    assert!(right.verify(&[4; 16], &[5; 8], &tag));
    assert!(!right.verify(&[6; 16], &[5; 8], &tag) && !right.verify(&[4; 16], &[6; 8], &tag));
    for wrong in [key(0, 2, 3), key(1, 0, 3), key(1, 2, 4)] {
        assert!(!wrong.verify(&[4; 16], &[5; 8], &tag));
    }
}
