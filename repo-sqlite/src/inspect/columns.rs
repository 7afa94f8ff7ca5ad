//! Whether the columns of a table are what a schema makes: their types, how they compare, and whether they
//! can be written.
//!
//! Not here: checks, which say what a type of SQLite would take more than it should.

use repo_core::backend::Dialect as _;
use repo_core::schema::{InspectedColumn, Table};
use rusqlite::{Connection, Result};

use super::{definition, rows, spelling};
use crate::dialect::SqliteDialect;

const COLUMNS: &str = "SELECT name, \"notnull\" = 0, type, hidden IN (2, 3), \
    pk > 0 AND (SELECT max(pk) FROM pragma_table_xinfo(?1)) = 1, \
    coalesce(upper(dflt_value), 'NULL') <> 'NULL' FROM pragma_table_xinfo(?1)";

/// A column as the pragma tells it.
struct Stored {
    column: InspectedColumn,
    sql_type: String,
    is_generated: bool,
    /// Whether it alone is the primary key.
    is_key: bool,
}

/// The columns of the table that this statement made, each with how it differs.
pub(super) fn inspect(
    connection: &Connection,
    table: &Table,
    sql: &str,
) -> Result<Vec<InspectedColumn>> {
    let mut stored = rows(connection, COLUMNS, table.name, |row| {
        let (sql_type, is_generated, is_key): (String, bool, bool) =
            (row.get(2)?, row.get(3)?, row.get(4)?);
        let is_number = is_key && sql_type.eq_ignore_ascii_case("INTEGER");
        // The number of a row is never NULL.
        let takes_null = !is_number && row.get(1)?;
        let column = InspectedColumn::new(spelling::column(table, row.get(0)?), takes_null);
        let has_default = is_number || is_generated || row.get(5)?;
        Ok(Stored { column: column.with_default(has_default), sql_type, is_generated, is_key })
    })?;
    let words = definition::columns(sql);
    for it in &mut stored {
        let Some(position) = table.position(&it.column.name) else { continue };
        it.column.problems = problems(it, table, position, &words);
    }
    Ok(stored.into_iter().map(|it| it.column).collect())
}

fn problems(
    stored: &Stored,
    table: &Table,
    position: usize,
    words: &[definition::Column],
) -> Vec<String> {
    let mut promised = String::new();
    SqliteDialect.column_type(&mut promised, table.columns[position].kind);
    let mut problems = Vec::new();
    let sql_type = stored.sql_type.to_ascii_uppercase();
    // In a STRICT table they are the same, except that INT makes no number of the row.
    let is_number = sql_type == "INT" && promised == "INTEGER" && !stored.is_key;
    if sql_type != promised && !is_number {
        problems.push(format!("is {sql_type} instead of {promised}"));
    }
    let collation = definition::collation_of(words, &stored.column.name);
    if !collation.eq_ignore_ascii_case(definition::BINARY) {
        problems.push(format!("has the collation {collation} instead of BINARY"));
    }
    if stored.is_generated {
        problems.push("is GENERATED from others: no value can be written to it".to_owned());
    }
    let is_numbered = table.has_identity() && position == table.roles.id && stored.is_key;
    if is_numbered && words.iter().all(|words| !words.is_autoincrement) {
        problems.push("is not AUTOINCREMENT: it gets numbers of removed rows again".to_owned());
    }
    problems
}
