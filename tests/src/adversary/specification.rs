//! The honest parties on the specification, of the protocol or of a weakened variant.

use super::side::{
    Accepted, AnswerLoss, Answered, Batch, Begun, Cast, Done, Key, Loss, Pending, Reply, Side, Stop, Wish,
};
use crate::harness::{NOT_AFTER, NOW};
use crate::memory_store::{ClientMemory, NodeMemory, StoredBatch, StoredPending};
use dke::client::AWAITING;
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::client::{self, AwaitingConfirm, Client, Request};
use dke_spec::error::Reject;
use dke_spec::node::{self, Incoming, Node};
use dke_spec::sha256::sha256;
use dke_spec::weakening::Weakening;
use std::collections::BTreeMap;

/// All honest parties.
#[derive(Clone)]
pub struct Specification {
    weakening: Weakening,
    nodes: Vec<Node>,
    clients: Vec<OneClient>,
}

/// The specification has C1 and C2; what a client keeps between them is here (PROTOCOL.md section 8).
#[derive(Clone)]
struct OneClient {
    client: Client,
    highest_epoch: BTreeMap<[u8; 32], u64>,
    pending: BTreeMap<Pending, AwaitingConfirm>,
}

impl Specification {
    /// Nothing has happened yet.
    pub fn new(cast: &Cast, weakening: Weakening) -> Self {
        let node = |(credential, key, insists): &(Vec<u8>, Key, bool)| Node {
            credential: bytes(credential),
            key: bytes(key),
            insist_on_refresh: *insists,
            last_epoch: 0,
            batches: Vec::new(),
            outbox: Vec::new(),
            clients: Vec::new(),
            authorities: vec![bytes(&cast.authority)],
            weakening,
            remains: Vec::new(),
        };
        let client = |(credential, key): &(Vec<u8>, Key)| OneClient {
            client: Client {
                weakening,
                ..client::pinned(&bytes(credential), &bytes(key)).expect("a credential and its key")
            },
            highest_epoch: BTreeMap::new(),
            pending: BTreeMap::new(),
        };
        Specification {
            weakening,
            nodes: cast.nodes.iter().map(node).collect(),
            clients: cast.clients.iter().map(client).collect(),
        }
    }
}

fn stop(reject: Reject) -> Stop {
    Stop::Rejected(format!("{reject:?}"))
}

fn plain(value: &Bytes) -> Vec<u8> {
    value.native_slice().to_vec()
}

fn array<const N: usize>(value: &Bytes) -> [u8; N] {
    value.native_slice().try_into().expect("its length is fixed")
}

impl Side for Specification {
    fn publish(&mut self, node: usize, batch: &Batch) -> Vec<u8> {
        let ys: Vec<Bytes> = batch.ys.iter().map(|y| bytes(y)).collect();
        let (next, publication) =
            node::publish(&self.nodes[node], batch.suite, batch.depth, NOT_AFTER, &bytes(&batch.token), &ys)
                .expect("N1");
        self.nodes[node] = next;
        plain(&publication)
    }

    fn pin(&mut self, node: usize, credential: &[u8]) {
        self.nodes[node].clients.push(bytes(credential));
    }

    fn take(&mut self, client: usize, cwt: &[u8]) -> Result<(), Stop> {
        let one = &mut self.clients[client].client;
        one.clone_from(&Client { weakening: self.weakening, ..client::with_cwt(&bytes(cwt), &one.key).map_err(stop)? });
        Ok(())
    }

    fn initiate(&mut self, client: usize, wish: &Wish) -> Result<Begun, Stop> {
        let one = &mut self.clients[client];
        let hash = array(&sha256(&bytes(&wish.node)));
        let request = Request {
            node: bytes(&wish.node),
            highest_epoch: one.highest_epoch.get(&hash).copied().unwrap_or_default(),
            now: NOW,
            refresh: wish.refresh,
            early_data: bytes(&wish.early),
            x: bytes(&wish.x),
        };
        let pending = client::initiate(&one.client, &request, &bytes(&wish.offer)).map_err(stop)?;
        let begun = Begun { initiate: plain(&pending.initiate), early_secret: plain(&pending.early_secret) };
        if wish.loss != Some(Loss::Before) {
            one.highest_epoch.insert(hash, pending.epoch);
            one.pending.insert(array(&pending.th_3), pending);
        }
        if wish.loss.is_some() { Err(Stop::PowerLost) } else { Ok(begun) }
    }

    fn deliver(&mut self, node: usize, initiate: &[u8], reply: &Reply) -> Result<Answered, Stop> {
        let place = &mut self.nodes[node];
        let (next, incoming) = node::accept(place, &bytes(initiate)).map_err(stop)?;
        let accepted = match incoming {
            Incoming::Repeated(confirm) => return Ok(Answered::Repeated(plain(&confirm))),
            Incoming::Accepted(accepted) => accepted,
        };
        if reply.loss == Some(AnswerLoss::Erasure(Loss::Before)) {
            return Err(Stop::PowerLost);
        }
        *place = next;
        if reply.loss == Some(AnswerLoss::Erasure(Loss::After)) {
            return Err(Stop::PowerLost);
        }
        let mut answered = Accepted {
            client: array(&sha256(&accepted.client)),
            early: plain(&accepted.early_data),
            early_secret: plain(&accepted.early_secret),
            refresh: accepted.mode == 1,
            confirmed: None,
        };
        let (next, confirmed) = node::confirm(place, &accepted, &bytes(&reply.data), &bytes(&reply.z)).map_err(stop)?;
        if reply.loss != Some(AnswerLoss::Confirm(Loss::Before)) {
            *place = next;
        }
        if reply.loss.is_none() {
            answered.confirmed = Some((plain(&confirmed.confirm), plain(&confirmed.session_secret)));
        }
        Ok(Answered::Accepted(answered))
    }

    fn finish(&mut self, client: usize, exchange: Pending, confirm: &[u8], loss: Option<Loss>) -> Result<Done, Stop> {
        let one = &mut self.clients[client];
        let done = client::finish(&one.pending[&exchange], &bytes(confirm)).map_err(stop)?;
        if loss != Some(Loss::Before) {
            one.pending.remove(&exchange);
        }
        if loss.is_some() {
            return Err(Stop::PowerLost);
        }
        Ok(Done { answer: plain(&done.answer), session_secret: plain(&done.session_secret), refresh: done.mode == 1 })
    }

    fn acknowledged(&mut self, node: usize, epoch: u64, index: u8) {
        self.nodes[node] = node::acknowledged(&self.nodes[node], epoch, index.into());
    }

    /// The specification keeps nothing but what is stored.
    fn restart_node(&mut self, _: usize) {}

    fn restart_client(&mut self, _: usize) {}

    fn stolen(&self, node: usize, epoch: u64, index: u8) -> Option<Key> {
        let node = &self.nodes[node];
        let batch = node.batches.iter().find(|batch| batch.epoch == epoch)?;
        let prekey = batch.prekeys.get(usize::from(index))?;
        let left = node.remains.iter().find(|y| {
            let point = dke_spec::p256::scalar(y).and_then(dke_spec::p256::public_key).expect("a scalar");
            dke_spec::p256::encode_x(&point) == prekey.public
        });
        prekey.y.as_ref().or(left).map(array)
    }

    fn node_memory(&self, node: usize) -> NodeMemory {
        let node = &self.nodes[node];
        let batch = |batch: &node::Batch| {
            let keys = batch.prekeys.iter().map(|prekey| (prekey.y.as_ref().map(array), array(&prekey.public)));
            let committed = Some((plain(&batch.header), array(&batch.token)));
            (batch.epoch, StoredBatch { committed, prekeys: (0..=u8::MAX).zip(keys).collect() })
        };
        let sent = |stored: &node::Stored| {
            ((stored.epoch, index(stored.index)), (array(&stored.initiate), plain(&stored.confirm)))
        };
        NodeMemory {
            last_epoch: node.last_epoch,
            batches: node.batches.iter().map(batch).collect(),
            outbox: node.outbox.iter().map(sent).collect(),
        }
    }

    fn client_memory(&self, client: usize) -> ClientMemory {
        let one = &self.clients[client];
        let pending = |(exchange, pending): (&Pending, &AwaitingConfirm)| {
            let stored = StoredPending {
                node: array(&pending.node),
                epoch: pending.epoch,
                index: index(pending.index),
                state: state(pending),
                initiate: plain(&pending.initiate),
            };
            (*exchange, stored)
        };
        ClientMemory { highest_epoch: one.highest_epoch.clone(), pending: one.pending.iter().map(pending).collect() }
    }
}

fn index(index: u64) -> u8 {
    u8::try_from(index).expect("an index has at most eight bits")
}

/// What the implementation stores of a pending exchange.
fn state(pending: &AwaitingConfirm) -> [u8; AWAITING] {
    let small = [index(pending.suite), u8::from(pending.refresh), index(pending.index)];
    let parts: [&[u8]; 6] = [
        &small,
        &pending.epoch.to_be_bytes(),
        pending.node.native_slice(),
        pending.x.native_slice(),
        pending.prk_2.native_slice(),
        pending.th_3.native_slice(),
    ];
    parts.concat().try_into().expect("the sum of the lengths")
}
