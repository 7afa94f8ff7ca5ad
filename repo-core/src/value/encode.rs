//! An entity to values and back, column by column in the order of its table.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::Row;
use crate::error::{Error, Result};
use crate::json;
use crate::schema::table::{ColumnDef, Table};
use crate::value::column_type::ColumnType;
use crate::value::stored::stored;
use crate::value::{InvalidValue, Value};

/// Collects the values of an entity's columns.
#[derive(Debug)]
pub struct Encoder<'a> {
    table: &'static Table,
    values: Vec<Value<'a>>,
    error: Option<Error>,
}

/// Gives out the values of a row, column by column.
#[derive(Debug)]
pub struct Decoder<'r> {
    entity: &'static str,
    columns: Columns<'r>,
    row: RowRef<'r>,
    next: usize,
}

struct RowRef<'r>(&'r dyn Row);

/// The columns of a row: all of a table, or some of several.
#[derive(Debug)]
enum Columns<'r> {
    All(&'static [ColumnDef]),
    Some(&'r [&'static ColumnDef]),
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(table: &'static Table) -> Self {
        Self { table, values: Vec::with_capacity(table.columns.len()), error: None }
    }

    /// Into a buffer that is empty and may have room.
    pub(crate) fn reuse(table: &'static Table, values: Vec<Value<'a>>) -> Self {
        Self { table, values, error: None }
    }

    /// The next column.
    pub fn column<T: ColumnType>(&mut self, value: &'a T) {
        let column = self.next();
        self.push(column, encode(column, value));
    }

    /// The next column, of JSON.
    pub fn json<T: Serialize>(&mut self, value: &'a T) {
        let column = self.next();
        self.push(column, json::to_value(value));
    }

    /// The next column, of JSON that may be missing: `None` is `NULL`, not the document `null`.
    pub fn json_option<T: Serialize>(&mut self, value: &'a Option<T>) {
        let column = self.next();
        let value = value.as_ref().map_or(Ok(Value::Null(column.kind)), json::to_value);
        self.push(column, value);
    }

    pub(crate) fn finish(self) -> Result<Vec<Value<'a>>> {
        self.error.map_or(Ok(self.values), Err)
    }

    #[inline]
    fn next(&self) -> &'static ColumnDef {
        &self.table.columns[self.values.len()]
    }

    #[inline]
    fn push(&mut self, column: &'static ColumnDef, value: Result<Value<'a>, InvalidValue>) {
        match value {
            Ok(value) => self.values.push(value),
            Err(invalid) => self.refuse(column, invalid),
        }
    }

    #[cold]
    fn refuse(&mut self, column: &'static ColumnDef, invalid: InvalidValue) {
        self.error.get_or_insert(Error::invalid_value(column.name, invalid));
        self.values.push(Value::Null(column.kind));
    }
}

impl<'r> Decoder<'r> {
    pub(crate) fn new(table: &'static Table, row: &'r dyn Row) -> Self {
        let columns = Columns::All(table.columns);
        Self { entity: table.entity, columns, row: RowRef(row), next: 0 }
    }

    /// A row of these columns.
    pub(crate) fn of_columns(
        entity: &'static str,
        columns: &'r [&'static ColumnDef],
        row: &'r dyn Row,
    ) -> Self {
        Self { entity, columns: Columns::Some(columns), row: RowRef(row), next: 0 }
    }

    /// The next column.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`]: the value is nothing that `T` can hold.
    #[inline]
    pub fn column<T: ColumnType>(&mut self) -> Result<T> {
        let (index, column) = self.step();
        T::read(self.row.0, index, column.kind).map_err(|invalid| self.wrong(column, invalid))
    }

    /// The next column, of JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`]: the document is nothing that `T` can hold.
    pub fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        let (index, column) = self.step();
        let read = match self.row.0.json(index) {
            Some(text) => json::from_text(text),
            None => self.row.0.value(index, column.kind).and_then(json::from_value),
        };
        read.map_err(|invalid| self.wrong(column, invalid))
    }

    /// The next column, of JSON that may be missing.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`]: the document is nothing that `T` can hold.
    pub fn json_option<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        if self.row.0.is_null(self.next) {
            self.next += 1;
            return Ok(None);
        }
        let (index, column) = self.step();
        let read = match self.row.0.json(index) {
            Some(text) => json::from_text(text).map(Some),
            None => self.row.0.value(index, column.kind).and_then(json::from_nullable),
        };
        read.map_err(|invalid| self.wrong(column, invalid))
    }

    /// The next column, and where it is.
    #[inline]
    fn step(&mut self) -> (usize, &'static ColumnDef) {
        let index = self.next;
        self.next += 1;
        let column = match self.columns {
            Columns::All(columns) => &columns[index],
            Columns::Some(columns) => columns[index],
        };
        (index, column)
    }

    #[cold]
    fn wrong(&self, column: &'static ColumnDef, invalid: InvalidValue) -> Error {
        Error::decode(self.entity, column.name, invalid)
    }
}

/// The value of `column`, checked against all that the column declares.
pub(crate) fn encode<'a, T: ColumnType>(
    column: &'static ColumnDef,
    value: &'a T,
) -> Result<Value<'a>, InvalidValue> {
    let encoded = stored(value, column.kind)?;
    check_length(column, &encoded)?;
    Ok(encoded)
}

#[inline]
fn check_length(column: &ColumnDef, value: &Value<'_>) -> Result<(), InvalidValue> {
    let (Some(most), Value::Text(text)) = (column.max_length, value) else { return Ok(()) };
    // A character has at least one byte: most texts are short enough without being counted.
    if text.len() > most as usize && text.chars().count() > most as usize {
        return Err(InvalidValue::new(format!("is longer than {most} characters")));
    }
    Ok(())
}

impl std::fmt::Debug for RowRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Row")
    }
}
