//! Who observes what (RFC 7641): one task for each observation.

use crate::endpoint::lock;
use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use tokio::task::AbortHandle;

/// Observe option of a request that registers.
pub(crate) const REGISTER: u32 = 0;
/// Observations at a time, and those of one address.
const OBSERVERS_MAX: usize = 16_384;
const PER_ADDRESS_MAX: usize = 256;

type Key = (SocketAddr, Vec<u8>);

/// All observations of a server.
#[derive(Default)]
pub(crate) struct Observers {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    tasks: HashMap<Key, AbortHandle>,
    of: HashMap<IpAddr, usize>,
}

impl Observers {
    /// Adds one, in place of one with the same token. `false` if there are too many.
    pub(crate) fn add(
        &self,
        peer: SocketAddr,
        token: &[u8],
        notify: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let mut table = lock(&self.table);
        table.remove(&(peer, token.to_vec()));
        let of = table.of.get(&peer.ip()).copied().unwrap_or_default();
        if table.tasks.len() >= OBSERVERS_MAX || of >= PER_ADDRESS_MAX {
            return false;
        }
        table.of.insert(peer.ip(), of.saturating_add(1));
        table.tasks.insert((peer, token.to_vec()), tokio::spawn(notify).abort_handle());
        true
    }

    /// Ends one. Nothing happens if there is none.
    pub(crate) fn cancel(&self, peer: SocketAddr, token: &[u8]) {
        lock(&self.table).remove(&(peer, token.to_vec()));
    }
}

impl Table {
    fn remove(&mut self, key: &Key) {
        let Some(task) = self.tasks.remove(key) else { return };
        task.abort();
        if let Some(of) = self.of.get_mut(&key.0.ip()) {
            *of = of.saturating_sub(1);
            if *of == 0 {
                self.of.remove(&key.0.ip());
            }
        }
    }
}
