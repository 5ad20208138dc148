//! The stores of fixed capacity against the traits' rules.

mod common;

use common::{Identity, NOW, TestRng};
use dke::client::{AWAITING, Client, Request};
use dke::gateway::offer;
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::ram::{Full, RamClient, RamNode};
use dke::store::{Batch, ClientStore, NodeStore, Pending, Pins};
use dke::{Depth, Mode, Scalar, Suite};

fn put(store: &mut RamNode<2, 4>, epoch: u64) {
    let y = Scalar::draw(&mut TestRng::new(epoch)).unwrap();
    store.begin_batch(epoch).unwrap();
    for index in 0..2 {
        store.put_prekey(epoch, index, &y, &[index; 32]).unwrap();
        assert!(store.prekey(epoch, index).unwrap().is_none(), "not before it is committed");
    }
    assert!(store.batch(epoch).unwrap().is_none());
    store.commit_batch(epoch, &Batch::new(&[u8::try_from(epoch).unwrap()], [0; 16]).unwrap()).unwrap();
    store.put_confirm(epoch, 0, &[7; 32], b"confirm").unwrap();
}

#[test]
fn two_batches_are_kept_with_their_confirms() {
    let mut store = RamNode::<2, 4>::new();
    for epoch in 1..=6 {
        put(&mut store, epoch);
        assert_eq!(store.last_epoch(), Ok(epoch));
        for old in 0..=7 {
            let kept = (old == epoch || old + 1 == epoch) && old > 0;
            assert_eq!(store.batch(old).unwrap().is_some_and(|batch| u64::from(batch.header()[0]) == old), kept);
            for index in 0..3 {
                let found = store.prekey(old, index).unwrap().map(|prekey| prekey.public);
                assert_eq!(found, (kept && index < 2).then_some([index; 32]), "{old}/{index} after {epoch}");
            }
            let sent = store.confirm(old, 0, &[7; 32], &mut [0; CONFIRM_MAX]).unwrap();
            assert_eq!(sent, kept.then_some(7), "Confirm {old} after {epoch}");
        }
        assert_eq!(store.confirm(epoch, 1, &[7; 32], &mut [0; CONFIRM_MAX]), Ok(None));
        assert_eq!(store.confirm(epoch, 0, &[8; 32], &mut [0; CONFIRM_MAX]), Ok(None));
    }
    store.erase_prekey(5, 1).unwrap();
    let erased = |epoch, index| store.prekey(epoch, index).unwrap().unwrap().secret.is_none();
    assert_eq!([erased(5, 0), erased(5, 1), erased(6, 0), erased(6, 1)], [false, true, false, false]);
    store.drop_confirm(5, 1).unwrap();
    store.drop_confirm(6, 0).unwrap();
    let kept = |epoch| store.confirm(epoch, 0, &[7; 32], &mut [0; CONFIRM_MAX]).unwrap().is_some();
    assert_eq!([kept(5), kept(6)], [true, false]);
    assert_eq!(store.put_prekey(7, 2, &Scalar::draw(&mut TestRng::new(1)).unwrap(), &[0; 32]), Err(Full));
}

#[test]
fn each_node_has_its_own_highest_epoch() {
    let mut store = RamClient::<2, 3>::new();
    let mut begin = |exchange: u8, node: u8, epoch| {
        let state = [exchange; AWAITING];
        let (exchange, node) = (&[exchange; 32], &[node; 32]);
        store.begin(&Pending { exchange, node, epoch, index: 0, state: &state, initiate: &[] })
    };
    // The last one is over the same prekey as the first.
    assert_eq!([begin(1, 1, 5), begin(2, 2, 9), begin(3, 1, 5)], [Ok(()), Ok(()), Ok(())]);
    assert_eq!(begin(4, 1, 6), Err(Full));
    assert_eq!([1, 2, 3].map(|node| store.highest_epoch(&[node; 32])), [Ok(5), Ok(9), Ok(0)]);
    let pending = |store: &RamClient<2, 3>| [1, 2, 3, 4].map(|one| store.pending(&[one; 32]) == Some(&[one; AWAITING]));
    assert_eq!(pending(&store), [true, true, true, false]);
    store.end(&[4; 32]).unwrap();
    assert_eq!(pending(&store), [true, true, true, false]);
    store.end(&[1; 32]).unwrap();
    assert_eq!(pending(&store), [false, true, true, false]);
}

#[test]
fn full_stores_say_so() {
    let (node_id, client_id) = (Identity::new("node", b"n", 1), Identity::new("client", b"c", 2));
    let other = Identity::new("other", b"o", 3);
    let mut rng = TestRng::new(4);
    let mut out = vec![0; PUBLICATION_MAX];
    let mut publish = |store: &mut RamNode<2, 0>, id: &Identity, depth: u64| {
        let plan = Plan { suite: Suite::AesCcm8, depth: Depth::new(depth).unwrap(), not_after: NOW };
        let node: Node<'_> = Node::new(id.credential(), &id.key, false);
        node.publish(store, &plan, &mut rng, &mut out).map(|len| out[..len].to_vec())
    };
    let mut store = RamNode::new();
    assert_eq!(publish(&mut store, &node_id, 2), Err(dke::Error::Storage(Full)));
    let publication = publish(&mut store, &node_id, 1).unwrap();
    let elsewhere = publish(&mut RamNode::new(), &other, 1).unwrap();

    let mut client_store = RamClient::<1, 1>::new();
    let credential = client_id.credential();
    let client: Client<'_> = Client::pinned(&credential, &client_id.key);
    let mut rng = TestRng::new(5);
    let mut begin = |id: &Identity, publication: &[u8], index: u8, initiate: &mut [u8]| {
        let (mut offered, node) = ([0; OFFER_MAX], id.credential());
        let len = offer(publication, node.hash(), index, &mut offered).unwrap();
        let request = Request { mode: Mode::Basic, early_data: &[], now: NOW };
        client.initiate(&mut client_store, &node, &offered[..len], &request, &mut rng, initiate).map(|begun| begun.len)
    };
    let mut initiate = [0; INITIATE_MAX];
    let len = begin(&node_id, &publication, 0, &mut initiate).unwrap();
    let mut next = [1; INITIATE_MAX];
    assert_eq!(begin(&node_id, &publication, 1, &mut next), Err(dke::Error::Storage(Full)));
    assert_eq!(next, [0; INITIATE_MAX]);
    assert_eq!(begin(&other, &elsewhere, 0, &mut next), Err(dke::Error::Storage(Full)));

    let clients = [credential];
    let pins = Pins::new(&clients, &[]).unwrap();
    let node: Node<'_> = Node::new(node_id.credential(), &node_id.key, false);
    let mut buffer = [0; CONFIRM_MAX];
    let Incoming::Accepted(accepted) = node.accept(&mut store, &pins, &initiate[..len], &mut buffer).unwrap() else {
        panic!()
    };
    let mut confirm = [0; CONFIRM_MAX];
    let failed = common::error(accepted.confirm(&mut store, &[], &mut TestRng::new(6), &mut confirm));
    assert_eq!(failed.error, dke::Error::Storage(Full));
    assert_eq!(Full.to_string(), "The store is full.");
}
