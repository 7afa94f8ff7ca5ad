//! How to connect: the URL, and what it does not say.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use repo_core::{Database, Error, Result, Settings};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::backend::Postgres;
use crate::dialect::PostgresDialect;
use crate::open::Opener;
use crate::own::{Own, Terms};
use crate::pool::Pool;

/// The schemes of a URL, without the colon.
pub(crate) const SCHEMES: &[&str] = &["postgres", "postgresql"];

/// How to connect to a Postgres database.
///
/// ```no_run
/// # async fn connect() -> repo_core::Result<()> {
/// use std::time::Duration;
///
/// let db = repo_postgres::Options::new("postgres://desk@localhost/desk")?
///     .pool_size(20)
///     .pool_timeout(Duration::from_secs(5))
///     .application_name("desk")
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Options {
    connect: PgConnectOptions,
    pool_size: usize,
    pool_timeout: Duration,
    connect_timeout: Duration,
    idle_test_after: Duration,
    max_lifetime: Option<Duration>,
    statement_cache: Option<usize>,
    dialect: PostgresDialect,
}

impl Options {
    /// The settings that a URL such as `postgres://user:password@host:5432/database` gives, and the
    /// defaults for all others.
    ///
    /// The URL may have the parameters `sslmode` (`disable`, `allow`, `prefer`, `require`, `verify-ca`,
    /// `verify-full`), `sslrootcert`, `sslcert`, `sslkey`, `application_name`, `options` and `host`
    /// (a directory, for a Unix socket). What it leaves out comes from `PGHOST`, `PGUSER` and the
    /// other variables that `psql` reads.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`]: the URL is not one of Postgres.
    pub fn new(url: &str) -> Result<Self> {
        if !SCHEMES.contains(&url.split(':').next().unwrap_or_default()) {
            return Err(wrong_url("it does not start with `postgres://`"));
        }
        // The driver's reasons never quote the URL or the password.
        let connect: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| match error {
            sqlx::Error::Configuration(reason) => wrong_url(&reason.to_string()),
            error => wrong_url(&error.to_string()),
        })?;
        Ok(Self {
            // The server prints no floats for us: the binary format has all their bits. Poolers do
            // not know the parameter.
            connect: connect.extra_float_digits(None).disable_statement_logging(),
            pool_size: 10,
            pool_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            idle_test_after: Duration::from_secs(30),
            max_lifetime: None,
            statement_cache: None,
            dialect: PostgresDialect::default(),
        })
    }

    /// The most connections that are open at once: 10 by default.
    ///
    /// A connection is used in the runtime of tokio that opened it. Where several share the database, one for each
    /// that works at the same time spares them opening one after the other.
    #[must_use]
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.pool_size = connections;
        self
    }

    /// How long an operation waits for a connection before it is [`Error::PoolTimeout`]: 30 seconds by
    /// default.
    #[must_use]
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool_timeout = timeout;
        self
    }

    /// The pool's size and timeout from `settings`, where they are given.
    #[must_use]
    pub fn settings(mut self, settings: &Settings) -> Self {
        self.pool_size = settings.pool_size.unwrap_or(self.pool_size);
        self.pool_timeout = settings.pool_timeout.unwrap_or(self.pool_timeout);
        self
    }

    /// How long the server may take to accept a connection: 10 seconds by default. One that is starting, or has as many
    /// connections as it takes, is asked again for as long. An operation meanwhile takes one that becomes free.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a connection is idle before the server is asked whether it still lives: 30 seconds by
    /// default. Where the server ends sessions that are idle (`idle_session_timeout`), at most half of the time that
    /// it says when the database is opened.
    #[must_use]
    pub fn idle_test_after(mut self, idle: Duration) -> Self {
        self.idle_test_after = idle;
        self
    }

    /// After how long a connection is replaced: never by default.
    #[must_use]
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = Some(lifetime);
        self
    }

    /// How many statements each connection keeps prepared. The default is 128, or 0 if a pooler is found in front of
    /// the server when the database is opened.
    ///
    /// With 0, every operation is a transaction of its own and takes four round trips instead of one.
    ///
    /// A pooler that gives each transaction another connection to the server (PgBouncer with `pool_mode = transaction`)
    /// and does not know prepared statements would run the statements of other clients, so leave this unset there. Set
    /// a number for a pooler that keeps one connection for each client (`pool_mode = session`), or that knows prepared
    /// statements (PgBouncer since 1.21, with `max_prepared_statements`).
    #[must_use]
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statement_cache = Some(statements);
        self
    }

    /// Whether the server itself keeps the rows of tenants apart, by policies: off by default.
    ///
    /// [`create_tables`](Database::create_tables) then adds the policies, for the owner of the tables too,
    /// and every operation of a tenant's session runs in a transaction that tells the server its tenant:
    /// three round trips where there was one, unless it is in a transaction already. SQL by hand that the
    /// session runs is held to the policies as well.
    ///
    /// [`connect`](Self::connect) then is [`Error::Configuration`] for a role that no policy binds: a
    /// superuser, one with BYPASSRLS, a member of either, or the owner of a table whose policies are not
    /// forced on it; and for one for which `row_security` is off.
    #[must_use]
    pub fn row_level_security(mut self, enabled: bool) -> Self {
        self.dialect.row_level_security = enabled;
        self
    }

    /// How long a statement waits for a lock of somebody else before it is [`Error::Busy`], which is worth another try:
    /// what the server or the role says by default, which is for ever unless somebody set it. Less than a millisecond
    /// is one.
    ///
    /// It holds for every statement of these connections, those of [`create_tables`](Database::create_tables) too: on
    /// a live table others do not queue behind a statement that waits. It goes before what the URL's `options` say. A
    /// pooler that refuses such settings refuses the connection; there, set it for the role: `ALTER ROLE .. SET
    /// lock_timeout = ..`.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        // The server counts in an i32, and takes 0 for no limit.
        let milliseconds = timeout.as_millis().clamp(1, i32::MAX as u128);
        self.connect = self.connect.options([("lock_timeout", format!("{milliseconds}ms"))]);
        self
    }

    /// What the server shows as the name of the application.
    #[must_use]
    pub fn application_name(mut self, name: &str) -> Self {
        self.connect = self.connect.application_name(name);
        self
    }

    /// Opens one connection, to see that it works, and returns the database. Further connections are
    /// opened when they are needed.
    ///
    /// # Errors
    ///
    /// - [`Error::Connection`]: the server cannot be reached, or refuses the user or the database.
    /// - [`Error::Configuration`]: the pool has no connections or more than there can be, the database keeps text in
    ///   another encoding than UTF-8, row-level security is asked for and does not bind the role, or a pooler before
    ///   the server takes no transactions (`pool_mode = statement`) or refuses what the URL says.
    pub async fn connect(self) -> Result<Database> {
        Ok(Database::new(Arc::new(self.connect_backend().await?)))
    }

    /// As [`connect`](Self::connect), but returns the backend alone, to be wrapped by another one.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    pub async fn connect_backend(self) -> Result<Postgres> {
        let terms = Terms {
            opener: Opener::new(self.connect, self.statement_cache),
            size: self.pool_size,
            wait: self.pool_timeout,
            connect_timeout: self.connect_timeout,
            idle_test_after: self.idle_test_after,
            max_lifetime: self.max_lifetime,
        };
        let pool = Pool::Own(Own::new(terms)?);
        // Whether statements stay prepared is known when a connection is open.
        let mut backend = Postgres::new(pool, false, self.dialect);
        backend.check().await?;
        Ok(backend)
    }
}

fn wrong_url(reason: &str) -> Error {
    Error::Configuration {
        reason: format!(
            "the URL cannot be used: {reason}; expected postgres://user:password@host:5432/database"
        ),
    }
}

/// Leaves out the password.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("host", &self.connect.get_host())
            .field("database", &self.connect.get_database())
            .field("pool_size", &self.pool_size)
            .field("pool_timeout", &self.pool_timeout)
            .field("statement_cache", &self.statement_cache)
            .field("row_level_security", &self.dialect.row_level_security)
            .finish_non_exhaustive()
    }
}
