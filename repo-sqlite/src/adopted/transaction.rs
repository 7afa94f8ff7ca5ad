//! A connection of an adopted pool with an open transaction, and lending it.

use std::any::Any;

use async_trait::async_trait;
use repo_core::backend::{Connection, Insert, OnRow, Statement};
use repo_core::{Error, Result};
use sqlx::SqliteConnection;

use crate::adopted::lease::Lease;
use crate::adopted::sqlx_error::of_work;
use crate::error::{of_commit, without_table};
use crate::statement::OnError;

const SAVEPOINT: &str = "SAVEPOINT repo_lent";
const RELEASE: &str = "RELEASE repo_lent";

/// An open transaction. Dropped, it rolls back.
#[derive(Debug)]
pub(crate) struct Transaction {
    lease: Lease,
}

impl Transaction {
    /// Begins, waiting while another one writes.
    pub(crate) async fn begin(mut lease: Lease, sql: &str) -> Result<Self> {
        let begun = lease.port_mut().patiently(sql).await;
        begun.map_err(|error| without_table(&error))?;
        Ok(Self { lease })
    }

    /// Lends the connection to SQL by hand. A savepoint is set before and released after: where it is gone, the
    /// work ended the transaction.
    pub(crate) async fn lend<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T> {
        self.lease.port().control(SAVEPOINT)?;
        let value = self.lease.lend(work).await?.map_err(of_work)?;
        self.lease.port().control(RELEASE).map_err(|_| {
            let reason = "SQL by hand ended it, and what was done before may be committed";
            Error::TransactionFailed { reason: reason.to_owned() }
        })?;
        Ok(value)
    }
}

#[async_trait]
impl Connection for Transaction {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        let port = self.lease.port_mut();
        port.check_open()?;
        port.run(statement, on_row, OnError::Keep).await
    }

    async fn insert(&mut self, rows: Insert<'_>) -> Result<Vec<i64>> {
        let port = self.lease.port_mut();
        port.check_open()?;
        port.insert(rows).await
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        let port = self.lease.port_mut();
        port.check_open()?;
        port.script(sql)
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        self.lease.port().control(&format!("SAVEPOINT repo_{level}"))
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        self.lease.port().control(&format!("RELEASE repo_{level}"))
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.lease.port().rollback_to(level)
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        let port = self.lease.port_mut();
        port.check_open()?;
        port.patiently("COMMIT").await.map_err(|error| of_commit(&error))
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        drop(self);
        Ok(())
    }

    fn as_any(&mut self) -> Option<&mut (dyn Any + Send)> {
        Some(self)
    }
}
