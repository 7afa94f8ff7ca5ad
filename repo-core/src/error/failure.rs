//! What a backend's error lacks and only core knows: the names that the schema gave, and which of two
//! errors is told.

use crate::backend::{Effect, Insert, Statement};
use crate::dialect::Dialect;
use crate::error::{Error, ReferenceSide};
use crate::schema::table::Table;
use crate::sql::names;

/// The same error with the constraint and its columns as core calls them.
pub(crate) fn complete(error: Error, dialect: &dyn Dialect, table: &'static Table) -> Error {
    let (entity, constraint, columns) = match error {
        Error::Conflict { entity, constraint, columns } => (entity, constraint, columns),
        Error::InRow { index, source } => return complete(*source, dialect, table).in_row(index),
        error => return error,
    };
    let (constraint, columns) = names::unique_key(dialect, table, constraint, columns);
    Error::Conflict { entity, constraint, columns }
}

/// The same of a statement.
pub(crate) fn complete_statement(
    error: Error,
    dialect: &dyn Dialect,
    statement: Statement<'_>,
) -> Error {
    if statement.is_by_hand() {
        // Nobody knows which table it was about.
        return error;
    }
    on_side(complete(error, dialect, statement.table), statement)
}

/// The same error with the side of a reference that a statement of ours can break: one that removes rows breaks no
/// reference of theirs, and no other writes what entities refer to. What the application refers to, and from where, is
/// not known: where an entity without references is changed it may be either.
fn on_side(error: Error, statement: Statement<'_>) -> Error {
    match error {
        Error::ForeignKey { entity, side: ReferenceSide::Either, reference, told } => {
            let side = match statement.effect {
                Effect::Delete => ReferenceSide::Parent,
                Effect::Update if statement.table.references.is_empty() => ReferenceSide::Either,
                _ => ReferenceSide::Child,
            };
            Error::ForeignKey { entity, side, reference, told }
        }
        Error::InRow { index, source } => on_side(*source, statement).in_row(index),
        error => error,
    }
}

/// The same of an insert. A value that does not fit is told before what the database says of its row or
/// of another: one database is asked row by row, the other when all rows are encoded.
pub(crate) fn complete_insert(error: Error, dialect: &dyn Dialect, insert: Insert<'_>) -> Error {
    use Error::{Check, Conflict, ForeignKey, ReadOnly};
    if let Conflict { .. } | ForeignKey { .. } | Check { .. } | ReadOnly { .. } = error.cause() {
        let mut rows = 0..insert.rows.len();
        let refused = rows.find_map(|index| {
            let refused = insert.rows.encode(index, &mut Vec::new()).err();
            refused.map(|error| error.in_row(index))
        });
        let Insert { sql, table, .. } = insert;
        let statement = Statement { sql, params: &[], effect: Effect::Insert, table };
        return refused.unwrap_or_else(|| complete_statement(error, dialect, statement));
    }
    error
}
