//! The names of keys, indexes and checks: the same on every database, so that an error can be traced
//! back to its columns.

use crate::dialect::{Dialect, generated_name};
use crate::table::{Index, IndexColumn, Table};

/// `incidents_pkey`
pub(crate) fn primary_key(dialect: &dyn Dialect, table: &Table) -> String {
    generated_name(dialect.identifier_limit(), &[table.name, "pkey"])
}

/// `incidents_id_seq`, as Postgres itself calls the sequence of an identity: it cuts the longer of both names.
pub(crate) fn identity_sequence(dialect: &dyn Dialect, table: &Table) -> String {
    let (of, column) = (table.name, table.id().name);
    let most = dialect.identifier_limit() - "__seq".len();
    let (mut of_length, mut column_length) = (of.len(), column.len());
    while of_length + column_length > most {
        let longer = if of_length > column_length { &mut of_length } else { &mut column_length };
        *longer -= 1;
    }
    let (of, column) = (cut(of, of_length), cut(column, column_length));
    format!("{of}_{column}_seq")
}

/// At most so many bytes of a name, in whole characters.
fn cut(name: &str, most: usize) -> &str {
    &name[..name.floor_char_boundary(most)]
}

/// `incidents_tenant_id_signature_key` for a unique index, `.._idx` for another.
pub(crate) fn index(dialect: &dyn Dialect, table: &Table, index: &Index) -> String {
    let mut parts = vec![table.name];
    for IndexColumn { column, descending } in index_columns(table, index) {
        parts.push(table.columns[column].name);
        if descending {
            parts.push("desc");
        }
    }
    parts.push(if index.unique { "key" } else { "idx" });
    generated_name(dialect.identifier_limit(), &parts)
}

/// `incidents_status_check`
pub(crate) fn check(dialect: &dyn Dialect, table: &Table, column: usize) -> String {
    let name = table.columns[column].name;
    generated_name(dialect.identifier_limit(), &[table.name, name, "check"])
}

/// `actions_incident_id_fkey`
pub(crate) fn foreign_key(dialect: &dyn Dialect, table: &Table, column: usize) -> String {
    let name = table.columns[column].name;
    generated_name(dialect.identifier_limit(), &[table.name, name, "fkey"])
}

/// The columns of an index as the database has them: the tenant first, unless it is global.
pub(crate) fn index_columns(table: &Table, index: &Index) -> Vec<IndexColumn> {
    let given = index.columns.iter().map(|c| IndexColumn { ..*c });
    let tenant = table
        .roles
        .tenant
        .filter(|tenant| !index.global && index.columns.iter().all(|c| c.column != *tenant))
        .map(|column| IndexColumn { column, descending: false });
    tenant.into_iter().chain(given).collect()
}

/// The names of the columns of a unique key, as a conflict tells them: without the tenant, unless it is the key.
pub(crate) fn told(table: &Table, key: &[usize]) -> Vec<String> {
    let is_told = |column: &&usize| key.len() == 1 || Some(**column) != table.roles.tenant;
    key.iter().filter(is_told).map(|column| table.columns[*column].name.to_owned()).collect()
}

/// The unique key that a database names by `constraint` or by `columns`: its name, and its columns as they are
/// told.
pub(crate) fn unique_key(
    dialect: &dyn Dialect,
    table: &Table,
    constraint: &str,
    columns: &[String],
) -> Option<(String, Vec<String>)> {
    if table.columns.is_empty() {
        // A statement by hand: nobody knows which table it was about.
        return None;
    }
    let name = |column: usize| table.columns[column].name.to_owned();
    let mut primary: Vec<usize> = table.roles.tenant.into_iter().collect();
    primary.push(table.roles.id);
    let unique = table.indexes.iter().filter(|index| index.unique).map(|unique| {
        let columns = index_columns(table, unique).iter().map(|c| c.column).collect::<Vec<_>>();
        (index(dialect, table, unique), columns)
    });
    std::iter::once((primary_key(dialect, table), primary))
        .chain(unique)
        .find(|(key, all)| {
            key == constraint
                || (!columns.is_empty()
                    && all.iter().copied().map(name).eq(columns.iter().cloned()))
        })
        .map(|(key, all)| (key, told(table, &all)))
        .or_else(|| {
            // SQLite names an identity that is its table's key by the id alone.
            (columns == [table.id().name]).then(|| (primary_key(dialect, table), columns.to_vec()))
        })
}
