//! Reads of one row by its key, and the same for several keys in one statement.
//!
//! Both have the same conditions: each key of the second has a tenant of its own, which its row must be of. What
//! makes one statement of the reads of several callers is a backend.

use crate::dialect::{Dialect, quote};
use crate::schema::table::Table;
use crate::sql::clauses::own_column;
use crate::sql::writer::Writer;
use crate::value::Kind;

/// The table of the keys.
pub(super) const KEYS: &str = "repo_keys";

/// A read of at most one live row.
#[derive(Debug)]
pub(crate) struct LookupSql {
    /// Parameters: key.
    pub(crate) of_key: String,
    /// Parameters: a list for each part of a key. Answers with the place of each key before its row. Only where
    /// the database has a table of keys.
    pub(crate) of_keys: Option<String>,
}

impl LookupSql {
    /// The row with a key.
    pub(crate) fn row(dialect: &dyn Dialect, table: &'static Table) -> Self {
        let mut writer = Writer::new(dialect, table);
        writer.push("SELECT ").all_columns();
        Self { of_key: of_key(writer), of_keys: of_keys(dialect, table, table.columns.len()) }
    }

    /// Something where there is a row with a key.
    pub(crate) fn exists(dialect: &dyn Dialect, table: &'static Table) -> Self {
        let mut writer = Writer::new(dialect, table);
        writer.push("SELECT 1");
        Self { of_key: of_key(writer), of_keys: of_keys(dialect, table, 0) }
    }
}

fn of_key(mut writer: Writer<'_>) -> String {
    writer.push(" FROM ").table_name().push(" WHERE ").key(1);
    writer.and_live();
    writer.sql
}

/// The place of each key, and the first few columns of its row.
fn of_keys(dialect: &dyn Dialect, table: &'static Table, columns: usize) -> Option<String> {
    let mut writer = Writer::new(dialect, table);
    let parts: Vec<usize> = table.roles.tenant.into_iter().chain([table.roles.id]).collect();
    let kinds: Vec<Kind> = parts.iter().map(|part| table.columns[*part].kind).collect();
    writer.push("SELECT ");
    of_the_keys(&mut writer, "place");
    for column in 0..columns {
        own_column(writer.push(", "), column);
    }
    writer.push(" FROM ");
    if !dialect.keys(&mut writer.sql, KEYS, &kinds) {
        return None;
    }
    writer.push(" JOIN ").table_name().push(" ON ");
    for (position, part) in parts.into_iter().enumerate() {
        own_column(writer.push(if position > 0 { " AND " } else { "" }), part);
        of_the_keys(writer.push(" = "), &format!("key_{}", position + 1));
    }
    if let Some(deleted_at) = table.roles.deleted_at {
        own_column(writer.push(" WHERE "), deleted_at);
        writer.push(" IS NULL");
    }
    Some(writer.sql)
}

/// `"repo_keys"."place"`
pub(super) fn of_the_keys(writer: &mut Writer<'_>, column: &str) {
    quote(&mut writer.sql, KEYS);
    writer.sql.push('.');
    quote(&mut writer.sql, column);
}
