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
//! Whatever is not delivered is dropped, what is delivered late is delayed, what is delivered twice is duplicated. Forged
//! messages are made with all secrets that the attacker can deduce at that moment, and with made-up ones for the rest. Honest are
//! n0, n1 (which insists on refresh), c0, c1, c2 and the authority a0; n0 pins c0 and c1, n1 pins c0.
//!
//! An offer, an Initiate or a Confirm can be changed on its way, from left to right, by what stands behind the names:
//!
//! ```text
//! epoch=7 index=1 garble                     any of them; garble flips a bit of the last ciphertext or of the signature
//! suite=3 to-node                            an offer: the header's suite; the header's node becomes the one that is called
//! y=own y=b1.0 path=b1.0 own-tree sign       an offer: Y; path; depth 0 with Y as the only leaf; signed anew, if the key is known
//! flags=0 x=own x=i1 ct1=i1 ct2=i1           an Initiate
//! z=none z=own z=k1 ct3=k1                   a Confirm
//! ```
//!
//! Loss of power within a step: `loss=before` or `loss=after` the storing of the exchange (initiate), of its end (finish);
//! `loss=before-erasure`, `after-erasure`, `before-confirm`, `after-confirm` (deliver).

mod text;

pub use text::NoAction;

use super::side::{AnswerLoss, Loss};

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

impl Action {
    /// The changes of the message that it delivers.
    pub fn changes_mut(&mut self) -> Option<&mut Vec<Change>> {
        match self {
            Action::Initiate { changes, .. } | Action::Deliver { changes, .. } | Action::Finish { changes, .. } => {
                Some(changes)
            }
            _ => None,
        }
    }

    /// Whether it is about refresh.
    pub fn refresh_mut(&mut self) -> Option<&mut bool> {
        match self {
            Action::Initiate { refresh, .. }
            | Action::ForgeInitiate { refresh, .. }
            | Action::ForgeConfirm { refresh, .. } => Some(refresh),
            _ => None,
        }
    }

    /// Power is not lost in it.
    pub fn calm(&mut self) {
        match self {
            Action::Initiate { loss, .. } | Action::Finish { loss, .. } => *loss = None,
            Action::Deliver { loss, .. } => *loss = None,
            _ => {}
        }
    }

    /// It has no model, if it can do without.
    pub fn unlike(&mut self) {
        match self {
            Action::OwnNode { like, .. } | Action::OwnClient { like, .. } => *like = None,
            Action::ForgeToken { from, .. } => *from = None,
            _ => {}
        }
    }

    /// A batch is of suite 2.
    pub fn plain_suite(&mut self) {
        if let Action::Publish { suite, .. } = self {
            *suite = 2;
        }
    }

    /// A batch has one prekey.
    pub fn one_prekey(&mut self) {
        if let Action::Publish { depth, .. } = self {
            *depth = 0;
        }
    }
}
