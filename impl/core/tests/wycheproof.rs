//! Project Wycheproof against each backend: ECDSA with r ‖ s, ECDH with points. The numbers of vectors are written down, so that none is
//! skipped unnoticed.

use dke::RustCrypto;
use dke::crypto::{Coordinates, Crypto, Scalar};
use wycheproof::TestResult::Valid;
use wycheproof::{ecdh, ecdsa};

#[test]
fn rustcrypto() {
    signatures::<RustCrypto>();
    agreements::<RustCrypto>();
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn aws_lc() {
    signatures::<dke::crypto::AwsLc>();
    agreements::<dke::crypto::AwsLc>();
}

fn signatures<C: Crypto>() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in set.test_groups {
        let key = uncompressed(&group.key.key).unwrap();
        for test in group.tests {
            let digest = C::sha256(&test.msg);
            let verifies = test.sig.as_slice().try_into().is_ok_and(|signature| C::verify(&key, &digest, signature));
            assert_eq!(verifies, test.result == Valid, "{test:?}");
            if verifies { valid += 1 } else { invalid += 1 }
        }
    }
    assert_eq!((valid, invalid), (173, 89));
}

/// Compressed points are left out: no message has one.
fn agreements<C: Crypto>() {
    let set = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap();
    let (mut valid, mut invalid, mut left_out) = (0, 0, 0);
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        match uncompressed(&test.public_key) {
            None if test.public_key.len() == 33 => left_out += 1,
            public => {
                let shared = public
                    .and_then(|public| C::point(&public))
                    .map(|point| C::agree(&private(&test.private_key), &point));
                match shared {
                    Some(shared) if test.result == Valid => {
                        assert_eq!(shared.expose()[..], test.shared_secret[..], "{test:?}")
                    }
                    shared => assert!(shared.is_none(), "{test:?}"),
                }
                if test.result == Valid { valid += 1 } else { invalid += 1 }
            }
        }
    }
    assert_eq!((valid, invalid, left_out), (330, 17, 8));
}

fn uncompressed(encoded: &[u8]) -> Option<Coordinates> {
    match encoded {
        [4, coordinates @ ..] if coordinates.len() == 64 => {
            let (x, y) = coordinates.split_at(32);
            Some(Coordinates { x: x.try_into().unwrap(), y: y.try_into().unwrap() })
        }
        _ => None,
    }
}

/// Some have zeros in front, some lack them.
fn private(bytes: &[u8]) -> Scalar {
    let mut padded = [0; 32];
    for (to, from) in padded.iter_mut().rev().zip(bytes.iter().rev()) {
        *to = *from;
    }
    Scalar::from_bytes(&padded).unwrap()
}
