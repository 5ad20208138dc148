//! A client: calls nodes now and then, waits, and takes up what was left.

use super::Surroundings;
use crate::time::WallClock;
use dke::client::Client;
use dke::{Credential, Mode, Scalar};
use dke_agent::{Answered, Asked, Called, Caller, Progress, Unfinished};
use dke_state::{Disk, Error, Identity, Locked, MemoryDisk, Role, SharedClientDir};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The host of a client.
pub struct ClientHost {
    pub(super) around: Surroundings,
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
    /// By the subject of a node: an authority vouches for it there; otherwise it is pinned.
    pub cwts: BTreeMap<String, Vec<u8>>,
    /// How often it has called, or asked again.
    calls: Mutex<u64>,
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
            cwts: BTreeMap::new(),
            calls: Mutex::default(),
        }
    }

    pub(super) fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(self.disk.clone())
    }

    fn client<'a>(&'a self, node: &str, credential: &Credential<'a>, key: &'a Scalar) -> Client<'a> {
        match self.cwts.get(node) {
            Some(cwt) => Client::vouched(cwt, key).expect("it was made by the simulation"),
            None => Client::pinned(credential, key),
        }
    }

    /// Calls a node, and waits for the answer for at most this time.
    pub async fn call(&self, node_credential: &[u8], patience: Duration) -> Ended {
        let number = self.number();
        let content = format!("{} {number}", self.name);
        let node = Credential::parse(node_credential).expect("it was made by the simulation");
        let subject = node.subject().to_string();
        self.around.monitor.called(&self.name, &subject, &content);
        let link = self.around.connect(self.address, &format!("{} {number}", self.name));
        let mut random = self.around.seed.stream(&format!("{} call {number}", self.name));
        let disk = self.disk();
        let called = async {
            let identity = Identity::load(&Locked::on(disk.clone())?)?;
            let credential = identity.credential()?;
            let client = self.client(&subject, &credential, &identity.key);
            let caller = Caller { gateway: link, node };
            let deadline = Instant::now() + patience;
            let asked = Asked { mode: Mode::Basic, data: content.as_bytes(), now: self.clock.now(), deadline };
            let mut store =
                SharedClientDir::new(disk.clone(), &caller.node, self.cwts.get(&subject).map(Vec::as_slice));
            let progress = |progress: Progress| self.progress(&subject, &content, &progress);
            let called = caller.call(&client, &mut store, &asked, &mut random, progress).await;
            Ok::<_, Error>(self.note(called, &subject, &content))
        };
        let ended = called.await.unwrap_or_else(|error| Ended::NotYet(error.to_string()));
        self.around.log.tell(&self.name, format!("{subject} {content:?}: {ended:?}"));
        ended
    }

    /// One that was not used before.
    pub(super) fn number(&self) -> u64 {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls += 1;
        *calls
    }

    fn progress(&self, node: &str, content: &str, progress: &Progress) {
        if *progress != Progress::Waiting {
            self.around.log.tell(&self.name, format!("{node} {content:?}: {progress:?}"));
        }
    }

    /// Lets the monitor know how a call ended.
    fn note(&self, called: Result<Called, Unfinished<Error>>, node: &str, content: &str) -> Ended {
        match called {
            Ok(Called { answered: Answered::Unknown, .. }) => Ended::NotYet(format!("{node} has no answer")),
            Ok(Called { answered: Answered::Refused(why), .. }) => Ended::NotYet(why.to_string()),
            Ok(Called { answered: Answered::Done(answer), session, .. }) => {
                let place = (node.to_string(), session.epoch, session.index);
                let keys = session.secret.fingerprint();
                let answer = String::from_utf8_lossy(&answer).into_owned();
                self.around.monitor.finished(place, &keys, content, &answer);
                Ended::Answered
            }
            Err(unfinished) => {
                if let Unfinished::Over = unfinished {
                    self.around.monitor.given_up(content);
                }
                Ended::NotYet(unfinished.to_string())
            }
        }
    }

    /// Takes up all pending exchanges with a node.
    pub async fn resume(&self, node_credential: &[u8], patience: Duration) -> Vec<Ended> {
        let node = Credential::parse(node_credential).expect("it was made by the simulation");
        let subject = node.subject().to_string();
        let disk = self.disk();
        let mut store = SharedClientDir::new(disk.clone(), &node, self.cwts.get(&subject).map(Vec::as_slice));
        let Ok(identity) = Locked::on(disk).and_then(|locked| Identity::load(&locked)) else { return Vec::new() };
        let Ok(credential) = identity.credential() else { return Vec::new() };
        let client = self.client(&subject, &credential, &identity.key);
        let mut ended = Vec::new();
        for one in store.resumable().unwrap_or_default() {
            let Some(call) = &one.resumed.call else { continue };
            let content = String::from_utf8_lossy(&call.data).into_owned();
            let purpose = format!("{} resumes {content} {}", self.name, self.number());
            let link = self.around.connect(self.address, &purpose);
            let mut random = self.around.seed.stream(&purpose);
            let caller = Caller { gateway: link, node };
            let when = (self.clock.now(), Instant::now() + patience);
            let progress = |progress: Progress| self.progress(&subject, &content, &progress);
            let called = caller.resume(&client, &mut store, one.resumed, when, &mut random, progress).await;
            let how = self.note(called, &subject, &content);
            self.around.log.tell(&self.name, format!("{subject} {content:?} taken up: {how:?}"));
            ended.push(how);
        }
        ended
    }
}
