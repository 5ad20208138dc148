//! A relay that treats datagrams badly.

use rand_core::{OsRng, RngCore as _};
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Of a hundred datagrams so many are lost, doubled, and delayed.
const LOST: u32 = 10;
const DOUBLED: u32 = 10;
const DELAYED: u32 = 30;
const DELAY: u32 = 60;

#[derive(Default)]
struct Counts {
    all: AtomicU32,
    lost: AtomicU32,
    doubled: AtomicU32,
    delayed: AtomicU32,
    calm: AtomicBool,
}

/// Where the server is now: another port each time it is started.
type Server = Arc<Mutex<Option<SocketAddr>>>;

/// Relays between clients and one server, for as long as the process lives.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    server: Server,
    counts: Arc<Counts>,
}

impl Proxy {
    pub(crate) fn start() -> Proxy {
        let server = Server::default();
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let (address, counts) = (socket.local_addr().unwrap(), Arc::new(Counts::default()));
        let (shared, at) = (counts.clone(), server.clone());
        thread::spawn(move || {
            let mut ways: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
            let mut buffer = [0; 2048];
            loop {
                // The server may be gone for a while.
                let Ok((length, client)) = socket.recv_from(&mut buffer) else { continue };
                let Some(server) = *at.lock().unwrap() else { continue };
                let way = ways.entry(client).or_insert_with(|| back(at.clone(), client, &socket, &shared));
                treat(&shared, way, server, &buffer[..length]);
            }
        });
        Proxy { address, server, counts }
    }

    pub(crate) fn relay_to(&self, server: SocketAddr) {
        *self.server.lock().unwrap() = Some(server);
    }

    /// From now on nothing is lost.
    pub(crate) fn calm(&self) {
        self.counts.calm.store(true, Ordering::SeqCst);
    }

    pub(crate) fn told(&self) -> String {
        let of = |count: &AtomicU32| count.load(Ordering::Relaxed);
        let Counts { all, lost, doubled, delayed, .. } = &*self.counts;
        format!("{} in all, {} lost, {} doubled, {} delayed", of(all), of(lost), of(doubled), of(delayed))
    }
}

/// A socket towards the server for one client, and a thread for what comes back.
fn back(server: Server, client: SocketAddr, to: &Arc<UdpSocket>, counts: &Arc<Counts>) -> Arc<UdpSocket> {
    let way = Arc::new(UdpSocket::bind(("127.0.0.1", 0)).unwrap());
    let (from, to, counts) = (way.clone(), to.clone(), counts.clone());
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        loop {
            match from.recv_from(&mut buffer) {
                Ok((length, sender)) if Some(sender) == *server.lock().unwrap() => {
                    treat(&counts, &to, client, &buffer[..length])
                }
                _ => {}
            }
        }
    });
    way
}

fn treat(counts: &Counts, socket: &Arc<UdpSocket>, to: SocketAddr, datagram: &[u8]) {
    counts.all.fetch_add(1, Ordering::Relaxed);
    let chance = |of: u32, count: &AtomicU32| {
        let happens = !counts.calm.load(Ordering::SeqCst) && OsRng.next_u32() % 100 < of;
        count.fetch_add(u32::from(happens), Ordering::Relaxed);
        happens
    };
    if chance(LOST, &counts.lost) {
        return;
    }
    let times = 1 + u32::from(chance(DOUBLED, &counts.doubled));
    for _ in 0..times {
        if chance(DELAYED, &counts.delayed) {
            let (socket, datagram) = (socket.clone(), datagram.to_vec());
            thread::spawn(move || {
                thread::sleep(Duration::from_millis((OsRng.next_u32() % DELAY).into()));
                let _ = socket.send_to(&datagram, to);
            });
        } else {
            let _ = socket.send_to(datagram, to);
        }
    }
}
