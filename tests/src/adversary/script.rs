//! Attack scripts: what the gateway and the parties do, an action a line. `#` begins a comment.
//!
//! ```text
//! b0 = publish n0 suite=2 depth=1            node n0 publishes a batch of two prekeys, b0.0 and b0.1
//! i0 = initiate c0 n0 b0.1 refresh           the gateway offers b0.1 of n0 to client c0, which initiates
//! k0 = deliver n0 i0                         the gateway delivers i0 to n0, which accepts and confirms
//! finish i0 k0                               the gateway delivers k0 to the client of i0
//! acknowledge n0 b0.1                        the gateway acknowledges the Confirm over b0.1
//! restart n0                                 n0 (or a client) loses power and restarts with what it has stored
//! reveal n0                                  the attacker learns a secret: of n0, c0, a0 the identity key, of b0.1 the prekey's
//!                                            scalar if it is still stored, of i0 the client's, of k0 the node's ephemeral
//! e0 = own-node like=n0                      a node of the attacker's, with a key of its own or with the public key of another
//! m0 = own-client like=c2                    a client of the attacker's, likewise with the kid of the other
//! pin n0 m0                                  the owner of n0 pins a client
//! t0 = issue m0 n0                           the authority vouches for a client to n0
//! take c2 t0                                 a client uses a CWT from now on
//! t1 = forge-token m0 n0 from=t0             a CWT of the attacker's: signed with the authority's key if it is known, or with the
//!                                            signature (and for the client) of another CWT
//! i1 = forge-initiate c0 b0.1 refresh        an Initiate of the attacker's, in the name of a client or of the client of a CWT
//! k1 = forge-confirm i0 refresh              a Confirm of the attacker's to i0
//! ```
//!
//! Whatever is not delivered is dropped, what is delivered late is delayed, what is delivered twice is duplicated. Forged messages are made with all
//! secrets that the attacker can deduce at that moment, and with made-up ones for the rest. Honest are n0, n1 (which insists on refresh), c0, c1, c2 and
//! the authority a0; n0 pins c0 and c1, n1 pins c0.
//!
//! An offer, an Initiate or a Confirm can be changed on its way, from left to right, by what stands behind the names:
//!
//! ```text
//! epoch=7 index=1 garble                     any of them; garble flips a bit of the last ciphertext or of the signature
//! suite=3 to-node y=own y=b1.0 path=b1.0     an offer: the header's suite, the header's node becomes the one that is called; Y, path
//!   own-tree sign                            ... depth 0 with Y as the only leaf; signed anew, if the key of the node is known
//! flags=0 x=own x=i1 ct1=i1 ct2=i1           an Initiate
//! z=none z=own z=k1 ct3=k1                   a Confirm
//! ```
//!
//! Loss of power within a step: `loss=before` or `loss=after` the storing of the exchange (initiate), of its end (finish);
//! `loss=before-erasure`, `after-erasure`, `before-confirm`, `after-confirm` (deliver).

use super::side::{AnswerLoss, Loss};
use std::fmt;
use std::str::FromStr;

/// A name: a letter for what it names, and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// n, e: nodes; c, m: clients; a: authority; b: batch; i: Initiate; k: Confirm; t: CWT.
    pub kind: char,
    /// From 0.
    pub number: u8,
}

/// A prekey of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prekey {
    /// Of which batch.
    pub batch: Label,
    /// Its place.
    pub index: u8,
}

/// A change of a message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "see the module")]
pub enum Change {
    Epoch(u64),
    Index(u64),
    Garble,
    Suite(u64),
    ToNode,
    YOwn,
    Y(Prekey),
    Path(Prekey),
    OwnTree,
    Sign,
    Flags(u64),
    XOwn,
    X(Label),
    Ct1(Label),
    Ct2(Label),
    ZNone,
    ZOwn,
    Z(Label),
    Ct3(Label),
}

/// What is revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Secret {
    /// Identity key or ephemeral.
    Of(Label),
    /// A prekey's scalar.
    Prekey(Prekey),
}

/// One action; see the module for what each does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "see the module")]
pub enum Action {
    Publish {
        batch: Label,
        node: Label,
        suite: u64,
        depth: u64,
    },
    Initiate {
        initiate: Label,
        client: Label,
        node: Label,
        prekey: Prekey,
        refresh: bool,
        changes: Vec<Change>,
        loss: Option<Loss>,
    },
    Deliver {
        confirm: Label,
        node: Label,
        initiate: Label,
        changes: Vec<Change>,
        loss: Option<AnswerLoss>,
    },
    Finish {
        initiate: Label,
        confirm: Label,
        changes: Vec<Change>,
        loss: Option<Loss>,
    },
    Acknowledge {
        node: Label,
        prekey: Prekey,
    },
    Restart {
        party: Label,
    },
    Reveal {
        secret: Secret,
    },
    OwnNode {
        node: Label,
        like: Option<Label>,
    },
    OwnClient {
        client: Label,
        like: Option<Label>,
    },
    Pin {
        node: Label,
        client: Label,
    },
    Issue {
        token: Label,
        client: Label,
        node: Label,
    },
    Take {
        client: Label,
        token: Label,
    },
    ForgeToken {
        token: Label,
        client: Label,
        node: Label,
        from: Option<Label>,
    },
    ForgeInitiate {
        initiate: Label,
        identity: Label,
        prekey: Prekey,
        refresh: bool,
    },
    ForgeConfirm {
        confirm: Label,
        initiate: Label,
        refresh: bool,
    },
}

/// A whole script.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Script(pub Vec<Action>);

/// A line that is no action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAction(pub String);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind, self.number)
    }
}

impl fmt::Display for Prekey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.batch, self.index)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Epoch(value) => write!(f, "epoch={value}"),
            Change::Index(value) => write!(f, "index={value}"),
            Change::Garble => f.write_str("garble"),
            Change::Suite(value) => write!(f, "suite={value}"),
            Change::ToNode => f.write_str("to-node"),
            Change::YOwn => f.write_str("y=own"),
            Change::Y(prekey) => write!(f, "y={prekey}"),
            Change::Path(prekey) => write!(f, "path={prekey}"),
            Change::OwnTree => f.write_str("own-tree"),
            Change::Sign => f.write_str("sign"),
            Change::Flags(value) => write!(f, "flags={value}"),
            Change::XOwn => f.write_str("x=own"),
            Change::X(from) => write!(f, "x={from}"),
            Change::Ct1(from) => write!(f, "ct1={from}"),
            Change::Ct2(from) => write!(f, "ct2={from}"),
            Change::ZNone => f.write_str("z=none"),
            Change::ZOwn => f.write_str("z=own"),
            Change::Z(from) => write!(f, "z={from}"),
            Change::Ct3(from) => write!(f, "ct3={from}"),
        }
    }
}

/// What follows the names in a line.
fn tail(refresh: bool, changes: &[Change], loss: Option<&str>) -> String {
    let refresh = refresh.then(|| "refresh".to_string());
    let words = refresh.into_iter().chain(changes.iter().map(Change::to_string));
    words.chain(loss.map(|loss| format!("loss={loss}"))).map(|word| format!(" {word}")).collect()
}

const LOSSES: [(Loss, &str); 2] = [(Loss::Before, "before"), (Loss::After, "after")];
const ANSWER_LOSSES: [(AnswerLoss, &str); 4] = [
    (AnswerLoss::Erasure(Loss::Before), "before-erasure"),
    (AnswerLoss::Erasure(Loss::After), "after-erasure"),
    (AnswerLoss::Confirm(Loss::Before), "before-confirm"),
    (AnswerLoss::Confirm(Loss::After), "after-confirm"),
];

fn word<T: PartialEq>(table: &[(T, &'static str)], value: Option<&T>) -> Option<&'static str> {
    table.iter().find(|(known, _)| Some(known) == value).map(|(_, word)| *word)
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |key: &str, value: &Option<Label>| value.map_or(String::new(), |value| format!(" {key}={value}"));
        match self {
            Action::Publish { batch, node, suite, depth } => {
                write!(f, "{batch} = publish {node} suite={suite} depth={depth}")
            }
            Action::Initiate { initiate, client, node, prekey, refresh, changes, loss } => {
                let tail = tail(*refresh, changes, word(&LOSSES, loss.as_ref()));
                write!(f, "{initiate} = initiate {client} {node} {prekey}{tail}")
            }
            Action::Deliver { confirm, node, initiate, changes, loss } => {
                let tail = tail(false, changes, word(&ANSWER_LOSSES, loss.as_ref()));
                write!(f, "{confirm} = deliver {node} {initiate}{tail}")
            }
            Action::Finish { initiate, confirm, changes, loss } => {
                write!(f, "finish {initiate} {confirm}{}", tail(false, changes, word(&LOSSES, loss.as_ref())))
            }
            Action::Acknowledge { node, prekey } => write!(f, "acknowledge {node} {prekey}"),
            Action::Restart { party } => write!(f, "restart {party}"),
            Action::Reveal { secret: Secret::Of(label) } => write!(f, "reveal {label}"),
            Action::Reveal { secret: Secret::Prekey(prekey) } => write!(f, "reveal {prekey}"),
            Action::OwnNode { node, like } => write!(f, "{node} = own-node{}", named("like", like)),
            Action::OwnClient { client, like } => write!(f, "{client} = own-client{}", named("like", like)),
            Action::Pin { node, client } => write!(f, "pin {node} {client}"),
            Action::Issue { token, client, node } => write!(f, "{token} = issue {client} {node}"),
            Action::Take { client, token } => write!(f, "take {client} {token}"),
            Action::ForgeToken { token, client, node, from } => {
                write!(f, "{token} = forge-token {client} {node}{}", named("from", from))
            }
            Action::ForgeInitiate { initiate, identity, prekey, refresh } => {
                write!(f, "{initiate} = forge-initiate {identity} {prekey}{}", tail(*refresh, &[], None))
            }
            Action::ForgeConfirm { confirm, initiate, refresh } => {
                write!(f, "{confirm} = forge-confirm {initiate}{}", tail(*refresh, &[], None))
            }
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|action| writeln!(f, "{action}"))
    }
}

/// As text: what quickcheck prints of a script that fails can be replayed.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl FromStr for Label {
    type Err = NoAction;

    fn from_str(text: &str) -> Result<Label, NoAction> {
        let kind = text.chars().next().filter(|kind| "necmabikt".contains(*kind));
        let number = text.get(1..).and_then(|number| number.parse().ok());
        kind.zip(number).map(|(kind, number)| Label { kind, number }).ok_or_else(|| NoAction(text.to_string()))
    }
}

impl FromStr for Prekey {
    type Err = NoAction;

    fn from_str(text: &str) -> Result<Prekey, NoAction> {
        let (batch, index) = text.split_once('.').ok_or_else(|| NoAction(text.to_string()))?;
        Ok(Prekey { batch: batch.parse()?, index: index.parse().map_err(|_| NoAction(text.to_string()))? })
    }
}

impl FromStr for Change {
    type Err = NoAction;

    fn from_str(text: &str) -> Result<Change, NoAction> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let number = || value.parse().map_err(|_| NoAction(text.to_string()));
        Ok(match (key, value) {
            ("epoch", _) => Change::Epoch(number()?),
            ("index", _) => Change::Index(number()?),
            ("garble", "") => Change::Garble,
            ("suite", _) => Change::Suite(number()?),
            ("to-node", "") => Change::ToNode,
            ("y", "own") => Change::YOwn,
            ("y", _) => Change::Y(value.parse()?),
            ("path", _) => Change::Path(value.parse()?),
            ("own-tree", "") => Change::OwnTree,
            ("sign", "") => Change::Sign,
            ("flags", _) => Change::Flags(number()?),
            ("x", "own") => Change::XOwn,
            ("x", _) => Change::X(value.parse()?),
            ("ct1", _) => Change::Ct1(value.parse()?),
            ("ct2", _) => Change::Ct2(value.parse()?),
            ("z", "none") => Change::ZNone,
            ("z", "own") => Change::ZOwn,
            ("z", _) => Change::Z(value.parse()?),
            ("ct3", _) => Change::Ct3(value.parse()?),
            _ => return Err(NoAction(text.to_string())),
        })
    }
}

/// The words of a line, taken one after the other.
struct Words<'a> {
    label: Option<&'a str>,
    words: Vec<&'a str>,
}

impl<'a> Words<'a> {
    fn label(&self) -> Result<Label, NoAction> {
        self.label.unwrap_or_default().parse()
    }

    fn next<T: FromStr<Err = NoAction>>(&mut self) -> Result<T, NoAction> {
        if self.words.is_empty() { Err(NoAction(String::new())) } else { self.words.remove(0).parse() }
    }

    fn flag(&mut self, word: &str) -> bool {
        let found = self.words.iter().position(|known| *known == word);
        found.map(|place| self.words.remove(place)).is_some()
    }

    fn value(&mut self, key: &str) -> Option<&'a str> {
        let of = |word: &&'a str| word.strip_prefix(key).and_then(|rest| rest.strip_prefix('='));
        let place = self.words.iter().position(|word| of(word).is_some())?;
        of(&self.words.remove(place))
    }

    fn number(&mut self, key: &str) -> Result<u64, NoAction> {
        self.value(key).and_then(|value| value.parse().ok()).ok_or_else(|| NoAction(key.to_string()))
    }

    fn named(&mut self, key: &str) -> Result<Option<Label>, NoAction> {
        self.value(key).map(str::parse).transpose()
    }

    fn loss<T: Copy>(&mut self, table: &[(T, &str)]) -> Result<Option<T>, NoAction> {
        let find = |value: &str| table.iter().find(|(_, word)| *word == value).map(|(loss, _)| *loss);
        self.value("loss").map(|value| find(value).ok_or_else(|| NoAction(value.to_string()))).transpose()
    }

    fn changes(&mut self) -> Result<Vec<Change>, NoAction> {
        std::mem::take(&mut self.words).into_iter().map(str::parse).collect()
    }
}

impl FromStr for Action {
    type Err = NoAction;

    fn from_str(line: &str) -> Result<Action, NoAction> {
        let (label, rest) = match line.split_once(" = ") {
            Some((label, rest)) => (Some(label.trim()), rest),
            None => (None, line),
        };
        let mut all = rest.split_whitespace();
        let verb = all.next().unwrap_or_default();
        let mut words = Words { label, words: all.collect() };
        let action = action(verb, &mut words).map_err(|_| NoAction(line.to_string()))?;
        if words.words.is_empty() { Ok(action) } else { Err(NoAction(line.to_string())) }
    }
}

fn action(verb: &str, words: &mut Words<'_>) -> Result<Action, NoAction> {
    Ok(match verb {
        "publish" => Action::Publish {
            batch: words.label()?,
            node: words.next()?,
            suite: words.number("suite")?,
            depth: words.number("depth")?,
        },
        "initiate" => Action::Initiate {
            initiate: words.label()?,
            client: words.next()?,
            node: words.next()?,
            prekey: words.next()?,
            refresh: words.flag("refresh"),
            loss: words.loss(&LOSSES)?,
            changes: words.changes()?,
        },
        "deliver" => Action::Deliver {
            confirm: words.label()?,
            node: words.next()?,
            initiate: words.next()?,
            loss: words.loss(&ANSWER_LOSSES)?,
            changes: words.changes()?,
        },
        "finish" => Action::Finish {
            initiate: words.next()?,
            confirm: words.next()?,
            loss: words.loss(&LOSSES)?,
            changes: words.changes()?,
        },
        "acknowledge" => Action::Acknowledge { node: words.next()?, prekey: words.next()? },
        "restart" => Action::Restart { party: words.next()? },
        "reveal" if words.words.iter().any(|word| word.contains('.')) => {
            Action::Reveal { secret: Secret::Prekey(words.next()?) }
        }
        "reveal" => Action::Reveal { secret: Secret::Of(words.next()?) },
        "own-node" => Action::OwnNode { node: words.label()?, like: words.named("like")? },
        "own-client" => Action::OwnClient { client: words.label()?, like: words.named("like")? },
        "pin" => Action::Pin { node: words.next()?, client: words.next()? },
        "issue" => Action::Issue { token: words.label()?, client: words.next()?, node: words.next()? },
        "take" => Action::Take { client: words.next()?, token: words.next()? },
        "forge-token" => Action::ForgeToken {
            token: words.label()?,
            client: words.next()?,
            node: words.next()?,
            from: words.named("from")?,
        },
        "forge-initiate" => Action::ForgeInitiate {
            initiate: words.label()?,
            identity: words.next()?,
            prekey: words.next()?,
            refresh: words.flag("refresh"),
        },
        "forge-confirm" => {
            Action::ForgeConfirm { confirm: words.label()?, initiate: words.next()?, refresh: words.flag("refresh") }
        }
        _ => return Err(NoAction(verb.to_string())),
    })
}

impl FromStr for Script {
    type Err = NoAction;

    fn from_str(text: &str) -> Result<Script, NoAction> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        lines.filter(|line| !line.is_empty()).map(str::parse).collect::<Result<_, _>>().map(Script)
    }
}
