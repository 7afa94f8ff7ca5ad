//! A connection of an adopted pool, for one operation or one transaction.
//!
//! It is given back as the application had it: no transaction, no statement, its settings. One that cannot be
//! brought there is taken out of the pool and closed.

use repo_core::{Error, Result};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteTransactionManager;
use sqlx::{Sqlite, SqliteConnection};
use sqlx_core::transaction::TransactionManager as _;
use tokio::runtime;
use tokio::sync::OwnedSemaphorePermit;

use crate::adopted::port::Port;
use crate::adopted::sqlx_error::of_sqlx;
use crate::error::without_table;
use crate::statement::execute;

/// A connection, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    // Only `drop` takes it.
    port: Option<Port<PoolConnection<Sqlite>>>,
    /// The turn to write: held until the connection is back in order.
    turn: Option<OwnedSemaphorePermit>,
    query_only: bool,
}

impl Lease {
    /// Sets the connection up. `None` for one that the application left in a transaction: it is closed.
    pub(crate) fn new(
        port: Port<PoolConnection<Sqlite>>,
        turn: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<Option<Self>> {
        if !port.connection().is_autocommit() {
            tracing::warn!("a connection of the pool was in a transaction, and is closed");
            drop(port.handle.into_home().detach());
            return Ok(None);
        }
        let turn = turn.take();
        let lease = Self { port: Some(port), turn, query_only: false };
        let port = lease.port();
        port.settings.replace(port.connection()).map_err(|error| without_table(&error))?;
        Ok(Some(lease))
    }

    pub(crate) fn port(&self) -> &Port<PoolConnection<Sqlite>> {
        self.port.as_ref().expect("it is there until the lease is dropped")
    }

    pub(crate) fn port_mut(&mut self) -> &mut Port<PoolConnection<Sqlite>> {
        self.port.as_mut().expect("it is there until the lease is dropped")
    }

    /// Makes the connection refuse writes until it is given back.
    pub(crate) fn forbid_writes(&mut self) -> Result<()> {
        let connection = self.port().connection();
        let is_set = connection.query_row("PRAGMA query_only", [], |row| row.get(0));
        if is_set.map_err(|error| without_table(&error))? {
            return Ok(());
        }
        let set = connection.execute_batch("PRAGMA query_only = ON");
        set.map_err(|error| without_table(&error))?;
        self.query_only = true;
        Ok(())
    }

    /// Gives the connection to `work`, as one of sqlx that is in a transaction, with the application's patience.
    pub(crate) async fn lend<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<Result<T, sqlx::Error>> {
        let Port { handle, settings } = self.port_mut();
        let suspended = settings.suspend(handle.ours());
        suspended.map_err(|error| without_table(&error))?;
        let connection = self.port_mut().handle.sqlx();
        if depth(connection) == 0 {
            // Any statement in the transaction makes sqlx take it for one of its own.
            let begun = SqliteTransactionManager::begin(
                connection,
                Some(sqlx::SqlStr::from_static("SELECT 1")),
            );
            begun.await.map_err(|error| of_sqlx(&error))?;
        }
        let result = work(connection).await;
        let port = self.port_mut();
        port.handle.resume().await.map_err(|error| of_sqlx(&error))?;
        let resumed = port.settings.resume(port.handle.ours());
        resumed.map_err(|error| without_table(&error))?;
        Ok(result)
    }
}

/// The innermost of sqlx's transactions on the connection, counted from 1; 0 where there is none.
pub(crate) fn depth(connection: &SqliteConnection) -> usize {
    SqliteTransactionManager::get_transaction_depth(connection)
}

/// Brings a connection back into order that sqlx takes for one in a transaction.
async fn settle(
    mut port: Port<PoolConnection<Sqlite>>,
    query_only: bool,
) -> Result<PoolConnection<Sqlite>> {
    if !port.handle.is_ours() {
        port.handle.resume().await.map_err(|error| of_sqlx(&error))?;
    }
    let ordered = clean(&mut port, query_only).map_err(|error| without_table(&error));
    let forgotten = match ordered {
        Ok(()) => forget(&mut port).await,
        Err(error) => Err(error),
    };
    let home = port.handle.into_home();
    match forgotten {
        Ok(()) => Ok(home),
        Err(error) => {
            drop(home.detach());
            Err(error)
        }
    }
}

/// sqlx forgets a transaction only when it ends one: as none is left, it is given another.
async fn forget(port: &mut Port<PoolConnection<Sqlite>>) -> Result<()> {
    // Nothing is in the way of `depth` here: what was sent to sqlx's thread was done when the connection became ours.
    match port.handle.depth() {
        0 => return Ok(()),
        1 => {}
        _ => {
            let reason = "a transaction of sqlx was left open in it";
            return Err(Error::TransactionFailed { reason: reason.to_owned() });
        }
    }
    port.handle.resume().await.map_err(|error| of_sqlx(&error))?;
    let begun = port.connection().execute_batch("BEGIN");
    begun.map_err(|error| without_table(&error))?;
    let ended = SqliteTransactionManager::rollback(port.handle.sqlx()).await;
    ended.map_err(|error| of_sqlx(&error))
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut port) = self.port.take() else { return };
        let is_ours = port.handle.is_ours();
        let cleaned = if is_ours { clean(&mut port, self.query_only) } else { Ok(()) };
        if let Err(error) = cleaned {
            tracing::warn!(%error, "a connection is closed: not clean");
            drop(port.handle.into_home().detach());
            return;
        }
        // sqlx takes a connection back on a runtime, and panics where there is none.
        let Ok(runtime) = runtime::Handle::try_current() else {
            drop(port.handle.into_home().detach());
            return;
        };
        if is_ours && port.handle.depth() == 0 {
            return;
        }
        // What was cancelled on sqlx's thread has to end first, and what sqlx is told must not be cancelled.
        // What is in order is not brought there again.
        let query_only = self.query_only && !is_ours;
        let turn = self.turn.take();
        runtime.spawn(async move {
            if let Err(error) = settle(port, query_only).await {
                tracing::warn!(%error, "a connection is closed: not clean");
            }
            drop(turn);
        });
    }
}

/// Ends the transaction that a dropped or failed operation left behind, and brings the settings back.
fn clean(port: &mut Port<PoolConnection<Sqlite>>, query_only: bool) -> rusqlite::Result<()> {
    let Port { handle, settings } = port;
    let connection = handle.ours();
    if !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    if query_only {
        connection.execute_batch("PRAGMA query_only = OFF")?;
    }
    settings.restore(connection)
}
