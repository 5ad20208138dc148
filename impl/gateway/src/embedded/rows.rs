//! What is read from and written to a table, whatever the transaction.

use super::failed;
use crate::store::StoreError;
use minicbor::{Decode, Encode};
use redb::{ReadOnlyTable, ReadableTable, Table};

pub(super) type ReadOnly = ReadOnlyTable<&'static [u8], &'static [u8]>;
pub(super) type Open<'t> = Table<'t, &'static [u8], &'static [u8]>;

pub(super) fn value(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(table.get(key).map_err(failed)?.map(|value| value.value().to_vec()))
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
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
    limit: usize,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    for row in table.range::<&[u8]>(prefix..).map_err(failed)?.take(limit) {
        let (key, _) = row.map_err(failed)?;
        if !key.value().starts_with(prefix) {
            break;
        }
        found.push(read(key.value()).ok_or_else(|| damaged("a key has another form"))?);
    }
    Ok(found)
}

pub(super) fn put(table: &mut Open<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    table.insert(key, value).map(drop).map_err(failed)
}

pub(super) fn remove(table: &mut Open<'_>, key: &[u8]) -> Result<bool, StoreError> {
    Ok(table.remove(key).map_err(failed)?.is_some())
}
