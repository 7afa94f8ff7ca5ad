//! Connections that wait for work, and who has one now.
//!
//! A [`Lease`] marks its connection before each operation and clears the mark after it. A connection
//! that comes back marked, because a future was dropped or a callback panicked, or that is still in a
//! transaction, is closed: the server rolls back. The server is asked nothing when a connection is
//! taken, but for one that has been idle for a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, QueueMode, RecycleError, RecycleResult, Timeouts};
use repo_core::{DatabaseError, Error, Result};
use sqlx::{Connection as _, PgConnection};
#[cfg(feature = "sqlx")]
use sqlx::{Postgres, pool::PoolConnection};
#[cfg(feature = "sqlx")]
use tokio::runtime;
use tokio::time::timeout;

#[cfg(feature = "sqlx")]
use crate::adopted::Adopted;
use crate::error::{Aftermath, Failure};
use crate::open::Opener;

/// Connections, how many and for how long: our own, or an application's.
#[derive(Debug)]
pub(crate) enum Pool {
    Own(Own),
    #[cfg(feature = "sqlx")]
    Adopted(Adopted),
}

/// Connections that only this backend uses.
#[derive(Debug)]
pub(crate) struct Own {
    connections: managed::Pool<Manager>,
    size: usize,
    wait: Duration,
}

/// A connection that is taken until the lease is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    // Only `drop` takes it.
    connection: Option<Taken>,
    is_unfinished: bool,
    in_transaction: bool,
    /// An operation left it of no more use, or left nobody knows what: what is done on it afterwards does not mend that.
    is_broken: bool,
}

#[derive(Debug)]
enum Taken {
    Own(Object<Manager>),
    #[cfg(feature = "sqlx")]
    Adopted(PoolConnection<Postgres>),
}

/// What the pool does to connections.
#[derive(Debug)]
pub(crate) struct Manager {
    pub(crate) opener: Opener,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_test_after: Duration,
    pub(crate) max_lifetime: Option<Duration>,
    /// Connections of an earlier generation are closed instead of used.
    pub(crate) generation: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Pooled {
    connection: PgConnection,
    generation: u64,
}

impl Pool {
    pub(crate) async fn get(&self) -> Result<Lease> {
        match self {
            Pool::Own(own) => own.get(own.wait).await,
            #[cfg(feature = "sqlx")]
            // Its future has room for connecting: see `Manager::create`.
            Pool::Adopted(adopted) => {
                Ok(Lease::new(Taken::Adopted(Box::pin(adopted.get()).await?)))
            }
        }
    }

    /// The connections that only this backend uses, if they are that.
    pub(crate) fn own(&self) -> Option<&Own> {
        match self {
            Pool::Own(own) => Some(own),
            #[cfg(feature = "sqlx")]
            Pool::Adopted(_) => None,
        }
    }

    pub(crate) fn size(&self) -> usize {
        match self {
            Pool::Own(own) => own.size,
            #[cfg(feature = "sqlx")]
            Pool::Adopted(adopted) => adopted.size(),
        }
    }

    pub(crate) fn idle(&self) -> usize {
        match self {
            Pool::Own(own) => own.idle(),
            #[cfg(feature = "sqlx")]
            Pool::Adopted(adopted) => adopted.idle(),
        }
    }

    /// Closes what is idle, and lets nothing more be taken.
    pub(crate) async fn close(&self) {
        match self {
            Pool::Own(own) => own.close().await,
            #[cfg(feature = "sqlx")]
            Pool::Adopted(adopted) => adopted.close(),
        }
    }
}

impl Own {
    pub(crate) fn new(manager: Manager, size: usize, wait: Duration) -> Result<Self> {
        let connections = managed::Pool::builder(manager)
            .max_size(size)
            .timeouts(Timeouts { wait: Some(wait), ..Timeouts::default() })
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Configuration { reason: error.to_string() })?;
        Ok(Self { connections, size, wait })
    }

    /// How long an operation waits for a connection.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// A connection that becomes free in time.
    pub(crate) async fn get(&self, wait: Duration) -> Result<Lease> {
        self.take(wait).await.map_err(|error| self.error(error))
    }

    /// A connection that is free now.
    pub(crate) async fn get_if_free(&self) -> Result<Option<Lease>> {
        match self.take(Duration::ZERO).await {
            Ok(lease) => Ok(Some(lease)),
            Err(managed::PoolError::Timeout(_)) => Ok(None),
            Err(error) => Err(self.error(error)),
        }
    }

    async fn take(&self, wait: Duration) -> Result<Lease, managed::PoolError<Error>> {
        let timeouts = Timeouts { wait: Some(wait), ..Timeouts::default() };
        self.connections.timeout_get(&timeouts).await.map(|own| Lease::new(Taken::Own(own)))
    }

    fn idle(&self) -> usize {
        self.connections.status().available
    }

    async fn close(&self) {
        let idle = self.connections.retain(|_, _| false).removed;
        self.connections.close();
        for pooled in idle {
            // Saying goodbye is a courtesy: the socket is closed in any case.
            let _ = timeout(Duration::from_secs(1), pooled.connection.close()).await;
        }
    }

    fn error(&self, error: managed::PoolError<Error>) -> Error {
        match error {
            managed::PoolError::Backend(error) => error,
            managed::PoolError::Closed => Error::Closed,
            managed::PoolError::Timeout(_) => {
                Error::PoolTimeout { size: self.size, idle: self.idle(), waited: self.wait }
            }
            error => Error::Backend(DatabaseError::new(error.to_string())),
        }
    }
}

impl Lease {
    fn new(connection: Taken) -> Self {
        Self {
            connection: Some(connection),
            is_unfinished: false,
            in_transaction: false,
            is_broken: false,
        }
    }

    /// The connection, marked until [`finish`](Self::finish) is told what became of the operation.
    pub(crate) fn start(&mut self) -> &mut PgConnection {
        self.is_unfinished = true;
        match self.connection.as_mut().expect("it is there until the lease is dropped") {
            Taken::Own(own) => &mut own.connection,
            #[cfg(feature = "sqlx")]
            Taken::Adopted(adopted) => adopted,
        }
    }

    /// Clears the mark, and says whether the connection is of use still.
    pub(crate) fn finish<T>(&mut self, result: &Result<T, Failure>) {
        let aftermath = result.as_ref().map_or_else(Failure::aftermath, |_| Aftermath::Usable);
        self.is_unfinished = false;
        self.is_broken |= aftermath != Aftermath::Usable;
        if aftermath == Aftermath::OthersToo {
            self.retire_others();
        }
    }

    /// Says whether the connection has an open transaction, or may have one.
    pub(crate) fn set_in_transaction(&mut self, in_transaction: bool) {
        self.in_transaction = in_transaction;
    }

    /// It is nobody's afterwards: what is run on it may leave settings, locks or tables there.
    pub(crate) fn close_at_the_end(&mut self) {
        self.is_broken = true;
    }

    /// Sees to it that no connection as old as this one is used again. The pool of an application tests its
    /// connections itself, or each fails once.
    fn retire_others(&mut self) {
        let own = match &self.connection {
            Some(Taken::Own(own)) => own,
            _ => return,
        };
        let generation = own.generation;
        if let Some(pool) = Object::pool(own) {
            // Fails where another one of the same age was faster: then it is done.
            let _ = pool.manager().generation.compare_exchange(
                generation,
                generation + 1,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let is_sound = !self.is_unfinished && !self.in_transaction && !self.is_broken;
        match connection {
            Taken::Own(own) if is_sound => drop(own),
            Taken::Own(own) => drop(Object::take(own)),
            // sqlx takes a connection back on a runtime, and panics where there is none.
            #[cfg(feature = "sqlx")]
            Taken::Adopted(adopted) if is_sound && runtime::Handle::try_current().is_ok() => {
                drop(adopted);
            }
            #[cfg(feature = "sqlx")]
            Taken::Adopted(adopted) => drop(adopted.detach()),
        }
    }
}

impl managed::Manager for Manager {
    type Type = Pooled;
    type Error = Error;

    async fn create(&self) -> Result<Pooled> {
        let generation = self.generation.load(Ordering::Relaxed);
        // Connecting and testing are rare, and their futures large: each statement's future has room for
        // them and is moved with it. So they are kept elsewhere.
        let connecting =
            Box::pin(timeout(self.connect_timeout, self.opener.open(self.connect_timeout)));
        let connection = connecting.await.map_err(|_| {
            let message = format!("the server did not answer within {:?}", self.connect_timeout);
            Error::Connection { source: DatabaseError::new(message) }
        })??;
        Ok(Pooled { connection, generation })
    }

    async fn recycle(&self, pooled: &mut Pooled, metrics: &Metrics) -> RecycleResult<Error> {
        if pooled.generation != self.generation.load(Ordering::Relaxed) {
            return Err(RecycleError::message("others of its age are broken"));
        }
        if self.max_lifetime.is_some_and(|most| metrics.age() > most) {
            return Err(RecycleError::message("it is past its lifetime"));
        }
        if metrics.last_used() < self.idle_test_after {
            return Ok(());
        }
        match Box::pin(timeout(self.connect_timeout, pooled.connection.ping())).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(RecycleError::message("it does not answer")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use sqlx::postgres::PgConnectOptions;

    use super::*;

    #[test]
    fn what_each_statement_waits_with_has_no_room_for_connecting() {
        let manager = Manager {
            opener: Opener::new(PgConnectOptions::new_without_pgpass()),
            connect_timeout: Duration::from_secs(1),
            idle_test_after: Duration::from_secs(1),
            max_lifetime: None,
            generation: AtomicU64::new(0),
        };
        let connecting = size_of_val(&manager.opener.open(Duration::from_secs(1)));
        let pool = Pool::Own(Own::new(manager, 1, Duration::from_secs(1)).unwrap());
        let waiting = size_of_val(&pool.get());
        assert!(waiting < 2048, "{waiting} bytes, and {connecting} to connect");
    }
}
