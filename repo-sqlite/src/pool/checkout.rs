//! A connection, taken for one operation or one transaction.
//!
//! One that comes back is proven clean first: no statement is open, no transaction, and it may write if
//! it could before. One that cannot be cleaned is closed. A group that is open on it stays open.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use repo_core::Result;
use rusqlite::Connection;

use crate::error::without_table;
use crate::insert::Connected;
use crate::pool::Pool;
use crate::pool::opened::Opened;
use crate::run::shapes::{Shape, Shapes, Speed};
use crate::run::threads;
use crate::statement::execute;

/// The rows that are changed by an ordinary transaction.
const FEW: u64 = 300;

/// A connection, taken for one operation or one transaction.
pub(crate) struct Checkout {
    pub(crate) pool: Arc<Pool>,
    /// `None` before it is opened.
    opened: Option<Opened>,
    query_only: bool,
    /// Whether another one has taken its place.
    is_away: bool,
}

impl Checkout {
    /// From here on `Drop` gives the permit of the pool back.
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self { pool, opened: None, query_only: false, is_away: false }
    }

    pub(crate) fn fill(&mut self, opened: Opened) {
        self.opened = Some(opened);
    }

    /// The connection.
    pub(crate) fn connection(&self) -> &Connection {
        &self.opened().connection
    }

    /// The connection and what belongs to it.
    pub(crate) fn opened(&self) -> &Opened {
        self.opened.as_ref().expect("it is opened before the checkout is handed out")
    }

    /// The connection and what belongs to it.
    pub(crate) fn opened_mut(&mut self) -> &mut Opened {
        self.opened.as_mut().expect("it is opened before the checkout is handed out")
    }

    /// What statements took on connections of this role.
    pub(crate) fn shapes(&self) -> &Shapes {
        &self.pool.shapes
    }

    /// Whether a commit now is short enough for a thread of the runtime.
    pub(crate) fn commits_in_short(&self) -> bool {
        self.has_few_changes()
            && match self.shapes().speed(Shape::COMMIT) {
                Speed::Unknown => !self.pool.is_durable(),
                speed => speed == Speed::Short,
            }
    }

    /// Commits, and remembers what it took.
    pub(crate) fn timed_commit<T>(&mut self, commit: impl FnOnce(&mut Opened) -> T) -> T {
        let (has_few_changes, started) = (self.has_few_changes(), Instant::now());
        let value = commit(self.opened_mut());
        if has_few_changes {
            self.shapes().record(Shape::COMMIT, started.elapsed());
        }
        value
    }

    /// How long a commit takes that writes much is seen from how much it is.
    fn has_few_changes(&self) -> bool {
        let opened = self.opened();
        opened.connection.is_autocommit() || opened.changes() <= FEW
    }

    /// How long an operation waits for another process.
    pub(crate) fn busy_timeout(&self) -> Duration {
        self.pool.busy_timeout()
    }

    /// Makes the connection refuse writes until it is given back.
    pub(crate) fn forbid_writes(&mut self) -> Result<()> {
        self.query_only = true;
        execute_pragma(self.connection(), "PRAGMA query_only = ON")
            .map_err(|error| without_table(&error))
    }

    /// Takes the connection out, to be used by another thread. What is left is good for nothing until
    /// the connection is put back in its place; dropped, it does nothing.
    pub(crate) fn take(&mut self) -> Self {
        let mut left = Self::new(Arc::clone(&self.pool));
        left.is_away = true;
        std::mem::replace(self, left)
    }

    /// Whether the connection was taken out.
    pub(crate) fn is_away(&self) -> bool {
        self.is_away
    }

    /// Moves the log on another thread, if it is long. Returns whether that thread has the connection.
    fn shorten_log(&mut self) -> bool {
        let Some(opened) = &mut self.opened else { return false };
        let pages = std::mem::take(&mut opened.log_pages);
        if !self.pool.checkpoints.is_due(pages) || self.pool.is_closed() {
            return false;
        }
        let moved = self.take();
        threads::run(move || moved.pool.checkpoints.run(moved.connection()));
        true
    }
}

impl Connected for Checkout {
    fn connection(&self) -> &Connection {
        &self.opened().connection
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if self.is_away {
            return;
        }
        if self.opened.as_ref().is_some_and(|opened| opened.group.is_some()) {
            self.pool.give_back(self.opened.take());
            self.pool.rescue();
            return;
        }
        let query_only = self.query_only;
        self.opened = self.opened.take().filter(|opened| {
            clean(&opened.connection, query_only)
                .inspect_err(|error| tracing::warn!(%error, "a connection is closed: not clean"))
                .is_ok()
        });
        if !self.shorten_log() {
            self.pool.give_back(self.opened.take());
        }
    }
}

/// Ends the transaction that a dropped or failed operation left behind.
fn clean(connection: &Connection, query_only: bool) -> rusqlite::Result<()> {
    if !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    if query_only {
        execute_pragma(connection, "PRAGMA query_only = OFF")?;
    }
    Ok(())
}

/// A pragma is run when it is prepared, so it is never kept.
fn execute_pragma(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.execute_batch(sql)
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout").field("pool", &self.pool).finish_non_exhaustive()
    }
}
