//! Lending the connection of a transaction on an adopted pool to queries by hand through sqlx.

use repo_core::{Result, Scope, UncheckedSql};
use sqlx::SqliteConnection;

use crate::adopted::Transaction;

const NOT_ADOPTED: &str = "the transaction is on no connection of sqlx for SQLite: only an adopted pool has those, \
    and in a joined one, use the connection that was joined";

/// Runs `work` on the connection of the transaction that the session of `sql` is in, which is one of an adopted
/// pool: what sqlx does there is in the same transaction, and sees and is seen by what the repositories do in it.
///
/// It is SQL by hand: no policy checks it, its reason is logged and counted, and the audit trail has an entry of
/// it, under the session's actor.
///
/// ```no_run
/// # async fn f(pool: sqlx::SqlitePool, tenant: uuid::Uuid) -> repo_core::Result<()> {
/// let db = repo_sqlite::adopt(pool).await?;
/// db.tenant(tenant)
///     .actor("alice")
///     .transaction(async |tx| {
///         let sql = tx.unchecked_sql("invoice numbers are still the old code's");
///         repo_sqlite::lend(sql, async |connection| {
///             sqlx::query("UPDATE invoice_numbers SET next = next + 1").execute(connection).await
///         })
///         .await?;
///         Ok::<_, repo_core::Error>(())
///     })
///     .await
/// # }
/// ```
///
/// Transactions that `work` begins through sqlx are savepoints in this one, and `work` ends them. Sessions of the
/// transaction are [`ConnectionLent`](repo_core::Error::ConnectionLent) meanwhile. After an error of `work`, or if
/// it is dropped before its end, only a rollback is possible, as after any error of the database.
///
/// # Errors
///
/// - [`NoTransaction`](repo_core::Error::NoTransaction): the session is in no transaction.
/// - [`MissingActor`](repo_core::Error::MissingActor): the session says not who acts.
/// - [`TransactionFailed`](repo_core::Error::TransactionFailed): `work` committed or rolled back by hand.
/// - [`Unsupported`](repo_core::Error::Unsupported): the transaction is not one of an adopted pool.
/// - [`Io`](repo_core::Error::Io): an error of input and output in `work`.
/// - What the error of `work` means.
pub async fn lend<S: Scope, T>(
    sql: UncheckedSql<'_, S>,
    work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
) -> Result<T> {
    sql.lend(NOT_ADOPTED, async |transaction: &mut Transaction| transaction.lend(work).await).await
}
