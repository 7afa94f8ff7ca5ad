//! The backend: which connection an operation runs on.
//!
//! Reads run beside the writer, each on a connection of its own; writes take turns, in `group/queue.rs`. On which
//! thread a statement runs is decided in `run.rs`.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use repo_core::backend::{
    Access, Backend, BriefChange, Connection, Dialect, Insert, OnRow, Statement,
};
use repo_core::schema::{InspectedTable, Table};
use repo_core::{Health, Result, TransactionOptions};
use tokio::time::timeout;

use crate::connection::{Transaction, begin, commit};
use crate::dialect::SqliteDialect;
use crate::error::without_table;
use crate::group::brief::make;
use crate::group::queue::{is_shared, join, open, settle, write};
use crate::insert::{insert, insert_few};
use crate::inspect::inspect;
use crate::pool::checkout::Checkout;
use crate::pool::place::Place;
use crate::pool::{Pool, Purpose};
use crate::run::offload;
use crate::run::run;
use crate::run::shapes::{Shape, Speed};
use crate::run::turns::take_turns;
use crate::statement::{OnError, interrupt};

/// `SELECT 1` alone would not touch the file.
const READ_THE_FILE: &str = "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)";

/// How long a statement that is taken to be long waits for others that are, before it is tried beside them.
const PATIENCE: Duration = Duration::from_millis(250);

/// So many rows are inserted in a fraction of a millisecond.
const FEW: usize = 32;

/// A SQLite database, as [`Options::connect_backend`](crate::Options::connect_backend) opens it.
#[derive(Debug)]
pub struct Sqlite {
    // Closed before the writer, which then empties the write-ahead log.
    readers: Arc<Pool>,
    // The same as `readers` where there is one connection only.
    writer: Arc<Pool>,
    /// Nothing where it is in memory.
    place: Option<Place>,
}

impl Sqlite {
    pub(crate) fn new(readers: Arc<Pool>, writer: Arc<Pool>, place: Option<Place>) -> Self {
        Self { readers, writer, place }
    }

    async fn checkout(&self, access: Access) -> Result<Checkout> {
        // Operations that never wait would otherwise keep the thread from its other tasks.
        take_turns().await;
        let pool = match access {
            Access::Read => &self.readers,
            Access::Write => &self.writer,
        };
        let mut checkout = pool.checkout(Purpose::Other).await?;
        settle(&mut checkout).await?;
        Ok(checkout)
    }

    async fn read(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        if self.readers.shapes.speed(Shape::of(statement.sql)) == Speed::Long {
            return self.read_long(statement, on_row).await;
        }
        let mut checkout = self.checkout(Access::Read).await?;
        run(&mut checkout, statement, on_row, OnError::Undo(interrupt)).await
    }

    /// Long statements leave a connection to short ones. One that was long before may be short now: a disk that
    /// was cold, or a thread that was not running, is not to make it wait behind all that are long.
    async fn read_long(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        let mut admission = pin!(self.readers.admit_long());
        let _admitted = match timeout(PATIENCE, admission.as_mut()).await {
            Ok(admitted) => admitted?,
            Err(_) => {
                let mut checkout = self.checkout(Access::Read).await?;
                let tried = offload::run_briefly(&mut checkout, &statement, &mut *on_row).await;
                drop(checkout);
                match tried.map_err(|failure| failure.into_error(statement.table))? {
                    Some(read) => return Ok(read),
                    None => admission.await?,
                }
            }
        };
        let mut checkout = self.checkout(Access::Read).await?;
        run(&mut checkout, statement, on_row, OnError::Undo(interrupt)).await
    }

    /// A few rows, together with what others write.
    async fn insert_few(&self, rows: Insert<'_>) -> Result<Vec<i64>> {
        let mut checkout = self.writer.checkout(Purpose::Join).await?;
        if !is_shared(&mut checkout) || !open(&mut checkout).await? {
            settle(&mut checkout).await?;
            return insert_alone(checkout, rows).await;
        }
        join(checkout, rows.table, |connection| insert_few(connection, &rows)).await
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
        match statement.access() {
            Access::Read => self.read(statement, on_row).await,
            Access::Write => {
                take_turns().await;
                write(&self.writer, statement, on_row).await
            }
        }
    }

    async fn insert(&self, rows: Insert<'_>) -> Result<Vec<i64>> {
        if rows.rows.is_empty() {
            return Ok(Vec::new());
        }
        if rows.rows.len() <= FEW {
            take_turns().await;
            return self.insert_few(rows).await;
        }
        insert_alone(self.checkout(Access::Write).await?, rows).await
    }

    async fn make(&self, change: BriefChange<'_>) -> Result<bool> {
        take_turns().await;
        make(&self.writer, change).await
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
        self.place.as_ref().map_or(Ok(()), Place::check)?;
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

/// All rows in a transaction of their own.
async fn insert_alone(mut checkout: Checkout, rows: Insert<'_>) -> Result<Vec<i64>> {
    begin(&mut checkout, "BEGIN IMMEDIATE").await?;
    let identities = insert(&mut checkout, rows).await?;
    commit(&mut checkout).await?;
    Ok(identities)
}
