//! Who observes what (RFC 7641): one task for each observation.

use crate::endpoint::lock;
use crate::shares::{Share, Shares};
use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::task::AbortHandle;

/// Observe option of a request that registers.
pub(crate) const REGISTER: u32 = 0;
/// Observations at a time, and those of one address.
const OBSERVERS_MAX: usize = 16_384;
const PER_ADDRESS_MAX: usize = 256;

type Key = (SocketAddr, Vec<u8>);

/// All observations of a server.
pub(crate) struct Observers {
    tasks: Mutex<HashMap<Key, (AbortHandle, Share)>>,
    shares: Shares,
}

impl Default for Observers {
    fn default() -> Observers {
        Observers { tasks: Mutex::default(), shares: Shares::new(OBSERVERS_MAX, PER_ADDRESS_MAX) }
    }
}

impl Observers {
    /// Adds one, in place of one with the same token. `false` if there are too many.
    pub(crate) fn add(
        &self,
        peer: SocketAddr,
        token: &[u8],
        notify: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let mut tasks = lock(&self.tasks);
        let key = (peer, token.to_vec());
        if let Some((task, _)) = tasks.remove(&key) {
            task.abort();
        }
        let Some(share) = self.shares.take(peer.ip()) else { return false };
        tasks.insert(key, (tokio::spawn(notify).abort_handle(), share));
        true
    }

    /// Ends one. Nothing happens if there is none.
    pub(crate) fn cancel(&self, peer: SocketAddr, token: &[u8]) {
        if let Some((task, _)) = lock(&self.tasks).remove(&(peer, token.to_vec())) {
            task.abort();
        }
    }
}
