//! What a directory keeps is bounded, and what is stored can be read again. PROTOCOL.md section 18.6.

use dke::client::AWAITING;
use dke::store::{ClientStore as _, Pending};
use dke_app::exchange::{Asked, Stage};
use dke_app::request::Protection;
use dke_state::{
    AWAITING_MAX, AskedState, ClientDir, Error, Hex, HexN, Identity, Locked, MemoryDisk, NodeDir, PENDING_MAX, Role,
};
use rand_core::OsRng;
use std::sync::Arc;

fn lock(disk: &MemoryDisk) -> Locked {
    Locked::on(Arc::new(disk.clone())).unwrap()
}

fn disk(role: Role) -> MemoryDisk {
    let disk = MemoryDisk::new();
    Identity::draw(Some(role), "anna", b"anna", &mut OsRng).unwrap().store(&lock(&disk)).unwrap();
    disk
}

/// A node that is gone, or whose gateway keeps its Confirms back, leaves room for others.
#[test]
fn pending_exchanges_are_bounded_and_shared_between_nodes() {
    let disk = disk(Role::Client);
    let mut dir = ClientDir::open(lock(&disk)).unwrap();
    let mut number = 0_usize;
    let mut begin = |node: u8| {
        number += 1;
        let exchange = std::array::from_fn(|place| number.to_be_bytes()[place % 8]);
        let (node, state) = (&[node; 32], &[0; AWAITING]);
        dir.begin(&Pending { exchange: &exchange, node, epoch: 1, index: 0, state, initiate: b"initiate" })
    };
    let mut fill = |node| std::iter::from_fn(|| begin(node).ok()).count();
    assert_eq!((fill(1), fill(2)), (PENDING_MAX / 2, PENDING_MAX / 4));
    // One each for those who have none, until nothing is left.
    let others: usize = (3..=255).map(&mut fill).sum();
    assert_eq!(others, PENDING_MAX / 4);
    assert!(matches!(begin(1), Err(Error::TooManyPending(held)) if held == PENDING_MAX / 2));
    drop(dir);
    assert_eq!(ClientDir::open(lock(&disk)).unwrap().state.pending.len(), PENDING_MAX);
}

#[test]
fn requests_that_wait_are_shared_between_nodes() {
    let disk = disk(Role::Client);
    let mut dir = ClientDir::open(lock(&disk)).unwrap();
    for node in [1, 2] {
        let (exchange, state) = (&[node; 32], &[0; AWAITING]);
        dir.begin(&Pending { exchange, node: &[node; 32], epoch: 1, index: 0, state, initiate: b"initiate" }).unwrap();
    }
    let mut fill = |node: u8| {
        let place = dir.state.pending.iter().position(|one| one.node.0 == [node; 32]).unwrap();
        let mut held = 0;
        while dir.has_room_for_request(|one| *one == [node; 32]).is_ok() {
            let asked = Asked { stage: Stage::Early, protection: Protection::Oscore, sequence: held };
            let message = Hex(Vec::new());
            dir.state.pending[place].protected.awaiting.push(AskedState { id: HexN([0; 8]), asked, message });
            held += 1;
        }
        held
    };
    assert_eq!((fill(1), fill(2)), (AWAITING_MAX as u64 / 2, AWAITING_MAX as u64 / 4));
}

#[test]
fn a_state_that_could_not_be_read_again_is_not_written() {
    let disk = disk(Role::Node);
    let mut dir = NodeDir::open(lock(&disk)).unwrap();
    dir.state.last_epoch = 7;
    dir.save().unwrap();
    dir.state.requests.clear();
    dir.state.clients.push(Hex(vec![0; 40 << 20]));
    assert!(matches!(dir.save(), Err(Error::TooLarge(_))));
    drop(dir);
    let mut dir = NodeDir::open(lock(&disk)).unwrap();
    assert_eq!((dir.state.last_epoch, dir.state.clients.len()), (7, 0));
    dir.save().unwrap();
}
