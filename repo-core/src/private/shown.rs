//! `Debug` of generated input types: columns as they would be stored, sensitive ones hidden.

use std::fmt;

use crate::entity::Entity;
use crate::table::{ColumnDef, Table};
use crate::value::{InvalidValue, Value};

/// A generated struct that is being shown.
pub struct Shown<'a, 'f> {
    table: &'static Table,
    fields: fmt::DebugStruct<'a, 'f>,
}

impl<'a, 'f> Shown<'a, 'f> {
    /// Starts with the name of the struct.
    pub fn new<E: Entity>(f: &'a mut fmt::Formatter<'f>, name: &str) -> Self {
        Self { table: E::TABLE, fields: f.debug_struct(name) }
    }

    /// Shows a column.
    pub(super) fn field<'v>(
        &mut self,
        column: usize,
        value: impl FnOnce(&ColumnDef) -> Result<Value<'v>, InvalidValue>,
    ) {
        let def = &self.table.columns[column];
        if def.sensitive {
            self.fields.field(def.name, &format_args!("<sensitive>"));
            return;
        }
        match value(def) {
            Ok(value) => self.fields.field(def.name, &value),
            Err(invalid) => self.fields.field(def.name, &format_args!("<{invalid}>")),
        };
    }

    /// Ends the struct.
    ///
    /// # Errors
    ///
    /// What the formatter returns.
    pub fn finish(mut self) -> fmt::Result {
        self.fields.finish()
    }
}

impl fmt::Debug for Shown<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.table.entity)
    }
}
