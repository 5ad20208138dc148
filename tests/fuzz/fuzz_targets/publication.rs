//! G1: what is accepted gives an Offer for each of its prekeys, and is the node's own Publication.
#![no_main]

use dke::gateway::{Known, Verified, verify_publication};
use dke::{RustCrypto, Suite};
use dke_fuzz::Situation;
use dke_fuzz::harness::{NOW, offer};
use libfuzzer_sys::fuzz_target;

thread_local!(static SITUATIONS: [Situation; 2] = [Suite::AesCcm8, Suite::AesCcm16].map(Situation::new));

fuzz_target!(|data: &[u8]| {
    SITUATIONS.with(|[two, three]| {
        let node = two.node.identity.credential();
        let known = Known { publications: &[], highest_epoch: 0 };
        if let Ok(Verified::New(header, publication)) = verify_publication::<RustCrypto>(data, &node, &known, NOW) {
            for index in 0..publication.prekeys().len() {
                offer(data, &header.node, u8::try_from(index).expect("at most 256 prekeys"));
            }
            // A signature is malleable; all else is signed.
            let good = if header.suite == Suite::AesCcm8 { two } else { three };
            let tail = data.len() - publication.ys.len();
            assert_eq!(good.publication.get(tail..), data.get(tail..));
        }
    });
});
