//! C1: a rejected Offer leaves nothing in the store, an accepted one leads to an Initiate of the right form.
#![no_main]

use dke::message::Initiate;
use dke::{Mode, Suite};
use dke_fuzz::Situation;
use libfuzzer_sys::fuzz_target;

thread_local!(static SITUATION: Situation = Situation::new(Suite::AesCcm8));

fuzz_target!(|data: &[u8]| {
    SITUATION.with(|situation| {
        let mut client = situation.fresh.clone();
        match client.initiate(data, Mode::Refresh, b"early") {
            Ok((initiate, awaiting)) => {
                let initiate = Initiate::parse(&initiate).expect("of the right form");
                assert_eq!((initiate.epoch, initiate.index), (awaiting.epoch(), awaiting.index().into()));
                assert_eq!(client.store.memory().pending.len(), 1);
            }
            Err(_) => assert_eq!(client.store.memory(), situation.fresh.store.memory()),
        }
    });
});
