//! The predicates and promises that the annotations `requires` and `ensures` are made of, on random and on borderline inputs, and
//! round trips. No property may discard an input.

use dke_spec::aes128::{BLOCK_LENGTH, KEY_LENGTH, gf_multiply, is_substitution};
use dke_spec::bytes::{self, Bytes, big_endian, concat, equal, from_big_endian, has_length, is_range};
use dke_spec::cbor::{self, CborError, Head, argument_length, encode_head, read_head, shortest_information};
use dke_spec::ccm::{CcmError, CcmParameters, is_input, is_message_length, is_valid, open, seal};
use dke_spec::ecdsa::{is_signature, sign, verify};
use dke_spec::hkdf::{expand, is_output_length};
use dke_spec::hmac::{hmac_sha256, is_authenticable};
use dke_spec::p256::{
    Scalar, add, base_point, decompress, ecdh, encode_x, encode_y, is_field_element, is_on_curve, is_scalar,
    is_x_coordinate, multiply, point, public_key, scalar,
};
use dke_spec::sha256::{is_hashable, sha256};
use dke_spec::utf8::is_utf8;
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

fn holds(tests: u64, property: impl Testable) {
    QuickCheck::new().tests(tests).max_tests(tests).min_tests_passed(tests).quickcheck(property);
}

fn sequence(octets: &[u8]) -> Bytes {
    bytes::bytes(octets)
}

const P: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const N: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// Bytes that may encode a scalar or a field element: random ones, and those around 0, n, p and 2^256, also with a byte too many or
/// too few.
#[derive(Clone, Debug)]
struct Encoded(Vec<u8>);

impl Arbitrary for Encoded {
    fn arbitrary(g: &mut Gen) -> Self {
        let anchor = g.choose(&["random", "zero", N, P]).copied().unwrap_or(N);
        let mut number = match anchor {
            "random" => (0..32).map(|_| u8::arbitrary(g)).collect(),
            "zero" => vec![0; 32],
            digits => hex::decode(digits).expect("hexadecimal digits"),
        };
        // up to two less or more, with carry
        let change = i32::from(*g.choose(&[-2i8, -1, 0, 1, 2]).unwrap_or(&0));
        let mut carry = change;
        for octet in number.iter_mut().rev() {
            carry += i32::from(*octet);
            *octet = carry.rem_euclid(256) as u8;
            carry = carry.div_euclid(256);
        }
        match u8::arbitrary(g) % 16 {
            0 => number.insert(0, 0),
            1 => drop(number.remove(0)),
            2 => number.push(0),
            _ => {}
        }
        Encoded(number)
    }
}

/// A scalar from 1 to n - 1.
#[derive(Clone, Copy, Debug)]
struct Secret(Scalar);

impl Arbitrary for Secret {
    fn arbitrary(g: &mut Gen) -> Self {
        let encoded: Vec<u8> = match u8::arbitrary(g) % 4 {
            0 => u64::arbitrary(g).max(1).to_be_bytes().to_vec(),
            _ => (0..32).map(|_| u8::arbitrary(g)).collect(),
        };
        let padded = concat(&bytes::zeros(32 - encoded.len()), &sequence(&encoded));
        // Out of 2^32 random numbers one is not below n.
        Secret(scalar(&padded).unwrap_or_else(|_| scalar(&big_endian(1, 32)).expect("1 is a scalar")))
    }
}

fn below(number: &[u8], bound: &str) -> bool {
    number.len() == 32 && number < hex::decode(bound).expect("hexadecimal digits").as_slice()
}

#[test]
fn scalars_and_field_elements_are_below_n_and_p() {
    fn property(Encoded(number): Encoded) -> bool {
        let encoded = sequence(&number);
        let is_zero = number.iter().all(|octet| *octet == 0);
        let round_trip = scalar(&encoded).map(|s| sequence(&s.to_be_bytes()));
        is_scalar(&encoded) == (below(&number, N) && !is_zero)
            && is_field_element(&encoded) == below(&number, P)
            && round_trip.is_ok() == is_scalar(&encoded)
            && round_trip.is_ok_and(|again| again == encoded) == is_scalar(&encoded)
    }
    holds(2000, property as fn(Encoded) -> bool);
}

#[test]
fn points_are_what_decompression_accepts() {
    fn property(Encoded(number): Encoded) -> bool {
        let x = sequence(&number);
        match decompress(&x) {
            Ok(p) => {
                let odd = p.y.neg();
                is_x_coordinate(&x)
                    && is_on_curve(p.x, p.y)
                    && is_on_curve(p.x, odd)
                    && encode_y(&p)[31usize].is_multiple_of(2)
                    && point(&x, &encode_y(&p)) == Ok(p)
                    && encode_x(&p) == x
            }
            Err(_) => !is_x_coordinate(&x) && point(&x, &big_endian(1, 32)).is_err(),
        }
    }
    holds(100, property as fn(Encoded) -> bool);
}

#[test]
fn decompression_gives_multiples_of_the_base_point_back() {
    fn property(Secret(k): Secret) -> bool {
        let p = public_key(k).expect("not the point at infinity");
        let again = decompress(&encode_x(&p)).expect("a point of the curve");
        let is_even = encode_y(&p)[31usize].is_multiple_of(2);
        is_on_curve(p.x, p.y) && again.x == p.x && again.y == if is_even { p.y } else { p.y.neg() }
    }
    holds(40, property as fn(Secret) -> bool);
}

#[test]
fn multiplication_is_additive_and_key_agreement_commutes() {
    fn property(Secret(a): Secret, Secret(b): Secret) -> bool {
        let g = base_point();
        let (p, q) = (multiply(a, &g), multiply(b, &g));
        let (Some(a_g), Some(b_g)) = (p, q) else { return false };
        add(&p, &q) == multiply(a + b, &g) && ecdh(a, &b_g) == ecdh(b, &a_g) && add(&p, &p) == multiply(a + a, &g)
    }
    holds(15, property as fn(Secret, Secret) -> bool);
}

#[test]
fn signatures_verify_and_changed_ones_do_not() {
    fn property(Secret(d): Secret, message: Vec<u8>, at: usize, bit: u8) -> bool {
        let message = sequence(&message);
        let q = public_key(d).expect("not the point at infinity");
        let signature = sign(d, &message).expect("a signature");
        let mut changed = signature.clone();
        changed[at % 64] ^= 1 << (bit % 8);
        is_signature(&signature)
            && verify(&q, &message, &signature)
            && !verify(&q, &message, &changed)
            && !verify(&q, &concat(&message, &bytes::single(bit)), &signature)
            && !is_signature(&concat(&signature, &bytes::empty().concat(&bytes::single(bit))))
    }
    holds(15, property as fn(Secret, Vec<u8>, usize, u8) -> bool);
}

#[test]
fn signatures_are_two_scalars() {
    fn property(Encoded(r): Encoded, Encoded(s): Encoded) -> bool {
        let both = concat(&sequence(&r), &sequence(&s));
        let is_good = |number: &[u8]| below(number, N) && number.iter().any(|octet| *octet != 0);
        // Of two lengths that add up to 64 other parts would count.
        r.len() != 32 || is_signature(&both) == (is_good(&r) && is_good(&s))
    }
    holds(1000, property as fn(Encoded, Encoded) -> bool);
}

#[test]
fn heads_are_the_shortest_and_come_back() {
    fn property(major: u8, argument: u64, bits: u32, before: Vec<u8>, after: Vec<u8>) -> bool {
        let (major, argument) = (major % 7, argument >> (bits % 64));
        let information = shortest_information(argument);
        let head = encode_head(major, argument);
        let longer = |wider: u8| {
            let initial = bytes::single((major << 5) | wider);
            read_head(&concat(&initial, &big_endian(argument, argument_length(wider))), 0)
        };
        let shortest = match argument_length(information) {
            0 => argument < 24 && u64::from(information) == argument,
            1 => (24..=0xff).contains(&argument),
            2 => (0x100..=0xffff).contains(&argument),
            4 => (0x1_0000..=0xffff_ffff).contains(&argument),
            _ => argument > 0xffff_ffff && information == 27,
        };
        let all = bytes::concat_all(&[sequence(&before), head.clone(), sequence(&after)]);
        let end = before.len() + head.len();
        let cut = head.slice(0, head.len() - 1);
        shortest
            && has_length(&head, 1 + argument_length(information))
            && read_head(&all, before.len()) == Ok((Head { major, argument }, end))
            && (information.max(23) + 1..=27).all(|wider| longer(wider) == Err(CborError::NotDeterministic))
            && read_head(&cut, 0) == Err(CborError::Malformed)
    }
    holds(2000, property as fn(u8, u64, u32, Vec<u8>, Vec<u8>) -> bool);
}

#[test]
fn heads_of_random_bytes_are_those_that_would_be_written() {
    fn property(input: Vec<u8>, position: usize) -> bool {
        let input = sequence(&input);
        let position = position % (input.len() + 2);
        match read_head(&input, position) {
            Ok((head, next)) => {
                let written = encode_head(head.major, head.argument);
                head.major < 8 && next <= input.len() && input.slice(position, next - position) == written
            }
            Err(error) => error != CborError::TrailingBytes,
        }
    }
    holds(5000, property as fn(Vec<u8>, usize) -> bool);
}

#[test]
fn items_come_back() {
    fn property(n: i64, bits: u32, content: Vec<u8>, text: String, flag: bool) -> bool {
        let n = n >> (bits % 64);
        let items = [
            cbor::encode_int(n),
            cbor::encode_bstr(&sequence(&content)),
            cbor::encode_tstr(&text),
            cbor::encode_bool(flag),
        ];
        let input = cbor::encode_array(&items);
        let read = || {
            let next = cbor::read_array_of(&input, 0, 4)?;
            let (again, next) = cbor::read_int(&input, next)?;
            let (bstr, next) = cbor::read_bstr(&input, next)?;
            let (tstr, next) = cbor::read_tstr(&input, next)?;
            let (boolean, next) = cbor::read_bool(&input, next)?;
            cbor::read_end(&input, next)?;
            Ok::<bool, CborError>(
                again == n && bstr == sequence(&content) && tstr == bytes::utf8(&text) && boolean == flag,
            )
        };
        read() == Ok(true)
    }
    holds(1000, property as fn(i64, u32, Vec<u8>, String, bool) -> bool);
}

#[test]
fn utf8_is_what_the_standard_library_takes_for_it() {
    // Few bytes, those at the ends of the ranges of the grammar, so that both answers come up.
    const BORDERS: [u8; 24] = [
        0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
        0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    fn property(choices: Vec<usize>, text: String) -> bool {
        let octets: Vec<u8> = choices.iter().take(4).map(|choice| BORDERS[choice % BORDERS.len()]).collect();
        let joined = [octets.as_slice(), text.as_bytes()].concat();
        is_utf8(&bytes::utf8(&text))
            && is_utf8(&sequence(&octets)) == std::str::from_utf8(&octets).is_ok()
            && is_utf8(&sequence(&joined)) == std::str::from_utf8(&joined).is_ok()
    }
    holds(20_000, property as fn(Vec<usize>, String) -> bool);
    for first in BORDERS {
        for second in BORDERS {
            for third in BORDERS {
                for length in 0..=3 {
                    let octets = &[first, second, third][..length];
                    assert_eq!(is_utf8(&sequence(octets)), std::str::from_utf8(octets).is_ok(), "{octets:x?}");
                }
            }
        }
    }
}

#[test]
fn ccm_opens_what_it_seals_and_nothing_else() {
    fn property(key: Vec<u8>, sizes: (u8, u8), a: Vec<u8>, m: Vec<u8>, at: usize, bit: u8) -> bool {
        let parameters =
            CcmParameters { tag_length: 4 + 2 * usize::from(sizes.0 % 7), nonce_length: 7 + usize::from(sizes.1 % 7) };
        let key = sha256(&sequence(&key)).slice(0, KEY_LENGTH);
        let nonce = sha256(&key).slice(0, parameters.nonce_length);
        let (a, m) = (sequence(&a), sequence(&m));
        let sealed = seal(&parameters, &key, &nonce, &a, &m).expect("possible sizes");
        let mut changed = sealed.clone();
        changed[at % sealed.len()] ^= 1 << (bit % 8);
        let longer = concat(&a, &bytes::single(0));
        is_input(&parameters, &key, &nonce, m.len())
            && has_length(&sealed, m.len() + parameters.tag_length)
            && open(&parameters, &key, &nonce, &a, &sealed) == Ok(m)
            && open(&parameters, &key, &nonce, &a, &changed) == Err(CcmError::NotAuthentic)
            && open(&parameters, &key, &nonce, &longer, &sealed) == Err(CcmError::NotAuthentic)
    }
    holds(500, property as fn(Vec<u8>, (u8, u8), Vec<u8>, Vec<u8>, usize, u8) -> bool);
}

#[test]
fn sizes_of_ccm() {
    for tag_length in 0..40 {
        for nonce_length in 0..40 {
            let parameters = CcmParameters { tag_length, nonce_length };
            let valid = [4, 6, 8, 10, 12, 14, 16].contains(&tag_length) && (7..=13).contains(&nonce_length);
            assert_eq!(is_valid(&parameters), valid, "{parameters:?}");
            let (key, nonce) = (bytes::zeros(KEY_LENGTH), bytes::zeros(nonce_length));
            assert_eq!(seal(&parameters, &key, &nonce, &key, &key).is_ok(), valid, "{parameters:?}");
            assert_eq!(is_input(&parameters, &key, &nonce, BLOCK_LENGTH), valid, "{parameters:?}");
        }
    }
    for (nonce_length, bits) in [(13, 16), (12, 24), (11, 32), (10, 40), (9, 48), (8, 56)] {
        let parameters = CcmParameters { tag_length: 8, nonce_length };
        assert!(is_message_length(&parameters, (1usize << bits) - 1));
        assert!(!is_message_length(&parameters, 1usize << bits));
    }
    assert!(is_message_length(&CcmParameters { tag_length: 8, nonce_length: 7 }, usize::MAX));
}

#[test]
fn hashes_have_their_length_whatever_the_message() {
    fn property(key: Vec<u8>, message: Vec<u8>) -> bool {
        let (key, message) = (sequence(&key), sequence(&message));
        is_hashable(&message)
            && is_authenticable(&message)
            && has_length(&sha256(&message), 32)
            && has_length(&hmac_sha256(&key, &message), 32)
            // HMAC pads a short key with zeros, and hashes a long one.
            && (key.len() >= 64 || hmac_sha256(&concat(&key, &bytes::single(0)), &message) == hmac_sha256(&key, &message))
            && (key.len() <= 64 || hmac_sha256(&sha256(&key), &message) == hmac_sha256(&key, &message))
    }
    holds(500, property as fn(Vec<u8>, Vec<u8>) -> bool);
}

#[test]
fn hkdf_gives_what_it_can_and_prefixes_agree() {
    fn property(prk: Vec<u8>, info: Vec<u8>, length: usize, shorter: usize) -> bool {
        // one time in two close to the limit
        let length = if length.is_multiple_of(2) { 8140 + length % 41 } else { length % 9000 };
        let (prk, info) = (sequence(&prk), sequence(&info));
        match expand(&prk, &info, length) {
            Ok(okm) => {
                let prefix = expand(&prk, &info, shorter % (length + 1)).expect("shorter still");
                length <= 255 * 32 && has_length(&okm, length) && prefix == okm.slice(0, prefix.len())
            }
            Err(_) => length > 255 * 32 && !is_output_length(length),
        }
    }
    holds(60, property as fn(Vec<u8>, Vec<u8>, usize, usize) -> bool);
}

#[test]
fn aes_is_built_on_its_field() {
    assert!((0..=u8::MAX).all(is_substitution));
    fn property(a: u8, b: u8, c: u8) -> bool {
        gf_multiply(a, b) == gf_multiply(b, a)
            && gf_multiply(a, b ^ c) == gf_multiply(a, b) ^ gf_multiply(a, c)
            && gf_multiply(1, c) == c
            && gf_multiply(a, gf_multiply(b, c)) == gf_multiply(gf_multiply(a, b), c)
    }
    holds(2000, property as fn(u8, u8, u8) -> bool);
}

#[test]
fn byte_sequences_are_slices_without_panics() {
    fn property(a: Vec<u8>, b: Vec<u8>, start: usize, length: usize, block: u8) -> bool {
        // half of the time something that can be in range
        let (start, length) = if block.is_multiple_of(2) { (start % 64, length % 64) } else { (start, length) };
        let block = 1 + usize::from(block);
        let (x, y) = (sequence(&a), sequence(&b));
        let expected = start.checked_add(length).and_then(|end| a.get(start..end)).map(sequence);
        let padded = bytes::pad_with_zeros(&x, block);
        is_range(&x, start, length) == expected.is_some()
            && bytes::slice(&x, start, length) == expected
            && bytes::byte_at(&x, start) == a.get(start).copied()
            && bytes::prefix(&x, length) == sequence(&a[..length.min(a.len())])
            && bytes::suffix(&x, start) == sequence(&a[start.min(a.len())..])
            && concat(&x, &y) == sequence(&[a.clone(), b.clone()].concat())
            && bytes::xor(&x, &y) == sequence(&a.iter().zip(&b).map(|(l, r)| l ^ r).collect::<Vec<u8>>())
            && equal(&x, &y) == (a == b)
            && padded.len().is_multiple_of(block)
            && padded.len() - x.len() < block
            && padded.slice(0, x.len()) == x
            && bytes::suffix(&padded, x.len()) == bytes::zeros(padded.len() - x.len())
    }
    holds(2000, property as fn(Vec<u8>, Vec<u8>, usize, usize, u8) -> bool);
}

#[test]
fn big_endian_numbers_come_back() {
    fn property(value: u64, length: u8) -> bool {
        let length = usize::from(length % 12);
        let encoded = big_endian(value, length);
        let kept = if length >= 8 { value } else { value & ((1 << (8 * length)) - 1) };
        has_length(&encoded, length) && from_big_endian(&encoded) == kept
    }
    holds(1000, property as fn(u64, u8) -> bool);
}
