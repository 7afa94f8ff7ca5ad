//! What sqlx reports, as [`Error`]: through the table of SQLite's codes.

use repo_core::{DatabaseError, Error};
use rusqlite::ffi;

use crate::error::of_script;

/// The error of work on a connection that is lent. What it reads and writes besides is its own: SQLite reports that of its
/// file by code.
pub(crate) fn of_work(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::Io(source) => Error::Io { source },
        error => of_sqlx(&error),
    }
}

/// The error of something that sqlx did on a connection.
pub(crate) fn of_sqlx(error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse().ok());
            let code = ffi::Error::new(code.unwrap_or(ffi::SQLITE_ERROR));
            let message = database.message().to_owned();
            of_script(&rusqlite::Error::SqliteFailure(code, Some(message)))
        }
        sqlx::Error::PoolClosed => Error::Closed,
        sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => {
            Error::Connection { source: DatabaseError::new(error.to_string()) }
        }
        error => Error::Backend(DatabaseError::new(error.to_string())),
    }
}
