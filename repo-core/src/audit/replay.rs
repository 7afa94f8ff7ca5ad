//! What a row was at some moment, made again from the entries that tell of it.
//!
//! Entries are taken in the order of their numbers: a creation is the whole row, a change is laid over it, a
//! removal ends it. What no image holds is not guessed. They are taken while one statement reads them: two would not be
//! one snapshot.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::entry::{Action, AuditEntry};
use super::image::{Image, ImageValue};
use crate::backend::Row;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::read;
use crate::schema::table::{ColumnDef, Table};
use crate::value::{InvalidValue, Kind, Value};

/// A row as it was at some moment: what [`as_of`](super::Audit::as_of) answers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AsOf<E> {
    /// The row. A row that was marked as deleted then has its `deleted_at`.
    pub entity: E,
    /// The sensitive columns: they are `None` here, whatever they were. An entry from before a column became
    /// sensitive holds its value, which is not given either.
    pub redacted: Vec<&'static str>,
    /// The columns that no entry tells of, as they were added to the table later: `None`, or what their
    /// `#[repository(added_with = ..)]` says.
    pub unrecorded: Vec<&'static str>,
    /// The number of the last entry that told of the row then.
    pub seq: i64,
}

/// What the entries so far tell of a row.
enum Remade {
    /// It is not there.
    Absent,
    /// It is there, and its creation is in no entry.
    Untold,
    Known(HashMap<String, ImageValue>),
}

/// A row that is made again from its entries, one after the other.
pub(crate) struct Replay {
    /// Entries of later are not told of.
    until: DateTime<Utc>,
    row: Remade,
    seq: i64,
    /// Whether an entry of later, or one that cannot be replayed, was met.
    is_over: bool,
    error: Option<Error>,
}

impl Replay {
    pub(crate) fn new(until: DateTime<Utc>) -> Self {
        Self { until, row: Remade::Absent, seq: 0, is_over: false, error: None }
    }

    /// Whether the entries that are left change nothing.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Lays the next entry over what those before it tell. Whether that is possible is said at the end, as an
    /// error while a statement is read would fail its transaction.
    pub(crate) fn step<E: Entity>(&mut self, entry: AuditEntry) {
        if entry.at > self.until {
            self.is_over = true;
            // It was there before, and no entry tells of it.
            if self.seq == 0 && entry.action != Action::Create {
                self.error = Some(begins_late::<E>());
            }
            return;
        }
        self.seq = entry.seq;
        match after::<E>(std::mem::replace(&mut self.row, Remade::Absent), entry) {
            Ok(row) => self.row = row,
            Err(error) => (self.is_over, self.error) = (true, Some(error)),
        }
    }

    /// Whether no entry up to the moment tells of the row: it is not there as far as the trail goes back, if at all.
    pub(crate) fn tells_nothing(&self) -> bool {
        self.seq == 0 && self.error.is_none()
    }

    /// Whether no entry tells of the row, a later one neither.
    pub(crate) fn is_untouched(&self) -> bool {
        self.tells_nothing() && !self.is_over
    }

    /// The row that the entries tell of.
    pub(crate) fn into_row<E: Entity>(self) -> Result<Option<AsOf<E>>> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let columns = match self.row {
            Remade::Absent => return Ok(None),
            Remade::Untold => return Err(begins_late::<E>()),
            Remade::Known(columns) => columns,
        };
        let row = ImageRow::new(E::TABLE, columns)?;
        let entity = read::decode::<E>(&row)?;
        let ImageRow { redacted, unrecorded, .. } = row;
        Ok(Some(AsOf { entity, redacted, unrecorded, seq: self.seq }))
    }
}

/// What a row is after an entry.
fn after<E: Entity>(row: Remade, entry: AuditEntry) -> Result<Remade> {
    // A row that is marked as deleted is told of as a whole.
    let row = match (entry.action, &entry.before) {
        (Action::Delete, Some(before)) => Remade::Known(columns::<E>(before)?.collect()),
        _ => row,
    };
    Ok(match (entry.action, entry.after, row) {
        (_, None, _) => Remade::Absent,
        (Action::Create, Some(after), _) => Remade::Known(columns::<E>(&after)?.collect()),
        (_, Some(after), Remade::Known(mut row)) => {
            row.extend(columns::<E>(&after)?);
            Remade::Known(row)
        }
        (_, Some(_), Remade::Absent | Remade::Untold) => Remade::Untold,
    })
}

fn columns<E: Entity>(image: &Image) -> Result<impl Iterator<Item = (String, ImageValue)>> {
    let columns = image
        .parse()
        .map_err(|invalid| Error::decode(AuditEntry::TABLE.entity, "after", invalid))?;
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
    values: Vec<Told>,
    redacted: Vec<&'static str>,
    unrecorded: Vec<&'static str>,
}

/// What is told of a column.
enum Told {
    /// By an entry.
    Entry(ImageValue),
    /// By the struct, as the column is younger than the entries.
    Struct(Value<'static>),
}

impl ImageRow {
    fn new(table: &'static Table, mut columns: HashMap<String, ImageValue>) -> Result<Self> {
        let mut row = Self {
            values: Vec::with_capacity(table.columns.len()),
            redacted: Vec::new(),
            unrecorded: Vec::new(),
        };
        for column in table.columns {
            let told = match columns.remove(column.name) {
                // Whatever the image holds: the column may have become sensitive after it.
                Some(value) if column.sensitive || value == ImageValue::Redacted => {
                    row.redacted.push(column.name);
                    nothing(column)
                        .ok_or(Error::Redacted { entity: table.entity, column: column.name })?
                }
                Some(value) => Told::Entry(value),
                None => {
                    row.unrecorded.push(column.name);
                    added_with(table, column)?
                }
            };
            row.values.push(told);
        }
        Ok(row)
    }
}

impl Row for ImageRow {
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        match self.values.get(index) {
            Some(Told::Entry(value)) => value.read(kind),
            Some(Told::Struct(value)) => Ok(value.borrowed()),
            None => Err(InvalidValue::new("is no column of the table")),
        }
    }
}

/// `NULL`, where the column takes it.
fn nothing(column: &ColumnDef) -> Option<Told> {
    column.nullable.then_some(Told::Struct(Value::Null(column.kind)))
}

/// What rows have in a column that was added after them.
fn added_with(table: &'static Table, column: &'static ColumnDef) -> Result<Told> {
    let Some(value) = column.added_with else {
        return nothing(column).ok_or_else(|| missing(table, column));
    };
    let value = value(column.kind).map(Told::Struct);
    value.map_err(|invalid| Error::decode(table.entity, column.name, invalid))
}

/// Changes before the first image of the whole row: what they left alone is not known.
fn begins_late<E: Entity>() -> Error {
    Error::Decode {
        entity: E::TABLE.entity,
        column: E::TABLE.id().name,
        reason: "has no creation in the audit trail: the row is older than the trail".into(),
    }
}

/// The entries that could tell whether the row was there are removed.
pub(crate) fn begins_after<E: Entity>() -> Error {
    Error::Decode {
        entity: E::TABLE.entity,
        column: E::TABLE.id().name,
        reason: "may be older than what is left of the audit trail, which does not go back so far"
            .into(),
    }
}

fn missing(table: &'static Table, column: &'static ColumnDef) -> Error {
    Error::Decode {
        entity: table.entity,
        column: column.name,
        reason: "is not in the audit trail: the column did not exist then, whose value `added_with` tells, or had \
                 another name, which `formerly` tells"
            .into(),
    }
}
