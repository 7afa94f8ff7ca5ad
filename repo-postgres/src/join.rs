//! Repositories in a transaction that sqlx began.
//!
//! What they do is a nested transaction: kept as a whole, or undone as a whole, also where it is dropped before
//! its end. Row-level security has the tenant of the session meanwhile, and afterwards what the
//! transaction said before.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use repo_core::__beside::{Joinable, backend};
use repo_core::backend::{Insert, Row, Statement};
use repo_core::{Error, InvalidValue, Joined, Kind, Result, Scope, Session, Value};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor as _, PgConnection, Row as _};

use crate::backend::Postgres;
use crate::connection::{release, rollback_to, savepoint};
use crate::error::{Failure, SOME_ROW};
use crate::insert::Ways;
use crate::nested::Nested;
use crate::value::{BinaryRow, arguments, types_of};
use crate::{insert, row_security, statement};

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
/// # async fn f(pool: sqlx::PgPool, db: repo_core::Database, tenant: uuid::Uuid) -> Result<(), Box<dyn std::error::Error>> {
/// let mut tx = pool.begin().await?;
/// sqlx::query("UPDATE counters SET notes = notes + 1").execute(&mut *tx).await?;
/// let joined = repo_postgres::join(&db.tenant(tenant), &mut tx, async |session| {
///     session.repo::<Note>().create(NewNote { text: "milk".into() }).await
/// })
/// .await?;
/// tx.commit().await?;
/// let note: Note = joined.committed().await;
/// # Ok(())
/// # }
/// ```
///
/// The answer of a statement is held as a whole before its rows are decoded. Statements stay prepared on the connection
/// where the database adopted a pool that keeps them, or keeps them itself and sqlx has kept one there before.
///
/// # Errors
///
/// - [`Error::NoTransaction`]: sqlx began no transaction on the connection.
/// - [`Error::Configuration`]: the session is of another database than Postgres; with row-level security, no policy
///   binds the role of the transaction.
/// - [`Error::InvalidInput`]: the session is in a transaction of its own.
/// - [`Error::TransactionFailed`]: an earlier error in the transaction, which can then only be rolled back; it ended
///   before, by hand; or an error in `work` was swallowed.
/// - The error of `work`.
pub async fn join<S, T, E>(
    session: &Session<S>,
    connection: &mut PgConnection,
    work: impl AsyncFnOnce(&Session<S>) -> Result<T, E>,
) -> Result<Joined<T>, E>
where
    S: Scope,
    E: From<Error>,
{
    let ways = ways(session, connection)?;
    if !connection.is_in_transaction() {
        return Err(Error::NoTransaction { operation: "join" }.into());
    }
    let mut nested = Nested::begin(connection).await.map_err(of_some_row)?;
    let before = match ways.row_level_security {
        true => Some(reach(nested.connection(), ways, session).await?),
        false => None,
    };
    let mut borrowed = Borrowed { connection: nested.connection(), ways, is_stale: false };
    let joined = repo_core::__beside::join(session, &mut borrowed, work).await;
    let is_stale = borrowed.is_stale;
    match joined {
        Ok(joined) => {
            nested.keep(before.as_deref()).await.map_err(of_some_row)?;
            Ok(joined)
        }
        Err(error) => {
            drop(nested);
            if is_stale {
                forget_statements(connection).await;
                if let Some(postgres) = postgres(session) {
                    postgres.forget_statements();
                }
            }
            Err(error)
        }
    }
}

/// How the session's statements run on the connection.
fn ways<S: Scope>(session: &Session<S>, connection: &PgConnection) -> Result<Ways> {
    let backend = backend(session.database());
    if backend.dialect().name() != "postgres" {
        let system = backend.dialect().name();
        let reason = format!("a session of {system} cannot join a transaction of Postgres");
        return Err(Error::Configuration { reason });
    }
    let row_level_security = backend.has_row_level_security();
    let persistent = match postgres(session) {
        // The connection is taken for one of its pool.
        Some(postgres) if postgres.is_adopted() => postgres.ways().persistent,
        Some(postgres) if !postgres.ways().persistent => false,
        // sqlx does not tell whether the connection keeps statements, unless it has kept one.
        _ => connection.cached_statements_size() > 0,
    };
    // The connection is the application's, and used on where the work is dropped.
    Ok(Ways { persistent, row_level_security, copies: false })
}

/// The backend, unless another one wraps it.
fn postgres<S: Scope>(session: &Session<S>) -> Option<&Postgres> {
    let backend = backend(session.database()).as_any();
    backend.and_then(<dyn Any + Send + Sync>::downcast_ref)
}

/// Says whose rows the session is about, and returns the statement that says what was said before.
async fn reach<S: Scope>(
    connection: &mut PgConnection,
    ways: Ways,
    session: &Session<S>,
) -> Result<String> {
    let reach =
        session.scope().reach().map_err(|it| Error::invalid_input("tenant", it.into_reason()))?;
    let before = sqlx::query(row_security::BEFORE).persistent(ways.persistent);
    let before = before.fetch_one(&mut *connection).await;
    let before = before.map_err(|error| of_some_row(error.into()))?;
    if before.try_get::<Option<bool>, _>(2).is_ok_and(|is_free| is_free == Some(true)) {
        let reason = "row-level security cannot hold: the joined transaction is of a role with SUPERUSER or \
                      BYPASSRLS, which no policy binds";
        return Err(Error::Configuration { reason: reason.to_owned() });
    }
    let text =
        |index| before.try_get::<String, _>(index).map_err(|error| of_some_row(error.into()));
    let before = row_security::again(&text(0)?, &text(1)?);
    let setting = row_security::setting(&reach).unwrap_or_else(|| row_security::again("", "off"));
    statement::run_simple(connection, &setting).await.map_err(of_some_row)?;
    Ok(before)
}

/// Has all statements prepared again, the application's too: those of a table that changed fail once, not for good.
async fn forget_statements(connection: &mut PgConnection) {
    if let Err(error) = connection.clear_cached_statements().await {
        tracing::debug!(failure = ?Failure::Driver(error), "stale statements were not forgotten");
    }
}

fn of_some_row(failure: Failure) -> Error {
    failure.into_error(SOME_ROW)
}

/// A connection in sqlx's transaction.
struct Borrowed<'c> {
    connection: &'c mut PgConnection,
    ways: Ways,
    /// A statement that the connection keeps prepared is no more what it was.
    is_stale: bool,
}

/// A row that owns what it holds.
struct OwnRow {
    row: PgRow,
    types: Arc<[u32]>,
}

impl Row for OwnRow {
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        BinaryRow::new(&self.row, &self.types).value_of(index, kind)
    }
}

impl Borrowed<'_> {
    async fn fetch(
        &mut self,
        statement: Statement<'_>,
        rows: &mut Vec<OwnRow>,
    ) -> Result<u64, Failure> {
        let query = sqlx::query_with(AssertSqlSafe(statement.sql), arguments(statement.params)?)
            .persistent(self.ways.persistent);
        let mut results = self.connection.fetch_many(query);
        let mut affected = 0;
        let mut types: Option<Arc<[u32]>> = None;
        while let Some(result) = results.try_next().await? {
            match result {
                Either::Left(done) => affected += done.rows_affected(),
                Either::Right(row) => {
                    let types = types.get_or_insert_with(|| types_of(&row).into()).clone();
                    rows.push(OwnRow { row, types });
                }
            }
        }
        Ok(affected)
    }

    /// The result of an operation on `entity`, by which it is known whether statements are stale.
    fn told<T>(&mut self, result: Result<T, Failure>, entity: &'static str) -> Result<T> {
        self.is_stale |= result.as_ref().is_err_and(Failure::is_stale);
        result.map_err(|failure| failure.into_error(entity))
    }

    async fn simple(&mut self, sql: &str) -> Result<()> {
        statement::run_simple(self.connection, sql).await.map_err(of_some_row)
    }
}

#[async_trait]
impl Joinable for Borrowed<'_> {
    type Row = OwnRow;

    async fn run(&mut self, statement: Statement<'_>, rows: &mut Vec<OwnRow>) -> Result<u64> {
        let entity = statement.table.entity;
        let ran = self.fetch(statement, rows).await;
        self.told(ran, entity)
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        let inserted = insert::insert(self.connection, self.ways, insert).await;
        self.told(inserted, insert.table.entity)
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        self.simple(sql).await
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        self.simple(&savepoint(level)).await
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        self.simple(&release(level)).await
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.simple(&rollback_to(level)).await?;
        if std::mem::take(&mut self.is_stale) {
            forget_statements(self.connection).await;
        }
        Ok(())
    }
}
