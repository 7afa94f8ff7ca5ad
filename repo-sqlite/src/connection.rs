//! A connection with an open transaction.
//!
//! SQLite ends a transaction by itself after some errors (a full disk, an unreadable file); what came
//! after would then be committed statement by statement. So each operation looks first.

use async_trait::async_trait;
use repo_core::{Connection, Error, Insert, OnRow, Result, Statement};

use crate::busy::Patience;
use crate::error::{is_busy, of_commit, of_script, without_table};
use crate::insert::insert;
use crate::pool::Checkout;
use crate::run::run;
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
        if !self.checkout.connection().is_autocommit() {
            return Ok(());
        }
        Err(Error::TransactionFailed {
            reason: "SQLite ended it after an earlier error".to_owned(),
        })
    }

    fn execute(&self, sql: &str) -> Result<()> {
        self.check_open()?;
        execute(self.checkout.connection(), sql).map_err(|error| without_table(&error))
    }
}

#[async_trait]
impl Connection for Transaction {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.check_open()?;
        run(&mut self.checkout, statement, on_row, OnError::Keep).await
    }

    async fn insert(&mut self, rows: Insert<'_>) -> Result<Vec<i64>> {
        self.check_open()?;
        insert(&mut self.checkout, rows).await
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        self.check_open()?;
        self.checkout.connection().execute_batch(sql).map_err(|error| of_script(&error))
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
    execute_patiently(checkout, sql).await.map_err(|error| without_table(&error))
}

/// Commits. After an error the checkout rolls back when it is dropped.
pub(crate) async fn commit(checkout: &mut Checkout) -> Result<()> {
    execute_patiently(checkout, "COMMIT").await.map_err(|error| of_commit(&error))
}

async fn execute_patiently(checkout: &mut Checkout, sql: &str) -> rusqlite::Result<()> {
    let mut patience = Patience::new(checkout.busy_timeout());
    loop {
        let error = match execute(checkout.connection(), sql) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if !is_busy(&error) || !patience.wait().await {
            return Err(error);
        }
    }
}
