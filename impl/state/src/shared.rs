//! The client's directory for a call that waits for the node: locked for each step only.

use crate::client::ClientDir;
use crate::disk::Disk;
use crate::error::Error;
use crate::files::Locked;
use crate::session::SessionState;
use dke::crypto::Hash;
use dke::store::{ClientStore, Pending};
use dke::{Credential, Session};
use std::sync::Arc;

/// The client's directory, locked for each step only: other processes work while this one waits.
pub struct SharedClientDir {
    disk: Arc<dyn Disk>,
    node: String,
    node_hash: Hash,
    /// An exchange has ended in this state, which is not stored yet: it becomes durable in one with the session.
    ended: Option<ClientDir>,
}

impl SharedClientDir {
    /// For exchanges with this node.
    pub fn new(disk: Arc<dyn Disk>, node: &Credential<'_>) -> SharedClientDir {
        SharedClientDir { disk, node: node.subject().to_string(), node_hash: *node.hash(), ended: None }
    }

    fn open(&self) -> Result<ClientDir, Error> {
        ClientDir::open(Locked::wait_on(&self.disk)?)
    }

    /// The exchange has ended with a session: stores both in one.
    pub fn keep(mut self, session: &Session, early: &[u8; 32]) -> Result<(), Error> {
        let session = SessionState::new(&self.node, &self.node_hash, session, early);
        self.ended.take().map_or(Ok(()), |mut file| file.keep(session))
    }

    /// The exchange has not ended, or without a session: stores that.
    pub fn settle(mut self) -> Result<(), Error> {
        self.ended.take().map_or(Ok(()), |mut file| file.save())
    }
}

impl ClientStore for SharedClientDir {
    type Error = Error;

    fn highest_epoch(&self, node: &Hash) -> Result<u64, Error> {
        self.open()?.highest_epoch(node)
    }

    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Error> {
        // The exchange before this one may have ended without a session.
        let mut file = match self.ended.take() {
            Some(file) => file,
            None => self.open()?,
        };
        file.state.names.insert(hex::encode(pending.node), self.node.clone());
        file.begin(pending)
    }

    fn end(&mut self, exchange: &Hash) -> Result<(), Error> {
        let mut file = self.open()?;
        file.end(exchange)?;
        self.ended = Some(file);
        Ok(())
    }
}
