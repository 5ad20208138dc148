//! What protection costs beside the bare AEAD or MAC in it, key setup included, and OSCORE beside the crate `oscore` and aiocoap:
//! `cargo bench -p dke-app --bench protection`, with `-- --test` each once. Ratios of medians, measured alternately in one run.
//!
//! aiocoap is that of the Python in `$PYTHON`; `.ci/peers` installs one in `target/peers`. It runs by itself, right after.

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use ccm::Ccm;
use ccm::consts::{U8, U13};
use coap_lite::{CoapOption, MessageClass, Packet};
use dke::key_schedule::SessionSecret;
use dke_app::export::{self, Direction};
use dke_app::jose::Serialization;
use dke_app::oscore::Context;
use dke_app::window::{Window, WindowStore};
use dke_app::{cose, jose};
use hmac::{Hmac, Mac as _};
use std::convert::Infallible;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

const SIZES: [usize; 2] = [64, 1024];
/// Calls in one measurement.
const BATCH: u32 = 64;

struct Once;

impl WindowStore for Once {
    type Error = Infallible;

    fn load(&self) -> Result<Window, Infallible> {
        Ok(Window::default())
    }

    fn save(&mut self, window: &Window) -> Result<(), Infallible> {
        black_box(window);
        Ok(())
    }
}

/// Nanoseconds of one call.
fn nanoseconds(call: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    (0..BATCH).for_each(|_| call());
    start.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Medians of both.
fn beside(rounds: usize, one: &mut dyn FnMut(), other: &mut dyn FnMut()) -> (f64, f64) {
    let (ones, others) = (0..rounds).map(|_| (nanoseconds(one), nanoseconds(other))).unzip();
    (median(ones), median(others))
}

type Call<'a> = Box<dyn FnMut() + 'a>;

/// Protects and opens content of one size, beside a bare operation with as much plaintext and associated data.
struct Case<'a> {
    name: &'static str,
    seal: Call<'a>,
    open: Call<'a>,
    bare_seal: Call<'a>,
    bare_open: Call<'a>,
}

type AesCcm = Ccm<aes::Aes128, U8, U13>;

fn ccm<'a>(size: usize, aad: usize) -> (Call<'a>, Call<'a>) {
    let (plain, aad, key, nonce) = (vec![0x55; size], vec![7; aad], [1; 16], [2; 13]);
    let sealed = AesCcm::new(&key.into()).encrypt(&nonce.into(), Payload { msg: &plain, aad: &aad }).unwrap();
    let data = aad.clone();
    (
        Box::new(move || {
            let cipher = AesCcm::new(black_box(&key).into());
            black_box(cipher.encrypt(&nonce.into(), Payload { msg: &plain, aad: &data }).unwrap());
        }),
        Box::new(move || {
            let cipher = AesCcm::new(black_box(&key).into());
            black_box(cipher.decrypt(&nonce.into(), Payload { msg: &sealed, aad: &aad }).unwrap());
        }),
    )
}

fn gcm<'a>(size: usize, aad: usize) -> (Call<'a>, Call<'a>) {
    let (plain, aad, key, nonce) = (vec![0x55; size], vec![7; aad], [1; 16], [2; 12]);
    let sealed = Aes128Gcm::new(&key.into()).encrypt(&nonce.into(), Payload { msg: &plain, aad: &aad }).unwrap();
    let data = aad.clone();
    (
        Box::new(move || {
            let cipher = Aes128Gcm::new(black_box(&key).into());
            black_box(cipher.encrypt(&nonce.into(), Payload { msg: &plain, aad: &data }).unwrap());
        }),
        Box::new(move || {
            let cipher = Aes128Gcm::new(black_box(&key).into());
            black_box(cipher.decrypt(&nonce.into(), Payload { msg: &sealed, aad: &aad }).unwrap());
        }),
    )
}

/// The MAC over as many bytes; to verify is to compute it again.
fn hmac<'a>(size: usize) -> (Call<'a>, Call<'a>) {
    let input = vec![0x55; size];
    let call = move || {
        let mut mac = <Hmac<sha2::Sha256> as hmac::digest::KeyInit>::new_from_slice(black_box(&[1; 32])).unwrap();
        mac.update(&input);
        black_box(mac.finalize());
    };
    (Box::new(call.clone()), Box::new(call))
}

/// PUT /light with so many bytes.
fn request(size: usize) -> Packet {
    let mut packet = Packet::new();
    packet.header.code = MessageClass::from(2);
    packet.add_option(CoapOption::UriPath, b"light".to_vec());
    packet.payload = vec![0x55; size];
    packet
}

/// Client and server of RFC 8613 appendix C.1.
fn contexts() -> (Context, Context) {
    let secret: Vec<u8> = (1..=16).collect();
    let salt = [0x9e, 0x7c, 0xa9, 0x22, 0x23, 0x78, 0x63, 0x40];
    let derive = |sender: &[u8], recipient: &[u8]| Context::derive(&secret, &salt, None, sender, recipient).unwrap();
    (derive(&[], &[1]), derive(&[1], &[]))
}

/// Bytes of associated data, and what MACs go over beside the content, for the number 300: counted on the formats of section 15.
const OSCORE_AAD: usize = 21;
const ENCRYPT0_AAD: usize = 29;
const MAC0_REST: usize = 27;
const JWE_AAD: usize = 98;
const JWS_REST: usize = 80;

fn cases(secret: &SessionSecret, size: usize) -> Vec<Case<'_>> {
    let content = vec![0x55; size];
    let mut cases = Vec::new();
    let mut add =
        |name, seal, open, (bare_seal, bare_open)| cases.push(Case { name, seal, open, bare_seal, bare_open });
    let (client, server) = contexts();
    let plain = request(size);
    let (protected, _) = client.protect_request(300, &plain).unwrap();
    add(
        "OSCORE request",
        Box::new(move || drop(black_box(client.protect_request(300, &plain).unwrap()))) as Call<'_>,
        Box::new(move || drop(black_box(server.unprotect_request(&mut Once, &protected).unwrap()))) as Call<'_>,
        ccm(size + 8, OSCORE_AAD),
    );
    let keys = || export::encrypt0(secret, Direction::ToNode).unwrap();
    let (sealing, opening, plain) = (keys(), keys(), content.clone());
    let object = cose::seal_encrypt0(&sealing, 300, &content).unwrap();
    add(
        "COSE_Encrypt0",
        Box::new(move || drop(black_box(cose::seal_encrypt0(&sealing, 300, &plain).unwrap()))),
        Box::new(move || drop(black_box(cose::open_encrypt0(&opening, &mut Once, &object).unwrap()))),
        ccm(size, ENCRYPT0_AAD),
    );
    let keys = || export::mac0(secret, Direction::ToNode).unwrap();
    let (sealing, opening, plain) = (keys(), keys(), content.clone());
    let object = cose::seal_mac0(&sealing, 300, &content).unwrap();
    add(
        "COSE_Mac0",
        Box::new(move || drop(black_box(cose::seal_mac0(&sealing, 300, &plain).unwrap()))),
        Box::new(move || drop(black_box(cose::open_mac0(&opening, &mut Once, &object).unwrap()))),
        hmac(size + MAC0_REST),
    );
    let keys = || export::jwe(secret, Direction::ToNode).unwrap();
    let (sealing, opening, plain) = (keys(), keys(), content.clone());
    let form = Serialization::Compact;
    let object = jose::seal_jwe(&sealing, 300, None, &content, form).unwrap();
    add(
        "JWE compact",
        Box::new(move || drop(black_box(jose::seal_jwe(&sealing, 300, None, &plain, form).unwrap()))),
        Box::new(move || drop(black_box(jose::open_jwe(&opening, &mut Once, None, &object).unwrap()))),
        gcm(size, JWE_AAD),
    );
    let keys = || export::jws(secret, Direction::ToNode).unwrap();
    let (sealing, opening) = (keys(), keys());
    let object = jose::seal_jws(&sealing, 300, None, &content, form).unwrap();
    add(
        "JWS compact",
        Box::new(move || drop(black_box(jose::seal_jws(&sealing, 300, None, &content, form).unwrap()))),
        Box::new(move || drop(black_box(jose::open_jws(&opening, &mut Once, None, &object).unwrap()))),
        hmac(size.div_ceil(3) * 4 + JWS_REST),
    );
    cases
}

fn formats(rounds: usize) {
    println!("{:<16} {:>5}  {:>10} {:>7}  {:>10} {:>7}", "", "bytes", "seal", "ratio", "open", "ratio");
    let secret = SessionSecret::restore([3; 32]);
    for size in SIZES {
        for mut case in cases(&secret, size) {
            let (seal, bare_seal) = beside(rounds, &mut case.seal, &mut case.bare_seal);
            let (open, bare_open) = beside(rounds, &mut case.open, &mut case.bare_open);
            let (sealing, opening) = (seal / bare_seal, open / bare_open);
            println!("{:<16} {size:>5}  {seal:>7.0} ns {sealing:>7.2}  {open:>7.0} ns {opening:>7.2}", case.name);
        }
    }
}

/// The store of the crate `oscore`, which always agrees.
struct Agrees;

impl oscore::SenderStateStore for Agrees {
    type Error = Infallible;

    fn load(&mut self, _: &oscore::ContextId) -> Result<Option<oscore::SenderSequenceState>, Infallible> {
        Ok(None)
    }

    fn compare_exchange(
        &mut self,
        _: &oscore::ContextId,
        _: Option<oscore::SenderSequenceState>,
        next: oscore::SenderSequenceState,
    ) -> Result<bool, Infallible> {
        black_box(next);
        Ok(true)
    }
}

/// Protects only: its replay window takes each request once. It takes 128 bytes at most.
fn beside_the_crate_oscore(rounds: usize) {
    let secret = std::array::from_fn(|i| u8::try_from(i + 1).unwrap());
    let salt = [0x9e, 0x7c, 0xa9, 0x22, 0x23, 0x78, 0x63, 0x40];
    let context = oscore::Context::new(&secret, Some(&salt), None, &[], &[1]).unwrap();
    let mut theirs = context.register_fresh(&mut Agrees).unwrap_or_else(|_| panic!("the store agrees"));
    let ((client, _), plain) = (contexts(), request(SIZES[0]));
    // Uri-Path: "light", as they want it.
    let mut protect = || {
        let reserved = theirs.reserve_sender(&mut Agrees).unwrap_or_else(|_| panic!("the store agrees"));
        reserved.protect_request(2, b"\xb5light", &plain.payload).unwrap()
    };
    assert_eq!(protect().0.as_slice(), client.protect_request(0, &plain).unwrap().0.payload, "the same ciphertext");
    let (ours, theirs) =
        beside(rounds, &mut || drop(black_box(client.protect_request(300, &plain).unwrap())), &mut || {
            drop(black_box(protect()))
        });
    println!(
        "OSCORE, protect {} bytes: {ours:.0} ns; the crate oscore 0.1 {theirs:.0} ns: {:.2} times",
        SIZES[0],
        ours / theirs
    );
}

fn beside_aiocoap(rounds: usize) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let python = std::env::var("PYTHON").unwrap_or(format!("{root}/target/peers/bin/python"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/aiocoap_oscore.py");
    let told = Command::new(python).arg(script).args(SIZES.map(|size| size.to_string())).output();
    let Some(told) = told.ok().filter(|told| told.status.success()) else {
        return println!("aiocoap with its extra `oscore` is not installed");
    };
    for line in String::from_utf8(told.stdout).unwrap().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [size, protecting, unprotecting, ciphertext] = words[..] else { panic!("{line}") };
        let (client, server) = contexts();
        let plain = request(size.parse().unwrap());
        let (protected, _) = client.protect_request(0, &plain).unwrap();
        assert_eq!(protected.payload, hex::decode(ciphertext).unwrap(), "the same ciphertext");
        let (protect, unprotect) =
            beside(rounds, &mut || drop(black_box(client.protect_request(0, &plain).unwrap())), &mut || {
                drop(black_box(server.unprotect_request(&mut Once, &protected).unwrap()))
            });
        let [protecting, unprotecting] = [protecting, unprotecting].map(|theirs| theirs.parse::<f64>().unwrap());
        println!(
            "OSCORE, {size} bytes: aiocoap protects in {protecting:.1} µs, {:.0} times ours; unprotects in {unprotecting:.1} µs, {:.0} times ours",
            protecting * 1000.0 / protect,
            unprotecting * 1000.0 / unprotect,
        );
    }
}

fn main() {
    let rounds = if std::env::args().any(|arg| arg == "--test") { 1 } else { 201 };
    formats(rounds);
    beside_the_crate_oscore(rounds);
    beside_aiocoap(rounds);
}
