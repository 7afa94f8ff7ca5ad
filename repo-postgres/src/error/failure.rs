//! Why an operation on a connection failed, and what becomes of the connection.

use std::fmt;
use std::io::ErrorKind;

use repo_core::Error;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::cause::{Cause, cause};
use super::{CANCELLED, SOME_ROW, describe, into_error, is_stale, postgres};

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
        matches!(self, Failure::Driver(error) if postgres(error).is_some_and(super::is_of_an_altered_table))
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

/// Whether the statement was sent whole, but no answer came.
fn is_answer_lost(error: &sqlx::Error) -> bool {
    // A broken pipe is known when writing: the server did not get all, and did nothing.
    matches!(error, sqlx::Error::Io(error) if error.kind() != ErrorKind::BrokenPipe)
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
