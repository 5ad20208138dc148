//! The gateway, and the operator who starts it again when it has ended.

use super::Surroundings;
use crate::medium::Medium;
use crate::time::{HOUR, WallClock};
use dke_coap::Parameters;
use dke_gateway::{Embedded, Gateway, Options, Policy, coap_over};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::sleep;

/// After this time an operator, or a service manager, starts it again.
const RESTART: Duration = Duration::from_secs(5);
/// Seconds from one sweep of what is old to the next.
const SWEEP: Duration = HOUR;
/// Pages in memory: a simulated disk is fast enough.
const CACHE: usize = 1024 * 1024;

/// The host of the gateway.
pub struct GatewayHost {
    around: Surroundings,
    /// Its store.
    pub medium: Medium,
    /// Its wall clock.
    pub clock: WallClock,
    /// Its limits.
    pub policy: Policy,
    /// Credentials of the nodes that its operator has registered; none if nodes may register themselves.
    nodes: Vec<Vec<u8>>,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    /// How often it was started.
    starts: u64,
    tasks: Vec<AbortHandle>,
    gateway: Option<Arc<Gateway<Embedded>>>,
    /// It is not to be started.
    down: bool,
}

impl GatewayHost {
    /// A gateway that does not run yet.
    pub fn new(around: Surroundings, clock: WallClock, policy: Policy, nodes: Vec<Vec<u8>>) -> Arc<GatewayHost> {
        let (medium, running) = (Medium::default(), Mutex::default());
        Arc::new(GatewayHost { around, medium, clock, policy, nodes, running })
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Do its nodes give prekeys to clients alone that have an admission key?
    pub fn asks_for_admission(&self) -> bool {
        self.around.admission.is_some()
    }

    /// Runs it until the end, and starts it again whenever it has ended.
    pub fn operate(self: &Arc<Self>) -> JoinHandle<()> {
        let host = self.clone();
        tokio::spawn(async move {
            loop {
                let start = host.start().await;
                match start {
                    Ok(gateway) => {
                        let failed = gateway.failure();
                        tokio::select! {
                            biased;
                            why = failed => host.around.log.tell("gateway", format!("ended: {why}")),
                            () = host.was_ended() => {}
                        }
                    }
                    Err(why) => host.around.log.tell("gateway", format!("does not start: {why}")),
                }
                host.end();
                sleep(RESTART).await;
            }
        })
    }

    async fn was_ended(&self) {
        // A second more or less does not matter to whoever restarts it.
        while self.running().gateway.is_some() {
            sleep(Duration::from_secs(60)).await;
        }
    }

    async fn start(self: &Arc<Self>) -> Result<Arc<Gateway<Embedded>>, String> {
        while self.running().down {
            sleep(Duration::from_secs(60)).await;
        }
        let starts = {
            let mut running = self.running();
            running.starts += 1;
            running.starts
        };
        let seed = self.around.seed.of(&format!("gateway start {starts}"));
        let full = self.medium.clone();
        let options = Options { cache: CACHE, ..Options::default() };
        let store = Embedded::open_inline(self.medium.open(), options, move || full.is_full());
        let store = store.map_err(|error| error.to_string())?;
        let clock = self.clock.clone();
        let now = Arc::new(move || clock.now());
        let gateway = Arc::new(Gateway::new(store, self.policy.clone(), now, &mut seed.stream("secrets")));
        for credential in &self.nodes {
            gateway.register(credential).await.map_err(|refusal| refusal.to_string())?;
        }
        let socket = self.around.network.bind(self.around.gateway);
        let serve = coap_over(gateway.clone(), socket, Parameters::default(), seed.stream("coap"));
        let sweeping = gateway.clone();
        let sweep = async move {
            loop {
                sleep(SWEEP).await;
                let _ = sweeping.sweep().await;
            }
        };
        let mut running = self.running();
        running.tasks = vec![tokio::spawn(serve).abort_handle(), tokio::spawn(sweep).abort_handle()];
        running.gateway = Some(gateway.clone());
        drop(running);
        self.around.log.tell("gateway", format!("start {starts}"));
        Ok(gateway)
    }

    /// Ends the process; it is started again soon.
    fn end(&self) {
        let mut running = self.running();
        running.tasks.drain(..).for_each(|task| task.abort());
        running.gateway = None;
        drop(running);
        self.medium.kill();
    }

    /// The process is killed, and the medium is treated by `then` before it is started again.
    pub fn kill(&self, why: &str, then: impl FnOnce(&Medium)) {
        self.around.log.tell("gateway", why);
        self.around.monitor.count(|counts| counts.kills += 1);
        self.end();
        then(&self.medium);
    }

    /// Keeps it from running, or lets it run again.
    pub fn set_down(&self, down: bool) {
        self.running().down = down;
        if down {
            self.end();
        }
    }
}
