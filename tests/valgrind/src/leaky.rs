//! Functions that leak, to see that the check can fail.

use crate::log::Log;
use crate::requests::secret;

/// One with a branch and one with an address that depend on a secret.
pub fn check(log: &mut Log) {
    let mut key = [7; 16];
    secret(&mut key);
    log.check_leak("comparison that ends at the first difference", || equal(&key, &[7; 16]));
    log.check_leak("look-up at a secret index", || look_up(&key));
}

#[inline(never)]
fn equal(a: &[u8], b: &[u8]) -> bool {
    for (a, b) in a.iter().zip(b) {
        if a != b {
            return false;
        }
    }
    true
}

#[inline(never)]
fn look_up(key: &[u8; 16]) -> u8 {
    static TABLE: [u8; 256] = [9; 256];
    std::hint::black_box(&TABLE)[usize::from(key[0])]
}
