//! The command line's part that uses the keys of an exchange.

use crate::args::{HexArg, hex_arg};
use clap::{Args as ClapArgs, ValueEnum};
use dke_app::exchange::Format;
use dke_app::request::Protection;
use std::path::PathBuf;

/// Which exchange; the newest with this peer, who must be said if there are several.
#[derive(ClapArgs, Default)]
pub(crate) struct Which {
    /// The other end: its subject, or the hash of its credential, or 8 or more of the hash's first digits
    #[arg(long, value_name = "SUBJECT|HASH")]
    pub(crate) peer: Option<String>,
    /// Fingerprint of the session, as `dke node status` and `dke client status` tell it
    #[arg(long, value_name = "HEX", value_parser = hex_arg)]
    pub(crate) session: Option<HexArg>,
    /// With the early keys
    #[arg(long)]
    pub(crate) early: bool,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke export anna 'my application' 16
  dke export lamp 'oscore master secret' 16 --peer anna --early
  dke export anna 'cose mac0 key' 32 --context 00

Both ends export the same bytes: PROTOCOL.md section 6.")]
pub(crate) struct Export {
    /// A node's or a client's directory
    pub(crate) dir: PathBuf,
    /// 1 to 64 bytes
    pub(crate) label: String,
    /// Bytes: 1 to 8160
    pub(crate) length: usize,
    /// Context in hexadecimal; none if left out
    #[arg(long, value_name = "HEX", value_parser = hex_arg)]
    pub(crate) context: Option<HexArg>,
    #[command(flatten)]
    pub(crate) which: Which,
}

/// How an object is protected.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ObjectFormat {
    /// COSE_Encrypt0
    Cose,
    /// JWE, compact
    Jwe,
    /// JWS, compact: authentic, not secret
    Jws,
    /// COSE_Mac0: authentic, not secret
    Mac0,
}

impl From<ObjectFormat> for Format {
    fn from(format: ObjectFormat) -> Format {
        match format {
            ObjectFormat::Cose => Format::Encrypt0,
            ObjectFormat::Jwe => Format::Jwe,
            ObjectFormat::Jws => Format::Jws,
            ObjectFormat::Mac0 => Format::Mac0,
        }
    }
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke seal anna report.txt --as cose --out report.cose
  echo on | dke seal lamp --as jwe --peer anna >sealed.jwe

Each object has a number of its own, and is opened once. What is new is sealed under the early keys only while there is no session.")]
pub(crate) struct Seal {
    /// A node's or a client's directory
    pub(crate) dir: PathBuf,
    /// The content; standard input if left out
    pub(crate) file: Option<PathBuf>,
    #[arg(long = "as", value_name = "FORMAT")]
    pub(crate) format: ObjectFormat,
    /// End of the object's life in UNIX seconds (JWE, JWS)
    #[arg(long, value_name = "SECONDS")]
    pub(crate) exp: Option<u64>,
    /// Where to write the object; standard output if left out
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) which: Which,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke open lamp report.cose --as cose --out report.txt
  dke open anna --as jwe <sealed.jwe

The keys are found by the object's kid. An object that was opened before is refused: Replayed.")]
pub(crate) struct Open {
    /// A node's or a client's directory
    pub(crate) dir: PathBuf,
    /// The object; standard input if left out
    pub(crate) file: Option<PathBuf>,
    #[arg(long = "as", value_name = "FORMAT")]
    pub(crate) format: ObjectFormat,
    /// Where to write the content; standard output if left out
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) which: Which,
}

/// What protects a request.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RequestFormat {
    /// RFC 8613
    Oscore,
    /// COSE_Encrypt0
    Cose,
    /// JWE
    Jwe,
}

impl From<RequestFormat> for Protection {
    fn from(format: RequestFormat) -> Protection {
        match format {
            RequestFormat::Oscore => Protection::Oscore,
            RequestFormat::Cose => Protection::Cose,
            RequestFormat::Jwe => Protection::Jwe,
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
    Fetch,
}

impl Verb {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Verb::Get => 1,
            Verb::Post => 2,
            Verb::Put => 3,
            Verb::Delete => 4,
            Verb::Fetch => 5,
        }
    }
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke request anna coap://localhost/nodes/LxVSvJpPGkFFdnmMcYT3Ww/light --as oscore
  dke request anna 'http://localhost:8080/nodes/LxVSvJpPGkFFdnmMcYT3Ww/light?dim=3' --as jwe --method put --data on --wait 60
  dke request anna coap://localhost/nodes/LxVSvJpPGkFFdnmMcYT3Ww --again

The node's identifier is what `dke client status` tells as peer id. The gateway sees neither method nor path. What the node has not answered when the time is over
is kept: --again asks for the responses, and makes no new request.")]
pub(crate) struct Request {
    /// The client's directory
    pub(crate) dir: PathBuf,
    /// coap://GATEWAY/nodes/NODE/PATH or http://GATEWAY/nodes/NODE/PATH
    pub(crate) url: String,
    #[arg(long = "as", value_name = "FORMAT", required_unless_present_any = ["again", "give_up"])]
    pub(crate) format: Option<RequestFormat>,
    #[arg(long, value_name = "METHOD", default_value = "get")]
    pub(crate) method: Verb,
    /// Payload
    #[arg(long, value_name = "TEXT", conflicts_with = "data_file")]
    pub(crate) data: Option<String>,
    /// Payload, from a file
    #[arg(long, value_name = "FILE")]
    pub(crate) data_file: Option<PathBuf>,
    /// Content-Format of the payload (RFC 7252 section 12.3)
    #[arg(long, value_name = "NUMBER")]
    pub(crate) content_format: Option<u16>,
    /// For how many seconds to wait for the node
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) wait: u64,
    /// Ask for the responses to the requests that this node has not answered
    #[arg(long, conflicts_with_all = ["format", "method", "data", "data_file", "content_format"])]
    pub(crate) again: bool,
    /// Forget the requests that this node has not answered
    #[arg(long, conflicts_with_all = ["again", "format", "method", "data", "data_file", "content_format"])]
    pub(crate) give_up: bool,
    /// Fingerprint of the session, as `dke client status` tells it; the newest with this node if left out
    #[arg(long, value_name = "HEX", value_parser = hex_arg)]
    pub(crate) session: Option<HexArg>,
    /// Over the newest exchange that the node has not confirmed yet, though there is a session
    #[arg(long, conflicts_with = "session")]
    pub(crate) early: bool,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke node leave lamp temperature --gateway coap://localhost --peer anna --data 21.5
  dke node leave lamp temperature --gateway coap://localhost --peer anna --data-file readings.csv --as jwe

The object is sealed for one client: as COSE_Encrypt0 under NAME.cose for readers over CoAP, and as JWE under NAME.jwe for readers over HTTP.")]
pub(crate) struct Leave {
    /// The node's directory
    pub(crate) dir: PathBuf,
    /// 1 to 59 of the characters A-Z a-z 0-9 - . _
    pub(crate) name: String,
    /// coap://HOST:PORT or http://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub(crate) gateway: String,
    /// The content
    #[arg(long, value_name = "TEXT", conflicts_with = "data_file", required_unless_present = "data_file")]
    pub(crate) data: Option<String>,
    /// The content, from a file
    #[arg(long, value_name = "FILE")]
    pub(crate) data_file: Option<PathBuf>,
    /// cose or jwe; both if left out
    #[arg(long = "as", value_name = "FORMAT")]
    pub(crate) format: Option<ObjectFormat>,
    #[command(flatten)]
    pub(crate) which: Which,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  dke client read anna temperature --node lamp/credential.cbor --gateway coap://localhost
  dke client read anna temperature --node lamp/credential.cbor --gateway http://localhost:8080

Over CoAP the COSE_Encrypt0 is read, over HTTP the JWE. What was read before is refused: Replayed.")]
pub(crate) struct Read {
    /// The client's directory
    pub(crate) dir: PathBuf,
    /// As the node named it
    pub(crate) name: String,
    /// The node's credential, as pinned
    #[arg(long, value_name = "FILE")]
    pub(crate) node: PathBuf,
    /// coap://HOST:PORT or http://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub(crate) gateway: String,
    /// cose or jwe; if left out, as the gateway's address says
    #[arg(long = "as", value_name = "FORMAT")]
    pub(crate) format: Option<ObjectFormat>,
}
