//! A run: honest parties on a [`Side`], the attacker between them, and the books that are kept of it.

mod client;
mod forge;
mod gateway;
mod node;
mod setup;

use super::attacker::{Start, scalar, secret};
use super::book::{Book, Mismatch};
use super::events::{Exchange, fact};
use super::implementation::Implementation;
use super::knowledge::Knowledge;
use super::monitor::{Fact, Trace};
use super::script::{Action, Label, Prekey};
use super::side::{Cast, Key, Pending, Side};
use super::specification::Specification;
use super::symbolic::{First, Second, Symbolic};
use super::term::Term;
use super::theory::Theory;
use super::{both::Both, symbolic};
use dke::params::CREDENTIAL_MAX;
use dke::{Crypto, RustCrypto, credential};
use dke_spec::message::Header;
use dke_spec::weakening::Weakening;
use setup::person;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

/// What the honest parties run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driven {
    /// The implementation.
    Implementation,
    /// The specification, weakened or not.
    Specification(Weakening),
    /// Both, compared.
    Both,
}

/// A node or client.
#[derive(Clone)]
struct Person {
    subject: Term,
    kid: String,
    credential: Vec<u8>,
    /// H(CRED), and the term of CRED.
    hash: Key,
    cred: Term,
    key: Key,
    scalar: Term,
    /// Its place among the honest parties.
    honest: Option<usize>,
    /// The CWT that the client uses.
    token: Option<Label>,
}

/// A batch as the gateway has it.
struct Batch {
    node: Label,
    header: Header,
    signature: dke_spec::bytes::Bytes,
    ys: Vec<Key>,
}

/// An Initiate as the gateway has it.
struct Sent {
    message: Vec<u8>,
    /// An honest client's, if it is one's.
    client: Option<Label>,
    /// Where an honest client keeps the exchange.
    place: Option<Pending>,
    scalar: Term,
    x: Key,
    /// What the transcript was made of, in bytes and in terms.
    start: Start,
    symbolic: symbolic::Start,
    first: First,
    second: Second,
    exchange: Exchange,
    y_scalar: Option<Term>,
}

/// A CWT.
struct Token {
    bytes: Vec<u8>,
    holder: Label,
    subject: Term,
    hash: Key,
    cred: Term,
    signature: Term,
}

/// A client as a node knows it by H(CRED_C).
#[derive(Clone, Copy)]
struct Known {
    subject: Term,
    cred: Term,
    scalar: Term,
}

/// How deep a run went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Depth {
    pub initiated: u32,
    pub accepted: u32,
    pub confirmed: u32,
    pub finished: u32,
    pub rejected: u32,
    pub idle: u32,
}

impl Depth {
    /// Adds another run's.
    pub fn add(&mut self, other: &Depth) {
        self.initiated += other.initiated;
        self.accepted += other.accepted;
        self.confirmed += other.confirmed;
        self.finished += other.finished;
        self.rejected += other.rejected;
        self.idle += other.idle;
    }
}

/// A run.
pub struct World {
    side: Box<dyn Side>,
    theory: Arc<Theory>,
    weakening: Weakening,
    /// Bytes and terms.
    pub book: Book,
    knowledge: Knowledge,
    /// What happened, as the models say it.
    pub trace: Trace,
    /// How deep it went.
    pub depth: Depth,
    people: BTreeMap<Label, Person>,
    authority: Person,
    batches: BTreeMap<Label, Batch>,
    sent: BTreeMap<Label, Sent>,
    confirms: BTreeMap<Label, Vec<u8>>,
    ephemerals: BTreeMap<Label, Term>,
    tokens: BTreeMap<Label, Token>,
    known: HashMap<Key, Known>,
    credentials: HashMap<Key, Term>,
    /// Scalar and header of each prekey, by node, epoch and index.
    prekeys: HashMap<(usize, u64, u64), (Term, Label)>,
    pinned: HashSet<(usize, String)>,
    /// Keys whose secrecy the lemmas speak of, in the order in which they came up, until the attacker knows them.
    secrets: Vec<Term>,
    /// All of them, with those that the attacker knows.
    keys: HashSet<Term>,
}

/// What an action came to, for people; or why the books do not agree with the code.
type Step = Result<String, Mismatch>;

/// The honest parties, the same in all runs.
static CAST: LazyLock<Cast> = LazyLock::new(|| Cast {
    nodes: (0..2)
        .map(|number| (credential_of('n', number, None), secret(&format!("key of n{number}")), number == 1))
        .collect(),
    clients: (0..3).map(|number| (credential_of('c', number, None), secret(&format!("key of c{number}")))).collect(),
    authority: credential_of('a', 0, None),
});

fn credential_of(kind: char, number: u8, like: Option<(&str, &Key)>) -> Vec<u8> {
    let name = format!("{kind}{number}");
    let own = secret(&format!("key of {name}"));
    let (kid, key) = like.unwrap_or((&name, &own));
    let mut out = [0; CREDENTIAL_MAX];
    let len = credential::encode(&name, kid.as_bytes(), &RustCrypto::coordinates(&scalar(key)), &mut out);
    out[..len.expect("a credential")].to_vec()
}

impl World {
    /// Nothing has happened yet, but the pinning of the authority and of clients.
    pub fn new(driven: Driven, theory: Arc<Theory>) -> World {
        let (side, weakening): (Box<dyn Side>, _) = match driven {
            Driven::Implementation => (Box::new(Implementation::new(&CAST)), Weakening::NONE),
            Driven::Specification(weakening) => (Box::new(Specification::new(&CAST, weakening)), weakening),
            Driven::Both => (Box::new(Both::new(&CAST)), Weakening::NONE),
        };
        let mut book = Book::default();
        let authority = person(&mut book, &theory, Label { kind: 'a', number: 0 }, None);
        let mut world = World {
            side,
            theory,
            weakening,
            book,
            knowledge: Knowledge::default(),
            trace: Trace::default(),
            depth: Depth::default(),
            people: BTreeMap::new(),
            authority,
            batches: BTreeMap::new(),
            sent: BTreeMap::new(),
            confirms: BTreeMap::new(),
            ephemerals: BTreeMap::new(),
            tokens: BTreeMap::new(),
            known: HashMap::new(),
            credentials: HashMap::new(),
            prekeys: HashMap::new(),
            pinned: HashSet::new(),
            secrets: Vec::new(),
            keys: HashSet::new(),
        };
        for (kind, number) in [('n', 0), ('n', 1), ('c', 0), ('c', 1), ('c', 2)] {
            world.enrol(Label { kind, number }, None);
        }
        for (node, client) in [(0, 0), (0, 1), (1, 0)] {
            world.pin(Label { kind: 'n', number: node }, Label { kind: 'c', number: client });
        }
        world
    }

    /// Does an action, and lets the attacker think about it.
    pub fn act(&mut self, action: &Action) -> Step {
        let told = match action {
            Action::Publish { batch, node, suite, depth } => self.publish(*batch, *node, *suite, *depth),
            Action::Initiate { .. } => self.initiate(action),
            Action::Deliver { .. } => self.deliver(action),
            Action::Finish { .. } => self.finish(action),
            Action::Acknowledge { node, prekey } => Ok(self.acknowledge(*node, *prekey)),
            Action::Restart { party } => Ok(self.restart(*party)),
            Action::Reveal { secret } => self.reveal(*secret),
            Action::OwnNode { node, like } => Ok(self.own(*node, *like)),
            Action::OwnClient { client, like } => Ok(self.own(*client, *like)),
            Action::Pin { node, client } => Ok(self.pin(*node, *client)),
            Action::Issue { token, client, node } => self.issue(*token, *client, *node),
            Action::Take { client, token } => Ok(self.take(*client, *token)),
            Action::ForgeToken { token, client, node, from } => self.forge_token(*token, *client, *node, *from),
            Action::ForgeInitiate { initiate, identity, prekey, refresh } => {
                self.forge_initiate(*initiate, *identity, *prekey, *refresh)
            }
            Action::ForgeConfirm { confirm, initiate, refresh } => self.forge_confirm(*confirm, *initiate, *refresh),
        }?;
        self.think();
        Ok(told)
    }

    /// How many of the keys that it should not know the attacker knows, and how many there are.
    pub fn known_keys(&self) -> (usize, usize) {
        (self.keys.len() - self.secrets.len(), self.keys.len())
    }

    /// Where two sides differ, if there are two.
    pub fn difference(&self) -> Option<String> {
        self.side.difference()
    }

    /// The attacker deduces what it can of the keys.
    fn think(&mut self) {
        let World { secrets, knowledge, book, trace, .. } = self;
        secrets.retain(|key| {
            let deduced = knowledge.deduces(&mut book.terms, *key);
            if deduced {
                trace.push(vec![fact("K", &[*key])]);
            }
            !deduced
        });
    }

    /// The attacker should not know this key.
    fn watch(&mut self, key: Term) {
        if self.keys.insert(key) {
            self.secrets.push(key);
        }
    }

    fn idle(&mut self) -> Step {
        self.depth.idle += 1;
        Ok("nothing to do".to_string())
    }

    fn symbolic(&mut self) -> Symbolic<'_> {
        Symbolic { book: &mut self.book, theory: &self.theory }
    }

    fn happen(&mut self, facts: Vec<Fact>) {
        self.trace.push(facts);
    }

    /// The attacker sees a term.
    fn see(&mut self, term: Term) {
        self.knowledge.learn(&mut self.book.terms, term);
    }

    /// Can the attacker deduce it?
    fn deduces(&mut self, term: Term) -> bool {
        self.knowledge.deduces(&mut self.book.terms, term)
    }

    /// Node and epoch of a prekey's batch.
    fn place_of(&self, prekey: Prekey) -> Option<(usize, u64)> {
        let batch = self.batches.get(&prekey.batch)?;
        Some((self.people.get(&batch.node)?.honest?, batch.header.epoch))
    }
}
