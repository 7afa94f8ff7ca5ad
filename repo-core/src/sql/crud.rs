//! The statements whose text depends on the entity alone: rendered once per entity and database.

use crate::dialect::Dialect;
use crate::sql::patch::PatchSql;
use crate::sql::writer::Writer;
use crate::table::Table;

/// The fixed statements of one entity, for a session of one tenant where the entity has one.
#[derive(Debug)]
pub(crate) struct CrudSql {
    /// Columns that an `INSERT` gives: all, but an identity.
    pub(crate) insert_columns: Vec<usize>,
    /// Parameters: `insert_columns`.
    pub(crate) insert: String,
    /// Parameters: key. A live row.
    pub(crate) find: String,
    /// Parameters: key. A row, live or deleted.
    pub(crate) find_any: String,
    /// Parameters: key. Answers with a row if there is a live one.
    pub(crate) exists: String,
    /// Parameters: tenant, list of ids. Live rows.
    pub(crate) get_many: String,
    /// Columns that an `UPDATE` of the whole entity writes.
    pub(crate) update_columns: Vec<usize>,
    /// Columns that an `UPDATE` of the whole entity must find unchanged.
    pub(crate) fixed_columns: Vec<usize>,
    /// Parameters: `update_columns`, now, key, version, `fixed_columns`.
    pub(crate) update: String,
    /// Each depends on the columns that are set.
    pub(crate) patch: PatchSql,
    /// Parameters: now (where rows are only marked), key, version (where it is asked for).
    pub(crate) delete: Guarded,
    /// Parameters: now, key, version (where it is asked for).
    pub(crate) restore: Guarded,
    /// Parameters: key, version (where it is asked for). Removes a deleted row.
    pub(crate) purge: Guarded,
}

/// A statement without and with the version in its condition.
#[derive(Debug)]
pub(crate) struct Guarded {
    any_version: String,
    one_version: String,
}

impl Guarded {
    pub(crate) fn text(&self, with_version: bool) -> &str {
        if with_version { &self.one_version } else { &self.any_version }
    }
}

impl CrudSql {
    pub(crate) fn new(dialect: &dyn Dialect, table: &'static Table) -> Self {
        let insert_columns = insert_columns(table);
        let update_columns: Vec<usize> = updatable(table, false).collect();
        // JSON has no equality that both databases share.
        let fixed_columns: Vec<usize> = updatable(table, true)
            .filter(|column| table.columns[*column].kind != crate::Kind::Json)
            .collect();
        let text = |write: &dyn Fn(&mut Writer<'_>)| {
            let mut writer = Writer::new(dialect, table);
            write(&mut writer);
            writer.sql
        };
        Self {
            insert: text(&|w| insert(w, &insert_columns)),
            find: text(&|w| find(w, true)),
            find_any: text(&|w| find(w, false)),
            exists: text(&exists),
            get_many: text(&get_many),
            update: text(&|w| update(w, &update_columns, &fixed_columns)),
            patch: PatchSql::default(),
            delete: Guarded {
                any_version: text(&|w| delete(w, false)),
                one_version: text(&|w| delete(w, true)),
            },
            restore: Guarded {
                any_version: text(&|w| restore(w, false)),
                one_version: text(&|w| restore(w, true)),
            },
            purge: Guarded {
                any_version: text(&|w| purge(w, false)),
                one_version: text(&|w| purge(w, true)),
            },
            insert_columns,
            update_columns,
            fixed_columns,
        }
    }
}

impl Writer<'_> {
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

    /// ` RETURNING` all columns.
    pub(crate) fn returning(&mut self) -> &mut Self {
        self.push(" RETURNING ").all_columns()
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

fn insert_columns(table: &Table) -> Vec<usize> {
    (0..table.columns.len()).filter(|c| *c != table.roles.id || !table.has_identity()).collect()
}

/// The columns that a caller gives, either those fixed at creation or the others.
fn updatable(table: &'static Table, fixed: bool) -> impl Iterator<Item = usize> {
    (0..table.columns.len())
        .filter(move |c| !table.is_managed(*c) && table.columns[*c].fixed == fixed)
}

fn insert(writer: &mut Writer<'_>, columns: &[usize]) {
    writer.push("INSERT INTO ").table_name();
    if columns.is_empty() {
        writer.push(" DEFAULT VALUES");
    } else {
        writer.push(" (").columns(columns.iter().copied()).push(") VALUES (");
        for index in 1..=columns.len() {
            if index > 1 {
                writer.push(", ");
            }
            writer.placeholder(index);
        }
        writer.push(")");
    }
    if writer.table.has_identity() {
        let id = writer.table.roles.id;
        writer.push(" RETURNING ").column(id);
    }
}

fn find(writer: &mut Writer<'_>, live: bool) {
    writer.push("SELECT ").all_columns().push(" FROM ").table_name().push(" WHERE ").key(1);
    if live {
        writer.and_live();
    }
}

fn exists(writer: &mut Writer<'_>) {
    writer.push("SELECT 1 FROM ").table_name().push(" WHERE ").key(1);
    writer.and_live();
}

fn get_many(writer: &mut Writer<'_>) {
    writer.push("SELECT ").all_columns().push(" FROM ").table_name().push(" WHERE ");
    let mut list = 1;
    if let Some(tenant) = writer.table.roles.tenant {
        writer.column(tenant).push(" = ").placeholder(1).push(" AND ");
        list = 2;
    }
    let id = writer.table.roles.id;
    let name = crate::sql::writer::quoted(writer.table, id);
    writer.dialect.in_list(&mut writer.sql, &name, list, writer.table.columns[id].kind);
    writer.and_live();
}

fn update(writer: &mut Writer<'_>, columns: &[usize], fixed: &[usize]) {
    writer.push("UPDATE ").table_name().push(" SET ");
    for (position, column) in columns.iter().enumerate() {
        if position > 0 {
            writer.push(", ");
        }
        writer.column(*column).push(" = ").placeholder(position + 1);
    }
    let now = columns.len() + 1;
    writer.set_managed(now, if columns.is_empty() { "" } else { ", " });
    if writer.sql.ends_with(" SET ") {
        // Nothing can change; the statement still tells whether the row is there.
        let id = writer.table.roles.id;
        writer.column(id).push(" = ").column(id);
    }
    writer.push(" WHERE ");
    let mut next = writer.key(now + 1);
    writer.and_live();
    if let Some(version) = writer.table.roles.version {
        writer.push(" AND ").column(version).push(" = ").placeholder(next);
        next += 1;
    }
    for column in fixed {
        writer.push(" AND ").column(*column).push(" IS NOT DISTINCT FROM ").placeholder(next);
        next += 1;
    }
    writer.returning();
}

fn delete(writer: &mut Writer<'_>, with_version: bool) {
    let next = if let Some(deleted_at) = writer.table.roles.deleted_at {
        writer.push("UPDATE ").table_name().push(" SET ").column(deleted_at).push(" = ");
        writer.placeholder(1).set_managed(1, ", ").push(" WHERE ").key(2)
    } else {
        writer.push("DELETE FROM ").table_name().push(" WHERE ").key(1)
    };
    writer.and_live().and_version(with_version, next);
}

fn restore(writer: &mut Writer<'_>, with_version: bool) {
    let Some(deleted_at) = writer.table.roles.deleted_at else { return };
    writer.push("UPDATE ").table_name().push(" SET ").column(deleted_at).push(" = NULL");
    let next = writer.set_managed(1, ", ").push(" WHERE ").key(2);
    writer.push(" AND ").column(deleted_at).push(" IS NOT NULL");
    writer.and_version(with_version, next).returning();
}

fn purge(writer: &mut Writer<'_>, with_version: bool) {
    let Some(deleted_at) = writer.table.roles.deleted_at else { return };
    let next = writer.push("DELETE FROM ").table_name().push(" WHERE ").key(1);
    writer.push(" AND ").column(deleted_at).push(" IS NOT NULL");
    writer.and_version(with_version, next);
}
