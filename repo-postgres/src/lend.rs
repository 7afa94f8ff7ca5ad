//! Lending the connection of a transaction to queries by hand through sqlx.
//!
//! A savepoint is set before and released after: where that is not possible any more, the work ended the
//! transaction. sqlx is told that it is in a transaction, so that one that the work begins is nested.

use std::time::Duration;

use repo_core::{Error, Result, Scope, UncheckedSql};
use sqlx::postgres::{PgDatabaseError, PgSeverity, PgTransactionManager};
use sqlx::{Connection as _, PgConnection, SqlSafeStr as _};
use sqlx_core::transaction::TransactionManager as _;
use tokio::time::timeout;

use crate::connection::{COMMIT, Transaction};
use crate::error::{Failure, SOME_ROW, into_error, postgres};
use crate::statement::run_simple;

const SAVEPOINT: &str = "SAVEPOINT repo_lent";
const RELEASE: &str = "RELEASE SAVEPOINT repo_lent";

/// How long a connection of which an error may be is waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// There is no such savepoint, or no transaction.
const ENDED: [&str; 2] = ["3B001", "25P01"];

const NOT_POSTGRES: &str = "the transaction is on no connection of Postgres that is lent: in a joined one, use \
    the connection that was joined";

/// Runs `work` on the connection of the transaction that the session of `sql` is in: what sqlx does there is in
/// the same transaction, and sees and is seen by what the repositories do in it.
///
/// It is SQL by hand: no policy checks it, its reason is logged and counted, and the audit trail has an entry of
/// it, under the session's actor.
///
/// ```no_run
/// # async fn f(db: repo_core::Database, tenant: uuid::Uuid) -> repo_core::Result<()> {
/// db.tenant(tenant)
///     .actor("alice")
///     .transaction(async |tx| {
///         let sql = tx.unchecked_sql("invoice numbers are still the old code's");
///         repo_postgres::lend(sql, async |connection| {
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
/// transaction are [`Error::ConnectionLent`] meanwhile. After an error of `work`, or if it is dropped before its
/// end, only a rollback is possible, as after any error of the database.
///
/// A connection of our own pool is closed when the transaction ends: settings, temporary tables and locks of the
/// session end with it. One of an adopted pool is given back as it is.
///
/// # Errors
///
/// - [`Error::NoTransaction`]: the session is in no transaction.
/// - [`Error::MissingActor`]: the session says not who acts.
/// - [`Error::TransactionFailed`]: `work` committed or rolled back by hand.
/// - [`Error::Unsupported`]: the transaction is not one of this backend.
/// - [`Error::Io`]: an error of input and output in `work` that is not the connection's.
/// - What the error of `work` means.
pub async fn lend<S: Scope, T>(
    sql: UncheckedSql<'_, S>,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
) -> Result<T> {
    sql.lend(NOT_POSTGRES, async |transaction: &mut Transaction| transaction.lend(work).await).await
}

/// What a transaction knows of being lent.
#[derive(Debug)]
pub(crate) struct Lending {
    /// What the transaction said of its reach, and says again after each time.
    setting: Option<String>,
    /// Whether sqlx takes the connection for one in a transaction, which then ends through sqlx.
    is_known: bool,
}

impl Lending {
    pub(crate) fn new(setting: Option<&str>) -> Self {
        Self { setting: setting.map(str::to_owned), is_known: false }
    }

    pub(crate) fn is_known_to_sqlx(&self) -> bool {
        self.is_known
    }

    fn release(&self) -> String {
        match &self.setting {
            Some(setting) => format!("{RELEASE}; {setting}"),
            None => RELEASE.to_owned(),
        }
    }
}

impl Transaction {
    async fn lend<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T> {
        let result = self.lend_once(work).await;
        self.finish(&result);
        result.map_err(|failure| failure.into_error(SOME_ROW))
    }

    async fn lend_once<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, Failure> {
        let release = self.lending.release();
        self.lease.close_own_at_the_end();
        set_savepoint(self.start()?).await?;
        self.lending.is_known = true;
        self.set_may_write();
        lend_on(self.start()?, &release, work).await
    }

    /// Commits or rolls back, so that sqlx knows of it.
    pub(crate) async fn end_by_sqlx(&mut self, sql: &str) -> Result<(), Failure> {
        let commits = sql == COMMIT;
        if commits {
            // A commit of sqlx is one of Postgres: it may roll back, and says nothing.
            self.simple("SELECT").await?;
        }
        let connection = self.start()?;
        let result = match depth(connection) {
            // Whether the server had said that it is complete is not told.
            1 if commits => {
                PgTransactionManager::commit(connection).await.map_err(Failure::at_the_end)
            }
            1 => PgTransactionManager::rollback(connection).await.map_err(Failure::Driver),
            // It would do nothing, or end a savepoint.
            _ => Err(Failure::Broken(ended())),
        };
        self.finish(&result);
        result
    }
}

/// Sets the savepoint, which counts as sqlx's own transaction from then on, and is ended by `end_by_sqlx`.
async fn set_savepoint(connection: &mut PgConnection) -> Result<(), Failure> {
    match depth(connection) {
        0 => PgTransactionManager::begin(connection, Some(SAVEPOINT.into_sql_str())).await?,
        _ => run_simple(connection, SAVEPOINT).await?,
    }
    Ok(())
}

async fn lend_on<T>(
    connection: &mut PgConnection,
    release: &str,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
) -> Result<T, Failure> {
    let result = work(connection).await;
    let result = match result {
        Ok(value) => Ok(value),
        Err(error) => Err(of_work(connection, error).await),
    };
    if depth(connection) != 1 {
        let of_work = |failure: Failure| failure.into_error(SOME_ROW);
        return Err(Failure::Broken(result.map_or_else(of_work, |_| ended())));
    }
    let value = result?;
    let released = run_simple(connection, release).await;
    released.map_err(|error| if is_ended(&error) { Failure::Broken(ended()) } else { error })?;
    Ok(value)
}

/// What an error of the work is of. One of input and output may be of the connection, or of anything else that the work
/// reads or writes: the connection tells.
async fn of_work(connection: &mut PgConnection, error: sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Io(source) => match asked(connection).await {
            Answer::Ready => Failure::Core(Error::Io { source }),
            Answer::OutOfStep => Failure::Broken(Error::Io { source }),
            Answer::Lost => Failure::Driver(sqlx::Error::Io(source)),
        },
        error if is_of_the_driver(&error) => Failure::Driver(error),
        error => Failure::Core(into_error(error, SOME_ROW)),
    }
}

/// What a connection answers after an error that may be its own.
enum Answer {
    Ready,
    /// It is there, amid what the work left unfinished, such as a `COPY`.
    OutOfStep,
    Lost,
}

async fn asked(connection: &mut PgConnection) -> Answer {
    match timeout(ANSWERS_WITHIN, connection.ping()).await {
        Ok(Ok(())) => Answer::Ready,
        Ok(Err(error)) if postgres(&error).is_some_and(is_no_end) => Answer::OutOfStep,
        _ => Answer::Lost,
    }
}

/// Whether the session goes on after this error.
fn is_no_end(error: &PgDatabaseError) -> bool {
    !matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)
}

/// Whether the error may be of the connection, and not of what the work asked for or made of the answer.
fn is_of_the_driver(error: &sqlx::Error) -> bool {
    use sqlx::Error::{
        ColumnDecode, ColumnIndexOutOfBounds, ColumnNotFound, Decode, InvalidArgument, RowNotFound,
        TypeNotFound,
    };
    !matches!(
        error,
        ColumnDecode { .. }
            | ColumnIndexOutOfBounds { .. }
            | ColumnNotFound(_)
            | Decode(_)
            | InvalidArgument(_)
            | RowNotFound
            | TypeNotFound { .. }
    )
}

fn depth(connection: &PgConnection) -> usize {
    PgTransactionManager::get_transaction_depth(connection)
}

fn is_ended(failure: &Failure) -> bool {
    let Failure::Driver(sqlx::Error::Database(error)) = failure else { return false };
    error.code().is_some_and(|code| ENDED.contains(&code.as_ref()))
}

fn ended() -> Error {
    let reason = "SQL by hand ended it, and what was done before may be committed";
    Error::TransactionFailed { reason: reason.to_owned() }
}
