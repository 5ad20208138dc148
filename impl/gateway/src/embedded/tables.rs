//! Records in redb's tables. Keys and values are bytes: [`keys`], and records in CBOR.

use super::rows::{Definition, Lazy, Rows, collect, damaged, decode, encode, put, read, remove};
use super::{failed, keys};
use crate::record::{
    BatchRecord, ExchangeRecord, NodeId, NodeRecord, Place, Representation, RequestRecord, RequestState,
};
use crate::store::{Read, StoreError, Write};
use dke::crypto::Hash;
use redb::{Database, ReadTransaction, ReadableDatabase as _, ReadableTable, WriteTransaction};
use std::ops::ControlFlow;

const FORMAT: Definition = Definition::new("format");
const NODES: Definition = Definition::new("nodes");
const BATCHES: Definition = Definition::new("batches");
/// Exchanges that do not wait any more.
const EXCHANGES: Definition = Definition::new("exchanges");
/// Exchanges that wait for their nodes.
const QUEUE: Definition = Definition::new("queue");
const DUE: Definition = Definition::new("due");
const REPRESENTATIONS: Definition = Definition::new("representations");
/// Requests that wait for their nodes.
const REQUESTS: Definition = Definition::new("requests");
/// Requests that have been answered.
const RESPONSES: Definition = Definition::new("responses");
/// Numbers of requests by their digests.
const DIGESTS: Definition = Definition::new("digests");
const REQUESTS_DUE: Definition = Definition::new("requests due");

const VERSION: &[u8] = b"dke-gateway-1";

/// A read transaction.
pub(super) struct Reading(ReadTransaction);

impl Reading {
    pub(super) fn begin(database: &Database) -> Result<Reading, StoreError> {
        database.begin_read().map(Reading).map_err(failed)
    }

    fn table(&self, definition: Definition) -> Result<impl ReadableTable<&'static [u8], &'static [u8]>, StoreError> {
        self.0.open_table(definition).map_err(failed)
    }

    /// Is this a gateway's store?
    pub(super) fn check_format(&self) -> Result<(), String> {
        let table = self.table(FORMAT).map_err(|_| "it is not a gateway's store".to_string())?;
        match table.get(b"version".as_slice()) {
            Ok(Some(version)) if version.value() == VERSION => Ok(()),
            _ => Err("it has another format than dke-gateway-1".into()),
        }
    }
}

/// A write transaction and its tables.
pub(super) struct Writing<'t> {
    nodes: Lazy<'t>,
    batches: Lazy<'t>,
    exchanges: Lazy<'t>,
    queue: Lazy<'t>,
    due: Lazy<'t>,
    representations: Lazy<'t>,
    requests: Lazy<'t>,
    responses: Lazy<'t>,
    digests: Lazy<'t>,
    requests_due: Lazy<'t>,
    full: bool,
    changed: bool,
}

impl<'t> Writing<'t> {
    pub(super) fn begin(transaction: &'t WriteTransaction, full: bool) -> Writing<'t> {
        let table = |definition| Lazy::new(transaction, definition);
        Writing {
            nodes: table(NODES),
            batches: table(BATCHES),
            exchanges: table(EXCHANGES),
            queue: table(QUEUE),
            due: table(DUE),
            representations: table(REPRESENTATIONS),
            requests: table(REQUESTS),
            responses: table(RESPONSES),
            digests: table(DIGESTS),
            requests_due: table(REQUESTS_DUE),
            full,
            changed: false,
        }
    }

    /// A new, empty store.
    pub(super) fn create(database: &Database) -> Result<(), StoreError> {
        let transaction = database.begin_write().map_err(failed)?;
        {
            let mut format = transaction.open_table(FORMAT).map_err(failed)?;
            format.insert(b"version".as_slice(), VERSION).map_err(failed)?;
            make_tables(&transaction)?;
        }
        transaction.commit().map_err(failed)
    }

    /// Counts one more start, and adds the tables that an older gateway did not make. Returns which start it is.
    pub(super) fn begin_start(database: &Database) -> Result<u64, StoreError> {
        const STARTS: &[u8] = b"starts";
        let transaction = database.begin_write().map_err(failed)?;
        let start = {
            let mut format = transaction.open_table(FORMAT).map_err(failed)?;
            let before = format.value(STARTS)?.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
            let start = before.saturating_add(1);
            format.insert(STARTS, start.to_be_bytes().as_slice()).map_err(failed)?;
            make_tables(&transaction)?;
            start
        };
        transaction.commit().map_err(failed)?;
        Ok(start)
    }

    /// Is there anything to commit?
    pub(super) fn changed(&self) -> bool {
        self.changed
    }
}

/// Makes the tables that there are not yet.
fn make_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let all = [NODES, BATCHES, EXCHANGES, QUEUE, DUE, REPRESENTATIONS, REQUESTS, RESPONSES, DIGESTS, REQUESTS_DUE];
    all.into_iter().try_for_each(|table| transaction.open_table(table).map(drop).map_err(failed))
}

trait Tables {
    fn with<T>(
        &self,
        definition: Definition,
        read: impl FnOnce(&dyn Rows) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;
}

impl Tables for Reading {
    fn with<T>(
        &self,
        definition: Definition,
        read: impl FnOnce(&dyn Rows) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        read(&self.table(definition)?)
    }
}

impl Tables for Writing<'_> {
    fn with<T>(
        &self,
        definition: Definition,
        read: impl FnOnce(&dyn Rows) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let table = match redb::TableHandle::name(&definition) {
            "nodes" => &self.nodes,
            "batches" => &self.batches,
            "exchanges" => &self.exchanges,
            "queue" => &self.queue,
            "due" => &self.due,
            "requests" => &self.requests,
            "responses" => &self.responses,
            "digests" => &self.digests,
            "requests due" => &self.requests_due,
            _ => &self.representations,
        };
        read(table.get()?)
    }
}

impl<S: Tables> Read for S {
    fn node(&self, node: &NodeId) -> Result<Option<NodeRecord>, StoreError> {
        decode(self.with(NODES, |rows| rows.value(node))?)
    }

    fn nodes(&self, after: Option<&NodeId>, limit: usize) -> Result<Vec<(NodeId, NodeRecord)>, StoreError> {
        let from = after.map_or_else(Vec::new, |after| after.to_vec());
        let mut found = Vec::new();
        self.with(NODES, |rows| {
            rows.visit(&from, &mut |key, value| {
                if found.len() >= limit {
                    return ControlFlow::Break(());
                }
                if after.is_none_or(|after| key != after) {
                    found.push((keys::read_node(key), value.to_vec()));
                }
                ControlFlow::Continue(())
            })
        })?;
        let read = |(node, value): (Option<NodeId>, Vec<u8>)| {
            let record = decode(Some(value))?;
            node.zip(record).ok_or_else(|| damaged("a key has another form"))
        };
        found.into_iter().map(read).collect()
    }

    fn nodes_len(&self) -> Result<u64, StoreError> {
        self.with(NODES, |rows| rows.rows())
    }

    fn batch(&self, node: &NodeId, epoch: u64, see: &mut dyn FnMut(BatchRecord<'_>)) -> Result<bool, StoreError> {
        self.with(BATCHES, |rows| {
            let mut shown = Ok(false);
            rows.show(&keys::batch(node, epoch), &mut |bytes| {
                shown = read(bytes).map(|batch| {
                    see(batch);
                    true
                });
            })?;
            shown
        })
    }

    fn exchange(&self, place: &Place) -> Result<Option<ExchangeRecord>, StoreError> {
        let key = keys::place(place);
        let waits = self.with(QUEUE, |rows| rows.value(&key))?;
        decode(if waits.is_some() { waits } else { self.with(EXCHANGES, |rows| rows.value(&key))? })
    }

    fn taken(&self, node: &NodeId, epoch: u64) -> Result<Vec<u8>, StoreError> {
        let prefix = keys::batch(node, epoch);
        let index = |key: &[u8]| keys::read_place(key).map(|place| place.index);
        let mut taken = self.with(QUEUE, |rows| collect(rows, &prefix, usize::MAX, index))?;
        taken.extend(self.with(EXCHANGES, |rows| collect(rows, &prefix, usize::MAX, index))?);
        Ok(taken)
    }

    fn waiting(&self, node: &NodeId, limit: usize) -> Result<Vec<Place>, StoreError> {
        self.with(QUEUE, |rows| collect(rows, node, limit, keys::read_place))
    }

    fn due(&self, now: u64, limit: usize) -> Result<Vec<(u64, Place)>, StoreError> {
        let first = self.with(DUE, |rows| collect(rows, &[], limit, keys::read_due))?;
        Ok(first.into_iter().take_while(|(at, _)| *at < now).collect())
    }

    fn representation(&self, node: &NodeId, name: &str) -> Result<Option<Representation>, StoreError> {
        decode(self.with(REPRESENTATIONS, |rows| rows.value(&keys::representation(node, name)))?)
    }

    fn request(&self, node: &NodeId, number: u64) -> Result<Option<RequestRecord>, StoreError> {
        let key = keys::request(node, number);
        let waits = self.with(REQUESTS, |rows| rows.value(&key))?;
        decode(if waits.is_some() { waits } else { self.with(RESPONSES, |rows| rows.value(&key))? })
    }

    fn request_number(&self, node: &NodeId, digest: &Hash) -> Result<Option<u64>, StoreError> {
        let number = self.with(DIGESTS, |rows| rows.value(&keys::digest(node, digest)))?;
        let read = |bytes: Vec<u8>| bytes.try_into().map(u64::from_be_bytes);
        number.map(read).transpose().map_err(|_| damaged("a request's number has another form"))
    }

    fn requests_waiting(&self, node: &NodeId, limit: usize) -> Result<Vec<u64>, StoreError> {
        self.with(REQUESTS, |rows| collect(rows, node, limit, |key| Some(keys::read_request(key)?.1)))
    }

    fn requests_answered(&self, node: &NodeId, limit: usize) -> Result<Vec<u64>, StoreError> {
        self.with(RESPONSES, |rows| collect(rows, node, limit, |key| Some(keys::read_request(key)?.1)))
    }

    fn requests_due(&self, now: u64, limit: usize) -> Result<Vec<(u64, NodeId, u64)>, StoreError> {
        let first = self.with(REQUESTS_DUE, |rows| collect(rows, &[], limit, keys::read_request_due))?;
        Ok(first.into_iter().take_while(|(at, _, _)| *at < now).collect())
    }
}

impl Write for Writing<'_> {
    fn room(&self) -> Result<(), StoreError> {
        if self.full { Err(StoreError::Full) } else { Ok(()) }
    }

    fn put_node(&mut self, node: &NodeId, record: &NodeRecord) -> Result<(), StoreError> {
        self.changed = true;
        put(&mut self.nodes, node, &encode(record)?)
    }

    fn put_batch(&mut self, node: &NodeId, epoch: u64, record: &BatchRecord<'_>) -> Result<(), StoreError> {
        self.changed = true;
        put(&mut self.batches, &keys::batch(node, epoch), &encode(record)?)
    }

    fn remove_batch(&mut self, node: &NodeId, epoch: u64) -> Result<(), StoreError> {
        self.changed = true;
        remove(&mut self.batches, &keys::batch(node, epoch)).map(drop)
    }

    fn put_exchange(&mut self, place: &Place, record: &ExchangeRecord) -> Result<(), StoreError> {
        self.changed = true;
        let (key, value) = (keys::place(place), encode(record)?);
        if record.waits() {
            return put(&mut self.queue, &key, &value);
        }
        remove(&mut self.queue, &key)?;
        put(&mut self.exchanges, &key, &value)
    }

    fn remove_exchange(&mut self, place: &Place) -> Result<(), StoreError> {
        self.changed = true;
        let key = keys::place(place);
        remove(&mut self.queue, &key)?;
        remove(&mut self.exchanges, &key).map(drop)
    }

    fn put_due(&mut self, at: u64, place: &Place) -> Result<(), StoreError> {
        self.changed = true;
        put(&mut self.due, &keys::due(at, place), &[])
    }

    fn remove_due(&mut self, at: u64, place: &Place) -> Result<(), StoreError> {
        self.changed = true;
        remove(&mut self.due, &keys::due(at, place)).map(drop)
    }

    fn put_representation(&mut self, node: &NodeId, name: &str, record: &Representation) -> Result<(), StoreError> {
        self.changed = true;
        put(&mut self.representations, &keys::representation(node, name), &encode(record)?)
    }

    fn remove_representation(&mut self, node: &NodeId, name: &str) -> Result<bool, StoreError> {
        self.changed = true;
        remove(&mut self.representations, &keys::representation(node, name))
    }

    fn put_request(&mut self, node: &NodeId, number: u64, record: &RequestRecord) -> Result<(), StoreError> {
        self.changed = true;
        let (key, value) = (keys::request(node, number), encode(record)?);
        put(&mut self.digests, &keys::digest(node, &record.digest), &number.to_be_bytes())?;
        match record.state {
            RequestState::Waits { .. } => put(&mut self.requests, &key, &value),
            RequestState::Answered { .. } => {
                remove(&mut self.requests, &key)?;
                put(&mut self.responses, &key, &value)
            }
        }
    }

    fn remove_request(&mut self, node: &NodeId, number: u64) -> Result<(), StoreError> {
        let Some(record) = self.request(node, number)? else { return Ok(()) };
        self.changed = true;
        let key = keys::request(node, number);
        remove(&mut self.digests, &keys::digest(node, &record.digest))?;
        remove(&mut self.requests, &key)?;
        remove(&mut self.responses, &key).map(drop)
    }

    fn put_request_due(&mut self, at: u64, node: &NodeId, number: u64) -> Result<(), StoreError> {
        self.changed = true;
        put(&mut self.requests_due, &keys::request_due(at, node, number), &[])
    }

    fn remove_request_due(&mut self, at: u64, node: &NodeId, number: u64) -> Result<(), StoreError> {
        self.changed = true;
        remove(&mut self.requests_due, &keys::request_due(at, node, number)).map(drop)
    }
}
