//! What is read from and written to a table, whatever the transaction.

use super::failed;
use crate::store::StoreError;
use minicbor::{Decode, Encode};
use redb::{ReadOnlyTable, ReadableTable, Table, TableDefinition, WriteTransaction};
use std::cell::OnceCell;

pub(super) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;
pub(super) type ReadOnly = ReadOnlyTable<&'static [u8], &'static [u8]>;
type Open<'t> = Table<'t, &'static [u8], &'static [u8]>;

/// A table that can be read.
pub(super) trait Readable {
    type Table: ReadableTable<&'static [u8], &'static [u8]>;
    fn table(&self) -> Result<&Self::Table, StoreError>;
}

impl Readable for ReadOnly {
    type Table = ReadOnly;

    fn table(&self) -> Result<&ReadOnly, StoreError> {
        Ok(self)
    }
}

/// A table of a write transaction, opened when it is needed first: most changes need few of them.
pub(super) struct Lazy<'t> {
    transaction: &'t WriteTransaction,
    definition: Definition,
    table: OnceCell<Open<'t>>,
}

impl<'t> Lazy<'t> {
    pub(super) const fn new(transaction: &'t WriteTransaction, definition: Definition) -> Self {
        Lazy { transaction, definition, table: OnceCell::new() }
    }

    fn table_mut(&mut self) -> Result<&mut Open<'t>, StoreError> {
        self.table()?;
        self.table.get_mut().ok_or_else(|| damaged("a table is gone"))
    }
}

impl<'t> Readable for Lazy<'t> {
    type Table = Open<'t>;

    fn table(&self) -> Result<&Open<'t>, StoreError> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let table = self.transaction.open_table(self.definition).map_err(failed)?;
        Ok(self.table.get_or_init(|| table))
    }
}

pub(super) fn value(table: &impl Readable, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(table.table()?.get(key).map_err(failed)?.map(|value| value.value().to_vec()))
}

/// A number in 8 bytes. `Damaged` if it has another form.
pub(super) fn number(bytes: Option<Vec<u8>>, what: &str) -> Result<Option<u64>, StoreError> {
    let read = |bytes: Vec<u8>| bytes.try_into().map(u64::from_be_bytes);
    bytes.map(read).transpose().map_err(|_| damaged(&format!("{what} has another form")))
}

pub(super) fn decode<T: for<'b> Decode<'b, ()>>(bytes: Option<Vec<u8>>) -> Result<Option<T>, StoreError> {
    bytes.map(|bytes| read(&bytes)).transpose()
}

pub(super) fn read<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, StoreError> {
    minicbor::decode(bytes).map_err(|error| damaged(&error.to_string()))
}

pub(super) fn encode<T: Encode<()>>(record: &T) -> Result<Vec<u8>, StoreError> {
    minicbor::to_vec(record).map_err(failed)
}

pub(super) fn damaged(why: &str) -> StoreError {
    StoreError::Damaged(String::new(), format!("a record cannot be read: {why}"))
}

/// Rows whose key begins with `prefix`, up to `limit`, as `read` understands their keys.
pub(super) fn collect<T>(
    table: &impl Readable,
    prefix: &[u8],
    limit: usize,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    for row in table.table()?.range::<&[u8]>(prefix..).map_err(failed)?.take(limit) {
        let (key, _) = row.map_err(failed)?;
        if !key.value().starts_with(prefix) {
            break;
        }
        found.push(read(key.value()).ok_or_else(|| damaged("a key has another form"))?);
    }
    Ok(found)
}

/// The last rows whose key is `from` or more, up to `limit`, last ones first.
pub(super) fn last<T>(
    table: &impl Readable,
    from: &[u8],
    limit: usize,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let rows = table.table()?.range::<&[u8]>(from..).map_err(failed)?.rev().take(limit);
    rows.map(|row| read(row.map_err(failed)?.0.value()).ok_or_else(|| damaged("a key has another form"))).collect()
}

/// Returns by how many bytes there are more now: fewer, if it is negative.
pub(super) fn put(table: &mut Lazy<'_>, key: &[u8], value: &[u8]) -> Result<i64, StoreError> {
    let before = table.table_mut()?.insert(key, value).map_err(failed)?.map_or(0, |old| size(key, old.value()));
    Ok(size(key, value).saturating_sub(before))
}

/// Returns by how many bytes there are fewer now; `None` if there was no such row.
pub(super) fn remove(table: &mut Lazy<'_>, key: &[u8]) -> Result<Option<i64>, StoreError> {
    Ok(table.table_mut()?.remove(key).map_err(failed)?.map(|old| size(key, old.value())))
}

fn size(key: &[u8], value: &[u8]) -> i64 {
    i64::try_from(key.len().saturating_add(value.len())).unwrap_or(i64::MAX)
}
