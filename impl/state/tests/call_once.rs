//! call_once (PROTOCOL.md section 18.2): real clients and a real node, on disks that fail, over a gateway that replays, withholds and
//! lies, over several exchanges, batches and restarts. Each number is carried out once at most, and what a client is told is true.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "common/lying.rs"]
mod lying;
#[path = "common/wire.rs"]
mod wire;

use dke::call::Number;
use dke::client::Client;
use dke::node::Node;
use dke::stock::{Limits, Rate};
use dke::store::Pins;
use dke::{Credential, Depth, Mode, Suite};
use dke_agent::{
    Answered, Asked, Budget, Call, Called, Caller, Gateway, Handler, Interrupted, NodeAgent, Settings, Trouble,
    Unfinished,
};
use dke_coap::{Endpoint, Parameters};
use dke_state::{ClientDir, Error, Identity, Locked, MemoryDisk, NodeDir, Role, SharedClientDir};
use lying::Shared;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use wire::Network;

const NOW: u64 = 1_800_000_000;
const STEPS: usize = 60;

/// Carries out calls, and counts how often.
#[derive(Default)]
struct Work {
    done: BTreeMap<Number, Vec<Vec<u8>>>,
    /// The application fails now.
    fails: bool,
}

impl Handler for Work {
    async fn answer(&mut self, call: &Call<'_>) -> Option<Vec<u8>> {
        self.done.entry(*call.number).or_default().push(call.data.to_vec());
        if self.fails { None } else { Some([b"did ", call.data].concat()) }
    }
}

/// What the client has been told.
#[derive(Default)]
struct Told {
    calls: u64,
    done: u64,
    unknown: u64,
    refused: u64,
    over: u64,
}

struct World {
    dice: StdRng,
    lamp: MemoryDisk,
    anna: MemoryDisk,
    lying: Shared,
    network: Network,
    port: u16,
    work: Work,
    told: Told,
}

impl World {
    fn new(seed: u64) -> World {
        let mut dice = StdRng::seed_from_u64(seed);
        let (lamp, anna) = (MemoryDisk::new(), MemoryDisk::new());
        for (disk, name, role) in [(&lamp, "lamp", Role::Node), (&anna, "anna", Role::Client)] {
            let identity = Identity::draw(Some(role), name, name.as_bytes(), &mut dice).unwrap();
            identity.store(&Locked::on(Arc::new(disk.clone())).unwrap()).unwrap();
        }
        let node = *identity(&lamp).credential().unwrap().hash();
        let lying = Shared::new(seed, node);
        let network = Network::default();
        let wire = network.wire(5683);
        let (_, serve) = Endpoint::serve_over(wire, Parameters::default(), dice.clone(), lying.clone());
        tokio::spawn(serve);
        World { dice, lamp, anna, lying, network, port: 10_000, work: Work::default(), told: Told::default() }
    }

    fn gateway(&mut self) -> Gateway {
        self.port += 1;
        let wire = self.network.wire(self.port);
        let random = StdRng::seed_from_u64(self.dice.r#gen());
        Gateway::over(Endpoint::client_over(wire, Parameters::default(), random), ([192, 0, 2, 1], 5683).into())
    }

    /// A wake-up; the medium may fail in it.
    async fn wake(&mut self, renew: bool, fails_after: Option<u64>) {
        self.lying.lock().drained = renew;
        let gateway = self.gateway();
        let (lamp, anna) = (identity(&self.lamp), identity(&self.anna));
        self.lamp.fail_at(fails_after.map(|after| self.lamp.operations() + after));
        let clients = [anna.credential().unwrap()];
        let agent = NodeAgent {
            gateway,
            node: Node::new(lamp.credential().unwrap(), &lamp.key, false),
            trust: Pins::new(&clients, &[]).unwrap(),
            settings: Settings {
                suite: Suite::AesCcm8,
                depth: Depth::new(2).unwrap(),
                limits: Limits { low: 1, ..Limits::default() },
                rate: Rate { burst: u16::MAX, seconds: 1, wakes: 1 },
                budget: Budget::default(),
                end: 0,
                mends: true,
            },
        };
        let opened = Locked::on(Arc::new(self.lamp.clone())).and_then(NodeDir::open);
        if let Ok(mut store) = opened {
            let woken = agent.wake(&mut store, &mut self.work, Some(NOW), &mut self.dice).await;
            if let Err(Interrupted { trouble: Trouble::Step(error), .. }) = woken {
                assert!(matches!(error, dke::Error::Storage(_)), "{error}");
            }
        }
        if fails_after.is_some() {
            let kept = self.dice.gen_range(0..3);
            self.lamp.lose_power(kept);
        }
        self.lamp.fail_at(None);
    }

    async fn call(&mut self, seconds: u64) {
        self.told.calls += 1;
        let data = self.told.calls.to_be_bytes();
        let (gateway, client, node) = (self.gateway(), identity(&self.anna), identity(&self.lamp));
        let (credential, node) = (client.credential().unwrap(), node.credential().unwrap());
        let caller = Caller { gateway, node };
        let mut store = SharedClientDir::new(Arc::new(self.anna.clone()), &caller.node, None);
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let asked = Asked { mode: Mode::Basic, data: &data, now: NOW, deadline };
        let client = Client::pinned(&credential, &client.key);
        let called = caller.call(&client, &mut store, &asked, &mut self.dice, |_| {}).await;
        self.note(called);
    }

    async fn resume(&mut self, seconds: u64) {
        let (gateway, client, node) = (self.gateway(), identity(&self.anna), identity(&self.lamp));
        let (credential, node): (_, Credential<'_>) = (client.credential().unwrap(), node.credential().unwrap());
        let caller = Caller { gateway, node };
        let mut store = SharedClientDir::new(Arc::new(self.anna.clone()), &caller.node, None);
        let client = Client::pinned(&credential, &client.key);
        for one in store.resumable().unwrap() {
            let deadline = Instant::now() + Duration::from_secs(seconds);
            let resumed = one.resumed;
            let called = caller.resume(&client, &mut store, resumed, (NOW, deadline), &mut self.dice, |_| {}).await;
            self.note(called);
        }
    }

    /// What the client is told must be true.
    fn note(&mut self, called: Result<Called, Unfinished<Error>>) {
        match called {
            Ok(called) => {
                let number = called.number.unwrap();
                match called.answered {
                    Answered::Done(answer) => {
                        assert_eq!(answer, [b"did ", self.work.done[&number][0].as_slice()].concat());
                        self.told.done += 1;
                    }
                    Answered::Unknown => self.told.unknown += 1,
                    Answered::Refused(_) => {
                        assert!(!self.work.done.contains_key(&number));
                        self.told.refused += 1;
                    }
                }
            }
            Err(Unfinished::Over) => self.told.over += 1,
            Err(Unfinished::Step(error)) => assert!(!matches!(error, dke::Error::Caller(_)), "{error}"),
            Err(_) => {}
        }
        self.check();
    }

    fn check(&self) {
        for (number, times) in &self.work.done {
            assert_eq!(times.len(), 1, "{number:02x?} was carried out {} times", times.len());
        }
    }

    fn pending(&self) -> (usize, usize) {
        let dir = Locked::on(Arc::new(self.anna.clone())).and_then(ClientDir::open).unwrap();
        (dir.state.calls.len(), dir.state.pending.len())
    }
}

fn identity(disk: &MemoryDisk) -> Identity {
    Identity::load(&Locked::on(Arc::new(disk.clone())).unwrap()).unwrap()
}

/// One history.
async fn run(seed: u64) -> Told {
    let mut world = World::new(seed);
    world.wake(false, None).await;
    for _ in 0..STEPS {
        let seconds = world.dice.gen_range(0..4);
        match world.dice.gen_range(0..10) {
            0..3 => world.call(seconds).await,
            3..5 => world.resume(seconds).await,
            5 => world.anna.lose_power(usize::from(world.dice.r#gen::<bool>())),
            wake => {
                world.work.fails = world.dice.gen_range(0..6) == 0;
                world.lying.lock().mails = world.dice.gen_range(0..6);
                // Sometimes a new batch at each wake-up: epochs go by.
                let renew = world.dice.r#gen();
                let fails_after = (wake > 7).then(|| world.dice.gen_range(0..40));
                world.wake(renew, fails_after).await;
            }
        }
        world.check();
    }
    // Lies and faults end: every call ends, or can be learned nothing of any more.
    world.lying.lock().honest = true;
    world.work.fails = false;
    for _ in 0..6 {
        world.resume(2).await;
        world.wake(true, None).await;
    }
    // By this one the client sees how far the node is.
    world.call(2).await;
    world.wake(true, None).await;
    world.resume(2).await;
    assert_eq!(world.pending(), (0, 0), "seed {seed}");
    world.told
}

#[tokio::test(start_paused = true)]
async fn each_number_is_carried_out_once() {
    let runs = std::env::var("DKE_CASES").map_or(24, |runs| runs.parse().unwrap());
    let mut all = Told::default();
    for seed in 0..runs {
        let told = run(seed).await;
        all.calls += told.calls;
        all.done += told.done;
        all.unknown += told.unknown;
        all.refused += told.refused;
        all.over += told.over;
    }
    println!("{} calls: {} done, {} unknown, {} over", all.calls, all.done, all.unknown, all.over);
    // A test in which nothing happens proves nothing.
    assert!(all.done >= runs && all.unknown > 0 && all.over > 0);
}
