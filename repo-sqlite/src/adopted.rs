//! The pool of an application: its connections, used through rusqlite while an operation has one.
//!
//! Reads take a connection as it comes. Whoever writes takes a turn first, so that tasks of the repositories do not
//! meet; the application's own writers are waited for. Absent: opening, testing and closing connections, which is
//! the application's pool's to do.

mod handle;
pub(crate) mod join;
mod kept;
mod lease;
pub(crate) mod lend;
mod names;
pub(crate) mod nested;
mod port;
mod settings;
mod sqlx_error;
mod transaction;

pub(crate) use lease::depth;
pub(crate) use port::Port;
pub(crate) use sqlx_error::of_sqlx;
pub(crate) use transaction::Transaction;

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use repo_core::backend::{Access, Backend, Connection, Dialect, Insert, OnRow, Statement};
use repo_core::schema::{InspectedTable, Table};
use repo_core::{Database, Error, Health, Result, TransactionOptions};
use sqlx::{ConnectOptions as _, SqlitePool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::coop::consume_budget;
use tokio::time::timeout;

use crate::dialect::SqliteDialect;
use crate::error::without_table;
use crate::inspect::inspect;
use crate::pool::open::{OpenError, check_encoding};
use crate::statement::OnError;
use handle::interrupt;
use lease::Lease;

/// `SELECT 1` alone would not touch the file.
const READ_THE_FILE: &str = "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)";

/// The pool of an application, from which repositories take their connections.
///
/// What [`Options`](crate::Options) says of connections is said of the application's own.
///
/// ```no_run
/// # async fn adopt(pool: sqlx::SqlitePool) -> repo_core::Result<()> {
/// let backend = repo_sqlite::Adopt::new(pool).connect_backend().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Adopt {
    pool: SqlitePool,
}

/// The repositories on `pool`, which stays the application's: see [`Adopt`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
/// let db = repo_sqlite::adopt(pool.clone()).await?;
/// db.health().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As for [`Adopt::connect`].
pub async fn adopt(pool: SqlitePool) -> Result<Database> {
    Adopt::new(pool).connect().await
}

impl Adopt {
    /// Adopts `pool`.
    pub fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// Takes one connection, to see that it works, and returns the database.
    ///
    /// [`Database::close`] leaves the pool open: later operations of the repositories are [`Error::Closed`], and
    /// the application's go on. A pool that the application closes is [`Error::Closed`] as well.
    ///
    /// # Errors
    ///
    /// - [`Error::Configuration`]: each connection of the pool would have an in-memory database of its own, or the
    ///   database keeps text as UTF-16.
    /// - [`Error::PoolTimeout`]: no connection was to be had in time.
    /// - [`Error::Connection`]: the file cannot be opened.
    pub async fn connect(self) -> Result<Database> {
        Ok(Database::new(Arc::new(self.connect_backend().await?)))
    }

    /// As [`connect`](Self::connect), but returns the backend alone, to be wrapped by another one.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    pub async fn connect_backend(self) -> Result<AdoptedSqlite> {
        let backend = AdoptedSqlite { pool: self.pool, turns: Arc::new(Semaphore::new(1)) };
        let lease = backend.lease(None).await?;
        let path = lease.port().connection().path().unwrap_or_default();
        if path.is_empty() && backend.size() > 1 && !backend.has_shared_cache() {
            let reason = "an in-memory database is one connection's own, and the pool has several: give it \
                `max_connections(1)`, or a shared cache";
            return Err(Error::Configuration { reason: reason.to_owned() });
        }
        let checked = check_encoding(lease.port().connection(), "the database of the pool");
        checked.map_err(|error| match error {
            OpenError::Driver(error) => without_table(&error),
            OpenError::Ours(error) => error,
        })?;
        drop(lease);
        Ok(backend)
    }
}

/// A SQLite database behind the pool of an application, as [`Adopt::connect_backend`] makes it.
#[derive(Debug)]
pub struct AdoptedSqlite {
    pool: SqlitePool,
    /// Whose turn it is to write. Closed with the database.
    turns: Arc<Semaphore>,
}

impl AdoptedSqlite {
    async fn checkout(&self, access: Access) -> Result<Lease> {
        // Operations that never wait would otherwise keep the thread from its other tasks.
        consume_budget().await;
        let turn = match access {
            Access::Read if self.turns.is_closed() => return Err(Error::Closed),
            Access::Read => None,
            Access::Write => Some(self.turn().await?),
        };
        self.lease(turn).await
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        match timeout(self.pool.options().get_acquire_timeout(), turn).await {
            Ok(turn) => turn.map_err(|_| Error::Closed),
            Err(_) => Err(self.timed_out()),
        }
    }

    async fn lease(&self, mut turn: Option<OwnedSemaphorePermit>) -> Result<Lease> {
        loop {
            let connection = self.pool.acquire().await.map_err(|error| match error {
                sqlx::Error::PoolTimedOut => self.timed_out(),
                error => of_sqlx(&error),
            })?;
            let port = Port::open(connection).await?;
            if let Some(lease) = Lease::new(port, &mut turn)? {
                return Ok(lease);
            }
        }
    }

    fn timed_out(&self) -> Error {
        let waited = self.pool.options().get_acquire_timeout();
        Error::PoolTimeout { size: self.size(), idle: self.pool.num_idle(), waited }
    }

    fn size(&self) -> usize {
        usize::try_from(self.pool.options().get_max_connections()).unwrap_or(usize::MAX)
    }

    fn has_shared_cache(&self) -> bool {
        let options = self.pool.connect_options();
        if options.get_filename().to_string_lossy().contains("cache=shared") {
            return true;
        }
        // Only a URL says it, and there is none of `:memory:`.
        let url = (*options).clone().filename("any").to_url_lossy();
        url.query_pairs().any(|(name, value)| name == "cache" && value == "shared")
    }
}

#[async_trait]
impl Backend for AdoptedSqlite {
    fn dialect(&self) -> &dyn Dialect {
        &SqliteDialect
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        let mut lease = self.checkout(statement.access()).await?;
        lease.port_mut().run(statement, on_row, OnError::Undo(interrupt)).await
    }

    async fn insert(&self, rows: Insert<'_>) -> Result<Vec<i64>> {
        if rows.rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.begin(TransactionOptions::new()).await?;
        let identities = transaction.insert(rows).await?;
        transaction.commit().await?;
        Ok(identities)
    }

    async fn begin(&self, options: TransactionOptions) -> Result<Box<dyn Connection>> {
        // Every isolation is satisfied: transactions of SQLite are serializable.
        if !options.read_only {
            let lease = self.checkout(Access::Write).await?;
            return Ok(Box::new(Transaction::begin(lease, "BEGIN IMMEDIATE").await?));
        }
        let mut lease = self.checkout(Access::Read).await?;
        lease.forbid_writes()?;
        Ok(Box::new(Transaction::begin(lease, "BEGIN DEFERRED").await?))
    }

    async fn inspect(&self, table: &'static Table) -> Result<Option<InspectedTable>> {
        let lease = self.checkout(Access::Read).await?;
        inspect(lease.port().connection(), table).map_err(|error| without_table(&error))
    }

    async fn health(&self) -> Result<Health> {
        let since = Instant::now();
        let lease = self.checkout(Access::Read).await?;
        lease
            .port()
            .connection()
            .query_row(READ_THE_FILE, [], |_| Ok(()))
            .map_err(|error| without_table(&error))?;
        let round_trip = since.elapsed();
        drop(lease);
        Ok(Health::new(round_trip, self.size(), self.pool.num_idle()))
    }

    async fn close(&self) {
        self.turns.close();
    }

    fn as_any(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(self)
    }
}
