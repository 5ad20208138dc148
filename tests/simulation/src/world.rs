//! One world: a gateway, nodes, clients, and what they do when nothing troubles them.

use crate::hosts::Surroundings;
use crate::hosts::client::ClientHost;
use crate::hosts::gateway::GatewayHost;
use crate::hosts::node::{Kind, NodeHost};
use crate::log::Log;
use crate::monitor::Monitor;
use crate::network::Network;
use crate::random::{Seed, between, one_of};
use crate::stranger::Stranger;
use crate::time::{DAY, HOUR, WallClock};
use dke::authority::{Grant, issue};
use dke::params::CWT_MAX;
use dke::{AdmissionKey, Credential};
use dke_gateway::Policy;
use dke_state::{Identity, Role};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// A client that does not wait for the node looks again later.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The number of a stranger's address.
const CURIOUS: u8 = 60;
/// From one call of a client to its next one.
const PAUSES: (Duration, Duration) = (HOUR, Duration::from_secs(60 * 3600));

/// One world.
pub struct World {
    /// Determines all that happens.
    pub seed: Seed,
    /// When it began.
    pub begin: Instant,
    /// What connects the hosts.
    pub network: Arc<Network>,
    /// The transcript.
    pub log: Arc<Log>,
    /// What must hold.
    pub monitor: Arc<Monitor>,
    /// The gateway.
    pub gateway: Arc<GatewayHost>,
    /// The nodes.
    pub nodes: Vec<Arc<NodeHost>>,
    /// The clients.
    pub clients: Vec<Arc<ClientHost>>,
}

/// The gateway's address.
pub fn gateway_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5683))
}

/// A stranger's address.
pub fn stranger(number: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, number])
}

/// The node's authority gives each of these clients a CWT. Returns the authority's credential.
fn vouch<'a>(around: &Surroundings, node: &NodeHost, clients: impl Iterator<Item = &'a mut ClientHost>) -> Vec<u8> {
    let mut random = around.seed.stream(&format!("{} authority", node.name));
    let authority =
        Identity::draw(Some(Role::Authority), "authority", b"authority", &mut random).expect("a short name");
    for client in clients {
        let credential = Credential::parse(&client.credential).expect("it was made here");
        let grant = Grant { client: &credential, audience: &node.name, epoch_max: u64::MAX };
        let mut cwt = vec![0; CWT_MAX];
        let length = issue(&authority.key, b"authority", &grant, &mut cwt).expect("a short name");
        cwt.truncate(length);
        client.cwts.insert(node.name.clone(), cwt);
    }
    authority.credential().expect("it was just made").bytes().to_vec()
}

impl World {
    /// The world of a seed, before anything happens.
    pub fn new(seed: Seed) -> Arc<World> {
        let begin = Instant::now();
        let log = Arc::new(Log::new(begin));
        let monitor = Arc::new(Monitor::new(log.clone()));
        let network = Network::new(seed.number("network"), log.clone());
        let mut random = seed.stream("world");
        let admission = random.gen_bool(0.3).then(|| AdmissionKey::draw(&mut random).expect("it is random"));
        let around = Surroundings { network, log, monitor, seed, gateway: gateway_address(), admission };
        let mut clients: Vec<ClientHost> = (0..random.gen_range(2..=3_u8))
            .map(|n| {
                let address = IpAddr::from([203, 0, 113, n + 1]);
                ClientHost::new(around.clone(), &format!("client-{n}"), address, WallClock::new(begin))
            })
            .collect();
        let pinned = random.gen_range(0..=clients.len());
        let nodes: Vec<Arc<NodeHost>> = (0..random.gen_range(1..=3_u8))
            .map(|n| {
                let kind = Kind {
                    interval: one_of(&mut random, &[4, 6, 8, 12, 24]) * HOUR,
                    depth: random.gen_range(3..=5),
                    low: random.gen_range(2..=6),
                };
                let address = IpAddr::from([10, 0, 0, n + 1]);
                let name = format!("node-{n}");
                let mut node = NodeHost::new(around.clone(), &name, address, kind, WallClock::new(begin));
                // Whom no node pins an authority vouches for.
                let authority = vouch(&around, &node, clients.iter_mut().skip(pinned));
                let credentials = clients.iter().take(pinned).map(|client| client.credential.clone());
                node.pin(credentials.collect(), vec![authority]);
                Arc::new(node)
            })
            .collect();
        // Either the operator registers the nodes at each start, or they do so themselves.
        let policy = Policy { open: random.gen_bool(0.5), ..Policy::default() };
        let registered = nodes.iter().filter(|_| !policy.open);
        let credentials = registered.map(|node| node.credential.clone()).collect();
        let gateway = GatewayHost::new(around.clone(), WallClock::new(begin), policy, credentials);
        let Surroundings { network, log, monitor, .. } = around;
        let clients = clients.into_iter().map(Arc::new).collect();
        Arc::new(World { seed, begin, network, log, monitor, gateway, nodes, clients })
    }

    /// Starts everything. It lives as long as what is returned.
    pub fn start(self: &Arc<Self>) -> JoinSet<()> {
        let mut life = JoinSet::new();
        let (operated, nodes) = (self.gateway.operate(), self.nodes.iter().map(NodeHost::run));
        for task in std::iter::once(operated).chain(nodes) {
            life.spawn(async move {
                let _ = task.await;
            });
        }
        for number in 0..self.clients.len() {
            life.spawn(self.clone().everyday(number));
        }
        if self.gateway.asks_for_admission() {
            life.spawn(self.clone().curious());
        }
        life
    }

    /// A stranger who asks for an Offer of each node every day: of those that have an admission key none is given out.
    async fn curious(self: Arc<Self>) {
        let mut random = self.seed.stream("curious");
        loop {
            sleep(DAY).await;
            for node in &self.nodes {
                let stranger = Stranger::new(&self, stranger(CURIOUS), StdRng::seed_from_u64(random.r#gen()));
                stranger.offer(node).await;
            }
        }
    }

    /// What a client does: calls a node now and then, and takes up what is pending.
    async fn everyday(self: Arc<Self>, number: usize) {
        let client = &self.clients[number];
        let mut random = self.seed.stream(&format!("{} everyday", client.name));
        loop {
            sleep(between(&mut random, PAUSES.0, PAUSES.1)).await;
            let node = &self.nodes[random.gen_range(0..self.nodes.len())];
            client.resume(&node.credential, PATIENCE).await;
            client.ask_again(&node.credential, PATIENCE).await;
            if random.gen_bool(0.5) {
                client.ask(&node.credential, PATIENCE).await;
            }
            client.call(&node.credential, PATIENCE).await;
        }
    }
}
