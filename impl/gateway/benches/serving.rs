//! What the gateway costs, in ratios of one run:
//!
//! * CPU per Offer over CoAP, beside a bare tokio UDP echo with answers of the same size, and libcoap's `coap-server` (if it is
//!   installed) with a GET of the same size;
//! * durable Initiates a second with 64 in flight, beside the store alone with 64 records of the same size a commit;
//! * start-up, memory and latency with 1,000 nodes, ten times as many, and so on.
//!
//! `cargo bench -p dke-gateway --bench serving -- [NODES] [DIRECTORY]` (default: 10000 nodes, the system's temporary directory). With
//! `--test` everything runs once and briefly, to see that it runs.

#[path = "serving/nodes.rs"]
mod nodes;
#[path = "serving/udp.rs"]
mod udp;

use dke_coap::Parameters;
use dke_gateway::{Embedded, Gateway, NodeId, Options, Policy, coap};
use nodes::{fill, initiate};
use rand::rngs::OsRng;
use redb::{Database, TableDefinition};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use udp::{Ask, Libcoap, Load, cpu, get, offer, offer_of_each};

const IN_FLIGHT: usize = 64;
/// Bytes of a datagram with an Offer of a batch of 256.
const OFFER: usize = 460;

/// Turns of each server in one round.
const TURNS: u32 = 10;

/// How much is measured.
#[derive(Clone, Copy)]
struct Scale {
    time: Duration,
    rounds: u32,
    /// Prekeys that are leased for one round of Initiates.
    leased: usize,
    few: usize,
    many: usize,
    /// Offers of each gateway, after the first ones.
    then: usize,
}

impl Scale {
    const fn full(many: usize) -> Scale {
        Scale { time: Duration::from_secs(3), rounds: 5, leased: 20_000, few: 1000, many, then: 100_000 }
    }

    const TEST: Scale =
        Scale { time: Duration::from_millis(100), rounds: 1, leased: 200, few: 300, many: 600, then: 300 };
}

fn clock() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// Leases of no length give their prekeys back within a second, so that these last; nobody is asked to wait.
fn policy(lease: u64) -> Policy {
    Policy {
        lease,
        leases_per_address: u32::MAX,
        prekey_share: 100,
        puzzle_max: 0,
        leases_max: usize::MAX,
        burst: u32::MAX,
        requests_per_second: u32::MAX,
        queue_max: u32::MAX,
        ..Policy::default()
    }
}

fn open(path: &Path, lease: u64) -> Arc<Gateway<Embedded>> {
    Arc::new(Gateway::new(
        Embedded::open(path, Options::default()).unwrap(),
        policy(lease),
        Arc::new(clock),
        &mut OsRng,
    ))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn start_echo() -> SocketAddr {
    let (ready, bound) = mpsc::channel();
    std::thread::Builder::new()
        .name("echo".into())
        .spawn(move || {
            runtime().block_on(async {
                let socket = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                let address = socket.local_addr().unwrap();
                let echo = async move {
                    let mut buffer = [0; 2048];
                    buffer[..].fill(7);
                    loop {
                        let (_, peer) = socket.recv_from(&mut buffer[..4]).await.unwrap_or((0, address));
                        let _ = socket.send_to(&buffer[..OFFER], peer).await;
                    }
                };
                ready.send(address).unwrap();
                echo.await;
            });
        })
        .unwrap();
    bound.recv().unwrap()
}

fn start_gateway(gateway: Arc<Gateway<Embedded>>) -> SocketAddr {
    let (ready, bound) = mpsc::channel();
    std::thread::Builder::new()
        .name("coap".into())
        .spawn(move || {
            runtime().block_on(async {
                let any = (Ipv4Addr::LOCALHOST, 0).into();
                let (address, server) = coap(gateway, any, Parameters::default()).await.unwrap();
                ready.send(address).unwrap();
                server.await;
            });
        })
        .unwrap();
    bound.recv().unwrap()
}

/// What a server uses for its requests.
struct Cost<A, U> {
    load: Load<A>,
    used: U,
    cpu: Duration,
    done: f64,
}

impl<A: Ask, U: Fn() -> Duration> Cost<A, U> {
    fn new(server: SocketAddr, ask: A, used: U) -> Cost<A, U> {
        Cost { load: Load::new(server, ask, 16), used, cpu: Duration::ZERO, done: 0.0 }
    }

    fn measure(&mut self, time: Duration) {
        self.load.run(time / 4);
        let before = (self.used)();
        self.done += self.load.run(time);
        self.cpu += (self.used)() - before;
    }

    /// Microseconds of CPU per request since the last time.
    fn take(&mut self) -> f64 {
        std::mem::take(&mut self.cpu).as_secs_f64() * 1e6 / std::mem::take(&mut self.done)
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn offers(scale: Scale, gateway: &Arc<Gateway<Embedded>>, nodes: &[NodeId]) {
    let (echo, coap) = (start_echo(), start_gateway(gateway.clone()));
    let libcoap = Libcoap::start(OFFER - 16);
    println!("CPU per request, 16 in flight, answers of {OFFER} bytes");
    let mut bare = Cost::new(echo, offer(nodes), || cpu(&["echo"]));
    let mut served = Cost::new(coap, offer(nodes), || cpu(&["coap", "store"]));
    let mut peer = libcoap.as_ref().map(|libcoap| Cost::new(libcoap.address, get, || libcoap.cpu()));
    // A gateway that has just started still takes memory for what it remembers of requests; one that runs has it.
    served.measure(scale.time * scale.rounds);
    served.take();
    let mut ratios = Vec::new();
    for _ in 0..scale.rounds {
        // In turns, so that they meet the same machine.
        for _ in 0..TURNS {
            bare.measure(scale.time / TURNS);
            served.measure(scale.time / TURNS);
            peer.iter_mut().for_each(|peer| peer.measure(scale.time / TURNS));
        }
        let (bare, served) = (bare.take(), served.take());
        let peer = peer.as_mut().map_or("not installed".into(), |peer| format!("{:5.2} µs", peer.take()));
        println!("  echo {bare:5.2} µs   Offer {served:5.2} µs, {:.2} times   coap-server {peer}", served / bare);
        ratios.push(served / bare);
    }
    println!("  median {:.2} times", median(ratios));
}

fn initiates(scale: Scale, gateway: &Arc<Gateway<Embedded>>, nodes: &[NodeId], directory: &Path) {
    const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");
    println!("Durable Initiates, {IN_FLIGHT} in flight");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (mut next, mut ratios) = (0, Vec::new());
    // Both grow from round to round.
    let bare = Database::create(directory.join("bare")).unwrap();
    for _ in 0..scale.rounds {
        let (start, mut records) = (Instant::now(), 0_u32);
        while start.elapsed() < scale.time {
            let transaction = bare.begin_write().unwrap();
            {
                let mut table = transaction.open_table(RECORDS).unwrap();
                for _ in 0..IN_FLIGHT {
                    let key: [u8; 25] = rand::random();
                    table.insert(key.as_slice(), initiate(1, 0).as_slice()).unwrap();
                    records += 1;
                }
            }
            transaction.commit().unwrap();
        }
        let alone = f64::from(records) / start.elapsed().as_secs_f64();
        let stored = runtime.block_on(async {
            // Leases first: they are not what is measured.
            let mut leased = Vec::new();
            while leased.len() < scale.leased {
                let node = nodes[next % nodes.len()];
                next += 1;
                let offer = gateway.offer(&node, Ipv4Addr::LOCALHOST.into(), &[]).await.unwrap();
                leased.push((node, dke::message::Offer::parse(&offer).unwrap().index));
            }
            let (start, mut tasks, mut done) = (Instant::now(), tokio::task::JoinSet::new(), 0_u32);
            let mut leased = leased.into_iter();
            loop {
                while tasks.len() < IN_FLIGHT && start.elapsed() < scale.time {
                    let Some((node, index)) = leased.next() else { break };
                    let gateway = gateway.clone();
                    tasks.spawn(async move {
                        gateway.queue(&node, Ipv4Addr::LOCALHOST.into(), &initiate(1, index)).await.is_ok()
                    });
                }
                match tasks.join_next().await {
                    Some(stored) => done += u32::from(stored.unwrap()),
                    None => break,
                }
            }
            f64::from(done) / start.elapsed().as_secs_f64()
        });
        println!("  store alone {alone:7.0}/s   Initiates {stored:7.0}/s   {:.0} %", 100.0 * stored / alone);
        ratios.push(100.0 * stored / alone);
    }
    println!("  median {:.0} %", median(ratios));
}

/// A gateway with nodes.
struct Many {
    nodes: Vec<NodeId>,
    server: SocketAddr,
}

/// Latencies of one gateway.
struct Latency<A> {
    load: Load<A>,
    /// It is asked once in so many turns.
    once_in: usize,
    times: Vec<Duration>,
}

impl<A: Ask> Latency<A> {
    fn new(of: &Many, ask: A, once_in: usize) -> Latency<A> {
        Latency { load: Load::new(of.server, ask, 1), once_in, times: Vec::new() }
    }

    fn turn(&mut self, turn: usize) {
        if turn.is_multiple_of(self.once_in) {
            self.times.extend(self.load.time());
        }
    }

    /// p50 and p99.
    fn quantiles(&mut self) -> [Duration; 2] {
        self.times.sort_unstable();
        [self.times[self.times.len() / 2], self.times[self.times.len() * 99 / 100]]
    }
}

/// Fills a store, and starts a gateway over it.
fn start(directory: &Path, count: usize) -> Many {
    let path = directory.join(format!("nodes-{count}"));
    let nodes = fill(&open(&path, 3600), count, 6, 10);
    let start = Instant::now();
    let gateway = open(&path, 0);
    let took = start.elapsed();
    let bytes = std::fs::metadata(&path).unwrap().len();
    println!("  {count:6} nodes: file {:5} MB, start-up {took:6.2?}", bytes / 1_000_000);
    // What was handed out before the restart is on loan for a second.
    std::thread::sleep(Duration::from_secs(2));
    Many { nodes, server: start_gateway(gateway) }
}

/// Latency with few and with many nodes: all gateways run at once and are asked in turn, one request at a time, so that they meet the same machine.
fn many(scale: Scale, directory: &Path) {
    println!("Nodes with 64 prekeys and 10 messages each");
    let tenfold = std::iter::successors(Some(scale.few), |count| count.checked_mul(10));
    let counts: Vec<usize> = tenfold.take_while(|count| *count < scale.many).chain([scale.many]).collect();
    let all: Vec<Many> = counts.into_iter().map(|count| start(directory, count)).collect();
    // Every node is asked for an Offer once, in the time that the most nodes take.
    let mut firsts: Vec<_> =
        all.iter().map(|one| Latency::new(one, offer_of_each(&one.nodes), scale.many / one.nodes.len())).collect();
    (0..scale.many).for_each(|turn| firsts.iter_mut().for_each(|one| one.turn(turn)));
    let mut thens: Vec<_> = all.iter().map(|one| Latency::new(one, offer(&one.nodes), 1)).collect();
    (0..scale.then).for_each(|turn| thens.iter_mut().for_each(|one| one.turn(turn)));
    let memory = udp::resident() / 1_000_000;
    println!("memory of all of them: {memory} MB; each may keep 64 MB of pages and 256 MB of batches");
    println!("p50 and p99 of a node's first Offer since the start, and of those after them");
    for ((one, first), then) in all.iter().zip(&mut firsts).zip(&mut thens) {
        println!("  {:6} nodes: {:6.1?}, then {:6.1?}", one.nodes.len(), first.quantiles(), then.quantiles());
    }
}

/// Each can be asked for alone.
const PARTS: [&str; 3] = ["--offers", "--initiates", "--nodes"];

fn main() {
    let (flags, words): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let count = words.first().map_or(10_000, |count| count.parse().unwrap());
    let scale = if flags.iter().any(|flag| flag == "--test") { Scale::TEST } else { Scale::full(count) };
    let place = words.get(1).map_or_else(std::env::temp_dir, Into::into);
    let directory = tempfile::tempdir_in(place).unwrap();
    let wanted = |part: &str| {
        let parts: Vec<&String> = flags.iter().filter(|flag| PARTS.contains(&flag.as_str())).collect();
        parts.is_empty() || parts.iter().any(|flag| *flag == part)
    };
    if wanted(PARTS[0]) {
        let gateway = open(&directory.path().join("offers"), 0);
        offers(scale, &gateway, &fill(&gateway, 800, 8, 0));
    }
    if wanted(PARTS[1]) {
        let gateway = open(&directory.path().join("initiates"), 3600);
        initiates(scale, &gateway, &fill(&gateway, 400, 8, 0), directory.path());
    }
    if wanted(PARTS[2]) {
        many(scale, directory.path());
    }
}
