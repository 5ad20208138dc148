//! `dke_fuzz::targets::initiate` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dke_fuzz::targets::initiate(data));
