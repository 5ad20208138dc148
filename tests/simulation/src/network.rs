//! A network of datagrams: they are lost, come twice, late and in another order; hosts are cut off and move.

use crate::log::Log;
use crate::traffic::Traffic;
use dke_coap::Datagrams;
use dke_coap::datagrams::Readiness;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;

/// Datagrams that wait to be read by one socket; what comes beyond is lost, as in a system's buffer.
const UNREAD_MAX: usize = 1024;
/// The first port that is given to who does not choose one.
const EPHEMERAL: u16 = 49_152;

/// What becomes of datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// Of so many in a thousand nothing is heard again.
    pub lost: u64,
    /// So many in a thousand come twice.
    pub doubled: u64,
    /// The shortest way, in milliseconds.
    pub shortest: u64,
    /// The longest; datagrams overtake each other by the difference.
    pub longest: u64,
}

/// A network without troubles.
pub const CALM: Conditions = Conditions { lost: 0, doubled: 0, shortest: 10, longest: 60 };

/// The network.
pub struct Network {
    seed: u64,
    log: Arc<Log>,
    state: Mutex<State>,
}

struct State {
    conditions: Conditions,
    sockets: BTreeMap<SocketAddr, Arc<Inbox>>,
    /// Hosts that nothing reaches and that reach nothing.
    cut: BTreeSet<IpAddr>,
    /// Hosts that the others see under another address.
    moved: BTreeMap<IpAddr, IpAddr>,
    diverted: Option<Diverted>,
    /// How many datagrams have gone this way: what becomes of one depends on nothing but its way and its number.
    sent: BTreeMap<(SocketAddr, SocketAddr), u64>,
    next_port: u16,
    traffic: Traffic,
}

/// Somebody who stands in the place of somebody else, and answers in the victim's name.
#[derive(Clone, Copy, Debug)]
pub struct Diverted {
    /// Who gets nothing any more.
    pub victim: SocketAddr,
    /// Who gets it instead.
    pub stand_in: SocketAddr,
    /// The only host that still reaches the victim.
    pub knows: IpAddr,
}

#[derive(Default)]
struct Inbox {
    unread: Mutex<VecDeque<(Vec<u8>, SocketAddr)>>,
    come: Notify,
}

impl Network {
    /// A calm one without hosts.
    pub fn new(seed: u64, log: Arc<Log>) -> Arc<Network> {
        let state = State {
            conditions: CALM,
            sockets: BTreeMap::new(),
            cut: BTreeSet::new(),
            moved: BTreeMap::new(),
            diverted: None,
            sent: BTreeMap::new(),
            next_port: EPHEMERAL,
            traffic: Traffic::default(),
        };
        Arc::new(Network { seed, log, state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A socket at this address; port 0 stands for a port that nobody uses. What was there before gets nothing more.
    pub fn bind(self: &Arc<Self>, mut address: SocketAddr) -> Socket {
        let mut state = self.lock();
        if address.port() == 0 {
            address.set_port(state.next_port);
            state.next_port = state.next_port.checked_add(1).unwrap_or(EPHEMERAL);
        }
        let inbox = Arc::new(Inbox::default());
        state.sockets.insert(address, inbox.clone());
        Socket { network: Arc::downgrade(self), address, inbox }
    }

    /// From now on datagrams fare like this.
    pub fn set_conditions(&self, conditions: Conditions) {
        self.lock().conditions = conditions;
    }

    /// Cuts a host off, or connects it again.
    pub fn set_cut(&self, host: IpAddr, cut: bool) {
        let mut state = self.lock();
        if cut {
            state.cut.insert(host)
        } else {
            state.cut.remove(&host)
        };
    }

    /// From now on the others see a host under this address; `None`: under its own.
    pub fn set_moved(&self, host: IpAddr, to: Option<IpAddr>) {
        let mut state = self.lock();
        match to {
            Some(to) => state.moved.insert(host, to),
            None => state.moved.remove(&host),
        };
    }

    /// From now on somebody stands in the place of somebody else; `None`: nobody does.
    pub fn set_diverted(&self, diverted: Option<Diverted>) {
        self.lock().diverted = diverted;
    }

    /// Looks at, or changes, what was counted.
    pub fn traffic<T>(&self, look: impl FnOnce(&mut Traffic) -> T) -> T {
        look(&mut self.lock().traffic)
    }

    /// Sends a datagram in anybody's name.
    pub fn send(self: &Arc<Self>, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        let mut state = self.lock();
        let (from, to, past) = state.route(from, to);
        let number = state.sent.entry((from, to)).or_default();
        *number += 1;
        let fate = Fate::of(self.seed, from, to, *number);
        state.traffic.sent(from.ip(), to.ip(), datagram.len());
        let conditions = state.conditions;
        if past || fate.lost(&conditions) {
            return;
        }
        drop(state);
        self.log.note(&[from.to_string().as_bytes(), to.to_string().as_bytes(), datagram].concat());
        for delay in fate.delays(&conditions) {
            let (network, datagram) = (self.clone(), datagram.to_vec());
            tokio::spawn(async move {
                sleep(delay).await;
                network.deliver(from, to, datagram);
            });
        }
    }

    fn deliver(&self, from: SocketAddr, to: SocketAddr, datagram: Vec<u8>) {
        let mut state = self.lock();
        state.traffic.arrived(from.ip(), datagram.len());
        let Some(inbox) = state.sockets.get(&to).cloned() else { return };
        drop(state);
        let mut unread = inbox.unread.lock().unwrap_or_else(PoisonError::into_inner);
        if unread.len() < UNREAD_MAX {
            unread.push_back((datagram, from));
            inbox.come.notify_one();
        }
    }
}

impl State {
    /// Addresses as they are on the way, and whether it is cut.
    fn route(&self, from: SocketAddr, to: SocketAddr) -> (SocketAddr, SocketAddr, bool) {
        let (mut seen_from, mut to) = (from, to);
        if let Some(Diverted { victim, stand_in, knows }) = self.diverted {
            if to == victim && from.ip() != knows {
                to = stand_in;
            }
            if from == stand_in {
                seen_from = victim;
            }
        }
        if let Some(moved) = self.moved.get(&from.ip()) {
            seen_from.set_ip(*moved);
        }
        let mut past = self.cut.contains(&from.ip());
        if let Some((host, _)) = self.moved.iter().find(|(_, seen)| **seen == to.ip()) {
            to.set_ip(*host);
        } else if self.moved.contains_key(&to.ip()) {
            // Nobody is there any more.
            past = true;
        }
        (seen_from, to, past || self.cut.contains(&to.ip()))
    }
}

/// What becomes of one datagram.
struct Fate([u64; 4]);

impl Fate {
    fn of(seed: u64, from: SocketAddr, to: SocketAddr, number: u64) -> Fate {
        Fate([0, 1, 2, 3].map(|which: u8| {
            let mut hasher = DefaultHasher::new();
            (seed, from, to, number, which).hash(&mut hasher);
            hasher.finish()
        }))
    }

    fn lost(&self, conditions: &Conditions) -> bool {
        self.0[0] % 1000 < conditions.lost
    }

    /// When it comes, once for each time.
    fn delays(&self, conditions: &Conditions) -> impl Iterator<Item = Duration> {
        let Conditions { doubled, shortest, longest, .. } = *conditions;
        let times = if self.0[1] % 1000 < doubled { 2 } else { 1 };
        let way = move |draw: &u64| Duration::from_millis(shortest + draw % (longest - shortest + 1));
        self.0[2..].iter().take(times).map(way).collect::<Vec<_>>().into_iter()
    }
}

/// A socket of the simulated network.
pub struct Socket {
    network: Weak<Network>,
    address: SocketAddr,
    inbox: Arc<Inbox>,
}

impl Socket {
    fn is_open(&self, network: &Network) -> bool {
        network.lock().sockets.get(&self.address).is_some_and(|inbox| Arc::ptr_eq(inbox, &self.inbox))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(network) = self.network.upgrade()
            && self.is_open(&network)
        {
            network.lock().sockets.remove(&self.address);
        }
    }
}

impl Datagrams for Socket {
    fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let next = self.inbox.unread.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let (datagram, from) = next.ok_or(io::ErrorKind::WouldBlock)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok((length, from))
    }

    /// What a host sends that was ended, but has tasks left, goes nowhere.
    fn try_send_to(&self, datagram: &[u8], peer: SocketAddr) -> io::Result<usize> {
        if let Some(network) = self.network.upgrade()
            && self.is_open(&network)
        {
            network.send(self.address, peer, datagram);
        }
        Ok(datagram.len())
    }

    fn readable(&self) -> Readiness<'_> {
        Box::pin(async {
            while self.inbox.unread.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                self.inbox.come.notified().await;
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
