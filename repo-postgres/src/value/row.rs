//! A row in the binary format, as a prepared statement returns it.
//!
//! The types of the columns are looked up once for all rows of a statement. What most columns hold has a short way
//! out of the row; [`Row::value`] is the way for the rest, and says what is wrong.

use chrono::{DateTime, Utc};
use repo_core::backend::Row;
use repo_core::{InvalidValue, Kind, Value};
use sqlx::postgres::PgRow;
use sqlx::{Column as _, Row as _, TypeInfo as _, ValueRef as _};
use uuid::Uuid;

use super::{decode, oid};

/// A row, and the types of its columns.
pub(crate) struct BinaryRow<'r> {
    row: &'r PgRow,
    types: &'r [u32],
}

/// The types of the columns of a row, which are those of all rows of its statement.
pub(crate) fn types_of(row: &PgRow) -> Vec<u32> {
    let of = |column: &sqlx::postgres::PgColumn| {
        column.type_info().oid().map_or(oid::UNKNOWN, |oid| oid.0)
    };
    row.columns().iter().map(of).collect()
}

impl<'r> BinaryRow<'r> {
    /// The row, of these types.
    pub(crate) fn new(row: &'r PgRow, types: &'r [u32]) -> Self {
        Self { row, types }
    }

    /// The value of the column at `index`, borrowing from the row alone.
    pub(crate) fn value_of(&self, index: usize, kind: Kind) -> Result<Value<'r>, InvalidValue> {
        let stored = self.types.get(index).ok_or_else(|| InvalidValue::new("was not selected"))?;
        let Some(bytes) = self.bytes(index) else { return Ok(Value::Null(kind)) };
        decode::read(kind, *stored, bytes)
            .map_err(|error| error.of_type(self.row.column(index).type_info().name()))
    }

    /// The bytes of a column that is there, unless it is `NULL`.
    #[inline]
    fn bytes(&self, index: usize) -> Option<&'r [u8]> {
        match self.row.try_get_raw(index) {
            Ok(raw) if !raw.is_null() => raw.as_bytes().ok(),
            _ => None,
        }
    }

    /// The bytes of a column of this type.
    #[inline]
    fn bytes_of(&self, index: usize, stored: u32) -> Option<&'r [u8]> {
        if *self.types.get(index)? == stored { self.bytes(index) } else { None }
    }
}

impl Row for BinaryRow<'_> {
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        self.value_of(index, kind)
    }

    fn is_null(&self, index: usize) -> bool {
        index < self.types.len() && self.bytes(index).is_none()
    }

    fn boolean(&self, index: usize) -> Option<bool> {
        let [byte] = self.bytes_of(index, oid::BOOL)? else { return None };
        Some(*byte != 0)
    }

    fn integer(&self, index: usize) -> Option<i64> {
        let bytes = self.bytes_of(index, oid::INT8)?;
        Some(i64::from_be_bytes(bytes.try_into().ok()?))
    }

    fn text(&self, index: usize) -> Option<&str> {
        let is_text = oid::is_text(*self.types.get(index)?);
        if is_text { std::str::from_utf8(self.bytes(index)?).ok() } else { None }
    }

    fn uuid(&self, index: usize) -> Option<Uuid> {
        let bytes = self.bytes_of(index, oid::UUID)?;
        Some(Uuid::from_bytes(bytes.try_into().ok()?))
    }

    fn timestamp(&self, index: usize) -> Option<DateTime<Utc>> {
        let bytes = self.bytes_of(index, oid::TIMESTAMPTZ)?;
        decode::moment(i64::from_be_bytes(bytes.try_into().ok()?))
    }

    fn json(&self, index: usize) -> Option<&str> {
        match self.bytes_of(index, oid::JSONB)? {
            [super::encode::JSONB_VERSION, document @ ..] => std::str::from_utf8(document).ok(),
            _ => None,
        }
    }
}
