//! The command line.

use crate::network_args::{Call, NodeRun, Resume, Serve};
use crate::protect_args::{Export, Leave, Open, Read, Request, Seal};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Delayed Key Exchange: a key with a node that sleeps, through a gateway that nobody trusts.
#[derive(Parser)]
#[command(
    name = "dke",
    version,
    after_help = "Examples:
  dke demo
  dke keygen lamp --subject lamp-7
  dke node publish lamp --depth 3 --out publication.cbor
  dke inspect publication.cbor"
)]
pub(crate) struct Args {
    /// Print one line of JSON instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// A gateway, a sleepy node and two clients over CoAP on loopback, drawn as a sequence diagram while it happens
    Demo(Demo),
    /// Make a party's key and credential
    Keygen(Keygen),
    /// Look at credentials and issue CWTs
    #[command(subcommand)]
    Credential(Credential),
    /// The node: publish, accept, forget
    #[command(subcommand)]
    Node(Node),
    /// The client: initiate, finish
    #[command(subcommand)]
    Client(Client),
    /// The gateway: on the network, or a directory that keeps what is under way
    #[command(subcommand)]
    Gateway(Gateway),
    /// Ask a node something through its gateway, protected by OSCORE, COSE or JWE
    Request(Request),
    /// Protect content with the keys of an exchange
    Seal(Seal),
    /// Open what the other end has sealed
    Open(Open),
    /// Give again what was received and could not be written
    #[command(after_help = "Example:\n  dke deliver anna")]
    Deliver(Dir),
    /// Export bytes from an exchange: both ends get the same
    Export(Export),
    /// Show a message, a credential or a CWT in CBOR diagnostic notation
    Inspect(Inspect),
    /// Check this implementation against test vectors
    #[command(subcommand)]
    Vectors(Vectors),
}

#[derive(ClapArgs)]
#[command(
    after_help = "Examples:\n  dke demo\n  dke demo --keep /tmp/exchange --html exchange.html\n  dke --json demo"
)]
pub(crate) struct Demo {
    /// Keep all files in this directory, which must not exist yet
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Write the sequence diagram to this file, as a page that is complete in itself
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// Bytes given in hexadecimal.
#[derive(Clone)]
pub(crate) struct HexArg(pub(crate) Vec<u8>);

pub(crate) fn hex_arg(text: &str) -> Result<HexArg, String> {
    hex::decode(text).map(HexArg).map_err(|_| "an even number of hexadecimal digits is expected".to_string())
}

#[derive(ClapArgs)]
#[command(
    after_help = "Examples:\n  dke keygen lamp --subject lamp-7 --kid 6c37 --role node\n  dke keygen anna --subject anna@example.org\n
The directory gets identity.json (secret) and credential.cbor (to be pinned by others). A key has one use: what a directory is first used as,
it is for good."
)]
pub(crate) struct Keygen {
    /// The party's directory; made if it does not exist
    pub(crate) dir: PathBuf,
    /// Who it is: 1 to 64 bytes
    #[arg(long)]
    pub(crate) subject: String,
    /// node, client or authority; if left out, the first command that uses the key decides
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<RoleArg>,
    /// Key identifier, 1 to 16 bytes in hexadecimal; random if left out
    #[arg(long, value_parser = hex_arg, value_name = "HEX")]
    pub(crate) kid: Option<HexArg>,
}

/// What a key is for.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RoleArg {
    Node,
    Client,
    Authority,
}

#[derive(Subcommand)]
pub(crate) enum Credential {
    /// Tell subject, kid and hash of a credential
    #[command(after_help = "Example:\n  dke credential show anna/credential.cbor")]
    Show {
        /// The credential
        file: PathBuf,
    },
    /// A1: an authority vouches for a client to one node
    Issue(Issue),
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  dke credential issue authority --client ben/credential.cbor --audience lamp-7 --epoch-max 12 --out ben.cwt"
)]
pub(crate) struct Issue {
    /// The authority's directory
    pub(crate) dir: PathBuf,
    /// The client's credential
    #[arg(long, value_name = "FILE")]
    pub(crate) client: PathBuf,
    /// The node's subject
    #[arg(long)]
    pub(crate) audience: String,
    /// The last epoch for which it is valid
    #[arg(long, value_name = "EPOCH")]
    pub(crate) epoch_max: u64,
    /// Where to write the CWT
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Subcommand)]
pub(crate) enum Node {
    /// N1: make a batch of prekeys
    Publish(Publish),
    /// N2 and N3: accept an Initiate and confirm it
    Accept(Accept),
    /// On the network: wake up on a schedule, answer what waits, publish when prekeys run low
    Run(NodeRun),
    /// On the network: leave a sealed representation for a client
    Leave(Leave),
    /// N4: drop a Confirm that the gateway has acknowledged
    #[command(after_help = "Example:\n  dke node forget lamp --epoch 1 --index 0")]
    Forget(Place),
    /// Pin clients and authorities
    Trust(Trust),
    /// Begin anew where the state is lost, was copied or restored
    Recover(RecoverNode),
    /// Tell epoch, prekeys left, outbox and sessions
    #[command(after_help = "Example:\n  dke node status lamp")]
    Status(Dir),
}

#[derive(ClapArgs)]
pub(crate) struct Dir {
    /// The party's directory
    pub(crate) dir: PathBuf,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke node recover lamp --gateway coap://localhost
  dke node recover lamp --epoch 12

No epoch is used twice: the next one is beyond the state's, the one that the gateway shows with this node's own signature, and 65,536 more, for the
epochs that neither of them knows; or the one after the next of --epoch. Sessions and prekeys are dropped: clients call again, and calls under way get no answer.
A CWT whose last epoch has passed must be issued anew. Pinned credentials stay, if the state can be read. Do this only where the original is not used any more.")]
pub(crate) struct RecoverNode {
    /// The node's directory
    pub(crate) dir: PathBuf,
    /// A gateway that knows the node: coap://HOST:PORT or http://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub(crate) gateway: Option<String>,
    /// The last epoch that the node has used, if you know it for sure
    #[arg(long, value_name = "EPOCH")]
    pub(crate) epoch: Option<u64>,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:
  dke client recover anna

Sessions and pending exchanges are dropped: call the nodes again. Whether a pending call was carried out is not known. The epochs seen stay, if the state can
be read; they may be older than the last ones that were seen, so that an old batch could be accepted until it expires.")]
pub(crate) struct RecoverClient {
    /// The client's directory
    pub(crate) dir: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct Place {
    /// The party's directory
    pub(crate) dir: PathBuf,
    /// Of the batch
    #[arg(long)]
    pub(crate) epoch: u64,
    /// Of the prekey
    #[arg(long)]
    pub(crate) index: u8,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Examples:\n  dke node publish lamp --depth 6 --out publication.cbor\n  dke node publish lamp --again --out publication.cbor"
)]
pub(crate) struct Publish {
    /// The node's directory
    pub(crate) dir: PathBuf,
    /// 2^depth prekeys: 0 to 8
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=8))]
    pub(crate) depth: u64,
    /// 2 (tags of 8 bytes) or 3 (tags of 16 bytes)
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(2..=3))]
    pub(crate) suite: u64,
    /// End of the batch's life in UNIX seconds; 30 days from now if left out
    #[arg(long, value_name = "SECONDS")]
    pub(crate) not_after: Option<u64>,
    /// Make the current batch's Publication again instead of a new batch
    #[arg(long, conflicts_with_all = ["depth", "suite", "not_after"])]
    pub(crate) again: bool,
    /// Where to write the Publication
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  dke node accept lamp initiate.cbor --data 'on' --out confirm.cbor")]
pub(crate) struct Accept {
    /// The node's directory
    pub(crate) dir: PathBuf,
    /// The Initiate
    pub(crate) initiate: PathBuf,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Answer in refresh mode even if the client did not ask for it
    #[arg(long)]
    pub(crate) insist_on_refresh: bool,
    /// Where to write the Confirm
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Early data or answer data.
#[derive(ClapArgs, Default)]
pub(crate) struct Data {
    /// Data for the peer: up to 1,024 bytes of text, in a call up to 1,011
    #[arg(long, value_name = "TEXT", conflicts_with = "data_file")]
    pub(crate) data: Option<String>,
    /// Data for the peer, from a file
    #[arg(long, value_name = "FILE")]
    pub(crate) data_file: Option<PathBuf>,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Examples:\n  dke node trust lamp --client anna/credential.cbor\n  dke node trust lamp --authority authority/credential.cbor"
)]
pub(crate) struct Trust {
    /// The node's directory
    pub(crate) dir: PathBuf,
    /// A client's credential to pin
    #[arg(long, value_name = "FILE")]
    pub(crate) client: Vec<PathBuf>,
    /// An authority's credential to pin
    #[arg(long, value_name = "FILE")]
    pub(crate) authority: Vec<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Client {
    /// On the network: a whole exchange, from the Offer to the Confirm
    Call(Call),
    /// On the network: go on with the pending exchanges with a node
    Resume(Resume),
    /// On the network: read a sealed representation
    Read(Read),
    /// C1: verify an Offer and begin an exchange
    Initiate(Initiate),
    /// C2: verify a Confirm
    #[command(after_help = "Example:\n  dke client finish anna confirm.cbor")]
    Finish {
        /// The client's directory
        dir: PathBuf,
        /// The Confirm
        confirm: PathBuf,
    },
    /// Write the Initiate of a pending exchange again
    #[command(after_help = "Example:\n  dke client resend anna --epoch 1 --index 0 --out initiate.cbor")]
    Resend {
        #[command(flatten)]
        place: Place,
        /// Where to write the Initiate
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Begin anew where the state is lost, was copied or restored
    Recover(RecoverClient),
    /// Tell epochs seen, pending exchanges and sessions
    #[command(after_help = "Example:\n  dke client status anna")]
    Status(Dir),
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke client initiate anna --node lamp/credential.cbor --offer offer.cbor --data 'light on' --out initiate.cbor
  dke client initiate ben --node lamp/credential.cbor --offer offer.cbor --cwt ben.cwt --refresh --out initiate.cbor")]
pub(crate) struct Initiate {
    /// The client's directory
    pub(crate) dir: PathBuf,
    /// The node's credential, as pinned
    #[arg(long, value_name = "FILE")]
    pub(crate) node: PathBuf,
    /// The Offer
    #[arg(long, value_name = "FILE")]
    pub(crate) offer: PathBuf,
    /// Name this CWT instead of the kid
    #[arg(long, value_name = "FILE")]
    pub(crate) cwt: Option<PathBuf>,
    /// Ask for refresh, and accept nothing less
    #[arg(long)]
    pub(crate) refresh: bool,
    #[command(flatten)]
    pub(crate) data: Data,
    /// UNIX seconds instead of the clock
    #[arg(long, value_name = "SECONDS")]
    pub(crate) now: Option<u64>,
    /// Where to write the Initiate
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Subcommand)]
pub(crate) enum Gateway {
    /// On the network: CoAP and HTTP, with a durable store
    Serve(Serve),
    /// Register a node's credential; makes the directory
    #[command(after_help = "Example:\n  dke gateway register gateway lamp/credential.cbor")]
    Register(Carried),
    /// G1: verify and store a Publication
    #[command(after_help = "Example:\n  dke gateway publish gateway publication.cbor")]
    Publish(Carried),
    /// G2: hand out one prekey as an Offer
    Offer(Offer),
    /// G3: queue an Initiate
    #[command(after_help = "Example:\n  dke gateway queue gateway initiate.cbor")]
    Queue(Carried),
    /// Write the Initiates that wait for the node into a directory
    #[command(
        after_help = "Example:\n  dke gateway drain gateway --token 00112233445566778899aabbccddeeff --out-dir mail"
    )]
    Drain(Drain),
    /// G4: keep a Confirm for the client
    #[command(after_help = "Example:\n  dke gateway confirm gateway confirm.cbor")]
    Confirm(Carried),
    /// Write the Confirm of an exchange, for the client
    #[command(after_help = "Example:\n  dke gateway collect gateway --epoch 1 --index 0 --out confirm.cbor")]
    Collect(Collect),
    /// Tell nodes, leases, queues and Confirms
    #[command(after_help = "Example:\n  dke gateway status gateway")]
    Status(Dir),
}

#[derive(ClapArgs)]
pub(crate) struct Carried {
    /// The gateway's directory
    pub(crate) dir: PathBuf,
    /// The file to take in
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) select: Select,
}

/// Which node, and what time it is.
#[derive(ClapArgs, Default)]
pub(crate) struct Select {
    /// The node: its subject, or the hash of its credential, or 8 or more of the hash's first digits; may be left out if there is only one
    #[arg(long, value_name = "SUBJECT|HASH")]
    pub(crate) node: Option<String>,
    /// UNIX seconds instead of the clock
    #[arg(long, value_name = "SECONDS")]
    pub(crate) now: Option<u64>,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  dke gateway offer gateway --lease 600 --out offer.cbor")]
pub(crate) struct Offer {
    /// The gateway's directory
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) select: Select,
    /// For how many seconds the prekey is kept for this requester
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    pub(crate) lease: u64,
    /// Where to write the Offer
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct Drain {
    /// The gateway's directory
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) select: Select,
    /// The mailbox token of the node's newest batch, from `dke node status`
    #[arg(long, value_parser = hex_arg, value_name = "HEX")]
    pub(crate) token: HexArg,
    /// An existing directory
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct Collect {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) select: Select,
    /// Which one, if the gateway was given several
    #[arg(long, default_value_t = 0)]
    pub(crate) number: usize,
    /// Where to write the Confirm
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  dke inspect publication.cbor\n  dke --json inspect anna/credential.cbor")]
pub(crate) struct Inspect {
    /// The file
    pub(crate) file: PathBuf,
}

#[derive(Subcommand)]
pub(crate) enum Vectors {
    /// Recompute every value of a file of vectors; exit code 1 if one is another here
    #[command(after_help = "Examples:\n  dke vectors check spec/vectors/exchanges.json
  dke vectors check spec/vectors/rejections.json\n  dke vectors check spec/vectors/application.json
  dke vectors check mine.json --exchanges spec/vectors/exchanges.json")]
    Check {
        /// Complete exchanges, rejections, the application layer or calls, as spec/vectors/README.md describes them
        file: PathBuf,
        /// The exchanges that rejections are based on; exchanges.json beside them if left out
        #[arg(long, value_name = "FILE")]
        exchanges: Option<PathBuf>,
    },
}
