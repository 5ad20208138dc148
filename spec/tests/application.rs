//! The standards of the application layer: GCM's own test cases (McGrew and Viega, The Galois/Counter Mode of Operation, appendix B), RFC 4648
//! and RFC 7515 for base64url, RFC 8613 appendix C as far as there is no ID Context; and what is rejected.

use dke_spec::application::{self, ObjectKeys, Opened, Reject, TO_CLIENT, TO_NODE, check_sequence, object_keys};
use dke_spec::base64url::{decode, encode};
use dke_spec::bytes::{Bytes, bytes, concat, empty, suffix, utf8};
use dke_spec::gcm::{GcmError, block, ghash, increment, multiply, open, seal};
use dke_spec::oscore::{self, Context};
use dke_spec::{cose, jose};

fn hex(digits: &str) -> Bytes {
    bytes(&hex::decode(digits).expect("hexadecimal digits"))
}

#[track_caller]
fn assert_bytes(found: &Bytes, expected: &str) {
    assert_eq!(hex::encode(found.native_slice()), expected);
}

const PLAINTEXT: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
const CIPHERTEXT: &str = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
                          21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985";

/// Test cases 1 to 4.
#[test]
fn gcm() {
    let (zeros, key, iv) =
        (hex(&"00".repeat(16)), hex("feffe9928665731c6d6a8f9467308308"), hex("cafebabefacedbaddecaf888"));
    let additional = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let (message, ciphertext) = (hex(PLAINTEXT), hex(CIPHERTEXT));
    let cases = [
        (&zeros, zeros.slice(0, 12), empty(), empty(), "58e2fccefa7e3061367f1d57a4e7455a".to_owned()),
        (
            &zeros,
            zeros.slice(0, 12),
            empty(),
            zeros.clone(),
            "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf".to_owned(),
        ),
        (&key, iv.clone(), empty(), message.clone(), format!("{CIPHERTEXT}4d5c2af327cd64a62cf35abd2ba6fab4")),
        (
            &key,
            iv,
            additional,
            message.slice(0, 60),
            hex::encode(ciphertext.slice(0, 60).native_slice()) + "5bc94fbc3221a5db94fae95ae7121a47",
        ),
    ];
    for (key, iv, additional, message, expected) in &cases {
        let sealed = seal(key, iv, additional, message).expect("sizes are right");
        assert_bytes(&sealed, expected);
        assert_eq!(open(key, iv, additional, &sealed), Ok(message.clone()));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x10;
            assert_eq!(open(key, iv, additional, &changed), Err(GcmError::NotAuthentic));
            assert_eq!(open(key, iv, &concat(additional, &zeros), &sealed), Err(GcmError::NotAuthentic));
        }
        for length in 0..16 {
            assert_eq!(open(key, iv, additional, &sealed.slice(0, length)), Err(GcmError::NotAuthentic));
        }
    }
    // Test case 2: H, and GHASH of the one block of ciphertext and the lengths.
    let h = block(&hex("66e94bd4ef8a2c3b884cfa59ca342b2e"));
    let x = hex("0388dace60b6a392f328c2b971b2fe7800000000000000000000000000000080");
    assert_eq!(ghash(h, &x), block(&hex("f38cbb1ad69223dcc3457ae5b6b0f885")));
    // u^0 is the one of the field; u^127 times u is R.
    assert_eq!(multiply(1 << 127, h), h);
    assert_eq!(multiply(1, 1 << 126), 0xe1 << 120);
    assert_eq!(increment(u128::MAX), u128::MAX << 32);
    assert_eq!(seal(&hex("00"), &zeros, &empty(), &empty()), Err(GcmError::KeyLength));
    assert_eq!(seal(&zeros, &zeros, &empty(), &empty()), Err(GcmError::NonceLength));
}

/// RFC 4648 section 10 without the padding, RFC 7515 appendix C.
#[test]
fn base64url() {
    for (octets, text) in [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!((encode(&utf8(octets)), decode(&utf8(text))), (utf8(text), Some(utf8(octets))));
    }
    assert_eq!(encode(&bytes(&[3, 236, 255, 224, 193])), utf8("A-z_4ME"));
    for wrong in ["A", "Zh", "Zm9", "Zg==", "Zm+v", "Zm/v", "Zm v", "AAAAA"] {
        assert_eq!(decode(&utf8(wrong)), None, "{wrong}");
    }
}

/// The context of C.1 or C.2, of the client or the server.
fn context(salt: &str, sender: &str, recipient: &str) -> Context {
    let (secret, salt) = (hex("0102030405060708090a0b0c0d0e0f10"), hex(salt));
    Context {
        sender_id: hex(sender),
        sender_key: oscore::key(&secret, &salt, &hex(sender)),
        recipient_id: hex(recipient),
        recipient_key: oscore::key(&secret, &salt, &hex(recipient)),
        common_iv: oscore::common_iv(&secret, &salt),
    }
}

#[test]
fn oscore_of_rfc_8613() {
    let (client, server) = (context("9e7ca92223786340", "", "01"), context("9e7ca92223786340", "01", ""));
    assert_bytes(&client.sender_key, "f0910ed7295e6ad4b54fc793154302ff");
    assert_bytes(&client.recipient_key, "ffb14e093c94c9cac9471648b4f98710");
    assert_bytes(&client.common_iv, "4622d4dd6d944168eefb54987c");
    assert_bytes(&oscore::nonce(&client.common_iv, &client.recipient_id, 0), "4722d4dd6d944169eefb54987c");
    let other = context("", "00", "01");
    assert_bytes(&other.sender_key, "321b26943253c7ffb6003b0b64d74041");
    assert_bytes(&other.recipient_key, "e57b5635815177cd679ab4bcec9d7dda");
    assert_bytes(&other.common_iv, "be35ae297d2dace910c52e99f9");
    // C.4, C.5 and C.7 without what stands outside for proxies.
    let request = hex("01b3747631");
    for (end, expected) in
        [(&client, "02920914ff612f1092f1776f1c1668b3825e"), (&other, "0293091400ff4ed339a5a379b0b8bc731fffb0")]
    {
        assert_bytes(&oscore::protect_request(end, 20, &request).expect("short"), expected);
    }
    assert_bytes(&oscore::aad(&client.sender_id, 20), "8368456e63727970743040488501810a40411440");
    let response = hex("45ff48656c6c6f20576f726c6421");
    let protected = oscore::protect_response(&server, 20, &response).expect("short");
    assert_bytes(&protected, "4490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106");
    assert_eq!(oscore::open_response(&client, 20, &protected), Ok(response));
    assert_eq!(oscore::open_response(&client, 21, &protected), Err(Reject::NotAuthentic));
}

fn keys(secret: u8, direction: u8) -> ObjectKeys {
    object_keys(&bytes(&[secret; 32]), direction).expect("in range")
}

type Open = fn(&ObjectKeys, &[u64], &Bytes) -> Result<Opened, Reject>;
type Seal = fn(&ObjectKeys, u64, &Bytes) -> Option<Bytes>;

const FORMATS: [(&str, Seal, Open); 4] = [
    ("Encrypt0", cose::encrypt0, cose::open_encrypt0),
    ("Mac0", cose::mac0, cose::open_mac0),
    ("JWE", |keys, n, content| jose::jwe(keys, n, None, content), |keys, seen, o| jose::open_jwe(keys, seen, None, o)),
    ("JWS", |keys, n, content| jose::jws(keys, n, None, content), |keys, seen, o| jose::open_jws(keys, seen, None, o)),
];

#[test]
fn objects_open_once_under_their_own_keys() {
    let content = utf8("23.5 degrees");
    for (name, seal, open) in FORMATS {
        for sequence in [0, 255, 256, (1 << 40) - 1] {
            let object = seal(&keys(1, TO_NODE), sequence, &content).expect("in range");
            assert_eq!(
                open(&keys(1, TO_NODE), &[], &object),
                Ok(Opened { content: content.clone(), sequence }),
                "{name}"
            );
            assert_eq!(open(&keys(1, TO_NODE), &[sequence], &object), Err(Reject::Replayed), "{name}");
            for other in [keys(1, TO_CLIENT), keys(2, TO_NODE)] {
                assert_eq!(open(&other, &[], &object), Err(Reject::UnknownKey), "{name}");
                let forged = ObjectKeys { kid: keys(1, TO_NODE).kid, ..other };
                assert_eq!(open(&forged, &[], &object), Err(Reject::NotAuthentic), "{name}");
            }
            for at in 0..object.len() {
                let mut changed = object.clone();
                changed[at] ^= 0x01;
                assert!(open(&keys(1, TO_NODE), &[], &changed).is_err(), "{name} at {at}");
                assert!(open(&keys(1, TO_NODE), &[], &object.slice(0, at)).is_err(), "{name}: {at}");
            }
            assert!(open(&keys(1, TO_NODE), &[], &concat(&object, &utf8("A"))).is_err(), "{name}");
        }
        assert_eq!(seal(&keys(1, TO_NODE), 1 << 40, &content), None, "{name}");
        for (other, _, open) in FORMATS.iter().filter(|format| format.0 != name) {
            let object = seal(&keys(1, TO_NODE), 1, &content).expect("in range");
            assert_eq!(open(&keys(1, TO_NODE), &[], &object), Err(Reject::Malformed), "{name} by {other}");
        }
    }
}

#[test]
fn exp() {
    let object = jose::jwe(&keys(1, TO_NODE), 7, Some(1_900_000_000), &utf8("x")).expect("in range");
    let header = decode(&object.slice(0, object.native_slice().iter().position(|o| *o == b'.').expect("a point")));
    let kid = String::from_utf8(encode(&keys(1, TO_NODE).kid).native_slice().to_vec()).expect("ASCII");
    let expected =
        format!(r#"{{"alg":"dir","enc":"A128GCM","kid":"{kid}","seq":7,"exp":1900000000,"crit":["seq","exp"]}}"#);
    assert_eq!(header, Some(utf8(&expected)));
    let open = |now| jose::open_jwe(&keys(1, TO_NODE), &[], now, &object).map(|opened| opened.sequence);
    assert_eq!((open(None), open(Some(1_899_999_999))), (Ok(7), Ok(7)));
    assert_eq!(open(Some(1_900_000_000)), Err(Reject::Expired));
}

/// As a header that is not in the form of a sender, under the right key.
#[test]
fn other_headers() {
    let own = keys(1, TO_NODE);
    let kid = String::from_utf8(encode(&own.kid).native_slice().to_vec()).expect("ASCII");
    for header in [
        r#"{"alg":"HS256","kid":"KID","crit":["seq"]}"#,
        r#"{"alg":"HS256","kid":"KID","seq":01,"crit":["seq"]}"#,
        r#"{"alg":"HS256","kid":"KID","seq":18446744073709551617,"crit":["seq"]}"#,
        r#"{"alg":"HS256","kid":"KID","seq":1,"exp":2,"crit":["seq"]}"#,
        r#"{"alg":"HS512","kid":"KID","seq":1,"crit":["seq"]}"#,
        r#"","seq":1,"kid":"{"alg":"HS256"}"#,
    ] {
        let protected = encode(&utf8(&header.replace("KID", &kid)));
        let input = concat(&concat(&protected, &utf8(".")), &encode(&utf8("x")));
        let tag = encode(&dke_spec::hmac::hmac_sha256(&own.jws_key, &input));
        let object = concat(&concat(&input, &utf8(".")), &tag);
        assert_eq!(jose::open_jws(&own, &[], None, &object), Err(Reject::Malformed), "{header}");
    }
}

#[test]
fn the_window() {
    assert_eq!(check_sequence(&[], 0), Ok(()));
    assert_eq!((check_sequence(&[100], 37), check_sequence(&[100], 36)), (Ok(()), Err(Reject::Replayed)));
    assert_eq!((check_sequence(&[7, 5], 6), check_sequence(&[7, 5], 5)), (Ok(()), Err(Reject::Replayed)));
    assert_eq!(check_sequence(&[], application::SEQUENCE_END), Err(Reject::Malformed));
}

#[test]
fn messages_open_once_at_the_other_end() {
    let ends = |secret: u8| {
        let keys = application::oscore(&bytes(&[secret; 32])).expect("in range");
        (oscore::client(&keys), oscore::node(&keys))
    };
    let ((client, node), (_, stranger)) = (ends(1), ends(2));
    let request = hex("01b3747631");
    let message = oscore::protect_request(&client, 300, &request).expect("short");
    assert_eq!(oscore::open_request(&node, &[], &message), Ok(Opened { content: request, sequence: 300 }));
    assert_eq!(oscore::open_request(&node, &[300], &message), Err(Reject::Replayed));
    assert_eq!(oscore::open_request(&client, &[], &message), Err(Reject::UnknownKey));
    assert_eq!(oscore::open_request(&stranger, &[], &message), Err(Reject::UnknownKey));
    for at in 0..message.len() {
        assert!(oscore::open_request(&node, &[], &message.slice(0, at)).is_err(), "{at}");
        let mut changed = message.clone();
        changed[at] ^= 0x01;
        // Of the code nothing is believed.
        assert_eq!(oscore::open_request(&node, &[], &changed).is_ok(), at == 0, "{at}");
    }
    // 0.02, an option of one byte, a marker, and less than a tag.
    let (head, short) = (message.slice(0, 10), suffix(&message, message.len() - 7));
    assert_eq!(oscore::open_request(&node, &[], &concat(&head, &short)), Err(Reject::Malformed));
}
