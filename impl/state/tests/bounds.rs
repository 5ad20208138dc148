//! What a directory keeps is bounded, and what is stored can be read again. PROTOCOL.md section 18.6.

use dke::client::AWAITING;
use dke::store::{ClientStore as _, Pending};
use dke_state::{ClientDir, Error, Hex, Identity, Locked, MemoryDisk, NodeDir, PENDING_MAX, Role};
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

#[test]
fn pending_exchanges_are_bounded_and_none_is_dropped() {
    let disk = disk(Role::Client);
    let mut dir = ClientDir::open(lock(&disk)).unwrap();
    let mut begin = |number: usize| {
        let exchange = std::array::from_fn(|place| number.to_be_bytes()[place % 8]);
        let (node, state) = (&[1; 32], &[0; AWAITING]);
        dir.begin(&Pending { exchange: &exchange, node, epoch: 1, index: 0, state, initiate: b"initiate" })
    };
    for number in 0..PENDING_MAX {
        begin(number).unwrap();
    }
    assert!(matches!(begin(PENDING_MAX), Err(Error::TooManyPending(PENDING_MAX))));
    drop(dir);
    assert_eq!(ClientDir::open(lock(&disk)).unwrap().state.pending.len(), PENDING_MAX);
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
