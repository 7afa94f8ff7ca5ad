//! The statements of patches: rendered once for each set of columns.
//!
//! Which columns a patch sets is up to the caller, but a program has few kinds of patches. Their order
//! is always that of the table, so that one set has one text, for the database's cache as well.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::dialect::Dialect;
use crate::sql::writer::Writer;
use crate::table::Table;

/// How many texts are kept for an entity; others are rendered at each use.
const MOST: usize = 256;
/// The bit of a set of columns that stands for the version in the condition.
const VERSION: u32 = u64::BITS - 1;

/// The texts that are known.
#[derive(Debug, Default)]
pub(crate) struct PatchSql {
    known: RwLock<HashMap<u64, Arc<str>>>,
}

impl PatchSql {
    /// The statement that sets these columns, or reads the row if there are none.
    ///
    /// Parameters: the columns, now (where there are columns), key, version (where it is asked for).
    pub(crate) fn text(
        &self,
        dialect: &dyn Dialect,
        table: &'static Table,
        columns: impl Iterator<Item = usize> + Clone,
        with_version: bool,
    ) -> Arc<str> {
        let Some(set) = set(columns.clone(), with_version) else {
            return render(dialect, table, columns, with_version);
        };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(&set) {
            return Arc::clone(text);
        }
        drop(known);
        let text = render(dialect, table, columns, with_version);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(set, Arc::clone(&text));
        }
        text
    }
}

/// A bit for each column; none where a table has too many.
fn set(mut columns: impl Iterator<Item = usize>, with_version: bool) -> Option<u64> {
    columns.try_fold(u64::from(with_version) << VERSION, |set, column| {
        (column < VERSION as usize).then(|| set | 1 << column)
    })
}

fn render(
    dialect: &dyn Dialect,
    table: &'static Table,
    columns: impl Iterator<Item = usize> + Clone,
    with_version: bool,
) -> Arc<str> {
    let mut writer = Writer::new(dialect, table);
    let count = columns.clone().count();
    if count == 0 {
        writer.push("SELECT ").all_columns().push(" FROM ").table_name();
    } else {
        writer.push("UPDATE ").table_name().push(" SET ");
        for (position, column) in columns.enumerate() {
            writer.push(if position > 0 { ", " } else { "" });
            writer.column(column).push(" = ").placeholder(position + 1);
        }
        writer.set_managed(count + 1, ", ");
    }
    let first = if count == 0 { 1 } else { count + 2 };
    let next = writer.push(" WHERE ").key(first);
    writer.and_live().and_version(with_version, next);
    if count > 0 {
        writer.returning();
    }
    writer.sql.into()
}
