//! What the server and the driver report, as [`Error`]: by SQLSTATE, from one table (`cause.rs`).
//!
//! Only the server's message is kept, which names tables, columns and constraints. Its DETAIL quotes
//! rows: of it only the columns of a key are read (`detail.rs`). Class 22 quotes values in the message itself, so
//! there the quotes go, and the whole message where it is not in ASCII (`message.rs`): a server that speaks another
//! language quotes with marks of that one. In other classes a value stands only where SQL by hand makes a name of it.

mod cause;
mod detail;
mod failure;
mod message;
mod pooler;

use std::io::ErrorKind;

use repo_core::backend::{Meaning, ToldReference};
use repo_core::{AuditEntry, DatabaseError, Entity as _, Error, ReferenceSide};
use sqlx::postgres::PgDatabaseError;

use cause::{Cause, cause};
pub(crate) use failure::{Aftermath, Failure};
use message::{message, one_line, quoted};
pub(crate) use pooler::OF_POOLERS;

/// What a [`Failure`] of a commit or of a statement outside a transaction is about: the constraint
/// may be of any table.
pub(crate) const SOME_ROW: &str = "row";

/// The server's function that compares a row with the policies of its table: a missing privilege has the
/// same state, and messages are translated.
const POLICY_CHECK: &str = "ExecWithCheckOptions";

/// The server's file that finds what serializable transactions read of each other.
const READS_FILE: &str = "predicate.c";

/// not_null_violation, of an entry that has no number where the head of its chain was left out, and of a head that has
/// none where no number of a chain follows it.
const NO_VALUE: &str = "23502";
const TRAIL: &str = "repo_audit";
const HEADS: &str = "repo_audit_heads";

/// unique_violation, of an entry whose number is taken, in the statement of the change that it tells of.
const TAKEN: &str = "23505";

/// undefined_object: what the parameters below are, which statements of ours ask for to be refused.
const NO_SUCH_PARAMETER: &str = "42704";
/// Asked for where a row is changed and its entry, which is in no chain, is not in the trail.
pub(crate) const ENTRY_LEFT_OUT: &str = "repo.entry_left_out";
/// Asked for where rows are looked for that may be newer than the snapshot.
pub(crate) const OLD_SNAPSHOT: &str = "repo.old_snapshot";

/// What is left of a prepared statement when someone discarded it.
const NO_SUCH_STATEMENT: &str = "26000";

/// The server's function that finds that the answer of a prepared statement has other columns than before: the
/// state is that of all that is not supported.
const STALE_CHECK: &str = "RevalidateCachedQuery";

/// feature_not_supported
pub(crate) const NOT_SUPPORTED: &str = "0A000";

/// undefined_table, and what names no table of the statement.
const NO_SUCH_TABLE: &str = "42P01";

/// serialization_failure
const NOT_SERIALIZABLE: &str = "40001";

/// query_canceled
const CANCELLED: &str = "57014";

/// Whether a prepared statement is no more what it was: its tables changed, or somebody discarded it.
fn is_stale(error: &PgDatabaseError) -> bool {
    error.code() == NO_SUCH_STATEMENT || is_of_an_altered_table(error)
}

fn is_of_an_altered_table(error: &PgDatabaseError) -> bool {
    error.routine() == Some(STALE_CHECK)
}

/// Whether a table was altered after a statement about it was prepared: the statement did nothing, and what the pool
/// gives next knows none of that time.
pub(crate) fn is_stale_error(error: &Error) -> bool {
    matches!(error, Error::Serialization { source } if source.is_stale_statement())
}

/// The error of anything but a COMMIT, on `entity`.
pub(crate) fn into_error(error: sqlx::Error, entity: &'static str) -> Error {
    let source = describe(&error);
    let Some(database) = postgres(&error) else {
        return match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Error::Connection { source },
            _ => Error::Backend(source),
        };
    };
    if let Some(refusal) = refusal_of_ours(database, entity).or_else(|| pooler::refusal(database)) {
        return refusal;
    }
    if is_of_an_altered_table(database) {
        return Error::Serialization { source };
    }
    let Some(cause) = cause(database.code()) else { return Error::Backend(source) };
    let constraint = || database.constraint().unwrap_or_default().to_owned();
    match cause {
        Cause::Conflict => {
            let columns = key_columns(database);
            Error::Conflict { entity, constraint: constraint(), columns }
        }
        Cause::ForeignKey => {
            let (side, told) = (ReferenceSide::Either, reference(database).map(Box::new));
            Error::ForeignKey { entity, side, reference: None, told }
        }
        Cause::Check => Error::Check { entity, constraint: constraint() },
        Cause::NotNull => {
            // Of a domain that takes no NULL the server tells the domain, and no column.
            let of = database.column().or(database.data_type()).unwrap_or("a value");
            Error::Check { entity, constraint: format!("{of} NOT NULL") }
        }
        Cause::Immutable => Error::Immutable { entity },
        Cause::Serialization => Error::Serialization { source },
        Cause::Busy => Error::Busy { source },
        Cause::ReadOnly => Error::ReadOnly { source },
        Cause::StorageFull => Error::StorageFull { source },
        Cause::TransactionFailed => Error::TransactionFailed { reason: source.message },
        Cause::Connection => Error::Connection { source },
        Cause::Policy if database.routine() == Some(POLICY_CHECK) => {
            Error::TenantMismatch { entity }
        }
        Cause::Policy => Error::Backend(source),
        Cause::OutOfRange => Error::OutOfRange { entity },
    }
}

/// The foreign key: its name, and the table whose rows refer. The detail has the columns of the side that was written.
fn reference(error: &PgDatabaseError) -> Option<ToldReference> {
    let (table, constraint) = (error.table()?.to_owned(), error.constraint()?.to_owned());
    let columns = error.detail().and_then(detail::columns).unwrap_or_default();
    Some(ToldReference { table, constraint, columns })
}

/// The columns of a key that is taken, as `table.column`: the table may be another than that of the statement. None
/// where the server does not tell them, as of a table with row-level security, or of a key that has an expression.
fn key_columns(error: &PgDatabaseError) -> Vec<String> {
    let told = error.table().zip(error.detail().and_then(detail::columns));
    let Some((table, columns)) = told else { return Vec::new() };
    columns.into_iter().map(|column| format!("{table}.{column}")).collect()
}

/// What a statement of ours says: of an entry without a number or with one that is taken, or by asking for a parameter
/// that there is not. Its name stands in the message in every language.
fn refusal_of_ours(error: &PgDatabaseError, entity: &str) -> Option<Error> {
    let asks_for = |name| error.code() == NO_SUCH_PARAMETER && error.message().contains(name);
    match (error.code(), error.table()) {
        (NO_VALUE, Some(TRAIL)) => return Some(Error::left_out()),
        (NO_VALUE, Some(HEADS)) => return Some(Error::trail_astray()),
        (TAKEN, Some(TRAIL | HEADS)) if entity != AuditEntry::TABLE.entity => {
            return Some(Error::trail_astray());
        }
        _ => {}
    }
    if asks_for(ENTRY_LEFT_OUT) {
        return Some(Error::left_out());
    }
    let reason = "rows that go along, and were added after a transaction of REPEATABLE READ or SERIALIZABLE \
                  began, are not seen in it: use READ COMMITTED";
    asks_for(OLD_SNAPSHOT).then(|| Error::Unsupported { reason: reason.into() })
}

fn describe(error: &sqlx::Error) -> DatabaseError {
    if let Some(database) = postgres(error) {
        let described = DatabaseError::with_code(database.code(), message(database));
        return described.meaning(meaning(database));
    }
    match error {
        sqlx::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            DatabaseError::new("the server closed the connection")
        }
        // Without the driver's preface: what the error is about is said by ours.
        sqlx::Error::Io(error) => DatabaseError::new(one_line(&error.to_string())),
        error => DatabaseError::new(one_line(&error.to_string())),
    }
}

/// What core has no variant for.
fn meaning(error: &PgDatabaseError) -> Meaning {
    match error.code() {
        _ if is_of_an_altered_table(error) => Meaning::StaleStatement,
        CANCELLED => Meaning::Cancelled,
        NOT_SERIALIZABLE if error.file() != Some(READS_FILE) => Meaning::RowChanged,
        NO_SUCH_TABLE => {
            quoted(error.message()).map_or(Meaning::Other, |it| Meaning::MissingTable(it.into()))
        }
        _ => Meaning::Other,
    }
}

pub(crate) fn postgres(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}
