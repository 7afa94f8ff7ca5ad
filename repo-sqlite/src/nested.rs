//! A transaction in one that sqlx began, which is kept or undone as a whole, wherever its future is dropped.
//!
//! sqlx's own will not do: of one whose beginning is dropped it rolls back the outer transaction. Here what is
//! dropped is always rolled back to the savepoint, and what is kept has the savepoint moved behind it first.

use repo_core::Result;
use rusqlite::Connection;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteTransactionManager;
use sqlx_core::transaction::{
    TransactionManager as _, begin_ansi_transaction_sql, commit_ansi_transaction_sql,
};

use crate::adopted::{depth, of_sqlx};
use crate::error::of_script;

/// Rolls back to the savepoint when it is dropped, before whatever is run next.
#[derive(Debug)]
pub(crate) struct Nested<'c> {
    connection: &'c mut SqliteConnection,
}

impl<'c> Nested<'c> {
    /// Sets a savepoint on a connection that is in a transaction of sqlx. Where this is dropped, sqlx's thread
    /// takes the savepoint back.
    pub(crate) async fn begin(connection: &'c mut SqliteConnection) -> Result<Self> {
        let begun = SqliteTransactionManager::begin(connection, None).await;
        begun.map_err(|error| of_sqlx(&error))?;
        Ok(Self { connection })
    }

    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection
    }

    /// What keeps all that was done until then.
    pub(crate) fn keep(&self) -> Keep {
        let depth = depth(self.connection);
        let release = commit_ansi_transaction_sql(depth);
        let again = begin_ansi_transaction_sql(depth - 1);
        Keep(format!("{}; {}", release.as_str(), again.as_str()))
    }
}

/// The statements that move a savepoint.
#[derive(Debug)]
pub(crate) struct Keep(String);

impl Keep {
    pub(crate) fn run(&self, connection: &Connection) -> Result<()> {
        connection.execute_batch(&self.0).map_err(|error| of_script(&error))
    }
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        SqliteTransactionManager::start_rollback(self.connection);
    }
}
