//! Load on a UDP server, and what its threads used.

use dke_coap::names::node_name;
use dke_gateway::NodeId;
use rand::Rng as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

/// Requests of one socket: fewer than there are message ids.
const PER_SOCKET: u32 = 60_000;
/// After so long a datagram is lost.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is asked: code, options and payload of a confirmable request.
pub(crate) trait Ask: Fn() -> (u8, Vec<u8>) {}

impl<F: Fn() -> (u8, Vec<u8>)> Ask for F {}

/// A POST to the `offer` of a random node.
pub(crate) fn offer(nodes: &[NodeId]) -> impl Ask {
    || {
        let name = node_name(&nodes[rand::thread_rng().gen_range(0..nodes.len())]);
        (2, [b"\xb3dke\x0d\x09", name.as_bytes(), b"\x05offer"].concat())
    }
}

/// A POST to the `offer` of each node in turn.
pub(crate) fn offer_of_each(nodes: &[NodeId]) -> impl Ask {
    let next = std::cell::Cell::new(0);
    move || {
        next.set(next.get() + 1);
        offer(&nodes[(next.get() - 1) % nodes.len()..][..1])()
    }
}

/// Shows that this address receives (RFC 9175), so that larger answers come; an echo or libcoap's server does not ask for it.
fn show(socket: &UdpSocket) {
    let mut buffer = [0; 2048];
    // A GET of large blocks (Block2), then with the Echo value. 252 is 241 more than Uri-Path; 23 is 12 more.
    let ask = |rest: &[u8]| socket.send(&[&[0x40, 1, 0xff, 0xff, 0xb1, b'x'], rest].concat());
    let challenged = ask(&[0xc1, 6]).and_then(|_| socket.recv(&mut buffer)).unwrap_or_default();
    let echo =
        buffer.get(4..challenged).filter(|_| buffer[1] == 0x81).and_then(|options| options.strip_prefix(&[0xdc, 239]));
    if let Some(echo) = echo {
        socket.send(&[&[0x40, 1, 0xff, 0xfe, 0xb1, b'x', 0xdc, 228], echo].concat()).unwrap();
        socket.recv(&mut buffer).unwrap();
    }
}

/// Requests, so many of them under way.
pub(crate) struct Load<A> {
    server: SocketAddr,
    ask: A,
    window: u32,
    socket: UdpSocket,
    sent: u32,
}

fn socket(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

impl<A: Ask> Load<A> {
    pub(crate) fn new(server: SocketAddr, ask: A, window: u32) -> Self {
        let socket = socket(server);
        show(&socket);
        Load { server, ask, window, socket, sent: 0 }
    }

    fn send(&mut self) {
        self.sent += 1;
        let (code, rest) = (self.ask)();
        let id = u16::try_from(self.sent).unwrap().to_be_bytes();
        self.socket.send(&[&[0x44, code], id.as_slice(), &self.sent.to_be_bytes(), &rest].concat()).unwrap();
    }

    fn receive(&self) -> bool {
        let mut buffer = [0; 2048];
        match self.socket.recv(&mut buffer) {
            // Success, or the echo's bytes: anything else would measure something else.
            Ok(_) => {
                assert!(buffer[1] >> 5 == 2 || buffer[4] == 7, "code {:#x}", buffer[1]);
                true
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Looks for the next answer until it is there. A client that slept would be woken up by the server's `send`, which costs more than all
    /// else there, and only a server that is slower than the client would pay for it.
    fn look(&self) -> bool {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if self.receive() {
                return true;
            }
            std::hint::spin_loop();
        }
        false
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
            self.socket.set_nonblocking(true).unwrap();
            while self.sent < PER_SOCKET && start.elapsed() < duration {
                done += u32::from(self.look());
                self.send();
            }
        }
        f64::from(done)
    }

    /// How long the next one took; none other may be under way. `None`: it was lost.
    pub(crate) fn time(&mut self) -> Option<Duration> {
        if self.sent >= PER_SOCKET {
            (self.sent, self.socket) = (0, socket(self.server));
        }
        let began = Instant::now();
        self.send();
        self.receive().then(|| began.elapsed())
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

/// libcoap's example server, with one resource. `None` if it is not installed.
pub(crate) struct Libcoap {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// Its resource is /x.
const X: &[u8] = b"\xb1x";

impl Libcoap {
    /// With a resource of so many bytes.
    pub(crate) fn start(length: usize) -> Option<Libcoap> {
        let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let names = ["coap-server", "coap-server-notls", "coap-server-openssl", "coap-server-gnutls"];
        let child = names.iter().find_map(|name| {
            let words = ["-A", "127.0.0.1", "-p", &port.port().to_string(), "-d", "1", "-v", "0"].map(str::to_owned);
            Command::new(name).args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
        })?;
        let probe = socket(port);
        // It answers a ping (an Empty confirmable message) with a Reset.
        let up = |_| probe.send(&[0x40, 0, 0, 1]).is_ok() && probe.recv(&mut [0; 4]).is_ok();
        let waited = (0..100).inspect(|_| std::thread::sleep(Duration::from_millis(20))).any(up);
        assert!(waited, "coap-server does not answer");
        let put = || (3, [X, &[0x10, 0xff], &vec![7; length]].concat());
        Load::new(port, put, 1).time();
        Some(Libcoap { child, address: port })
    }

    /// CPU that it has used.
    pub(crate) fn cpu(&self) -> Duration {
        let line = fs::read_to_string(format!("/proc/{}/schedstat", self.child.id())).unwrap();
        Duration::from_nanos(line.split(' ').next().unwrap().parse().unwrap())
    }
}

impl Drop for Libcoap {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A GET of libcoap's resource.
pub(crate) fn get() -> (u8, Vec<u8>) {
    (1, X.to_vec())
}

/// Bytes of memory that this process holds.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
