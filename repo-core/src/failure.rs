//! What a backend's error lacks and only core knows: the names that the schema gave.

use crate::dialect::Dialect;
use crate::error::Error;
use crate::sql::names;
use crate::table::Table;

/// The same error with the constraint and its columns, of which one database tells the one and the
/// other the other.
pub(crate) fn complete(error: Error, dialect: &dyn Dialect, table: &'static Table) -> Error {
    let Error::Conflict { entity, constraint, columns } = error else { return error };
    match names::unique_key(dialect, table, &constraint, &columns) {
        Some((constraint, columns)) => Error::Conflict { entity, constraint, columns },
        None => Error::Conflict { entity, constraint, columns },
    }
}
