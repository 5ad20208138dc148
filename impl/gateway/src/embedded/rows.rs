//! Rows of a table, whatever the transaction; their values are records in CBOR.

use super::failed;
use crate::store::StoreError;
use minicbor::{Decode, Encode};
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use std::cell::OnceCell;
use std::ops::ControlFlow;

pub(super) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;
type Open<'t> = Table<'t, &'static [u8], &'static [u8]>;

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

    pub(super) fn get(&self) -> Result<&Open<'t>, StoreError> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let table = self.transaction.open_table(self.definition).map_err(failed)?;
        Ok(self.table.get_or_init(|| table))
    }

    fn get_mut(&mut self) -> Result<&mut Open<'t>, StoreError> {
        self.get()?;
        self.table.get_mut().ok_or_else(|| damaged("a table is gone"))
    }
}

/// Sees one row: its key and its value.
pub(super) type See<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// What reading needs of a table, whatever the transaction.
pub(super) trait Rows {
    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Shows a value, if there is one.
    fn show(&self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<(), StoreError>;
    /// Visits the rows from `from` on, in order.
    fn visit(&self, from: &[u8], see: &mut See<'_>) -> Result<(), StoreError>;
    fn rows(&self) -> Result<u64, StoreError>;
}

impl<T: ReadableTable<&'static [u8], &'static [u8]>> Rows for T {
    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(key).map_err(failed)?.map(|value| value.value().to_vec()))
    }

    fn show(&self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
        if let Some(value) = self.get(key).map_err(failed)? {
            see(value.value());
        }
        Ok(())
    }

    fn visit(&self, from: &[u8], see: &mut See<'_>) -> Result<(), StoreError> {
        for row in self.range::<&[u8]>(from..).map_err(failed)? {
            let (key, value) = row.map_err(failed)?;
            if see(key.value(), value.value()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn rows(&self) -> Result<u64, StoreError> {
        self.len().map_err(failed)
    }
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

/// Rows whose key begins with `prefix`, up to `limit`, as `read` understands them.
pub(super) fn collect<T>(
    rows: &dyn Rows,
    prefix: &[u8],
    limit: usize,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let (mut found, mut strange) = (Vec::new(), false);
    rows.visit(prefix, &mut |key, _| {
        if found.len() >= limit || !key.starts_with(prefix) {
            return ControlFlow::Break(());
        }
        match read(key) {
            Some(one) => found.push(one),
            None => strange = true,
        }
        ControlFlow::Continue(())
    })?;
    if strange { Err(damaged("a key has another form")) } else { Ok(found) }
}

pub(super) fn put(table: &mut Lazy<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    table.get_mut()?.insert(key, value).map(drop).map_err(failed)
}

pub(super) fn remove(table: &mut Lazy<'_>, key: &[u8]) -> Result<bool, StoreError> {
    Ok(table.get_mut()?.remove(key).map_err(failed)?.is_some())
}
