//! A narrator: does the protocol's steps on the implementation and writes down what happens.

#[path = "telling.rs"]
mod telling;

use crate::render::{Kind, client_state, data, fingerprint, node_state, session};
use dke::gateway::Queued;
use dke::message::{Confirm, Initiate, Publication};
use dke::node::Incoming;
use dke::params::CONFIRM_MAX;
use dke::{Crypto, Error, Mode, RustCrypto, Session, Suite};
use dke_tests::diagnostic::{CREDENTIAL, CWT};
use dke_tests::harness::{Identity, TestClient, TestGateway, TestNode};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The two ends of one exchange, as far as they got: fingerprint and the secret itself.
#[derive(Default)]
struct Ends {
    early: [Option<(String, [u8; 32])>; 2],
    session: [Option<(String, [u8; 32])>; 2],
}

const NODE: usize = 0;
const CLIENT: usize = 1;

/// One scenario.
pub(crate) struct Story {
    text: String,
    steps: usize,
    pub(crate) node: TestNode,
    pub(crate) gateway: TestGateway,
    pub(crate) authority: Identity,
    clients: BTreeMap<&'static str, TestClient>,
    ends: BTreeMap<(u64, u8, String), Ends>,
    seen: Vec<(String, Vec<u8>)>,
    shown: BTreeMap<Vec<u8>, usize>,
    hidden: Vec<Vec<u8>>,
}

impl Story {
    /// `about` says what happens and what is to be seen.
    pub(crate) fn new(title: &str, about: &str) -> Self {
        let node = TestNode::new("lock", b"n1");
        let gateway = TestGateway::new(&node.identity);
        let mut story = Story {
            text: format!("{title}\n{}\n\n{about}\n", "=".repeat(title.len())),
            steps: 0,
            node,
            gateway,
            authority: Identity::new("owner", b"a1"),
            clients: BTreeMap::new(),
            ends: BTreeMap::new(),
            seen: Vec::new(),
            shown: BTreeMap::new(),
            hidden: Vec::new(),
        };
        let credential = story.node.identity.bytes().to_vec();
        story.text.push_str("\nlock, the node, has this credential:\n\n");
        story.message(&CREDENTIAL, &credential);
        story
    }

    /// A client that the node pins.
    pub(crate) fn pinned(&mut self, name: &'static str, kid: &[u8]) {
        self.stranger(name, kid);
        self.node.clients.push(self.clients[name].identity.bytes().to_vec());
        let _ = writeln!(self.text, "\n{name}, a client, is pinned by the node as kid h'{}'.", hex::encode(kid));
    }

    /// A client that the node does not know.
    pub(crate) fn stranger(&mut self, name: &'static str, kid: &[u8]) {
        let client = TestClient::new(name, kid, &self.node.identity);
        self.hidden.push(name.as_bytes().to_vec());
        self.hidden.push(client.identity.key.expose().to_vec());
        self.clients.insert(name, client);
    }

    /// A1: the node pins the authority, which vouches for a new client.
    pub(crate) fn vouched(&mut self, name: &'static str, kid: &[u8], audience: &str, epoch_max: u64) {
        self.stranger(name, kid);
        self.node.authorities = vec![self.authority.bytes().to_vec()];
        let client = self.clients.get_mut(name).expect("a client");
        let cwt = self.authority.issue(&client.identity, audience, epoch_max);
        client.cwt = Some(cwt.clone());
        let issuer = self.authority.credential().subject().to_owned();
        self.step("A1", &format!("{issuer}, an authority → {name}"), &format!("CWT, {} bytes", cwt.len()));
        self.line("says", &format!("{name} may call {audience} over prekeys of epochs up to {epoch_max}"));
        self.line("the gateway", "sees nothing of this");
        self.text.push('\n');
        self.message(&CWT, &cwt);
    }

    /// Something that is no step of the protocol.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = write!(self.text, "\n--- {text}\n");
    }

    /// N1 and G1. Gives the Publication.
    pub(crate) fn publish(&mut self, suite: Suite, depth: u64) -> Vec<u8> {
        let before = node_state(self.node.store.memory());
        let publication = self.node.publish(suite, depth).expect("the store is sound");
        self.step("N1", "lock → gateway", &size(Kind::Publication, &publication));
        self.change("lock", &before, &node_state(self.node.store.memory()));
        self.body(Kind::Publication, &publication);
        self.deposit(&publication);
        publication
    }

    /// G1.
    pub(crate) fn deposit(&mut self, publication: &[u8]) {
        let before = self.gateway.clone();
        self.sees("from lock", Kind::Publication, publication);
        let result = self.gateway.publication(publication);
        self.step("G1", "gateway", "verifies the Publication");
        let outcome = result.map(|epoch| format!("acknowledged, epoch {epoch}"));
        self.gateway_change(&before, outcome.map_err(Error::Peer));
    }

    /// G2.
    pub(crate) fn lease(&mut self, name: &'static str) -> Option<Vec<u8>> {
        let before = self.gateway.clone();
        let result = self.gateway.offer(name);
        let what = result.as_ref().map_or_else(|_| "no Offer".to_owned(), |offer| size(Kind::Offer, offer));
        self.step("G2", &format!("gateway → {name}"), &what);
        let offer = result.as_ref().ok().cloned();
        self.gateway_change(&before, result.map(|_| "leased".to_owned()).map_err(Error::Peer));
        if let Some(offer) = &offer {
            self.sees(&format!("to {name}'s address"), Kind::Offer, offer);
            self.body(Kind::Offer, offer);
        }
        offer
    }

    /// C1. Gives the Initiate.
    pub(crate) fn initiate(&mut self, name: &'static str, offer: &[u8], mode: Mode, early: &str) -> Option<Vec<u8>> {
        let client = self.clients.get_mut(name).expect("a client");
        let before = client.store.snapshot();
        let result = client.initiate(offer, mode, early.as_bytes());
        let after = client.store.snapshot();
        match result {
            Ok((initiate, awaiting)) => {
                let ends = self.ends.entry((awaiting.epoch(), awaiting.index(), name.to_owned())).or_default();
                let secret = awaiting.early_secret();
                let print = fingerprint(secret.fingerprint());
                ends.early[CLIENT] = Some((print.clone(), *secret.expose()));
                self.hide(early.as_bytes(), secret.expose());
                self.step("C1", &format!("{name} → gateway"), &size(Kind::Initiate, &initiate));
                self.change(name, &client_state(&before), &client_state(&after));
                self.line("asks for", if mode == Mode::Basic { "basic" } else { "refresh, and accepts nothing less" });
                self.line("early data", &data(early.as_bytes()));
                self.line("early key", &print);
                self.body(Kind::Initiate, &initiate);
                Some(initiate)
            }
            Err(error) => {
                assert_eq!(before, after, "a rejected message changes nothing");
                self.step("C1", &format!("gateway → {name}"), &format!("{}: rejected", size(Kind::Offer, offer)));
                self.shown_before(offer);
                self.rejected(name, &client_state(&before), &error);
                None
            }
        }
    }

    /// G3.
    pub(crate) fn queue(&mut self, name: &str, initiate: &[u8]) {
        let before = self.gateway.clone();
        self.sees(&format!("from {name}'s address"), Kind::Initiate, initiate);
        let result = self.gateway.initiate(initiate);
        self.step("G3", "gateway", "queues the Initiate");
        let outcome = result.map(|queued| match queued {
            Queued::New { .. } => "acknowledged".to_owned(),
            Queued::Same { .. } => "acknowledged again: the very same bytes are stored".to_owned(),
        });
        self.gateway_change(&before, outcome.map_err(Error::Peer));
    }

    /// The node wakes up and fetches what is queued.
    pub(crate) fn wake(&mut self) -> Vec<Vec<u8>> {
        let memory = self.node.store.memory();
        let (_, token) = memory.batches[&memory.last_epoch].committed.as_ref().expect("a current batch");
        let newest = &self.gateway.publications[&memory.last_epoch];
        let header = Publication::parse(newest).and_then(|newest| newest.batch.header(&self.gateway.node()));
        assert_eq!(header.map(|header| header.mailbox), Ok(RustCrypto::sha256(token)), "the newest batch's token");
        let waiting = std::mem::take(&mut self.gateway.queue);
        self.note(&format!("lock wakes up, shows its mailbox token and fetches {} Initiate(s).", waiting.len()));
        waiting
    }

    /// N2, and N3 unless the node crashes in between (`answer` is `None`). Gives the Confirm that is sent.
    pub(crate) fn accept(&mut self, initiate: &[u8], answer: Option<&str>) -> Option<Vec<u8>> {
        let before = self.node.store.snapshot();
        let result = self.node.accept(initiate, |incoming, store, rng| match incoming {
            Incoming::Repeated(confirm) => Answered::Repeated(confirm.to_vec()),
            Incoming::Accepted(accepted) => {
                let peer = accepted.peer();
                let by = if peer.vouched() { "an authority vouches for it" } else { "pinned" };
                let name = peer.subject().to_owned();
                let peer = format!("{name}, kid h'{}', {by}", hex::encode(peer.kid()));
                let secret = accepted.early_secret();
                let early = (fingerprint(secret.fingerprint()), *secret.expose());
                let early_data = data(accepted.early_data());
                let place = (accepted.epoch(), accepted.index(), name);
                let erased = node_state(store.memory());
                let confirm = answer.map(|answer| {
                    let mut out = [0; CONFIRM_MAX];
                    let confirmed = accepted.confirm(store, answer.as_bytes(), rng, &mut out).expect("a sound store");
                    (out[..confirmed.len].to_vec(), confirmed.session)
                });
                Answered::Accepted { peer, early, early_data, place, erased, confirm }
            }
        });
        let after = node_state(self.node.store.memory());
        let place = Initiate::parse(initiate).map(|message| format!("{}/{}", message.epoch, message.index));
        let place = place.unwrap_or_else(|reject| reject.name().to_owned());
        match result {
            Err(error) => {
                assert_eq!(&before, self.node.store.memory(), "a rejected message changes nothing");
                let what = if matches!(error, Error::Peer(_)) { "rejected" } else { "not accepted" };
                self.step("N2", "gateway → lock", &format!("{}: {what} for {place}", size(Kind::Initiate, initiate)));
                self.shown_before(initiate);
                self.rejected("lock", &node_state(&before), &error);
                None
            }
            Ok(Answered::Repeated(confirm)) => {
                assert_eq!(&before, self.node.store.memory(), "a repetition changes nothing");
                self.step("N2", "gateway → lock", &format!("{}: repeated for {place}", size(Kind::Initiate, initiate)));
                self.shown_before(initiate);
                let again = "holds the Confirm to this very Initiate: it is sent again, nothing else happens";
                self.line("outbox", again);
                self.change("lock", &after, &after);
                self.body(Kind::Confirm, &confirm);
                Some(confirm)
            }
            Ok(Answered::Accepted { peer, early, early_data, place: at, erased, confirm }) => {
                self.step("N2", "gateway → lock", &format!("{}: accepted for {place}", size(Kind::Initiate, initiate)));
                self.shown_before(initiate);
                self.change("lock", &node_state(&before), &erased);
                self.line("client", &peer);
                self.line("early data", &early_data);
                self.line("early key", &early.0);
                self.ends.entry(at.clone()).or_default().early[NODE] = Some(early);
                let (confirm, end) = confirm?;
                let answer = answer.unwrap_or_default();
                self.step("N3", "lock → gateway", &size(Kind::Confirm, &confirm));
                self.change("lock", &erased, &after);
                self.line("answer data", &data(answer.as_bytes()));
                self.line("session key", &session(&end));
                self.body(Kind::Confirm, &confirm);
                self.hide(answer.as_bytes(), end.secret.expose());
                self.session(NODE, &at.2, &end);
                Some(confirm)
            }
        }
    }

    /// G4 and, if `acknowledge`, N4.
    pub(crate) fn keep(&mut self, confirm: &[u8], acknowledge: bool) {
        let before = self.gateway.clone();
        self.sees("from lock", Kind::Confirm, confirm);
        let result = self.gateway.confirm(confirm);
        self.step("G4", "gateway", "keeps the Confirm");
        self.gateway_change(&before, result.map(|_| "acknowledged".to_owned()).map_err(Error::Peer));
        if let (Ok((epoch, index)), true) = (result, acknowledge) {
            let before = node_state(self.node.store.memory());
            self.node.acknowledged(epoch, index).expect("the store is sound");
            self.step("N4", "gateway → lock", &format!("acknowledges the Confirm for {epoch}/{index}"));
            self.change("lock", &before, &node_state(self.node.store.memory()));
        }
    }

    /// C2, over the prekey that was used for this exchange.
    pub(crate) fn finish(&mut self, name: &'static str, (epoch, index): (u64, u8), confirm: &[u8]) {
        let client = self.clients.get_mut(name).expect("a client");
        let before = client.store.snapshot();
        let result = client.finish(epoch, index, confirm);
        let after = client.store.snapshot();
        self.sees(&format!("to {name}'s address"), Kind::Confirm, confirm);
        match result {
            Ok((answer, end)) => {
                self.step("C2", &format!("gateway → {name}"), &size(Kind::Confirm, confirm));
                self.shown_before(confirm);
                self.change(name, &client_state(&before), &client_state(&after));
                self.line("answer data", &data(&answer));
                self.line("session key", &session(&end));
                self.session(CLIENT, name, &end);
            }
            Err(error) => {
                assert_eq!(before, after, "a Confirm that fails leaves the exchange pending");
                let what = format!("{}: rejected for its exchange {epoch}/{index}", size(Kind::Confirm, confirm));
                self.step("C2", &format!("gateway → {name}"), &what);
                self.shown_before(confirm);
                self.rejected(name, &client_state(&before), &error);
            }
        }
    }

    /// G2, C1 and G3 with an honest Offer. Gives the Initiate.
    pub(crate) fn call(&mut self, name: &'static str, mode: Mode, early: &str) -> Vec<u8> {
        let offer = self.lease(name).expect("a free prekey");
        self.call_over(name, &offer, mode, early)
    }

    /// C1 and G3. Gives the Initiate.
    pub(crate) fn call_over(&mut self, name: &'static str, offer: &[u8], mode: Mode, early: &str) -> Vec<u8> {
        let initiate = self.initiate(name, offer, mode, early).expect("an honest Offer");
        self.queue(name, &initiate);
        initiate
    }

    /// N2 and N3. Gives the Confirm.
    pub(crate) fn answer(&mut self, initiate: &[u8], answer: &str) -> Vec<u8> {
        self.accept(initiate, Some(answer)).expect("an honest Initiate")
    }

    /// G4, N4 and C2.
    pub(crate) fn carry_back(&mut self, name: &'static str, confirm: &[u8]) {
        self.keep(confirm, true);
        self.finish(name, place(confirm), confirm);
    }

    /// The node wakes up, and everything that waits for it is this client's, and is answered.
    pub(crate) fn serve(&mut self, name: &'static str, answer: &str) {
        for initiate in self.wake() {
            let confirm = self.answer(&initiate, answer);
            self.carry_back(name, &confirm);
        }
    }

    /// The node wakes up and rejects everything that waits for it.
    pub(crate) fn turn_away(&mut self, answer: &str) {
        for initiate in self.wake() {
            assert_eq!(self.accept(&initiate, Some(answer)), None);
        }
    }

    /// G2 to C2 of one honest exchange, alone in its wake-up.
    pub(crate) fn exchange(&mut self, name: &'static str, mode: Mode, early: &str, answer: &str) {
        self.call(name, mode, early);
        self.serve(name, answer);
    }

    /// Both ends and the gateway's view; the finished text.
    pub(crate) fn end(mut self) -> String {
        self.text.push_str("\nWhat the gateway saw\n--------------------\n\n");
        let (seen, gateway) = (std::mem::take(&mut self.seen), self.gateway.clone());
        for (line, message) in &seen {
            let leak = self.hidden.iter().find(|secret| message.windows(secret.len()).any(|part| part == *secret));
            assert_eq!(leak, None, "{line}");
            let _ = writeln!(self.text, "{line}");
        }
        let _ = writeln!(self.text, "\nNo client's name, no data and no key was in it.");
        self.text.push_str("\nKeys on both ends\n-----------------\n\n");
        if self.ends.is_empty() {
            self.text.push_str("None.\n");
        }
        for (place, ends) in std::mem::take(&mut self.ends) {
            for (name, pair) in [("early", ends.early), ("session", ends.session)] {
                self.pair(&place, name, pair);
            }
        }
        assert_eq!(gateway, self.gateway);
        self.text
    }
}

#[allow(clippy::large_enum_variant, reason = "one at a time")]
enum Answered {
    Repeated(Vec<u8>),
    Accepted {
        peer: String,
        early: (String, [u8; 32]),
        early_data: String,
        place: (u64, u8, String),
        erased: String,
        confirm: Option<(Vec<u8>, Session)>,
    },
}

fn size(kind: Kind, message: &[u8]) -> String {
    format!("{}, {} bytes", kind.name(), message.len())
}

/// Epoch and index of a Confirm.
pub(crate) fn place(confirm: &[u8]) -> (u64, u8) {
    let confirm = Confirm::parse(confirm).expect("a Confirm");
    (confirm.epoch, u8::try_from(confirm.index).expect("an index"))
}
