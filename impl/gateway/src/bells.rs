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

/// All bells: one for each listener, in the order in which they came, so that they hear in that order. The bells that nobody hears any more are
/// dropped when their resource changes or gets another listener, and all such when a new resource is listened to.
#[derive(Default)]
pub(crate) struct Bells {
    hung: Mutex<HashMap<Topic, Vec<watch::Sender<()>>>>,
}

impl Bells {
    fn lock(&self) -> MutexGuard<'_, HashMap<Topic, Vec<watch::Sender<()>>>> {
        self.hung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears every change from now on.
    pub(crate) fn listen(&self, topic: Topic) -> watch::Receiver<()> {
        let (bell, listener) = watch::channel(());
        let is_heard = |bell: &watch::Sender<()>| bell.receiver_count() > 0;
        let mut hung = self.lock();
        match hung.get_mut(&topic) {
            Some(bells) => bells.retain(is_heard),
            None => hung.retain(|_, bells| bells.iter().any(is_heard)),
        }
        hung.entry(topic).or_default().push(bell);
        listener
    }

    /// The resource has changed.
    pub(crate) fn ring(&self, topic: &Topic) {
        let mut hung = self.lock();
        let Some(bells) = hung.get_mut(topic) else { return };
        bells.retain(|bell| bell.send(()).is_ok());
        if bells.is_empty() {
            hung.remove(topic);
        }
    }
}
