//! What must hold throughout. Each check is a function that hears of an event and knows all earlier ones.

use crate::log::Log;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// What did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// A prekey is accepted once, and an epoch is never used again.
    PrekeyOnce,
    /// A call is carried out once.
    CallOnce,
    /// So is a request.
    RequestOnce,
    /// What a node carries out is what this client called for; what a client gets is this node's answer to that.
    Authentic,
    /// Both ends of an exchange have the same keys.
    KeysEqual,
    /// What the gateway acknowledged is answered.
    AcknowledgedKept,
    /// Where a node has an admission key, strangers get no prekey of it.
    AdmissionHeld,
    /// An Initiate is taken from the holder of the lease alone.
    LeaseHeld,
    /// When troubles are over, each client reaches each node within two wake-ups.
    Liveness,
    /// While strangers attack, each client reaches each node within a stated time.
    LivenessUnderAttack,
    /// No wake-up costs more than its budget.
    Budget,
    /// Nobody is used to send others more than what was sent in their name.
    Amplification,
    /// Memory and media are bounded.
    Bounds,
    /// A state that was copied or restored is not used.
    CopyRefused,
    /// After a wake-up at which nothing failed, the newest batch lasts until the next one.
    Supplied,
}

/// What did not hold, and how that was seen.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which property.
    pub property: Property,
    /// What was seen.
    pub why: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.property, self.why)
    }
}

/// Which exchange: node, epoch, index.
pub type Place = (String, u64, u8);

/// Hears of everything, and keeps the first violation.
pub struct Monitor {
    log: Arc<Log>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// What was called for, and by whom; how often it was carried out.
    calls: BTreeMap<String, Call>,
    /// The node's keys of each exchange.
    established: BTreeMap<Place, Vec<u8>>,
    /// The gateway lies at this moment.
    lies: bool,
    first: Option<Violation>,
    counts: Counts,
}

struct Call {
    client: String,
    node: String,
    begun: Instant,
    carried_out: u32,
    answered: bool,
    /// The gateway may have lost what it acknowledged of it.
    excused: bool,
    /// A request of section 16, under the keys of an exchange.
    is_request: bool,
}

/// What a run consisted of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Wake-ups that were begun.
    pub wakes: u64,
    /// Calls that clients made.
    pub calls: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Processes that were ended without warning.
    pub kills: u64,
}

/// The answer that a node gives to what it carries out.
pub fn answer_to(content: &str) -> String {
    format!("done {content}")
}

impl Monitor {
    /// Nothing has happened yet.
    pub fn new(log: Arc<Log>) -> Monitor {
        Monitor { log, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something does not hold.
    pub fn violated(&self, property: Property, why: impl Into<String>) {
        let violation = Violation { property, why: why.into() };
        self.log.tell("MONITOR", &violation);
        self.lock().first.get_or_insert(violation);
    }

    /// The first violation, if there was one.
    pub fn first(&self) -> Option<Violation> {
        self.lock().first.clone()
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// Counts something.
    pub fn count(&self, what: impl FnOnce(&mut Counts)) {
        what(&mut self.lock().counts);
    }

    /// A client is about to call a node with this content, which no other call has.
    pub fn called(&self, client: &str, node: &str, content: &str) {
        self.begun(client, node, content, false);
    }

    /// A client has made a request of this content, which no other call or request has.
    pub fn asked(&self, client: &str, node: &str, content: &str) {
        self.begun(client, node, content, true);
    }

    fn begun(&self, client: &str, node: &str, content: &str, is_request: bool) {
        let (client, node, begun) = (client.into(), node.into(), Instant::now());
        let call = Call { client, node, begun, carried_out: 0, answered: false, excused: false, is_request };
        let mut inner = self.lock();
        inner.counts.calls += 1;
        inner.calls.insert(content.into(), call);
    }

    /// A node's application gets this to carry out, as coming from this peer.
    pub fn carried_out(&self, node: &str, peer: &str, content: &str) {
        let mut inner = self.lock();
        let Some(call) = inner.calls.get_mut(content) else {
            drop(inner);
            return self
                .violated(Property::Authentic, format!("{node} carries out {content:?}, which nobody called for"));
        };
        call.carried_out += 1;
        let (times, genuine) = (call.carried_out, call.client == peer && call.node == node);
        let once = if call.is_request { Property::RequestOnce } else { Property::CallOnce };
        drop(inner);
        if !genuine {
            self.violated(Property::Authentic, format!("{node} carries out {content:?} as coming from {peer}"));
        }
        if times > 1 {
            self.violated(once, format!("{node} carries out {content:?} {times} times"));
        }
    }

    /// A node has confirmed an exchange, and has these keys.
    pub fn established(&self, place: Place, keys: Vec<u8>) {
        let again = self.lock().established.insert(place.clone(), keys).is_some();
        if again {
            let (node, epoch, index) = place;
            self.violated(Property::PrekeyOnce, format!("{node} accepts prekey {index} of epoch {epoch} twice"));
        }
    }

    /// A client has finished an exchange, and has these keys and this answer to its call.
    pub fn finished(&self, place: Place, keys: &[u8], content: &str, answer: &str) {
        let mut inner = self.lock();
        let nodes = inner.established.get(&place).cloned();
        inner.counts.answered += 1;
        if let Some(call) = inner.calls.get_mut(content) {
            call.answered = true;
        }
        drop(inner);
        let (node, epoch, index) = place;
        match nodes {
            None => self.violated(
                Property::Authentic,
                format!("a client finishes epoch {epoch} index {index}, which {node} has not confirmed"),
            ),
            Some(nodes) if nodes != keys => self.violated(
                Property::KeysEqual,
                format!("the ends of epoch {epoch} index {index} of {node} have different keys"),
            ),
            Some(_) => {}
        }
        if answer != answer_to(content) {
            self.violated(Property::Authentic, format!("the answer to {content:?} is {answer:?}"));
        }
    }

    /// A client has the response to a request.
    pub fn answered(&self, node: &str, content: &str, answer: &str) {
        let mut inner = self.lock();
        let genuine = inner.calls.get(content).is_some_and(|call| call.node == node && call.carried_out > 0);
        if let Some(call) = inner.calls.get_mut(content) {
            call.answered = true;
        }
        drop(inner);
        if !genuine || answer != answer_to(content) {
            self.violated(Property::Authentic, format!("the response of {node} to {content:?} is {answer:?}"));
        }
    }

    /// Has this call or request been answered?
    pub fn is_answered(&self, content: &str) -> bool {
        self.lock().calls.get(content).is_some_and(|call| call.answered)
    }

    /// Has a node answered a call that this client began at this moment or later? What was answered before a node began anew, and is collected
    /// only now, shows nothing.
    pub fn reached(&self, client: &str, node: &str, since: Instant) -> bool {
        let is_one = |call: &Call| call.answered && !call.is_request && call.client == client && call.node == node;
        self.lock().calls.values().any(|call| is_one(call) && call.begun >= since)
    }

    /// Of all calls so far the gateway may have lost what it acknowledged: it lied, or its operator put back a backup.
    pub fn excuse(&self) {
        self.lock().calls.values_mut().for_each(|call| call.excused = true);
    }

    /// A node was cut off: what it carried out and has not answered, it never will.
    pub fn cut_off(&self, node: &str) {
        let mut inner = self.lock();
        let of_node = |call: &&mut Call| call.node == node && call.carried_out > 0;
        inner.calls.values_mut().filter(of_node).for_each(|call| call.excused = true);
    }

    /// From now on the gateway lies, or does not any more: what it acknowledged may be lost.
    pub fn set_lies(&self, lies: bool) {
        self.lock().lies = lies;
        self.excuse();
    }

    /// Something does not hold that a gateway which lies may break, or seem to.
    pub fn unless_lying(&self, property: Property, why: String) {
        let lies = self.lock().lies;
        if !lies {
            self.violated(property, why);
        }
    }

    /// A client is told that it will get no answer to this call.
    pub fn given_up(&self, content: &str) {
        let inner = self.lock();
        let lost = inner.calls.get(content).is_some_and(|call| call.carried_out > 0 && !call.excused) && !inner.lies;
        drop(inner);
        if lost {
            self.violated(Property::AcknowledgedKept, format!("{content:?} was carried out, and its answer is lost"));
        }
    }

    /// A session that a node has on its medium after it was cut off: its application may not have heard of it.
    pub fn found(&self, place: Place, keys: &[u8]) {
        self.lock().established.entry(place).or_insert_with(|| keys.to_vec());
    }
}
