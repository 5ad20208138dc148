//! The worked example of admission keys (PROTOCOL.md section 18.3).

use dke_spec::bytes::{Bytes, bytes};
use dke_spec::key_schedule::{admission_key, admission_tag};

fn counted(from: u8, length: u8) -> Bytes {
    bytes(&(from..from + length).collect::<Vec<u8>>())
}

#[test]
fn the_worked_example() {
    let k_epoch = admission_key(&counted(0, 16), &counted(0x40, 32), 7);
    let tag = admission_tag(&k_epoch, &counted(0x80, 16), &counted(0xc0, 8));
    assert_eq!(hex::encode(k_epoch.native_slice()), "7ae6bb9b9ef07aaf3f63d0fe3098326ba6161af19fb359110ef8871ed969db32");
    assert_eq!(hex::encode(tag.native_slice()), "138b8d7a2d3b48c7cdb0c6eabc70440f");
}
