//! A transaction in one that sqlx began, which is kept or undone as a whole, wherever its future is dropped.
//!
//! sqlx's own will not do: of one whose beginning is dropped it rolls back the outer transaction, and its commit
//! then says nothing; and one that is dropped amid its end is ended twice. Here what is dropped is always rolled
//! back to the savepoint, and what is kept has the savepoint moved behind it first.

use std::mem::ManuallyDrop;
use std::pin::Pin;

use repo_core::Error;
use sqlx::postgres::PgTransactionManager;
use sqlx::{Connection as _, PgConnection};
use sqlx_core::transaction::{
    TransactionManager as _, begin_ansi_transaction_sql, commit_ansi_transaction_sql,
};

use crate::error::Failure;
use crate::statement::run_simple;

/// no_active_sql_transaction
const NO_TRANSACTION: &str = "25P01";

/// Refused in any transaction.
const FAIL: &str = "ROLLBACK TO SAVEPOINT repo_not_joined";

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
        forget_errors(connection).await?;
        let depth = PgTransactionManager::get_transaction_depth(connection);
        let begun = PgTransactionManager::begin(connection, None);
        if let Err(error) = Forgotten(ManuallyDrop::new(Box::pin(begun))).finish().await {
            fail(connection, depth).await;
            return Err(why(error));
        }
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

/// Reads what the server answered to whatever was dropped before its end: an error of that is nobody's any more, and
/// what it made of the transaction is seen by who goes on with it.
async fn forget_errors(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    loop {
        match connection.flush().await {
            Err(error) if error.as_database_error().is_some() => {
                tracing::debug!(failure = ?Failure::Driver(error), "nobody waits for it any more");
            }
            read => return read,
        }
    }
}

/// Makes the transaction one that can only be rolled back.
///
/// Where no savepoint can be set, sqlx ends the transaction, and would have what the application does next committed
/// at once. So it is given another, as deep, and that fails.
async fn fail(connection: &mut PgConnection, depth: usize) {
    for _ in 0..=2 * depth {
        if PgTransactionManager::get_transaction_depth(connection) == depth {
            break;
        }
        let begun = match forget_errors(connection).await {
            Ok(()) => PgTransactionManager::begin(connection, None).await,
            Err(error) => Err(error),
        };
        let begun = begun.map_err(Failure::Driver);
        tracing::trace!(?begun, "a transaction in place of the one that ended");
    }
    let failed = run_simple(connection, FAIL).await;
    tracing::trace!(?failed, "what is done in it from now on fails");
}

fn why(error: sqlx::Error) -> Failure {
    let code = error.as_database_error().and_then(|error| error.code());
    if code.is_none_or(|code| code != NO_TRANSACTION) {
        return error.into();
    }
    let reason = "it ended before the join: by hand";
    Failure::Core(Error::TransactionFailed { reason: reason.to_owned() })
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        PgTransactionManager::start_rollback(self.connection);
    }
}
