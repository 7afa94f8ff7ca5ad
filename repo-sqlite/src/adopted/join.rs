//! Repositories in a transaction that sqlx began.
//!
//! What they do is a nested transaction: kept as a whole, or undone as a whole, also where it is dropped before
//! its end.

use async_trait::async_trait;
use repo_core::__beside::Joinable;
use repo_core::backend::{Insert, Statement};
use repo_core::{Error, Joined, Result, Scope, Session};
use rusqlite::types::ValueRef;
use sqlx::SqliteConnection;

use crate::adopted::nested::Nested;
use crate::adopted::{Port, depth};
use crate::row::batch::Batch;
use crate::row::{Cells, StoredRow};
use crate::statement::OnError;

/// Runs `work` with `session` in the transaction that sqlx began on `connection`: `work` is given a session of the
/// same scope, actor and correlation whose repositories see what the transaction did, and whose changes are
/// committed with it.
///
/// What `work` does is a savepoint, released when it returns `Ok` and its entries are in the audit trail, and
/// rolled back when it returns `Err` or is dropped. Only sqlx knows when the transaction is committed: tell
/// [`Joined::committed`], for hooks and listeners.
///
/// ```no_run
/// # #[derive(repo_core::Repository)]
/// # #[repository(table = "notes", tenant)]
/// # struct Note { id: uuid::Uuid, tenant_id: uuid::Uuid, text: String }
/// # async fn f(pool: sqlx::SqlitePool, db: repo_core::Database, tenant: uuid::Uuid) -> Result<(), Box<dyn std::error::Error>> {
/// let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
/// sqlx::query("UPDATE counters SET notes = notes + 1").execute(&mut *tx).await?;
/// let joined = repo_sqlite::join(&db.tenant(tenant), &mut tx, async |session| {
///     session.repo::<Note>().create(NewNote { text: "milk".into() }).await
/// })
/// .await?;
/// tx.commit().await?;
/// let note: Note = joined.committed().await;
/// # Ok(())
/// # }
/// ```
///
/// A transaction that has only read becomes one that writes when `work` does: SQLite refuses that
/// ([`Error::Busy`]) where another one wrote since. `BEGIN IMMEDIATE` waits when it begins, and is not refused.
/// The answer of a statement is held as a whole before its rows are decoded.
///
/// # Errors
///
/// - [`Error::NoTransaction`]: sqlx began no transaction on the connection.
/// - [`Error::Configuration`]: the session is of another database than SQLite, or the connection does not check
///   foreign keys.
/// - [`Error::InvalidInput`]: the session is in a transaction of its own.
/// - [`Error::TransactionFailed`]: the transaction ended before, by hand or by SQLite after an error; SQLite ended it
///   because of what `work` did, such as a full disk, as the operation in question says; or an error in `work` was
///   swallowed.
/// - The error of `work`.
pub async fn join<S, T, E>(
    session: &Session<S>,
    connection: &mut SqliteConnection,
    work: impl AsyncFnOnce(&Session<S>) -> Result<T, E>,
) -> Result<Joined<T>, E>
where
    S: Scope,
    E: From<Error>,
{
    check(session)?;
    if depth(connection) == 0 {
        return Err(Error::NoTransaction { operation: "join" }.into());
    }
    let port = Port::open(connection).await?;
    if !port.settings.has_foreign_keys() {
        let reason = "the connection does not check foreign keys, and within a transaction it cannot begin to: \
            set `foreign_keys(true)` where it is opened";
        return Err(Error::Configuration { reason: reason.to_owned() }.into());
    }
    let mut borrowed = Borrowed { nested: Nested::begin(port)? };
    let joined = repo_core::__beside::join(session, &mut borrowed, work).await?;
    borrowed.nested.keep()?;
    Ok(joined)
}

fn check<S: Scope>(session: &Session<S>) -> Result<()> {
    let system = session.database().system();
    if system == "sqlite" {
        return Ok(());
    }
    let reason = format!("a session of {system} cannot join a transaction of SQLite");
    Err(Error::Configuration { reason })
}

/// A connection in sqlx's transaction.
struct Borrowed<'c> {
    nested: Nested<'c>,
}

/// A row that owns what it holds.
struct OwnRow(Batch);

impl Cells for OwnRow {
    fn cell(&self, index: usize) -> Option<ValueRef<'_>> {
        self.0.cell(0, index)
    }
}

#[async_trait]
impl Joinable for Borrowed<'_> {
    type Row = StoredRow<OwnRow>;

    async fn run(
        &mut self,
        statement: Statement<'_>,
        rows: &mut Vec<StoredRow<OwnRow>>,
    ) -> Result<u64> {
        let step = self.nested.open()?.step(statement, OnError::Keep, |row| {
            let mut own = Batch::first();
            own.push(row)?;
            rows.push(StoredRow(OwnRow(own)));
            Ok(())
        });
        let ran = step.await;
        self.nested.told(ran)
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        let inserted = self.nested.open()?.insert(insert).await;
        self.nested.told(inserted)
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        let ran = self.nested.open()?.script(sql);
        self.nested.told(ran)
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        self.nested.open()?.control(&format!("SAVEPOINT repo_{level}"))
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        self.nested.open()?.control(&format!("RELEASE repo_{level}"))
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.nested.open()?.rollback_to(level)
    }
}
