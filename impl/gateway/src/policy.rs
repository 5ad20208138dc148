//! What the gateway allows: every limit in one place.

/// Zeros that a puzzle has more for each halving of what is left, and before the first.
const STEP: u8 = 3;
const FIRST: u8 = 8;

/// Limits. Times are in seconds.
#[derive(Clone, Debug)]
pub struct Policy {
    /// May a node register its credential itself, before its first publication? Otherwise only the operator registers nodes.
    pub open: bool,
    /// Nodes that may be registered.
    pub nodes_max: u64,
    /// Nodes that one address may register itself, where that is [`open`](Self::open).
    pub nodes_per_address: usize,
    /// Bytes that are stored for all nodes that one address has registered itself; beyond, nothing more is taken in for them.
    pub bytes_per_address: u64,
    /// For how long a node that has registered itself is kept without a batch.
    pub registration: u64,
    /// Zeros with which a hash must begin before an Offer is handed out, at least: each one more doubles the requester's work. 0 asks for
    /// no puzzle while plenty of prekeys are left.
    pub puzzle: u8,
    /// Zeros at most: a puzzle becomes harder as the prekeys of a node run out. With 0 it never does.
    pub puzzle_max: u8,
    /// For how long a prekey is kept for the requester of an Offer.
    pub lease: u64,
    /// Leases that one address may hold at a time.
    pub leases_per_address: u32,
    /// Percent of what is left of a batch that one address may take, what it took already included: with 50, as much as is left for all
    /// others. With 100 there are no shares, for a gateway that sees all its clients behind one address.
    pub prekey_share: u8,
    /// Leases that all addresses together may hold.
    pub leases_max: usize,
    /// Bytes of batches that are kept in memory, ready for Offers; 4.2 kB for one of 64 prekeys.
    pub ready_max: usize,
    /// Requests that one address may make in a burst; see [`requests_per_second`](Self::requests_per_second). A site of 40 nodes behind one address
    /// may start up at once: each registers, publishes 256 prekeys in nine blocks, twice where it is not known yet, and looks for its mail.
    pub burst: u32,
    /// Requests a second that are given back to an address.
    pub requests_per_second: u32,
    /// Initiates that may wait for one node.
    pub queue_max: u32,
    /// Differing Confirms that are kept for one exchange.
    pub confirms_max: usize,
    /// Answered exchanges that are kept for one node when their batches are gone; the oldest go.
    pub exchanges_max: usize,
    /// For how long an exchange is kept, from its Initiate on.
    pub retention: u64,
    /// "Retry after" where the node's habits are not known yet.
    pub retry_after: u64,
    /// Bytes of one answer with several messages; the rest follows when these are gone.
    pub sequence_max: usize,
    /// Sealed representations that one node may leave.
    pub representations_max: u32,
    /// Bytes of a sealed representation.
    pub representation_max: usize,
    /// Requests to one node that wait for it or whose response is kept.
    pub requests_max: usize,
    /// How many of these one address may have, if as many are left for all others.
    pub requests_per_address: usize,
    /// Bytes of a request, as the node gets it.
    pub request_max: usize,
    /// Bytes of a response, as the node sends it.
    pub response_max: usize,
    /// For how long a request is kept, and its response, from the request on.
    pub request_retention: u64,
    /// For how long a request over CoAP waits for its response before the client is told to come again.
    pub hold: u64,
    /// Requests that wait so, over either face; others are told at once.
    pub held_max: usize,
    /// How many of these one address may have, if as many are left for all others.
    pub held_per_address: usize,
    /// Connections to the HTTP face, and those of one address.
    pub connections_max: usize,
    /// Connections that one address may have to the HTTP face.
    pub connections_per_address: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            open: false,
            nodes_max: 1_000_000,
            nodes_per_address: 64,
            bytes_per_address: 64 * 1024 * 1024,
            registration: 3600,
            puzzle: 0,
            puzzle_max: 18,
            lease: 120,
            leases_per_address: 64,
            prekey_share: 50,
            leases_max: 1_000_000,
            ready_max: 256 * 1024 * 1024,
            burst: 1000,
            requests_per_second: 50,
            queue_max: 512,
            confirms_max: 4,
            exchanges_max: 1024,
            retention: 30 * 24 * 3600,
            retry_after: 60,
            sequence_max: 16 * 1024,
            representations_max: 16,
            representation_max: 16 * 1024,
            requests_max: 256,
            requests_per_address: 32,
            request_max: 4096,
            response_max: 16 * 1024,
            request_retention: 7 * 24 * 3600,
            hold: 50,
            held_max: 1024,
            held_per_address: 64,
            // Fewer than the descriptors that a process may usually have.
            connections_max: 768,
            connections_per_address: 128,
        }
    }
}

impl Policy {
    /// Difficulty of the puzzle for the next prekey of a batch: none while more than half of it is free, then harder with every halving.
    pub(crate) fn difficulty(&self, free: u16, prekeys: u16) -> u8 {
        let halvings = prekeys.checked_div(free.max(1)).and_then(u16::checked_ilog2).unwrap_or_default();
        let by_need = match u8::try_from(halvings).unwrap_or(u8::MAX) {
            0 => 0,
            halvings => FIRST.saturating_add(halvings.saturating_mul(STEP)).min(self.puzzle_max),
        };
        by_need.max(self.puzzle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puzzles_become_harder_as_prekeys_run_out() {
        let policy = Policy::default();
        let of = |free| policy.difficulty(free, 64);
        assert_eq!([64, 33, 32, 17, 16, 8, 4, 1].map(of), [0, 0, 11, 11, 14, 17, 18, 18]);
        assert_eq!([2, 1].map(|free| policy.difficulty(free, 2)), [0, 11]);
        assert_eq!(policy.difficulty(1, 1), 0);
        let always = Policy { puzzle: 12, ..Policy::default() };
        assert_eq!([64, 32, 16].map(|free| always.difficulty(free, 64)), [12, 12, 14]);
        assert_eq!(Policy { puzzle_max: 0, ..Policy::default() }.difficulty(1, 256), 0);
    }
}
