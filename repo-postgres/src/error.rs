//! What the server and the driver report, as [`Error`]: by SQLSTATE, from one table (`cause.rs`).
//!
//! Only the server's message is kept, which names tables, columns and constraints. Its DETAIL quotes
//! rows: of it only the columns of a key are read (`detail.rs`). Class 22 quotes values in the message itself, so
//! there the quotes go, and the whole message where it is not in ASCII: a server that speaks another language quotes
//! with marks of that one. In other classes a value stands only where SQL by hand makes a name of it.

mod cause;
mod detail;
mod pooler;

use std::fmt;
use std::io::ErrorKind;

use repo_core::backend::{Meaning, ToldReference};
use repo_core::{AuditEntry, DatabaseError, Entity as _, Error, ReferenceSide};
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use cause::{Cause, cause};
pub(crate) use pooler::OF_POOLERS;

/// What a [`Failure`] of a commit or of a statement outside a transaction is about: the constraint
/// may be of any table.
pub(crate) const SOME_ROW: &str = "row";

/// Why an operation on a connection failed. In logs it is without what the server says of the row.
pub(crate) enum Failure {
    /// The server or the driver said so.
    Driver(sqlx::Error),
    /// The server said so at the end, when it may have committed, and what else it has said is not known.
    Late(sqlx::Error),
    /// Core said so, of a row that it was given or that it was to give. The connection is unharmed.
    Core(Error),
    /// Core said so, and the connection could not be brought back into order.
    Broken(Error),
}

/// What a failure leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aftermath {
    /// A connection that takes the next statement.
    Usable,
    /// A connection that is of no more use.
    Unusable,
    /// The same, and the others that were opened before are probably no better.
    OthersToo,
}

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

/// What is told in place of a message in which it cannot be told where values are.
const UNQUOTED: &str = "a value was refused, in words that may quote it";

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

/// idle_in_transaction_session_timeout, idle_session_timeout
const IDLE_FOR_TOO_LONG: &[&str] = &["25P03", "57P05"];

/// idle_in_transaction_session_timeout, transaction_timeout: what the server ends for its own transaction.
const OF_ONE_SESSION: &[&str] = &["25P03", "25P04"];

/// statement_completion_unknown: what speaks the protocol for others says so of a statement.
const OUTCOME_UNKNOWN: &str = "40003";

impl Failure {
    /// The error of an operation on `entity`.
    pub(crate) fn into_error(self, entity: &'static str) -> Error {
        match self {
            Failure::Core(error) | Failure::Broken(error) => error,
            Failure::Driver(error) | Failure::Late(error) => into_error(error, entity),
        }
    }

    /// The failure of what may have committed by the time it was cancelled.
    pub(crate) fn at_the_end(error: sqlx::Error) -> Self {
        match postgres(&error).is_some_and(|it| it.code() == CANCELLED) {
            true => Failure::Late(error),
            false => Failure::Driver(error),
        }
    }

    /// The error of a write that commits by itself: the statement may have reached the server before
    /// the connection went away, from here or from a pooler between.
    pub(crate) fn into_error_of_autocommit(self, entity: &'static str) -> Error {
        match self {
            Failure::Late(error) => Error::CommitUnknown { source: describe(&error) },
            Failure::Driver(error) if is_answer_lost(&error) || is_told_of_another(&error) => {
                Error::CommitUnknown { source: describe(&error) }
            }
            failure => failure.into_error(entity),
        }
    }

    /// The error of a COMMIT of what may have written: its outcome is known only from a server that takes the next
    /// statement, or that had ended the transaction before.
    pub(crate) fn into_error_of_commit(self) -> Error {
        match self {
            Failure::Late(error) => Error::CommitUnknown { source: describe(&error) },
            Failure::Driver(error) if is_told_of_another(&error) => {
                Error::CommitUnknown { source: describe(&error) }
            }
            Failure::Driver(error)
                if aftermath_of(&error) != Aftermath::Usable && !is_timed_out_before(&error) =>
            {
                Error::CommitUnknown { source: describe(&error) }
            }
            failure => failure.into_error(SOME_ROW),
        }
    }

    /// Whether the server said that it did nothing.
    pub(crate) fn is_refusal(&self) -> bool {
        let Failure::Driver(error) = self else { return false };
        !is_told_of_another(error)
            && postgres(error).is_some_and(|it| matches!(it.severity(), PgSeverity::Error))
    }

    /// Whether the transaction in which it ran had failed before.
    pub(crate) fn is_of_a_failed_transaction(&self) -> bool {
        let Failure::Driver(error) = self else { return false };
        postgres(error).is_some_and(|it| cause(it.code()) == Some(Cause::TransactionFailed))
    }

    /// Whether a statement that the connection keeps prepared is no more what it was.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Failure::Driver(error) if postgres(error).is_some_and(is_stale))
    }

    /// The same, as its table was altered: so it is on other connections.
    #[cfg(feature = "sqlx")]
    pub(crate) fn is_of_an_altered_table(&self) -> bool {
        matches!(self, Failure::Driver(error) if postgres(error).is_some_and(is_of_an_altered_table))
    }

    /// Whether what is run on the connection next may get the answer to something else, or be in no transaction.
    pub(crate) fn is_out_of_step(&self) -> bool {
        matches!(self, Failure::Broken(_) | Failure::Late(_))
    }

    /// What becomes of the connection.
    pub(crate) fn aftermath(&self) -> Aftermath {
        match self {
            Failure::Core(_) => Aftermath::Usable,
            Failure::Broken(_) | Failure::Late(_) => Aftermath::Unusable,
            Failure::Driver(error) => aftermath_of(error),
        }
    }
}

fn aftermath_of(error: &sqlx::Error) -> Aftermath {
    match (postgres(error), error) {
        (Some(said), _) if OF_ONE_SESSION.contains(&said.code()) => Aftermath::Unusable,
        (Some(said), _) if is_fatal(said) || is_stale(said) => Aftermath::OthersToo,
        (Some(_), _) if is_told_of_another(error) => Aftermath::Unusable,
        (Some(_), _) | (None, sqlx::Error::Encode(_)) => Aftermath::Usable,
        (None, sqlx::Error::Io(_)) => Aftermath::OthersToo,
        (None, _) => Aftermath::Unusable,
    }
}

/// Whether a prepared statement is no more what it was: its tables changed, or somebody discarded it.
fn is_stale(error: &PgDatabaseError) -> bool {
    error.code() == NO_SUCH_STATEMENT || is_of_an_altered_table(error)
}

fn is_of_an_altered_table(error: &PgDatabaseError) -> bool {
    error.routine() == Some(STALE_CHECK)
}

/// Whether what speaks the protocol for the server lost it, or does not know what it did.
fn is_told_of_another(error: &sqlx::Error) -> bool {
    postgres(error).is_some_and(|it| it.code().starts_with("08") || it.code() == OUTCOME_UNKNOWN)
}

/// Whether the server ended the session while it waited for the next statement, which it never ran.
fn is_timed_out_before(error: &sqlx::Error) -> bool {
    postgres(error).is_some_and(|it| IDLE_FOR_TOO_LONG.contains(&it.code()))
}

fn is_fatal(error: &PgDatabaseError) -> bool {
    matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)
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

/// Whether the statement was sent whole, but no answer came.
fn is_answer_lost(error: &sqlx::Error) -> bool {
    // A broken pipe is known when writing: the server did not get all, and did nothing.
    matches!(error, sqlx::Error::Io(error) if error.kind() != ErrorKind::BrokenPipe)
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

/// What a message quotes first, in any language, without the schema.
fn quoted(message: &str) -> Option<&str> {
    let quotes = ['"', '«', '»', '„', '“', '”'];
    let quoted = message.split(quotes).nth(1)?.trim();
    Some(quoted.rsplit('.').next().unwrap_or(quoted))
}

pub(crate) fn postgres(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

fn message(error: &PgDatabaseError) -> String {
    let message = one_line(error.message());
    if error.code().starts_with("22") { without_values(&message) } else { message }
}

/// `text` with nothing between its first and its last quote. Where anything else is not ASCII, nothing of it is told.
fn without_values(text: &str) -> String {
    let (before, after) = match (text.find('"'), text.rfind('"')) {
        (Some(first), Some(last)) if first < last => (&text[..=first], &text[last..]),
        _ => (text, ""),
    };
    match after {
        _ if !before.is_ascii() || !after.is_ascii() => UNQUOTED.to_owned(),
        "" => before.to_owned(),
        after => format!("{before}…{after}"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Driver(error) => f.debug_tuple("Driver").field(&describe(error)).finish(),
            Failure::Late(error) => f.debug_tuple("Late").field(&describe(error)).finish(),
            Failure::Core(error) => f.debug_tuple("Core").field(error).finish(),
            Failure::Broken(error) => f.debug_tuple("Broken").field(error).finish(),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Failure::Driver(error)
    }
}

#[cfg(test)]
mod tests {
    use super::{UNQUOTED, one_line, quoted, without_values};

    #[test]
    fn a_message_that_quotes_a_value_loses_it() {
        assert_eq!(
            without_values("invalid input syntax for type integer: \"s3\"cret\""),
            "invalid input syntax for type integer: \"…\""
        );
        assert_eq!(without_values("division by zero"), "division by zero");
        assert_eq!(without_values("a lonely \" quote"), "a lonely \" quote");
    }

    #[test]
    fn a_message_in_another_language_is_told_only_where_its_quotes_are_known() {
        for said in [
            "ungültige Eingabesyntax für Typ bigint: »SECRET77«",
            "ungültige Eingabesyntax für Typ bigint: »SEC\"RET\"77«",
            "syntaxe en entrée invalide pour le type bigint : « SECRET77 »",
            "la sintaxis de entrada no es válida para tipo bigint: «SECRET77»",
            "\u{578b}bigint\u{306e}\u{5165}\u{529b}\u{69cb}\u{6587}\u{304c}\u{4e0d}\u{6b63}\u{3067}\u{3059}: \"SECRET77\"",
            "ogiltig indatasyntax för typen bigint: \"SECRET77\"",
            "ogiltig indatasyntax: ”SECRET77”",
            "invalid input syntax: …SECRET77… \u{201c}SECRET77\u{201d}",
        ] {
            assert_eq!(without_values(said), UNQUOTED, "{said}");
        }
        assert_eq!(
            without_values("sintassi di input non valida per il tipo bigint: \"SECRET77 ß\""),
            "sintassi di input non valida per il tipo bigint: \"…\""
        );
        assert_eq!(without_values("division by zero"), "division by zero");
    }

    #[test]
    fn a_table_that_is_missing_is_named_in_every_language() {
        for said in [
            "relation \"repo_audit\" does not exist",
            "relation \"desk.repo_audit\" does not exist",
            "Relation »repo_audit« existiert nicht",
            "la relation « repo_audit » n'existe pas",
            "no existe la relación «repo_audit»",
            "\u{95a2}\u{4fc2}\"repo_audit\"\u{306f}\u{5b58}\u{5728}\u{3057}\u{307e}\u{305b}\u{3093}",
            "relationen ”repo_audit” existerar inte",
        ] {
            assert_eq!(quoted(said), Some("repo_audit"), "{said}");
        }
        assert_eq!(quoted("it is not there"), None);
    }

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(one_line("first\n\tsecond "), "first second");
    }
}
