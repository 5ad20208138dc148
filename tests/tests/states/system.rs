//! The system: what its states are, and what can happen in them.

use dke::gateway::Queued;
use dke::node::Incoming;
use dke::params::CONFIRM_MAX;
use dke::{Crypto, Error, Mode, RustCrypto, Suite};
use dke_tests::harness::{TestClient, TestGateway, TestNode, TestRng};
use dke_tests::memory_store::{Broken, ClientMemory, Fault, MemoryClientStore, MemoryNodeStore, NodeMemory};
use stateright::{Model, Property};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

/// A message that nobody has received yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Message {
    /// Client to gateway.
    Initiate(Vec<u8>),
    /// Gateway to node.
    Mail(Vec<u8>),
    /// Node to gateway.
    Confirm(Vec<u8>),
    /// Gateway to client.
    Fetched(usize, Vec<u8>),
}

/// All that there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    node: NodeMemory,
    clients: [ClientMemory; 2],
    gateway: TestGateway,
    /// With how often it is under way.
    network: BTreeMap<Message, u8>,
    /// How often each client began.
    begun: [u8; 2],
    /// How often each prekey was used.
    used: BTreeMap<u8, u8>,
    at_node: BTreeMap<u8, Vec<u8>>,
    at_client: [Option<(u8, Vec<u8>)>; 2],
    /// Exchanges whose Confirm was ever stored.
    confirmed: BTreeSet<u8>,
    crashes: u8,
    duplicates: u8,
    drops: u8,
    garbage_cost: bool,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    /// A client asks for an offer and initiates.
    Begin(usize, Option<Fault>),
    /// A client sends its stored Initiate again.
    Resend(usize),
    /// A message arrives; power may be lost.
    Arrive(Message, Option<Fault>),
    /// It arrives, and will arrive once more.
    Duplicate(Message),
    /// It never arrives.
    Drop(Message),
}

/// The node and the clients, before anything happened, and what was computed already.
pub(crate) struct System {
    parties: Mutex<(TestNode, [TestClient; 2])>,
    gateway: TestGateway,
    answers: Mutex<HashMap<Delivery, Answered>>,
}

/// What the node has stored, an Initiate, and when power is lost.
type Delivery = (NodeMemory, Vec<u8>, Option<Fault>);

/// What N2 and N3 come to.
#[derive(Clone)]
struct Answered {
    memory: NodeMemory,
    confirm: Option<Vec<u8>>,
    accepted: Option<u8>,
    session: Option<(u8, Vec<u8>)>,
    operations: u64,
}

impl System {
    pub(crate) fn new() -> Self {
        let mut node = TestNode::new("lock", b"N");
        let clients = [("one", b"C1"), ("two", b"C2")].map(|(name, kid)| TestClient::new(name, kid, &node.identity));
        node.clients = clients.iter().map(|client| client.identity.bytes().to_vec()).collect();
        let mut gateway = TestGateway::new(&node.identity);
        let publication = node.publish(Suite::AesCcm8, 1).expect("N1");
        gateway.publication(&publication).expect("G1");
        System { parties: Mutex::new((node, clients)), gateway, answers: Mutex::default() }
    }

    /// N2 and N3 on the implementation, each input once.
    fn answer(&self, memory: &NodeMemory, initiate: &[u8], fault: Option<Fault>) -> Answered {
        let key = (memory.clone(), initiate.to_vec(), fault);
        if let Some(known) = self.answers.lock().expect("no thread panics").get(&key) {
            return known.clone();
        }
        let mut node = self.node(memory);
        node.rng = TestRng::seed(RustCrypto::sha256(initiate));
        if let Some(fault) = fault {
            node.store.faults.inject(fault);
        }
        let (mut accepted, mut session) = (None, None);
        let confirm: Result<Option<Vec<u8>>, Error<Broken>> =
            node.accept(initiate, |incoming, store, rng| match incoming {
                Incoming::Repeated(confirm) => Some(confirm.to_vec()),
                Incoming::Accepted(accept) => {
                    let index = accept.index();
                    accepted = Some(index);
                    let mut out = [0; CONFIRM_MAX];
                    let confirmed = accept.confirm(store, b"answer", rng, &mut out).ok()?;
                    session = Some((index, confirmed.session.secret.expose().to_vec()));
                    Some(out[..confirmed.len].to_vec())
                }
            });
        let answered = Answered {
            memory: node.store.snapshot(),
            confirm: confirm.ok().flatten(),
            accepted,
            session,
            operations: node.store.faults.operations(),
        };
        self.answers.lock().expect("no thread panics").insert(key, answered.clone());
        answered
    }

    fn node(&self, memory: &NodeMemory) -> TestNode {
        let mut node = self.parties.lock().expect("no thread panics").0.clone();
        node.store = MemoryNodeStore::restore(memory.clone());
        node
    }

    fn client(&self, state: &State, number: usize, fault: Option<Fault>) -> TestClient {
        let mut client = self.parties.lock().expect("no thread panics").1[number].clone();
        client.store = MemoryClientStore::restore(state.clients[number].clone());
        client.rng = TestRng::seed(format!("x {number} {}", state.begun[number]));
        if let Some(fault) = fault {
            client.store.faults.inject(fault);
        }
        client
    }

    fn begin(&self, state: &mut State, number: usize, fault: Option<Fault>) -> Option<()> {
        let offer = state.gateway.offer(&format!("client {number}")).ok()?;
        let mut client = self.client(state, number, fault);
        let mode = if number == 0 { Mode::Basic } else { Mode::Refresh };
        let initiated = client.initiate(&offer, mode, b"early");
        state.begun[number] += 1;
        state.clients[number] = client.store.snapshot();
        if let Ok((initiate, _)) = initiated {
            state.send(Message::Initiate(initiate));
        }
        Some(())
    }

    fn arrive(&self, state: &mut State, message: &Message, fault: Option<Fault>) -> Option<()> {
        match message {
            Message::Initiate(initiate) => {
                let (Queued::Same { epoch, index } | Queued::New { epoch, index }) =
                    state.gateway.initiate(initiate).ok()?;
                // The gateway brings it when the node wakes up, or has the Confirm already.
                state.gateway.queue.clear();
                let confirms = state.gateway.confirms.get(&(epoch, index)).cloned();
                match (confirms, state.owner(index)) {
                    (Some(confirms), Some(owner)) => {
                        confirms.into_iter().for_each(|confirm| state.send(Message::Fetched(owner, confirm)));
                    }
                    _ => state.send(Message::Mail(initiate.clone())),
                }
            }
            Message::Mail(initiate) => {
                for garbage in garbage(initiate) {
                    state.garbage_cost |= self.answer(&state.node, &garbage, None).memory != state.node;
                }
                let answered = self.answer(&state.node, initiate, fault);
                if fault.is_some_and(|fault| answered.operations <= operation(fault)) {
                    return None;
                }
                state.node = answered.memory;
                state.confirmed.extend(state.node.outbox.keys().map(|(_, index)| *index));
                if let Some(index) = answered.accepted {
                    *state.used.entry(index).or_default() += 1;
                }
                state.at_node.extend(answered.session);
                if let Some(confirm) = answered.confirm {
                    state.send(Message::Confirm(confirm));
                }
            }
            Message::Confirm(confirm) => {
                let (epoch, index) = state.gateway.confirm(confirm).ok()?;
                let mut node = self.node(&state.node);
                node.acknowledged(epoch, index).expect("N4");
                state.node = node.store.snapshot();
                if let Some(owner) = state.owner(index) {
                    state.send(Message::Fetched(owner, confirm.clone()));
                }
            }
            Message::Fetched(number, confirm) => {
                let (index, _) = state.pending(*number)?;
                let mut client = self.client(state, *number, None);
                for garbage in garbage(confirm) {
                    let rejected = client.finish(1, index, &garbage).is_err();
                    state.garbage_cost |= !rejected || client.store.snapshot() != state.clients[*number];
                }
                let mut client = self.client(state, *number, fault);
                let finished = client.finish(1, index, confirm);
                if fault.is_some_and(|fault| client.store.faults.operations() <= operation(fault)) {
                    return None;
                }
                state.clients[*number] = client.store.snapshot();
                if let Ok((_, session)) = finished {
                    state.at_client[*number] = Some((index, session.secret.expose().to_vec()));
                }
            }
        }
        Some(())
    }
}

const fn operation(fault: Fault) -> u64 {
    match fault {
        Fault::Before(operation) | Fault::After(operation) => operation,
    }
}

/// The message with a bit flipped at the start, in the middle and at the end.
fn garbage(message: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    [0, message.len() / 2, message.len() - 1].into_iter().map(|at| {
        let mut garbage = message.to_vec();
        garbage[at] ^= 1;
        garbage
    })
}

/// Before and after each of the first operations; those that a step does not have are no events.
fn faults() -> impl Iterator<Item = Fault> {
    (0..6).flat_map(|operation| [Fault::Before(operation), Fault::After(operation)])
}

impl State {
    fn send(&mut self, message: Message) {
        // The network holds one of each; more are a duplication.
        self.network.entry(message).or_insert(1);
    }

    /// Index and Initiate of a client's pending exchange.
    fn pending(&self, client: usize) -> Option<(u8, &[u8])> {
        self.clients[client].pending.values().next().map(|stored| (stored.index, stored.initiate.as_slice()))
    }

    /// The client whose exchange over this prekey is pending.
    fn owner(&self, index: u8) -> Option<usize> {
        (0..2).find(|client| self.pending(*client).is_some_and(|(pending, _)| pending == index))
    }

    fn take(&mut self, message: &Message) {
        if let Some(count) = self.network.get_mut(message) {
            *count -= 1;
        }
        self.network.retain(|_, count| *count > 0);
    }

    fn went_wrong(&self) -> bool {
        (self.crashes, self.duplicates, self.drops) == (1, 1, 1)
    }
}

impl Model for System {
    type State = State;
    type Action = Event;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            node: self.parties.lock().expect("no thread panics").0.store.snapshot(),
            clients: [ClientMemory::default(), ClientMemory::default()],
            gateway: self.gateway.clone(),
            network: BTreeMap::new(),
            begun: [0; 2],
            used: BTreeMap::new(),
            at_node: BTreeMap::new(),
            at_client: [None, None],
            confirmed: BTreeSet::new(),
            crashes: 0,
            duplicates: 0,
            drops: 0,
            garbage_cost: false,
        }]
    }

    fn actions(&self, state: &State, events: &mut Vec<Event>) {
        let crash = |event: &dyn Fn(Fault) -> Event, events: &mut Vec<Event>| {
            if state.crashes == 0 {
                events.extend(faults().map(event));
            }
        };
        for client in 0..2 {
            match state.pending(client) {
                None if state.at_client[client].is_none() && state.begun[client] < 2 => {
                    events.push(Event::Begin(client, None));
                    crash(&|fault| Event::Begin(client, Some(fault)), events);
                }
                Some((_, initiate)) if !state.network.contains_key(&Message::Initiate(initiate.to_vec())) => {
                    events.push(Event::Resend(client));
                }
                _ => {}
            }
        }
        for message in state.network.keys() {
            events.push(Event::Arrive(message.clone(), None));
            if matches!(message, Message::Mail(_) | Message::Fetched(..)) {
                crash(&|fault| Event::Arrive(message.clone(), Some(fault)), events);
            }
            if state.duplicates == 0 {
                events.push(Event::Duplicate(message.clone()));
            }
            if state.drops == 0 {
                events.push(Event::Drop(message.clone()));
            }
        }
    }

    fn next_state(&self, last: &State, event: Event) -> Option<State> {
        let mut state = last.clone();
        match event {
            Event::Begin(client, fault) => {
                state.crashes += u8::from(fault.is_some());
                self.begin(&mut state, client, fault)?;
                let operations = 2;
                (fault.is_none_or(|fault| operation(fault) < operations)).then_some(())?;
            }
            Event::Resend(client) => {
                let initiate = state.pending(client)?.1.to_vec();
                state.send(Message::Initiate(initiate));
            }
            Event::Arrive(message, fault) => {
                state.crashes += u8::from(fault.is_some());
                state.take(&message);
                let before = state.clone();
                if self.arrive(&mut state, &message, fault).is_none() {
                    // A rejected message changes nothing, and a fault that does not come is no event.
                    fault.is_none().then_some(())?;
                    state = before;
                }
            }
            Event::Duplicate(message) => {
                state.duplicates += 1;
                *state.network.get_mut(&message)? += 1;
            }
            Event::Drop(message) => {
                state.drops += 1;
                state.take(&message);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no prekey is used twice", |_, state: &State| state.used.values().all(|used| *used <= 1)),
            Property::always("a used prekey is erased", |_, state: &State| {
                let prekeys = &state.node.batches[&1].prekeys;
                state.used.keys().all(|index| prekeys[index].0.is_none())
            }),
            Property::always("garbage costs nothing", |_, state: &State| !state.garbage_cost),
            Property::always("both ends have the same key", |_, state: &State| {
                let ends = state.at_client.iter().flatten();
                ends.into_iter().all(|(index, secret)| state.at_node.get(index).is_none_or(|other| other == secret))
            }),
            Property::always("two clients have two keys", |_, state: &State| {
                let [one, two] = &state.at_client;
                one.is_none() || one.as_ref().map(|(_, secret)| secret) != two.as_ref().map(|(_, secret)| secret)
            }),
            Property::always("what a client finished was confirmed for good", |_, state: &State| {
                state.at_client.iter().flatten().all(|(index, _)| state.confirmed.contains(index))
            }),
            Property::always("a completed session is not lost", |_, state: &State| {
                // The node keeps its Confirm until the gateway has it.
                let kept = |index: &u8| {
                    state.node.outbox.contains_key(&(1, *index)) || state.gateway.confirms.contains_key(&(1, *index))
                };
                state.at_node.keys().all(kept)
            }),
            Property::sometimes("both finish although everything went wrong", |_, state: &State| {
                state.went_wrong() && state.at_client.iter().all(Option::is_some)
            }),
            Property::sometimes("a client needs a second prekey", |_, state: &State| {
                state.begun.contains(&2) && state.at_client.iter().any(Option::is_some)
            }),
        ]
    }
}
