//! What carries datagrams: a UDP socket, or a network that is simulated.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// A future that a trait object can return.
pub type Readiness<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;

/// A socket for datagrams. Several tasks use it at a time.
///
/// Receiving and sending do not wait: they fail with [`io::ErrorKind::WouldBlock`], after which the caller awaits
/// [`readable`](Self::readable) or [`writable`](Self::writable) and tries again.
pub trait Datagrams: Send + Sync + 'static {
    /// Takes the next datagram: how many bytes it has, and who sent it. What does not fit the buffer is cut off.
    fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;
    /// Sends one datagram. Whether it arrives is another question.
    fn try_send_to(&self, datagram: &[u8], peer: SocketAddr) -> io::Result<usize>;
    /// Resolves when a datagram, or an error, may have come.
    fn readable(&self) -> Readiness<'_>;
    /// Resolves when there may be room for a datagram.
    fn writable(&self) -> Readiness<'_>;
    /// Where it listens.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

impl Datagrams for UdpSocket {
    fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match UdpSocket::try_recv_from(self, buffer) {
            // An ICMP error is not something to read.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.try_io(Interest::ERROR, || Err(self.take_error()?.unwrap_or(error)))
            }
            received => received,
        }
    }

    fn try_send_to(&self, datagram: &[u8], peer: SocketAddr) -> io::Result<usize> {
        UdpSocket::try_send_to(self, datagram, peer)
    }

    fn readable(&self) -> Readiness<'_> {
        Box::pin(async { self.ready(Interest::READABLE | Interest::ERROR).await.map(drop) })
    }

    fn writable(&self) -> Readiness<'_> {
        Box::pin(UdpSocket::writable(self))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        UdpSocket::local_addr(self)
    }
}

/// Waits for the next datagram.
pub(crate) async fn recv_from(socket: &dyn Datagrams, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    loop {
        match socket.try_recv_from(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.readable().await?,
            received => return received,
        }
    }
}

/// Sends one datagram as soon as there is room for it.
pub(crate) async fn send_to(socket: &dyn Datagrams, datagram: &[u8], peer: SocketAddr) -> io::Result<()> {
    loop {
        match socket.try_send_to(datagram, peer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.writable().await?,
            sent => return sent.map(drop),
        }
    }
}
