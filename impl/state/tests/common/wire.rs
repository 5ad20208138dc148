//! Datagrams in memory: nothing is lost, and no time passes.

use dke_coap::datagrams::{Datagrams, Readiness};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

#[derive(Default)]
struct Inbox {
    waiting: Mutex<VecDeque<(Vec<u8>, SocketAddr)>>,
    came: Notify,
}

/// All sockets, by their addresses.
#[derive(Clone, Default)]
pub(crate) struct Network {
    inboxes: Arc<Mutex<HashMap<SocketAddr, Arc<Inbox>>>>,
}

/// One of them.
pub(crate) struct Wire {
    network: Network,
    address: SocketAddr,
    inbox: Arc<Inbox>,
}

impl Network {
    pub(crate) fn wire(&self, port: u16) -> Wire {
        let address = ([192, 0, 2, 1], port).into();
        let inbox = Arc::<Inbox>::default();
        self.inboxes.lock().unwrap().insert(address, inbox.clone());
        Wire { network: self.clone(), address, inbox }
    }
}

impl Datagrams for Wire {
    fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (datagram, from) = self.inbox.waiting.lock().unwrap().pop_front().ok_or(io::ErrorKind::WouldBlock)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok((length, from))
    }

    fn try_send_to(&self, datagram: &[u8], peer: SocketAddr) -> io::Result<usize> {
        if let Some(inbox) = self.network.inboxes.lock().unwrap().get(&peer) {
            inbox.waiting.lock().unwrap().push_back((datagram.to_vec(), self.address));
            inbox.came.notify_one();
        }
        Ok(datagram.len())
    }

    fn readable(&self) -> Readiness<'_> {
        Box::pin(async {
            while self.inbox.waiting.lock().unwrap().is_empty() {
                self.inbox.came.notified().await;
            }
            Ok(())
        })
    }

    fn writable(&self) -> Readiness<'_> {
        Box::pin(async { Ok(()) })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
