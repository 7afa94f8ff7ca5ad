//! `CREATE TABLE` and `CREATE INDEX`, from the description of a table.

use std::fmt::Write as _;

use crate::dialect::{Dialect, quote};
use crate::sql::names;
use crate::sql::writer::{Writer, quoted};
use crate::table::{ColumnDef, Index, OnDelete, Reference, Table};

/// The statements that make a table and its indexes where they are not there yet.
pub(crate) fn create_table(dialect: &dyn Dialect, table: &'static Table) -> String {
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
    writer.push(";\n");
    for index in table.indexes {
        create_index(&mut writer, index);
    }
    writer.sql
}

fn column_definition(writer: &mut Writer<'_>, column: usize) {
    let (dialect, def) = (writer.dialect, &writer.table.columns[column]);
    writer.push(if column == 0 { "\n  " } else { ",\n  " }).column(column).push(" ");
    let is_identity = column == writer.table.roles.id && writer.table.has_identity();
    if is_identity {
        dialect.identity_type(&mut writer.sql);
    } else {
        dialect.column_type(&mut writer.sql, def.kind);
    }
    let is_key = is_identity && dialect.identity_is_primary_key();
    if !(def.nullable || is_key) {
        writer.push(" NOT NULL");
    }
    check(writer, column, def);
}

/// One check for all that a column asks for: that it is one of an enum's names, that it is short
/// enough, and what the dialect's storage needs.
fn check(writer: &mut Writer<'_>, column: usize, def: &ColumnDef) {
    let name = quoted(writer.table, column);
    let mut conditions = Vec::new();
    if !def.variants.is_empty() {
        let texts: Vec<String> = def.variants.iter().map(|text| literal(text)).collect();
        conditions.push(format!("{name} IN ({})", texts.join(", ")));
    }
    if let Some(most) = def.max_length {
        conditions.push(format!("length({name}) <= {most}"));
    }
    let mut storage = String::new();
    if writer.dialect.storage_check(&mut storage, &name, def) {
        conditions.push(storage);
    }
    if conditions.is_empty() {
        return;
    }
    writer.push(" CONSTRAINT ");
    let constraint = names::check(writer.dialect, writer.table, column);
    quote(&mut writer.sql, &constraint);
    writer.push(" CHECK (").push(&conditions.join(" AND ")).push(")");
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

/// The key of the parent, with the tenant where it has one: its child then has one too.
fn foreign_key(writer: &mut Writer<'_>, reference: &Reference) {
    let (dialect, table, parent) = (writer.dialect, writer.table, (reference.parent)());
    writer.push(",\n  CONSTRAINT ");
    quote(&mut writer.sql, &names::foreign_key(dialect, table, reference.column));
    writer.push(" FOREIGN KEY (");
    let tenant = table.roles.tenant.filter(|_| parent.roles.tenant.is_some());
    writer.columns(tenant.into_iter().chain([reference.column])).push(") REFERENCES ");
    let mut target = Writer::new(dialect, parent);
    target.table_name().push(" (");
    target.columns(parent.roles.tenant.into_iter().chain([parent.roles.id])).push(")");
    writer.push(&target.sql).push(match reference.on_delete {
        OnDelete::Restrict => " ON DELETE RESTRICT",
        // What is recorded is removed by the repository, row by row: the database refuses to do it in
        // silence.
        OnDelete::Cascade if table.audit.is_some() => " ON DELETE NO ACTION",
        OnDelete::Cascade => " ON DELETE CASCADE",
    });
}

fn create_index(writer: &mut Writer<'_>, index: &Index) {
    let (dialect, table) = (writer.dialect, writer.table);
    writer.push(if index.unique { "CREATE UNIQUE INDEX" } else { "CREATE INDEX" });
    writer.push(" IF NOT EXISTS ");
    quote(&mut writer.sql, &names::index(dialect, table, index));
    writer.push(" ON ").table_name().push(" (");
    for (position, part) in names::index_columns(table, index).iter().enumerate() {
        writer.push(if position == 0 { "" } else { ", " }).column(part.column);
        writer.push(if part.descending { " DESC" } else { "" });
    }
    writer.push(")");
    if let Some(deleted_at) = table.roles.deleted_at.filter(|_| index.unique) {
        writer.push(" WHERE ").column(deleted_at).push(" IS NULL");
    }
    writer.push(";\n");
}

/// A text as an SQL literal: only for the names of an enum's variants, which are part of the code.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    let _ = write!(literal, "'{}'", text.replace('\'', "''"));
    literal
}
