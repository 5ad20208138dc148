//! Whole exchanges between honest parties, and what repetition, restarts and crashes do to them.

mod common;

use common::{Broken, NOW, World, accepted, error};
use dke::client::AwaitingConfirm;
use dke::gateway::{Known, Verified, verify_publication};
use dke::node::{Incoming, Node};
use dke::params::{CONFIRM_MAX, PUBLICATION_MAX};
use dke::{Error, Misuse, Mode, Reject, RustCrypto, Suite};

#[test]
fn every_combination_agrees() {
    for suite in [Suite::AesCcm8, Suite::AesCcm16] {
        for mode in [Mode::Basic, Mode::Refresh] {
            for vouched in [false, true] {
                for length in [0, 1, 1024] {
                    agree(suite, mode, vouched, length);
                }
            }
        }
    }
}

fn agree(suite: Suite, mode: Mode, vouched: bool, length: usize) {
    let mut world = World::new();
    world.publish(suite, 2);
    world.pin_client = !vouched;
    let early = vec![7; length];
    let answer = vec![9; length];
    let (initiate, awaiting) = world.initiate(&world.offer(3), mode, vouched, &early).unwrap();
    let early_fingerprint = awaiting.early_secret().fingerprint();
    let (confirm, node) = world
        .accept(&initiate, |incoming, store, rng| {
            let accepted = accepted(incoming);
            assert_eq!(accepted.early_data(), early);
            assert_eq!(accepted.early_secret().fingerprint(), early_fingerprint);
            assert_eq!((accepted.peer().kid(), accepted.peer().subject()), (b"c1".as_slice(), "client-1"));
            assert_eq!((accepted.peer().vouched(), accepted.mode(), accepted.suite()), (vouched, mode, suite));
            assert_eq!((accepted.epoch(), accepted.index()), (1, 3));
            assert!(store.batches[&1].1[&3].0.is_none(), "erased before anything is given out");
            let mut out = [0; CONFIRM_MAX];
            let confirmed = accepted.confirm(store, &answer, rng, &mut out).unwrap();
            (out[..confirmed.len].to_vec(), confirmed.session)
        })
        .unwrap();
    let (received, client) = world.finish(awaiting, &confirm).ok().unwrap();
    assert_eq!(received, answer);
    assert_eq!(client.secret.expose(), node.secret.expose());
    assert_eq!((client.mode, client.suite, client.epoch, client.index), (mode, suite, 1, 3));
    assert_ne!(client.secret.fingerprint(), early_fingerprint);
    assert!(world.client_store.pending.is_empty());
}

#[test]
fn publication_is_verified_and_made_again() {
    for depth in 0..=8 {
        let mut world = World::new();
        world.publish(Suite::AesCcm8, depth);
        let node = world.node.credential();
        let known = Known { publications: &[], highest_epoch: 0 };
        let verified = verify_publication::<RustCrypto>(&world.publication, &node, &known, NOW).unwrap();
        assert!(matches!(verified, Verified::New(header, _) if u64::from(header.depth.get()) == depth));
        let known = Known { publications: &[&world.publication], highest_epoch: 1 };
        let verified = verify_publication::<RustCrypto>(&world.publication, &node, &known, NOW).unwrap();
        assert!(matches!(verified, Verified::Same(_)));
        let known = Known { publications: &[], highest_epoch: 1 };
        let rejected = verify_publication::<RustCrypto>(&world.publication, &node, &known, NOW);
        assert_eq!(rejected.unwrap_err(), Reject::EpochRollback);

        let mut again = [0; PUBLICATION_MAX];
        let len = Node::new(node, &world.node.key, false).republish(&world.node_store, &mut again).unwrap();
        assert_eq!(again[..len], world.publication);
        let last = u8::try_from((1u16 << depth) - 1).unwrap();
        world.initiate(&world.offer(last), Mode::Basic, false, b"").unwrap();
    }
}

#[test]
fn repeated_initiate_finds_its_confirm_until_acknowledged() {
    let mut world = World::new();
    world.publish(Suite::AesCcm8, 0);
    let (initiate, _) = world.initiate(&world.offer(0), Mode::Refresh, false, b"open").unwrap();
    let (confirm, _) = world.answer(&initiate, b"done").unwrap();
    world
        .accept(&initiate, |incoming, _, _| {
            assert!(matches!(incoming, Incoming::Repeated(again) if again == confirm));
        })
        .unwrap();
    // Another Initiate over the same prekey finds nothing.
    let (other, _) = world.initiate(&world.offer(0), Mode::Refresh, false, b"open").unwrap();
    assert_eq!(error(world.answer(&other, b"")), Reject::PrekeyConsumed.into());
    let node: Node<'_> = Node::new(world.node.credential(), &world.node.key, false);
    node.acknowledged(&mut world.node_store, 1, 0).unwrap();
    assert_eq!(error(world.answer(&initiate, b"")), Reject::PrekeyConsumed.into());
}

#[test]
fn refresh_is_not_downgraded() {
    let mut world = World::new();
    world.publish(Suite::AesCcm8, 1);
    let (initiate, awaiting) = world.initiate(&world.offer(0), Mode::Refresh, false, b"").unwrap();
    let mut stripped = world.answer(&initiate, b"").unwrap().0;
    let z = 1 + 1 + 1;
    stripped.splice(z..z + 34, [0x40]);
    let (awaiting, error) = world.finish(awaiting, &stripped).err().unwrap();
    assert_eq!(error, Reject::Downgrade.into());
    // Basic with the flag turned on the way: the identity does not open.
    let mut turned = initiate.clone();
    turned[1] = 0;
    let (other, _) = world.initiate(&world.offer(1), Mode::Refresh, false, b"").unwrap();
    let mut other = other;
    other[1] = 0;
    assert_eq!(common::error(world.answer(&other, b"")), Reject::IdentityNotAuthentic.into());
    drop(awaiting);
}

#[test]
fn node_may_insist_on_refresh() {
    let mut world = World::new();
    world.insist = true;
    world.publish(Suite::AesCcm8, 0);
    let (initiate, awaiting) = world.initiate(&world.offer(0), Mode::Basic, false, b"").unwrap();
    let (confirm, node) = world.answer(&initiate, b"").unwrap();
    let (_, client) = world.finish(awaiting, &confirm).ok().unwrap();
    assert_eq!((node.mode, client.mode), (Mode::Refresh, Mode::Refresh));
    assert_eq!(client.secret.expose(), node.secret.expose());
}

#[test]
fn two_exchanges_over_one_prekey_are_told_apart() {
    let mut world = World::new();
    world.publish(Suite::AesCcm8, 1);
    // The lease ran out before the first Initiate was sent, and the same client got the same Offer again.
    let offer = world.offer(0);
    let (first, lost) = world.initiate(&offer, Mode::Basic, false, b"").unwrap();
    let (second, awaiting) = world.initiate(&offer, Mode::Basic, false, b"").unwrap();
    let kept: Vec<_> = world.client_store.pending.values().map(|one| one.initiate.clone()).collect();
    assert!(kept.len() == 2 && kept.contains(&first) && kept.contains(&second));
    let (confirm, _) = world.answer(&second, b"").unwrap();
    let (_, error) = world.finish(lost, &confirm).err().unwrap();
    assert_eq!(error, Reject::ConfirmNotAuthentic.into());
    assert!(world.finish(awaiting, &confirm).is_ok());
    let left: Vec<_> = world.client_store.pending.values().map(|one| &one.initiate).collect();
    assert_eq!(left, [&first]);
}

#[test]
fn pending_exchange_survives_a_restart_and_a_bad_confirm() {
    let mut world = World::new();
    world.publish(Suite::AesCcm16, 1);
    let (initiate, awaiting) = world.initiate(&world.offer(1), Mode::Refresh, false, b"").unwrap();
    let stored = world.client_store.pending.values().next().unwrap().clone();
    assert_eq!(stored.initiate, initiate);
    assert_eq!(stored.state, *awaiting.to_bytes());
    drop(awaiting);
    let restored: AwaitingConfirm = AwaitingConfirm::from_bytes(&stored.state).unwrap();
    let (confirm, node) = world.answer(&initiate, b"answer").unwrap();
    for position in 0..confirm.len() {
        let mut bad = confirm.clone();
        bad[position] ^= 1;
        let restored: AwaitingConfirm = AwaitingConfirm::from_bytes(&stored.state).unwrap();
        assert!(world.finish(restored, &bad).is_err(), "byte {position}");
    }
    let (answer, client) = world.finish(restored, &confirm).ok().unwrap();
    assert_eq!(answer, b"answer");
    assert_eq!(client.secret.expose(), node.secret.expose());
    for (position, value) in [(0, 1), (0, 4), (1, 2)] {
        let mut bad = stored.state;
        bad[position] = value;
        assert_eq!(error(AwaitingConfirm::<RustCrypto>::from_bytes(&bad)), Misuse::InvalidKey);
    }
    let mut bad = stored.state;
    bad[43..75].fill(0);
    assert_eq!(error(AwaitingConfirm::<RustCrypto>::from_bytes(&bad)), Misuse::InvalidKey);
}

#[test]
fn a_store_that_breaks_anywhere_loses_no_order() {
    // Publishing: after any failure the old batch is the current one, and the next attempt succeeds.
    for accesses in 0..=6 {
        let mut world = World::new();
        world.publish(Suite::AesCcm8, 1);
        let old = world.publication.clone();
        world.node_store.fuse.set(accesses);
        let result = world.try_publish(Suite::AesCcm8, 1);
        world.node_store.fuse.mend();
        if accesses < 5 {
            assert_eq!(result, Err(Error::Storage(Broken)));
            assert_eq!((world.node_store.last, &world.publication), (1, &old));
            world.publish(Suite::AesCcm8, 1);
        } else {
            assert_eq!(result, Ok(()));
        }
        assert_eq!(world.node_store.last, 2);
    }
    // Accepting: the prekey is erased if and only if the Initiate was accepted.
    for accesses in 0..=5 {
        let mut world = World::new();
        world.publish(Suite::AesCcm8, 0);
        let (initiate, _) = world.initiate(&world.offer(0), Mode::Basic, false, b"x").unwrap();
        world.node_store.fuse.set(accesses);
        let result = world.accept(&initiate, |_, _, _| ());
        world.node_store.fuse.mend();
        assert_eq!(result.is_ok(), accesses == 5);
        assert_eq!(world.node_store.batches[&1].1[&0].0.is_none(), accesses == 5);
    }
    // Confirming: the exchange is handed back and may be confirmed later; the failed attempt's bytes are gone.
    let mut world = World::new();
    world.publish(Suite::AesCcm8, 0);
    let (initiate, awaiting) = world.initiate(&world.offer(0), Mode::Basic, false, b"x").unwrap();
    let confirm = world
        .accept(&initiate, |incoming, store, rng| {
            let mut out = [1; CONFIRM_MAX];
            store.fuse.set(0);
            let failed = error(accepted(incoming).confirm(store, b"one", rng, &mut out));
            assert_eq!((failed.error, out), (Error::Storage(Broken), [0; CONFIRM_MAX]));
            store.fuse.mend();
            let failed = error(failed.state.confirm(store, &[0; 1025], rng, &mut out));
            assert_eq!(failed.error, Misuse::DataTooLong.into());
            let failed = error(failed.state.confirm(store, b"two", rng, &mut out[..8]));
            assert_eq!(failed.error, Misuse::BufferTooSmall.into());
            let confirmed = failed.state.confirm(store, b"two", rng, &mut out).unwrap();
            out[..confirmed.len].to_vec()
        })
        .unwrap();
    // Finishing: a store that fails hands the exchange back.
    world.client_store.fuse.set(0);
    let (awaiting, error) = world.finish(awaiting, &confirm).err().unwrap();
    assert_eq!(error, Error::Storage(Broken));
    world.client_store.fuse.mend();
    assert_eq!(world.finish(awaiting, &confirm).ok().unwrap().0, b"two");
    // Crash between acceptance and Confirm: lost, and never accepted again.
    let mut world = World::new();
    world.publish(Suite::AesCcm8, 0);
    let (initiate, _) = world.initiate(&world.offer(0), Mode::Basic, false, b"x").unwrap();
    world.accept(&initiate, |incoming, _, _| drop(incoming)).unwrap();
    assert_eq!(common::error(world.answer(&initiate, b"")), Reject::PrekeyConsumed.into());
}

#[test]
fn client_stores_before_it_sends() {
    let mut world = World::new();
    world.publish(Suite::AesCcm8, 0);
    for accesses in 0..2 {
        world.client_store.fuse.set(accesses);
        let result = world.initiate(&world.offer(0), Mode::Basic, false, b"");
        assert_eq!(error(result), Error::Storage(Broken));
        world.client_store.fuse.mend();
        assert!(world.client_store.pending.is_empty() && world.client_store.highest.is_empty());
    }
}

#[test]
fn epochs_pass() {
    let mut world = World::new();
    world.publish(Suite::AesCcm8, 0);
    let first = world.offer(0);
    let (old, _) = world.initiate(&first, Mode::Basic, false, b"").unwrap();
    let (older, _) = world.initiate(&first, Mode::Basic, false, b"").unwrap();
    world.publish(Suite::AesCcm8, 0);
    world.answer(&old, b"").unwrap();
    world.publish(Suite::AesCcm8, 0);
    assert_eq!(error(world.answer(&older, b"")), Reject::EpochTooOld.into());
    // Even if the store has kept the batch.
    let kept = world.node_store.batches[&2].clone();
    for epoch in [0, 1] {
        world.node_store.batches.insert(epoch, kept.clone());
        let mut old = older.clone();
        old[2] = epoch as u8;
        assert_eq!(error(world.answer(&old, b"")), Reject::EpochTooOld.into());
    }
    let (third, awaiting) = world.initiate(&world.offer(0), Mode::Basic, false, b"").unwrap();
    let places = world.accept(&third, |incoming, _, _| {
        let accepted = accepted(incoming);
        (accepted.epoch(), accepted.index())
    });
    assert_eq!((places.unwrap(), awaiting.epoch(), awaiting.index()), ((3, 0), 3, 0));
    assert_eq!(error(world.initiate(&first, Mode::Basic, false, b"")), Reject::EpochRollback.into());
    world.node_store.last = u64::MAX;
    assert_eq!(world.try_publish(Suite::AesCcm8, 0), Err(Misuse::EpochExhausted.into()));
}

#[test]
fn same_inputs_same_bytes() {
    let run = || {
        let mut world = World::new();
        world.publish(Suite::AesCcm8, 1);
        let (initiate, _) = world.initiate(&world.offer(0), Mode::Refresh, true, b"early").unwrap();
        let confirm = world.answer(&initiate, b"answer").unwrap().0;
        (world.publication, initiate, confirm)
    };
    assert_eq!(run(), run());
}
