//! A connection of an adopted pool, for one operation or one transaction.
//!
//! It is given back as the application had it: no transaction, no statement, its settings. One that cannot be
//! brought there is taken out of the pool and closed.

use repo_core::Result;
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
    /// Whether sqlx takes the connection for one in a transaction.
    is_known_to_sqlx: bool,
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
        let lease = Self { port: Some(port), turn, query_only: false, is_known_to_sqlx: false };
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
        let port = self.port();
        let suspended = port.settings.suspend(port.connection());
        suspended.map_err(|error| without_table(&error))?;
        self.is_known_to_sqlx = true;
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
        let resumed = port.settings.resume(port.connection());
        resumed.map_err(|error| without_table(&error))?;
        Ok(result)
    }

    /// Ends the transaction, where one is open, and tells sqlx so.
    pub(crate) async fn settle(mut self) {
        if !self.is_known_to_sqlx {
            return;
        }
        let Some(port) = self.port.take() else { return };
        match settle(port).await {
            Ok(home) => drop(home),
            Err(error) => tracing::warn!(%error, "a connection is closed: not clean"),
        }
    }
}

/// The innermost of sqlx's transactions on the connection, counted from 1; 0 where there is none.
pub(crate) fn depth(connection: &SqliteConnection) -> usize {
    SqliteTransactionManager::get_transaction_depth(connection)
}

/// Brings a connection back into order that sqlx takes for one in a transaction. sqlx forgets a transaction only
/// when it ends one: where none is left, it is given another.
async fn settle(mut port: Port<PoolConnection<Sqlite>>) -> Result<PoolConnection<Sqlite>> {
    if !port.handle.is_ours() {
        port.handle.resume().await.map_err(|error| of_sqlx(&error))?;
    }
    let order = |port: &Port<_>| {
        let connection: &rusqlite::Connection = Port::connection(port);
        if !connection.is_autocommit() {
            execute(connection, "ROLLBACK")?;
        }
        port.settings.restore(connection)?;
        connection.execute_batch("BEGIN")
    };
    if let Err(error) = order(&port) {
        drop(port.handle.into_home().detach());
        return Err(without_table(&error));
    }
    let connection = port.handle.sqlx();
    let ended = match depth(connection) {
        1 => SqliteTransactionManager::rollback(connection).await,
        _ => Err(sqlx::Error::BeginFailed),
    };
    let home = port.handle.into_home();
    match ended {
        Ok(()) => Ok(home),
        Err(error) => {
            drop(home.detach());
            Err(of_sqlx(&error))
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(port) = self.port.take() else { return };
        let turn = self.turn.take();
        if self.is_known_to_sqlx {
            // Whatever was cancelled on sqlx's thread has to end first, and that is waited for elsewhere.
            let Ok(runtime) = runtime::Handle::try_current() else {
                drop(port.handle.into_home().detach());
                return;
            };
            runtime.spawn(async move {
                if let Err(error) = settle(port).await {
                    tracing::warn!(%error, "a connection is closed: not clean");
                }
                drop(turn);
            });
            return;
        }
        let cleaned = clean(&port, self.query_only);
        let home = port.handle.into_home();
        if let Err(error) = cleaned {
            tracing::warn!(%error, "a connection is closed: not clean");
            drop(home.detach());
        }
    }
}

/// Ends the transaction that a dropped or failed operation left behind, and brings the settings back.
fn clean(port: &Port<PoolConnection<Sqlite>>, query_only: bool) -> rusqlite::Result<()> {
    let connection = port.connection();
    if !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    if query_only {
        connection.execute_batch("PRAGMA query_only = OFF")?;
    }
    port.settings.restore(connection)
}
