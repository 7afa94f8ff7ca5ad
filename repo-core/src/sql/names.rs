//! The names of keys, indexes and checks: the same on every database, so that an error can be traced
//! back to its columns.

use crate::dialect::{Dialect, generated_name};
use crate::schema::table::{Index, IndexColumn, Table};

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

/// `incidents_deleted_at_mark`, the key that the mark of a deleted row is a part of.
pub(crate) fn mark(dialect: &dyn Dialect, table: &Table, deleted_at: usize) -> String {
    let name = table.columns[deleted_at].name;
    generated_name(dialect.identifier_limit(), &[table.name, name, "mark"])
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

/// The unique key that a database tells by its name or by its columns: its name, and its columns as they are told. A key
/// that is declared has the name that core gives it, whatever the application called the index, and in whichever order
/// it made it.
pub(crate) fn unique_key(
    dialect: &dyn Dialect,
    table: &Table,
    constraint: String,
    columns: Vec<String>,
) -> (String, Vec<String>) {
    let positions: Option<Vec<_>> = columns.iter().map(|name| position(table, name)).collect();
    let Some(positions) = positions else { return (constraint, plain(table, columns)) };
    let is_meant = |(name, key): &(String, Vec<usize>)| match positions.as_slice() {
        [] => *name == constraint,
        positions => is_same_set(key, positions),
    };
    if let Some((name, key)) = unique_keys(dialect, table).find(is_meant) {
        return (name, told(table, &key));
    }
    // The key of the mark may be the first of a table that is asked.
    if is_mark(dialect, table, &constraint, &positions) {
        return (primary_key(dialect, table), told(table, &of_primary_key(table)));
    }
    // SQLite names an identity that is its table's key by the id alone.
    let is_id = positions == [table.roles.id];
    (if is_id { primary_key(dialect, table) } else { constraint }, told(table, &positions))
}

/// The primary key and the unique indexes, by name and columns.
fn unique_keys(dialect: &dyn Dialect, table: &Table) -> impl Iterator<Item = (String, Vec<usize>)> {
    let primary = of_primary_key(table);
    let unique = table.indexes.iter().filter(|index| index.unique).map(move |unique| {
        let columns = index_columns(table, unique).iter().map(|c| c.column).collect();
        (index(dialect, table, unique), columns)
    });
    std::iter::once((primary_key(dialect, table), primary)).chain(unique)
}

fn of_primary_key(table: &Table) -> Vec<usize> {
    table.roles.tenant.into_iter().chain([table.roles.id]).collect()
}

/// Whether it is the key that the mark of a deleted row is a part of: a row that it refuses has an id that is taken.
fn is_mark(dialect: &dyn Dialect, table: &Table, constraint: &str, positions: &[usize]) -> bool {
    let Some(deleted_at) = table.roles.deleted_at else { return false };
    match positions {
        [] => mark(dialect, table, deleted_at) == constraint,
        positions => is_same_set(&[of_primary_key(table), vec![deleted_at]].concat(), positions),
    }
}

/// The column that a database calls `name`: before it one tells the table, and another does not tell capitals apart.
fn position(table: &Table, name: &str) -> Option<usize> {
    let in_table = || name.strip_prefix(table.name)?.strip_prefix('.');
    let in_any_case = || table.columns.iter().position(|it| it.name.eq_ignore_ascii_case(name));
    table.position(name).or_else(|| table.position(in_table()?)).or_else(in_any_case)
}

/// The names of columns of which the struct does not name all, without the tenant.
fn plain(table: &Table, columns: Vec<String>) -> Vec<String> {
    let tenant = table.roles.tenant.filter(|_| columns.len() > 1);
    let is_tenant = |name: &str| tenant.is_some_and(|tenant| position(table, name) == Some(tenant));
    let in_table = |name: &str| name.strip_prefix(table.name)?.strip_prefix('.').map(str::to_owned);
    let told = columns.into_iter().filter(|name| !is_tenant(name));
    told.map(|name| in_table(&name).unwrap_or(name)).collect()
}

fn is_same_set(one: &[usize], other: &[usize]) -> bool {
    one.len() == other.len() && one.iter().all(|column| other.contains(column))
}
