//! The keys of one exchange at one end: early and session, with their numbers and windows, and the switch from one to the other.
//! PROTOCOL.md section 15, "From early to session keys".
//!
//! ```text
//!           C1, N2                C2, N3                    may_forget_early
//!  (none) ────────▶ early keys ──────────▶ early and session ──────────────▶ session keys
//!                   new: early             new: session                      new: session
//! ```
//!
//! All of it is in memory. Whoever keeps it makes [`Counters`] durable after each call and before anything is sent or given out.

use crate::error::{Error, Misuse, Reject};
use crate::export::{self, Exporter, Role};
use crate::jose::{Serialization, open_jwe, open_jws, seal_jwe, seal_jws};
use crate::request::{Channel, Protection, Received};
use crate::window::{BoundStore, Sequence, Window, WindowStore};
use crate::{cose, message, request};
use coap_lite::Packet;
use dke::key_schedule::{EarlySecret, SessionSecret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Which secret of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Usable before Confirm.
    Early,
    /// Of the completed exchange.
    Session,
}

/// Which keys: the table of section 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// OSCORE.
    Oscore,
    /// COSE_Encrypt0.
    Encrypt0,
    /// COSE_Mac0.
    Mac0,
    /// JWE.
    Jwe,
    /// JWS.
    Jws,
}

/// Numbers of one format at one stage: what this end has sent, and what it has accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// Numbers below are used or given up.
    pub bound: u64,
    /// [`Window::next`].
    pub next: u64,
    /// [`Window::seen`].
    pub seen: u64,
}

impl BoundStore for &mut Numbers {
    type Error = Infallible;

    fn load(&self) -> Result<u64, Infallible> {
        Ok(self.bound)
    }

    fn save(&mut self, bound: u64) -> Result<(), Infallible> {
        self.bound = bound;
        Ok(())
    }
}

impl WindowStore for Numbers {
    type Error = Infallible;

    fn load(&self) -> Result<Window, Infallible> {
        Ok(Window { next: self.next, seen: self.seen })
    }

    fn save(&mut self, window: &Window) -> Result<(), Infallible> {
        (self.next, self.seen) = (window.next, window.seen);
        Ok(())
    }
}

/// What must be durable of an exchange besides its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    early: BTreeMap<Format, Numbers>,
    session: BTreeMap<Format, Numbers>,
    /// Something was opened under the session keys.
    switched: bool,
}

impl Counters {
    /// Nothing was sent or accepted.
    pub fn is_unused(&self) -> bool {
        *self == Counters::default()
    }

    fn of(&mut self, stage: Stage, format: Format) -> &mut Numbers {
        let all = match stage {
            Stage::Early => &mut self.early,
            Stage::Session => &mut self.session,
        };
        all.entry(format).or_default()
    }

    fn draw(&mut self, stage: Stage, format: Format) -> Result<u64, Misuse> {
        let Ok(mut sequence) = Sequence::open(self.of(stage, format), 1);
        sequence.draw().map_err(|error| match error {
            Error::Caller(misuse) => misuse,
            Error::Peer(_) => Misuse::NotAMessage,
            Error::Storage(never) => match never {},
        })
    }

    fn accepted(&mut self, stage: Stage) {
        self.switched |= stage == Stage::Session;
    }

    /// May the client erase the early secret? It has opened something under the session keys, and no request under the early ones awaits
    /// a response.
    pub const fn may_forget_early(&self, awaits_early: bool) -> bool {
        self.switched && !awaits_early
    }

    /// The early secret is erased: its numbers are of no use.
    pub fn forget_early(&mut self) {
        self.early.clear();
    }
}

/// A secret of either stage.
pub enum Secret {
    /// Usable before Confirm.
    Early(EarlySecret),
    /// Of the completed exchange.
    Session(SessionSecret),
}

impl Exporter for Secret {
    fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), dke::Misuse> {
        match self {
            Secret::Early(secret) => secret.export(label, context, out),
            Secret::Session(secret) => secret.export(label, context, out),
        }
    }
}

/// One end of an exchange.
pub struct Exchange<'a> {
    /// Which end.
    pub role: Role,
    /// Until it is erased.
    pub early: Option<EarlySecret>,
    /// From C2, N3 on.
    pub session: Option<SessionSecret>,
    /// To be made durable after each call.
    pub counters: &'a mut Counters,
}

/// A request that an exchange has protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Under which keys.
    pub stage: Stage,
    /// By what.
    pub protection: Protection,
    /// Its number.
    pub sequence: u64,
}

impl Exchange<'_> {
    /// Under which keys what is new is sent: never under the early ones once there is a session. `None` if there are no keys.
    pub fn stage(&self) -> Option<Stage> {
        let session = self.session.as_ref().map(|_| Stage::Session);
        session.or(self.early.as_ref().map(|_| Stage::Early))
    }

    /// `NoKeys` if this stage has not come yet, or is over.
    pub fn secret(&self, stage: Stage) -> Result<Secret, Misuse> {
        let secret = match stage {
            Stage::Early => self.early.clone().map(Secret::Early),
            Stage::Session => self.session.clone().map(Secret::Session),
        };
        secret.ok_or(Misuse::NoKeys)
    }

    fn channel(&self, stage: Stage, protection: Protection) -> Result<Channel, Misuse> {
        Channel::new(&self.secret(stage)?, self.role, protection).map_err(|_| Misuse::NoKeys)
    }

    /// Protects a new request. Returns the outer one.
    pub fn ask(&mut self, protection: Protection, request: &Packet) -> Result<(Asked, Packet), Misuse> {
        let stage = self.stage().ok_or(Misuse::NoKeys)?;
        let channel = self.channel(stage, protection)?;
        let sequence = self.counters.draw(stage, protection.format())?;
        let (outer, _) = channel.protect_request(sequence, request)?;
        Ok((Asked { stage, protection, sequence }, outer))
    }

    /// The outer request once more, byte by byte.
    pub fn ask_again(&self, asked: &Asked, request: &Packet) -> Result<Packet, Misuse> {
        let channel = self.channel(asked.stage, asked.protection)?;
        Ok(channel.protect_request(asked.sequence, request)?.0)
    }

    /// Opens the response to a request; see [`Channel::open_response`].
    pub fn open_response(
        &mut self,
        asked: &Asked,
        request: &Packet,
        outer: &Packet,
    ) -> Result<Packet, Error<Infallible>> {
        let channel = self.channel(asked.stage, asked.protection)?;
        let (_, sent) = channel.protect_request(asked.sequence, request)?;
        let numbers = self.counters.of(asked.stage, asked.protection.format());
        let response = channel.open_response(numbers, &sent, outer)?;
        self.counters.accepted(asked.stage);
        Ok(response)
    }

    /// Opens a request under the keys that it names; see [`Channel::open_request`].
    pub fn open_request(&mut self, outer: &Packet) -> Result<(Stage, Received), Error<Infallible>> {
        let protection = Protection::of(outer).ok_or(Reject::Malformed)?;
        let opened = self.first(|exchange, stage| {
            let channel = exchange.channel(stage, protection)?;
            channel.open_request(exchange.counters.of(stage, protection.format()), outer)
        })?;
        self.counters.accepted(opened.0);
        Ok(opened)
    }

    /// Opens a request that has been accepted before, for whoever still owes its response.
    pub fn open_again(&self, outer: &Packet) -> Result<(Stage, Received), Error<Infallible>> {
        let mut fresh = Counters::default();
        let (early, session) = (self.early.clone(), self.session.clone());
        Exchange { role: self.role, early, session, counters: &mut fresh }.open_request(outer)
    }

    /// Protects the response in the context of its request.
    pub fn respond(
        &mut self,
        stage: Stage,
        protection: Protection,
        request: Received,
        response: &Packet,
    ) -> Result<Vec<u8>, Misuse> {
        let channel = self.channel(stage, protection)?;
        let sequence = self.counters.draw(stage, protection.format())?;
        let outer = channel.protect_response(request, sequence, response)?;
        Ok(message::encode(&outer)?.to_vec())
    }

    /// Seals content as an object, which is no message of section 16. `exp` in UNIX seconds, for JWE and JWS. `MessageForm` if the other end could take it
    /// for one.
    pub fn seal(&mut self, stage: Stage, format: Format, exp: Option<u64>, content: &[u8]) -> Result<Vec<u8>, Misuse> {
        if is_for_a_message(format, content) {
            return Err(Misuse::MessageForm);
        }
        let (secret, to) = (self.secret(stage)?, self.role.outbound());
        let sequence = self.counters.draw(stage, format)?;
        let no_keys = |_| Misuse::NoKeys;
        match format {
            Format::Oscore => Err(Misuse::NotAMessage),
            Format::Encrypt0 => {
                cose::seal_encrypt0(&export::encrypt0(&secret, to).map_err(no_keys)?, sequence, content)
            }
            Format::Mac0 => cose::seal_mac0(&export::mac0(&secret, to).map_err(no_keys)?, sequence, content),
            Format::Jwe => {
                let key = export::jwe(&secret, to).map_err(no_keys)?;
                seal_jwe(&key, sequence, exp, content, Serialization::Compact).map(String::into_bytes)
            }
            Format::Jws => {
                let key = export::jws(&secret, to).map_err(no_keys)?;
                seal_jws(&key, sequence, exp, content, Serialization::Compact).map(String::into_bytes)
            }
        }
    }

    /// Opens an object, once. `now` in UNIX seconds, `None` without a clock. A message of section 16 is `Malformed`, and can still be opened as such.
    pub fn open(
        &mut self,
        format: Format,
        now: Option<u64>,
        object: &[u8],
    ) -> Result<(Stage, Vec<u8>), Error<Infallible>> {
        let text = || std::str::from_utf8(object).map(str::trim_end).map_err(|_| Reject::Malformed);
        let from = self.role.inbound();
        let no_keys = |_| Misuse::NoKeys;
        let opened = self.first(|exchange, stage| {
            let secret = exchange.secret(stage)?;
            let numbers = exchange.counters.of(stage, format);
            let Ok(before) = WindowStore::load(numbers);
            let content = match format {
                Format::Oscore => return Err(Misuse::NotAMessage.into()),
                Format::Encrypt0 => {
                    let key = export::encrypt0(&secret, from).map_err(no_keys)?;
                    cose::open_encrypt0(&key, numbers, object)?.to_vec()
                }
                Format::Mac0 => cose::open_mac0(&export::mac0(&secret, from).map_err(no_keys)?, numbers, object)?,
                Format::Jwe => open_jwe(&export::jwe(&secret, from).map_err(no_keys)?, numbers, now, text()?)?.to_vec(),
                Format::Jws => open_jws(&export::jws(&secret, from).map_err(no_keys)?, numbers, now, text()?)?,
            };
            if is_for_a_message(format, &content) {
                let Ok(()) = WindowStore::save(numbers, &before);
                return Err(Reject::Malformed.into());
            }
            Ok(content)
        })?;
        self.counters.accepted(opened.0);
        Ok(opened)
    }

    /// Tries the session keys, and the early ones if those are not meant.
    fn first<T>(
        &mut self,
        open: impl Fn(&mut Self, Stage) -> Result<T, Error<Infallible>>,
    ) -> Result<(Stage, T), Error<Infallible>> {
        for stage in [Stage::Session, Stage::Early] {
            match open(self, stage) {
                Err(Error::Peer(Reject::UnknownKey) | Error::Caller(Misuse::NoKeys)) => {}
                opened => return opened.map(|content| (stage, content)),
            }
        }
        Err(Reject::UnknownKey.into())
    }
}

/// Would the other end take this content for a request or a response?
fn is_for_a_message(format: Format, content: &[u8]) -> bool {
    matches!(format, Format::Encrypt0 | Format::Jwe) && request::is_content(content)
}
