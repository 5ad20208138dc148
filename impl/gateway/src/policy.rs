//! What the gateway allows: every limit in one place.

/// Limits. Times are in seconds.
#[derive(Clone, Debug)]
pub struct Policy {
    /// May a node register its credential itself, before its first publication? Otherwise only the operator registers nodes.
    pub open: bool,
    /// Nodes that may be registered.
    pub nodes_max: u64,
    /// Zeros with which a hash must begin before an Offer is handed out: each one more doubles the requester's work. 0 asks for none.
    pub puzzle: u8,
    /// For how long a prekey is kept for the requester of an Offer.
    pub lease: u64,
    /// Leases that one address may hold at a time.
    pub leases_per_address: u32,
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
    /// Requests that may wait for one node.
    pub requests_max: usize,
    /// Requests from one address that may wait for one node.
    pub requests_per_address: usize,
    /// Bytes of a request, as the node gets it.
    pub request_max: usize,
    /// Bytes of a response, as the node sends it.
    pub response_max: usize,
    /// Responses that are kept for one node; the oldest goes for one more.
    pub responses_max: usize,
    /// For how long a request is kept, and its response, from the request on.
    pub request_retention: u64,
    /// For how long a request over CoAP waits for its response before the client is told to come again.
    pub hold: u64,
    /// Requests that wait so, over either face; others are told at once.
    pub held_max: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            open: false,
            nodes_max: 1_000_000,
            puzzle: 0,
            lease: 120,
            leases_per_address: 64,
            leases_max: 1_000_000,
            ready_max: 256 * 1024 * 1024,
            burst: 1000,
            requests_per_second: 50,
            queue_max: 512,
            confirms_max: 4,
            retention: 30 * 24 * 3600,
            retry_after: 60,
            sequence_max: 16 * 1024,
            representations_max: 16,
            representation_max: 16 * 1024,
            requests_max: 128,
            requests_per_address: 32,
            request_max: 4096,
            response_max: 16 * 1024,
            responses_max: 128,
            request_retention: 7 * 24 * 3600,
            hold: 50,
            held_max: 1024,
        }
    }
}
