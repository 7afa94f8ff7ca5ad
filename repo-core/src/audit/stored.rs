//! An entry as it is stored, whatever somebody made of it: read for verification, not for use.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::entry::TRAIL;
use super::format::{self, Known};
use crate::backend::Row;
use crate::error::{Error, Result};
use crate::value::column_type::ColumnType;
use crate::value::{InvalidValue, Kind, Value};

/// The columns of an entry that are hashed beside its tenant and number, and both hashes.
#[derive(Debug)]
pub(crate) struct Stored<'r> {
    entity: Cow<'r, str>,
    entity_id: Cow<'r, str>,
    action: Cow<'r, str>,
    actor: Cow<'r, str>,
    correlation_id: Option<Cow<'r, str>>,
    reason: Option<Cow<'r, str>>,
    at: DateTime<Utc>,
    before: Option<Cow<'r, str>>,
    after: Option<Cow<'r, str>>,
    pub(crate) prev_hash: [u8; 32],
    pub(crate) hash: [u8; 32],
}

/// The columns that [`Stored::read`] reads, in order, after the number.
pub(crate) const COLUMNS: &str = "\"seq\", \"entity\", \"entity_id\", \"action\", \"actor\", \
     \"correlation_id\", \"reason\", \"at\", \"before\", \"after\", \"prev_hash\", \"hash\"";

impl<'r> Stored<'r> {
    pub(crate) fn read(row: &'r dyn Row) -> Result<Self, InvalidValue> {
        Ok(Self {
            entity: text(row, 1)?,
            entity_id: text(row, 2)?,
            action: text(row, 3)?,
            actor: text(row, 4)?,
            correlation_id: optional(row, 5)?,
            reason: optional(row, 6)?,
            at: moment(row, 7)?,
            before: optional(row, 8)?,
            after: optional(row, 9)?,
            prev_hash: hash(row, 10)?,
            hash: hash(row, 11)?,
        })
    }

    /// The hash that these columns have as an entry of a chain.
    pub(crate) fn hash_in(&self, tenant: &str, seq: i64) -> [u8; 32] {
        let known = Known {
            tenant,
            entity: &self.entity,
            action: &self.action,
            actor: &self.actor,
            correlation_id: self.correlation_id.as_deref(),
            reason: self.reason.as_deref(),
            at: self.at,
        };
        let (before, after) = (self.before.as_deref(), self.after.as_deref());
        format::hash(&known.encode(), &self.entity_id, before, after, seq, &self.prev_hash)
    }

    pub(crate) fn into_owned(self) -> Stored<'static> {
        let own = |text: Cow<'r, str>| Cow::Owned(text.into_owned());
        Stored {
            entity: own(self.entity),
            entity_id: own(self.entity_id),
            action: own(self.action),
            actor: own(self.actor),
            correlation_id: self.correlation_id.map(own),
            reason: self.reason.map(own),
            at: self.at,
            before: self.before.map(own),
            after: self.after.map(own),
            prev_hash: self.prev_hash,
            hash: self.hash,
        }
    }
}

/// A column that the query itself made, or that must be right for anything to be said.
pub(crate) fn column<T: ColumnType>(row: &dyn Row, index: usize) -> Result<T> {
    let value = row.value(index, T::KIND).and_then(T::decode);
    value.map_err(|invalid| Error::decode(TRAIL.entity, "seq", invalid))
}

/// Bytes; none for what is none.
pub(crate) fn bytes(row: &dyn Row, index: usize) -> Vec<u8> {
    row.value(index, Kind::Bytes).and_then(Vec::decode).unwrap_or_default()
}

/// A moment. Where it is stored as text, in no other spelling than the one that is hashed: what compares texts would
/// find it at another time.
fn moment(row: &dyn Row, index: usize) -> Result<DateTime<Utc>, InvalidValue> {
    let at = DateTime::decode(row.value(index, Kind::Timestamp)?)?;
    match row.value(index, Kind::Text) {
        Ok(Value::Text(text)) if text != format::moment(at) => {
            Err(InvalidValue::new("is not spelled as it is hashed"))
        }
        _ => Ok(at),
    }
}

fn text(row: &dyn Row, index: usize) -> Result<Cow<'_, str>, InvalidValue> {
    optional(row, index)?.ok_or_else(|| InvalidValue::new("is NULL"))
}

fn optional(row: &dyn Row, index: usize) -> Result<Option<Cow<'_, str>>, InvalidValue> {
    match row.value(index, Kind::Text)? {
        Value::Text(text) => Ok(Some(text)),
        Value::Null(_) => Ok(None),
        _ => Err(InvalidValue::new("is not text")),
    }
}

fn hash(row: &dyn Row, index: usize) -> Result<[u8; 32], InvalidValue> {
    let bytes = bytes(row, index);
    bytes.try_into().map_err(|_| InvalidValue::new("has not 32 bytes"))
}
