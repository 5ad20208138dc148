//! A request and its response, protected by OSCORE, COSE_Encrypt0 or JWE. PROTOCOL.md section 16.
//!
//! ```text
//!  client                                    node
//!  protect_request  ──▶ outer request  ──▶   open_request ──▶ Received
//!    │ Sent                                                      │
//!  open_response    ◀── outer response ◀──   protect_response ◀──┘
//! ```

use crate::cose::{encoded, open_encrypt0, seal_encrypt0};
use crate::error::{Error, Misuse, Reject};
use crate::exchange::Format;
use crate::export::{self, Encrypt0Key, Exporter, JweKey, Role};
use crate::jose::{Serialization, open_jwe, seal_jwe};
use crate::message::{self, code, is_request, is_response, with_code};
use crate::oscore;
use crate::window::{Window, WindowStore};
use coap_lite::{CoapOption, Packet};
use minicbor::Decoder;
use minicbor::data::Type;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use zeroize::Zeroizing;

/// Content-Format of `application/cose; cose-type="cose-encrypt0"` (RFC 9052 section 10.5).
pub const COSE_FORMAT: u16 = 16;
/// Content-Format of `application/jose`, from the range for experiments.
pub const JOSE_FORMAT: u16 = 65_003;
/// Outer codes (RFC 8613 section 4.2): 0.02 and 2.04.
const POST: u8 = 0x02;
const CHANGED: u8 = 0x44;

/// What protects a request and its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    /// RFC 8613.
    Oscore,
    /// COSE_Encrypt0, RFC 9052.
    Cose,
    /// Compact JWE, RFC 7516.
    Jwe,
}

impl Protection {
    /// All of them.
    pub const ALL: [Protection; 3] = [Protection::Oscore, Protection::Cose, Protection::Jwe];

    /// Which keys it takes.
    pub const fn format(self) -> Format {
        match self {
            Protection::Oscore => Format::Oscore,
            Protection::Cose => Format::Encrypt0,
            Protection::Jwe => Format::Jwe,
        }
    }

    /// What an outer message says of itself; `None` if it says nothing of the kind.
    pub fn of(outer: &Packet) -> Option<Protection> {
        if outer.get_first_option(CoapOption::Oscore).is_some() {
            return Some(Protection::Oscore);
        }
        let format = outer.get_first_option(CoapOption::ContentFormat)?;
        [Protection::Cose, Protection::Jwe].into_iter().find(|one| one.content_format().as_ref() == Some(format))
    }

    /// The value of the outer Content-Format.
    fn content_format(self) -> Option<Vec<u8>> {
        match self {
            Protection::Oscore => None,
            // An unsigned integer in the fewest bytes (RFC 7252 section 3.2).
            Protection::Cose => Some(COSE_FORMAT.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()),
            Protection::Jwe => Some(JOSE_FORMAT.to_be_bytes().to_vec()),
        }
    }
}

/// The keys of one end for one protection, from the early or the session secret.
pub enum Channel {
    /// Both directions.
    Oscore(oscore::Context),
    /// What this end seals with, and what it opens with.
    Cose(Encrypt0Key, Encrypt0Key),
    /// The same.
    Jwe(JweKey, JweKey),
}

/// A request of this end: opens its response.
pub enum Sent {
    /// OSCORE's own.
    Oscore(oscore::Sent),
    /// The request's number.
    Object(u64),
}

/// A request of the other end.
pub struct Received {
    /// What was protected.
    pub packet: Packet,
    origin: Origin,
}

enum Origin {
    Oscore(oscore::Received),
    Object(u64),
}

impl Channel {
    /// From the early or the session secret of an exchange.
    pub fn new(secret: &impl Exporter, role: Role, protection: Protection) -> Result<Channel, dke::Misuse> {
        let (out, inward) = (role.outbound(), role.inbound());
        Ok(match protection {
            Protection::Oscore => Channel::Oscore(oscore::Context::from_secret(secret, role)?),
            Protection::Cose => Channel::Cose(export::encrypt0(secret, out)?, export::encrypt0(secret, inward)?),
            Protection::Jwe => Channel::Jwe(export::jwe(secret, out)?, export::jwe(secret, inward)?),
        })
    }

    /// The outer request. The same request with the same number gives the same bytes, so that it can be sent again; never use a number for
    /// two different ones. `SequenceExhausted`, `TooLong`, `NotAMessage`.
    pub fn protect_request(&self, sequence: u64, request: &Packet) -> Result<(Packet, Sent), Misuse> {
        if !is_request(code(request)) {
            return Err(Misuse::NotAMessage);
        }
        if let Channel::Oscore(context) = self {
            let (outer, sent) = context.protect_request(sequence, request)?;
            return Ok((outer, Sent::Oscore(sent)));
        }
        let outer = self.sealed(sequence, POST, &content(None, request)?)?;
        Ok((outer, Sent::Object(sequence)))
    }

    /// Opens a request, once. `Malformed`, `UnknownKey`, `Replayed`, `NotAuthentic`.
    pub fn open_request<S: WindowStore>(&self, store: &mut S, outer: &Packet) -> Result<Received, Error<S::Error>> {
        let mut scratch = Scratch::of(store)?;
        let received = match self {
            Channel::Oscore(context) => {
                let received = context.unprotect_request(&mut scratch, outer).map_err(refused)?;
                Received { packet: received.packet.clone(), origin: Origin::Oscore(received) }
            }
            _ => match self.opened(&mut scratch, outer)? {
                (None, packet) if is_request(code(&packet)) => {
                    Received { packet, origin: Origin::Object(scratch.accepted()) }
                }
                _ => return Err(Reject::Malformed.into()),
            },
        };
        scratch.keep(store)?;
        Ok(received)
    }

    /// The outer response, with a number of this end's own. `SequenceExhausted`, `TooLong`, `NotAMessage`.
    pub fn protect_response(&self, request: Received, sequence: u64, response: &Packet) -> Result<Packet, Misuse> {
        if !is_response(code(response)) {
            return Err(Misuse::NotAMessage);
        }
        match (self, request.origin) {
            (Channel::Oscore(context), Origin::Oscore(request)) => {
                context.protect_response(request, Some(sequence), response)
            }
            (Channel::Cose(..) | Channel::Jwe(..), Origin::Object(request)) => {
                self.sealed(sequence, CHANGED, &content(Some(request), response)?)
            }
            // A request that was opened by another channel.
            _ => Err(Misuse::NotAMessage),
        }
    }

    /// Opens the response to a request, once. `Malformed`, `UnknownKey`, `Replayed`, `NotAuthentic`; `WrongRequest` if it answers another one,
    /// which OSCORE cannot tell from `NotAuthentic`. The request may still be answered then.
    pub fn open_response<S: WindowStore>(
        &self,
        store: &mut S,
        request: &Sent,
        outer: &Packet,
    ) -> Result<Packet, Error<S::Error>> {
        let number = match (self, request) {
            (Channel::Oscore(context), Sent::Oscore(sent)) => return Ok(context.unprotect_response(sent, outer)?),
            (Channel::Cose(..) | Channel::Jwe(..), Sent::Object(number)) => *number,
            _ => return Err(Misuse::NotAMessage.into()),
        };
        let mut scratch = Scratch::of(store)?;
        let (answered, packet) = self.opened(&mut scratch, outer)?;
        match answered {
            Some(answered) if answered != number => return Err(Reject::WrongRequest.into()),
            Some(_) if is_response(code(&packet)) => {}
            _ => return Err(Reject::Malformed.into()),
        }
        scratch.keep(store)?;
        Ok(packet)
    }

    /// An outer message around a sealed object.
    fn sealed(&self, sequence: u64, code: u8, content: &[u8]) -> Result<Packet, Misuse> {
        let (protection, object) = match self {
            Channel::Cose(key, _) => (Protection::Cose, seal_encrypt0(key, sequence, content)?),
            Channel::Jwe(key, _) => {
                (Protection::Jwe, seal_jwe(key, sequence, None, content, Serialization::Compact)?.into_bytes())
            }
            Channel::Oscore(_) => return Err(Misuse::NotAMessage),
        };
        let mut outer = with_code(code);
        if let Some(format) = protection.content_format() {
            outer.add_option(CoapOption::ContentFormat, format);
        }
        outer.payload = object;
        Ok(outer)
    }

    /// What the object in an outer message holds.
    fn opened(&self, scratch: &mut Scratch, outer: &Packet) -> Result<(Option<u64>, Packet), Reject> {
        let content = match (self, Protection::of(outer)) {
            (Channel::Cose(_, key), Some(Protection::Cose)) => open_encrypt0(key, scratch, &outer.payload),
            (Channel::Jwe(_, key), Some(Protection::Jwe)) => {
                let compact = std::str::from_utf8(&outer.payload).ok().filter(|text| !text.starts_with('{'));
                open_jwe(key, scratch, None, compact.ok_or(Reject::Malformed)?)
            }
            _ => return Err(Reject::Malformed),
        };
        parse(&content.map_err(refused)?)
    }
}

/// `[ request (null / uint), message (bstr) ]`
fn content(request: Option<u64>, packet: &Packet) -> Result<Zeroizing<Vec<u8>>, Misuse> {
    Ok(written(request, &message::encode(packet)?))
}

fn written(request: Option<u64>, message: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(encoded(|e| {
        e.array(2)?;
        match request {
            Some(number) => e.u64(number)?,
            None => e.null()?,
        };
        e.bytes(message)?.ok()
    }))
}

/// Is this what the object of a request or a response holds?
pub(crate) fn is_content(content: &[u8]) -> bool {
    parse(content).is_ok()
}

fn parse(content: &[u8]) -> Result<(Option<u64>, Packet), Reject> {
    let items = || {
        let mut d = Decoder::new(content);
        d.array()?;
        let request = if d.datatype()? == Type::Null { d.null().map(|()| None)? } else { Some(d.u64()?) };
        Ok::<_, minicbor::decode::Error>((request, d.bytes()?))
    };
    let (request, message) = items().map_err(|_| Reject::Malformed)?;
    // Decoders let longer forms pass; there is one only that says this.
    if *written(request, message) != content {
        return Err(Reject::Malformed);
    }
    Ok((request, message::decode(message)?))
}

/// A window on trial: what is opened may still turn out to be of no use.
struct Scratch {
    before: Window,
    after: Window,
}

impl Scratch {
    fn of<S: WindowStore>(store: &S) -> Result<Scratch, Error<S::Error>> {
        let before = store.load().map_err(Error::Storage)?;
        Ok(Scratch { before, after: before })
    }

    /// The number that was accepted: the highest, or the one whose bit is new.
    fn accepted(&self) -> u64 {
        let highest = self.after.next.saturating_sub(1);
        let age = if self.after.next > self.before.next {
            0
        } else {
            (self.before.seen ^ self.after.seen).trailing_zeros().into()
        };
        highest.saturating_sub(age)
    }

    fn keep<S: WindowStore>(&self, store: &mut S) -> Result<(), Error<S::Error>> {
        store.save(&self.after).map_err(Error::Storage)
    }
}

impl WindowStore for Scratch {
    type Error = Infallible;

    fn load(&self) -> Result<Window, Infallible> {
        Ok(self.before)
    }

    fn save(&mut self, window: &Window) -> Result<(), Infallible> {
        self.after = *window;
        Ok(())
    }
}

/// Opening, in memory, is refused by the peer's fault only.
fn refused(error: Error<Infallible>) -> Reject {
    match error {
        Error::Peer(reject) => reject,
        Error::Caller(_) => Reject::Malformed,
        Error::Storage(never) => match never {},
    }
}
