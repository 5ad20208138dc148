//! Scripts as text, there and back.

use super::{Action, AnswerLoss, Change, Label, Loss, Prekey, Script, Secret};
use std::fmt;
use std::str::FromStr;

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
