//! `Debug` of generated input types: columns as they would be stored, sensitive ones hidden.

use std::fmt;

use crate::entity::Entity;
use crate::schema::table::{ColumnDef, Table};
use crate::value::{InvalidValue, Value};

/// A generated struct that is being shown.
pub struct Shown<'a, 'f> {
    table: &'static Table,
    fields: fmt::DebugStruct<'a, 'f>,
}

/// A generated struct whose columns can be shown.
pub trait Show {
    /// Shows each column.
    fn show(&self, shown: &mut Shown<'_, '_>);
}

/// Shows a struct of `E` under its name.
///
/// # Errors
///
/// What the formatter returns.
pub fn debug<E: Entity>(f: &mut fmt::Formatter<'_>, name: &str, value: &impl Show) -> fmt::Result {
    let mut shown = Shown { table: E::TABLE, fields: f.debug_struct(name) };
    value.show(&mut shown);
    shown.fields.finish()
}

impl Shown<'_, '_> {
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
}

impl fmt::Debug for Shown<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.table.entity)
    }
}
