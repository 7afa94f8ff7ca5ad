//! A connection with an open transaction.
//!
//! SQLite ends a transaction by itself after some errors (a full disk, an unreadable file); what came
//! after would then be committed statement by statement. So each operation looks first.

use async_trait::async_trait;
use repo_core::backend::{Connection, Insert, OnRow, Statement};
use repo_core::schema::Table;
use repo_core::{Error, Result};

use crate::error::{Failure, is_busy, of_commit, of_script, without_table};
use crate::insert::insert;
use crate::pool::checkout::Checkout;
use crate::pool::opened::Opened;
use crate::run::busy::Patience;
use crate::run::offload;
use crate::run::run;
use crate::run::turns::take_turns;
use crate::statement::{OnError, execute};

/// An open transaction. Dropped, it rolls back on the spot: giving the connection back does that.
#[derive(Debug)]
pub(crate) struct Transaction {
    checkout: Checkout,
}

impl Transaction {
    pub(crate) fn new(checkout: Checkout) -> Self {
        Self { checkout }
    }

    fn check_open(&self) -> Result<()> {
        let reason = if self.checkout.is_away() {
            "a statement of it was cancelled"
        } else if self.checkout.connection().is_autocommit() {
            "SQLite ended it after an earlier error"
        } else {
            return Ok(());
        };
        Err(Error::TransactionFailed { reason: reason.to_owned() })
    }

    fn execute(&self, sql: &str) -> Result<()> {
        self.check_open()?;
        execute(self.checkout.connection(), sql).map_err(|error| without_table(&error))
    }
}

#[async_trait]
impl Connection for Transaction {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        take_turns().await;
        self.check_open()?;
        run(&mut self.checkout, statement, on_row, OnError::Keep).await
    }

    async fn insert(&mut self, rows: Insert<'_>) -> Result<Vec<i64>> {
        self.check_open()?;
        insert(&mut self.checkout, rows).await
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        self.check_open()?;
        // It may build an index over all there is.
        let script = sql.to_owned();
        let run = move |checkout: &mut Checkout| checkout.connection().execute_batch(&script);
        offload::perform(&mut self.checkout, run).await?.map_err(|error| of_script(&error))
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        self.execute(&format!("SAVEPOINT repo_{level}"))
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        self.execute(&format!("RELEASE repo_{level}"))
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.execute(&format!("ROLLBACK TO repo_{level}"))?;
        self.execute(&format!("RELEASE repo_{level}"))
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        self.check_open()?;
        commit(&mut self.checkout).await
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        drop(self);
        Ok(())
    }
}

/// Begins a transaction, waiting while another process writes.
pub(crate) async fn begin(checkout: &mut Checkout, sql: &str) -> Result<()> {
    let mut patience = Patience::new(checkout.busy_timeout());
    loop {
        let error = match execute(checkout.connection(), sql) {
            Ok(()) => break,
            Err(error) => error,
        };
        if !is_busy(&error) || !patience.wait().await {
            return Err(without_table(&error));
        }
    }
    checkout.opened_mut().note_begin();
    Ok(())
}

/// Commits. After an error the checkout rolls back when it is dropped.
pub(crate) async fn commit(checkout: &mut Checkout) -> Result<()> {
    execute_commit(checkout).await?.map_err(|error| of_commit(&error))
}

/// Commits what was done to one table alone.
pub(crate) async fn commit_of(checkout: &mut Checkout, table: &'static Table) -> Result<()> {
    execute_commit(checkout).await?.map_err(|error| match of_commit(&error) {
        Error::CommitUnknown { source } => Error::CommitUnknown { source },
        _ => Failure::from(error).into_error(table),
    })
}

/// With a write-ahead log nobody but the writer is in the way of a commit: it is not tried twice.
async fn execute_commit(checkout: &mut Checkout) -> Result<rusqlite::Result<()>> {
    if checkout.commits_in_short() {
        return Ok(checkout.timed_commit(Opened::commit));
    }
    offload::perform(checkout, |checkout| checkout.timed_commit(Opened::commit)).await
}
