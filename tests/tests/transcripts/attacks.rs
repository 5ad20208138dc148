//! What a dishonest gateway, or a dishonest client, gets.

use crate::render::Kind;
use crate::story::{Story, place};
use dke::message::{Confirm, Offer};
use dke::{Mode, RustCrypto, Suite, crypto::Crypto};
use dke_tests::harness::{Identity, TestRng};

pub(crate) fn epoch_rollback() -> Story {
    let mut story = Story::new(
        "Epoch rollback",
        "The gateway keeps an Offer of batch 1 back and hands it out after the client has seen batch 2. The client refuses.\nAn honest gateway refuses the old Publication in the same way.",
    );
    story.pinned("alice", b"c1");
    let first = story.publish(Suite::AesCcm8, 0);
    let old = story.lease("alice").expect("a free prekey");
    story.note("alice does not use it.");
    story.publish(Suite::AesCcm8, 0);
    story.exchange("alice", Mode::Basic, "open the door", "opened");
    story.note("The gateway hands out the Offer of batch 1 again.");
    assert_eq!(story.initiate("alice", &old, Mode::Basic, "open the door"), None);
    story.note("Someone brings batch 1 to an honest gateway that has dropped it.");
    story.gateway.publications.remove(&1);
    story.deposit(&first);
    story
}

pub(crate) fn replayed_initiate() -> Story {
    let mut story = Story::new(
        "Replayed Initiate",
        "The gateway gives the node an Initiate again and again. As long as the Confirm is in the outbox, that is what comes back;\nafter the acknowledgement the prekey is consumed. The door opens once.",
    );
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm8, 1);
    let initiate = story.call("alice", Mode::Basic, "open the door");
    story.wake();
    let confirm = story.answer(&initiate, "opened");
    story.note("Replayed before the acknowledgement.");
    assert_eq!(story.accept(&initiate, Some("opened again")).as_ref(), Some(&confirm));
    story.keep(&confirm, true);
    story.note("Replayed after the acknowledgement.");
    assert_eq!(story.accept(&initiate, Some("opened again")), None);
    story.note("Moved to the other prekey of the batch: CT_1 is bound to index 0.");
    let mut moved = initiate.clone();
    moved[3] = 1;
    story.forged(Kind::Initiate, &moved);
    assert_eq!(story.accept(&moved, Some("opened again")), None);
    story.finish("alice", place(&confirm), &confirm);
    story
}

pub(crate) fn swapped_confirms() -> Story {
    let mut story = Story::new(
        "Swapped Confirms",
        "The gateway gives each client the other's Confirm, first as it is, then with the index exchanged. Both stay pending\nand finish when the right ones come.",
    );
    story.pinned("alice", b"c1");
    story.pinned("bob", b"c2");
    story.publish(Suite::AesCcm8, 1);
    for name in ["alice", "bob"] {
        story.call(name, Mode::Basic, "open the door");
    }
    let confirms: Vec<Vec<u8>> = story.wake().iter().map(|initiate| story.answer(initiate, "opened")).collect();
    for confirm in &confirms {
        story.keep(confirm, true);
    }
    story.note("Swapped as they are.");
    story.finish("alice", (1, 0), &confirms[1]);
    story.finish("bob", (1, 1), &confirms[0]);
    story.note("Swapped, and the index exchanged to fit.");
    let mut moved = confirms[1].clone();
    moved[2] = 0;
    story.forged(Kind::Confirm, &moved);
    story.finish("alice", (1, 0), &moved);
    story.note("The right way round.");
    story.finish("alice", (1, 0), &confirms[0]);
    story.finish("bob", (1, 1), &confirms[1]);
    story
}

pub(crate) fn tampered_offer() -> Story {
    let mut story = Story::new(
        "Tampered Offer",
        "The gateway exchanges Y for a key of its own, and then signs a whole batch itself. Neither passes.",
    );
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm8, 1);
    let offer = story.lease("alice").expect("a free prekey");
    let own = dke::Scalar::draw(&mut TestRng::seed("gateway")).expect("a scalar");
    let y = Offer::parse(&offer).expect("an Offer").y;
    let forged = replace(&offer, y, &RustCrypto::public_key(&own));
    story.note("The gateway puts a Y into the Offer whose y it knows.");
    story.forged(Kind::Offer, &forged);
    assert_eq!(story.initiate("alice", &forged, Mode::Basic, "open the door"), None);
    story.note("The gateway also changes the root in the header, which it cannot sign.");
    let node = dke_tests::harness::TestNode::new("lock", b"n1").identity.credential().hash().to_owned();
    let root = Offer::parse(&offer).and_then(|offer| offer.batch.header(&node)).expect("a header").root;
    let forged = replace(&forged, &root, &RustCrypto::sha256(b"another root"));
    story.forged(Kind::Offer, &forged);
    assert_eq!(story.initiate("alice", &forged, Mode::Basic, "open the door"), None);
    story.note("The Offer as it was.");
    story.call_over("alice", &offer, Mode::Basic, "open the door");
    story.serve("alice", "opened");
    story
}

pub(crate) fn wrong_audience() -> Story {
    let mut story = Story::new(
        "Wrong audience",
        "The authority vouches for dave to the gate, not to the lock. dave shows that CWT to the lock, which refuses; the prekey\nis not consumed. A CWT that ended before this epoch and one of another authority fare no better.",
    );
    story.vouched("dave", b"c4", "gate", 7);
    story.publish(Suite::AesCcm8, 0);
    let offer = story.lease("dave").expect("a free prekey");
    story.call_over("dave", &offer, Mode::Basic, "open the door");
    story.turn_away("opened");
    story.vouched("erin", b"c5", "lock", 0);
    let initiate = story.initiate("erin", &offer, Mode::Basic, "open the door").expect("an honest Offer");
    assert_eq!(story.accept(&initiate, Some("opened")), None);
    story.note("Another authority, whose kid is the same as that of the pinned one.");
    story.authority = Identity::new("usurper", b"a1");
    story.vouched("frank", b"c6", "lock", 7);
    story.node.authorities = vec![Identity::new("owner", b"a1").bytes().to_vec()];
    let initiate = story.initiate("frank", &offer, Mode::Basic, "open the door").expect("an honest Offer");
    assert_eq!(story.accept(&initiate, Some("opened")), None);
    story
}

pub(crate) fn downgrade() -> Story {
    let mut story = Story::new(
        "Downgrade",
        "The client asks for refresh. The gateway clears the flag: the identity no longer opens. It takes Z out of the Confirm:\nthe client does not accept basic. It puts another Z in: the Confirm is not authentic.",
    );
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm8, 0);
    let initiate = story.call("alice", Mode::Refresh, "open the door");
    story.wake();
    story.note("The gateway clears the flag.");
    let mut cleared = initiate.clone();
    cleared[1] = 0;
    story.forged(Kind::Initiate, &cleared);
    assert_eq!(story.accept(&cleared, Some("opened")), None);
    story.note("The Initiate as it was.");
    let confirm = story.answer(&initiate, "opened");
    story.keep(&confirm, true);
    let z = Confirm::parse(&confirm).expect("a Confirm").z;
    story.note("The gateway takes Z out.");
    let stripped = replace(&confirm, &[&[0x58, 32], z].concat(), &[0x40]);
    story.forged(Kind::Confirm, &stripped);
    story.finish("alice", (1, 0), &stripped);
    story.note("The gateway puts a Z of its own in.");
    let own = dke::Scalar::draw(&mut TestRng::seed("gateway")).expect("a scalar");
    let exchanged = replace(&confirm, z, &RustCrypto::public_key(&own));
    story.forged(Kind::Confirm, &exchanged);
    story.finish("alice", (1, 0), &exchanged);
    story.note("The Confirm as it was.");
    story.finish("alice", (1, 0), &confirm);
    story
}

pub(crate) fn stranger() -> Story {
    let mut story = Story::new(
        "A stranger",
        "mallory has a credential, but the node does not pin it. Then mallory uses the kid of alice, whose key it does not have:\nCT_1 opens, CT_2 does not. The prekey is consumed by neither.",
    );
    story.pinned("alice", b"c1");
    story.stranger("mallory", b"c9");
    story.publish(Suite::AesCcm8, 0);
    let offer = story.lease("mallory").expect("a free prekey");
    story.call_over("mallory", &offer, Mode::Basic, "open the door");
    story.turn_away("opened");
    story.note("mallory takes the kid of alice.");
    story.stranger("mallory", b"c1");
    let initiate = story.initiate("mallory", &offer, Mode::Basic, "open the door").expect("an honest Offer");
    assert_eq!(story.accept(&initiate, Some("opened")), None);
    story
}

/// `message` with the only occurrence of `old` replaced.
fn replace(message: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut at = (0..message.len()).filter(|at| message[*at..].starts_with(old));
    let (Some(at), None) = (at.next(), at.next()) else { panic!("not exactly one occurrence") };
    [&message[..at], new, &message[at + old.len()..]].concat()
}
