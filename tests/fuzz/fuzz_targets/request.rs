//! `dke_fuzz::network::request` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dke_fuzz::network::request(data));
