//! The backend: which connection an operation runs on.
//!
//! Reads run beside the writer, each on a connection of its own; writes take turns. Every statement
//! runs on the calling thread, and between the first and the last step of one nothing is awaited.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use repo_core::{
    Access, Backend, Connection, Dialect, Health, Insert, InspectedTable, OnRow, Result, Statement,
    Table, TransactionOptions,
};
use tokio::task::coop::consume_budget;

use crate::connection::{Transaction, begin, commit};
use crate::dialect::SqliteDialect;
use crate::error::without_table;
use crate::insert::insert;
use crate::inspect::inspect;
use crate::pool::{Checkout, Pool};
use crate::run::run;
use crate::statement::OnError;

/// `SELECT 1` alone would not touch the file.
const READ_THE_FILE: &str = "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)";

/// A SQLite database, as [`Options::connect_backend`](crate::Options::connect_backend) opens it.
#[derive(Debug)]
pub struct Sqlite {
    // Closed before the writer, which then empties the write-ahead log.
    readers: Arc<Pool>,
    // The same as `readers` where there is one connection only.
    writer: Arc<Pool>,
}

impl Sqlite {
    pub(crate) fn new(readers: Arc<Pool>, writer: Arc<Pool>) -> Self {
        Self { readers, writer }
    }

    async fn checkout(&self, access: Access) -> Result<Checkout> {
        // Operations that never wait would otherwise keep the thread from its other tasks.
        consume_budget().await;
        match access {
            Access::Read => self.readers.checkout().await,
            Access::Write => self.writer.checkout().await,
        }
    }

    /// Whether one connection does everything.
    fn is_single(&self) -> bool {
        Arc::ptr_eq(&self.readers, &self.writer)
    }
}

#[async_trait]
impl Backend for Sqlite {
    fn dialect(&self) -> &dyn Dialect {
        &SqliteDialect
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        let mut checkout = self.checkout(statement.access).await?;
        run(&mut checkout, statement, on_row, OnError::Undo).await
    }

    async fn insert(&self, rows: Insert<'_>) -> Result<Vec<i64>> {
        if rows.rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut checkout = self.checkout(Access::Write).await?;
        begin(&mut checkout, "BEGIN IMMEDIATE").await?;
        let identities = insert(&mut checkout, rows).await?;
        commit(&mut checkout).await?;
        Ok(identities)
    }

    async fn begin(&self, options: TransactionOptions) -> Result<Box<dyn Connection>> {
        // Every isolation is satisfied: transactions of SQLite are serializable.
        let access = if options.read_only { Access::Read } else { Access::Write };
        let mut checkout = self.checkout(access).await?;
        if options.read_only && self.is_single() {
            checkout.forbid_writes()?;
        }
        let sql = if options.read_only { "BEGIN DEFERRED" } else { "BEGIN IMMEDIATE" };
        begin(&mut checkout, sql).await?;
        Ok(Box::new(Transaction::new(checkout)))
    }

    async fn inspect(&self, table: &'static Table) -> Result<Option<InspectedTable>> {
        let checkout = self.checkout(Access::Read).await?;
        inspect(checkout.connection(), table).map_err(|error| without_table(&error))
    }

    async fn health(&self) -> Result<Health> {
        let since = Instant::now();
        let checkout = self.checkout(Access::Read).await?;
        checkout
            .connection()
            .query_row(READ_THE_FILE, [], |_| Ok(()))
            .map_err(|error| without_table(&error))?;
        let round_trip = since.elapsed();
        drop(checkout);
        let (mut size, mut idle) = (self.readers.size(), self.readers.idle());
        if !self.is_single() {
            size += self.writer.size();
            idle += self.writer.idle();
        }
        Ok(Health::new(round_trip, size, idle))
    }

    async fn close(&self) {
        self.readers.close();
        self.writer.close();
    }
}
