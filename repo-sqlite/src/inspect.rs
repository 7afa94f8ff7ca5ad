//! What a database file says of a table: see [`repo_core::Database::doctor`].
//!
//! Pragmas tell columns, keys and references. Checks, how a column compares, and which rows an index is
//! about, are only in the text of the statement that made them: see `text` and `definition`.

mod columns;
mod definition;
mod replaceable;
mod spelling;
mod text;

use repo_core::schema::{
    Check, DeleteAction, ForeignKey, Found, InspectedTable, PlainIndex, Table, Trigger, UniqueKey,
    is_null_predicate,
};
use rusqlite::{Connection, OptionalExtension as _, Result, Row};

use crate::dialect::guards;

const TABLE: &str = "SELECT s.sql, l.strict, l.type = 'table', l.wr FROM sqlite_schema s \
    JOIN pragma_table_list(s.name) l ON l.schema = 'main' \
    WHERE s.type IN ('table', 'view') AND s.name = ?1 COLLATE NOCASE";

const PRIMARY_KEY: &str = "SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk";

const PRIMARY_INDEX: &str = "SELECT name FROM pragma_index_list(?1) WHERE origin = 'pk'";

const UNIQUE_KEYS: &str = "SELECT i.name, i.partial, s.sql FROM pragma_index_list(?1) i \
    LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = i.name \
    WHERE i.\"unique\" AND i.origin <> 'pk'";

/// Those over all rows.
const INDEXES: &str = "SELECT name FROM pragma_index_list(?1) WHERE NOT partial";

const INDEX_COLUMNS: &str = "SELECT coalesce(name, '(an expression)'), \"desc\", coll \
    FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno";

const KEY_COLUMNS: &str = "SELECT coalesce(name, '(an expression)'), coll \
    FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno";

/// Without a column of the parent it is about the parent's primary key, in its order.
const REFERENCES: &str = "SELECT id, \"from\", f.\"table\", coalesce(\"to\", \
      (SELECT p.name FROM pragma_table_xinfo(f.\"table\") p WHERE p.pk = f.seq + 1), ''), on_delete, \
      on_update NOT IN ('NO ACTION', 'RESTRICT') \
    FROM pragma_foreign_key_list(?1) f ORDER BY id, seq";

/// The table's name is as the trigger spells it.
const TRIGGERS: &str = "SELECT name, sql FROM sqlite_schema \
    WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE";

/// The table, or `None` where there is no such one.
pub(crate) fn inspect(
    connection: &Connection,
    table: &'static Table,
) -> Result<Option<InspectedTable>> {
    let name = table.name;
    let head = connection.query_row(TABLE, [name], |row| {
        let is_table = row.get::<_, bool>(2)?;
        Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, is_table, row.get::<_, bool>(3)?))
    });
    let Some((sql, is_strict, is_table, is_without_rowid)) = head.optional()? else {
        return Ok(None);
    };
    let mut found = InspectedTable::new();
    found.is_table = is_table;
    if !is_table {
        return Ok(Some(found));
    }
    found.problems.extend(without_rowid(table).filter(|_| is_without_rowid).map(str::to_owned));
    if !is_strict {
        found.problems.push("is not STRICT: a column takes values of any type".to_owned());
    }
    if let Some(action) = definition::on_conflict(&sql) {
        found.problems.push(format!("has ON CONFLICT {action}, which does not just refuse a row"));
    }
    found.columns = columns::inspect(connection, table, &sql)?;
    found.keys = keys(connection, table, &sql)?;
    found.problems.extend(replaceable::problems(table, &found.keys));
    found.references = references(connection, table, &sql)?;
    found.checks = text::checks(&sql)
        .into_iter()
        .map(|(name, condition)| Found::sound(Check { name, condition }))
        .collect();
    found.triggers = rows(connection, TRIGGERS, name, |row| {
        Ok(Found::sound(Trigger { name: row.get(0)?, definition: row.get(1)? }))
    })?;
    found.indexes = Some(indexes(connection, table, &sql)?);
    Ok(Some(found))
}

/// What is wrong with a table whose rows have no number, if anything.
fn without_rowid(table: &Table) -> Option<&'static str> {
    if table.has_identity() {
        return Some("is WITHOUT ROWID: its rows get no number, make it anew without these words");
    }
    let problem = "is WITHOUT ROWID, and the triggers of an immutable table ask for the number of a row: \
        no row can be created, make it anew without these words";
    (table.immutable && guards::rowid(table).is_some()).then_some(problem)
}

fn keys(connection: &Connection, table: &Table, sql: &str) -> Result<Vec<Found<UniqueKey>>> {
    let columns = definition::columns(sql);
    let spelled = |name| spelling::column(table, name);
    // None, where the key is the number of the row.
    let index = rows(connection, PRIMARY_INDEX, table.name, |row| row.get::<_, String>(0))?.pop();
    let primary_defect = match index {
        Some(index) => key_columns(connection, &index, &columns)?.1,
        None => None,
    };
    let primary = UniqueKey {
        name: String::new(),
        columns: rows(connection, PRIMARY_KEY, table.name, |row| row.get(0).map(spelled))?,
        is_primary: true,
        predicate: None,
    };
    let mut keys = vec![Found::new(primary, primary_defect)];
    let indexes = rows(connection, UNIQUE_KEYS, table.name, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    for (name, is_partial, sql) in indexes {
        let (columns, defect) = key_columns(connection, &name, &columns)?;
        let columns = columns.into_iter().map(spelled).collect();
        let predicate = sql.filter(|_| is_partial).map(|sql| match text::predicate(&sql) {
            text::Predicate::IsNull(column) => is_null_predicate(&spelled(column)),
            text::Predicate::Other(text) => text,
        });
        keys.push(Found::new(UniqueKey { name, columns, is_primary: false, predicate }, defect));
    }
    Ok(keys)
}

fn indexes(connection: &Connection, table: &Table, sql: &str) -> Result<Vec<Found<PlainIndex>>> {
    let own = definition::columns(sql);
    let mut indexes = Vec::new();
    for name in rows(connection, INDEXES, table.name, |row| row.get::<_, String>(0))? {
        let columns = rows(connection, INDEX_COLUMNS, &name, |row| {
            let (column, collation) = (row.get::<_, String>(0)?, row.get::<_, String>(2)?);
            let is_own = collation.eq_ignore_ascii_case(definition::collation_of(&own, &column));
            let column = spelling::column(table, column);
            let column = if is_own { column } else { format!("({column} COLLATE {collation})") };
            Ok((column, row.get::<_, bool>(1)?))
        })?;
        indexes.push(Found::sound(PlainIndex { name, columns }));
    }
    Ok(indexes)
}

/// The columns of an index, and what is wrong where it compares them in a way of its own.
fn key_columns(
    connection: &Connection,
    index: &str,
    columns: &[definition::Column],
) -> Result<(Vec<String>, Option<&'static str>)> {
    let parts = rows(connection, KEY_COLUMNS, index, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let is_own = parts.iter().any(|(column, collation)| {
        !collation.eq_ignore_ascii_case(definition::collation_of(columns, column))
    });
    let defect = is_own.then_some("compares by another collation than its columns");
    Ok((parts.into_iter().map(|(column, _)| column).collect(), defect))
}

fn references(connection: &Connection, table: &Table, sql: &str) -> Result<Vec<Found<ForeignKey>>> {
    let mut references: Vec<(i64, ForeignKey)> = Vec::new();
    rows(connection, REFERENCES, table.name, |row| {
        let (id, column, parent_column) = (row.get(0)?, row.get(1)?, row.get(3)?);
        if let Some((_, known)) = references.last_mut().filter(|(known, _)| *known == id) {
            known.columns.push(column);
            known.parent_columns.push(parent_column);
            return Ok(());
        }
        let on_delete = match row.get::<_, String>(4)?.as_str() {
            "RESTRICT" => DeleteAction::Restrict,
            "NO ACTION" => DeleteAction::NoAction,
            "CASCADE" => DeleteAction::Cascade,
            _ => DeleteAction::Other,
        };
        references.push((
            id,
            ForeignKey {
                name: String::new(),
                columns: vec![column],
                parent: row.get(2)?,
                parent_columns: vec![parent_column],
                on_delete,
                follows: row.get(5)?,
            },
        ));
        Ok(())
    })?;
    // The last of the text has the number 0.
    let deferred = definition::deferred(sql).into_iter().rev().chain(std::iter::repeat(false));
    let found = references.into_iter().zip(deferred).map(|((_, key), is_deferred)| {
        let key = spelling::reference(table, key);
        Found::new(key, is_deferred.then_some("is INITIALLY DEFERRED: it is asked at the commit"))
    });
    Ok(found.collect())
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    name: &str,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    connection.prepare(sql)?.query_map([name], read)?.collect()
}
