//! Names that tables of one database cannot share.
//!
//! `IF NOT EXISTS` would pass over the second of two: of two entities on one table, the one has not the policies
//! of the other. To SQLite names that differ in the case of their letters are one.

use std::collections::HashMap;

use super::{is_among, trail_of};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::sql::names;
use crate::table::Table;

/// The virtual tables that repositories have on SQLite, for lists and to put connections away. A table of that name
/// that another connection has just made is not seen behind them.
const OUR_OWN: [&str; 2] = ["rarray", "repo_watch"];

/// Whether each of these tables, no one of which is there twice, and their indexes have names of their own.
pub(super) fn check(dialect: &dyn Dialect, tables: &[&'static Table]) -> Result<()> {
    let mut known: HashMap<String, &Table> = HashMap::new();
    let trail = trail_of(tables).filter(|table| !is_among(tables, table));
    for table in tables.iter().copied().chain(trail) {
        if OUR_OWN.iter().any(|own| own.eq_ignore_ascii_case(table.name)) {
            return Err(Error::InvalidSchema { reason: our_own(table) });
        }
        let indexes = table.indexes.iter().map(|index| names::index(dialect, table, index));
        for name in std::iter::once(table.name.to_owned()).chain(indexes) {
            if let Some(other) = known.insert(name.to_ascii_lowercase(), table) {
                return Err(Error::InvalidSchema { reason: both_need(other, table, &name) });
            }
        }
    }
    Ok(())
}

fn our_own(table: &Table) -> String {
    format!("`{}` needs `{}`, a name of the repositories' own on SQLite", table.entity, table.name)
}

fn both_need(one: &Table, other: &Table, name: &str) -> String {
    let is_namesake = one.entity == other.entity && !one.is_same(other);
    let another = if is_namesake { "another " } else { "" };
    format!("`{}` and {another}`{}` both need `{name}`", one.entity, other.entity)
}
