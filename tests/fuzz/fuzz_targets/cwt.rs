//! A CWT inside an ID_CRED: as the node reads it, and, where it is of the right form, as it arrives in an Initiate.
#![no_main]

use dke::cwt::{Cwt, IdCred};
use dke::{Error, Misuse, Mode, Suite};
use dke_fuzz::Situation;
use dke_fuzz::harness::offer;
use libfuzzer_sys::fuzz_target;

thread_local!(static SITUATION: Situation = Situation::new(Suite::AesCcm8));

fuzz_target!(|data: &[u8]| {
    let _ = IdCred::parse(data);
    let _ = IdCred::parse(&[&[0xa1, 0x0d], data].concat());
    let Ok(cwt) = Cwt::parse(data) else { return };
    let well_formed = cwt.protected().is_ok() && cwt.claims().is_ok();
    SITUATION.with(|situation| {
        let offer = offer(&situation.publication, situation.node.identity.credential().hash(), 3);
        let mut client = situation.vouched.clone();
        client.cwt = Some(data.to_vec());
        match client.initiate(&offer, Mode::Basic, b"early") {
            Ok((initiate, _)) => {
                assert!(well_formed);
                let mut node = situation.node.clone();
                if node.answer(&initiate, b"answer").is_ok() {
                    let good = situation.vouched.cwt.as_deref().and_then(|good| Cwt::parse(good).ok());
                    assert_eq!(good.map(|good| (good.protected, good.payload)), Some((cwt.protected, cwt.payload)));
                } else {
                    assert_eq!(node.store.memory(), situation.node.store.memory());
                }
            }
            // Another alg than ES256 takes more bytes than an ID_CRED has.
            Err(error) => assert!(!well_formed || error == Error::Caller(Misuse::BufferTooSmall)),
        }
    });
});
