//! G2 to G4.

use crate::forge::world;
use dke::crypto::Hash;
use dke::gateway::{Queued, Shelf, Slot, check_confirm, check_initiate, check_token, offer};
use dke::message::Publication;
use dke::params::OFFER_MAX;
use dke::{Depth, Misuse, Mode, Reject};

struct OneShelf<'a> {
    slots: [Slot<'a>; 2],
    room: bool,
}

impl Shelf for OneShelf<'_> {
    fn depth(&self, epoch: u64) -> Option<Depth> {
        (epoch == 1).then(|| Depth::new(1).unwrap())
    }
    fn slot(&self, _: u64, index: u8) -> Slot<'_> {
        self.slots[usize::from(index)]
    }
    fn has_room(&self) -> bool {
        self.room
    }
}

#[test]
fn gateway() {
    let (mut world, _) = world();
    let (first, _) = world.initiate(&world.offer(0), Mode::Basic, false, b"").unwrap();
    let (second, _) = world.initiate(&world.offer(0), Mode::Basic, false, b"").unwrap();
    let (confirm, _) = world.answer(&first, b"").unwrap();
    let mut shelf = OneShelf { slots: [Slot::Free, Slot::Free], room: true };
    assert_eq!(check_initiate(&first, &shelf), Err(Reject::NotOffered));
    assert_eq!(check_confirm(&confirm, &shelf), Err(Reject::NotOffered));
    shelf.slots[0] = Slot::Leased;
    assert_eq!(check_initiate(&first, &shelf), Ok(Queued::New { epoch: 1, index: 0 }));
    assert_eq!(check_confirm(&confirm, &shelf), Err(Reject::NotOffered));
    shelf.room = false;
    assert_eq!(check_initiate(&first, &shelf), Err(Reject::QueueFull));
    shelf.slots[0] = Slot::Taken(&first);
    assert_eq!(check_initiate(&first, &shelf), Ok(Queued::Same { epoch: 1, index: 0 }));
    assert_eq!(check_initiate(&second, &shelf), Err(Reject::IndexTaken));
    assert_eq!(check_confirm(&confirm, &shelf), Ok((1, 0)));
    for (position, value, reject) in [(2, 2, Reject::EpochUnknown), (3, 2, Reject::IndexOutOfRange)] {
        let mut bad = first.clone();
        bad[position] = value;
        assert_eq!(check_initiate(&bad, &shelf), Err(reject));
        let mut bad = confirm.clone();
        bad[position - 1] = value;
        assert_eq!(check_confirm(&bad, &shelf), Err(reject));
    }
    let node = world.node.credential();
    let mut out = [0; OFFER_MAX];
    assert_eq!(offer(&world.publication, node.hash(), 2, &mut out), Err(Reject::IndexOutOfRange.into()));
    assert_eq!(offer(&world.publication, node.hash(), 0, &mut out[..9]), Err(Misuse::BufferTooSmall.into()));
    let token = world.node_store.batches[&1].0.token;
    let newest = Publication::parse(&world.publication).unwrap().batch.header(node.hash()).unwrap();
    assert_eq!(check_token(&token, &newest.mailbox), Ok(()));
    assert_eq!(check_token(&token[1..], &newest.mailbox), Err(Reject::WrongToken));
    let other: Hash = [0; 32];
    assert_eq!(offer(&world.publication, &other, 0, &mut out), Err(Reject::WrongNode.into()));
}
