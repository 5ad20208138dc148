//! The client's directory for a call that waits for the node: locked for each step only.

use crate::calls::CallState;
use crate::client::{ClientDir, PendingState};
use crate::disk::Disk;
use crate::error::Error;
use crate::files::Locked;
use crate::hexed::HexN;
use crate::session::SessionState;
use crate::undelivered::Undelivered;
use dke::Credential;
use dke::call::Number;
use dke::client::AwaitingConfirm;
use dke::crypto::Hash;
use dke::store::{ClientStore as _, Pending};
use dke_agent::{Begun, CallStore, Called, Open, Resumed};
use std::sync::Arc;

/// The client's directory, locked for each step only: other processes work while this one waits.
pub struct SharedClientDir {
    disk: Arc<dyn Disk>,
    node: String,
    node_hash: Hash,
    cwt: Option<Vec<u8>>,
    telling: Option<Telling>,
}

/// What is to be told of an answer, given the node's subject.
pub type Telling = fn(&str, &Called) -> Vec<(String, serde_json::Value)>;

/// What can be resumed, and under which credential.
pub struct Resumable {
    /// The call with its exchanges, or one exchange without a call.
    pub resumed: Resumed,
    /// The CWT under which the call was made; none under the pinned credential.
    pub cwt: Option<Vec<u8>>,
}

impl SharedClientDir {
    /// For calls to this node, under this CWT or under the pinned credential.
    pub fn new(disk: Arc<dyn Disk>, node: &Credential<'_>, cwt: Option<&[u8]>) -> SharedClientDir {
        SharedClientDir {
            disk,
            node: node.subject().to_string(),
            node_hash: *node.hash(),
            cwt: cwt.map(<[u8]>::to_vec),
            telling: None,
        }
    }

    /// Answers stay here until they were delivered: [`Undelivered`], by [`Undelivered::of_call`].
    pub fn telling(self, telling: Telling) -> SharedClientDir {
        SharedClientDir { telling: Some(telling), ..self }
    }

    fn open(&self) -> Result<ClientDir, Error> {
        ClientDir::open(Locked::wait_on(&self.disk)?)
    }

    /// All calls to this node that have no answer, and exchanges with it that belong to none; oldest first.
    pub fn resumable(&self) -> Result<Vec<Resumable>, Error> {
        let dir = self.open()?;
        let file = dir.file();
        let open = |one: &PendingState| {
            let awaiting = one.awaiting(&file)?;
            Ok(Open { initiate: one.initiate.0.clone(), awaiting })
        };
        let here = |node: &Hash| *node == self.node_hash;
        let mut all = Vec::new();
        for call in dir.state.calls.iter().filter(|call| here(&call.node.0)) {
            let exchanges = dir.state.exchanges_of(&call.number.0).map(open).collect::<Result<_, Error>>()?;
            let resumed = Resumed { call: Some(call.begun(&file)?), exchanges };
            all.push(Resumable { resumed, cwt: call.cwt.as_ref().map(|cwt| cwt.0.clone()) });
        }
        for one in dir.state.pending.iter().filter(|one| here(&one.node.0) && one.call.is_none()) {
            all.push(Resumable { resumed: Resumed { call: None, exchanges: vec![open(one)?] }, cwt: None });
        }
        Ok(all)
    }

    /// Forgets what can be resumed with this node, but for exchanges under whose early keys a request awaits its response. Returns the
    /// numbers of the calls.
    pub fn give_up_all(&self) -> Result<Vec<Number>, Error> {
        let mut dir = self.open()?;
        let here = |call: &&CallState| call.node.0 == self.node_hash;
        let numbers: Vec<Number> = dir.state.calls.iter().filter(here).map(|call| call.number.0).collect();
        for number in &numbers {
            dir.end_call(number);
        }
        dir.state.pending.retain(|one| one.node.0 != self.node_hash || !one.protected.awaiting.is_empty());
        dir.save()?;
        Ok(numbers)
    }
}

impl CallStore for SharedClientDir {
    type Error = Error;

    fn highest_epoch(&self, node: &Hash) -> Result<u64, Error> {
        self.open()?.highest_epoch(node)
    }

    fn begin(&mut self, call: &Begun, pending: &Pending<'_>) -> Result<(), Error> {
        let mut dir = self.open()?;
        dir.state.names.insert(hex::encode(pending.node), self.node.clone());
        if !dir.state.calls.iter().any(|one| one.number.0 == call.number) {
            dir.state.calls.extend(CallState::new(call, pending.node, self.cwt.as_deref()));
        }
        dir.begin_as(pending, Some(&call.number))
    }

    fn finish(&mut self, exchange: &Hash, called: &Called, call: Option<&Number>) -> Result<(), Error> {
        let mut dir = self.open()?;
        // Another process may have been quicker.
        if !dir.state.pending.iter().any(|one| one.exchange.0 == *exchange) {
            return Ok(());
        }
        dir.end(exchange)?;
        if let Some(number) = call {
            dir.end_call(number);
        }
        if let Some(telling) = self.telling {
            let (from, peer) = (HexN(Undelivered::of_call(called)), HexN(self.node_hash));
            dir.state.undelivered.put(Undelivered { from, peer, facts: telling(&self.node, called), content: None })?;
        }
        dir.keep(SessionState::new(&self.node, &self.node_hash, &called.session, called.early.expose()))
    }

    fn give_up(&mut self, exchanges: &[Hash], call: Option<&Number>) -> Result<(), Error> {
        let mut dir = self.open()?;
        dir.state.pending.retain(|one| !exchanges.contains(&one.exchange.0));
        if let Some(number) = call {
            dir.end_call(number);
        }
        dir.save()
    }
}

impl PendingState {
    fn awaiting(&self, file: &std::path::Path) -> Result<AwaitingConfirm, Error> {
        let damaged = |_| Error::Damaged(file.to_path_buf(), "a pending exchange cannot be read".into());
        AwaitingConfirm::from_bytes(self.state.expose()).map_err(damaged)
    }
}
