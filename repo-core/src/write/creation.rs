//! What the repository adds to a new row: id, tenant, times, version, correlation.

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::ids::IdSource;
use crate::schema::table::{ColumnDef, Table};
use crate::session::correlation::Correlation;
use crate::value::column_type::ColumnType;
use crate::value::stored::stored;
use crate::value::{InvalidValue, Kind, Value};
use crate::write::column_set::ColumnSet;

/// Gives a new entity its managed columns.
#[derive(Debug)]
pub struct Creation<'a> {
    pub(crate) table: &'static Table,
    pub(crate) tenant: Option<Value<'a>>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) ids: &'a dyn IdSource,
    pub(crate) correlation: Option<&'a str>,
    /// The columns with a default that the caller did not set.
    pub(crate) left: ColumnSet,
}

/// A new entity, and what of it nobody gave.
#[derive(Debug)]
pub(crate) struct Completed<E> {
    pub(crate) entity: E,
    /// The columns that were left to their defaults.
    pub(crate) left: ColumnSet,
}

impl Creation<'_> {
    /// The id: a new one, or a placeholder where the database makes it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`]: the id's type refuses it.
    pub fn id<T: ColumnType>(&mut self) -> Result<T> {
        let value = match T::KIND {
            Kind::Uuid => Value::Uuid(self.ids.next_id(self.now)),
            _ => Value::I64(0),
        };
        T::decode(value).map_err(|invalid| self.refused(self.table.id(), invalid))
    }

    /// The session's tenant.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidInput`]: the tenant's type refuses it.
    /// - [`Error::TenantMismatch`]: what the type makes of it is stored as another tenant.
    pub fn tenant<T: ColumnType>(&self) -> Result<T> {
        let column = self.table.tenant().unwrap_or(self.table.id());
        let value = self.tenant.as_ref().map_or(Value::Null(T::KIND), Value::borrowed);
        let refused = |invalid| self.refused(column, invalid);
        let tenant = T::decode(value).map_err(refused)?;
        let stored = stored(&tenant, column.kind).map_err(refused)?;
        if self.tenant.as_ref().is_some_and(|session| *session != stored) {
            return Err(Error::TenantMismatch { entity: self.table.entity });
        }
        Ok(tenant)
    }

    /// The time of creation, in whole microseconds.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The version of a new row.
    pub fn version(&self) -> i64 {
        1
    }

    /// The session's correlation.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`]: the field must have one and the session has none, or the field is a
    /// UUID and the correlation is not.
    pub fn correlation<T: Correlation>(&self) -> Result<T> {
        let index = self.table.roles.correlation_id.unwrap_or(self.table.roles.id);
        T::from_correlation(self.correlation)
            .map_err(|invalid| self.refused(&self.table.columns[index], invalid))
    }

    /// A column that the caller gave, as it will be read back.
    pub fn given<T: ColumnType>(&self, column: usize, value: T) -> T {
        value.into_stored(self.table.columns[column].kind)
    }

    /// A column with a default: what the caller set, or else the default, which is noted. Where the row is there
    /// already, `create_or_get` does not compare it then, and `upsert` leaves it as it is.
    pub fn set_or<T>(&mut self, column: usize, value: Option<T>, default: impl FnOnce() -> T) -> T {
        value.unwrap_or_else(|| {
            self.left.insert(column);
            default()
        })
    }

    fn refused(&self, column: &'static ColumnDef, invalid: InvalidValue) -> Error {
        Error::invalid_value(column.name, invalid)
    }
}
