//! A network in memory. Under tokio's paused clock nothing on it takes time but timers, whatever the machine is like.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

pub mod peers;

#[path = "../../../../tests/common/limit.rs"]
mod limit;

use dke_coap::Datagrams;
use dke_coap::datagrams::Readiness;
use limit::Limit;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// Datagrams arrive at once and in order; those to nobody are lost. It is there for as long as a test may take.
#[derive(Clone, Default)]
pub struct Net {
    queues: Arc<Mutex<HashMap<SocketAddr, Arc<Queue>>>>,
    _limit: Arc<Limit>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<VecDeque<(Vec<u8>, SocketAddr)>>,
    news: Notify,
}

impl Net {
    /// A socket of 127.0.0.1 on a port of its own.
    pub fn socket(&self) -> Socket {
        self.socket_of(1)
    }

    /// A socket of 127.0.0.`host` on a port of its own.
    pub fn socket_of(&self, host: u8) -> Socket {
        let mut queues = self.queues();
        let port = 1024 + u16::try_from(queues.len()).unwrap();
        let (address, queue) = (SocketAddr::from(([127, 0, 0, host], port)), Arc::new(Queue::default()));
        queues.insert(address, queue.clone());
        Socket { net: self.clone(), address, queue }
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<Queue>>> {
        self.queues.lock().unwrap()
    }
}

/// One end.
pub struct Socket {
    net: Net,
    pub address: SocketAddr,
    queue: Arc<Queue>,
}

impl Socket {
    pub fn send(&self, datagram: &[u8], to: SocketAddr) {
        if let Some(queue) = self.net.queues().get(&to) {
            queue.waiting.lock().unwrap().push_back((datagram.to_vec(), self.address));
            queue.news.notify_one();
        }
    }

    /// The next datagram, and who sent it.
    pub async fn receive(&self) -> (Vec<u8>, SocketAddr) {
        loop {
            if let Some(received) = self.received() {
                return received;
            }
            self.queue.news.notified().await;
        }
    }

    /// What has come already.
    pub fn received(&self) -> Option<(Vec<u8>, SocketAddr)> {
        self.queue.waiting.lock().unwrap().pop_front()
    }
}

impl Datagrams for Socket {
    fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (datagram, from) = self.received().ok_or(io::ErrorKind::WouldBlock)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok((length, from))
    }

    fn try_send_to(&self, datagram: &[u8], peer: SocketAddr) -> io::Result<usize> {
        self.send(datagram, peer);
        Ok(datagram.len())
    }

    fn readable(&self) -> Readiness<'_> {
        Box::pin(async {
            while self.queue.waiting.lock().unwrap().is_empty() {
                self.queue.news.notified().await;
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
