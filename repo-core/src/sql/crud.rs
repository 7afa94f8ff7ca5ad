//! The statements whose text depends on the entity alone: rendered once per entity and database.

use crate::audit::Action;
use crate::dialect::Dialect;
use crate::parents;
use crate::patch::Changes;
use crate::sql::change::{ChangeSql, Parts};
use crate::sql::insert::{insert, insert_columns, insert_of_rows, recorded_insert};
use crate::sql::keys::KeyTexts;
use crate::sql::lookup::LookupSql;
use crate::sql::patch::PatchSql;
use crate::sql::together::{is_live, live_parent};
use crate::sql::writer::Writer;
use crate::table::Table;
use crate::value::{Kind, Value};

/// The fixed statements of one entity, for a session of one tenant where the entity has one.
#[derive(Debug)]
pub(crate) struct CrudSql {
    /// The quoted names of all columns, separated by commas: what most queries ask for.
    pub(crate) columns: String,
    /// Columns that an `INSERT` gives: all, but an identity.
    pub(crate) insert_columns: Vec<usize>,
    /// Parameters: `insert_columns`.
    pub(crate) insert: String,
    /// The same of several rows. Parameters: a list for each of `insert_columns`.
    pub(crate) insert_of_rows: Option<String>,
    /// The same of one, unless a row that it refers to is deleted; answers with the id. Only where rows that are
    /// referred to can be.
    pub(crate) guarded_insert: Option<String>,
    /// Statements that insert a row unless its key is there.
    pub(crate) keys: KeyTexts,
    /// The same, recorded by the same statement, where the database can.
    pub(crate) recorded_insert: Option<String>,
    /// Parameters: key. A live row.
    pub(crate) find: LookupSql,
    /// Parameters: key. A row, live or deleted.
    pub(crate) find_any: String,
    /// Parameters: key. Answers with a row if there is a live one.
    pub(crate) exists: LookupSql,
    /// Parameters: tenant, list of ids. Live rows.
    pub(crate) get_many: String,
    /// Columns that an `UPDATE` of the whole entity writes.
    pub(crate) update_columns: Vec<usize>,
    /// Columns that an `UPDATE` of the whole entity must find unchanged.
    pub(crate) fixed_columns: Vec<usize>,
    /// Parameters: `update_columns`, now, key, version, `fixed_columns`. None where nothing changes.
    pub(crate) update: Option<ChangeSql>,
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
    any_version: ChangeSql,
    one_version: ChangeSql,
}

impl Guarded {
    fn new(render: impl Fn(bool) -> ChangeSql) -> Self {
        Self { any_version: render(false), one_version: render(true) }
    }

    pub(crate) fn of(&self, with_version: bool) -> &ChangeSql {
        if with_version { &self.one_version } else { &self.any_version }
    }
}

impl CrudSql {
    pub(crate) fn new(dialect: &dyn Dialect, table: &'static Table) -> Self {
        let insert_columns = insert_columns(table);
        let update_columns: Vec<usize> = updatable(table, false).collect();
        // JSON has no equality that both databases share.
        let fixed_columns: Vec<usize> = updatable(table, true)
            .filter(|column| table.columns[*column].kind != Kind::Json)
            .collect();
        let text = |write: &dyn Fn(&mut Writer<'_>)| {
            let mut writer = Writer::new(dialect, table);
            write(&mut writer);
            writer.sql
        };
        Self {
            columns: text(&|w| _ = w.all_columns()),
            insert: text(&|w| insert(w, &insert_columns, false)),
            insert_of_rows: insert_of_rows(dialect, table, &insert_columns),
            find: LookupSql::row(dialect, table),
            find_any: text(&find_any),
            exists: LookupSql::exists(dialect, table),
            get_many: text(&get_many),
            update: update(dialect, table, &update_columns, &fixed_columns),
            patch: PatchSql::default(),
            delete: Guarded::new(|with_version| delete(dialect, table, with_version)),
            restore: Guarded::new(|with_version| restore(dialect, table, with_version)),
            purge: Guarded::new(|with_version| purge(dialect, table, with_version)),
            guarded_insert: parents::has_marked(table)
                .then(|| text(&|w| insert(w, &insert_columns, true))),
            keys: KeyTexts::default(),
            recorded_insert: recorded_insert(dialect, table, &insert_columns, ""),
            insert_columns,
            update_columns,
            fixed_columns,
        }
    }
}

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

/// The columns that a caller gives, either those fixed at creation or the others.
fn updatable(table: &'static Table, fixed: bool) -> impl Iterator<Item = usize> {
    (0..table.columns.len())
        .filter(move |c| !table.is_managed(*c) && table.columns[*c].fixed == fixed)
}

/// The columns that an `INSERT` gives, and its text: for who needs nothing else.
pub(crate) fn insert_alone(dialect: &dyn Dialect, table: &'static Table) -> (Vec<usize>, String) {
    let columns = insert_columns(table);
    let mut writer = Writer::new(dialect, table);
    insert(&mut writer, &columns, false);
    (columns, writer.sql)
}

fn find_any(writer: &mut Writer<'_>) {
    writer.push("SELECT ").all_columns().push(" FROM ").table_name().push(" WHERE ").key(1);
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

/// `"status" IS DISTINCT FROM $1` for any of these columns, numbered from 1; those that are added to follow.
pub(crate) fn and_differs(writer: &mut Writer<'_>, columns: &[usize], added: &[usize]) -> String {
    let mut differs = String::new();
    for (position, column) in columns.iter().chain(added).enumerate() {
        differs.push_str(if position == 0 { " AND (" } else { " OR " });
        let name = crate::sql::writer::quoted(writer.table, *column);
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

/// Writes these columns, where any of them differs. With none it only reads the row.
fn update(
    dialect: &dyn Dialect,
    table: &'static Table,
    columns: &[usize],
    fixed: &[usize],
) -> Option<ChangeSql> {
    if columns.is_empty() {
        return None;
    }
    let mut writer = Writer::new(dialect, table);
    let now = writer.set(columns, &[]);
    let write = std::mem::take(&mut writer.sql);
    let mut next = writer.push(" WHERE ").key(now + 1);
    writer.and_live();
    if table.roles.version.is_some() {
        writer.and_version(true, next);
        next += 1;
    }
    for column in fixed {
        writer.push(" AND ").column(*column).push(" IS NOT DISTINCT FROM ").placeholder(next);
        next += 1;
    }
    and_live_parents(&mut writer, columns, now + 1);
    let condition = std::mem::take(&mut writer.sql);
    let differs = and_differs(&mut writer, columns, &[]);
    let changing = changing(table, columns);
    let parts =
        Parts { action: Action::Update, write, condition, differs, changing, params: next - 1 };
    Some(ChangeSql::new(dialect, table, parts))
}

fn delete(dialect: &dyn Dialect, table: &'static Table, with_version: bool) -> ChangeSql {
    let mut writer = Writer::new(dialect, table);
    let (deleted_at, deletion_id) = (table.roles.deleted_at, table.roles.deletion_id);
    let marks: Vec<usize> = deleted_at.into_iter().chain(deletion_id).collect();
    let mut changing = Vec::new();
    if let Some(deleted_at) = deleted_at {
        writer.push("UPDATE ").table_name().push(" SET ").column(deleted_at).push(" = ");
        writer.placeholder(1);
        if let Some(deletion_id) = deletion_id {
            writer.push(", ").column(deletion_id).push(" = ").placeholder(2);
        }
        writer.set_managed(1, ", ");
        changing = self::changing(table, &marks);
    } else {
        writer.push("DELETE FROM ").table_name();
    }
    let write = std::mem::take(&mut writer.sql);
    let first = marks.len() + 1;
    let next = writer.push(" WHERE ").key(first);
    writer.and_live().and_version(with_version, next);
    if !marks.is_empty() {
        and_locked(&mut writer, first);
    }
    let params = next - usize::from(!with_version);
    let (condition, differs) = (writer.sql, String::new());
    let parts = Parts { action: Action::Delete, write, condition, differs, changing, params };
    ChangeSql::new(dialect, table, parts)
}

/// ` AND` the row is locked so that nobody comes to refer to it: a mark alone would not keep them from it.
fn and_locked(writer: &mut Writer<'_>, key: usize) {
    let mut locks = String::new();
    writer.dialect.lock_rows(&mut locks);
    if !locks.is_empty() {
        let id = writer.table.roles.id;
        writer.push(" AND ").column(id).push(" = (SELECT ").column(id).push(" FROM ").table_name();
        writer.push(" WHERE ").key(key);
        writer.push(&locks).push(")");
    }
}

fn restore(dialect: &dyn Dialect, table: &'static Table, with_version: bool) -> ChangeSql {
    let mut writer = Writer::new(dialect, table);
    let deleted_at = table.roles.deleted_at.unwrap_or(table.roles.id);
    let marks: Vec<usize> = std::iter::once(deleted_at).chain(table.roles.deletion_id).collect();
    writer.push("UPDATE ").table_name().push(" SET ");
    for (position, column) in marks.iter().enumerate() {
        writer.push(if position > 0 { ", " } else { "" }).column(*column).push(" = NULL");
    }
    writer.set_managed(1, ", ");
    let write = std::mem::take(&mut writer.sql);
    let next = writer.push(" WHERE ").key(2);
    writer.push(" AND ").column(deleted_at).push(" IS NOT NULL");
    writer.and_version(with_version, next);
    // Rows of one table may refer to each other in a circle: what goes along is looked at afterwards.
    for (column, parent) in parents::taking_along(table).filter(|(_, it)| it.name != table.name) {
        writer.push(" AND ");
        let own = |column| move |w: &mut Writer<'_>| own_column(w, column);
        is_live(&mut writer, parent, own(table.roles.tenant.unwrap_or(column)), own(column));
    }
    let parts = Parts {
        action: Action::Restore,
        write,
        condition: writer.sql,
        differs: String::new(),
        changing: changing(table, &marks),
        params: next - usize::from(!with_version),
    };
    ChangeSql::new(dialect, table, parts)
}

fn purge(dialect: &dyn Dialect, table: &'static Table, with_version: bool) -> ChangeSql {
    let mut writer = Writer::new(dialect, table);
    let deleted_at = table.roles.deleted_at.unwrap_or(table.roles.id);
    writer.push("DELETE FROM ").table_name();
    let write = std::mem::take(&mut writer.sql);
    let next = writer.push(" WHERE ").key(1);
    writer.push(" AND ").column(deleted_at).push(" IS NOT NULL");
    writer.and_version(with_version, next);
    let parts = Parts {
        action: Action::Purge,
        write,
        condition: writer.sql,
        differs: String::new(),
        changing: Vec::new(),
        params: next - usize::from(!with_version),
    };
    ChangeSql::new(dialect, table, parts)
}
