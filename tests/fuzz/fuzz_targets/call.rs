//! `dke_fuzz::targets::call` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dke_fuzz::targets::call(data));
