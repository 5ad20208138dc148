//! Answers that were found at once: they are sent together.

use std::net::SocketAddr;

/// Answers that were found at once; they are sent together.
#[derive(Default)]
pub(super) struct Answers {
    /// To whom, the request's number, and where the datagram ends in `bytes`.
    pub(super) list: Vec<(SocketAddr, u64, usize)>,
    /// All datagrams, one behind the other.
    pub(super) bytes: Vec<u8>,
}

impl Answers {
    pub(super) fn push(&mut self, peer: SocketAddr, number: u64, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.list.push((peer, number, self.bytes.len()));
    }

    pub(super) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, u64, &[u8])> {
        let mut start = 0;
        self.list.iter().map(move |(peer, number, end)| {
            let datagram = self.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            (*peer, *number, datagram)
        })
    }
}
