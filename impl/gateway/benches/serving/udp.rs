//! Load on a UDP server, and what its threads used.

use dke_coap::names::node_name;
use dke_gateway::NodeId;
use rand::Rng as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use std::{fs, io};

/// Requests of one socket: fewer than there are message ids.
const PER_SOCKET: u32 = 60_000;

/// A confirmable POST to a node's `offer`.
pub(crate) fn request(node: &NodeId, id: u16, token: u32) -> Vec<u8> {
    let name = node_name(node);
    [&[0x44, 2], id.to_be_bytes().as_slice(), &token.to_be_bytes(), b"\xb3dke\x0d\x09", name.as_bytes(), b"\x05offer"]
        .concat()
}

/// Requests to random nodes, so many of them under way.
pub(crate) struct Load<'a> {
    server: SocketAddr,
    nodes: &'a [NodeId],
    window: u32,
    socket: UdpSocket,
    sent: u32,
}

fn socket(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    socket
}

impl<'a> Load<'a> {
    pub(crate) fn new(server: SocketAddr, nodes: &'a [NodeId], window: u32) -> Self {
        Load { server, nodes, window, socket: socket(server), sent: 0 }
    }

    fn send(&mut self) {
        let node = &self.nodes[rand::thread_rng().gen_range(0..self.nodes.len())];
        self.sent += 1;
        self.socket.send(&request(node, u16::try_from(self.sent).unwrap(), self.sent)).unwrap();
    }

    fn receive(&self) -> bool {
        let mut buffer = [0; 2048];
        match self.socket.recv(&mut buffer) {
            // 2.04, or the echo's bytes: anything else would measure something else.
            Ok(_) => {
                assert!(buffer[1] == 0x44 || buffer[4] == 7, "code {:#x}", buffer[1]);
                true
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// How many were answered.
    pub(crate) fn run(&mut self, duration: Duration) -> f64 {
        let (start, mut done) = (Instant::now(), 0_u32);
        while start.elapsed() < duration {
            self.sent = 0;
            self.socket = socket(self.server);
            for _ in 0..self.window {
                self.send();
            }
            while self.sent < PER_SOCKET && start.elapsed() < duration {
                done += u32::from(self.receive());
                self.send();
            }
        }
        f64::from(done)
    }

    /// How long each took, one at a time.
    pub(crate) fn times(&mut self, duration: Duration) -> Vec<Duration> {
        let (start, mut times) = (Instant::now(), Vec::new());
        while start.elapsed() < duration {
            self.sent = 0;
            self.socket = socket(self.server);
            while self.sent < PER_SOCKET && start.elapsed() < duration {
                let began = Instant::now();
                self.send();
                if self.receive() {
                    times.push(began.elapsed());
                }
            }
        }
        times
    }
}

/// CPU that the threads of these names have used.
pub(crate) fn cpu(names: &[&str]) -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let named =
        tasks.filter(|task| fs::read_to_string(task.join("comm")).is_ok_and(|name| names.contains(&name.trim())));
    // The first number is the time on a processor, in nanoseconds.
    let used = named.filter_map(|task| fs::read_to_string(task.join("schedstat")).ok());
    used.filter_map(|line| line.split(' ').next()?.parse().ok().map(Duration::from_nanos)).sum()
}

/// Bytes of memory that this process holds.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
