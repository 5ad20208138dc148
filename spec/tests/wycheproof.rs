//! Project Wycheproof: every vector that applies to a primitive. The numbers of vectors are written down, so that none is skipped
//! unnoticed.

use dke_spec::bytes::{Bytes, big_endian, bytes, concat, concat_all, equal, prefix};
use dke_spec::ccm::{CcmError, CcmParameters, is_valid, open, seal};
use dke_spec::ecdsa::verify;
use dke_spec::gcm::{self, GcmError, NONCE_LENGTH};
use dke_spec::hkdf::{HkdfError, expand, extract};
use dke_spec::hmac::hmac_sha256;
use dke_spec::p256::{P256Error, Point, decompress, ecdh, encode_y, point, scalar};
use std::thread;
use wycheproof::TestResult::{self, Acceptable, Invalid, Valid};
use wycheproof::{aead, ecdh as ecdh_vectors, ecdsa as ecdsa_vectors, hkdf, mac};

/// How many vectors were executed, by what is expected of them, and how many of the rest were left out for a reason.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    valid: usize,
    invalid: usize,
    acceptable: usize,
    left_out: usize,
}

impl Count {
    fn add(&mut self, expected: TestResult, outcome: Outcome) {
        match (outcome, expected) {
            (Outcome::LeftOut, _) => self.left_out += 1,
            (_, Valid) => self.valid += 1,
            (_, Invalid) => self.invalid += 1,
            (_, Acceptable) => self.acceptable += 1,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Executed,
    LeftOut,
}

/// Runs all vectors in two threads and counts.
fn count<T: Sync>(vectors: &[T], expected: fn(&T) -> TestResult, run: fn(&T) -> Outcome) -> Count {
    let half = |start: usize| vectors.iter().skip(start).step_by(2).map(|v| (expected(v), run(v))).collect::<Vec<_>>();
    let outcomes = thread::scope(|scope| {
        let odd = scope.spawn(|| half(1));
        let mut outcomes = half(0);
        outcomes.extend(odd.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        outcomes
    });
    let mut count = Count::default();
    for (expected, outcome) in outcomes {
        count.add(expected, outcome);
    }
    count
}

struct Signature {
    q: Point,
    message: Bytes,
    /// r || s, if the encoding of the vector is one of two integers of at most 32 bytes.
    signature: Option<Bytes>,
    test: ecdsa_vectors::Test,
}

fn signatures(name: ecdsa_vectors::TestName, decode: fn(&[u8]) -> Option<Bytes>) -> Vec<Signature> {
    let set = ecdsa_vectors::TestSet::load(name).expect("a set of vectors");
    let mut signatures = Vec::new();
    for group in set.test_groups {
        let q = uncompressed(&group.key.key).expect("an uncompressed point").expect("a point of the curve");
        for test in group.tests {
            signatures.push(Signature { q, message: bytes(&test.msg), signature: decode(&test.sig), test });
        }
    }
    signatures
}

fn run_signature(vector: &Signature) -> Outcome {
    let accepted = vector.signature.as_ref().is_some_and(|signature| verify(&vector.q, &vector.message, signature));
    assert_eq!(accepted, vector.test.result == Valid, "{:?}", vector.test);
    Outcome::Executed
}

#[test]
fn ecdsa_p1363() {
    let vectors = signatures(ecdsa_vectors::TestName::EcdsaSecp256r1Sha256P1363, |signature| Some(bytes(signature)));
    let count = count(&vectors, |vector| vector.test.result, run_signature);
    assert_eq!(count, Count { valid: 173, invalid: 89, acceptable: 0, left_out: 0 });
}

#[test]
fn ecdsa_der() {
    let vectors = signatures(ecdsa_vectors::TestName::EcdsaSecp256r1Sha256, der_signature);
    let count = count(&vectors, |vector| vector.test.result, run_signature);
    assert_eq!(count, Count { valid: 174, invalid: 310, acceptable: 0, left_out: 0 });
}

/// Ecdsa-Sig-Value of RFC 3279 section 2.2.3 in DER, as r || s.
fn der_signature(encoded: &[u8]) -> Option<Bytes> {
    let (content, rest) = der_content(0x30, encoded)?;
    let (r, after_r) = der_content(0x02, content)?;
    let (s, after_s) = der_content(0x02, after_r)?;
    if rest.is_empty() && after_s.is_empty() { Some(concat(&der_unsigned(r)?, &der_unsigned(s)?)) } else { None }
}

/// The content of the first element, whose length must be given in one byte, and what follows.
fn der_content(tag: u8, encoded: &[u8]) -> Option<(&[u8], &[u8])> {
    let [first, length, rest @ ..] = encoded else { return None };
    if *first == tag && *length < 0x80 { rest.split_at_checked(usize::from(*length)) } else { None }
}

/// An integer that is not negative, in its shortest form, as 32 bytes.
fn der_unsigned(content: &[u8]) -> Option<Bytes> {
    match content {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
        [0, magnitude @ ..] | magnitude => padded(magnitude),
    }
}

/// Zeros in front, up to 32 bytes.
fn padded(magnitude: &[u8]) -> Option<Bytes> {
    Some(concat(&big_endian(0, 32usize.checked_sub(magnitude.len())?), &bytes(magnitude)))
}

struct Agreement {
    test: ecdh_vectors::Test,
    encoding: ecdh_vectors::EcdhEncoding,
}

fn agreements(name: ecdh_vectors::TestName) -> Vec<Agreement> {
    let set = ecdh_vectors::TestSet::load(name).expect("a set of vectors");
    let of_group = |group: ecdh_vectors::TestGroup| {
        let encoding = group.encoding;
        group.tests.into_iter().map(move |test| Agreement { test, encoding })
    };
    set.test_groups.into_iter().flat_map(of_group).collect()
}

/// AlgorithmIdentifier of RFC 5480 section 2.1: id-ecPublicKey with the named curve secp256r1.
const ALGORITHM: [u8; 21] = *b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// The point in a SubjectPublicKeyInfo in DER, if it is of that algorithm.
fn subject_public_key(encoded: &[u8]) -> Option<&[u8]> {
    let (content, rest) = der_content(0x30, encoded)?;
    let (bits, after) = der_content(0x03, content.strip_prefix(&ALGORITHM)?)?;
    if rest.is_empty() && after.is_empty() { bits.strip_prefix(&[0]) } else { None }
}

/// 04 || x || y.
fn uncompressed(encoded: &[u8]) -> Option<Result<Point, P256Error>> {
    match encoded {
        [4, coordinates @ ..] if coordinates.len() == 64 => {
            Some(point(&bytes(&coordinates[..32]), &bytes(&coordinates[32..])))
        }
        _ => None,
    }
}

/// 02 || x and 03 || x: the even and the odd y.
fn compressed(encoded: &[u8]) -> Option<Result<Point, P256Error>> {
    match encoded {
        [sign @ (2 | 3), x @ ..] if x.len() == 32 => Some(decompress(&bytes(x)).map(|even| {
            assert_eq!(encode_y(&even)[31usize] & 1, 0);
            Point { x: even.x, y: if *sign == 2 { even.y } else { even.y.neg() } }
        })),
        _ => None,
    }
}

/// Vectors whose public key has another form (explicit parameters, other curves, broken DER) ask nothing of P-256: none of them is
/// valid, and they are left out. Private keys are integers of any length.
fn run_agreement(vector: &Agreement) -> Outcome {
    let test = &vector.test;
    let encoded = match vector.encoding {
        ecdh_vectors::EcdhEncoding::Asn1 => subject_public_key(&test.public_key),
        ecdh_vectors::EcdhEncoding::EcPoint => Some(&test.public_key[..]),
    };
    let Some(public) = encoded.and_then(|encoded| uncompressed(encoded).or_else(|| compressed(encoded))) else {
        assert_ne!(test.result, Valid, "{test:?}");
        return Outcome::LeftOut;
    };
    let significant = test.private_key.iter().position(|octet| *octet != 0).unwrap_or(test.private_key.len());
    let private = scalar(&padded(&test.private_key[significant..]).expect("at most 32 bytes"));
    match (test.result, private, public) {
        (Valid | Acceptable, Ok(private), Ok(public)) => {
            assert_eq!(ecdh(private, &public), Ok(bytes(&test.shared_secret)), "{test:?}")
        }
        (Invalid | Acceptable, _, Err(P256Error::InvalidPoint)) => {}
        (_, private, public) => panic!("{test:?}: {} {}", private.is_ok(), public.is_ok()),
    }
    Outcome::Executed
}

#[test]
fn ecdh_subject_public_key() {
    let vectors = agreements(ecdh_vectors::TestName::EcdhSecp256r1);
    let count = count(&vectors, |vector| vector.test.result, run_agreement);
    assert_eq!(count, Count { valid: 330, invalid: 25, acceptable: 2, left_out: 255 });
}

#[test]
fn ecdh_point() {
    let vectors = agreements(ecdh_vectors::TestName::EcdhSecp256r1Ecpoint);
    let count = count(&vectors, |vector| vector.test.result, run_agreement);
    assert_eq!(count, Count { valid: 330, invalid: 23, acceptable: 1, left_out: 1 });
}

#[test]
fn hmac() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).expect("a set of vectors");
    let mut count = Count::default();
    for group in set.test_groups {
        for test in group.tests {
            let tag = prefix(&hmac_sha256(&bytes(&test.key), &bytes(&test.msg)), group.tag_size / 8);
            assert_eq!(equal(&tag, &bytes(&test.tag)), test.result == Valid, "{test:?}");
            count.add(test.result, Outcome::Executed);
        }
    }
    assert_eq!(count, Count { valid: 66, invalid: 108, acceptable: 0, left_out: 0 });
}

#[test]
fn hkdf_sha256() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).expect("a set of vectors");
    let mut count = Count::default();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let okm = expand(&extract(&bytes(&test.salt), &bytes(&test.ikm)), &bytes(&test.info), test.size);
        let expected = if test.result == Valid { Ok(bytes(&test.okm)) } else { Err(HkdfError::OutputTooLong) };
        assert_eq!(okm, expected, "{test:?}");
        count.add(test.result, Outcome::Executed);
    }
    assert_eq!(count, Count { valid: 83, invalid: 3, acceptable: 0, left_out: 0 });
}

/// Keys of 192 and 256 bits are left out. Sizes of nonces and tags that CCM does not allow are invalid vectors, and are refused.
#[test]
fn aes_ccm() {
    let set = aead::TestSet::load(aead::TestName::AesCcm).expect("a set of vectors");
    let mut count = Count::default();
    for group in set.test_groups {
        let parameters = CcmParameters { tag_length: group.tag_size / 8, nonce_length: group.nonce_size / 8 };
        for test in group.tests {
            let outcome = if group.key_size == 128 { Outcome::Executed } else { Outcome::LeftOut };
            if outcome == Outcome::Executed {
                run_aead(&parameters, &test);
            }
            count.add(test.result, outcome);
        }
    }
    assert_eq!(count, Count { valid: 135, invalid: 49, acceptable: 0, left_out: 368 });
}

fn run_aead(parameters: &CcmParameters, test: &aead::Test) {
    let (key, nonce) = (bytes(&test.key), bytes(&test.nonce));
    let (additional, message) = (bytes(&test.aad), bytes(&test.pt));
    let ciphertext = concat_all(&[bytes(&test.ct), bytes(&test.tag)]);
    let sealed = seal(parameters, &key, &nonce, &additional, &message);
    let opened = open(parameters, &key, &nonce, &additional, &ciphertext);
    if test.result == Valid {
        assert_eq!(sealed, Ok(ciphertext), "{test:?}");
        assert_eq!(opened, Ok(message), "{test:?}");
    } else if is_valid(parameters) {
        assert_eq!(opened, Err(CcmError::NotAuthentic), "{test:?}");
        assert_ne!(sealed, Ok(ciphertext), "{test:?}");
    } else {
        assert_eq!(opened, Err(CcmError::Parameters), "{test:?}");
        assert_eq!(sealed, Err(CcmError::Parameters), "{test:?}");
    }
}

/// Keys of 192 and 256 bits and nonces of other sizes are left out; there is one size of tags.
#[test]
fn aes_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).expect("a set of vectors");
    let mut count = Count::default();
    for group in set.test_groups {
        assert_eq!(group.tag_size, 128);
        for test in group.tests {
            let executed = group.key_size == 128 && test.nonce.len() == NONCE_LENGTH;
            if executed {
                run_gcm(&test);
            }
            count.add(test.result, if executed { Outcome::Executed } else { Outcome::LeftOut });
        }
    }
    assert_eq!(count, Count { valid: 40, invalid: 27, acceptable: 0, left_out: 249 });
}

fn run_gcm(test: &aead::Test) {
    let (key, iv, additional) = (bytes(&test.key), bytes(&test.nonce), bytes(&test.aad));
    let ciphertext = concat(&bytes(&test.ct), &bytes(&test.tag));
    let sealed = gcm::seal(&key, &iv, &additional, &bytes(&test.pt));
    let opened = gcm::open(&key, &iv, &additional, &ciphertext);
    if test.result == Valid {
        assert_eq!(sealed, Ok(ciphertext), "{test:?}");
        assert_eq!(opened, Ok(bytes(&test.pt)), "{test:?}");
    } else {
        assert_eq!(opened, Err(GcmError::NotAuthentic), "{test:?}");
    }
}
