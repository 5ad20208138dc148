//! PROTOCOL.md section 18.1 against a real gateway: whatever happened to either store or clock, the next wake-up mends it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use common::{DAY, Identity, Lamp, Served, TestClock, leave, limited, mended, open, spoil};
use dke_agent::{Failure, Trouble};
use dke_gateway::Policy;

struct World {
    clock: TestClock,
    gateway: Served,
    lamp: Lamp,
    anna: Identity,
}

impl World {
    /// The lamp has published, and sleeps.
    async fn new(depth: u64) -> World {
        let clock = TestClock::new();
        let gateway = Served::start(&clock, open()).await;
        let mut world = World { clock, gateway, lamp: Lamp::new(depth), anna: Identity::new("anna") };
        assert_eq!(
            world.wake().await,
            ["gateway did not know this node: registered", "this node had no batch: published epoch 1"]
        );
        world
    }

    /// A wake-up in which all goes well. What it mended.
    async fn wake(&mut self) -> Vec<String> {
        mended(&self.lamp.wake(&self.gateway.url, Some(self.clock.now()), &self.anna).await.unwrap())
    }

    /// Anna reaches the lamp now: one wake-up later she has its answer.
    async fn anna_is_served(&mut self) {
        let left = leave(&self.anna, &self.lamp.identity, &self.gateway.url, self.clock.now()).await;
        let left = left.expect("an Offer");
        let wake = self.lamp.wake(&self.gateway.url, Some(self.clock.now()), &self.anna).await.unwrap();
        assert_eq!(wake.answered, 1);
        assert_eq!(left.answered(&self.lamp.identity, &self.gateway.url).await, Some(true));
    }
}

#[tokio::test]
async fn garbage_takes_all_and_a_new_batch_comes_at_that_wake_up() {
    limited(async {
        for depth in [5, 8] {
            let mut world = World::new(depth).await;
            let all = 1 << depth;
            assert_eq!(spoil(&world.lamp.identity, &world.gateway.url, all + 1).await, all);
            let wake = world.lamp.wake(&world.gateway.url, Some(world.clock.now()), &world.anna).await.unwrap();
            assert_eq!((wake.rejected, wake.spent, usize::from(wake.left)), (all, None, all));
            assert_eq!(mended(&wake), [format!("gateway had 0 of {all}, node 0: published epoch 2")]);
            world.anna_is_served().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_renewed_before_it_ends_and_after() {
    limited(async {
        let mut world = World::new(3).await;
        world.clock.pass(23 * DAY);
        assert!(world.wake().await.is_empty());
        world.clock.pass(1);
        assert_eq!(world.wake().await, ["epoch 1 has ended, or ends soon: published epoch 2"]);
        world.clock.pass(31 * DAY);
        assert!(leave(&world.anna, &world.lamp.identity, &world.gateway.url, world.clock.now()).await.is_none());
        assert_eq!(world.wake().await, ["epoch 2 has ended, or ends soon: published epoch 3"]);
        world.anna_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_1970_is_replaced_when_the_clock_is_right_and_mail_is_fetched_meanwhile() {
    limited(async {
        let clock = TestClock::new();
        let gateway = Served::start(&clock, open()).await;
        let (mut lamp, anna) = (Lamp::new(3), Identity::new("anna"));
        let refused = lamp.wake(&gateway.url, Some(0), &anna).await.unwrap_err();
        assert!(matches!(refused.trouble, Trouble::BatchRefused { code: (4, 3), .. }), "{refused}");
        // The clock stays wrong for some wake-ups: that costs no further batches.
        assert!(lamp.wake(&gateway.url, Some(60), &anna).await.is_err());
        assert_eq!(lamp.store.batches, 1);
        let wake = lamp.wake(&gateway.url, Some(clock.now()), &anna).await.unwrap();
        assert_eq!(mended(&wake), ["epoch 1 has ended, or ends soon: published epoch 2"]);

        // With a good batch at the gateway a wrong clock changes nothing, and mail is answered.
        let left = leave(&anna, &lamp.identity, &gateway.url, clock.now()).await.unwrap();
        let wake = lamp.wake(&gateway.url, Some(0), &anna).await.unwrap();
        assert_eq!((wake.answered, mended(&wake).len()), (1, 0));
        assert_eq!(left.answered(&lamp.identity, &gateway.url).await, Some(true));
        // Where prekeys are low, even that clock makes a batch that the gateway takes.
        spoil(&lamp.identity, &gateway.url, 7).await;
        let wake = lamp.wake(&gateway.url, Some(0), &anna).await.unwrap();
        assert_eq!(mended(&wake), ["gateway had 0 of 8, node 0: published epoch 3"]);
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_was_ahead_is_mended_too() {
    limited(async {
        let mut world = World::new(3).await;
        let ahead = world.clock.now() + 3650 * DAY;
        let wake = world.lamp.wake(&world.gateway.url, Some(ahead), &world.anna).await.unwrap();
        assert_eq!(mended(&wake), ["epoch 1 has ended, or ends soon: published epoch 2"]);
        assert_eq!(world.wake().await, ["epoch 2 was made with a wrong clock: published epoch 3"]);
        assert!(world.wake().await.is_empty());
        world.anna_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_was_away_for_a_month_gets_a_new_batch_and_gives_its_mail() {
    limited(async {
        let mut world = World::new(3).await;
        let left = leave(&world.anna, &world.lamp.identity, &world.gateway.url, world.clock.now()).await.unwrap();
        // A new batch was made, and could not be delivered.
        world.lamp.make_batch(world.clock.now());
        let away = world.lamp.wake("http://127.0.0.1:1", Some(world.clock.now()), &world.anna).await.unwrap_err();
        assert!(matches!(away.trouble, Trouble::Gateway(Failure::Network(_))), "{away}");
        assert_eq!(world.lamp.store.batches, 2, "nothing is made for a gateway that says nothing");
        world.clock.pass(31 * DAY);
        let wake = world.lamp.wake(&world.gateway.url, Some(world.clock.now()), &world.anna).await.unwrap();
        assert_eq!(mended(&wake), ["epoch 2 has ended, or ends soon: published epoch 3"]);
        assert_eq!(wake.answered, 1, "mail first: the new batch erases the old one");
        assert_eq!(left.answered(&world.lamp.identity, &world.gateway.url).await, Some(true));
        world.anna_is_served().await;
    })
    .await;
}

#[tokio::test]
async fn an_unsent_batch_is_sent_as_it_is() {
    limited(async {
        let mut world = World::new(3).await;
        world.lamp.make_batch(world.clock.now());
        assert_eq!(world.wake().await, ["epoch 2 had not been delivered: published epoch 2"]);
        assert_eq!(world.lamp.store.batches, 2);
        // An acknowledgement that was lost is no reason for another batch.
        world.lamp.forget_acknowledgement();
        assert!(world.wake().await.is_empty());
        // And it is noticed: what was at a gateway is never given to another one.
        world.gateway.lose_store(open()).await;
        assert_eq!(world.wake().await[1], "gateway had no batch: published epoch 3");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_forgot_everything_gets_all_again() {
    limited(async {
        let mut world = World::new(3).await;
        world.anna_is_served().await;
        world.gateway.lose_store(open()).await;
        assert_eq!(
            world.wake().await,
            ["gateway did not know this node: registered", "gateway had no batch: published epoch 2"]
        );
        world.anna_is_served().await;
        // Where only the operator registers nodes, no batch is made for nothing.
        world.gateway.lose_store(Policy::default()).await;
        let closed = world.lamp.wake(&world.gateway.url, Some(world.clock.now()), &world.anna).await.unwrap_err();
        assert!(matches!(closed.trouble, Trouble::Gateway(Failure::Refused((4, 3)))), "{closed}");
        assert_eq!(world.lamp.store.batches, 2);
    })
    .await;
}

#[tokio::test]
async fn a_restored_store_one_batch_older_is_mended_at_once() {
    limited(async {
        // After a restart the first indices count as leased for a while: there must be others.
        let mut world = World::new(6).await;
        let backup = world.gateway.store().with_extension("backup");
        for (served, batches) in [(0, 1), (1, 1), (1, 2)] {
            let store = world.gateway.store();
            world.gateway.restart(open(), u64::MAX, |_| assert!(std::fs::copy(&store, &backup).is_ok())).await;
            for _ in 0..served {
                world.anna_is_served().await;
            }
            for _ in 1..batches {
                spoil(&world.lamp.identity, &world.gateway.url, 64).await;
                world.wake().await;
            }
            world.gateway.restart(open(), u64::MAX, |store| assert!(std::fs::copy(&backup, store).is_ok())).await;
            let told = world.wake().await;
            assert_eq!(told.is_empty(), served == 0 && batches == 1, "{served} {batches}: {told:?}");
            for _ in 0..4 {
                world.anna_is_served().await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn mail_is_fetched_though_publishing_fails() {
    limited(async {
        let mut world = World::new(3).await;
        let left = leave(&world.anna, &world.lamp.identity, &world.gateway.url, world.clock.now()).await.unwrap();
        spoil(&world.lamp.identity, &world.gateway.url, 7).await;
        // The gateway's disk is full: it takes nothing more in.
        world.gateway.restart(open(), 1, |_| ()).await;
        let full = world.lamp.wake(&world.gateway.url, Some(world.clock.now()), &world.anna).await.unwrap_err();
        assert!(matches!(full.trouble, Trouble::Gateway(Failure::Later(_))), "{full}");
        assert_eq!((full.done.answered, full.done.rejected), (1, 7));
        assert_eq!(left.answered(&world.lamp.identity, &world.gateway.url).await, Some(true));
        world.gateway.restart(open(), u64::MAX, |_| ()).await;
        assert_eq!(world.wake().await, ["epoch 2 had not been delivered: published epoch 2"]);
    })
    .await;
}

#[tokio::test]
async fn without_a_clock_wake_ups_count() {
    limited(async {
        let clock = TestClock::new();
        let gateway = Served::start(&clock, open()).await;
        let (mut lamp, anna) = (Lamp::new(0), Identity::new("anna"));
        (lamp.settings.limits.wakes, lamp.settings.end) = (5, clock.now() + 365 * DAY);
        let mut epochs = Vec::new();
        for _ in 0..12 {
            lamp.wake(&gateway.url, None, &anna).await.unwrap();
            epochs.push(lamp.store.batches);
        }
        assert_eq!(epochs, [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3]);
        // The gateway tells that the end is near; a later one is allowed.
        clock.pass(360 * DAY);
        lamp.settings.end += 365 * DAY;
        let wake = lamp.wake(&gateway.url, None, &anna).await.unwrap();
        assert_eq!(mended(&wake), ["epoch 3 has ended, or ends soon: published epoch 4"]);
    })
    .await;
}

/// Moving to another gateway: what waits at the old one is answered before, and after.
#[tokio::test]
async fn a_node_moves_and_nothing_that_waits_is_lost() {
    limited(async {
        let mut world = World::new(3).await;
        let (now, old) = (world.clock.now(), world.gateway.url.clone());
        let new = Served::start(&world.clock, open()).await;
        let before = leave(&world.anna, &world.lamp.identity, &old, now).await.unwrap();
        let drain = async |lamp: &mut Lamp| {
            lamp.settings.mends = false;
            let wake = lamp.wake(&old, Some(now), &world.anna).await.unwrap();
            lamp.settings.mends = true;
            (wake.answered, wake.published)
        };
        assert_eq!(drain(&mut world.lamp).await, (1, 0));
        // Anna has not heard of it yet.
        let after = leave(&world.anna, &world.lamp.identity, &old, now).await.unwrap();
        let wake = world.lamp.wake(&new.url, Some(now), &world.anna).await.unwrap();
        assert_eq!(
            mended(&wake),
            ["gateway did not know this node: registered", "gateway had no batch: published epoch 2"]
        );
        assert_eq!(drain(&mut world.lamp).await, (1, 0));
        for left in [before, after] {
            assert_eq!(left.answered(&world.lamp.identity, &old).await, Some(true));
        }
        let moved = leave(&world.anna, &world.lamp.identity, &new.url, now).await.unwrap();
        assert_eq!(world.lamp.wake(&new.url, Some(now), &world.anna).await.unwrap().answered, 1);
        assert_eq!(moved.answered(&world.lamp.identity, &new.url).await, Some(true));
    })
    .await;
}
