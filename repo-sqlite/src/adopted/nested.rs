//! A transaction in one that sqlx began, which is kept or undone as a whole, wherever its future is dropped.
//!
//! It is a savepoint that sqlx knows nothing of, set and ended on the calling thread while the connection is ours.
//! Where SQLite has ended the transaction of sqlx none is set: it would be a transaction by itself, and committed when
//! it is released.

use repo_core::{Error, Result};
use sqlx::SqliteConnection;

use crate::adopted::Port;
use crate::error::{of_script, without_table};

const SAVEPOINT: &str = "SAVEPOINT repo_joined";
const RELEASE: &str = "RELEASE repo_joined";
const ROLLBACK: &str = "ROLLBACK TO repo_joined; RELEASE repo_joined";

/// Undone when it is dropped, unless it was kept. The settings of the application are restored in any case.
#[derive(Debug)]
pub(crate) struct Nested<'c> {
    port: Port<&'c mut SqliteConnection>,
    is_kept: bool,
}

impl<'c> Nested<'c> {
    /// Sets a savepoint on a connection that sqlx takes for one in a transaction.
    pub(crate) fn begin(port: Port<&'c mut SqliteConnection>) -> Result<Self> {
        if port.connection().is_autocommit() {
            let reason = "it ended before the join: by hand, or by SQLite after an error";
            return Err(Error::TransactionFailed { reason: reason.to_owned() });
        }
        port.control(SAVEPOINT)?;
        let nested = Self { port, is_kept: false };
        let Port { handle, settings } = &nested.port;
        settings.replace(handle.ours()).map_err(|error| without_table(&error))?;
        Ok(nested)
    }

    /// The connection, which is in the transaction still.
    pub(crate) fn open(&mut self) -> Result<&mut Port<&'c mut SqliteConnection>> {
        self.port.check_open()?;
        Ok(&mut self.port)
    }

    /// What an operation came to: an error with which SQLite ended the transaction of sqlx says so.
    pub(crate) fn told<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| match self.port.check_open() {
            Ok(()) => error,
            Err(_) => Error::TransactionFailed { reason: format!("SQLite ended it: {error}") },
        })
    }

    /// Keeps what was done.
    pub(crate) fn keep(mut self) -> Result<()> {
        let connection = self.open()?.connection();
        connection.execute_batch(RELEASE).map_err(|error| of_script(&error))?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        let Port { handle, settings } = &mut self.port;
        let connection = handle.ours();
        let undone = match self.is_kept || connection.is_autocommit() {
            true => Ok(()),
            false => connection.execute_batch(ROLLBACK),
        };
        if let Err(error) = undone {
            tracing::warn!(target: "repo", %error, "a savepoint was not rolled back");
        }
        if let Err(error) = settings.restore(connection) {
            tracing::warn!(target: "repo", %error, "the settings of a connection were not restored");
        }
    }
}
