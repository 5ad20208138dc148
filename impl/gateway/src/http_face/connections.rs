//! Connections: as many as there is room for, each address with its share, none for ever.

use axum::Router;
use axum::extract::Extension;
use dke_coap::Shares;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};

/// A request's head, and then its body, must be there within this time.
pub(super) const READ: Duration = Duration::from_secs(10);
/// An answer that the network did not take at once must be taken within this time.
const WRITE: Duration = Duration::from_secs(30);
/// Bytes of a request's head, and of what is read ahead.
const HEAD_MAX: usize = 16 * 1024;
/// After an accept that failed, for want of descriptors for instance.
const PAUSE: Duration = Duration::from_millis(50);
/// What an address gets that has its share of connections already, or when there is none left.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Serves every connection of `listener`.
pub(super) async fn accept(listener: TcpListener, router: Router, connections: Shares) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let Some(share) = connections.take(peer.ip()) else {
            // Whether it gets there or not: nothing is waited for.
            let _ = stream.try_write(TOO_MANY);
            continue;
        };
        let router = router.clone().layer(Extension(peer));
        tokio::spawn(async move {
            serve(router, stream).await;
            drop(share);
        });
    }
}

async fn serve(router: Router, stream: TcpStream) {
    let stream = TokioIo::new(Timed { stream, late: None });
    // What a peer does wrong ends its connection and nothing else.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ)
        .max_buf_size(HEAD_MAX)
        .serve_connection(stream, TowerToHyperService::new(router))
        .await;
}

/// A stream whose writes fail when the peer does not read: from the first byte that has to wait, all must be taken within [`WRITE`].
struct Timed<S> {
    stream: S,
    /// When it is too late; `None` as long as nothing waits.
    late: Option<Pin<Box<Sleep>>>,
}

impl<S> Timed<S> {
    /// Notes that bytes have to wait, and fails when they have waited for too long.
    fn waits<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(WRITE)));
        ready!(late.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            // A byte that is taken now and then does not move the deadline: only the end of the answer does.
            Poll::Pending => self.waits(cx),
            written => written,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        self.late = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    const ANSWER: [u8; 1000] = [7; 1000];

    /// How long an answer of 1,000 bytes takes whose reader takes one byte after each pause, and whether it was taken.
    async fn read_slowly(pause: Duration) -> (Duration, io::Result<()>) {
        let (here, mut there) = duplex(64);
        let reader = tokio::spawn(async move {
            let mut byte = [0];
            while there.read(&mut byte).await.is_ok_and(|read| read > 0) {
                sleep(pause).await;
            }
        });
        let (mut stream, start) = (Timed { stream: here, late: None }, Instant::now());
        let written = async {
            stream.write_all(&ANSWER).await?;
            stream.flush().await
        }
        .await;
        reader.abort();
        (start.elapsed(), written)
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_not_waited_for() {
        for pause in [Duration::from_secs(1), Duration::from_secs(10), Duration::from_secs(3600)] {
            let (took, written) = read_slowly(pause).await;
            assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut, "{pause:?}");
            assert!(took >= WRITE && took < WRITE + Duration::from_secs(11), "{pause:?}: {took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_answer_after_the_other_has_its_own_time() {
        let (here, mut there) = duplex(64);
        let reader = tokio::spawn(async move {
            let mut all = [0; 4 * ANSWER.len()];
            for part in all.chunks_mut(64) {
                sleep(Duration::from_secs(1)).await;
                there.read_exact(part).await.unwrap();
            }
        });
        let mut stream = Timed { stream: here, late: None };
        for _ in 0..4 {
            stream.write_all(&ANSWER).await.unwrap();
            stream.flush().await.unwrap();
        }
        reader.await.unwrap();
    }
}
