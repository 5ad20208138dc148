//! A credential that is read is the one that would be written: there is one encoding only.
#![no_main]

use dke::Credential;
use dke::credential::encode;
use dke::params::CREDENTIAL_MAX;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(read) = Credential::parse(data) {
        let mut out = [0; CREDENTIAL_MAX];
        let len = encode(read.subject(), read.kid(), read.key(), &mut out).expect("of the right form");
        assert_eq!(out.get(..len), Some(data));
    }
});
