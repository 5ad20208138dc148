//! One run: chapters of troubles, each followed by a calm in which everything must work.

use crate::hosts::client::ClientHost;
use crate::hosts::node::NodeHost;
use crate::monitor::{Counts, Property, Violation};
use crate::plan::{Chapter, Incident, Plan};
use crate::random::Seed;
use crate::time::{DAY, HOUR};
use crate::world::{PATIENCE, World};
use dke::crypto::Hash;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// A wake-up has ended so long after it was due.
const WAKE_UP: Duration = Duration::from_secs(600);
/// While strangers attack, a client has an answer within so many wake-ups of the node.
const WAKES_UNDER_ATTACK: u32 = 4;
/// Bytes that a gateway's store may have, for the few nodes of a run.
const STORE_MAX: usize = 64 * 1024 * 1024;

/// How a run ended.
pub struct Report {
    /// What did not hold.
    pub violation: Option<Violation>,
    /// The transcript.
    pub lines: Vec<String>,
    /// Of the transcript and of every datagram.
    pub hash: Hash,
    /// Simulated time, times the nodes.
    pub node_years: f64,
    /// What happened.
    pub counts: Counts,
    /// Datagrams that arrived.
    pub datagrams: u64,
}

/// The plan of a seed.
pub fn plan(seed: u64, only: &[String]) -> Plan {
    on_simulated_time(async { Plan::draw(seed, &World::new(Seed::new(seed)), only) })
}

/// Runs a plan.
pub fn run(plan: &Plan) -> Report {
    on_simulated_time(async {
        let world = World::new(Seed::new(plan.seed));
        let life = world.start();
        for chapter in &plan.chapters {
            trouble(&world, chapter).await;
            calm(&world).await;
            if world.monitor.first().is_some() {
                break;
            }
        }
        drop(life);
        report(&world)
    })
}

fn on_simulated_time<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(what)
}

fn report(world: &World) -> Report {
    let elapsed = world.begin.elapsed();
    let (lines, hash) = world.log.take();
    Report {
        violation: world.monitor.first(),
        lines,
        hash,
        node_years: elapsed.as_secs_f64() * world.nodes.len() as f64 / (365.25 * DAY.as_secs_f64()),
        counts: world.monitor.counts(),
        datagrams: world.network.traffic(|traffic| traffic.arrived_in_all()),
    }
}

/// Everyday life, and what troubles it.
async fn trouble(world: &Arc<World>, chapter: &Chapter) {
    let mut incidents = JoinSet::new();
    probe(world, chapter, &mut incidents);
    for incident in &chapter.incidents {
        let (world, Incident { after, lasts, trouble, seed, .. }) = (world.clone(), incident.clone());
        let shown = incident.to_string();
        incidents.spawn(async move {
            sleep(after).await;
            world.log.tell("TROUBLE", &shown);
            trouble.run(&world, lasts, seed.stream("trouble")).await;
            world.log.tell("MENDED", &shown);
        });
    }
    sleep(chapter.lasts).await;
    while let Some(ended) = incidents.join_next().await {
        ended.expect("a trouble does not panic");
    }
}

/// Where nothing but strangers troubles a chapter, clients must reach nodes while they do.
fn probe(world: &Arc<World>, chapter: &Chapter, probes: &mut JoinSet<()>) {
    let attacks = chapter.incidents.iter().filter(|one| one.strangers);
    if attacks.clone().count() < chapter.incidents.len() {
        return;
    }
    for (attack, client) in attacks.zip(world.clients.iter().cycle()) {
        for node in &world.nodes {
            if attack.lasts < (WAKES_UNDER_ATTACK + 1) * node.kind.interval + HOUR {
                continue;
            }
            let (world, client, node, after) = (world.clone(), client.clone(), node.clone(), attack.after + HOUR);
            probes.spawn(async move {
                sleep(after).await;
                reach(world, client, node, WAKES_UNDER_ATTACK, Property::LivenessUnderAttack).await;
            });
        }
    }
}

/// Everything is mended: each client must reach each node within two wake-ups, and what was left over must be in bounds.
async fn calm(world: &Arc<World>) {
    world.log.tell("CALM", "each client calls each node");
    // What was on its way when the troubles ended.
    sleep(HOUR).await;
    each_pair(world, |client, node| reach(world.clone(), client, node, 2, Property::Liveness)).await;
    each_pair(world, |client, node| reach_by_request(world.clone(), client, node)).await;
    if let Some(why) = world.network.traffic(|traffic| traffic.amplified().map(ToString::to_string)) {
        world.monitor.violated(Property::Amplification, why);
    }
    let size = world.gateway.medium.size();
    if size > STORE_MAX {
        world.monitor.violated(Property::Bounds, format!("the gateway's store has {size} bytes"));
    }
}

/// Each client with each node, all at once.
async fn each_pair<F>(world: &World, meets: impl Fn(Arc<ClientHost>, Arc<NodeHost>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let pairs = world.clients.iter().flat_map(|client| world.nodes.iter().map(move |node| (client, node)));
    let mut meetings: JoinSet<()> = pairs.map(|(client, node)| meets(client.clone(), node.clone())).collect();
    while let Some(ended) = meetings.join_next().await {
        ended.expect("nobody panics");
    }
}

/// The client must have an answer of the node within so many wake-ups.
async fn reach(world: Arc<World>, client: Arc<ClientHost>, node: Arc<NodeHost>, wakes: u32, property: Property) {
    // Everyday life goes on, and may be the one that hears of the answer.
    let begun = Instant::now();
    let is_reached = || world.monitor.reached(&client.name, &node.name, begun);
    let mut ended = client.call(&node.credential, PATIENCE).await;
    for _ in 0..wakes {
        if is_reached() {
            return;
        }
        sleep(node.kind.interval + WAKE_UP).await;
        client.resume(&node.credential, PATIENCE).await;
        if !is_reached() {
            ended = client.call(&node.credential, PATIENCE).await;
        }
    }
    if !is_reached() {
        let why = format!("{} does not reach {} within {wakes} wake-ups: {ended:?}", client.name, node.name);
        world.monitor.violated(property, why);
    }
}

/// Under the keys of an exchange, the client must have the response to a request within two wake-ups.
async fn reach_by_request(world: Arc<World>, client: Arc<ClientHost>, node: Arc<NodeHost>) {
    let request = client.ask(&node.credential, PATIENCE).await;
    let is_answered = || request.as_ref().is_some_and(|content| world.monitor.is_answered(content));
    for _ in 0..2 {
        if is_answered() {
            return;
        }
        sleep(node.kind.interval + WAKE_UP).await;
        client.ask_again(&node.credential, PATIENCE).await;
    }
    if !is_answered() {
        let why = format!("{} has no response of {} to {request:?} within two wake-ups", client.name, node.name);
        world.monitor.violated(Property::Liveness, why);
    }
}
