//! A client: calls nodes now and then, waits, and takes up what was left.

use super::Surroundings;
use crate::monitor::Property;
use crate::time::WallClock;
use dke::client::{AwaitingConfirm, Client};
use dke::{Credential, Mode};
use dke_agent::{Asked, Called, Caller, Progress, Unfinished};
use dke_state::{ClientDir, Error, Identity, Locked, MemoryDisk, PendingState, Role, SharedClientDir};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The host of a client.
pub struct ClientHost {
    around: Surroundings,
    /// Its subject.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Its directory.
    pub disk: MemoryDisk,
    /// Its wall clock.
    pub clock: WallClock,
    /// Its public half.
    pub credential: Vec<u8>,
    /// How many calls it has made.
    calls: Mutex<u64>,
    /// What the pending exchanges are about, by node, epoch and index.
    contents: Mutex<BTreeMap<(String, u64, u8), String>>,
}

/// Draws an identity and stores it. Returns the credential.
pub(super) fn identity(around: &Surroundings, role: Role, name: &str, disk: &MemoryDisk) -> Vec<u8> {
    let locked = Locked::on(Arc::new(disk.clone())).expect("a new disk");
    let mut random = around.seed.stream(&format!("{name} identity"));
    let identity = Identity::draw(Some(role), name, name.as_bytes(), &mut random).expect("a short name");
    identity.store(&locked).expect("a new disk");
    identity.credential().expect("it was just made").bytes().to_vec()
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The node has answered.
    Answered,
    /// The node has not answered within the time.
    NotYet(String),
}

impl ClientHost {
    /// A client that has just been made.
    pub fn new(around: Surroundings, name: &str, address: IpAddr, clock: WallClock) -> ClientHost {
        let disk = MemoryDisk::new();
        let credential = identity(&around, Role::Client, name, &disk);
        ClientHost {
            around,
            name: name.into(),
            address,
            disk,
            clock,
            credential,
            calls: Mutex::default(),
            contents: Mutex::default(),
        }
    }

    /// Calls a node, and waits for the answer for at most this time.
    pub async fn call(&self, node_credential: &[u8], patience: Duration) -> Ended {
        let number = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            *calls += 1;
            *calls
        };
        let content = format!("{} {number}", self.name);
        let node = Credential::parse(node_credential).expect("it was made by the simulation");
        let subject = node.subject().to_string();
        self.around.monitor.called(&self.name, &subject, &content);
        let link = self.around.connect(self.address, &format!("{} {number}", self.name));
        let mut random = self.around.seed.stream(&format!("{} call {number}", self.name));
        let disk: Arc<dyn dke_state::Disk> = Arc::new(self.disk.clone());
        let called = async {
            let identity = Identity::load(&Locked::on(disk.clone())?)?;
            let credential = identity.credential()?;
            let client: Client<'_> = Client::pinned(&credential, &identity.key);
            let caller = Caller { gateway: link, node };
            let deadline = Instant::now() + patience;
            let asked = Asked { mode: Mode::Basic, early_data: content.as_bytes(), now: self.clock.now(), deadline };
            let mut store = SharedClientDir::new(disk.clone(), &caller.node);
            let progress = |progress: Progress| self.progress(&subject, &content, &progress);
            let called = caller.call(&client, &mut store, &asked, &mut random, progress).await;
            Ok::<_, Error>(self.keep(store, called, &subject, &content))
        };
        let ended = called.await.unwrap_or_else(|error| Ended::NotYet(error.to_string()));
        self.around.log.tell(&self.name, format!("{subject} {content:?}: {ended:?}"));
        ended
    }

    fn progress(&self, node: &str, content: &str, progress: &Progress) {
        if let Progress::Initiated { epoch, index, .. } = progress {
            let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
            contents.insert((node.to_string(), *epoch, *index), content.to_string());
        }
        if *progress != Progress::Waiting {
            self.around.log.tell(&self.name, format!("{node} {content:?}: {progress:?}"));
        }
    }

    /// Stores how an exchange ended, and lets the monitor know.
    fn keep(
        &self,
        store: SharedClientDir,
        called: Result<Called, Unfinished<Error>>,
        node: &str,
        content: &str,
    ) -> Ended {
        let kept = match &called {
            Ok(called) => store.keep(&called.session, called.early.expose()),
            Err(_) => store.settle(),
        };
        if let Err(error) = kept {
            return Ended::NotYet(error.to_string());
        }
        match called {
            Ok(called) => {
                let place = (node.to_string(), called.session.epoch, called.session.index);
                let keys = called.session.secret.fingerprint();
                let answer = String::from_utf8_lossy(&called.answer).into_owned();
                self.around.monitor.finished(place, &keys, content, &answer);
                Ended::Answered
            }
            Err(Unfinished::Discarded) if self.around.monitor.times(content) > 0 => {
                let why = format!("{node} has carried out {content:?}, and the answer is lost");
                self.around.monitor.violated(Property::AcknowledgedKept, why.clone());
                Ended::NotYet(why)
            }
            Err(unfinished) => Ended::NotYet(unfinished.to_string()),
        }
    }

    /// Exchanges that await their Confirms.
    pub fn pending(&self) -> Result<Vec<PendingState>, Error> {
        Ok(ClientDir::open(Locked::on(Arc::new(self.disk.clone()))?)?.state.pending)
    }

    /// Takes up all pending exchanges with a node.
    pub async fn resume(&self, node_credential: &[u8], patience: Duration) -> Vec<Ended> {
        let node = Credential::parse(node_credential).expect("it was made by the simulation");
        let subject = node.subject().to_string();
        let pending = self.pending().unwrap_or_default();
        let mut ended = Vec::new();
        for (count, one) in pending.into_iter().filter(|one| one.node.0 == *node.hash()).enumerate() {
            let purpose = format!("{} resumes {} {} {count}", self.name, one.epoch, one.index);
            let link = self.around.connect(self.address, &purpose);
            let caller = Caller { gateway: link, node: node.clone() };
            let Ok(awaiting) = AwaitingConfirm::from_bytes(one.state.expose()) else { continue };
            let content = {
                let contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
                contents.get(&(subject.clone(), one.epoch, one.index)).cloned().unwrap_or_default()
            };
            let mut store = SharedClientDir::new(Arc::new(self.disk.clone()), &caller.node);
            let deadline = Instant::now() + patience;
            let progress = |progress: Progress| self.progress(&subject, &content, &progress);
            let called = caller.resume(&mut store, &one.initiate.0, awaiting, deadline, progress).await;
            let how = self.keep(store, called, &subject, &content);
            self.around.log.tell(&self.name, format!("{subject} {content:?} taken up: {how:?}"));
            ended.push(how);
        }
        ended
    }
}
