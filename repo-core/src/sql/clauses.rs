//! The parts that statements about one row are made of: its key, its state, what is set, and whether it differs.

use crate::schema::table::Table;
use crate::sql::together::live_parent;
use crate::sql::writer::{Writer, quoted};
use crate::value::{Kind, Value};
use crate::write::parents;
use crate::write::patch::Changes;

impl<'a> Writer<'a> {
    /// `"tenant_id" = $n AND "id" = $n+1`, counted from `first`. Returns the number after the last.
    pub(crate) fn key(&mut self, first: usize) -> usize {
        let mut next = first;
        if let Some(tenant) = self.table.roles.tenant {
            self.column(tenant).push(" = ").placeholder(next).push(" AND ");
            next += 1;
        }
        self.column(self.table.roles.id).push(" = ").placeholder(next);
        next + 1
    }

    /// ` AND "deleted_at" IS NULL`, where rows are marked when they are deleted.
    pub(crate) fn and_live(&mut self) -> &mut Self {
        if let Some(deleted_at) = self.table.roles.deleted_at {
            self.push(" AND ").column(deleted_at).push(" IS NULL");
        }
        self
    }

    /// ` AND "version" = $n`, if it is asked for.
    pub(crate) fn and_version(&mut self, asked: bool, placeholder: usize) -> &mut Self {
        if let Some(version) = self.table.roles.version.filter(|_| asked) {
            self.push(" AND ").column(version).push(" = ").placeholder(placeholder);
        }
        self
    }

    /// `UPDATE "incidents" SET "status" = $1, "count" = "count" + $2, ..` and the managed columns; returns
    /// the number of now.
    pub(crate) fn set(&mut self, columns: &[usize], added: &[usize]) -> usize {
        self.push("UPDATE ").table_name().push(" SET ");
        for (position, column) in columns.iter().chain(added).enumerate() {
            self.push(if position > 0 { ", " } else { "" });
            self.column(*column).push(" = ");
            if position >= columns.len() {
                self.column(*column).push(" + ");
            }
            self.placeholder(position + 1);
        }
        let now = columns.len() + added.len() + 1;
        self.set_managed(now, ", ");
        now
    }

    /// The same with the values as parameters, the first of the statement: of the changes, and of now where it
    /// is set. SQLite refuses one that a statement does not name.
    pub(crate) fn changes(&mut self, changes: &'a Changes, now: Value<'a>) {
        let (set, add) = changes.columns();
        self.set(&set, &add);
        self.params.extend(changes.params());
        self.params.extend(self.table.roles.updated_at.map(|_| now));
    }

    /// `, "version" = "version" + 1, "updated_at" = $now`, where there are such columns.
    pub(crate) fn set_managed(&mut self, now: usize, separator: &str) -> &mut Self {
        let mut separator = separator;
        if let Some(version) = self.table.roles.version {
            self.push(separator).column(version).push(" = ").column(version).push(" + 1");
            separator = ", ";
        }
        if let Some(updated_at) = self.table.roles.updated_at {
            self.push(separator).column(updated_at).push(" = ").placeholder(now);
        }
        self
    }
}

/// `"members"."team_id"`
pub(crate) fn own_column(writer: &mut Writer<'_>, column: usize) {
    writer.table_name().push(".").column(column);
}

/// `"status" IS DISTINCT FROM $1` for any of these columns, numbered from 1; those that are added to follow.
pub(crate) fn and_differs(writer: &mut Writer<'_>, columns: &[usize], added: &[usize]) -> String {
    let mut differs = String::new();
    for (position, column) in columns.iter().chain(added).enumerate() {
        differs.push_str(if position == 0 { " AND (" } else { " OR " });
        let name = quoted(writer.table, *column);
        if position < columns.len() {
            let kind = writer.table.columns[*column].kind;
            writer.dialect.is_distinct(&mut differs, &name, position + 1, kind);
        } else {
            // A database may ask this of rows that the statement is not about, which must not fail: of
            // anything but a float, the difference does not depend on what is there.
            let kind = writer.table.columns[*column].kind;
            let from = if kind == Kind::F64 { name } else { format!("{name} - {name}") };
            differs.push_str(&format!("{from} IS DISTINCT FROM {from} + "));
            writer.dialect.placeholder(&mut differs, position + 1);
        }
    }
    if !differs.is_empty() {
        differs.push(')');
    }
    differs
}

/// ` AND` a row that one of these columns comes to refer to is not deleted. They are numbered from 1, the
/// key from `key`.
pub(crate) fn and_live_parents(writer: &mut Writer<'_>, columns: &[usize], key: usize) {
    let tenant = writer.table.roles.tenant.map(|_| key);
    for (column, parent) in parents::marked(writer.table) {
        let Some(position) = columns.iter().position(|set| *set == column) else { continue };
        writer.push(" AND (").column(column).push(" IS NOT DISTINCT FROM ");
        writer.placeholder(position + 1).push(" OR ");
        live_parent(writer, parent, tenant, position + 1);
        writer.push(")");
    }
}

/// Those of `columns` and the managed ones, in the order of the table.
pub(crate) fn changing(table: &Table, columns: &[usize]) -> Vec<usize> {
    let roles = &table.roles;
    let mut changing = columns.to_vec();
    changing.extend(roles.version.into_iter().chain(roles.updated_at));
    changing.sort_unstable();
    changing
}
