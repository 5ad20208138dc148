//! `dke_fuzz::network::coap` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dke_fuzz::network::coap(data));
