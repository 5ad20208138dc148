//! The implementation under the vectors that the specification wrote.

use crate::harness::TestRng;
use crate::memory_store::{MemoryClientStore, MemoryNodeStore, NodeMemory};
use crate::vectors::{EXPORT, Exchange, Rejection};
use dke::client::{AwaitingConfirm, Client, Request};
use dke::gateway::{Known, offer, verify_publication};
use dke::key_schedule::{EarlySecret, SessionSecret};
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, DATA_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::store::Pins;
use dke::{Credential, Crypto, Depth, Mode, Scalar, Session, Suite};

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).expect("vectors are in hex")
}

fn scalar(text: &str) -> Scalar {
    Scalar::from_bytes(unhex(text)[..].try_into().expect("32 bytes")).expect("a scalar")
}

/// A vector's inputs, as the implementation takes them.
struct Inputs<'a> {
    vector: &'a Exchange,
    node_credential: Vec<u8>,
    node_key: Scalar,
    client_credential: Vec<u8>,
    cwt: Option<Vec<u8>>,
    client_key: Scalar,
    authority: Vec<u8>,
    pinned: Vec<u8>,
}

impl<'a> Inputs<'a> {
    /// `pinned` is the client credential that the node pins, whatever the vector's client uses.
    fn new(vector: &'a Exchange, pinned: &str) -> Self {
        let inputs = &vector.inputs;
        let id_cred = unhex(&inputs.id_cred);
        Inputs {
            vector,
            node_credential: unhex(&inputs.node_credential),
            node_key: scalar(&inputs.node_key),
            client_credential: unhex(&inputs.client_credential),
            // { 13: CWT }
            cwt: (vector.credential_kind == "cwt").then(|| id_cred[2..].to_vec()),
            client_key: scalar(&inputs.client_key),
            authority: unhex(&inputs.authority_credential),
            pinned: unhex(pinned),
        }
    }

    fn node<C: Crypto>(&self) -> Node<'_, C> {
        let credential = Credential::own(&self.node_credential).expect("a credential");
        Node::with_crypto(credential, &self.node_key, false)
    }

    /// N1, from the state before it. Gives the Publication.
    fn publish<C: Crypto>(&self, store: &mut MemoryNodeStore) -> Vec<u8> {
        let inputs = &self.vector.inputs;
        let plan = Plan {
            suite: Suite::from_id(self.vector.suite).expect("a suite"),
            depth: Depth::new(inputs.depth).expect("a depth"),
            not_after: inputs.not_after,
        };
        let random = [vec![inputs.token.clone()], inputs.prekeys.clone()].concat().concat();
        let mut out = vec![0; PUBLICATION_MAX];
        let len = self.node::<C>().publish(store, &plan, &mut TestRng::bytes(unhex(&random)), &mut out).expect("N1");
        out.truncate(len);
        out
    }

    /// C1. Gives the Initiate, or the name of the rejection.
    fn initiate<C: Crypto>(&self, offer: &[u8]) -> Result<(Vec<u8>, AwaitingConfirm<C>), &'static str> {
        let inputs = &self.vector.inputs;
        let credential = Credential::own(&self.client_credential);
        let client = match &self.cwt {
            Some(cwt) => Client::vouched_with_crypto(cwt, &self.client_key).expect("a CWT"),
            None => Client::pinned_with_crypto(credential.as_ref().expect("a credential"), &self.client_key),
        };
        let node = Credential::own(&self.node_credential).expect("a credential");
        let mut store = MemoryClientStore::default();
        store.seen(node.hash(), inputs.last_epoch);
        let early_data = unhex(&inputs.early_data);
        let mode = if inputs.refresh { Mode::Refresh } else { Mode::Basic };
        let request = Request { mode, early_data: &early_data, now: inputs.now };
        let mut out = vec![0; INITIATE_MAX];
        let initiated = client
            .initiate(&mut store, &node, offer, &request, &mut TestRng::bytes(unhex(&inputs.x)), &mut out)
            .map_err(|error| error.name())?;
        out.truncate(initiated.len);
        Ok((out, initiated.awaiting))
    }

    /// N2 and, if it accepts, N3. Gives early secret, early data, Confirm and session.
    fn answer<C: Crypto>(&self, store: &mut MemoryNodeStore, initiate: &[u8]) -> Result<Answered, &'static str> {
        let pinned = [Credential::own(&self.pinned).expect("a credential")];
        let authorities = [Credential::own(&self.authority).expect("a credential")];
        let trust = Pins::new(&pinned, &authorities).expect("unique");
        let mut buffer = [0; CONFIRM_MAX];
        let incoming = self.node::<C>().accept(store, &trust, initiate, &mut buffer).map_err(|error| error.name())?;
        let Incoming::Accepted(accepted) = incoming else { return Err("Repeated") };
        let (early, early_data) = (accepted.early_secret(), accepted.early_data().to_vec());
        let mut out = vec![0; CONFIRM_MAX];
        let mut rng = TestRng::bytes(unhex(&self.vector.inputs.z));
        let answer = unhex(&self.vector.inputs.answer);
        let confirmed = accepted.confirm(store, &answer, &mut rng, &mut out).map_err(|failed| failed.error.name())?;
        out.truncate(confirmed.len);
        Ok(Answered { early, early_data, confirm: out, session: confirmed.session })
    }
}

struct Answered {
    early: EarlySecret,
    early_data: Vec<u8>,
    confirm: Vec<u8>,
    session: Session,
}

fn before(vector: &Exchange) -> MemoryNodeStore {
    MemoryNodeStore::restore(NodeMemory { last_epoch: vector.inputs.last_epoch, ..NodeMemory::default() })
}

/// Panics with the name of the value if one that the two can both show is not equal.
fn equal(vector: &Exchange, name: &str, specification: &str, implementation: impl AsRef<[u8]>) {
    assert_eq!(specification, hex::encode(implementation), "{}: {name}", vector.name);
}

fn early_exports(vector: &Exchange, secret: &EarlySecret) {
    let (label, context, length) = EXPORT;
    let mut export = vec![0; length];
    secret.export(label, context, &mut export).expect("in range");
    equal(vector, "early secret", &vector.values.early_secret, secret.expose());
    equal(vector, "early export", &vector.values.early_export, export);
    equal(vector, "early fingerprint", &vector.values.early_fingerprint, secret.fingerprint());
}

fn session_exports(vector: &Exchange, secret: &SessionSecret) {
    let (label, context, length) = EXPORT;
    let mut export = vec![0; length];
    secret.export(label, context, &mut export).expect("in range");
    equal(vector, "session secret", &vector.values.session_secret, secret.expose());
    equal(vector, "session export", &vector.values.session_export, export);
    equal(vector, "session fingerprint", &vector.values.session_fingerprint, secret.fingerprint());
}

/// Runs the exchange of a vector; panics where the implementation differs.
pub fn run<C: Crypto>(vector: &Exchange) {
    let inputs = Inputs::new(vector, &vector.inputs.pinned_credential);
    let mut store = before(vector);
    let publication = inputs.publish::<C>(&mut store);
    equal(vector, "Publication", &vector.messages.publication, &publication);
    let node = Credential::own(&inputs.node_credential).expect("a credential");
    let known = Known { publications: &[], highest_epoch: vector.inputs.last_epoch };
    verify_publication::<C>(&publication, &node, &known, vector.inputs.now).expect("G1");
    let mut offered = vec![0; OFFER_MAX];
    let index = u8::try_from(vector.inputs.index).expect("an index");
    let len = offer(&publication, node.hash(), index, &mut offered).expect("G2");
    equal(vector, "Offer", &vector.messages.offer, &offered[..len]);
    let (initiate, awaiting) = inputs.initiate::<C>(&offered[..len]).expect("C1");
    equal(vector, "Initiate", &vector.messages.initiate, &initiate);
    early_exports(vector, &awaiting.early_secret());
    let answered = inputs.answer::<C>(&mut store, &initiate).expect("N2 and N3");
    early_exports(vector, &answered.early);
    equal(vector, "early data", &vector.inputs.early_data, answered.early_data);
    equal(vector, "Confirm", &vector.messages.confirm, &answered.confirm);
    session_exports(vector, &answered.session.secret);
    let mut buffer = [0; DATA_MAX];
    let mut client_store = MemoryClientStore::default();
    let established = awaiting.finish(&mut client_store, &answered.confirm, &mut buffer).map_err(|failed| failed.error);
    let established = established.expect("C2");
    equal(vector, "answer data", &vector.inputs.answer, established.answer);
    session_exports(vector, &established.session.secret);
}

/// The name of the rejection that the implementation gives to the message of a negative vector; `None` if it accepts.
/// Nothing may have changed in the node's store.
pub fn reject<C: Crypto>(base: &Exchange, rejection: &Rejection) -> Option<&'static str> {
    let inputs = Inputs::new(base, &base.inputs.pinned_credential);
    let message = unhex(&rejection.message);
    match rejection.step.as_str() {
        "G1" => {
            let node = Credential::own(&inputs.node_credential).expect("a credential");
            let known = Known { publications: &[], highest_epoch: base.inputs.last_epoch };
            verify_publication::<C>(&message, &node, &known, base.inputs.now).err().map(|reject| reject.name())
        }
        "C1" => inputs.initiate::<C>(&message).err(),
        "N2" => {
            let mut store = before(base);
            inputs.publish::<C>(&mut store);
            if rejection.state == "erased" {
                inputs.answer::<C>(&mut store, &unhex(&base.messages.initiate)).expect("N2 and N3");
                let [place] = store.memory().outbox.keys().copied().collect::<Vec<_>>()[..] else {
                    panic!("one Confirm")
                };
                inputs.node::<C>().acknowledged(&mut store, place.0, place.1).expect("N4");
            }
            let untouched = store.snapshot();
            let name = inputs.answer::<C>(&mut store, &message).err();
            assert!(name.is_none() || *store.memory() == untouched, "{}: the store has changed", rejection.name);
            name
        }
        "C2" => {
            let (_, awaiting) = inputs.initiate::<C>(&unhex(&base.messages.offer)).expect("C1");
            let mut buffer = [0; DATA_MAX];
            let finished = awaiting.finish(&mut MemoryClientStore::default(), &message, &mut buffer);
            finished.err().map(|failed| failed.error.name())
        }
        step => panic!("no such step: {step}"),
    }
}
