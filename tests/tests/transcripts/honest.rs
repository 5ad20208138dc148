//! What happens when all are honest and nothing breaks.

use crate::story::{Story, place};
use dke::{Mode, Suite};

pub(crate) fn suite_2_basic() -> Story {
    let mut story = Story::new(
        "Suite 2, basic",
        "One client, one exchange. The node computes two scalar multiplications and brings nothing fresh.",
    );
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm8, 1);
    story.exchange("alice", Mode::Basic, "open the door", "opened");
    story
}

pub(crate) fn suite_2_refresh() -> Story {
    let mut story = Story::new(
        "Suite 2, refresh",
        "The client asks for refresh: the Confirm carries the node's fresh ephemeral Z.\nThe batch has one prekey, so the path is empty.",
    );
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm8, 0);
    story.exchange("alice", Mode::Refresh, "open the door", "opened");
    story
}

pub(crate) fn suite_3_basic() -> Story {
    let mut story = Story::new(
        "Suite 3, basic",
        "Tags of 16 bytes instead of 8. No early data and no answer data: a ciphertext is nothing but its tag.",
    );
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm16, 1);
    story.exchange("alice", Mode::Basic, "", "");
    story
}

pub(crate) fn suite_3_refresh() -> Story {
    let mut story = Story::new("Suite 3, refresh", "Tags of 16 bytes, a fresh ephemeral, and a path of two hashes.");
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm16, 2);
    story.exchange("alice", Mode::Refresh, "open the door", "opened");
    story
}

pub(crate) fn cwt_client() -> Story {
    let mut story = Story::new(
        "A client with a CWT",
        "The node does not know the client; it pins the authority that vouches for it.\nThe CWT travels inside CT_1, so the gateway learns its size only.",
    );
    story.vouched("carol", b"c3", "lock", 7);
    story.publish(Suite::AesCcm8, 0);
    story.exchange("carol", Mode::Basic, "open the door", "opened");
    story
}

pub(crate) fn node_insists_on_refresh() -> Story {
    let mut story = Story::new(
        "The node insists on refresh",
        "The client asks for basic, the node's policy is refresh: refresh it is, and both ends know it.",
    );
    story.node.insist_on_refresh = true;
    story.pinned("alice", b"c1");
    story.publish(Suite::AesCcm8, 0);
    story.exchange("alice", Mode::Basic, "open the door", "opened");
    story
}

pub(crate) fn two_clients_one_wake_up() -> Story {
    let mut story = Story::new(
        "Two clients, one wake-up",
        "Both initiate while the node sleeps, over prekeys of one batch. The node answers both in one wake-up;\nwhoever calls, the gateway sees messages of the same form and size.",
    );
    story.pinned("alice", b"c1");
    story.pinned("bob", b"c2");
    story.publish(Suite::AesCcm8, 1);
    for (name, early) in [("alice", "open the door"), ("bob", "shut the door")] {
        story.call(name, Mode::Basic, early);
    }
    let waiting = story.wake();
    let confirms: Vec<Vec<u8>> = waiting
        .iter()
        .zip(["opened", "shut"])
        .map(|(initiate, answer)| story.accept(initiate, Some(answer)).expect("an honest Initiate"))
        .collect();
    for (confirm, name) in confirms.iter().zip(["alice", "bob"]) {
        story.keep(confirm, true);
        story.finish(name, place(confirm), confirm);
    }
    story
}

pub(crate) fn next_batch() -> Story {
    let mut story = Story::new(
        "The next batch",
        "An Initiate over the previous batch is still under way when the node publishes the next one, and is accepted.\nAnother one comes two batches late: its prekey has been erased with its batch.",
    );
    story.pinned("alice", b"c1");
    story.pinned("bob", b"c2");
    story.publish(Suite::AesCcm8, 1);
    let offer = story.lease("alice").expect("a free prekey");
    let in_time = story.initiate("alice", &offer, Mode::Basic, "open the door").expect("an honest Offer");
    let offer = story.lease("bob").expect("a free prekey");
    let late = story.initiate("bob", &offer, Mode::Basic, "shut the door").expect("an honest Offer");
    story.publish(Suite::AesCcm8, 0);
    story.queue("alice", &in_time);
    story.serve("alice", "opened");
    story.publish(Suite::AesCcm8, 0);
    story.queue("bob", &late);
    story.turn_away("shut");
    story
}
