//! The cells of a row of aggregates, read one after the other.

use crate::aggregate::total::Total;
use crate::backend::Row;
use crate::error::{DatabaseError, Error, Result};
use crate::schema::table::{ColumnDef, Table};
use crate::value::column_type::ColumnType;
use crate::value::{InvalidValue, Kind, Value};

/// A row of keys and aggregates, from the left to the right.
#[doc(hidden)]
pub struct Cells<'r> {
    table: &'static Table,
    row: &'r dyn Row,
    next: usize,
}

impl<'r> Cells<'r> {
    pub(crate) fn new(table: &'static Table, row: &'r dyn Row) -> Self {
        Self { table, row, next: 0 }
    }

    pub(crate) fn kind(&self, column: usize) -> Kind {
        self.table.columns[column].kind
    }

    /// A value of the column.
    pub(crate) fn column<T: ColumnType>(&mut self, column: usize) -> Result<T> {
        let kind = self.kind(column);
        let value = self.next(kind).and_then(T::decode);
        value.map_err(|invalid| self.wrong(column, invalid))
    }

    /// A value of the column, if there is any.
    pub(crate) fn optional<T: ColumnType>(&mut self, column: usize) -> Result<Option<T>> {
        self.optional_of(&self.table.columns[column])
    }

    /// A value of a column of any table, if there is any.
    pub(crate) fn optional_of<T: ColumnType>(&mut self, column: &ColumnDef) -> Result<Option<T>> {
        let value = self
            .next(column.kind)
            .and_then(|value| if value.is_null() { Ok(None) } else { T::decode(value).map(Some) });
        value.map_err(|invalid| Error::decode(self.table.entity, column.name, invalid))
    }

    /// A number of the column, as the nearest float.
    pub(crate) fn float(&mut self, column: usize) -> Result<f64> {
        let kind = self.kind(column);
        match self.next(kind) {
            Ok(Value::I16(number)) => Ok(number.into()),
            Ok(Value::I32(number)) => Ok(number.into()),
            Ok(Value::I64(number)) => Ok(number as f64),
            Ok(Value::F32(number)) => Ok(number.into()),
            Ok(Value::F64(number)) => Ok(number),
            Ok(Value::Decimal { units, scale }) => Ok(units as f64 / 10_f64.powi(scale.into())),
            Ok(_) => Err(self.wrong(column, InvalidValue::new("is not a number"))),
            Err(invalid) => Err(self.wrong(column, invalid)),
        }
    }

    /// A number that the database made, if it is there.
    pub(crate) fn integer(&mut self) -> Result<Option<i64>> {
        match self.next(Kind::I64) {
            Ok(Value::I64(number)) => Ok(Some(number)),
            Ok(Value::Null(_)) => Ok(None),
            _ => Err(Error::Backend(DatabaseError::new("the database gave no integer"))),
        }
    }

    pub(crate) fn count(&mut self) -> Result<u64> {
        let count = self.integer()?.and_then(|count| u64::try_from(count).ok());
        count.ok_or_else(|| Error::Backend(DatabaseError::new("the database gave no count")))
    }

    /// The sum of the column, in units where those are added.
    pub(crate) fn total(&mut self, column: usize) -> Result<Option<Total>> {
        if let Kind::F32 | Kind::F64 = self.kind(column) {
            return match self.next(Kind::F64) {
                Ok(Value::F64(sum)) => Ok(Some(Total::Float(sum))),
                Ok(_) => Ok(None),
                // Not finite: the one database says so, the other is an error by then.
                Err(_) => Err(self.out_of_range()),
            };
        }
        let halves = self.integer()?.zip(self.integer()?);
        Ok(halves.map(|(high, low)| Total::Exact((i128::from(high) << 32) + i128::from(low))))
    }

    pub(crate) fn out_of_range(&self) -> Error {
        Error::OutOfRange { entity: self.table.entity }
    }

    fn next(&mut self, kind: Kind) -> Result<Value<'r>, InvalidValue> {
        self.next += 1;
        self.row.value(self.next - 1, kind)
    }

    #[cold]
    pub(crate) fn wrong(&self, column: usize, invalid: InvalidValue) -> Error {
        Error::decode(self.table.entity, self.table.columns[column].name, invalid)
    }
}

impl std::fmt::Debug for Cells<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cells").field("next", &self.next).finish_non_exhaustive()
    }
}
