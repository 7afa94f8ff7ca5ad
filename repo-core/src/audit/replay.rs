//! What a row was at some moment, made again from the entries that tell of it.
//!
//! Entries are taken in the order of their numbers: a creation is the whole row, a change is laid over it, a
//! removal ends it. What no image holds is not guessed.

use std::collections::HashMap;

use super::entry::{Action, AuditEntry};
use super::image::{Image, ImageValue};
use crate::backend::Row;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::read;
use crate::table::{ColumnDef, Table};
use crate::value::{InvalidValue, Kind, Value};

/// A row as it was at some moment: what [`as_of`](super::Audit::as_of) answers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AsOf<E> {
    /// The row. A row that was marked as deleted then has its `deleted_at`.
    pub entity: E,
    /// The sensitive columns: they are `None` here, whatever they were, as no entry holds their values.
    pub redacted: Vec<&'static str>,
    /// The number of the last entry that told of the row then.
    pub seq: i64,
}

/// The row that `entries` tell of, in their order.
pub(crate) fn replay<E: Entity>(entries: Vec<AuditEntry>) -> Result<Option<AsOf<E>>> {
    let mut row: Option<HashMap<String, ImageValue>> = None;
    let mut seq = 0;
    for entry in entries {
        seq = entry.seq;
        // A row that is marked as deleted is told of as a whole.
        if let (Action::Delete, Some(before)) = (entry.action, &entry.before) {
            row = Some(columns::<E>(before)?.collect());
        }
        row = match (entry.action, entry.after, row) {
            (_, None, _) => None,
            (Action::Create, Some(after), _) => Some(columns::<E>(&after)?.collect()),
            (_, Some(after), Some(mut row)) => {
                row.extend(columns::<E>(&after)?);
                Some(row)
            }
            (_, Some(_), None) => return Err(begins_late::<E>()),
        };
    }
    let Some(columns) = row else { return Ok(None) };
    let row = ImageRow::new(E::TABLE, columns)?;
    let entity = read::decode::<E>(&row)?;
    Ok(Some(AsOf { entity, redacted: row.redacted, seq }))
}

fn columns<E: Entity>(image: &Image) -> Result<impl Iterator<Item = (String, ImageValue)>> {
    let columns = image.parse().map_err(|invalid| Error::Decode {
        entity: AuditEntry::TABLE.entity,
        column: "after",
        reason: invalid.into_reason(),
    })?;
    // Of a renamed column the entries before and after the renaming are one column.
    Ok(columns.into_iter().map(|(name, value)| match E::TABLE.now_called(&name) {
        Some(column) => (column.name.to_owned(), value),
        None => (name, value),
    }))
}

impl Table {
    /// The column that has, or had, this name.
    fn now_called(&self, name: &str) -> Option<&ColumnDef> {
        let by_name = self.columns.iter().find(|column| column.name == name);
        by_name.or_else(|| self.columns.iter().find(|column| column.formerly.contains(&name)))
    }
}

/// The columns of images as a row.
struct ImageRow {
    /// By index into the table's columns.
    values: Vec<ImageValue>,
    redacted: Vec<&'static str>,
}

impl ImageRow {
    fn new(table: &'static Table, mut columns: HashMap<String, ImageValue>) -> Result<Self> {
        let mut row =
            Self { values: Vec::with_capacity(table.columns.len()), redacted: Vec::new() };
        for column in table.columns {
            let value = match columns.remove(column.name) {
                Some(value) => value,
                None if column.nullable => ImageValue::Null,
                None => return Err(missing(table, column)),
            };
            if value == ImageValue::Redacted {
                if !column.nullable {
                    return Err(Error::Redacted { entity: table.entity, column: column.name });
                }
                row.redacted.push(column.name);
            }
            row.values.push(value);
        }
        Ok(row)
    }
}

impl Row for ImageRow {
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        let value = self.values.get(index);
        value.ok_or_else(|| InvalidValue::new("is no column of the table"))?.read(kind)
    }
}

/// Changes before the first image of the whole row: what they left alone is not known.
fn begins_late<E: Entity>() -> Error {
    Error::Decode {
        entity: E::TABLE.entity,
        column: E::TABLE.id().name,
        reason: "has no creation in the audit trail: the row is older than the trail".into(),
    }
}

fn missing(table: &'static Table, column: &'static ColumnDef) -> Error {
    Error::Decode {
        entity: table.entity,
        column: column.name,
        reason: "is not in the audit trail: the column did not exist then, or had another name, \
                 which `formerly` tells"
            .into(),
    }
}
