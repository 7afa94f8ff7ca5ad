//! `CREATE TABLE` and `CREATE INDEX`, from the description of a table. Triggers are a dialect's own.

use crate::dialect::{Dialect, quote};
use crate::schema::guards::{ForeignKey, Guards, UniqueKey, is_null_predicate};
use crate::schema::table::{Index, Reference, Table};
use crate::sql::names;
use crate::sql::writer::{Writer, quoted};

/// The statements that make a table, its indexes and its triggers where they are not there yet.
pub(crate) fn create_table(dialect: &dyn Dialect, table: &'static Table) -> String {
    let mut script = String::new();
    dialect.create_relation(&mut script, table.name, None, &table_statement(dialect, table));
    for index in table.indexes {
        let name = names::index(dialect, table, index);
        let statement = index_statement(dialect, table, index);
        dialect.create_relation(&mut script, table.name, Some(&name), &statement);
    }
    dialect.create_triggers(&mut script, &Guards::new(dialect, table));
    script
}

/// The statement that makes the key that the mark of a deleted row is a part of, where there is to be one.
pub(crate) fn create_mark_key(dialect: &dyn Dialect, table: &'static Table) -> String {
    let mut script = String::new();
    if let Some(key) = UniqueKey::of_mark(dialect, table) {
        let mut writer = Writer::new(dialect, table);
        writer.push("CREATE UNIQUE INDEX IF NOT EXISTS ");
        quote(&mut writer.sql, &key.name);
        writer.push(" ON ").table_name().push(" (").names(&key.columns).push(")");
        dialect.create_relation(&mut script, table.name, Some(&key.name), &writer.sql);
    }
    script
}

fn table_statement(dialect: &dyn Dialect, table: &'static Table) -> String {
    let mut writer = Writer::new(dialect, table);
    writer.push("CREATE TABLE IF NOT EXISTS ").table_name().push(" (");
    for column in 0..table.columns.len() {
        column_definition(&mut writer, column);
    }
    primary_key(&mut writer);
    for reference in table.references {
        foreign_key(&mut writer, reference);
    }
    writer.push("\n)");
    dialect.table_options(&mut writer.sql);
    writer.sql
}

fn column_definition(writer: &mut Writer<'_>, column: usize) {
    let (dialect, def) = (writer.dialect, &writer.table.columns[column]);
    writer.push(if column == 0 { "\n  " } else { ",\n  " }).column(column).push(" ");
    if column == writer.table.roles.id && writer.table.has_identity() {
        dialect.identity_type(&mut writer.sql);
    } else {
        dialect.column_type(&mut writer.sql, def.kind);
    }
    if !takes_null(dialect, writer.table, column) {
        writer.push(" NOT NULL");
    }
    check(writer, column);
}

/// Whether a column is made without `NOT NULL`.
pub(crate) fn takes_null(dialect: &dyn Dialect, table: &Table, column: usize) -> bool {
    let is_identity = column == table.roles.id && table.has_identity();
    table.columns[column].nullable || (is_identity && dialect.identity_is_primary_key())
}

fn check(writer: &mut Writer<'_>, column: usize) {
    let Some(condition) = check_condition(writer.dialect, writer.table, column) else { return };
    writer.push(" CONSTRAINT ");
    let constraint = names::check(writer.dialect, writer.table, column);
    quote(&mut writer.sql, &constraint);
    writer.push(" CHECK (").push(&condition).push(")");
}

/// One check for all that a column asks for: that it is one of an enum's names, that it is short
/// enough, and what the dialect's storage needs.
pub(crate) fn check_condition(
    dialect: &dyn Dialect,
    table: &Table,
    column: usize,
) -> Option<String> {
    let (name, def) = (quoted(table, column), &table.columns[column]);
    let mut conditions = Vec::new();
    if !def.variants.is_empty() {
        conditions.push(format!("{name} IN ({})", literals(dialect, def.variants)));
    }
    if let Some(most) = def.max_length {
        conditions.push(format!("length({name}) <= {most}"));
    }
    let mut storage = String::new();
    if dialect.storage_check(&mut storage, &name, def) {
        conditions.push(storage);
    }
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}

fn primary_key(writer: &mut Writer<'_>) {
    let (dialect, table) = (writer.dialect, writer.table);
    let alone = table.has_identity() && dialect.identity_is_primary_key();
    if alone && table.roles.tenant.is_none() {
        return;
    }
    writer.push(",\n  CONSTRAINT ");
    quote(&mut writer.sql, &names::primary_key(dialect, table));
    writer.push(if alone { " UNIQUE (" } else { " PRIMARY KEY (" });
    writer.columns(table.roles.tenant.into_iter().chain([table.roles.id])).push(")");
}

fn foreign_key(writer: &mut Writer<'_>, reference: &Reference) {
    let key = ForeignKey::new(writer.dialect, writer.table, reference);
    writer.push(",\n  CONSTRAINT ");
    quote(&mut writer.sql, &key.name);
    writer.push(" FOREIGN KEY (").names(&key.columns).push(") REFERENCES ");
    quote(&mut writer.sql, &key.parent);
    writer.push(" (").names(&key.parent_columns).push(") ").push(key.on_delete.as_sql());
}

fn index_statement(dialect: &dyn Dialect, table: &'static Table, index: &Index) -> String {
    let mut writer = Writer::new(dialect, table);
    writer.push(if index.unique { "CREATE UNIQUE INDEX" } else { "CREATE INDEX" });
    writer.push(" IF NOT EXISTS ");
    quote(&mut writer.sql, &names::index(dialect, table, index));
    writer.push(" ON ").table_name().push(" (");
    for (position, part) in names::index_columns(table, index).iter().enumerate() {
        writer.push(if position == 0 { "" } else { ", " }).column(part.column);
        writer.push(if part.descending { " DESC" } else { "" });
    }
    for column in covered(dialect, table, index) {
        writer.push(", ").column(column);
    }
    writer.push(")");
    if let Some(predicate) = index_predicate(table, index) {
        writer.push(" WHERE ").push(&predicate);
    }
    writer.sql
}

/// What an index ends in beside its columns, none of which is a part of its name.
///
/// Almost every read asks whether a row is deleted: an index that knows does without the row where it is only
/// counted, or left out. Where an identity is what SQLite calls its rows by it is the end of every index, and so
/// gives the order among rows that are alike: it stays before what is added.
fn covered(dialect: &dyn Dialect, table: &Table, index: &Index) -> Vec<usize> {
    let Some(deleted_at) = table.roles.deleted_at.filter(|_| !index.unique) else {
        return Vec::new();
    };
    let is_rowid = table.has_identity() && dialect.identity_is_primary_key();
    let id = is_rowid.then_some(table.roles.id);
    let is_missing = |column: &usize| index.columns.iter().all(|part| part.column != *column);
    if !is_missing(&deleted_at) {
        return Vec::new();
    }
    id.into_iter().filter(is_missing).chain([deleted_at]).collect()
}

/// Unique keys are about live rows.
pub(crate) fn index_predicate(table: &Table, index: &Index) -> Option<String> {
    let deleted_at = table.roles.deleted_at.filter(|_| index.unique)?;
    Some(is_null_predicate(table.columns[deleted_at].name))
}

/// Texts as literals, separated by commas.
fn literals(dialect: &dyn Dialect, texts: &[&str]) -> String {
    let mut sql = String::new();
    for (position, text) in texts.iter().enumerate() {
        sql.push_str(if position > 0 { ", " } else { "" });
        dialect.literal(&mut sql, text);
    }
    sql
}
