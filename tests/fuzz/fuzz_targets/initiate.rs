//! N2 and N3, in both suites: a rejected Initiate changes nothing; one is accepted once, and only if it is one of those on their way.
#![no_main]

use dke::{Reject, Suite};
use dke_fuzz::Situation;
use libfuzzer_sys::fuzz_target;

thread_local!(static SITUATIONS: [Situation; 2] = [Suite::AesCcm8, Suite::AesCcm16].map(Situation::new));

fuzz_target!(|data: &[u8]| {
    SITUATIONS.with(|situations| {
        for situation in situations {
            let mut node = situation.node.clone();
            match node.answer(data, b"answer") {
                Ok(_) => {
                    assert!(situation.initiates.iter().any(|good| good == data));
                    assert_eq!(node.answer(data, b"answer").err(), Some(Reject::PrekeyConsumed.into()));
                }
                Err(_) => assert_eq!(node.store.memory(), situation.node.store.memory()),
            }
        }
    });
});
