//! `dke_fuzz::targets::confirm` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dke_fuzz::targets::confirm(data));
