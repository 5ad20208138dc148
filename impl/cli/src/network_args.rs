//! The command line's part that works over the network.

use crate::args::Data;
use clap::Args as ClapArgs;
use dke_agent::Place;
use std::path::PathBuf;

fn place(text: &str) -> Result<Place, String> {
    let expected = "HOST:PORT is expected, with an IPv6 address in brackets";
    Place::parse(text, None).ok_or_else(|| expected.to_string())
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke gateway serve --store gateway.store --node lamp/credential.cbor
  dke gateway serve --store gateway.store --open --coap [::]:5683 --http 0.0.0.0:8080

The store is one file; to back it up, stop the gateway and copy it. The status page is at / over HTTP.")]
pub(crate) struct Serve {
    /// The store's file; made if there is none
    #[arg(long, value_name = "FILE")]
    pub(crate) store: PathBuf,
    /// Where to listen for CoAP: an address or a name, and a port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5683", value_parser = place)]
    pub(crate) coap: Place,
    /// Where to listen for HTTP; nowhere if left out
    #[arg(long, value_name = "HOST:PORT", value_parser = place)]
    pub(crate) http: Option<Place>,
    /// Credential of a node to be registered
    #[arg(long, value_name = "FILE")]
    pub(crate) node: Vec<PathBuf>,
    /// Let nodes register themselves
    #[arg(long)]
    pub(crate) open: bool,
    /// Nodes that one address may register itself, with --open
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    pub(crate) nodes_per_address: usize,
    /// Bytes that are stored for all nodes that one address has registered itself, with --open
    #[arg(long, value_name = "BYTES", default_value_t = 64 * 1024 * 1024)]
    pub(crate) bytes_per_address: u64,
    /// For how many seconds a prekey is kept for a requester
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) lease: u64,
    /// Prekeys that one address may hold at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    pub(crate) leases_per_address: u32,
    /// Percent of what is left of a batch that one address may take, what it took included; 100 where all clients come from one address
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) prekey_share: u8,
    /// Initiates that may wait for one node
    #[arg(long, value_name = "NUMBER", default_value_t = 512)]
    pub(crate) queue: u32,
    /// Requests to one node that may wait or whose responses are kept; an eighth of them from one address
    #[arg(long, value_name = "NUMBER", default_value_t = 256)]
    pub(crate) requests: usize,
    /// For how many seconds a request and its response are kept
    #[arg(long, value_name = "SECONDS", default_value_t = 7 * 24 * 3600)]
    pub(crate) keep_requests: u64,
    /// Requests a second that one address may make
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    pub(crate) rate: u32,
    /// Requests that one address may make in a burst, such as a site's nodes that start up at once
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub(crate) burst: u32,
    /// Puzzle before an Offer, at least: zeros with which a hash must begin; each one more doubles the work
    #[arg(long, value_name = "ZEROS", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=24))]
    pub(crate) puzzle: u8,
    /// Puzzle at most: it becomes harder as a node's prekeys run out; with 0 it does not
    #[arg(long, value_name = "ZEROS", default_value_t = 18, value_parser = clap::value_parser!(u8).range(0..=24))]
    pub(crate) puzzle_max: u8,
    /// Bytes of the store from which on nothing more is taken in
    #[arg(long, value_name = "BYTES")]
    pub(crate) quota: Option<u64>,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke node run lamp --gateway coap://localhost --every 60 --handler ./lamp.sh
  dke node run lamp --gateway http://localhost:8080 --once
  dke node run lamp --gateway coap://localhost --serve ./lamp-serves.sh
  dke node run lamp --gateway coap://old --once --drain && dke node run lamp --gateway coap://new --once

The handler is run by the shell, once for each call: the client's data is its standard input, its standard output is the answer (up to 1,019
bytes). DKE_PEER_HASH, the hash of the credential, tells who calls; DKE_PEER_TRUST is pinned or vouched (by an authority). DKE_PEER and DKE_KID
need not be unique: decide by the hash. DKE_MODE is basic or refresh. DKE_CALL is the call's number, the same whenever it comes. With another exit
code than 0 the client is told that it is not known whether the call was carried out. Data that is no call (`dke client initiate --data`) is not
carried out.

The command of --serve is run for each request in the same way: its standard output is the response (up to 8 KiB), another exit code than 0 is 5.00. DKE_METHOD,
DKE_PATH, DKE_QUERY, DKE_FORMAT and DKE_KEYS (early or session) tell what is asked, DKE_PEER_HASH, DKE_PEER_TRUST and DKE_SUBJECT by whom. No request is given to it twice.")]
pub(crate) struct NodeRun {
    /// The node's directory
    pub(crate) dir: PathBuf,
    /// coap://HOST:PORT or http://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub(crate) gateway: String,
    /// Seconds from one wake-up to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) every: u64,
    /// Wake up once, and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Command that carries out calls; without one every answer is empty
    #[arg(long, value_name = "COMMAND")]
    pub(crate) handler: Option<String>,
    /// Command that serves requests; without one they are answered with 5.01
    #[arg(long, value_name = "COMMAND")]
    pub(crate) serve: Option<String>,
    /// Seconds after which a handler is ended: the call's outcome is then unknown, the response 5.00
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) handler_timeout: u64,
    /// Publish when fewer prekeys than this are left, here or at the gateway
    #[arg(long, value_name = "NUMBER", default_value_t = 4)]
    pub(crate) low: u16,
    /// Answer what waits, but neither register nor publish: for a gateway that the node leaves
    #[arg(long)]
    pub(crate) drain: bool,
    /// Use no clock: batches end on this date, and wake-ups are counted
    #[arg(long, value_name = "UNIX SECONDS")]
    pub(crate) no_clock: Option<u64>,
    /// 2^depth prekeys in a batch: 0 to 8
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=8))]
    pub(crate) depth: u64,
    /// 2 (tags of 8 bytes) or 3 (tags of 16 bytes)
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(2..=3))]
    pub(crate) suite: u64,
    /// Hand out prekeys only to clients that have the admission key in this file; it is made if it is not there
    #[arg(long, value_name = "FILE")]
    pub(crate) admission: Option<PathBuf>,
    /// Answer in refresh mode even if the client did not ask for it
    #[arg(long)]
    pub(crate) insist_on_refresh: bool,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke client call anna --node lamp/credential.cbor --gateway coap://localhost --data 'light on'
  dke client call ben --node lamp/credential.cbor --gateway http://localhost:8080 --cwt ben.cwt --refresh --wait 600

The node carries a call out once at most, however often it is sent. What is not finished when the time is over, or when the command is killed,
stays pending: `dke client resume` goes on with it. The error Unknown says that it is not known whether the call was carried out.")]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) to: To,
    /// Name this CWT instead of the kid
    #[arg(long, value_name = "FILE")]
    pub(crate) cwt: Option<PathBuf>,
    /// Ask for refresh, and accept nothing less
    #[arg(long)]
    pub(crate) refresh: bool,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke client resume anna --node lamp/credential.cbor --gateway coap://localhost
  dke client resume anna --node lamp/credential.cbor --gateway coap://localhost --wait 0 --give-up

Calls are sent again under their numbers, over a prekey of the same epoch or the next one if need be; the node carries none out twice.")]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) to: To,
    /// Forget what has no answer then: whether it was carried out will not be known
    #[arg(long)]
    pub(crate) give_up: bool,
}

#[derive(ClapArgs)]
pub(crate) struct To {
    /// The client's directory
    pub(crate) dir: PathBuf,
    /// The node's credential, as pinned
    #[arg(long, value_name = "FILE")]
    pub(crate) node: PathBuf,
    /// coap://HOST:PORT or http://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub(crate) gateway: String,
    /// For how many seconds to wait for the node
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub(crate) wait: u64,
    /// The node's admission key, as its owner gave it out with the credential
    #[arg(long, value_name = "FILE")]
    pub(crate) admission: Option<PathBuf>,
}
