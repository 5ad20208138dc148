//! The published vectors of the standards that the primitives implement: FIPS 180-4, FIPS 197, RFC 3610, RFC 4231, RFC 5869,
//! RFC 5903, RFC 6979. Those of RFC 8949 are in `cbor.rs`.

use dke_spec::aes128::{AesError, encrypt_block};
use dke_spec::bytes::{Bytes, big_endian, bytes, concat, empty, equal, utf8};
use dke_spec::ccm::{CcmError, CcmParameters, open, seal};
use dke_spec::ecdsa::{EcdsaError, sign, verify};
use dke_spec::hkdf::{HkdfError, MAX_OUTPUT_LENGTH, expand, extract};
use dke_spec::hmac::hmac_sha256;
use dke_spec::p256::{
    P256Error, Scalar, add, base_point, decompress, ecdh, encode_x, encode_y, is_x_coordinate, multiply, point,
    public_key, scalar,
};
use dke_spec::sha256::sha256;

fn hex(digits: &str) -> Bytes {
    bytes(&hex::decode(digits.replace(' ', "")).expect("hexadecimal digits"))
}

fn repeated(octet: u8, count: usize) -> Bytes {
    bytes(&vec![octet; count])
}

fn counted(from: u8, to: u8) -> Bytes {
    bytes(&(from..=to).collect::<Vec<u8>>())
}

#[track_caller]
fn assert_bytes(found: &Bytes, expected: &str) {
    assert_eq!(hex::encode(found.native_slice()), expected.replace(' ', "").to_lowercase());
}

/// The examples that NIST publishes for FIPS 180: one block, no block, two blocks, two blocks again.
#[test]
fn sha256_of_fips_180() {
    let two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    let long = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno\
                ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    assert_eq!((two_blocks.len(), long.len()), (448 / 8, 896 / 8));
    assert_bytes(&sha256(&utf8("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_bytes(&sha256(&empty()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_bytes(&sha256(&utf8(two_blocks)), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_bytes(&sha256(&utf8(long)), "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

/// RFC 4231 sections 4.2 to 4.8.
#[test]
fn hmac_of_rfc_4231() {
    let long_key = repeated(0xaa, 131);
    let cases = [
        (repeated(0x0b, 20), utf8("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            utf8("Jefe"),
            utf8("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (repeated(0xaa, 20), repeated(0xdd, 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (counted(0x01, 0x19), repeated(0xcd, 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            long_key.clone(),
            utf8("Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            long_key,
            utf8(
                "This is a test using a larger than block-size key and a larger than block-size data. The key needs to \
                 be hashed before being used by the HMAC algorithm.",
            ),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, text, expected) in &cases {
        assert_bytes(&hmac_sha256(key, text), expected);
    }
    // Section 4.6 gives the leftmost 128 bits only.
    let truncated = hmac_sha256(&repeated(0x0c, 20), &utf8("Test With Truncation")).slice(0, 16);
    assert_bytes(&truncated, "a3b6167473100ee06e0c796c2955552b");
}

#[track_caller]
fn assert_hkdf(ikm: &Bytes, salt: &Bytes, info: &Bytes, prk: &str, okm: &str) {
    let found = extract(salt, ikm);
    assert_bytes(&found, prk);
    assert_bytes(&expand(&found, info, okm.len() / 2).expect("a possible length"), okm);
}

/// RFC 5869 appendices A.1 to A.3.
#[test]
fn hkdf_of_rfc_5869() {
    assert_hkdf(
        &repeated(0x0b, 22),
        &counted(0x00, 0x0c),
        &counted(0xf0, 0xf9),
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
    assert_hkdf(
        &counted(0x00, 0x4f),
        &counted(0x60, 0xaf),
        &counted(0xb0, 0xff),
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b\
         8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    );
    assert_hkdf(
        &repeated(0x0b, 22),
        &empty(),
        &empty(),
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    );
}

#[test]
fn hkdf_gives_255_blocks_and_no_more() {
    let prk = repeated(0x01, 32);
    assert_eq!(expand(&prk, &empty(), 0).map(|okm| okm.len()), Ok(0));
    assert_eq!(expand(&prk, &empty(), MAX_OUTPUT_LENGTH).map(|okm| okm.len()), Ok(8160));
    assert_eq!(expand(&prk, &empty(), MAX_OUTPUT_LENGTH + 1).map(|okm| okm.len()), Err(HkdfError::OutputTooLong));
}

/// FIPS 197 appendices B and C.1.
#[test]
fn aes_of_fips_197() {
    let example = encrypt_block(&hex("2b7e151628aed2a6abf7158809cf4f3c"), &hex("3243f6a8885a308d313198a2e0370734"));
    assert_bytes(&example.expect("sizes are right"), "3925841d02dc09fbdc118597196a0b32");
    let vector = encrypt_block(&counted(0x00, 0x0f), &hex("00112233445566778899aabbccddeeff"));
    assert_bytes(&vector.expect("sizes are right"), "69c4e0d86a7b0430d8cdb78070b4c55a");
}

#[test]
fn aes_refuses_other_sizes() {
    let (block, short, long) = (repeated(0, 16), repeated(0, 15), repeated(0, 17));
    for wrong in [&short, &long, &empty()] {
        assert_eq!(encrypt_block(wrong, &block).err(), Some(AesError::KeyLength));
        assert_eq!(encrypt_block(&block, wrong).err(), Some(AesError::BlockLength));
        assert_eq!(encrypt_block(wrong, wrong).err(), Some(AesError::KeyLength));
    }
}

struct Packet {
    key: Bytes,
    nonce: Bytes,
    header: Bytes,
    message: Bytes,
    expected: Bytes,
}

impl Packet {
    fn tag_length(&self) -> usize {
        self.expected.len() - self.message.len()
    }

    fn parameters(&self) -> CcmParameters {
        CcmParameters { tag_length: self.tag_length(), nonce_length: self.nonce.len() }
    }

    fn open(&self, header: &Bytes, ciphertext: &Bytes) -> Result<Bytes, CcmError> {
        open(&self.parameters(), &self.key, &self.nonce, header, ciphertext)
    }
}

/// RFC 3610 section 8, packet vectors 1 to 12: the packet is 00 01 02 ..., of which the first bytes are the header.
fn counted_packet(number: u8, length: u8, header_length: u8, expected: &str) -> Packet {
    let start = [0, 0, 0, number + 2, number + 1, number, number - 1];
    Packet {
        key: counted(0xc0, 0xcf),
        nonce: concat(&bytes(&start), &counted(0xa0, 0xa5)),
        header: counted(0, header_length - 1),
        message: counted(header_length, length - 1),
        expected: hex(expected),
    }
}

fn packets() -> Vec<Packet> {
    vec![
        counted_packet(1, 31, 8, "588C979A61C663D2F066D0C2C0F989806D5F6B61DAC38417E8D12CFDF926E0"),
        counted_packet(2, 32, 8, "72C91A36E135F8CF291CA894085C87E3CC15C439C9E43A3BA091D56E10400916"),
        counted_packet(3, 33, 8, "51B1E5F44A197D1DA46B0F8E2D282AE871E838BB64DA8596574ADAA76FBD9FB0C5"),
        counted_packet(4, 31, 12, "A28C6865939A9A79FAAA5C4C2A9D4A91CDAC8C96C861B9C9E61EF1"),
        counted_packet(5, 32, 12, "DCF1FB7B5D9E23FB9D4E131253658AD86EBDCA3E51E83F077D9C2D93"),
        counted_packet(6, 33, 12, "6FC1B011F006568B5171A42D953D469B2570A4BD87405A0443AC91CB94"),
        counted_packet(7, 31, 8, "0135D1B2C95F41D5D1D4FEC185D166B8094E999DFED96C048C56602C97ACBB7490"),
        counted_packet(8, 32, 8, "7B75399AC0831DD2F0BBD75879A2FD8F6CAE6B6CD9B7DB24C17B4433F434963F34B4"),
        counted_packet(9, 33, 8, "82531A60CC24945A4B8279181AB5C84DF21CE7F9B73F42E197EA9C07E56B5EB17E5F4E"),
        counted_packet(10, 31, 12, "07342594157785152B074098330ABB141B947B566AA9406B4D999988DD"),
        counted_packet(11, 32, 12, "676BB20380B0E301E8AB79590A396DA78B834934F53AA2E9107A8B6C022C"),
        counted_packet(12, 33, 12, "C0FFA0D6F05BDB67F24D43A4338D2AA4BED7B20E43CD1AA31662E7AD65D6DB"),
        Packet {
            key: hex("D7828D13B2B0BDC325A76236DF93CC6B"),
            nonce: hex("00412B4EA9CDBE3C9696766CFA"),
            header: hex("0BE1A88BACE018B1"),
            message: hex("08E8CF97D820EA258460E96AD9CF5289054D895CEAC47C"),
            expected: hex("4CB97F86A2A4689A877947AB8091EF5386A6FFBDD080F8E78CF7CB0CDDD7B3"),
        },
    ]
}

#[test]
fn ccm_of_rfc_3610() {
    let tags: Vec<usize> = packets().iter().map(Packet::tag_length).collect();
    assert_eq!(tags, [8, 8, 8, 8, 8, 8, 10, 10, 10, 10, 10, 10, 8]);
    for packet in packets() {
        let sealed = seal(&packet.parameters(), &packet.key, &packet.nonce, &packet.header, &packet.message);
        assert_eq!(sealed, Ok(packet.expected.clone()));
        assert_eq!(packet.open(&packet.header, &packet.expected), Ok(packet.message.clone()));
        // Every byte counts, those of the header as well as those of the ciphertext.
        for at in 0..packet.expected.len() {
            let mut changed = packet.expected.clone();
            changed[at] ^= 0x80;
            assert_eq!(packet.open(&packet.header, &changed), Err(CcmError::NotAuthentic));
        }
        for at in 0..packet.header.len() {
            let mut changed = packet.header.clone();
            changed[at] ^= 0x01;
            assert_eq!(packet.open(&changed, &packet.expected), Err(CcmError::NotAuthentic));
        }
        // What is shorter than a tag is not authentic.
        for length in 0..packet.tag_length() {
            assert_eq!(packet.open(&packet.header, &packet.expected.slice(0, length)), Err(CcmError::NotAuthentic));
        }
    }
}

#[test]
fn ccm_refuses_other_sizes_in_this_order() {
    let (key, nonce, message) = (repeated(1, 16), repeated(2, 13), repeated(3, 5));
    let good = CcmParameters { tag_length: 8, nonce_length: 13 };
    let odd = CcmParameters { tag_length: 9, nonce_length: 13 };
    let sealed = |parameters: &CcmParameters, key: &Bytes, nonce: &Bytes, message: &Bytes| {
        seal(parameters, key, nonce, &empty(), message).err()
    };
    assert_eq!(sealed(&good, &key, &nonce, &message), None);
    assert_eq!(sealed(&odd, &empty(), &empty(), &message), Some(CcmError::Parameters));
    assert_eq!(sealed(&good, &repeated(1, 15), &empty(), &message), Some(CcmError::KeyLength));
    assert_eq!(sealed(&good, &key, &repeated(2, 12), &message), Some(CcmError::NonceLength));
    // L = 2 leaves two bytes for the length.
    assert_eq!(sealed(&good, &key, &nonce, &repeated(3, 0x1_0000)), Some(CcmError::MessageTooLong));
    assert_eq!(open(&odd, &key, &nonce, &empty(), &empty()).err(), Some(CcmError::Parameters));
    assert_eq!(open(&good, &empty(), &nonce, &empty(), &empty()).err(), Some(CcmError::KeyLength));
    assert_eq!(open(&good, &key, &empty(), &empty(), &empty()).err(), Some(CcmError::NonceLength));
}

fn key(digits: &str) -> Scalar {
    scalar(&hex(digits)).expect("a scalar")
}

/// RFC 6979 appendix A.2.5, with SHA-256.
#[test]
fn ecdsa_of_rfc_6979() {
    let d = key("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
    let q = public_key(d).expect("a public key");
    assert_bytes(&encode_x(&q), "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6");
    assert_bytes(&encode_y(&q), "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    let sample = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716 \
                  F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
    let test = "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367 \
                019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083";
    for (message, expected) in [("sample", sample), ("test", test)] {
        assert_bytes(&sign(d, &utf8(message)).expect("a signature"), expected);
        assert!(verify(&q, &utf8(message), &hex(expected)));
        assert!(!verify(&q, &utf8("other"), &hex(expected)));
        assert!(!verify(&base_point(), &utf8(message), &hex(expected)));
    }
    assert_eq!(sign(Scalar::default(), &utf8("sample")).err(), Some(EcdsaError::InvalidKey));
}

/// RFC 5903 section 8.1.
#[test]
fn ecdh_of_rfc_5903() {
    let i = key("C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433");
    let r = key("C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53");
    let g_i = public_key(i).expect("a public key");
    let g_r = public_key(r).expect("a public key");
    assert_bytes(&encode_x(&g_i), "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180");
    assert_bytes(&encode_y(&g_i), "5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3");
    assert_bytes(&encode_x(&g_r), "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63");
    assert_bytes(&encode_y(&g_r), "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB");
    let g_ir = multiply(i, &g_r).expect("not the point at infinity");
    assert_bytes(&encode_x(&g_ir), "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE");
    assert_bytes(&encode_y(&g_ir), "522BDE0AF0D8585B8DEF9C183B5AE38F50235206A8674ECB5D98EDB20EB153A2");
    for (secret, public) in [(i, g_r), (r, g_i)] {
        assert_eq!(ecdh(secret, &public), Ok(encode_x(&g_ir)));
        // The x coordinate alone is enough.
        assert_eq!(ecdh(secret, &decompress(&encode_x(&public)).expect("on the curve")), Ok(encode_x(&g_ir)));
    }
}

const P: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const N: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// A number that is given by its first digits, and by its last byte.
fn ending(digits: &str, last: u8) -> Bytes {
    let mut number = hex(digits);
    number[31usize] = last;
    number
}

#[test]
fn x_that_is_no_field_element_is_refused() {
    // The smallest positive x coordinate of a point; p more stands for the same integer modulo p, and still fits 32 bytes.
    let is_smallest = |x: &u64| is_x_coordinate(&big_endian(*x, 32));
    let x = (1u64..100).find(is_smallest).expect("about every second integer is one");
    let decompressed = decompress(&big_endian(x, 32)).expect("on the curve");
    let y = encode_y(&decompressed);
    assert_eq!(point(&big_endian(x, 32), &y), Ok(decompressed));
    // p + 1 ends in 96 zero bits
    let x_plus_p = concat(&hex("ffffffff0000000100000000000000000000000100000000"), &big_endian(x - 1, 8));
    for wrong in [x_plus_p, hex(P), repeated(0xff, 32), empty(), repeated(0, 31), repeated(0, 33)] {
        assert_eq!(decompress(&wrong), Err(P256Error::InvalidPoint));
        assert_eq!(point(&wrong, &y), Err(P256Error::InvalidPoint));
        assert_eq!(point(&big_endian(x, 32), &wrong), Err(P256Error::InvalidPoint));
    }
}

#[test]
fn x_off_the_curve_is_refused() {
    let off: Vec<u64> = (0u64..40).filter(|x| decompress(&big_endian(*x, 32)).is_err()).collect();
    let euler: Vec<u64> = (0u64..40).filter(|x| !is_x_coordinate(&big_endian(*x, 32))).collect();
    assert_eq!(off, euler);
    assert!((10..=30).contains(&off.len()), "{off:?}");
    let g = base_point();
    assert_eq!(point(&encode_y(&g), &encode_x(&g)), Err(P256Error::InvalidPoint));
    assert_eq!(
        point(&encode_x(&g), &ending(&hex::encode(encode_y(&g).native_slice()), 0xf4)),
        Err(P256Error::InvalidPoint)
    );
    assert_eq!(point(&repeated(0, 32), &repeated(0, 32)), Err(P256Error::InvalidPoint));
}

#[test]
fn scalars_are_from_1_to_n_minus_1() {
    for good in [big_endian(1, 32), ending(N, 0x50)] {
        let s = scalar(&good).expect("a scalar");
        assert!(equal(&bytes(&s.to_be_bytes()), &good));
    }
    for wrong in
        [repeated(0, 32), hex(N), ending(N, 0x52), hex(P), repeated(0xff, 32), repeated(1, 31), repeated(1, 33)]
    {
        assert_eq!(scalar(&wrong).err(), Some(P256Error::InvalidScalar));
    }
}

#[test]
fn the_base_point_has_order_n() {
    let g = base_point();
    let minus_g = multiply(scalar(&ending(N, 0x50)).expect("a scalar"), &g).expect("not the point at infinity");
    assert_eq!(encode_x(&minus_g), encode_x(&g));
    assert_eq!(minus_g.y, g.y.neg());
    assert_eq!(add(&Some(g), &Some(minus_g)), None);
    assert_eq!(multiply(Scalar::default(), &g), None);
    assert_eq!(add(&None, &None), None);
    assert_eq!(add(&Some(g), &None), Some(g));
    assert_eq!(add(&None, &Some(g)), Some(g));
    assert_eq!(add(&Some(g), &Some(g)), multiply(scalar(&big_endian(2, 32)).expect("a scalar"), &g));
}
