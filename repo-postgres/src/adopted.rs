//! The pool of an application: connections that are its own, and lent to the repositories one at a time.
//!
//! What is open, tested and replaced is the application's to say, in its `PgPoolOptions`. A connection whose
//! operation did not finish, or that is in a transaction, is taken out of the pool and closed, as one of ours
//! would be. Absent: closing the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use repo_core::{Database, Error, Result};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions as _, PgPool, Postgres as Sqlx};

use crate::backend::Postgres;
use crate::dialect::PostgresDialect;
use crate::error::{SOME_ROW, into_error};
use crate::pool::Pool;

/// The pool of an application, from which repositories take their connections.
///
/// What [`Options`](crate::Options) says of the pool and its connections is said of the application's own.
///
/// ```no_run
/// # async fn adopt(pool: sqlx::PgPool) -> repo_core::Result<()> {
/// let db = repo_postgres::Adopt::new(pool).row_level_security(true).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Adopt {
    pool: PgPool,
    dialect: PostgresDialect,
}

/// The repositories on `pool`, which stays the application's: see [`Adopt`].
///
/// ```no_run
/// # async fn adopt() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = sqlx::PgPool::connect("postgres://desk@localhost/desk").await?;
/// let db = repo_postgres::adopt(pool.clone()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As for [`Adopt::connect`].
pub async fn adopt(pool: PgPool) -> Result<Database> {
    Adopt::new(pool).connect().await
}

impl Adopt {
    /// Adopts `pool`. Where its connections keep no statements prepared (`statement_cache_capacity(0)`, for a
    /// pooler such as pgbouncer), every operation is a transaction of its own, as with
    /// [`Options::statement_cache`](crate::Options::statement_cache).
    pub fn new(pool: PgPool) -> Self {
        Self { pool, dialect: PostgresDialect::default() }
    }

    /// As [`Options::row_level_security`](crate::Options::row_level_security): off by default.
    #[must_use]
    pub fn row_level_security(mut self, enabled: bool) -> Self {
        self.dialect.row_level_security = enabled;
        self
    }

    /// Takes one connection, to see that it works, and returns the database.
    ///
    /// [`Database::close`] leaves the pool open: later operations of the repositories are [`Error::Closed`], and
    /// the application's go on. A pool that the application closes is [`Error::Closed`] as well.
    ///
    /// # Errors
    ///
    /// - [`Error::PoolTimeout`]: no connection was to be had in time; sqlx says the same of a server that
    ///   cannot be reached.
    /// - [`Error::Connection`]: the server refuses the user or the database.
    /// - [`Error::Configuration`]: the database keeps text in another encoding than UTF-8, the pool's connections
    ///   speak one, row-level security is asked for and does not bind the role, or a pooler before the server refuses
    ///   what the connections are opened with.
    pub async fn connect(self) -> Result<Database> {
        Ok(Database::new(Arc::new(self.connect_backend().await?)))
    }

    /// As [`connect`](Self::connect), but returns the backend alone, to be wrapped by another one.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    pub async fn connect_backend(self) -> Result<Postgres> {
        let persistent = statement_cache(&self.pool).is_none_or(|statements| statements > 0);
        let pool = Pool::Adopted(Adopted { pool: self.pool, closed: AtomicBool::new(false) });
        let mut backend = Postgres::new(pool, persistent, self.dialect);
        backend.check().await?;
        Ok(backend)
    }
}

/// How many statements each connection keeps: only the URL of the options says it.
fn statement_cache(pool: &PgPool) -> Option<usize> {
    let url = pool.connect_options().to_url_lossy();
    let mut pairs = url.query_pairs();
    let (_, statements) = pairs.find(|(name, _)| name == "statement-cache-capacity")?;
    statements.parse().ok()
}

/// Closes the connections that are idle, so that what is used next is prepared anew.
pub(crate) fn close_idle(pool: &PgPool) {
    while let Some(idle) = pool.try_acquire() {
        drop(idle.detach());
    }
}

/// An adopted pool.
#[derive(Debug)]
pub(crate) struct Adopted {
    pool: PgPool,
    /// Whether `close` was called: the pool itself stays open.
    closed: AtomicBool,
}

impl Adopted {
    pub(crate) async fn get(&self) -> Result<PoolConnection<Sqlx>> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::Closed);
        }
        self.pool.acquire().await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => Error::PoolTimeout {
                size: self.size(),
                idle: self.idle(),
                waited: self.pool.options().get_acquire_timeout(),
            },
            sqlx::Error::PoolClosed => Error::Closed,
            error => into_error(error, SOME_ROW),
        })
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn size(&self) -> usize {
        usize::try_from(self.pool.options().get_max_connections()).unwrap_or(usize::MAX)
    }

    pub(crate) fn idle(&self) -> usize {
        self.pool.num_idle()
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}
