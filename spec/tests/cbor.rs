//! CBOR: the examples of RFC 8949 appendix A that lie in the subset of the specification, those that do not, and the order in
//! which a reader finds what is wrong.

use dke_spec::bytes::{Bytes, bytes, utf8};
use dke_spec::cbor::{self, CborError, encode_array, encode_bool, encode_bstr, encode_int, encode_nint, encode_uint};
use dke_spec::cbor::{encode_map_head, encode_tstr};

fn hex(digits: &str) -> Bytes {
    bytes(&hex::decode(digits.replace(' ', "")).expect("hexadecimal digits"))
}

#[track_caller]
fn assert_bytes(found: &Bytes, expected: &str) {
    assert_eq!(hex::encode(found.native_slice()), expected);
}

#[test]
fn unsigned_integers() {
    let examples = [
        (0, "00"),
        (1, "01"),
        (10, "0a"),
        (23, "17"),
        (24, "1818"),
        (25, "1819"),
        (100, "1864"),
        (1000, "1903e8"),
        (1_000_000, "1a000f4240"),
        (1_000_000_000_000, "1b000000e8d4a51000"),
        (u64::MAX, "1bffffffffffffffff"),
    ];
    for (value, encoded) in examples {
        assert_bytes(&encode_uint(value), encoded);
        assert_eq!(cbor::read_uint(&hex(encoded), 0), Ok((value, encoded.len() / 2)));
        match i64::try_from(value) {
            Ok(value) => {
                assert_bytes(&encode_int(value), encoded);
                assert_eq!(cbor::read_int(&hex(encoded), 0), Ok((value, encoded.len() / 2)));
            }
            Err(_) => assert_eq!(cbor::read_int(&hex(encoded), 0), Err(CborError::Malformed)),
        }
    }
}

#[test]
fn negative_integers() {
    let examples = [
        (-1, "20"),
        (-10, "29"),
        (-100, "3863"),
        (-1000, "3903e7"),
        (-18_446_744_073_709_551_616, "3bffffffffffffffff"),
    ];
    for (value, encoded) in examples {
        let n = u64::try_from(-1i128 - value).expect("64 bits");
        assert_bytes(&encode_nint(n), encoded);
        assert_eq!(cbor::read_nint(&hex(encoded), 0), Ok((n, encoded.len() / 2)));
        match i64::try_from(value) {
            Ok(value) => {
                assert_bytes(&encode_int(value), encoded);
                assert_eq!(cbor::read_int(&hex(encoded), 0), Ok((value, encoded.len() / 2)));
            }
            Err(_) => assert_eq!(cbor::read_int(&hex(encoded), 0), Err(CborError::Malformed)),
        }
    }
    // not in the appendix: the ends of the range of `encode_int`
    assert_bytes(&encode_int(i64::MIN), "3b7fffffffffffffff");
    assert_eq!(cbor::read_int(&encode_int(i64::MIN), 0), Ok((i64::MIN, 9)));
    assert_eq!(cbor::read_int(&encode_int(i64::MAX), 0), Ok((i64::MAX, 9)));
}

#[test]
fn strings() {
    for (content, encoded) in [("", "40"), ("01020304", "4401020304")] {
        assert_bytes(&encode_bstr(&hex(content)), encoded);
        assert_eq!(cbor::read_bstr(&hex(encoded), 0), Ok((hex(content), encoded.len() / 2)));
    }
    let texts = [
        ("", "60"),
        ("a", "6161"),
        ("IETF", "6449455446"),
        ("\"\\", "62225c"),
        ("\u{fc}", "62c3bc"),
        ("\u{6c34}", "63e6b0b4"),
        ("\u{10151}", "64f0908591"),
    ];
    for (text, encoded) in texts {
        assert_bytes(&encode_tstr(text), encoded);
        assert_eq!(cbor::read_tstr(&hex(encoded), 0), Ok((utf8(text), encoded.len() / 2)));
    }
}

#[test]
fn arrays_maps_and_booleans() {
    let uints = |values: &[u64]| values.iter().map(|value| encode_uint(*value)).collect::<Vec<Bytes>>();
    let counted: Vec<u64> = (1..=25).collect();
    assert_bytes(&encode_array(&[]), "80");
    assert_bytes(&encode_array(&uints(&[1, 2, 3])), "83010203");
    let nested = [encode_uint(1), encode_array(&uints(&[2, 3])), encode_array(&uints(&[4, 5]))];
    assert_bytes(&encode_array(&nested), "8301820203820405");
    assert_bytes(&encode_array(&uints(&counted)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819");
    assert_bytes(&encode_map_head(0), "a0");
    assert_eq!(cbor::read_array_head(&hex("80"), 0), Ok((0, 1)));
    assert_eq!(cbor::read_array_head(&hex("83010203"), 0), Ok((3, 1)));
    assert_eq!(cbor::read_array_head(&hex("98190102"), 0), Ok((25, 2)));
    assert_eq!(cbor::read_array_of(&hex("83010203"), 0, 3), Ok(1));
    assert_eq!(cbor::read_array_of(&hex("83010203"), 0, 2), Err(CborError::Malformed));
    assert_eq!(cbor::read_map_head(&hex("a201020304"), 0), Ok((2, 1)));
    assert_eq!(cbor::read_map_of(&hex("a201020304"), 0, 2), Ok(1));
    assert_eq!(cbor::read_map_of(&hex("a201020304"), 0, 4), Err(CborError::Malformed));
    for (value, encoded) in [(false, "f4"), (true, "f5")] {
        assert_bytes(&encode_bool(value), encoded);
        assert_eq!(cbor::read_bool(&hex(encoded), 0), Ok((value, 1)));
    }
}

/// What a reader says about a whole input.
fn reads(reader: &str, input: &Bytes) -> Result<(), CborError> {
    let next = match reader {
        "uint" => cbor::read_uint(input, 0)?.1,
        "nint" => cbor::read_nint(input, 0)?.1,
        "int" => cbor::read_int(input, 0)?.1,
        "bstr" => cbor::read_bstr(input, 0)?.1,
        "bstr of 4" => cbor::read_bstr_of(input, 0, 4)?.1,
        "tstr" => cbor::read_tstr(input, 0)?.1,
        "array" => cbor::read_array_head(input, 0)?.1,
        "map" => cbor::read_map_head(input, 0)?.1,
        "bool" => cbor::read_bool(input, 0)?.1,
        "head" => cbor::read_head(input, 0)?.1,
        // [uint, bstr, tstr]
        "items" => {
            let next = cbor::read_array_of(input, 0, 3)?;
            let next = cbor::read_uint(input, next)?.1;
            let next = cbor::read_bstr(input, next)?.1;
            cbor::read_tstr(input, next)?.1
        }
        other => panic!("no reader {other}"),
    };
    cbor::read_end(input, next)
}

const ITEM_READERS: [&str; 9] = ["uint", "nint", "int", "bstr", "bstr of 4", "tstr", "array", "map", "bool"];

/// Appendix A again: big numbers, floating point, other simple values, tags, indefinite lengths.
#[test]
fn examples_beyond_the_subset_are_malformed() {
    let examples = [
        "c249010000000000000000",
        "c349010000000000000000",
        "f90000",
        "fb3ff199999999999a",
        "f97c00",
        "fa47c35000",
        "f6",
        "f7",
        "f0",
        "f8ff",
        "c074323031332d30332d32315432303a30343a30305a",
        "c11a514b67b0",
        "d74401020304",
        "d818456449455446",
        "5f42010243030405ff",
        "7f657374726561646d696e67ff",
        "9fff",
        "9f018202039f0405ffff",
        "bf61610161629f0203ffff",
    ];
    for example in examples {
        for reader in ITEM_READERS {
            assert_eq!(reads(reader, &hex(example)), Err(CborError::Malformed), "{reader} of {example}");
        }
    }
}

#[track_caller]
fn assert_all(error: CborError, cases: &[(&str, &str)]) {
    for (reader, input) in cases {
        assert_eq!(reads(reader, &hex(input)), Err(error), "{reader} of {input}");
    }
}

#[test]
fn malformed() {
    for reader in ITEM_READERS {
        // nothing, reserved additional information, indefinite length, with the major type that each reader wants among them
        for input in
            ["", "1c", "1d", "1e", "1f", "3c", "3f", "5d", "5f", "7e", "7f", "9c", "9f", "bc", "bf", "fc", "ff"]
        {
            assert_eq!(reads(reader, &hex(input)), Err(CborError::Malformed), "{reader} of {input}");
        }
    }
    assert_all(
        CborError::Malformed,
        &[
            // the argument is missing, in part or as a whole
            ("uint", "18"),
            ("uint", "19ff"),
            ("uint", "1affffff"),
            ("uint", "1bffffffffffffff"),
            ("array", "98"),
            ("bstr", "59ff"),
            // another type
            ("uint", "20"),
            ("nint", "00"),
            ("int", "40"),
            ("bstr", "60"),
            ("tstr", "40"),
            ("array", "a0"),
            ("map", "80"),
            ("bool", "00"),
            // content is missing
            ("bstr", "41"),
            ("bstr", "44010203"),
            ("bstr", "5bffffffffffffffff"),
            ("tstr", "6261"),
            ("tstr", "7bffffffffffffffff"),
            // another length
            ("bstr of 4", "43010203"),
            ("bstr of 4", "450102030405"),
            // no UTF-8: a lone continuation, an overlong form, a surrogate, a cut character, more than U+10FFFF
            ("tstr", "6180"),
            ("tstr", "62c080"),
            ("tstr", "63eda080"),
            ("tstr", "61c3"),
            ("tstr", "64f4908080"),
            // simple values that are no booleans, floating point
            ("bool", "f3"),
            ("bool", "f6"),
            ("bool", "f7"),
            ("bool", "f818"),
            ("bool", "f93c00"),
            ("head", "f8ff"),
            ("head", "fb3ff199999999999a"),
        ],
    );
}

#[test]
fn not_deterministic() {
    assert_all(
        CborError::NotDeterministic,
        &[
            ("uint", "1800"),
            ("uint", "1817"),
            ("uint", "190000"),
            ("uint", "1900ff"),
            ("uint", "1a00000000"),
            ("uint", "1a0000ffff"),
            ("uint", "1b0000000000000000"),
            ("uint", "1b00000000ffffffff"),
            ("nint", "3817"),
            ("int", "1817"),
            ("int", "3900ff"),
            ("bstr", "5800"),
            ("bstr", "580401020304"),
            ("bstr of 4", "580401020304"),
            ("tstr", "780161"),
            ("array", "9803"),
            ("map", "b90002"),
            ("head", "d817"),
        ],
    );
}

#[test]
fn trailing_bytes() {
    assert_all(
        CborError::TrailingBytes,
        &[
            ("uint", "0000"),
            ("uint", "181800"),
            ("nint", "20ff"),
            ("int", "2000"),
            ("bstr", "4000"),
            ("bstr", "440102030405"),
            ("bstr of 4", "440102030405"),
            ("tstr", "616161"),
            ("bool", "f4f4"),
            ("array", "8000"),
            ("map", "a01c"),
            ("items", "83 00 40 60 00"),
        ],
    );
}

#[test]
fn the_first_deviation_from_left_to_right_is_named() {
    assert_eq!(reads("items", &hex("83 00 41ff 6161")), Ok(()));
    assert_all(
        CborError::NotDeterministic,
        &[
            // before what is malformed or left over further right
            ("items", "9803 20 41ff 6161"),
            ("items", "83 1800 60 6161"),
            ("items", "83 1800 41"),
            ("items", "83 00 5801ff 61ff 00"),
            ("items", "83 00 41ff 780161 00"),
            // within one head: before the content
            ("bstr", "5804"),
            ("tstr", "7801ff"),
        ],
    );
    assert_all(
        CborError::Malformed,
        &[
            // before what is not deterministic or left over further right
            ("items", "82 1800 41ff 6161"),
            ("items", "a3 1800 41ff 6161"),
            ("items", "83 20 5801ff 6161"),
            ("items", "83 00 60 780161 00"),
            ("items", "83 00 41ff 61ff 00"),
            // within one head: another type, reserved information and a missing argument before the shortest form
            ("uint", "3800"),
            ("bstr", "7800"),
            ("uint", "1900"),
            ("uint", "1a000000"),
            ("bstr", "59 00"),
        ],
    );
}
