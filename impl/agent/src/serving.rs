//! The node's side of section 16: opens requests, has them answered once, protects the responses.
//!
//! ```text
//!                open (durable)            answer (durable)           acknowledged
//!  (unknown) ────────────────▶ Opened ────────────────────▶ Answered ─────────────▶ (forgotten)
//!                                │ cut off: 5.00, not asked again ▲  │ cut off: the same bytes again
//!                                └────────────────────────────────┘  └──────────▶ Answered
//! ```

use crate::budget::Spent;
use crate::gateway::Failure;
use crate::node::{Handler, Ledger};
use crate::wake::{Trouble, Waking};
use coap_lite::{CoapOption, Packet};
use dke::crypto::{Crypto as _, Hash};
use dke::store::Trust;
use dke::{Error, RustCrypto};
use dke_app::exchange::Stage;
use dke_app::message::{self, with_code};
use dke_app::request::{Protection, Received};
use dke_app::{Error as AppError, Reject};
use std::collections::HashSet;

/// Bytes of the largest payload of a response: JWE makes it longer, and a gateway takes 16 KiB.
pub const RESPONSE_MAX: usize = 8 * 1024;

const BAD_REQUEST: u8 = 0x80;
const UNAUTHORIZED: u8 = 0x81;
const INTERNAL: u8 = 0xa0;
const NOT_IMPLEMENTED: u8 = 0xa1;

/// The other end of an exchange. Only the hash tells it from all others: an authority may vouch for another key with the same subject and kid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// H(CRED).
    pub hash: Hash,
    /// 1..64 bytes.
    pub subject: String,
    /// An authority vouches for it; otherwise it is pinned.
    pub vouched: bool,
}

/// A request that was opened. It is never given out twice.
pub struct Opened<'a> {
    /// Who asks.
    pub peer: &'a Remote,
    /// Under which keys: what comes under the early ones may have been held back.
    pub stage: Stage,
    /// Code, options and payload, as the client wrote them.
    pub message: &'a Packet,
}

/// How far a request is that the gateway has not acknowledged.
#[derive(Clone, PartialEq, Eq)]
pub enum Kept {
    /// It was opened; whether it was carried out is not known after a restart.
    Opened,
    /// The outer response.
    Answered(Vec<u8>),
}

/// A request, opened, and where.
struct Found {
    place: usize,
    peer: Remote,
    stage: Stage,
    protection: Protection,
    received: Received,
}

impl<T: Trust, S: Ledger> Waking<'_, '_, T, S> {
    /// Serves all requests that wait, in order.
    pub(crate) async fn serve_requests(
        &mut self,
        token: &[u8],
        handler: &mut impl Handler,
    ) -> Result<(), Trouble<S::Error>> {
        // An honest gateway never uses a number again.
        let mut seen = HashSet::new();
        loop {
            let waiting = self.mail.requests(self.id(), token).await?;
            let new: Vec<&(u64, Vec<u8>)> = waiting.iter().filter(|(number, _)| seen.insert(*number)).collect();
            if new.is_empty() {
                return if waiting.is_empty() { Ok(()) } else { Err(Failure::Spent(Spent::Repeats).into()) };
            }
            for (number, request) in new {
                self.meter.serve()?;
                let digest = RustCrypto::sha256(request);
                let response = self.response(&digest, request, handler).await?;
                let sent = self.respond(token, *number, &digest, &response).await;
                self.go_on(sent)?;
            }
        }
    }

    async fn respond(
        &mut self,
        token: &[u8],
        number: u64,
        digest: &Hash,
        response: &[u8],
    ) -> Result<(), Trouble<S::Error>> {
        match self.mail.respond(self.id(), token, number, response).await {
            // It does not keep the request any more, or has another response: sending this one again is of no use.
            Ok(_) | Err(Failure::Refused((4, 4 | 9))) => {}
            Err(failure) => return Err(failure.into()),
        }
        Ok(self.store.forget_request(digest).map_err(Error::Storage)?)
    }

    /// The outer response to an outer request.
    async fn response(
        &mut self,
        digest: &Hash,
        request: &[u8],
        handler: &mut impl Handler,
    ) -> Result<Vec<u8>, Error<S::Error>> {
        let kept = self.store.kept(digest).map_err(Error::Storage)?;
        if let Some(Kept::Answered(response)) = kept {
            return Ok(response);
        }
        let found = match message::decode(request).and_then(|outer| open(self.store, &outer, kept.is_some())) {
            Ok(found) => found,
            Err(reject) => {
                self.wake.refused = self.wake.refused.saturating_add(1);
                // RFC 8613 section 8.2: unprotected, because there are no keys for it.
                return Ok(vec![match reject {
                    Reject::UnknownKey | Reject::Replayed => UNAUTHORIZED,
                    _ => BAD_REQUEST,
                }]);
            }
        };
        let answer = if kept.is_none() {
            // Before anybody learns of the request: it counts as carried out from here on.
            self.store.keep_request(digest, Kept::Opened).map_err(Error::Storage)?;
            let opened = Opened { peer: &found.peer, stage: found.stage, message: &found.received.packet };
            sound(self.meter.away(handler.serve(&opened)).await)
        } else {
            with_code(INTERNAL)
        };
        let Found { place, stage, protection, received, .. } = found;
        let protected = match self.store.exchanges().get_mut(place) {
            Some((_, exchange)) => exchange.respond(stage, protection, received, &answer).ok(),
            None => None,
        };
        let response = protected.unwrap_or_else(|| vec![INTERNAL]);
        // The number that it took becomes durable with it.
        self.store.keep_request(digest, Kept::Answered(response.clone())).map_err(Error::Storage)?;
        self.wake.served = self.wake.served.saturating_add(1);
        Ok(response)
    }
}

/// A handler's answer as it can be sent.
fn sound(answer: Option<Packet>) -> Packet {
    match answer {
        None => with_code(NOT_IMPLEMENTED),
        Some(answer) if message::is_response(message::code(&answer)) && answer.payload.len() <= RESPONSE_MAX => answer,
        Some(_) => with_code(INTERNAL),
    }
}

/// Opens a request under the keys of one of the exchanges. With `again` it has been accepted before.
fn open<S: Ledger>(store: &mut S, outer: &Packet, again: bool) -> Result<Found, Reject> {
    let protection = Protection::of(outer).ok_or(Reject::Malformed)?;
    let mut refusal = Reject::UnknownKey;
    for (place, (peer, exchange)) in store.exchanges().iter_mut().enumerate() {
        let opened = if again { exchange.open_again(outer) } else { exchange.open_request(outer) };
        match opened {
            Ok((stage, received)) => return Ok(Found { place, peer: peer.clone(), stage, protection, received }),
            // Two exchanges may have the same identifiers by chance: each is tried (RFC 8613 section 3.3).
            Err(AppError::Peer(reject)) if refusal == Reject::UnknownKey => refusal = reject,
            Err(_) => {}
        }
    }
    Err(refusal)
}

/// The segments of its path, or the parts of its query.
pub fn texts(message: &Packet, option: CoapOption) -> Vec<String> {
    let values = message.get_option(option).into_iter().flatten();
    values.map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}
