//! Records in redb's tables. Keys and values are bytes: [`keys`], and records in CBOR.

use super::rows::{
    Definition, Lazy, ReadOnly, Readable, collect, damaged, decode, encode, last, number, put, read, remove, value,
};
use super::{failed, keys};
use crate::record::{
    Address, BatchRecord, ExchangeRecord, NodeId, NodeRecord, Place, Representation, RequestRecord, RequestState,
};
use crate::store::{Read, StoreError, Write};
use dke::crypto::Hash;
use redb::{Database, ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _, WriteTransaction};
use std::ops::Bound;

const FORMAT: Definition = Definition::new("format");
const NODES: Definition = Definition::new("nodes");
/// Nodes that registered themselves, by their addresses.
const REGISTRATIONS: Definition = Definition::new("registrations");
/// How many bytes are stored for these, by their addresses.
const BYTES: Definition = Definition::new("bytes");
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
/// Rows of the format's table: how often gateways were started over this store, and for how many seconds they have run.
const STARTS: &[u8] = b"starts";
const UPTIME: &[u8] = b"uptime";

/// All tables of one transaction.
struct All<T> {
    format: T,
    nodes: T,
    registrations: T,
    bytes: T,
    batches: T,
    exchanges: T,
    queue: T,
    due: T,
    representations: T,
    requests: T,
    responses: T,
    digests: T,
    requests_due: T,
}

impl<T> All<T> {
    fn of(table: impl Fn(Definition) -> Result<T, StoreError>) -> Result<All<T>, StoreError> {
        Ok(All {
            format: table(FORMAT)?,
            nodes: table(NODES)?,
            registrations: table(REGISTRATIONS)?,
            bytes: table(BYTES)?,
            batches: table(BATCHES)?,
            exchanges: table(EXCHANGES)?,
            queue: table(QUEUE)?,
            due: table(DUE)?,
            representations: table(REPRESENTATIONS)?,
            requests: table(REQUESTS)?,
            responses: table(RESPONSES)?,
            digests: table(DIGESTS)?,
            requests_due: table(REQUESTS_DUE)?,
        })
    }
}

/// A read transaction.
pub(super) struct Reading(All<ReadOnly>);

impl Reading {
    pub(super) fn begin(database: &Database) -> Result<Reading, StoreError> {
        let transaction = database.begin_read().map_err(failed)?;
        All::of(|definition| transaction.open_table(definition).map_err(failed)).map(Reading)
    }
}

/// Is this a gateway's store?
pub(super) fn check_format(database: &Database) -> Result<(), String> {
    let transaction = database.begin_read().map_err(|error| error.to_string())?;
    let table = transaction.open_table(FORMAT).map_err(|_| "it is not a gateway's store".to_string())?;
    match table.get(b"version".as_slice()) {
        Ok(Some(version)) if version.value() == VERSION => Ok(()),
        _ => Err("it has another format than dke-gateway-1".into()),
    }
}

/// Makes the tables that are not there yet.
fn make_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    All::of(|definition| transaction.open_table(definition).map_err(failed)).map(drop)
}

/// A store when it is opened: which start of a gateway over it this is, and for how many seconds gateways have run before.
#[derive(Clone, Copy)]
pub(super) struct Opened {
    pub(super) start: u64,
    pub(super) uptime: u64,
}

/// A write transaction.
pub(super) struct Writing<'t> {
    tables: All<Lazy<'t>>,
    full: bool,
    changed: bool,
}

impl<'t> Writing<'t> {
    pub(super) fn begin(transaction: &'t WriteTransaction, full: bool) -> Result<Writing<'t>, StoreError> {
        let tables = All::of(|definition| Ok(Lazy::new(transaction, definition)))?;
        Ok(Writing { tables, full, changed: false })
    }

    /// A new, empty store.
    pub(super) fn create(database: &Database) -> Result<(), StoreError> {
        let transaction = database.begin_write().map_err(failed)?;
        make_tables(&transaction)?;
        {
            let mut format = transaction.open_table(FORMAT).map_err(failed)?;
            format.insert(b"version".as_slice(), VERSION).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }

    /// Counts one more start.
    pub(super) fn begin_start(database: &Database) -> Result<Opened, StoreError> {
        let transaction = database.begin_write().map_err(failed)?;
        make_tables(&transaction)?;
        let opened = {
            let mut format = Lazy::new(&transaction, FORMAT);
            let number =
                |key| Ok(value(&format, key)?.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes));
            let (start, uptime) = (number(STARTS)?.saturating_add(1), number(UPTIME)?);
            put(&mut format, STARTS, &start.to_be_bytes())?;
            Opened { start, uptime }
        };
        transaction.commit().map_err(failed)?;
        Ok(opened)
    }

    /// Is there anything to commit?
    pub(super) fn changed(&self) -> bool {
        self.changed
    }

    /// So many bytes more are stored for a node, or fewer. They are counted if it registered itself.
    fn grow(&mut self, node: &NodeId, by_bytes: i64) -> Result<(), StoreError> {
        // A gateway that is not open has none, and need not look.
        if self.tables.registrations.table()?.is_empty().map_err(failed)? {
            return Ok(());
        }
        let Some(by) = self.node(node)?.and_then(|record| record.by) else { return Ok(()) };
        let bytes = self.bytes_by(&by)?.saturating_add_signed(by_bytes);
        match bytes {
            0 => remove(&mut self.tables.bytes, &by).map(drop),
            bytes => put(&mut self.tables.bytes, &by, &bytes.to_be_bytes()).map(drop),
        }
    }
}

/// What has all tables can be read from.
trait Tables {
    type Table: Readable;
    fn tables(&self) -> &All<Self::Table>;
}

impl Tables for Reading {
    type Table = ReadOnly;

    fn tables(&self) -> &All<Self::Table> {
        &self.0
    }
}

impl<'t> Tables for Writing<'t> {
    type Table = Lazy<'t>;

    fn tables(&self) -> &All<Self::Table> {
        &self.tables
    }
}

impl<S: Tables> Read for S {
    fn node(&self, node: &NodeId) -> Result<Option<NodeRecord>, StoreError> {
        decode(value(&self.tables().nodes, node)?)
    }

    fn nodes(&self, after: Option<&NodeId>, limit: usize) -> Result<Vec<(NodeId, NodeRecord)>, StoreError> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.as_slice()));
        let rows = self.tables().nodes.table()?.range::<&[u8]>((from, Bound::Unbounded)).map_err(failed)?;
        rows.take(limit)
            .map(|row| {
                let (key, value) = row.map_err(failed)?;
                let node = keys::read_node(key.value()).ok_or_else(|| damaged("a key has another form"))?;
                Ok((node, self::read(value.value())?))
            })
            .collect()
    }

    fn nodes_len(&self) -> Result<u64, StoreError> {
        self.tables().nodes.table()?.len().map_err(failed)
    }

    fn batch(&self, node: &NodeId, epoch: u64, see: &mut dyn FnMut(BatchRecord<'_>)) -> Result<bool, StoreError> {
        let Some(bytes) = self.tables().batches.table()?.get(keys::batch(node, epoch).as_slice()).map_err(failed)?
        else {
            return Ok(false);
        };
        see(read(bytes.value())?);
        Ok(true)
    }

    fn exchange(&self, place: &Place) -> Result<Option<ExchangeRecord>, StoreError> {
        let (key, tables) = (keys::place(place), self.tables());
        let waits = value(&tables.queue, &key)?;
        decode(if waits.is_some() { waits } else { value(&tables.exchanges, &key)? })
    }

    fn taken(&self, node: &NodeId, epoch: u64) -> Result<Vec<u8>, StoreError> {
        let prefix = keys::batch(node, epoch);
        let index = |key: &[u8]| keys::read_place(key).map(|place| place.index);
        let mut taken = collect(&self.tables().queue, &prefix, usize::MAX, index)?;
        taken.extend(collect(&self.tables().exchanges, &prefix, usize::MAX, index)?);
        Ok(taken)
    }

    fn waiting(&self, node: &NodeId, limit: usize) -> Result<Vec<Place>, StoreError> {
        collect(&self.tables().queue, node, limit, keys::read_place)
    }

    fn answered(&self, node: &NodeId) -> Result<Vec<Place>, StoreError> {
        collect(&self.tables().exchanges, node, usize::MAX, keys::read_place)
    }

    fn registered_by(&self, by: &Address, limit: usize) -> Result<Vec<NodeId>, StoreError> {
        collect(&self.tables().registrations, by, limit, keys::read_registration)
    }

    fn bytes_by(&self, by: &Address) -> Result<u64, StoreError> {
        Ok(number(value(&self.tables().bytes, by)?, "a count of bytes")?.unwrap_or_default())
    }

    fn due_after(&self, up: u64, limit: usize) -> Result<Vec<(u64, Place)>, StoreError> {
        last(&self.tables().due, &up.saturating_add(1).to_be_bytes(), limit, keys::read_due)
    }

    fn requests_due_after(&self, up: u64, limit: usize) -> Result<Vec<(u64, NodeId, u64)>, StoreError> {
        last(&self.tables().requests_due, &up.saturating_add(1).to_be_bytes(), limit, keys::read_request_due)
    }

    fn due(&self, up: u64, limit: usize) -> Result<Vec<(u64, Place)>, StoreError> {
        let first = collect(&self.tables().due, &[], limit, keys::read_due)?;
        Ok(first.into_iter().take_while(|(at, _)| *at < up).collect())
    }

    fn representation(&self, node: &NodeId, name: &str) -> Result<Option<Representation>, StoreError> {
        decode(value(&self.tables().representations, &keys::representation(node, name))?)
    }

    fn request(&self, node: &NodeId, number: u64) -> Result<Option<RequestRecord>, StoreError> {
        let key = keys::request(node, number);
        let waits = value(&self.tables().requests, &key)?;
        decode(if waits.is_some() { waits } else { value(&self.tables().responses, &key)? })
    }

    fn request_number(&self, node: &NodeId, digest: &Hash) -> Result<Option<u64>, StoreError> {
        number(value(&self.tables().digests, &keys::digest(node, digest))?, "a request's number")
    }

    fn requests_waiting(&self, node: &NodeId, limit: usize) -> Result<Vec<u64>, StoreError> {
        collect(&self.tables().requests, node, limit, |key| Some(keys::read_request(key)?.1))
    }

    fn requests_answered(&self, node: &NodeId, limit: usize) -> Result<Vec<u64>, StoreError> {
        collect(&self.tables().responses, node, limit, |key| Some(keys::read_request(key)?.1))
    }

    fn requests_due(&self, up: u64, limit: usize) -> Result<Vec<(u64, NodeId, u64)>, StoreError> {
        let first = collect(&self.tables().requests_due, &[], limit, keys::read_request_due)?;
        Ok(first.into_iter().take_while(|(at, _, _)| *at < up).collect())
    }
}

impl Write for Writing<'_> {
    fn put_uptime(&mut self, up: u64) -> Result<(), StoreError> {
        self.changed = true;
        put(&mut self.tables.format, UPTIME, &up.to_be_bytes()).map(drop)
    }

    fn room(&self) -> Result<(), StoreError> {
        if self.full { Err(StoreError::Full) } else { Ok(()) }
    }

    fn put_node(&mut self, node: &NodeId, record: &NodeRecord) -> Result<(), StoreError> {
        self.changed = true;
        if let Some(by) = &record.by {
            put(&mut self.tables.registrations, &keys::registration(by, node), &[])?;
        }
        put(&mut self.tables.nodes, node, &encode(record)?).map(drop)
    }

    fn remove_node(&mut self, node: &NodeId, record: &NodeRecord) -> Result<(), StoreError> {
        self.changed = true;
        if let Some(by) = &record.by {
            remove(&mut self.tables.registrations, &keys::registration(by, node))?;
        }
        remove(&mut self.tables.nodes, node).map(drop)
    }

    fn put_batch(&mut self, node: &NodeId, epoch: u64, record: &BatchRecord<'_>) -> Result<(), StoreError> {
        self.changed = true;
        let more = put(&mut self.tables.batches, &keys::batch(node, epoch), &encode(record)?)?;
        self.grow(node, more)
    }

    fn remove_batch(&mut self, node: &NodeId, epoch: u64) -> Result<(), StoreError> {
        self.changed = true;
        let fewer = remove(&mut self.tables.batches, &keys::batch(node, epoch))?.unwrap_or_default();
        self.grow(node, fewer.saturating_neg())
    }

    fn put_exchange(&mut self, place: &Place, record: &ExchangeRecord) -> Result<(), StoreError> {
        self.changed = true;
        let (key, value) = (keys::place(place), encode(record)?);
        let more = if record.waits() {
            put(&mut self.tables.queue, &key, &value)?
        } else {
            let fewer = remove(&mut self.tables.queue, &key)?.unwrap_or_default();
            put(&mut self.tables.exchanges, &key, &value)?.saturating_sub(fewer)
        };
        self.grow(&place.node, more)
    }

    fn remove_exchange(&mut self, place: &Place) -> Result<bool, StoreError> {
        self.changed = true;
        let key = keys::place(place);
        let rows = [remove(&mut self.tables.queue, &key)?, remove(&mut self.tables.exchanges, &key)?];
        self.grow(&place.node, rows.into_iter().flatten().fold(0, i64::saturating_sub))?;
        Ok(rows.iter().any(Option::is_some))
    }

    fn put_due(&mut self, at: u64, place: &Place) -> Result<(), StoreError> {
        self.changed = true;
        put(&mut self.tables.due, &keys::due(at, place), &[]).map(drop)
    }

    fn remove_due(&mut self, at: u64, place: &Place) -> Result<(), StoreError> {
        self.changed = true;
        remove(&mut self.tables.due, &keys::due(at, place)).map(drop)
    }

    fn put_representation(&mut self, node: &NodeId, name: &str, record: &Representation) -> Result<(), StoreError> {
        self.changed = true;
        let more = put(&mut self.tables.representations, &keys::representation(node, name), &encode(record)?)?;
        self.grow(node, more)
    }

    fn remove_representation(&mut self, node: &NodeId, name: &str) -> Result<bool, StoreError> {
        self.changed = true;
        let fewer = remove(&mut self.tables.representations, &keys::representation(node, name))?;
        self.grow(node, fewer.unwrap_or_default().saturating_neg())?;
        Ok(fewer.is_some())
    }

    fn put_request(&mut self, node: &NodeId, number: u64, record: &RequestRecord) -> Result<(), StoreError> {
        self.changed = true;
        let (key, value) = (keys::request(node, number), encode(record)?);
        put(&mut self.tables.digests, &keys::digest(node, &record.digest), &number.to_be_bytes())?;
        let more = match record.state {
            RequestState::Waits { .. } => put(&mut self.tables.requests, &key, &value)?,
            RequestState::Answered { .. } => {
                let fewer = remove(&mut self.tables.requests, &key)?.unwrap_or_default();
                put(&mut self.tables.responses, &key, &value)?.saturating_sub(fewer)
            }
        };
        self.grow(node, more)
    }

    fn remove_request(&mut self, node: &NodeId, number: u64) -> Result<bool, StoreError> {
        let Some(record) = self.request(node, number)? else { return Ok(false) };
        self.changed = true;
        let key = keys::request(node, number);
        remove(&mut self.tables.digests, &keys::digest(node, &record.digest))?;
        let rows = [remove(&mut self.tables.requests, &key)?, remove(&mut self.tables.responses, &key)?];
        self.grow(node, rows.into_iter().flatten().fold(0, i64::saturating_sub))?;
        Ok(true)
    }

    fn put_request_due(&mut self, at: u64, node: &NodeId, number: u64) -> Result<(), StoreError> {
        self.changed = true;
        put(&mut self.tables.requests_due, &keys::request_due(at, node, number), &[]).map(drop)
    }

    fn remove_request_due(&mut self, at: u64, node: &NodeId, number: u64) -> Result<(), StoreError> {
        self.changed = true;
        remove(&mut self.tables.requests_due, &keys::request_due(at, node, number)).map(drop)
    }
}
