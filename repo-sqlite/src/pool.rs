//! The connections of one role, and taking one for an operation.
//!
//! A connection that comes back is proven clean first: no statement is open, no transaction, and it
//! may write if it could before. One that cannot be cleaned is closed.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use repo_core::{DatabaseError, Error, Result};
use rusqlite::Connection;
use tokio::sync::{Semaphore, TryAcquireError};
use tokio::time::timeout;

use crate::error::without_table;
use crate::open::Source;
use crate::statement::execute;

/// The connections of one role: the writer, the readers, or the only one.
pub(crate) struct Pool {
    source: Source,
    size: usize,
    timeout: Duration,
    /// One permit for each connection that may be taken. Closed with the pool.
    permits: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    free: Vec<Connection>,
    closed: bool,
    /// Whether the data went away with the only connection to it.
    lost: bool,
}

/// A connection, taken for one operation or one transaction.
pub(crate) struct Checkout {
    pool: Arc<Pool>,
    /// `None` before it is opened.
    connection: Option<Connection>,
    query_only: bool,
}

impl Pool {
    /// At most `size` connections, each opened when it is first needed.
    pub(crate) fn new(source: Source, size: usize, timeout: Duration) -> Arc<Self> {
        let (permits, state) = (Semaphore::new(size), Mutex::default());
        Arc::new(Self { source, size, timeout, permits, state })
    }

    /// The most connections.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// How many are open and free.
    pub(crate) fn idle(&self) -> usize {
        self.state().free.len()
    }

    /// How long an operation waits for another process.
    pub(crate) fn busy_timeout(&self) -> Duration {
        self.source.options.busy_timeout
    }

    /// Takes a connection, waiting for one to become free.
    pub(crate) async fn checkout(self: &Arc<Self>) -> Result<Checkout> {
        match self.permits.try_acquire() {
            Ok(permit) => permit.forget(),
            Err(TryAcquireError::Closed) => return Err(Error::Closed),
            Err(TryAcquireError::NoPermits) => self.wait_for_permit().await?,
        }
        // From here on the permit is given back by `Drop`.
        let mut checkout = Checkout { pool: Arc::clone(self), connection: None, query_only: false };
        checkout.connection = self.take_free()?;
        if checkout.connection.is_none() {
            checkout.connection = Some(self.source.open().await?);
        }
        Ok(checkout)
    }

    /// Closes what is free now, and each other one when it comes back.
    pub(crate) fn close(&self) {
        self.permits.close();
        let mut state = self.state();
        state.closed = true;
        let free = std::mem::take(&mut state.free);
        drop(state);
        drop(free);
    }

    async fn wait_for_permit(&self) -> Result<()> {
        let since = Instant::now();
        match timeout(self.timeout, self.permits.acquire()).await {
            Ok(Ok(permit)) => permit.forget(),
            Ok(Err(_)) => return Err(Error::Closed),
            Err(_) => {
                let (size, idle, waited) = (self.size, self.idle(), since.elapsed());
                return Err(Error::PoolTimeout { size, idle, waited });
            }
        }
        Ok(())
    }

    fn take_free(&self) -> Result<Option<Connection>> {
        let mut state = self.state();
        if state.lost {
            let source = DatabaseError::new("the in-memory database went away with its connection");
            return Err(Error::Connection { source });
        }
        Ok(state.free.pop())
    }

    /// Takes a connection back, or nothing in place of one that was closed.
    fn give_back(&self, connection: Option<Connection>) {
        let mut state = self.state();
        let to_close = match connection {
            Some(connection) if !state.closed => {
                state.free.push(connection);
                None
            }
            other => {
                state.lost |= self.source.is_memory();
                other
            }
        };
        drop(state);
        drop(to_close);
        self.permits.add_permits(1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkout {
    /// The connection.
    pub(crate) fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("it is opened before the checkout is handed out")
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
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let query_only = self.query_only;
        let clean = self.connection.take().filter(|connection| {
            clean(connection, query_only)
                .inspect_err(|error| tracing::warn!(%error, "a connection is closed: not clean"))
                .is_ok()
        });
        self.pool.give_back(clean);
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

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("source", &self.source)
            .field("size", &self.size)
            .field("idle", &self.idle())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout").field("pool", &self.pool).finish_non_exhaustive()
    }
}
