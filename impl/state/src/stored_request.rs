//! A client's request to a node (PROTOCOL.md section 16): it is durable before it is sent, and waits for its response as long as it takes.

use crate::client::ClientDir;
use crate::disk::Disk;
use crate::error::Error;
use crate::files::Locked;
use crate::hexed::{Hex, HexN};
use crate::party::{Held, Party};
use crate::session::{AskedState, Protected};
use crate::undelivered::Undelivered;
use coap_lite::Packet;
use dke::RustCrypto;
use dke::crypto::{Crypto as _, Hash};
use dke_agent::Waiting;
use dke_app::exchange::Stage;
use dke_app::message;
use dke_app::request::Protection;
use rand_core::CryptoRngCore;
use serde_json::Value;
use std::sync::Arc;

/// A request in the client's directory, which is locked for each step only: the node may sleep for long.
pub struct StoredRequest {
    disk: Arc<dyn Disk>,
    node: Hash,
    id: [u8; 8],
    stage: Stage,
    message: Packet,
    telling: Option<TellingResponse>,
}

/// What is to be told of the response to a request.
pub type TellingResponse = fn(&StoredRequest, &Packet) -> Vec<(String, Value)>;

impl StoredRequest {
    /// Protects and stores a request, under the newest exchange that is chosen: from here on it can be sent again with the same bytes, and its
    /// number is used up. `NoExchange`, `TooManyRequests`, or what [`Exchange::ask`](dke_app::Exchange::ask) refuses.
    pub fn begin(
        disk: Arc<dyn Disk>,
        is_node: impl Fn(&Hash) -> bool,
        chosen: impl Fn(&Held<'_>) -> bool,
        protection: Protection,
        message: Packet,
        random: &mut impl CryptoRngCore,
    ) -> Result<StoredRequest, dke_app::Error<Error>> {
        let dir = ClientDir::open(Locked::wait_on(&disk).map_err(stored)?).map_err(stored)?;
        dir.has_room_for_request(&is_node).map_err(stored)?;
        let mut id = [0; 8];
        random.try_fill_bytes(&mut id).map_err(|_| stored(dke::Misuse::BrokenRandomness.into()))?;
        let mut party = Party::Client(dir);
        let here = |one: &Held<'_>| one.peer_hash.is_some_and(|hash| is_node(&hash)) && chosen(one);
        let held = party.held().map_err(stored)?.into_iter().find(here);
        let mut held = held.ok_or_else(|| stored(Error::NoExchange))?;
        let (asked, _) = held.exchange.ask(protection, &message)?;
        let node = held.peer_hash.unwrap_or_default();
        held.awaiting.push(AskedState { id: HexN(id), asked, message: Hex(message::encode(&message)?.to_vec()) });
        party.save().map_err(stored)?;
        Ok(StoredRequest { disk, node, id, stage: asked.stage, message, telling: None })
    }

    /// All requests to a node that have no response yet. `Damaged` if the file says what nobody has written.
    pub fn all(disk: &Arc<dyn Disk>, is_node: impl Fn(&Hash) -> bool) -> Result<Vec<StoredRequest>, Error> {
        let dir = ClientDir::open(Locked::wait_on(disk)?)?;
        let here =
            dir.awaiting().filter_map(|(node, protected)| Some((*node.filter(|node| is_node(node))?, protected)));
        let requests = here.flat_map(|(node, protected)| protected.awaiting.iter().map(move |one| (node, one)));
        let damaged = || Error::Damaged(dir.file(), "a request cannot be read".into());
        requests
            .map(|(node, one)| {
                let message = one.packet().ok_or_else(damaged)?;
                Ok(StoredRequest {
                    disk: disk.clone(),
                    node,
                    id: one.id.0,
                    stage: one.asked.stage,
                    message,
                    telling: None,
                })
            })
            .collect()
    }

    /// Responses stay in the directory until they were delivered: [`Undelivered`], by [`received`](Self::received).
    pub fn telling(self, telling: TellingResponse) -> StoredRequest {
        StoredRequest { telling: Some(telling), ..self }
    }

    /// These wait for a response no more.
    pub fn forget(disk: &Arc<dyn Disk>, requests: &[StoredRequest]) -> Result<(), Error> {
        let mut dir = ClientDir::open(Locked::wait_on(disk)?)?;
        let is_forgotten = |one: &AskedState| requests.iter().any(|request| request.id == one.id.0);
        dir.protected().for_each(|protected| protected.awaiting.retain(|one| !is_forgotten(one)));
        dir.save()
    }

    /// H(CRED_N) of the node that is asked.
    pub const fn node(&self) -> &Hash {
        &self.node
    }

    /// Under which keys.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// What is protected.
    pub const fn message(&self) -> &Packet {
        &self.message
    }

    /// Tells its response from all that waits to be delivered.
    pub fn received(&self) -> Hash {
        RustCrypto::sha256(&self.id)
    }

    fn open_dir(&self) -> Result<ClientDir, dke_app::Error<Error>> {
        Locked::wait_on(&self.disk).and_then(ClientDir::open).map_err(stored)
    }
}

const fn stored(error: Error) -> dke_app::Error<Error> {
    dke_app::Error::Storage(error)
}

impl Waiting for StoredRequest {
    type Error = Error;

    fn outer(&self) -> Result<Packet, dke_app::Error<Error>> {
        let mut dir = self.open_dir()?;
        let (state, held) = dir.asked(&self.id).map_err(stored)?.ok_or(stored(Error::NotAwaited))?;
        Ok(held.exchange.ask_again(&state.asked, &self.message)?)
    }

    fn open(&mut self, outer: &Packet) -> Result<Packet, dke_app::Error<Error>> {
        let mut dir = self.open_dir()?;
        let (state, mut held) = dir.asked(&self.id).map_err(stored)?.ok_or(stored(Error::NotAwaited))?;
        let opened = held.exchange.open_response(&state.asked, &self.message, outer);
        let response = opened.map_err(|error| match error {
            dke_app::Error::Peer(reject) => dke_app::Error::Peer(reject),
            dke_app::Error::Caller(misuse) => dke_app::Error::Caller(misuse),
            dke_app::Error::Storage(never) => match never {},
        })?;
        let done = |protected: &mut Protected| protected.awaiting.retain(|one| one.id.0 != self.id);
        dir.protected().for_each(done);
        if let Some(telling) = self.telling {
            let (from, peer) = (HexN(self.received()), HexN(self.node));
            let received = Undelivered { from, peer, facts: telling(self, &response), content: None };
            dir.state.undelivered.put(received).map_err(stored)?;
        }
        dir.save().map_err(stored)?;
        Ok(response)
    }
}
