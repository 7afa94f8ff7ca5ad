//! Which error a cause becomes, by table from SQLite's extended result codes.
//!
//! Messages of SQLite name tables and columns, not values, but for SQL by hand that makes a path of JSON or the text of
//! a `RAISE` of one; the statement's text is left out.

use repo_core::backend::{Meaning, ToldReference};
use repo_core::schema::Table;
use repo_core::{DatabaseError, Error, InvalidValue, ReferenceSide};
use rusqlite::ffi;

use crate::dialect::guards;

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Unique,
    ForeignKey,
    Check,
    NotNull,
    DataType,
    Trigger,
    Busy,
    ReadOnly,
    StorageFull,
    Connection,
    Other,
}

/// What SQLite says of a sum, or an absolute value, that no integer holds; its code is that of any error.
const INTEGER_OVERFLOW: &str = "integer overflow";

/// What SQLite says where rows that go along with others are more than it removes.
const TOO_DEEP: &str = "too many levels of trigger recursion";

/// An extended code stands for itself, a primary one for its family as well.
const CAUSES: &[(i32, Cause)] = &[
    (ffi::SQLITE_CONSTRAINT_UNIQUE, Cause::Unique),
    (ffi::SQLITE_CONSTRAINT_PRIMARYKEY, Cause::Unique),
    (ffi::SQLITE_CONSTRAINT_ROWID, Cause::Unique),
    (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, Cause::ForeignKey),
    (ffi::SQLITE_CONSTRAINT_TRIGGER, Cause::Trigger),
    (ffi::SQLITE_CONSTRAINT_CHECK, Cause::Check),
    (ffi::SQLITE_CONSTRAINT_NOTNULL, Cause::NotNull),
    (ffi::SQLITE_CONSTRAINT_DATATYPE, Cause::DataType),
    (ffi::SQLITE_BUSY, Cause::Busy),
    (ffi::SQLITE_LOCKED, Cause::Busy),
    // Two processes opened the write-ahead log at the same moment; it goes away by itself.
    (ffi::SQLITE_PROTOCOL, Cause::Busy),
    (ffi::SQLITE_READONLY, Cause::ReadOnly),
    (ffi::SQLITE_FULL, Cause::StorageFull),
    (ffi::SQLITE_CANTOPEN, Cause::Connection),
];

/// Why a statement did not run, before it is known what becomes of it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// SQLite said so.
    Driver(rusqlite::Error),
    /// `on_row` or a value said so.
    Ours(Error),
    /// It took too long for a thread of the runtime, and goes on elsewhere.
    OutOfTime,
    /// Nobody is there any more to take its rows.
    Abandoned,
}

impl Failure {
    /// A parameter that SQLite cannot store.
    #[cold]
    pub(crate) fn invalid_parameter(index: usize, reason: InvalidValue) -> Self {
        Failure::Ours(Error::invalid_input(format!("parameter {index}"), reason.into_reason()))
    }

    /// Whether another process holds what the statement needs, and may let go of it.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Failure::Driver(error) if is_busy(error))
    }

    /// Whether it was stopped because its time was over.
    pub(crate) fn is_out_of_time(&self) -> bool {
        match self {
            Failure::OutOfTime => true,
            Failure::Driver(error) => extended_code(error) & 0xff == ffi::SQLITE_INTERRUPT,
            _ => false,
        }
    }

    /// The error of a statement about `table`.
    #[cold]
    pub(crate) fn into_error(self, table: &'static Table) -> Error {
        match self {
            Failure::Driver(error) => about(&error, table.entity, table.name),
            Failure::Ours(error) => error,
            Failure::OutOfTime | Failure::Abandoned => {
                Error::Backend(DatabaseError::new("the statement was stopped"))
            }
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Driver(error)
    }
}

/// Whether another process holds what was needed, and may let go of it. A transaction that read an
/// old snapshot (`SQLITE_BUSY_SNAPSHOT`) waits in vain.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    let code = extended_code(error);
    code != ffi::SQLITE_BUSY_SNAPSHOT
        && matches!(code & 0xff, ffi::SQLITE_BUSY | ffi::SQLITE_PROTOCOL)
}

/// Whether the file holds something else than a database.
pub(crate) fn is_not_a_database(error: &rusqlite::Error) -> bool {
    extended_code(error) & 0xff == ffi::SQLITE_NOTADB
}

/// The error of a script, which may be about any table.
#[cold]
pub(crate) fn of_script(error: &rusqlite::Error) -> Error {
    about(error, "row", "")
}

/// The error of a COMMIT: what a deferred key refuses may be of any table.
#[cold]
pub(crate) fn of_commit(error: &rusqlite::Error) -> Error {
    if extended_code(error) & 0xff == ffi::SQLITE_IOERR {
        // What reached the disk is found out when the file is next recovered.
        return Error::CommitUnknown { source: database_error(error) };
    }
    about(error, "row", "")
}

/// The error of a statement about the table of an entity.
fn about(error: &rusqlite::Error, entity: &'static str, table: &str) -> Error {
    let (code, message) = (extended_code(error), message(error));
    match cause(code) {
        Cause::Unique => {
            let (constraint, columns) = violated_key(&message, table);
            Error::Conflict { entity, constraint, columns }
        }
        Cause::ForeignKey => foreign_key(entity, None),
        // RESTRICT is a trigger inside SQLite.
        Cause::Trigger if message == guards::FOREIGN_KEY => foreign_key(entity, None),
        Cause::Trigger if message.starts_with(guards::UNIQUE) => {
            let (constraint, columns) = violated_key(&message, table);
            Error::Conflict { entity, constraint, columns }
        }
        Cause::Trigger if message.ends_with(guards::IMMUTABLE) => Error::Immutable { entity },
        Cause::Check => Error::Check { entity, constraint: after_colon(&message).to_owned() },
        Cause::NotNull => {
            let column = column_name(after_colon(&message), table);
            Error::Check { entity, constraint: format!("{column} NOT NULL") }
        }
        // What an integer cannot hold became a float.
        Cause::DataType if message.starts_with("cannot store REAL value in INTEGER") => {
            Error::OutOfRange { entity }
        }
        _ if message == INTEGER_OVERFLOW => Error::OutOfRange { entity },
        _ => without_table(error),
    }
}

/// The error of a reference, of which SQLite tells nothing by itself.
pub(crate) fn foreign_key(entity: &'static str, told: Option<ToldReference>) -> Error {
    let (side, told) = (ReferenceSide::Either, told.map(Box::new));
    Error::ForeignKey { entity, side, reference: None, told }
}

/// Whether it is about a reference.
pub(crate) fn is_of_reference(error: &rusqlite::Error) -> bool {
    match cause(extended_code(error)) {
        Cause::ForeignKey => true,
        Cause::Trigger => message(error) == guards::FOREIGN_KEY,
        _ => false,
    }
}

/// What a trigger said when it refused.
pub(crate) fn said_by_trigger(error: &rusqlite::Error) -> Option<String> {
    (cause(extended_code(error)) == Cause::Trigger).then(|| message(error))
}

/// The error of something that is about no table.
#[cold]
pub(crate) fn without_table(error: &rusqlite::Error) -> Error {
    let source = database_error(error);
    match cause(extended_code(error)) {
        Cause::Busy => Error::Busy { source },
        Cause::ReadOnly => Error::ReadOnly { source },
        Cause::StorageFull => Error::StorageFull { source },
        Cause::Connection => Error::Connection { source },
        _ => Error::Backend(source),
    }
}

/// The code and the message.
pub(crate) fn database_error(error: &rusqlite::Error) -> DatabaseError {
    let (code, message) = (extended_code(error), message(error));
    let meaning = meaning(code, &message);
    let said = match code {
        0 => DatabaseError::new(message),
        code => DatabaseError::with_code(code.to_string(), message),
    };
    said.meaning(meaning)
}

/// Of what SQLite has no code for, the message tells it.
fn meaning(code: i32, message: &str) -> Meaning {
    if code & 0xff != ffi::SQLITE_ERROR {
        return Meaning::Other;
    }
    if let Some(table) = message.strip_prefix("no such table: ") {
        // Of a statement in a trigger with the name of the schema.
        return Meaning::MissingTable(table.strip_prefix("main.").unwrap_or(table).to_owned());
    }
    if message == TOO_DEEP { Meaning::TooDeep } else { Meaning::Other }
}

fn cause(code: i32) -> Cause {
    let of = |wanted| CAUSES.iter().find(|(code, _)| *code == wanted).map(|(_, cause)| *cause);
    of(code).or_else(|| of(code & 0xff)).unwrap_or(Cause::Other)
}

/// The extended result code; 0 for what the driver itself refused.
fn extended_code(error: &rusqlite::Error) -> i32 {
    match error {
        rusqlite::Error::SqliteFailure(error, _) | rusqlite::Error::SqlInputError { error, .. } => {
            error.extended_code
        }
        _ => 0,
    }
}

fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message))
        | rusqlite::Error::SqlInputError { msg: message, .. } => message.clone(),
        rusqlite::Error::SqliteFailure(error, None) => {
            ffi::code_to_str(error.extended_code).to_owned()
        }
        other => other.to_string(),
    }
}

/// The index, where SQLite names it, or else the columns.
///
/// `UNIQUE constraint failed: t.a, t.b`, or for an index over an expression
/// `UNIQUE constraint failed: index 't_lower_key'`.
fn violated_key(message: &str, table: &str) -> (String, Vec<String>) {
    let what = after_colon(message);
    if let Some(index) = what.strip_prefix("index '") {
        return (index.trim_end_matches('\'').to_owned(), Vec::new());
    }
    let columns = what.split(", ").map(|column| column_name(column, table).to_owned()).collect();
    (String::new(), columns)
}

fn after_colon(message: &str) -> &str {
    message.split_once(": ").map_or(message, |(_, what)| what)
}

/// `column` of `table.column`; the table may be written in other capitals.
fn column_name<'a>(qualified: &'a str, table: &str) -> &'a str {
    let parts = qualified.split_at_checked(table.len());
    let of_table = parts.filter(|(name, _)| name.eq_ignore_ascii_case(table));
    of_table.and_then(|(_, rest)| rest.strip_prefix('.')).unwrap_or(qualified)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i32, message: &str) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message.to_owned()))
    }

    #[test]
    fn a_code_that_is_not_listed_has_the_cause_of_its_family() {
        for (code, expected) in [
            (ffi::SQLITE_BUSY_RECOVERY, Cause::Busy),
            (ffi::SQLITE_BUSY_SNAPSHOT, Cause::Busy),
            (ffi::SQLITE_BUSY_TIMEOUT, Cause::Busy),
            (ffi::SQLITE_LOCKED_SHAREDCACHE, Cause::Busy),
            (ffi::SQLITE_READONLY_DBMOVED, Cause::ReadOnly),
            (ffi::SQLITE_CANTOPEN_ISDIR, Cause::Connection),
            (ffi::SQLITE_CONSTRAINT_DATATYPE, Cause::DataType),
            (ffi::SQLITE_IOERR_FSYNC, Cause::Other),
            (ffi::SQLITE_CORRUPT, Cause::Other),
            (ffi::SQLITE_FULL, Cause::StorageFull),
        ] {
            assert_eq!(cause(code), expected, "{code}");
        }
    }

    #[test]
    fn only_what_passes_by_itself_is_waited_for() {
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_BUSY_RECOVERY, ffi::SQLITE_PROTOCOL] {
            assert!(is_busy(&error(code, "")), "{code}");
        }
        for code in [ffi::SQLITE_BUSY_SNAPSHOT, ffi::SQLITE_LOCKED, ffi::SQLITE_FULL] {
            assert!(!is_busy(&error(code, "")), "{code}");
        }
    }

    #[test]
    fn a_conflict_has_the_names_of_its_columns_whatever_the_table_is_called() {
        let columns = |message, table| violated_key(message, table).1;
        assert_eq!(columns("UNIQUE constraint failed: t.a, t.b", "t"), ["a", "b"]);
        assert_eq!(columns("UNIQUE constraint failed: odd.name.a", "odd.name"), ["a"]);
        assert_eq!(columns("UNIQUE constraint failed: child.a", "t"), ["child.a"]);
        assert_eq!(columns("UNIQUE constraint failed: T.a, T.b", "t"), ["a", "b"]);
        let (index, columns) = violated_key("UNIQUE constraint failed: index 't_key'", "t");
        assert_eq!((index.as_str(), columns.len()), ("t_key", 0));
    }

    #[test]
    fn a_commit_that_could_not_be_written_is_unknown_and_a_refused_one_is_not() {
        let unknown = of_commit(&error(ffi::SQLITE_IOERR_FSYNC, "disk I/O error"));
        assert!(matches!(unknown, Error::CommitUnknown { .. }), "{unknown}");
        let refused = of_commit(&error(ffi::SQLITE_CONSTRAINT_FOREIGNKEY, "FOREIGN KEY"));
        assert!(matches!(refused, Error::ForeignKey { .. }), "{refused}");
        let full = of_commit(&error(ffi::SQLITE_FULL, "database or disk is full"));
        assert!(matches!(full, Error::StorageFull { .. }), "{full}");
    }

    #[test]
    fn what_has_no_code_of_its_own_is_told_by_its_message() {
        let said = |code, message| database_error(&error(code, message));
        let missing = said(ffi::SQLITE_ERROR, "no such table: repo_audit");
        assert!(missing.is_missing_table("repo_audit") && !missing.is_missing_table("repo"));
        let missing = said(ffi::SQLITE_ERROR, "no such table: main.repo_audit");
        assert!(missing.is_missing_table("repo_audit"));
        assert!(said(ffi::SQLITE_ERROR, TOO_DEEP).is_too_deep());
        // A trigger of the application may say anything.
        let raised = said(ffi::SQLITE_CONSTRAINT_TRIGGER, "no such table: repo_audit");
        assert!(!raised.is_missing_table("repo_audit"));
    }

    #[test]
    fn the_text_of_a_statement_is_left_out() {
        let error = rusqlite::Error::SqlInputError {
            error: ffi::Error::new(ffi::SQLITE_ERROR),
            msg: "no such table: t".to_owned(),
            sql: "SELECT 'hunter2' FROM t".to_owned(),
            offset: 22,
        };
        assert_eq!(without_table(&error).to_string(), "no such table: t (1)");
    }
}
