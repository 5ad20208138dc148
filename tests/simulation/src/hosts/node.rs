//! A node: asleep almost all the time.

use super::Surroundings;
use crate::monitor::{Property, answer_to};
use crate::time::WallClock;
use coap_lite::Packet;
use dke::key_schedule::EarlySecret;
use dke::message::{Header, Offer};
use dke::node::{Node, Peer};
use dke::stock::{Limits, Rate};
use dke::store::{NodeStore as _, Pins};
use dke::{Credential, Depth, RustCrypto, Session, Suite};
use dke_agent::{
    Budget, Call, Gateway as Link, Handler, Interrupted, Ledger as _, NodeAgent, Opened, Settings, Trouble, Wake,
};
use dke_app::message;
use dke_coap::Code;
use dke_state::{Epochs, Error, Identity, Locked, MemoryDisk, NodeDir, recover_node};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// A wake-up has ended after this time, whatever the gateway does.
const WAKE_MAX: Duration = Duration::from_secs(30 * 60);
/// Datagrams that a node sends at one wake-up at most.
const DATAGRAMS_MAX: u64 = 4000;

/// What kind of node it is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// From one wake-up to the next.
    pub interval: Duration,
    /// 2^depth prekeys in a batch.
    pub depth: u64,
    /// Publishes when fewer are left.
    pub low: u16,
}

/// The host of a node.
pub struct NodeHost {
    around: Surroundings,
    /// Its subject.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// What it is like.
    pub kind: Kind,
    /// Its directory, which a trouble may replace.
    pub disk: Mutex<MemoryDisk>,
    /// Its wall clock.
    pub clock: WallClock,
    /// Its public half.
    pub credential: Vec<u8>,
    /// Credentials that it pins.
    clients: Vec<Vec<u8>>,
    /// Credentials of authorities that it trusts.
    authorities: Vec<Vec<u8>>,
    killed: Notify,
    /// Its directory is a copy, which must be refused.
    is_copy: AtomicBool,
    was_put_back: AtomicBool,
    /// How its last wake-up ended.
    pub last: Mutex<Option<String>>,
}

impl NodeHost {
    /// A node that has just been made.
    pub fn new(around: Surroundings, name: &str, address: IpAddr, kind: Kind, clock: WallClock) -> NodeHost {
        let disk = MemoryDisk::new();
        let identity = super::client::identity(&around, dke_state::Role::Node, name, &disk);
        NodeHost {
            name: name.into(),
            address,
            kind,
            disk: Mutex::new(disk),
            clock,
            credential: identity,
            clients: Vec::new(),
            authorities: Vec::new(),
            killed: Notify::new(),
            is_copy: AtomicBool::new(false),
            was_put_back: AtomicBool::new(false),
            last: Mutex::default(),
            around,
        }
    }

    /// The operator tells the node whom it trusts.
    pub fn pin(&mut self, clients: Vec<Vec<u8>>, authorities: Vec<Vec<u8>>) {
        (self.clients, self.authorities) = (clients, authorities);
    }

    /// Its directory.
    pub fn disk(&self) -> MemoryDisk {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a copy in the place of its directory.
    pub fn put_back(&self, copy: MemoryDisk) {
        self.kill();
        *self.disk.lock().unwrap_or_else(PoisonError::into_inner) = copy;
        self.is_copy.store(true, Ordering::Relaxed);
        self.was_put_back.store(true, Ordering::Relaxed);
    }

    /// Has its operator put back a backup, ever?
    fn was_put_back(&self) -> bool {
        self.was_put_back.load(Ordering::Relaxed)
    }

    /// Is its directory a copy, and has it not begun anew?
    pub fn is_copy(&self) -> bool {
        self.is_copy.load(Ordering::Relaxed)
    }

    /// Its operator begins anew, as `dke node recover --gateway` does: with the epoch that the gateway shows.
    async fn recover(&self, why: String, number: u64) -> String {
        let purpose = format!("{} {number} recovers", self.name);
        let mut random = self.around.seed.stream(&purpose);
        let link = self.around.connect(self.address, &purpose);
        let node = Credential::parse(&self.credential).expect("it was made by the simulation");
        let offer = link.offer(node.hash(), &mut random).await.unwrap_or_default();
        let signed = Offer::parse(&offer).ok().filter(|offer| offer.batch.verify::<RustCrypto>(node.key()).is_ok());
        let signed = signed.and_then(|offer| offer.batch.header(node.hash()).ok()).map(|header| header.epoch);
        let locked = Locked::on(Arc::new(self.disk()));
        let recovered = locked.and_then(|locked| recover_node(&locked, Epochs { last: None, signed }, &mut random));
        match recovered {
            Ok(recovered) => {
                self.is_copy.store(false, Ordering::Relaxed);
                format!("begins anew at epoch {}: {why}", recovered.epoch)
            }
            Err(again) => again.to_string(),
        }
    }

    /// Ends what it does at this moment, without warning.
    pub fn kill(&self) {
        self.killed.notify_waiters();
    }

    /// Wakes up again and again.
    pub fn run(self: &Arc<Self>) -> JoinHandle<()> {
        let host = self.clone();
        tokio::spawn(async move {
            let mut next = Instant::now() + host.kind.interval / 2;
            // A device connects once; its port changes when it is made anew.
            for number in 0_u64.. {
                sleep_until(next).await;
                next = Instant::now() + host.kind.interval;
                host.wake(number).await;
            }
        })
    }

    async fn wake(self: &Arc<Self>, number: u64) {
        self.around.monitor.count(|counts| counts.wakes += 1);
        let (begun, sent) = (Instant::now(), self.around.network.traffic(|traffic| traffic.sent_by(self.address)));
        let link = self.around.connect(self.address, &format!("{} {number}", self.name));
        let ended = tokio::select! {
            biased;
            () = self.killed.notified() => {
                self.around.monitor.count(|counts| counts.kills += 1);
                "was killed".to_string()
            }
            woken = self.wake_up(link, number) => match woken {
                Ok(_) if self.is_copy() => {
                    let why = format!("{} uses a state that was put back", self.name);
                    self.is_copy.store(false, Ordering::Relaxed);
                    self.around.monitor.violated(Property::CopyRefused, why.clone());
                    why
                }
                Ok(wake) => shown(&wake),
                Err(Interrupted { trouble: Trouble::Step(dke::Error::Storage(error)), .. }) => match error {
                    Error::Copied(..) => self.recover(error.to_string(), number).await,
                    error => self.broken(&error),
                },
                Err(Interrupted { trouble: outdated @ Trouble::Outdated { .. }, .. }) if self.was_put_back() => {
                    self.recover(outdated.to_string(), number).await
                }
                Err(Interrupted { done, trouble }) => format!("{trouble} {}", shown(&done)),
            }
        };
        let datagrams = self.around.network.traffic(|traffic| traffic.sent_by(self.address)) - sent;
        if begun.elapsed() > WAKE_MAX || datagrams > DATAGRAMS_MAX {
            let why = format!("{} was awake for {:?} and sent {datagrams} datagrams", self.name, begun.elapsed());
            self.around.monitor.violated(Property::Budget, why);
        }
        self.around.log.tell(&self.name, &ended);
        if ended.starts_with("was killed") || ended.starts_with("restarts") {
            self.around.monitor.cut_off(&self.name);
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
    }

    /// The medium has failed: the device restarts, and finds what is durable.
    fn broken(&self, error: &Error) -> String {
        let disk = self.disk();
        disk.fail_at(None);
        disk.lose_power(0);
        self.around.monitor.count(|counts| counts.kills += 1);
        self.tell_found(disk);
        format!("restarts: {error}")
    }

    /// What became durable although the step that wrote it was reported as failed.
    fn tell_found(&self, disk: MemoryDisk) {
        let Ok(file) = Locked::on(Arc::new(disk)).and_then(NodeDir::open) else { return };
        for session in &file.state.sessions {
            let place = (self.name.clone(), session.epoch, session.index);
            self.around.monitor.found(place, &session.fingerprint());
        }
    }

    async fn wake_up(&self, gateway: Link, number: u64) -> Result<Wake, Interrupted<Error>> {
        let interrupted = |error| Interrupted { done: Wake::default(), trouble: Trouble::Step(error) };
        let step = |error: Error| interrupted(dke::Error::Storage(error));
        let locked = Locked::on(Arc::new(self.disk())).map_err(step)?;
        let identity = Identity::load(&locked).map_err(step)?;
        let mut file = NodeDir::open(locked).map_err(step)?;
        let (clients, authorities) = (parsed(&self.clients), parsed(&self.authorities));
        let agent = NodeAgent {
            gateway,
            node: Node::new(identity.credential().map_err(step)?, &identity.key, false),
            trust: Pins::new(&clients, &authorities).map_err(|misuse| interrupted(misuse.into()))?,
            settings: Settings {
                suite: Suite::AesCcm8,
                depth: Depth::new(self.kind.depth).expect("a depth of 0 to 8"),
                limits: Limits { low: self.kind.low, ..Limits::default() },
                rate: Rate::default(),
                budget: Budget::default(),
                end: 0,
                mends: true,
            },
        };
        let mut handler = Application { host: self };
        let mut random = self.around.seed.stream(&format!("{} wake-up {number}", self.name));
        let wake = agent.wake(&mut file, &mut handler, Some(self.clock.now()), &mut random).await?;
        if wake.spent.is_none() && self.clock.is_right() {
            self.check_supply(&file);
        }
        Ok(wake)
    }

    /// A stranger was given a prekey of this epoch. Only its clients should be, once the gateway has acknowledged its admission key.
    pub fn gives_to_stranger(&self, epoch: u64) {
        let dir = Locked::on(Arc::new(self.disk())).and_then(NodeDir::open);
        // A node that is awake holds the lock, and may be about to send the key.
        let acknowledged = dir.and_then(|dir| dir.acknowledged()).unwrap_or_default();
        if self.around.admission.is_some() && acknowledged >= epoch && !self.is_copy() {
            let why = format!("a stranger gets a prekey of epoch {epoch} of {}, without its admission key", self.name);
            self.around.monitor.unless_lying(Property::AdmissionHeld, why);
        }
    }

    fn check_supply(&self, file: &NodeDir) {
        let node = Credential::parse(&self.credential).expect("it was made by the simulation");
        let newest = file.last_epoch().ok().and_then(|epoch| file.batch(epoch).ok().flatten());
        let header = newest.as_ref().and_then(|batch| Header::parse(batch.header(), node.hash()).ok());
        let (ends, next) =
            (header.map_or(0, |header| header.not_after), self.clock.now() + self.kind.interval.as_secs());
        if ends < next {
            let why = format!("the newest batch of {} ends at {ends}, before its next wake-up at {next}", self.name);
            self.around.monitor.violated(Property::Supplied, why);
        }
    }
}

fn parsed(credentials: &[Vec<u8>]) -> Vec<Credential<'_>> {
    credentials.iter().filter_map(|one| Credential::parse(one).ok()).collect()
}

fn shown(wake: &Wake) -> String {
    let Wake { published, answered, repeated, rejected, left, .. } = wake;
    format!("published {published}, answered {answered}, repeated {repeated}, rejected {rejected}, left {left}")
}

/// What a node is for.
struct Application<'a> {
    host: &'a NodeHost,
}

impl Handler for Application<'_> {
    async fn answer(&mut self, call: &Call<'_>) -> Option<Vec<u8>> {
        let content = String::from_utf8_lossy(call.data);
        self.host.around.monitor.carried_out(&self.host.name, call.peer.subject(), &content);
        Some(answer_to(&content).into_bytes())
    }

    async fn serve(&mut self, request: &Opened<'_>) -> Option<Packet> {
        let content = String::from_utf8_lossy(&request.message.payload);
        self.host.around.monitor.carried_out(&self.host.name, &request.peer.subject, &content);
        let mut response = message::with_code(Code::CHANGED.0);
        response.payload = answer_to(&content).into_bytes();
        Some(response)
    }

    fn established(&mut self, _peer: &Peer, _early: &EarlySecret, session: &Session) {
        let place = (self.host.name.clone(), session.epoch, session.index);
        self.host.around.monitor.established(place, session.secret.fingerprint().to_vec());
    }
}
