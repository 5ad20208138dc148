//! The message layer (RFC 7252 section 4): one socket, retransmission, matching, and congestion control.
//!
//! Towards each peer at most one confirmable message is under way (NSTART = 1, section 4.7); it is repeated after 2 to 3 s, then after twice
//! as long each time, four times in all (section 4.8).

use crate::datagrams::{Datagrams, recv_from, send_to};
use crate::message::{Bad, Class, DATAGRAM_MAX, empty, parse};
use crate::options::{Side, check};
use crate::server::Server;
use crate::service::Service;
use coap_lite::{MessageType, Packet};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rand_core::CryptoRngCore;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{ToSocketAddrs, UdpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// Responses to one request, or notifications of one observation, that wait to be read.
const UNREAD_MAX: usize = 8;

/// Datagrams that are read before their answers are sent: peers are woken up less often than for each answer, and work on them meanwhile.
const TOGETHER: usize = 4;

/// Times of the message layer.
#[derive(Clone, Copy, Debug)]
pub struct Parameters {
    /// ACK_TIMEOUT: how long to wait for the first acknowledgement, at least; at most half as long again.
    pub ack_timeout: Duration,
    /// MAX_RETRANSMIT.
    pub max_retransmit: u32,
    /// How long a client waits for a response after the acknowledgement.
    pub response_timeout: Duration,
    /// How long a server waits for its answer before it acknowledges the request alone.
    pub piggyback: Duration,
    /// How often an observer acknowledges something at least, or is forgotten.
    pub confirm: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            ack_timeout: Duration::from_secs(2),
            max_retransmit: 4,
            response_timeout: Duration::from_secs(60),
            piggyback: Duration::from_secs(1),
            confirm: Duration::from_secs(600),
        }
    }
}

/// Why a message was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The socket failed.
    #[error("{}", network(.0))]
    Network(#[from] io::Error),
    /// Nobody answered, however often it was sent.
    #[error("There was no answer.")]
    NoAnswer,
    /// The peer does not want it.
    #[error("The peer reset the message.")]
    Reset,
    /// The answer is not of the form that the RFCs state.
    #[error("The answer is malformed: {0}.")]
    Malformed(&'static str),
    /// The answer's body is larger than the caller allows.
    #[error("The answer is too large.")]
    TooLarge,
}

fn network(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "Nobody listens there.".into(),
        _ => format!("The network failed: {error}."),
    }
}

/// A CoAP endpoint: a client, and a server too if it was given a service.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) inner: Arc<Inner>,
    /// Of a client: ends with the last clone.
    _reader: Option<Arc<Reader>>,
}

/// The task that reads a client's socket.
struct Reader(AbortHandle);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Randomness of an endpoint: message ids, tokens and the times of retransmissions.
type Random = Mutex<Box<dyn CryptoRngCore + Send>>;

pub(crate) struct Inner {
    pub(crate) socket: Box<dyn Datagrams>,
    random: Random,
    pub(crate) parameters: Parameters,
    ids: AtomicU16,
    /// Confirmable messages that wait to be acknowledged.
    unacknowledged: Mutex<HashMap<(SocketAddr, u16), oneshot::Sender<Outcome>>>,
    /// Requests and observations by their tokens.
    tokens: Mutex<Tokens>,
    /// One turn for each peer: NSTART.
    turns: Mutex<HashMap<SocketAddr, Arc<tokio::sync::Mutex<()>>>>,
}

/// What comes for a token: a response, or why there will be none.
pub(crate) type Delivery = Result<Packet, io::ErrorKind>;

type Tokens = HashMap<(SocketAddr, Vec<u8>), mpsc::Sender<Delivery>>;

/// What became of a confirmable message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Acknowledged,
    Reset,
    /// It cannot be delivered.
    Unreachable(io::ErrorKind),
}

/// What became of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivered {
    Read,
    /// Too many wait to be read already.
    Later,
    /// Nobody waits for its token.
    Unwanted,
}

impl Endpoint {
    /// A client on a UDP socket, with randomness of the system.
    pub async fn client(bind: impl ToSocketAddrs, parameters: Parameters) -> io::Result<Endpoint> {
        Ok(Endpoint::client_over(UdpSocket::bind(bind).await?, parameters, StdRng::from_entropy()))
    }

    /// A client of one server on a UDP socket, with randomness of the system. It is told at once when nobody listens there (an ICMP error), for
    /// the system tells that of connected sockets only.
    pub async fn client_of(server: SocketAddr, parameters: Parameters) -> io::Result<Endpoint> {
        let any: SocketAddr = if server.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(server).await?;
        Ok(Endpoint::client_over(socket, parameters, StdRng::from_entropy()))
    }

    /// A client over given datagrams, which are read as long as it lives.
    pub fn client_over(
        socket: impl Datagrams,
        parameters: Parameters,
        random: impl CryptoRngCore + Send + 'static,
    ) -> Endpoint {
        let inner = Arc::new(Inner::new(socket, parameters, random));
        let read = inner.clone();
        let reader = tokio::spawn(async move {
            let mut buffer = vec![0; DATAGRAM_MAX];
            loop {
                let (length, peer) = match recv_from(&*read.socket, &mut buffer).await {
                    Ok(received) => received,
                    Err(error) => {
                        read.unreachable(error.kind());
                        continue;
                    }
                };
                read.receive(peer, buffer.get(..length).unwrap_or_default(), None::<&Arc<Server<NoService>>>).await;
            }
        });
        Endpoint { inner, _reader: Some(Arc::new(Reader(reader.abort_handle()))) }
    }

    /// A server on a UDP socket, with randomness of the system; it serves while the returned future is polled.
    pub async fn serve<S: Service>(
        bind: impl ToSocketAddrs,
        parameters: Parameters,
        service: S,
    ) -> io::Result<(Endpoint, impl Future<Output = ()>)> {
        Ok(Endpoint::serve_over(UdpSocket::bind(bind).await?, parameters, StdRng::from_entropy(), service))
    }

    /// A server over given datagrams; it serves while the returned future is polled.
    pub fn serve_over<S: Service>(
        socket: impl Datagrams,
        parameters: Parameters,
        random: impl CryptoRngCore + Send + 'static,
        service: S,
    ) -> (Endpoint, impl Future<Output = ()>) {
        let inner = Arc::new(Inner::new(socket, parameters, random));
        let endpoint = Endpoint { inner: inner.clone(), _reader: None };
        let server = Arc::new(Server::new(inner.clone(), service));
        let serve = async move {
            let mut buffer = vec![0; DATAGRAM_MAX];
            loop {
                // What has come meanwhile is served in one go.
                for turn in 0..TOGETHER {
                    let received = match turn {
                        0 => recv_from(&*inner.socket, &mut buffer).await,
                        _ => inner.socket.try_recv_from(&mut buffer),
                    };
                    // An ICMP error of an earlier message is no reason to stop.
                    let Ok((length, peer)) = received else { break };
                    inner.receive(peer, buffer.get(..length).unwrap_or_default(), Some(&server)).await;
                }
                server.send_answers().await;
            }
        };
        (endpoint, serve)
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.inner.socket.local_addr()
    }
}

/// A client's own service: there is none.
struct NoService;

impl Service for NoService {
    async fn call(&self, _request: &crate::service::Request) -> crate::service::Response {
        crate::service::Response::new(crate::message::Code::NOT_FOUND)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn new(socket: impl Datagrams, parameters: Parameters, mut random: impl CryptoRngCore + Send + 'static) -> Inner {
        Inner {
            socket: Box::new(socket),
            parameters,
            ids: AtomicU16::new(random.r#gen()),
            random: Mutex::new(Box::new(random)),
            unacknowledged: Mutex::default(),
            tokens: Mutex::default(),
            turns: Mutex::default(),
        }
    }

    /// Random bytes.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        lock(&self.random).fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn next_id(&self) -> u16 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) async fn send(&self, peer: SocketAddr, packet: &Packet) -> Result<(), Failure> {
        let bytes = packet.to_bytes_unlimited().map_err(|_| Failure::Malformed("it cannot be encoded"))?;
        Ok(send_to(&*self.socket, &bytes, peer).await?)
    }

    async fn receive<S: Service>(&self, peer: SocketAddr, datagram: &[u8], server: Option<&Arc<Server<S>>>) {
        let (class, mut packet) = match parse(datagram) {
            Ok(parsed) => parsed,
            Err(Bad::Ignore) => return,
            Err(Bad::Reset(id)) => return self.reset(peer, id).await,
        };
        let id = packet.header.message_id;
        if class == Class::Response && check(&mut packet, Side::Response, |_| false).is_err() {
            // Rejected (RFC 7252 sections 4.2, 4.3 and 5.4.1): as if it had not come, but for a reset.
            if packet.header.get_type() == MessageType::Confirmable {
                self.reset(peer, id).await;
            }
            return;
        }
        match (packet.header.get_type(), class) {
            (MessageType::Acknowledgement, class) => {
                self.acknowledged(peer, id, Outcome::Acknowledged);
                if class == Class::Response {
                    self.deliver(peer, packet);
                }
            }
            (MessageType::Reset, _) => self.acknowledged(peer, id, Outcome::Reset),
            // A ping (section 4.3).
            (MessageType::Confirmable, Class::Empty) => self.reset(peer, id).await,
            (MessageType::NonConfirmable, Class::Empty) => {}
            (kind, Class::Response) => {
                let answer = match self.deliver(peer, packet) {
                    Delivered::Read => MessageType::Acknowledgement,
                    Delivered::Unwanted => MessageType::Reset,
                    // It will come again.
                    Delivered::Later => return,
                };
                if kind == MessageType::Confirmable {
                    let _ = self.send(peer, &empty(answer, id)).await;
                }
            }
            (kind, Class::Request) => match server {
                Some(server) => server.receive(peer, packet, datagram.len()),
                None if kind == MessageType::Confirmable => self.reset(peer, id).await,
                None => {}
            },
        }
    }

    async fn reset(&self, peer: SocketAddr, id: u16) {
        let _ = self.send(peer, &empty(MessageType::Reset, id)).await;
    }

    fn acknowledged(&self, peer: SocketAddr, id: u16, how: Outcome) {
        if let Some(waiting) = lock(&self.unacknowledged).remove(&(peer, id)) {
            let _ = waiting.send(how);
        }
    }

    /// Tells all who wait that nobody can be reached. Only connected sockets fail so, which have one peer.
    fn unreachable(&self, why: io::ErrorKind) {
        for (_, waiting) in lock(&self.unacknowledged).drain() {
            let _ = waiting.send(Outcome::Unreachable(why));
        }
        for waiting in lock(&self.tokens).values() {
            let _ = waiting.try_send(Err(why));
        }
    }

    /// Gives a response to whoever waits for its token.
    fn deliver(&self, peer: SocketAddr, packet: Packet) -> Delivered {
        let tokens = lock(&self.tokens);
        match tokens.get(&(peer, packet.get_token().to_vec())).map(|waiting| waiting.try_send(Ok(packet))) {
            Some(Ok(())) => Delivered::Read,
            Some(Err(mpsc::error::TrySendError::Full(_))) => Delivered::Later,
            Some(Err(mpsc::error::TrySendError::Closed(_))) | None => Delivered::Unwanted,
        }
    }

    /// A new token (8 random bytes), and what comes for it.
    pub(crate) fn token(self: &Arc<Self>, peer: SocketAddr) -> Token {
        let bytes: [u8; 8] = self.random();
        let (tell, responses) = mpsc::channel(UNREAD_MAX);
        lock(&self.tokens).insert((peer, bytes.to_vec()), tell);
        Token { endpoint: self.clone(), peer, bytes: bytes.to_vec(), responses }
    }

    /// Confirmable messages to this peer that are under way or wait for their turn.
    pub(crate) fn waiting(&self, peer: SocketAddr) -> usize {
        lock(&self.turns).get(&peer).map_or(0, |turn| Arc::strong_count(turn).saturating_sub(1))
    }

    /// Sends a confirmable message, until it is acknowledged. Waits for its turn.
    pub(crate) async fn confirmable(&self, peer: SocketAddr, packet: &mut Packet) -> Result<(), Failure> {
        let turn = lock(&self.turns).entry(peer).or_default().clone();
        let taken = turn.lock().await;
        let result = self.retransmit(peer, packet).await;
        drop(taken);
        // Nobody else wants a turn: one hold is in the table, one is here.
        let mut turns = lock(&self.turns);
        if Arc::strong_count(&turn) <= 2 {
            turns.remove(&peer);
        }
        result
    }

    async fn retransmit(&self, peer: SocketAddr, packet: &mut Packet) -> Result<(), Failure> {
        let id = self.next_id();
        packet.header.set_type(MessageType::Confirmable);
        packet.header.message_id = id;
        let (tell, mut acknowledged) = oneshot::channel();
        let _waiting = Waiting::new(self, (peer, id), tell);
        let mut wait = self.parameters.ack_timeout.mul_f64(lock(&self.random).gen_range(1.0..1.5));
        for _ in 0..=self.parameters.max_retransmit {
            self.send(peer, packet).await?;
            match timeout(wait, &mut acknowledged).await {
                Ok(Ok(Outcome::Acknowledged)) => return Ok(()),
                Ok(Ok(Outcome::Reset)) => return Err(Failure::Reset),
                Ok(Ok(Outcome::Unreachable(why))) => return Err(io::Error::from(why).into()),
                Ok(Err(_)) => return Err(Failure::NoAnswer),
                Err(_) => wait = wait.saturating_mul(2),
            }
        }
        Err(Failure::NoAnswer)
    }
}

/// A confirmable message's place in the table, given up with the wait.
struct Waiting<'a> {
    endpoint: &'a Inner,
    key: (SocketAddr, u16),
}

impl<'a> Waiting<'a> {
    fn new(endpoint: &'a Inner, key: (SocketAddr, u16), tell: oneshot::Sender<Outcome>) -> Self {
        lock(&endpoint.unacknowledged).insert(key, tell);
        Waiting { endpoint, key }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.endpoint.unacknowledged).remove(&self.key);
    }
}

/// A token in use. Responses to it are delivered as long as this lives.
pub(crate) struct Token {
    endpoint: Arc<Inner>,
    peer: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    pub(crate) responses: mpsc::Receiver<Delivery>,
}

impl Drop for Token {
    fn drop(&mut self) {
        lock(&self.endpoint.tokens).remove(&(self.peer, std::mem::take(&mut self.bytes)));
    }
}
