//! What happens when something runs out, breaks or gets lost.

use crate::story::Story;
use dke::{Mode, Suite};
use dke_tests::memory_store::{Fault, MemoryNodeStore};

pub(crate) fn exhausted_batch() -> Story {
    let mut story = Story::new(
        "Exhausted batch",
        "One prekey, two clients. The second one has to wait for the next wake-up: no prekey serves twice.",
    );
    story.pinned("alice", b"c1");
    story.pinned("bob", b"c2");
    story.publish(Suite::AesCcm8, 0);
    let offer = story.lease("alice").expect("a free prekey");
    assert_eq!(story.lease("bob"), None);
    story.call_over("alice", &offer, Mode::Basic, "open the door");
    story.serve("alice", "opened");
    story.publish(Suite::AesCcm8, 0);
    story.exchange("bob", Mode::Basic, "shut the door", "shut");
    story
}

pub(crate) fn crash_before_confirm() -> Story {
    let mut story = Story::new(
        "Crash between acceptance and Confirm",
        "The node loses power after N2 and before N3. The exchange is lost, and its prekey stays erased:\nthe repeated Initiate is rejected, the client begins anew over another prekey.",
    );
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm8, 1);
    let initiate = story.call("alice", Mode::Basic, "open the door");
    for initiate in story.wake() {
        assert_eq!(story.accept(&initiate, None), None);
    }
    story.note("lock loses power. What was not in its store is gone.");
    story.node.store = MemoryNodeStore::restore(story.node.store.snapshot());
    story.note("The gateway gives lock the Initiate once more.");
    assert_eq!(story.accept(&initiate, Some("opened")), None);
    story.exchange("alice", Mode::Basic, "open the door", "opened");
    story
}

pub(crate) fn lost_confirm() -> Story {
    let mut story = Story::new(
        "Lost Confirm and its repetition",
        "The Confirm does not reach the gateway. The node loses power, is given the Initiate once more at the next wake-up,\nand sends the stored Confirm again, byte for byte: no second acceptance, no second key.",
    );
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm8, 0);
    let initiate = story.call("alice", Mode::Refresh, "open the door");
    for initiate in story.wake() {
        story.answer(&initiate, "opened");
    }
    story.note("The Confirm is lost on its way, and lock loses power.");
    story.node.store = MemoryNodeStore::restore(story.node.store.snapshot());
    story.note("The gateway, which has no Confirm, gives lock the Initiate once more.");
    let confirm = story.answer(&initiate, "never said");
    story.carry_back("alice", &confirm);
    story
}

pub(crate) fn store_breaks_at_erasure() -> Story {
    let mut story = Story::new(
        "The store breaks at the erasure",
        "The node cannot persist the erasure of y (the fifth operation of N2): the Initiate is not accepted and its early data is\nnot given out. When the store works again, the same Initiate is accepted.",
    );
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm8, 0);
    let initiate = story.call("alice", Mode::Basic, "open the door");
    story.wake();
    story.node.store.faults.inject(Fault::Before(4));
    story.note("lock's store breaks.");
    assert_eq!(story.accept(&initiate, Some("opened")), None);
    assert_eq!(story.node.store.faults.operations(), 5);
    story.node.store.faults.mend();
    story.note("lock's store works again.");
    let confirm = story.answer(&initiate, "opened");
    story.carry_back("alice", &confirm);
    story
}
