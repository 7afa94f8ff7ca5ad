//! The statements by which a row goes and comes back: `delete`, `restore` and `purge`.

use crate::audit::Action;
use crate::dialect::Dialect;
use crate::schema::table::Table;
use crate::sql::change::{ChangeSql, Parts};
use crate::sql::clauses::{changing, own_column};
use crate::sql::together::is_live;
use crate::sql::writer::Writer;
use crate::write::parents;

/// Marks the row, or removes it where nothing is marked.
pub(super) fn delete(
    dialect: &dyn Dialect,
    table: &'static Table,
    with_version: bool,
) -> ChangeSql {
    let mut writer = Writer::new(dialect, table);
    let (deleted_at, deletion_id) = (table.roles.deleted_at, table.roles.deletion_id);
    let marks: Vec<usize> = deleted_at.into_iter().chain(deletion_id).collect();
    let mut changed = Vec::new();
    if let Some(deleted_at) = deleted_at {
        writer.push("UPDATE ").table_name().push(" SET ").column(deleted_at).push(" = ");
        writer.placeholder(1);
        if let Some(deletion_id) = deletion_id {
            writer.push(", ").column(deletion_id).push(" = ").placeholder(2);
        }
        writer.set_managed(1, ", ");
        changed = changing(table, &marks);
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
    let parts = Parts {
        action: Action::Delete,
        write,
        condition,
        key: first,
        differs,
        changing: changed,
        params,
    };
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

/// Takes the mark away, where nothing that the row goes with is deleted.
pub(super) fn restore(
    dialect: &dyn Dialect,
    table: &'static Table,
    with_version: bool,
) -> ChangeSql {
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
        key: 2,
        differs: String::new(),
        changing: changing(table, &marks),
        params: next - usize::from(!with_version),
    };
    ChangeSql::new(dialect, table, parts)
}

/// Removes a deleted row.
pub(super) fn purge(dialect: &dyn Dialect, table: &'static Table, with_version: bool) -> ChangeSql {
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
        key: 1,
        differs: String::new(),
        changing: Vec::new(),
        params: next - usize::from(!with_version),
    };
    ChangeSql::new(dialect, table, parts)
}
