//! The changes of a patch, column by column.

use std::fmt;
use std::marker::PhantomData;

use crate::column::Column;
use crate::column_type::ColumnType;
use crate::encode::encode;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::table::Table;
use crate::value::Value;

/// New values for some columns of a row: what the derive's `XPatch` wraps.
///
/// A column set twice has the last value. An `Option` column set to `None` becomes `NULL`; one that is
/// not set stays as it is.
pub struct Patch<E> {
    /// By column, in the order of the table.
    changes: Vec<(usize, Value<'static>)>,
    error: Option<Error>,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity> Patch<E> {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self { changes: Vec::new(), error: None, entity: PhantomData }
    }

    /// Sets a column. The derive writes a setter for each column that a caller may change; should
    /// generated code name another all the same, patching with it is an error.
    pub(crate) fn set<T: ColumnType>(mut self, column: Column<E, T>, value: T) -> Self {
        let def = column.def();
        if let Some(reason) = refusal(E::TABLE, column.index()) {
            self.error.get_or_insert(Error::invalid_input(def.name, reason));
            return self;
        }
        let value = value.into_stored(def.kind);
        match encode(def, &value) {
            Ok(encoded) => self.put(column.index(), encoded.into_owned()),
            Err(invalid) => {
                self.error.get_or_insert(Error::invalid_value(def.name, invalid));
            }
        }
        self
    }

    /// Whether no column is set.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.error.is_none()
    }

    pub(crate) fn finish(self) -> Result<Vec<(usize, Value<'static>)>> {
        self.error.map_or(Ok(self.changes), Err)
    }

    fn put(&mut self, column: usize, value: Value<'static>) {
        match self.changes.binary_search_by_key(&column, |(index, _)| *index) {
            Ok(at) => self.changes[at].1 = value,
            Err(at) => self.changes.insert(at, (column, value)),
        }
    }
}

/// Why no caller changes this column.
fn refusal(table: &Table, column: usize) -> Option<&'static str> {
    if table.is_managed(column) {
        return Some("is the repository's, and never patched");
    }
    table.columns[column].fixed.then_some("is set at creation and never changed")
}

impl<E: Entity> Default for Patch<E> {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the columns that are set, without the values of sensitive ones.
impl<E: Entity> fmt::Debug for Patch<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Patch");
        for (index, value) in &self.changes {
            let column = &E::TABLE.columns[*index];
            if column.sensitive {
                shown.field(column.name, &format_args!("<sensitive>"));
            } else {
                shown.field(column.name, value);
            }
        }
        shown.finish()
    }
}
