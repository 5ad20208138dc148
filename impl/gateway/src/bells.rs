//! Who waits for what: a bell for each resource that somebody watches.

use crate::record::{NodeId, Place};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A resource that changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The Initiates that wait for a node.
    Mailbox(NodeId),
    /// The Confirms of an exchange.
    Confirms(Place),
    /// A sealed representation.
    Representation(NodeId, String),
    /// The requests that wait for a node.
    Requests(NodeId),
    /// The response to a request.
    Response(NodeId, u64),
}

/// All bells. A bell that nobody hears any more is taken down when it is rung, and all such when a new one is hung up.
#[derive(Default)]
pub(crate) struct Bells {
    hung: Mutex<HashMap<Topic, watch::Sender<()>>>,
}

impl Bells {
    fn lock(&self) -> MutexGuard<'_, HashMap<Topic, watch::Sender<()>>> {
        self.hung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears every change from now on.
    pub(crate) fn listen(&self, topic: Topic) -> watch::Receiver<()> {
        let mut hung = self.lock();
        if !hung.contains_key(&topic) {
            hung.retain(|_, bell| bell.receiver_count() > 0);
        }
        hung.entry(topic).or_insert_with(|| watch::channel(()).0).subscribe()
    }

    /// The resource has changed.
    pub(crate) fn ring(&self, topic: &Topic) {
        let mut hung = self.lock();
        if hung.get(topic).is_some_and(|bell| bell.send(()).is_err()) {
            hung.remove(topic);
        }
    }
}
