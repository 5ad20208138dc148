//! C2, in both suites and modes: a rejected Confirm leaves the exchange pending; only the right one ends it.
#![no_main]

use dke::Suite;
use dke_fuzz::Situation;
use libfuzzer_sys::fuzz_target;

thread_local!(static SITUATIONS: [Situation; 2] = [Suite::AesCcm8, Suite::AesCcm16].map(Situation::new));

fuzz_target!(|data: &[u8]| {
    SITUATIONS.with(|situations| {
        for situation in situations {
            for (index, good) in (0..).zip(&situation.confirms) {
                let mut client = situation.waiting.clone();
                match client.finish(1, index, data) {
                    Ok(_) => {
                        assert_eq!(data, good.as_slice());
                        assert!(client.pending(1, index).is_none());
                    }
                    Err(_) => assert_eq!(client.store.memory(), situation.waiting.store.memory()),
                }
            }
        }
    });
});
