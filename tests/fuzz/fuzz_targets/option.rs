//! `dke_fuzz::application::option` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dke_fuzz::application::option(data));
