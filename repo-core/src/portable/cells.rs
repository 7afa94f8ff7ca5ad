//! What a file says of a row, as the row that is stored.
//!
//! Every value is checked as `create` checks it, and besides: whose row it is, and that what the repository
//! manages is possible.

use chrono::{DateTime, Utc};

use super::Header;
use super::{VERSION, wrong};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::ids::IdSource;
use crate::json_canonical::canonical;
use crate::read::decode;
use crate::read::values::Values;
use crate::schema::table::{AddedWith, Table};
use crate::similar::{did_you_mean, shown};
use crate::value::text;
use crate::value::{InvalidValue, Kind, Value};
use crate::write::insert::encode;

/// What a file says of a column of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    /// Nothing.
    Absent,
    Null,
    Text(String),
}

/// How cells become rows.
pub(super) struct Cells<'c> {
    pub(super) table: &'static Table,
    pub(super) tenant: Option<Value<'static>>,
    pub(super) fresh_ids: bool,
    pub(super) into_this_tenant: bool,
    pub(super) now: DateTime<Utc>,
    pub(super) correlation: Option<&'c str>,
    pub(super) ids: &'c dyn IdSource,
    /// Whether the file says that it is an export; one that does not may leave out what is managed.
    pub(super) is_export: bool,
    /// Whether a column that is left out may be `NULL`: of JSON in any file, because `null` is a document, and of any
    /// kind in one that is no export.
    pub(super) absent_is_null: bool,
    /// The columns that were left out of it.
    pub(super) redacted: Vec<usize>,
}

impl Cells<'_> {
    /// Takes what the file says of itself.
    pub(super) fn header(&mut self, header: &Header) -> Result<()> {
        let Header { format, table, redacted, .. } = header;
        if *format != VERSION {
            return Err(wrong(format!("has the format {format}, and {VERSION} is what is read")));
        }
        if table != self.table.name {
            let reason = format!("holds rows of `{}`, not of `{}`", shown(table), self.table.name);
            return Err(wrong(reason));
        }
        self.is_export = true;
        for name in redacted {
            let column = self.column(name)?;
            let def = &self.table.columns[column];
            if !def.sensitive {
                return Err(Error::invalid_input(def.name, "is left out, and is not sensitive"));
            }
            if !def.nullable {
                return Err(Error::Redacted { entity: self.table.entity, column: def.name });
            }
            self.redacted.push(column);
        }
        Ok(())
    }

    /// The columns with these names, each once, and all that a row must have.
    pub(super) fn columns<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<Vec<usize>> {
        let mut columns = Vec::with_capacity(self.table.columns.len());
        for name in names {
            let column = self.column(name)?;
            let name = self.table.columns[column].name;
            if columns.contains(&column) {
                return Err(Error::invalid_input(name, "is there twice"));
            }
            if self.redacted.contains(&column) {
                return Err(Error::invalid_input(name, "is there, and said to be left out"));
            }
            columns.push(column);
        }
        let missing = |column: &usize| !columns.contains(column) && !self.may_miss(*column);
        match (0..self.table.columns.len()).find(missing) {
            Some(column) => Err(self.missing(column)),
            None => Ok(columns),
        }
    }

    fn column(&self, name: &str) -> Result<usize> {
        self.table.position(name).ok_or_else(|| {
            let known: Vec<_> = self.table.columns.iter().map(|column| column.name).collect();
            let help = did_you_mean(name, known.iter().copied(), "there are");
            let name = shown(name);
            wrong(format!("has a column `{name}`, which `{}` has not: {help}", self.table.entity))
        })
    }

    fn may_miss(&self, column: usize) -> bool {
        let (roles, def) = (&self.table.roles, &self.table.columns[column]);
        if column == roles.id {
            return self.fresh_ids || self.default(column).is_some();
        }
        self.redacted.contains(&column)
            || (self.absent_is_null && def.nullable && (def.kind == Kind::Json || !self.is_export))
            || self.default(column).is_some()
            || (roles.tenant == Some(column) && self.into_this_tenant)
            || (!self.is_export
                && self.table.is_managed(column)
                && (roles.correlation_id != Some(column)
                    || def.nullable
                    || self.correlation.is_some()))
    }

    /// What makes the value that a new row has in a column with a default. An export leaves none out.
    fn default(&self, column: usize) -> Option<AddedWith> {
        self.table.columns[column].default.filter(|_| !self.is_export)
    }

    fn missing(&self, column: usize) -> Error {
        let is_id = column == self.table.roles.id;
        let can_be_made = is_id && !self.table.has_assigned_ids();
        let help = if can_be_made { ": `fresh_ids` makes new ones" } else { "" };
        Error::invalid_input(self.table.columns[column].name, format!("is missing{help}"))
    }

    /// The row, checked. `given` is in the order of the table.
    pub(super) fn row<E: Entity>(&self, given: Vec<Given>) -> Result<Vec<Value<'static>>> {
        let values = given.into_iter().enumerate();
        let values = values.map(|(column, given)| self.value(column, given)).collect::<Result<_>>();
        let row = checked::<E>(values?)?;
        self.check_managed(&row)?;
        Ok(row)
    }

    fn value(&self, column: usize, given: Given) -> Result<Value<'static>> {
        let (roles, def) = (&self.table.roles, &self.table.columns[column]);
        if column == roles.id && self.fresh_ids {
            return Ok(match def.kind {
                Kind::Uuid => Value::Uuid(self.ids.next_id(self.now)),
                _ => Value::I64(0),
            });
        }
        if roles.tenant == Some(column) && (self.into_this_tenant || given == Given::Absent) {
            return self.tenant.clone().ok_or_else(|| self.missing(column));
        }
        let invalid = |invalid: InvalidValue| Error::invalid_value(def.name, invalid);
        match given {
            Given::Text(text) if def.kind == Kind::Json => {
                let text = canonical(&text).map_err(invalid)?.into_owned();
                Ok(Value::Json(text.into()))
            }
            Given::Text(text) => text::read(&text, def).map_err(invalid),
            Given::Null if def.nullable => Ok(Value::Null(def.kind)),
            Given::Null => Err(Error::invalid_input(def.name, "has no value, and must have one")),
            Given::Absent => match self.default(column) {
                Some(default) => default(def.kind).map_err(invalid),
                None => self.managed(column),
            },
        }
    }

    /// What a managed column of a new row has, of a file that does not tell; `NULL` of others.
    fn managed(&self, column: usize) -> Result<Value<'static>> {
        let (roles, def) = (&self.table.roles, &self.table.columns[column]);
        if roles.version == Some(column) {
            return Ok(Value::I64(1));
        }
        if roles.created_at == Some(column) || roles.updated_at == Some(column) {
            return Ok(Value::Timestamp(self.now));
        }
        let correlation = self.correlation.filter(|_| !self.is_export);
        if let (true, Some(correlation)) = (roles.correlation_id == Some(column), correlation) {
            let value = text::read(correlation, def);
            return value.map_err(|invalid| Error::invalid_value(def.name, invalid));
        }
        if def.nullable { Ok(Value::Null(def.kind)) } else { Err(self.missing(column)) }
    }

    /// Whose row it is, and whether it can have been.
    fn check_managed(&self, row: &[Value<'_>]) -> Result<()> {
        let roles = &self.table.roles;
        let of = |role: Option<usize>| {
            role.map(|column| (self.table.columns[column].name, &row[column]))
        };
        if let (Some((_, found)), Some(tenant)) = (of(roles.tenant), &self.tenant)
            && found != tenant
        {
            return Err(Error::TenantMismatch { entity: self.table.entity });
        }
        if let Some((name, Value::I64(..=0))) = of(roles.version) {
            return Err(Error::invalid_input(name, "is less than 1"));
        }
        let is_live = of(roles.deleted_at).is_none_or(|(_, deleted_at)| deleted_at.is_null());
        match of(roles.deletion_id) {
            Some((name, deletion)) if is_live && !deletion.is_null() => {
                Err(Error::invalid_input(name, "is there, and the row is not deleted"))
            }
            _ => Ok(()),
        }
    }
}

/// The row as the entity would store it, which it must be able to hold.
fn checked<E: Entity>(values: Vec<Value<'static>>) -> Result<Vec<Value<'static>>> {
    let entity = decode::<E>(&Values(&values)).map_err(|error| match error {
        Error::Decode { column, reason, .. } => Error::invalid_input(column, reason),
        error => error,
    })?;
    let stored: Vec<Value<'static>> = encode(&entity)?.into_iter().map(Value::into_owned).collect();
    // Of a document the entity may hold less than there is.
    let kept = stored.into_iter().zip(values);
    Ok(kept
        .map(|(stored, given)| if let Value::Json(_) = given { given } else { stored })
        .collect())
}
