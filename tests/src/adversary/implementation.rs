//! The honest parties on the implementation.

use super::side::{
    Accepted, AnswerLoss, Answered, Batch, Begun, Cast, Done, Key, Loss, Pending, Reply, Side, Stop, Wish,
};
use crate::harness::{NOT_AFTER, NOW};
use crate::memory_store::{Broken, ClientMemory, Fault, MemoryClientStore, MemoryNodeStore, NodeMemory};
use dke::client::{AwaitingConfirm, Client, Request};
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, DATA_MAX, INITIATE_MAX, PUBLICATION_MAX};
use dke::store::Pins;
use dke::{Credential, Depth, Error, Mode, Scalar, Suite};
use dke_vectors::Given;

/// Which storage operation of C1 stores the pending exchange; the one before reads the highest epoch.
const C1_BEGIN: u64 = 1;
/// Which storage operation of N2 erases y; the four before read.
const N2_ERASE: u64 = 4;
/// Which storage operation of N2 and N3 stores Confirm.
const N3_PUT: u64 = 5;
/// Which storage operation of C2 ends the exchange.
const C2_END: u64 = 0;

/// All honest parties.
#[derive(Clone)]
pub struct Implementation {
    nodes: Vec<OneNode>,
    clients: Vec<OneClient>,
    authority: Vec<u8>,
}

#[derive(Clone)]
struct OneNode {
    credential: Vec<u8>,
    key: Scalar,
    insists: bool,
    pinned: Vec<Vec<u8>>,
    store: MemoryNodeStore,
}

#[derive(Clone)]
struct OneClient {
    credential: Vec<u8>,
    key: Scalar,
    cwt: Option<Vec<u8>>,
    store: MemoryClientStore,
}

impl Implementation {
    /// Nothing has happened yet.
    pub fn new(cast: &Cast) -> Self {
        let node = |(credential, key, insists): &(Vec<u8>, Key, bool)| OneNode {
            credential: credential.clone(),
            key: scalar(key),
            insists: *insists,
            pinned: Vec::new(),
            store: MemoryNodeStore::default(),
        };
        let client = |(credential, key): &(Vec<u8>, Key)| OneClient {
            credential: credential.clone(),
            key: scalar(key),
            cwt: None,
            store: MemoryClientStore::default(),
        };
        Implementation {
            nodes: cast.nodes.iter().map(node).collect(),
            clients: cast.clients.iter().map(client).collect(),
            authority: cast.authority.clone(),
        }
    }
}

fn scalar(key: &Key) -> Scalar {
    Scalar::from_bytes(key).expect("a scalar")
}

fn fault(loss: Loss, operation: u64) -> Fault {
    match loss {
        Loss::Before => Fault::Before(operation),
        Loss::After => Fault::After(operation),
    }
}

fn stop(error: &Error<Broken>) -> Stop {
    match error {
        Error::Storage(_) => Stop::PowerLost,
        other => Stop::Rejected(other.name().to_string()),
    }
}

fn parsed(credentials: &[Vec<u8>]) -> Vec<Credential<'_>> {
    credentials.iter().map(|bytes| Credential::own(bytes).expect("a credential")).collect()
}

impl OneNode {
    fn answer(&mut self, authority: &[u8], initiate: &[u8], reply: &Reply) -> Result<Answered, Stop> {
        let (clients, authorities) = (parsed(&self.pinned), [Credential::own(authority).expect("a credential")]);
        let pins = Pins::new(&clients, &authorities).expect("no kid twice");
        let node: Node<'_> =
            Node::new(Credential::own(&self.credential).expect("a credential"), &self.key, self.insists);
        let mut buffer = [0; CONFIRM_MAX];
        let incoming = node.accept(&mut self.store, &pins, initiate, &mut buffer).map_err(|error| stop(&error))?;
        let accepted = match incoming {
            Incoming::Repeated(confirm) => return Ok(Answered::Repeated(confirm.to_vec())),
            Incoming::Accepted(accepted) => accepted,
        };
        let mut answered = Accepted {
            client: *accepted.peer().hash(),
            early: accepted.early_data().to_vec(),
            early_secret: accepted.early_secret().expose().to_vec(),
            refresh: accepted.mode() == Mode::Refresh,
            confirmed: None,
        };
        let mut out = [0; CONFIRM_MAX];
        match accepted.confirm(&mut self.store, &reply.data, &mut Given::new(reply.z), &mut out) {
            Ok(confirmed) => {
                let message = out[..confirmed.len].to_vec();
                answered.confirmed = Some((message, confirmed.session.secret.expose().to_vec()));
                Ok(Answered::Accepted(answered))
            }
            Err(failed) if stop(&failed.error) == Stop::PowerLost => Ok(Answered::Accepted(answered)),
            Err(failed) => Err(stop(&failed.error)),
        }
    }
}

impl OneClient {
    fn initiate(&mut self, wish: &Wish) -> Result<Begun, Stop> {
        let own = Credential::own(&self.credential).expect("a credential");
        let client: Client<'_> = match &self.cwt {
            Some(cwt) => Client::vouched(cwt, &self.key).expect("it was taken"),
            None => Client::pinned(&own, &self.key),
        };
        let mode = if wish.refresh { Mode::Refresh } else { Mode::Basic };
        let request = Request { mode, early_data: &wish.early, now: NOW };
        let node = Credential::own(&wish.node).expect("pinned");
        let mut out = [0; INITIATE_MAX];
        let begun = client
            .initiate(&mut self.store, &node, &wish.offer, &request, &mut Given::new(wish.x), &mut out)
            .map_err(|error| stop(&error))?;
        let early_secret = begun.awaiting.early_secret().expose().to_vec();
        Ok(Begun { initiate: out[..begun.len].to_vec(), early_secret })
    }
}

impl Side for Implementation {
    fn publish(&mut self, node: usize, batch: &Batch) -> Vec<u8> {
        let OneNode { credential, key, insists, store, .. } = &mut self.nodes[node];
        let node: Node<'_> = Node::new(Credential::own(credential).expect("a credential"), key, *insists);
        let plan = Plan {
            suite: Suite::from_id(batch.suite).expect("a suite"),
            depth: Depth::new(batch.depth).expect("a depth"),
            not_after: NOT_AFTER,
        };
        let random = batch.ys.iter().fold(batch.token.to_vec(), |all, y| [&all[..], y].concat());
        let mut out = [0; PUBLICATION_MAX];
        let len = node.publish(store, &plan, &mut Given::new(random), &mut out).expect("N1");
        out[..len].to_vec()
    }

    fn pin(&mut self, node: usize, credential: &[u8]) {
        self.nodes[node].pinned.push(credential.to_vec());
    }

    fn take(&mut self, client: usize, cwt: &[u8]) -> Result<(), Stop> {
        let client = &mut self.clients[client];
        Client::vouched(cwt, &client.key).map_err(|error| Stop::Rejected(error.name().to_string()))?;
        client.cwt = Some(cwt.to_vec());
        Ok(())
    }

    fn initiate(&mut self, client: usize, wish: &Wish) -> Result<Begun, Stop> {
        let client = &mut self.clients[client];
        if let Some(loss) = wish.loss {
            client.store.faults.inject(fault(loss, C1_BEGIN));
        }
        let begun = client.initiate(wish);
        client.store = MemoryClientStore::restore(client.store.snapshot());
        begun
    }

    fn deliver(&mut self, node: usize, initiate: &[u8], reply: &Reply) -> Result<Answered, Stop> {
        let node = &mut self.nodes[node];
        match reply.loss {
            Some(AnswerLoss::Erasure(loss)) => node.store.faults.inject(fault(loss, N2_ERASE)),
            Some(AnswerLoss::Confirm(loss)) => node.store.faults.inject(fault(loss, N3_PUT)),
            None => node.store.faults.mend(),
        }
        let answered = node.answer(&self.authority, initiate, reply);
        node.store = MemoryNodeStore::restore(node.store.snapshot());
        answered
    }

    fn finish(&mut self, client: usize, exchange: Pending, confirm: &[u8], loss: Option<Loss>) -> Result<Done, Stop> {
        let client = &mut self.clients[client];
        let pending = client.store.memory().pending.get(&exchange).expect("the exchange is pending");
        let awaiting: AwaitingConfirm = AwaitingConfirm::from_bytes(&pending.state).expect("as it was stored");
        match loss {
            Some(loss) => client.store.faults.inject(fault(loss, C2_END)),
            None => client.store.faults.mend(),
        }
        let mut buffer = [0; DATA_MAX];
        let finished = awaiting.finish(&mut client.store, confirm, &mut buffer);
        client.store = MemoryClientStore::restore(client.store.snapshot());
        let done = finished.map_err(|failed| stop(&failed.error))?;
        Ok(Done {
            answer: done.answer.to_vec(),
            session_secret: done.session.secret.expose().to_vec(),
            refresh: done.session.mode == Mode::Refresh,
        })
    }

    fn acknowledged(&mut self, node: usize, epoch: u64, index: u8) {
        let OneNode { credential, key, store, .. } = &mut self.nodes[node];
        let node: Node<'_> = Node::new(Credential::own(credential).expect("a credential"), key, false);
        node.acknowledged(store, epoch, index).expect("N4");
    }

    fn restart_node(&mut self, node: usize) {
        self.nodes[node].store = MemoryNodeStore::restore(self.nodes[node].store.snapshot());
    }

    fn restart_client(&mut self, client: usize) {
        self.clients[client].store = MemoryClientStore::restore(self.clients[client].store.snapshot());
    }

    fn stolen(&self, node: usize, epoch: u64, index: u8) -> Option<Key> {
        self.nodes[node].store.memory().batches.get(&epoch)?.prekeys.get(&index)?.0
    }

    fn node_memory(&self, node: usize) -> NodeMemory {
        self.nodes[node].store.snapshot()
    }

    fn client_memory(&self, client: usize) -> ClientMemory {
        self.clients[client].store.snapshot()
    }
}
