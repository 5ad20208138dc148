//! Power loss at every storage operation of node and client, in every step of an exchange, before and after the operation took
//! effect. Whatever was lost: no prekey is used twice, what both ends completed is the same, a garbage message costs nothing, and
//! the client gets its session in the end, over another prekey if need be.

use dke::node::{Incoming, Node};
use dke::params::PUBLICATION_MAX;
use dke::{Error, Mode, Reject, Suite};
use dke_tests::harness::{TestClient, TestNode, offer};
use dke_tests::memory_store::{Broken, Fault, MemoryClientStore, MemoryNodeStore};
use std::collections::BTreeMap;

/// The steps that store something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Publish,
    Initiate,
    Answer,
    Finish,
    Acknowledge,
}

const STEPS: [Step; 5] = [Step::Publish, Step::Initiate, Step::Answer, Step::Finish, Step::Acknowledge];

/// Secrets of the sessions that an end has completed, by epoch and index.
type Sessions = BTreeMap<(u64, u8), Vec<u8>>;

/// A node and a client, with a gateway in between that loses nothing.
#[derive(Clone)]
struct Run {
    node: TestNode,
    client: TestClient,
    mode: Mode,
    publication: Option<Vec<u8>>,
    next_index: u8,
    initiate: Option<(u64, u8, Vec<u8>)>,
    confirm: Option<Vec<u8>>,
    /// How often each prekey was used.
    accepted: BTreeMap<(u64, u8), u32>,
    at_node: Sessions,
    at_client: Sessions,
}

impl Run {
    fn new(mode: Mode) -> Run {
        let mut node = TestNode::new("lock", b"N");
        let client = TestClient::new("phone", b"C", &node.identity);
        node.clients.push(client.identity.bytes().to_vec());
        Run {
            node,
            client,
            mode,
            publication: None,
            next_index: 0,
            initiate: None,
            confirm: None,
            accepted: BTreeMap::new(),
            at_node: Sessions::new(),
            at_client: Sessions::new(),
        }
    }

    fn step(&mut self, step: Step) -> Result<(), Error<Broken>> {
        match step {
            Step::Publish => self.publication = Some(self.node.publish(Suite::AesCcm8, 2)?),
            Step::Initiate => {
                let publication = self.publication.as_ref().expect("it is published");
                let offer = offer(publication, self.node.identity.credential().hash(), self.next_index);
                self.next_index += 1;
                let (initiate, awaiting) = self.client.initiate(&offer, self.mode, b"early")?;
                self.initiate = Some((awaiting.epoch(), awaiting.index(), initiate));
            }
            Step::Answer => self.answer()?,
            Step::Finish => {
                let (epoch, index, _) = self.initiate.clone().expect("it was sent");
                let confirm = self.confirm.clone().expect("it was sent");
                let (_, session) = self.client.finish(epoch, index, &confirm)?;
                self.at_client.insert((epoch, index), session.secret.expose().to_vec());
            }
            Step::Acknowledge => {
                let (epoch, index, _) = self.initiate.clone().expect("it was sent");
                self.node.acknowledged(epoch, index)?;
            }
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<(), Error<Broken>> {
        let (epoch, index, initiate) = self.initiate.clone().expect("it was sent");
        let (mut accepted, mut session) = (0, None);
        let confirm: Result<Result<Vec<u8>, Error<Broken>>, _> =
            self.node.accept(&initiate, |incoming, store, rng| match incoming {
                Incoming::Repeated(confirm) => Ok(confirm.to_vec()),
                Incoming::Accepted(accept) => {
                    accepted += 1;
                    let mut out = [0; dke::params::CONFIRM_MAX];
                    let confirmed = accept.confirm(store, b"answer", rng, &mut out).map_err(|failed| failed.error)?;
                    session = Some(confirmed.session.secret.expose().to_vec());
                    Ok(out[..confirmed.len].to_vec())
                }
            });
        *self.accepted.entry((epoch, index)).or_default() += accepted;
        if let Some(session) = session {
            self.at_node.insert((epoch, index), session);
        }
        self.confirm = Some(confirm??);
        Ok(())
    }

    /// Both parties restart with what they have stored.
    fn restart(&mut self) {
        self.node.store = MemoryNodeStore::restore(self.node.store.snapshot());
        self.client.store = MemoryClientStore::restore(self.client.store.snapshot());
    }

    /// From what is stored to a session, as a careful application does it.
    fn recover(&mut self) {
        if self.node.store.memory().last_epoch == 0 {
            self.step(Step::Publish).expect("nothing is broken any more");
        } else {
            let node: Node<'_> = Node::new(self.node.identity.credential(), &self.node.identity.key, false);
            let mut out = [0; PUBLICATION_MAX];
            let len = node.republish(&self.node.store, &mut out).expect("the batch is stored");
            let again = out[..len].to_vec();
            assert!(self.publication.get_or_insert_with(|| again.clone()) == &again, "the same Publication again");
        }
        for _ in 0..3 {
            let pending = self.client.store.memory().pending.values().next();
            self.initiate = pending.map(|stored| (stored.epoch, stored.index, stored.initiate.clone()));
            if self.initiate.is_none() {
                self.step(Step::Initiate).expect("there is another prekey");
            }
            match self.answer() {
                Ok(()) => return self.step(Step::Finish).expect("the Confirm is good"),
                Err(Error::Peer(Reject::PrekeyConsumed)) => {
                    // The exchange is lost, the prekey with it; the client gives up and begins anew.
                    let mut image = self.client.store.snapshot();
                    image.pending.clear();
                    self.client.store = MemoryClientStore::restore(image);
                }
                Err(error) => panic!("{}", error.name()),
            }
        }
        panic!("no session after three prekeys");
    }

    fn check(&self, case: &str) {
        assert!(self.accepted.values().all(|count| *count <= 1), "{case}: a prekey was used twice");
        assert!(!self.at_client.is_empty(), "{case}: the client has no session");
        for (place, secret) in &self.at_client {
            // A node that lost power after it stored Confirm has lost its end, and answers all the same.
            let other = self.at_node.get(place);
            assert!(other.is_none_or(|other| other == secret), "{case}: two keys for one exchange");
        }
        let batches = &self.node.store.memory().batches;
        for ((epoch, index), _) in self.accepted.iter().filter(|(_, count)| **count > 0) {
            let prekey = &batches[epoch].prekeys[index];
            assert!(prekey.0.is_none(), "{case}: y is still there");
        }
    }

    /// Garbage of every kind leaves both stores as they are.
    fn throw_garbage(&mut self) {
        let (node, client) = (self.node.store.snapshot(), self.client.store.snapshot());
        let mut garbage = vec![Vec::new(), vec![0x86], vec![0; 200]];
        if let Some((_, _, initiate)) = &self.initiate {
            garbage.extend((0..initiate.len()).map(|at| flipped(initiate, at)));
        }
        for message in &garbage {
            assert!(self.node.accept(message, |_, _, _| ()).is_err(), "garbage is rejected");
        }
        if let (Some((epoch, index, _)), Some(confirm)) = (self.initiate.clone(), self.confirm.clone())
            && self.client.pending(epoch, index).is_some()
        {
            for at in 0..confirm.len() {
                assert!(self.client.finish(epoch, index, &flipped(&confirm, at)).is_err(), "garbage is rejected");
            }
        }
        assert_eq!((self.node.store.snapshot(), self.client.store.snapshot()), (node, client));
    }
}

fn flipped(message: &[u8], at: usize) -> Vec<u8> {
    let mut message = message.to_vec();
    message[at] ^= 1;
    message
}

#[test]
fn power_is_lost_at_every_storage_operation() {
    let mut operations: BTreeMap<Step, u64> = BTreeMap::new();
    for mode in [Mode::Basic, Mode::Refresh] {
        for step in STEPS {
            let mut before = Run::new(mode);
            STEPS.into_iter().take_while(|earlier| *earlier < step).for_each(|earlier| {
                before.step(earlier).expect("nothing is broken yet");
            });
            for operation in 0.. {
                let mut hit = false;
                for fault in [Fault::Before(operation), Fault::After(operation)] {
                    let case = format!("{mode:?}, {step:?}, {fault:?}");
                    let mut run = before.clone();
                    run.node.store.faults.inject(fault);
                    run.client.store.faults.inject(fault);
                    let done = run.step(step);
                    hit = run.node.store.faults.operations().max(run.client.store.faults.operations()) > operation;
                    assert_eq!(done.is_err(), hit, "{case}: a failed operation is reported");
                    run.restart();
                    run.throw_garbage();
                    if run.at_client.is_empty() {
                        run.recover();
                    }
                    run.check(&case);
                }
                if !hit {
                    break;
                }
                *operations.entry(step).or_default() += 1;
            }
        }
    }
    // What N1, C1, N2 with N3, C2 and N4 do with their stores, in both modes. Fewer would mean that something is not tried.
    let counts: Vec<u64> = operations.into_values().collect();
    assert_eq!(counts, [14, 4, 12, 2, 2]);
}

/// C2: a client that loses power before the end is stored finishes again, with the same key.
#[test]
fn a_session_that_was_not_delivered_is_finished_again() {
    let mut run = Run::new(Mode::Refresh);
    for step in [Step::Publish, Step::Initiate, Step::Answer] {
        run.step(step).expect("nothing is broken");
    }
    run.client.store.faults.inject(Fault::Before(0));
    assert!(run.step(Step::Finish).is_err());
    run.restart();
    run.step(Step::Finish).expect("the exchange is pending still");
    assert_eq!(run.at_client, run.at_node);
}
