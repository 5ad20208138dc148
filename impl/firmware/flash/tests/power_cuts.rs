//! The store on an emulated flash whose power fails at every word and page of every operation, in turn.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by a panic")]

use dke::crypto::Hash;
use dke::params::CONFIRM_MAX;
use dke::store::{Batch, NodeStore};
use dke::{Crypto, RustCrypto, Scalar};
use dke_flash::cut::{PowerCut, PowerLost, RawFlash};
use dke_flash::{CAPACITY, Fault, FlashStore, PAGE, PAGES};

#[derive(Clone)]
struct Memory(Vec<u8>);

impl RawFlash for Memory {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

type Store = FlashStore<PowerCut<Memory>>;
type Done = Result<(), Fault<PowerLost>>;

fn blank() -> Memory {
    Memory(vec![u8::MAX; PAGES * PAGE])
}

fn mount(memory: Memory) -> Store {
    FlashStore::mount(PowerCut::new(memory)).unwrap()
}

fn y(epoch: u64, index: u8) -> Scalar {
    Scalar::from_bytes(&[1 + index + 16 * (epoch as u8 & 7); 32]).unwrap()
}

fn public(epoch: u64, index: u8) -> [u8; 32] {
    RustCrypto::sha256(&[epoch as u8, index])
}

const INITIATE: Hash = [5; 32];

fn confirm_bytes(epoch: u64, index: u8) -> Vec<u8> {
    vec![epoch as u8 ^ index; CONFIRM_MAX - usize::from(index)]
}

fn batch(epoch: u64) -> Batch {
    Batch::new(&[epoch as u8; 100], [9; 16]).unwrap()
}

/// Of one prekey: is y there, and the Confirm.
type Place = (bool, Option<Vec<u8>>);

/// What a store says of everything that it may hold.
#[derive(Clone, Debug, PartialEq)]
struct View {
    last: u64,
    /// By epoch.
    batches: Vec<(u64, Vec<Place>)>,
}

fn view(store: &Store) -> View {
    let last = store.last_epoch().unwrap();
    let mut batches = Vec::new();
    for epoch in last.saturating_sub(3)..=last + 1 {
        let Some(kept) = store.batch(epoch).unwrap() else {
            assert!(store.prekey(epoch, 0).unwrap().is_none());
            continue;
        };
        assert_eq!((kept.header(), kept.token), (batch(epoch).header(), [9; 16]));
        let prekeys = (0..CAPACITY as u8).map(|index| {
            let prekey = store.prekey(epoch, index).unwrap().unwrap();
            assert_eq!(prekey.public, public(epoch, index));
            if let Some(secret) = &prekey.secret {
                assert_eq!(secret.expose(), y(epoch, index).expose());
            }
            let mut out = [0; CONFIRM_MAX];
            assert_eq!(store.confirm(epoch, index, &[6; 32], &mut out).unwrap(), None, "another Initiate's");
            let confirm =
                store.confirm(epoch, index, &INITIATE, &mut out).unwrap().map(|length| out[..length].to_vec());
            assert!(confirm.as_ref().is_none_or(|confirm| *confirm == confirm_bytes(epoch, index)));
            (prekey.secret.is_some(), confirm)
        });
        batches.push((epoch, prekeys.collect()));
    }
    View { last, batches }
}

fn publish(store: &mut Store, epoch: u64) -> Done {
    store.begin_batch(epoch)?;
    for index in 0..CAPACITY as u8 {
        store.put_prekey(epoch, index, &y(epoch, index), &public(epoch, index))?;
    }
    store.commit_batch(epoch, &batch(epoch))
}

fn confirm(store: &mut Store, epoch: u64, index: u8) -> Done {
    store.put_confirm(epoch, index, &INITIATE, &confirm_bytes(epoch, index))
}

/// Cuts power at each word of `operation`, with several patterns of torn bits; `allowed` judges the view afterwards,
/// besides that before and that without a cut. Returns the memory when all went well.
fn at_every_word(
    before: Memory,
    operation: impl Fn(&mut Store) -> Done,
    allowed: impl Fn(&View, &View) -> bool,
) -> Memory {
    let old = view(&mount(before.clone()));
    let mut whole = mount(before.clone());
    operation(&mut whole).unwrap();
    let new = view(&whole);
    for words in 0.. {
        let mut cut = false;
        for seed in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX, 0x5555 << 17] {
            let mut store = mount(before.clone());
            store.flash().cut_after(words, seed);
            let Err(fault) = operation(&mut store) else { continue };
            assert_eq!(fault, Fault::Driver(PowerLost));
            cut = true;
            let mut store = mount(store.into_flash().into_inner());
            let after = view(&store);
            assert!(after == old || after == new || allowed(&old, &after), "{words}, {seed:x}: {after:?}");
            // It can be done, or done again, and ends in the same state.
            if after != new {
                operation(&mut store).unwrap_or_else(|fault| assert!(matches!(fault, Fault::Worn)));
            }
        }
        if !cut {
            return whole.into_flash().into_inner();
        }
    }
    unreachable!("an operation ends")
}

/// Nothing may be allowed but the state before or after.
fn atomic(_: &View, _: &View) -> bool {
    false
}

#[test]
fn every_operation_is_done_or_not_whatever_word_is_torn() {
    let never_lower = |old: &View, after: &View| {
        // While the batch before the previous one is erased, it is there in part; nothing else changes.
        after.last == old.last && after.batches.last() == old.batches.last()
    };
    let mut memory = blank();
    for epoch in 1..=4 {
        memory = at_every_word(memory, |store| publish(store, epoch), never_lower);
        memory = at_every_word(memory, |store| store.erase_prekey(epoch, 3), atomic);
        memory = at_every_word(memory, |store| confirm(store, epoch, 3), atomic);
        memory = at_every_word(memory, |store| store.erase_prekey(epoch, 0), atomic);
        memory = at_every_word(memory, |store| confirm(store, epoch, 0), atomic);
        memory = at_every_word(memory, |store| store.drop_confirm(epoch, 3), atomic);
        let prekeys = view(&mount(memory.clone())).batches.pop().unwrap().1;
        assert_eq!((prekeys[0].0, prekeys[3].0, prekeys[1].0), (false, false, true));
        assert_eq!((&prekeys[0].1, &prekeys[3].1), (&Some(confirm_bytes(epoch, 0)), &None));
    }
    assert_eq!(view(&mount(memory)).batches.len(), 2);
}

#[test]
fn after_the_next_start_nothing_of_a_torn_y_is_left() {
    let mut store = mount(blank());
    publish(&mut store, 1).unwrap();
    let before = store.into_flash().into_inner();
    let at = before.0.windows(32).position(|bytes| bytes == y(1, 2).expose()).unwrap();
    for words in 0..4 {
        let mut store = mount(before.clone());
        store.flash().cut_after(words, 0x1357_9bdf);
        store.erase_prekey(1, 2).unwrap_err();
        let torn = store.into_flash().into_inner();
        assert!(torn.0[at..at + 32].iter().any(|byte| *byte != 0), "not torn");
        let mended = mount(torn).into_flash().into_inner();
        assert_eq!(mended.0[at..at + 40], [0; 40]);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut store = mount(blank());
    publish(&mut store, 1).unwrap();
    assert_eq!(store.put_prekey(2, CAPACITY as u8, &y(2, 0), &public(2, 0)), Err(Fault::Full));
    assert_eq!(store.put_confirm(1, 0, &INITIATE, &[0; CONFIRM_MAX + 1]), Err(Fault::Full));
    assert_eq!(store.put_confirm(1, CAPACITY as u8, &INITIATE, &[0]), Err(Fault::Full));
}

#[test]
fn worn_flash_is_noticed() {
    let mut store = mount(blank());
    publish(&mut store, 1).unwrap();
    assert_eq!(confirm(&mut store, 1, 0), Ok(()));
    assert_eq!(store.put_confirm(1, 0, &[0xff; 32], &[0xff; 9]), Err(Fault::Worn));
}
