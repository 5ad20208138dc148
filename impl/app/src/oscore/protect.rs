//! Requests and responses: RFC 8613 section 8.

use super::context::{ALG_AEAD, Context, ID_MAX};
use super::message::{code, is_request, is_response, observes, restored, split};
use super::option::OscoreOption;
use crate::ccm::{self, NONCE, partial_iv, xor_sequence};
use crate::cose::encoded;
use crate::error::{Error, Misuse, Reject};
use crate::window::{self, SEQUENCE_END, WindowStore};
use coap_lite::{CoapOption, Packet};

/// A request of this end: finds and opens its response, or its notifications.
pub struct Sent {
    sequence: u64,
    observes: bool,
    /// The least number that a notification may have; `None` before the first one. (Notification Number, section 7.4.1, plus 1.)
    next: Option<u64>,
}

/// A request of the other end: protects the one response to it, and notifications before that.
pub struct Received {
    /// The request, as it was before it was protected.
    pub packet: Packet,
    sequence: u64,
    notified: bool,
}

impl Context {
    /// Section 8.1, with a number that was never used before. `SequenceExhausted`, `TooLong`, `NotAMessage`.
    pub fn protect_request(&self, sequence: u64, packet: &Packet) -> Result<(Packet, Sent), Misuse> {
        if !is_request(code(packet)) {
            return Err(Misuse::NotAMessage);
        }
        if sequence >= SEQUENCE_END {
            return Err(Misuse::SequenceExhausted);
        }
        let nonce = self.nonce(&self.sender_id, sequence);
        let option = OscoreOption {
            sequence: Some(sequence),
            kid_context: self.id_context.clone(),
            kid: Some(self.sender_id.clone()),
        };
        let protected = self.sealed(packet, &nonce, &aad(&self.sender_id, sequence), &option)?;
        Ok((protected, Sent { sequence, observes: observes(packet), next: None }))
    }

    /// Section 8.2, once. `Malformed`, `UnknownKey`, `Replayed`, `NotAuthentic`.
    pub fn unprotect_request<S: WindowStore>(
        &self,
        store: &mut S,
        packet: &Packet,
    ) -> Result<Received, Error<S::Error>> {
        let option = option(packet)?;
        let (Some(kid), Some(sequence)) = (option.kid, option.sequence) else { return Err(Reject::Malformed.into()) };
        let other_context = option.kid_context.is_some() && option.kid_context != self.id_context;
        if kid != self.recipient_id || other_context {
            return Err(Reject::UnknownKey.into());
        }
        window::accept(store, sequence, || {
            let nonce = self.nonce(&self.recipient_id, sequence);
            let aad = aad(&self.recipient_id, sequence);
            let opened = ccm::open(&self.recipient_key, &nonce, &aad, &packet.payload)?;
            let packet = restored(packet, &opened)?;
            if !is_request(code(&packet)) {
                return Err(Reject::Malformed);
            }
            Ok(Received { packet, sequence, notified: false })
        })
    }

    /// Section 8.3. The request is consumed, because its nonce serves for one response; with a number of this end's own, that is used instead, and
    /// sent. `TooLong`, `NotAMessage` (a notification, too), `SequenceExhausted`; `SequenceMissing` after a notification (section 4.1.3.5).
    pub fn protect_response(
        &self,
        request: Received,
        sequence: Option<u64>,
        packet: &Packet,
    ) -> Result<Packet, Misuse> {
        if observes(packet) {
            return Err(Misuse::NotAMessage);
        }
        if request.notified && sequence.is_none() {
            return Err(Misuse::SequenceMissing);
        }
        self.answer(&request, sequence, packet)
    }

    /// Section 8.3.1: one of several responses to a request with Observe, which they have, too; each with a number of this end's own.
    /// `TooLong`, `NotAMessage`, `SequenceExhausted`.
    pub fn protect_notification(
        &self,
        request: &mut Received,
        sequence: u64,
        packet: &Packet,
    ) -> Result<Packet, Misuse> {
        if !observes(packet) || !observes(&request.packet) {
            return Err(Misuse::NotAMessage);
        }
        let notification = self.answer(request, Some(sequence), packet)?;
        request.notified = true;
        Ok(notification)
    }

    /// Section 8.4. `Malformed` (a notification, too), `UnknownKey`, `NotAuthentic`; the request may still be answered then. The first response
    /// that opens ends the request.
    pub fn unprotect_response(&self, request: &Sent, packet: &Packet) -> Result<Packet, Reject> {
        let (_, packet) = self.opened(request, packet)?;
        if observes(&packet) { Err(Reject::Malformed) } else { Ok(packet) }
    }

    /// Section 8.4.2, for a request with Observe. A notification, newer than all before it, has Observe: the last three bytes of its number;
    /// what has none is the response that ends the request. `Malformed`, `UnknownKey`, `NotAuthentic`, `Replayed`; the request goes on then.
    pub fn unprotect_notification(&self, request: &mut Sent, packet: &Packet) -> Result<Packet, Reject> {
        let (sequence, mut packet) = self.opened(request, packet)?;
        if !observes(&packet) {
            return Ok(packet);
        }
        if !request.observes {
            return Err(Reject::Malformed);
        }
        // One without a number is the oldest.
        let next = match (sequence, request.next) {
            (None, None) => 0,
            (Some(sequence), next) if sequence >= next.unwrap_or_default() => sequence.saturating_add(1),
            _ => return Err(Reject::Replayed),
        };
        request.next = Some(next);
        if let Some([_, _, _, _, _, order @ ..]) = sequence.map(u64::to_be_bytes) {
            packet.clear_option(CoapOption::Observe);
            packet.add_option(CoapOption::Observe, order.iter().copied().skip_while(|byte| *byte == 0).collect());
        }
        Ok(packet)
    }

    /// A response, with the nonce of its request or of this number.
    fn answer(&self, request: &Received, sequence: Option<u64>, packet: &Packet) -> Result<Packet, Misuse> {
        if !is_response(code(packet)) {
            return Err(Misuse::NotAMessage);
        }
        let nonce = match sequence {
            Some(SEQUENCE_END..) => return Err(Misuse::SequenceExhausted),
            Some(sequence) => self.nonce(&self.sender_id, sequence),
            None => self.nonce(&self.recipient_id, request.sequence),
        };
        let option = OscoreOption { sequence, kid_context: None, kid: None };
        self.sealed(packet, &nonce, &aad(&self.recipient_id, request.sequence), &option)
    }

    /// A response, and its number if it has one of its own.
    fn opened(&self, request: &Sent, packet: &Packet) -> Result<(Option<u64>, Packet), Reject> {
        let option = option(packet)?;
        if option.kid.is_some_and(|kid| kid != self.recipient_id) {
            return Err(Reject::UnknownKey);
        }
        let nonce = match option.sequence {
            Some(sequence) => self.nonce(&self.recipient_id, sequence),
            None => self.nonce(&self.sender_id, request.sequence),
        };
        let aad = aad(&self.sender_id, request.sequence);
        let opened = ccm::open(&self.recipient_key, &nonce, &aad, &packet.payload)?;
        let packet = restored(packet, &opened)?;
        if is_response(code(&packet)) { Ok((option.sequence, packet)) } else { Err(Reject::Malformed) }
    }

    /// Sections 4.2 and 5.3.
    fn sealed(
        &self,
        packet: &Packet,
        nonce: &[u8; NONCE],
        aad: &[u8],
        option: &OscoreOption,
    ) -> Result<Packet, Misuse> {
        let (plaintext, mut outer) = split(packet)?;
        outer.payload = ccm::seal(&self.sender_key, nonce, aad, &plaintext)?;
        outer.add_option(CoapOption::Oscore, option.encode());
        Ok(outer)
    }

    /// Section 5.2: Common IV xor (length of ID_PIV ‖ ID_PIV, padded to 7 bytes ‖ Partial IV, padded to 5).
    pub(super) fn nonce(&self, id: &[u8], sequence: u64) -> [u8; NONCE] {
        let mut nonce = xor_sequence(&self.common_iv, sequence);
        if let Some((first, rest)) = nonce.split_first_mut() {
            *first ^= u8::try_from(id.len()).unwrap_or_default();
            let padded = rest.iter_mut().take(ID_MAX).rev();
            padded.zip(id.iter().rev()).for_each(|(to, from)| *to ^= from);
        }
        nonce
    }
}

/// The one OSCORE option of a message that has a ciphertext.
fn option(packet: &Packet) -> Result<OscoreOption, Reject> {
    let values = packet.get_option(CoapOption::Oscore).ok_or(Reject::Malformed)?;
    match values.front() {
        Some(value) if values.len() == 1 && !packet.payload.is_empty() => OscoreOption::parse(value),
        _ => Err(Reject::Malformed),
    }
}

/// Enc_structure `["Encrypt0", h'', << [1, [alg_aead], request_kid, request_piv, h''] >>]` (sections 5.3, 5.4).
pub(super) fn aad(request_kid: &[u8], request_sequence: u64) -> Vec<u8> {
    let request_piv = partial_iv(request_sequence);
    let external = encoded(|e| {
        e.array(5)?.u8(1)?.array(1)?.u8(ALG_AEAD)?.bytes(request_kid)?.bytes(&request_piv)?.bytes(&[])?.ok()
    });
    encoded(|e| e.array(3)?.str("Encrypt0")?.bytes(&[])?.bytes(&external)?.ok())
}
