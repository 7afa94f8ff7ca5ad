//! Unique keys by which a row of an immutable table can be replaced.
//!
//! The schema's own have a trigger that refuses it (`dialect/guards`). Of any other key no trigger knows: a connection
//! without `recursive_triggers` that says REPLACE removes the row that is in its way, and nobody is asked.

use repo_core::schema::{Found, Guards, Table, UniqueKey};

use crate::dialect::SqliteDialect;

/// What is wrong with a table for the sake of these keys, in words that follow its name.
pub(super) fn problems(table: &'static Table, found: &[Found<UniqueKey>]) -> Vec<String> {
    if !table.immutable {
        return Vec::new();
    }
    let guards = Guards::new(&SqliteDialect, table);
    let others = found.iter().filter(|key| !key.guard.is_primary && !is_guarded(key, &guards.keys));
    others.map(|key| problem(&key.guard)).collect()
}

/// Whether rows that agree in the key agree in one that has a trigger. What is wrong with one of the schema's own, by its
/// name, is told where those are compared.
fn is_guarded(found: &Found<UniqueKey>, guarded: &[UniqueKey]) -> bool {
    if guarded.iter().any(|key| key.name == found.guard.name) {
        return true;
    }
    let is_in_it = |column: &String| found.guard.columns.contains(column);
    let covers = |key: &UniqueKey| key.predicate.is_none() && key.columns.iter().all(is_in_it);
    found.defect.is_none() && guarded.iter().any(covers)
}

fn problem(key: &UniqueKey) -> String {
    format!(
        "has a unique key `{}` that is none of the schema's: by it `INSERT OR REPLACE` of another program replaces \
         a row, drop it, or declare it with `unique(..)`",
        key.name
    )
}
