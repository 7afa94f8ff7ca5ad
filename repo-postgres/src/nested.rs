//! A transaction in one that sqlx began, which is kept or undone as a whole, wherever its future is dropped.
//!
//! sqlx's own will not do: of one whose beginning is dropped it rolls back the outer transaction, and its commit
//! then says nothing; and one that is dropped amid its end is ended twice. Here what is dropped is always rolled
//! back to the savepoint, and what is kept has the savepoint moved behind it first.

use std::mem::ManuallyDrop;
use std::pin::Pin;

use sqlx::PgConnection;
use sqlx::postgres::PgTransactionManager;
use sqlx_core::transaction::{
    TransactionManager as _, begin_ansi_transaction_sql, commit_ansi_transaction_sql,
};

use crate::error::Failure;
use crate::statement::run_simple;

/// Rolls back to the savepoint when it is dropped, before whatever is run next.
#[derive(Debug)]
pub(crate) struct Nested<'c> {
    connection: &'c mut PgConnection,
}

/// A future that is forgotten where it is not finished: what it would do then is not done.
struct Forgotten<F>(ManuallyDrop<Pin<Box<F>>>);

impl<F: Future> Forgotten<F> {
    async fn finish(mut self) -> F::Output {
        let output = self.0.as_mut().await;
        drop(ManuallyDrop::into_inner(self.0));
        output
    }
}

impl<'c> Nested<'c> {
    /// Sets a savepoint on a connection that is in a transaction of sqlx.
    pub(crate) async fn begin(connection: &'c mut PgConnection) -> Result<Self, Failure> {
        let begun = PgTransactionManager::begin(connection, None);
        Forgotten(ManuallyDrop::new(Box::pin(begun))).finish().await?;
        Ok(Self { connection })
    }

    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection
    }

    /// Keeps what was done, after running `last`.
    pub(crate) async fn keep(self, last: Option<&str>) -> Result<(), Failure> {
        let depth = PgTransactionManager::get_transaction_depth(self.connection);
        let release = commit_ansi_transaction_sql(depth);
        let again = begin_ansi_transaction_sql(depth - 1);
        let last = last.map(|last| format!("{last}; ")).unwrap_or_default();
        let sql = format!("{last}{}; {}", release.as_str(), again.as_str());
        run_simple(self.connection, &sql).await
    }
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        PgTransactionManager::start_rollback(self.connection);
    }
}
