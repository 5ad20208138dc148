//! One situation for all targets, in which every party waits for a message, and the seeds: messages that are right there.

#[path = "../../src/harness.rs"]
pub mod harness;
#[path = "../../src/memory_store.rs"]
pub mod memory_store;

use dke::{Mode, Suite};
use harness::{Identity, TestClient, TestNode, offer};

/// The parties before any message arrives, and the messages that are on their way.
pub struct Situation {
    /// Has published one batch of four; no prekey is used.
    pub node: TestNode,
    /// Pinned by the node; has seen nothing.
    pub fresh: TestClient,
    /// Has exchanges pending over prekeys 0 (asked for basic) and 1 (refresh).
    pub waiting: TestClient,
    /// Vouched for by `authority`.
    pub vouched: TestClient,
    /// Pinned by the node.
    pub authority: Identity,
    /// Of the node.
    pub publication: Vec<u8>,
    /// Over prekeys 0, 1 and, with a CWT, 2.
    pub initiates: [Vec<u8>; 3],
    /// To the first two.
    pub confirms: [Vec<u8>; 2],
}

impl Situation {
    /// Always the same.
    pub fn new(suite: Suite) -> Self {
        let authority = Identity::new("owner", b"a1");
        let mut node = TestNode::new("lock", b"n1");
        let fresh = TestClient::new("alice", b"c1", &node.identity);
        let mut vouched = TestClient::new("carol", b"c3", &node.identity);
        vouched.cwt = Some(authority.issue(&vouched.identity, "lock", 7));
        node.clients.push(fresh.identity.bytes().to_vec());
        node.authorities.push(authority.bytes().to_vec());
        let publication = node.publish(suite, 2).expect("a sound store");
        let offers = offers(&node, &publication);

        let mut waiting = fresh.clone();
        let (basic, _) = waiting.initiate(&offers[0], Mode::Basic, b"early").expect("an honest Offer");
        let (refresh, _) = waiting.initiate(&offers[1], Mode::Refresh, b"").expect("an honest Offer");
        let (cwt, _) = vouched.clone().initiate(&offers[2], Mode::Refresh, b"early").expect("an honest Offer");
        let mut answering = node.clone();
        let confirms = [(&basic, b"answer".as_slice()), (&refresh, b"")]
            .map(|(initiate, answer)| answering.answer(initiate, answer).expect("an honest Initiate").0);
        Situation { node, fresh, waiting, vouched, authority, publication, initiates: [basic, refresh, cwt], confirms }
    }
}

fn offers(node: &TestNode, publication: &[u8]) -> Vec<Vec<u8>> {
    (0..4).map(|index| offer(publication, node.identity.credential().hash(), index)).collect()
}

/// Target, name and bytes of each seed.
pub fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for suite in [Suite::AesCcm8, Suite::AesCcm16] {
        let situation = Situation::new(suite);
        let node = &situation.node;
        let prefix = format!("suite{}", suite.id());
        seeds.push(("publication", prefix.clone(), situation.publication.clone()));
        for (index, offer) in offers(node, &situation.publication).into_iter().enumerate() {
            seeds.push(("offer", format!("{prefix}-index{index}"), offer));
        }
        for (name, initiate) in ["basic", "refresh", "cwt"].into_iter().zip(situation.initiates) {
            seeds.push(("initiate", format!("{prefix}-{name}"), initiate));
        }
        for (name, confirm) in ["basic", "refresh"].into_iter().zip(situation.confirms) {
            seeds.push(("confirm", format!("{prefix}-{name}"), confirm));
        }
    }
    let Situation { node, fresh, vouched, authority, .. } = Situation::new(Suite::AesCcm8);
    let longest = Identity::new(&"s".repeat(64), &[b'k'; 16]);
    for (name, identity) in [("node", &node.identity), ("client", &fresh.identity), ("longest", &longest)] {
        seeds.push(("credential", name.to_owned(), identity.bytes().to_vec()));
    }
    for (name, audience, epoch_max) in [("good", "lock", 7), ("audience", "gate", 7), ("ended", "lock", 0)] {
        seeds.push(("cwt", name.to_owned(), authority.issue(&vouched.identity, audience, epoch_max)));
    }
    seeds.push(("cwt", "authority".to_owned(), Identity::new("other", b"a2").issue(&vouched.identity, "lock", 7)));
    seeds
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn the_committed_seeds_are_these() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
        let mut expected = BTreeSet::new();
        for (target, name, bytes) in super::seeds() {
            let path = root.join(target).join(name);
            assert_eq!(std::fs::read(&path).expect("a seed"), bytes, "{}", path.display());
            expected.insert(path);
        }
        let found: BTreeSet<_> = std::fs::read_dir(&root)
            .expect("seeds")
            .flat_map(|target| std::fs::read_dir(target.expect("a target").path()).expect("a directory"))
            .map(|seed| seed.expect("a seed").path())
            .collect();
        assert_eq!(found, expected);
    }
}
