//! How to connect: the builder.

pub(crate) mod driver;
pub(crate) mod location;

use std::sync::Arc;
use std::time::Duration;

use repo_core::{Database, Error, Result, Settings};
use tokio::sync::Semaphore;

use crate::backend::Sqlite;
use crate::connect::location::Location;
use crate::pool::open::{Role, Source};
use crate::pool::place::Place;
use crate::pool::wal;
use crate::pool::{Pool, Purpose};

/// The pragmas that the backend relies on, and what to do instead of setting them.
const RESERVED_PRAGMAS: [(&str, &str); 14] = [
    ("busy_timeout", "use `Options::busy_timeout`"),
    ("count_changes", "statements answer with their own rows"),
    ("encoding", "text is always UTF-8"),
    ("foreign_keys", "foreign keys are always checked"),
    ("full_column_names", "columns of subqueries have short names"),
    ("ignore_check_constraints", "checks are always made"),
    ("journal_mode", "files always have a write-ahead log"),
    ("locking_mode", "readers and the writer share the file"),
    ("query_only", "open a read-only transaction, or the file with `?mode=ro`"),
    ("recursive_triggers", "they are always on"),
    ("short_column_names", "columns of subqueries have short names"),
    ("synchronous", "use `Options::synchronous`"),
    ("trusted_schema", "it is always off"),
    ("writable_schema", "guards are not edited"),
];

/// How to connect to a SQLite database.
///
/// A file has a write-ahead log, one connection that writes and several that read beside it. An
/// in-memory database has one connection for everything.
///
/// ```no_run
/// # async fn connect() -> repo_core::Result<()> {
/// use std::time::Duration;
/// use repo_sqlite::{Options, Synchronous};
///
/// let db = Options::new("sqlite://desk.db")?
///     .readers(8)
///     .busy_timeout(Duration::from_secs(10))
///     .synchronous(Synchronous::Normal)
///     .pragma("cache_size", "-64000")?
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) location: Location,
    pub(crate) readers: usize,
    pub(crate) pool_timeout: Duration,
    pub(crate) busy_timeout: Duration,
    pub(crate) synchronous: Synchronous,
    pub(crate) statement_cache: usize,
    /// The pages of the log after which it is moved into the file.
    pub(crate) checkpoint_pages: i32,
    pub(crate) pragmas: Vec<(String, String)>,
}

/// When a commit is safe from a loss of power. It is always safe from a crash of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Synchronous {
    /// When the commit returns.
    #[default]
    Full,
    /// At the next checkpoint: the last commits may be missing, the database is sound. Several times
    /// as many commits per second.
    Normal,
}

impl Options {
    /// The database at `url`: `sqlite://desk.db`, `sqlite:///var/lib/desk.db`, `sqlite::memory:`, or a
    /// path. `?mode=ro` opens the file for reading, `?mode=rw` only if it is there; otherwise it is
    /// made.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] when the URL is not one of these.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self {
            location: Location::parse(url)?,
            readers: 4,
            pool_timeout: Duration::from_secs(30),
            busy_timeout: Duration::from_secs(5),
            synchronous: Synchronous::default(),
            statement_cache: 128,
            checkpoint_pages: wal::PAGES,
            pragmas: Vec::new(),
        })
    }

    /// How many connections read beside the one that writes: 4 by default. Each is opened when it is
    /// first needed. With 0 one connection does everything, as in memory.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }

    /// The pool's size and timeout from `settings`, where they are given. One connection of the size
    /// is the one that writes.
    #[must_use]
    pub fn settings(mut self, settings: &Settings) -> Self {
        self.readers = settings.pool_size.map_or(self.readers, |size| size.saturating_sub(1));
        self.pool_timeout = settings.pool_timeout.unwrap_or(self.pool_timeout);
        self
    }

    /// How long an operation waits for a connection to become free before it is
    /// [`Error::PoolTimeout`]: 30 seconds by default.
    #[must_use]
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool_timeout = timeout;
        self
    }

    /// How long an operation waits for another process to let go of the database before it is
    /// [`Error::Busy`]: 5 seconds by default. Tasks of this process never meet that way.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// When a commit is safe from a loss of power: when it returns, by default.
    #[must_use]
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How many prepared statements each connection keeps: 128 by default.
    #[must_use]
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statement_cache = statements;
        self
    }

    /// Sets a pragma, such as `cache_size`, on every connection after those of the backend.
    ///
    /// `wal_autocheckpoint` means what it does in SQLite, the pages of the log at which it is moved into the
    /// file, or 0 for never; but no commit waits for that.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] for a pragma that the backend relies on, and for a `wal_autocheckpoint` that
    /// is no number.
    pub fn pragma(mut self, name: &str, value: &str) -> Result<Self> {
        let reserved = RESERVED_PRAGMAS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        if let Some((name, instead)) = reserved {
            let reason = format!("the pragma `{name}` is not set by hand: {instead}");
            return Err(Error::Configuration { reason });
        }
        if name.eq_ignore_ascii_case("wal_autocheckpoint") {
            self.checkpoint_pages = value.trim().parse().map_err(|_| Error::Configuration {
                reason: "the pragma `wal_autocheckpoint` is a number of pages".to_owned(),
            })?;
            return Ok(self);
        }
        self.pragmas.push((name.to_owned(), value.to_owned()));
        Ok(self)
    }

    /// Opens the database.
    ///
    /// # Errors
    ///
    /// - [`Error::Configuration`]: the file is no database, cannot be there, or keeps text as UTF-16; no pool has so
    ///   many readers.
    /// - [`Error::Connection`]: the file cannot be opened.
    /// - [`Error::Busy`]: another process held it for longer than the busy timeout.
    pub async fn connect(self) -> Result<Database> {
        Ok(Database::new(Arc::new(self.connect_backend().await?)))
    }

    /// As [`connect`](Self::connect), but returns the backend alone, to be wrapped by another one.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    pub async fn connect_backend(self) -> Result<Sqlite> {
        if self.readers > Semaphore::MAX_PERMITS {
            let reason = format!("{} connections are more than there can be", self.readers);
            return Err(Error::Configuration { reason });
        }
        let options = Arc::new(self);
        let pool = |role, size| {
            Pool::new(Source { options: Arc::clone(&options), role }, size, options.pool_timeout)
        };
        let writer = pool(Role::Writer, 1);
        let readers = if options.is_single() {
            Arc::clone(&writer)
        } else {
            pool(Role::Reader, options.readers)
        };
        // What is wrong with the file is said here, not at the first statement.
        drop(writer.checkout(Purpose::Other).await?);
        Ok(Sqlite::new(readers, writer, Place::of(&options.location)))
    }
}

impl Options {
    /// Whether one connection does everything.
    pub(crate) fn is_single(&self) -> bool {
        self.location == Location::Memory || self.readers == 0
    }
}

impl Synchronous {
    pub(crate) fn as_pragma(self) -> &'static str {
        match self {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        }
    }
}
