//! The statements that add a row.

use crate::audit::Action;
use crate::dialect::{AuditedChange, Dialect};
use crate::schema::table::Table;
use crate::sql::change;
use crate::sql::crud::CrudSql;
use crate::sql::together::live_parent;
use crate::sql::writer::Writer;
use crate::write::parents;

pub(super) fn insert_columns(table: &Table) -> Vec<usize> {
    (0..table.columns.len()).filter(|c| *c != table.roles.id || !table.has_identity()).collect()
}

pub(super) fn insert(writer: &mut Writer<'_>, columns: &[usize], guarded: bool) {
    insert_into(writer, columns, guarded);
    if writer.table.has_identity() {
        let id = writer.table.roles.id;
        writer.push(" RETURNING ").column(id);
    }
}

fn insert_into(writer: &mut Writer<'_>, columns: &[usize], guarded: bool) {
    writer.push("INSERT INTO ").table_name();
    if columns.is_empty() {
        writer.push(" DEFAULT VALUES");
        return;
    }
    writer.push(" (").columns(columns.iter().copied());
    writer.push(if guarded { ") SELECT " } else { ") VALUES (" });
    for index in 1..=columns.len() {
        if index > 1 {
            writer.push(", ");
        }
        writer.placeholder(index);
    }
    if !guarded {
        writer.push(")");
        return;
    }
    let number = |column| columns.iter().position(|it| *it == column).unwrap_or(0) + 1;
    let tenant = writer.table.roles.tenant.map(number);
    for (position, (column, parent)) in parents::marked(writer.table).enumerate() {
        writer.push(if position == 0 { " WHERE " } else { " AND " });
        live_parent(writer, parent, tenant, number(column));
    }
}

/// The rows of several callers, who know nothing of each other. None where a row could wait for a transaction of
/// somebody else: for a row of the same key that is not committed, a change of one that it refers to, or an entry of
/// its chain. The others would wait with it.
pub(super) fn insert_of_rows(
    dialect: &dyn Dialect,
    table: &'static Table,
    columns: &[usize],
) -> Option<String> {
    let is_unique = table.indexes.iter().any(|index| index.unique);
    let may_wait = is_unique
        || table.has_assigned_ids()
        || !table.references.is_empty()
        || table.audit.is_some();
    // What the database makes comes back in no order.
    if may_wait || table.has_identity() {
        return None;
    }
    let mut writer = Writer::new(dialect, table);
    writer.push("INSERT INTO ").table_name().push(" (").columns(columns.iter().copied());
    writer.push(") SELECT ");
    for number in 1..=columns.len() {
        writer.push(if number > 1 { ", " } else { "" }).push(&format!("\"key_{number}\""));
    }
    writer.push(" FROM ");
    let kinds: Vec<_> = columns.iter().map(|column| table.columns[*column].kind).collect();
    dialect.rows(&mut writer.sql, "repo_rows", &kinds).then_some(writer.sql)
}

pub(super) fn recorded_insert(
    dialect: &dyn Dialect,
    table: &'static Table,
    columns: &[usize],
    ending: &str,
) -> Option<String> {
    let mut writer = Writer::new(dialect, table);
    insert_into(&mut writer, columns, parents::has_marked(table));
    writer.push(ending);
    dialect.recorded_change(&AuditedChange {
        table,
        action: Action::Create,
        before: None,
        waits: false,
        was: &[],
        write: &writer.sql,
        condition: "",
        columns: &change::columns(dialect, table),
        images: change::images(Action::Create, table),
        changing: &[],
        params: columns.len(),
        chaining: table.audit?,
    })
}

impl CrudSql {
    /// An insert that ends in `ending` and answers with the row; and the same, recorded by the same
    /// statement, where the database can.
    pub(crate) fn insert_ending_in(
        &self,
        dialect: &dyn Dialect,
        table: &'static Table,
        ending: &str,
    ) -> (String, Option<String>) {
        let mut writer = Writer::new(dialect, table);
        insert_into(&mut writer, &self.insert_columns, parents::has_marked(table));
        writer.push(ending).push(" RETURNING ").all_columns();
        (writer.sql, recorded_insert(dialect, table, &self.insert_columns, ending))
    }
}
