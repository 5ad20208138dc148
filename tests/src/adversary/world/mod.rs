//! A run: honest parties on a [`Side`], the attacker between them, and the books that are kept of it.

mod forge;
mod gateway;
mod honest;

use super::attacker::{Start, public, scalar, secret};
use super::book::{Book, Mismatch};
use super::events::{Exchange, fact};
use super::implementation::Implementation;
use super::knowledge::Knowledge;
use super::monitor::{Fact, Trace};
use super::script::{Action, Label, Prekey, Secret};
use super::side::{Cast, Key, Place, Side};
use super::specification::Specification;
use super::symbolic::{First, Second, Symbolic};
use super::term::Term;
use super::theory::Theory;
use super::{both::Both, symbolic};
use dke::params::CREDENTIAL_MAX;
use dke::{Crypto, RustCrypto, credential};
use dke_spec::message::Header;
use dke_spec::weakening::Weakening;
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
    node: Label,
    client: Option<Label>,
    /// Where an honest client keeps the exchange.
    place: Option<Place>,
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
    /// Keys whose secrecy the lemmas speak of, until the attacker knows them.
    secrets: Vec<Term>,
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

    /// A node or client comes into being, with a key of its own or that of another.
    fn enrol(&mut self, label: Label, like: Option<Label>) {
        let like = like.and_then(|like| self.people.get(&like).cloned());
        let one = person(&mut self.book, &self.theory, label, like.as_ref());
        let key = self.book.terms.power(one.scalar);
        self.see(key);
        self.credentials.insert(one.hash, one.cred);
        if matches!(label.kind, 'c' | 'm') {
            self.known.insert(one.hash, Known { subject: one.subject, cred: one.cred, scalar: one.scalar });
        }
        match label.kind {
            'n' => self.happen(vec![fact("PinnedAuthority", &[one.subject, self.authority.subject])]),
            'c' => self.happen(vec![fact("HonestClient", &[one.subject, key])]),
            'e' => self.happen(vec![fact("RevealNode", &[one.subject])]),
            _ => self.happen(vec![fact("RevealClient", &[one.subject])]),
        }
        if matches!(label.kind, 'e' | 'm') && like.is_none() {
            self.see(one.scalar);
        }
        self.people.insert(label, one);
    }

    /// The owner of a node pins a client, unless the kid is taken.
    fn pin(&mut self, node: Label, client: Label) -> String {
        let people = (self.people.get(&node).cloned(), self.people.get(&client).cloned());
        let (Some(Person { honest: Some(place), subject, .. }), Some(client)) = people else {
            self.depth.idle += 1;
            return "nothing to do".to_string();
        };
        if !self.pinned.insert((place, client.kid.clone())) {
            self.depth.idle += 1;
            return "the kid is pinned already".to_string();
        }
        self.side.pin(place, &client.credential);
        self.happen(vec![fact("PinnedClient", &[subject, client.cred])]);
        "pinned".to_string()
    }

    /// A party of the attacker's.
    fn own(&mut self, label: Label, like: Option<Label>) -> String {
        let exists = like.is_none_or(|like| self.people.contains_key(&like));
        if self.people.contains_key(&label) || !exists || !matches!(label.kind, 'e' | 'm') {
            self.depth.idle += 1;
            return "nothing to do".to_string();
        }
        self.enrol(label, like);
        "registered".to_string()
    }

    fn restart(&mut self, party: Label) -> String {
        let honest = self.people.get(&party).and_then(|person| person.honest);
        match party.kind {
            'n' => self.side.restart(honest, None),
            _ => self.side.restart(None, honest),
        }
        "restarted".to_string()
    }

    fn reveal(&mut self, secret: Secret) -> Step {
        let (name, argument, scalar) = match secret {
            Secret::Prekey(prekey) => {
                let Some((node, epoch)) = self.place_of(prekey) else { return self.idle() };
                let stolen = u8::try_from(prekey.index).ok().and_then(|index| self.side.stolen(node, epoch, index));
                let Some((scalar, _)) = self.prekeys.get(&(node, epoch, prekey.index.into())).copied() else {
                    return self.idle();
                };
                let Some(stolen) = stolen else {
                    self.depth.idle += 1;
                    return Ok("it has been erased".to_string());
                };
                let argument = self.book.terms.power(scalar);
                self.book.enter("a stolen prekey", &public(&stolen), argument)?;
                ("RevealPrekey", argument, scalar)
            }
            Secret::Of(label) => {
                let found = match label.kind {
                    'n' => self.people.get(&label).map(|node| ("RevealNode", node.subject, node.scalar)),
                    'c' => self.people.get(&label).map(|client| ("RevealClient", client.subject, client.scalar)),
                    'a' => Some(("RevealAuthority", self.authority.subject, self.authority.scalar)),
                    'i' => {
                        let honest = self.sent.get(&label).filter(|sent| sent.place.is_some());
                        honest.map(|sent| ("RevealClientEphemeral", sent.exchange.x, sent.scalar))
                    }
                    'k' => self
                        .ephemerals
                        .get(&label)
                        .copied()
                        .map(|scalar| ("RevealNodeEphemeral", self.book.terms.power(scalar), scalar)),
                    _ => None,
                };
                let Some(found) = found else { return self.idle() };
                found
            }
        };
        self.happen(vec![fact(name, &[argument])]);
        self.see(scalar);
        Ok("the attacker has it".to_string())
    }

    /// Node and epoch of a prekey's batch.
    fn place_of(&self, prekey: Prekey) -> Option<(usize, u64)> {
        let batch = self.batches.get(&prekey.batch)?;
        Some((self.people.get(&batch.node)?.honest?, batch.header.epoch))
    }
}

/// Everything about one party.
fn person(book: &mut Book, theory: &Theory, label: Label, like: Option<&Person>) -> Person {
    let name = label.to_string();
    let kid = like.map_or(name.clone(), |like| like.kid.clone());
    let key = like.map_or(secret(&format!("key of {name}")), |like| like.key);
    let scalar = like.map_or_else(|| book.terms.fresh(format!("key of {name}")), |like| like.scalar);
    let subject = book.terms.public(&name);
    let cred = if matches!(label.kind, 'c' | 'm') {
        let (kid, key) = (book.terms.public(&kid), book.terms.power(scalar));
        theory.call(&mut book.terms, "cred_c", &[subject, kid, key])
    } else {
        let key = book.terms.of("pk", &[scalar]);
        theory.call(&mut book.terms, "cred_n", &[subject, key])
    };
    let credential = credential_of(label.kind, label.number, like.map(|_| (kid.as_str(), &key)));
    let hash = RustCrypto::sha256(&credential);
    let honest = matches!(label.kind, 'n' | 'c').then_some(usize::from(label.number));
    Person { subject, kid, credential, hash, cred, key, scalar, honest, token: None }
}
