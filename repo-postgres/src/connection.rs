//! A connection with an open transaction.
//!
//! Core decides what runs and what an error makes of the transaction; here it is only carried out. A
//! transaction that is dropped leaves its connection marked, and the pool closes it. So it does after SQL by hand.

use std::any::Any;

use async_trait::async_trait;
use repo_core::backend::{Access, Connection, Insert, OnRow, Statement};
use repo_core::{Error, Isolation, Result, TransactionOptions};
use sqlx::{Connection as _, PgConnection};

use crate::error::{Aftermath, Failure, SOME_ROW};
use crate::insert::Ways;
use crate::pool::Lease;
use crate::{insert, statement};

/// Commits, unless the transaction has failed: then the `SELECT` does, and the `COMMIT` is not run.
///
/// A `COMMIT` alone would roll a failed transaction back and report no error.
pub(crate) const COMMIT: &str = "SELECT; COMMIT";

const STATEMENTS_OF_COMMIT: usize = 2;

const ROLLBACK: &str = "ROLLBACK";

#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) lease: Lease,
    ways: Ways,
    /// Whether nothing is done in it that its commit could keep.
    only_reads: bool,
    /// Whether nothing can be run on the connection any more.
    is_lost: bool,
    /// A statement that the connection keeps prepared is no more what it was.
    is_stale: bool,
    #[cfg(feature = "sqlx")]
    pub(crate) lending: crate::lend::Lending,
}

impl Transaction {
    pub(crate) async fn begin(
        mut lease: Lease,
        ways: Ways,
        options: TransactionOptions,
        setting: Option<&str>,
    ) -> Result<Self> {
        let sql = begin_sql(options, setting)?;
        // Before the statement is sent: whether the server got it is not known until it answers.
        lease.set_in_transaction(true);
        let mut transaction = Self {
            lease,
            ways,
            only_reads: options.read_only,
            is_lost: false,
            is_stale: false,
            #[cfg(feature = "sqlx")]
            lending: crate::lend::Lending::new(setting),
        };
        transaction.simple(&sql).await.map_err(|failure| failure.into_error(SOME_ROW))?;
        Ok(transaction)
    }

    /// Says that what is run in it only reads.
    pub(crate) fn set_only_reads(&mut self) {
        self.only_reads = true;
    }

    /// Says that what is done in it is somebody else's to know.
    pub(crate) fn set_may_write(&mut self) {
        self.only_reads = false;
    }

    async fn end(&mut self, sql: &str) -> Result<(), Failure> {
        #[cfg(feature = "sqlx")]
        if self.lending.is_known_to_sqlx() {
            return self.end_by_sqlx(sql).await;
        }
        match sql {
            COMMIT => self.commit_plainly().await,
            _ => self.simple(sql).await,
        }
    }

    /// A commit of which the server says that it is complete has happened, whatever comes after it.
    async fn commit_plainly(&mut self) -> Result<(), Failure> {
        let (completed, result) = statement::run_counted(self.start()?, COMMIT).await;
        self.finish(&result);
        if completed < STATEMENTS_OF_COMMIT {
            return result;
        }
        if let Err(failure) = result {
            tracing::debug!(?failure, "after the transaction was committed");
        }
        Ok(())
    }

    pub(crate) async fn simple(&mut self, sql: &str) -> Result<(), Failure> {
        let result = statement::run_simple(self.start()?, sql).await;
        self.finish(&result);
        result
    }

    /// The connection, marked until [`finish`](Self::finish), unless it cannot be used any more.
    pub(crate) fn start(&mut self) -> Result<&mut PgConnection, Failure> {
        if self.is_lost {
            let reason = "its connection is of no use after an earlier error".to_owned();
            return Err(Failure::Broken(Error::TransactionFailed { reason }));
        }
        Ok(self.lease.start())
    }

    pub(crate) fn finish<T>(&mut self, result: &Result<T, Failure>) {
        self.is_lost |= result.as_ref().is_err_and(Failure::is_out_of_step);
        self.is_stale |= result.as_ref().is_err_and(Failure::is_stale);
        self.lease.finish(result);
    }

    async fn forget_statements(&mut self) -> Result<(), Failure> {
        let result = self.start()?.clear_cached_statements().await.map_err(Failure::from);
        self.finish(&result);
        result
    }

    async fn control(&mut self, sql: String) -> Result<()> {
        self.simple(&sql).await.map_err(|failure| failure.into_error(SOME_ROW))
    }
}

#[async_trait]
impl Connection for Transaction {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        if statement.is_by_hand() && statement.access() == Access::Write {
            self.lease.close_at_the_end();
            self.set_may_write();
        }
        let (entity, persistent) = (statement.table.entity, self.ways.persistent);
        let connection = self.start().map_err(|failure| failure.into_error(entity))?;
        let result = statement::run(connection, persistent, statement, on_row).await;
        self.finish(&result);
        result.map_err(|failure| failure.into_error(entity))
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        let (entity, ways) = (insert.table.entity, self.ways);
        let connection = self.start().map_err(|failure| failure.into_error(entity))?;
        let result = insert::insert(connection, ways, insert).await;
        self.finish(&result);
        result.map_err(|failure| failure.into_error(entity))
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        self.simple(sql).await.map_err(|failure| failure.into_error(SOME_ROW))
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        self.control(savepoint(level)).await
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        self.control(release(level)).await
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.control(rollback_to(level)).await?;
        if std::mem::take(&mut self.is_stale) {
            // What is tried again in this transaction is prepared anew.
            let forgotten = self.forget_statements().await;
            forgotten.map_err(|failure| failure.into_error(SOME_ROW))?;
        }
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        let Err(failure) = self.end(COMMIT).await else {
            self.lease.set_in_transaction(false);
            return Ok(());
        };
        let only_reads = self.only_reads;
        if failure.aftermath() == Aftermath::Usable {
            self.rollback().await?;
        }
        match only_reads {
            true => Err(failure.into_error(SOME_ROW)),
            false => Err(failure.into_error_of_commit()),
        }
    }

    async fn rollback(mut self: Box<Self>) -> Result<()> {
        match self.end(ROLLBACK).await {
            Ok(()) => self.lease.set_in_transaction(false),
            // The connection is closed with the lease, and without it the server rolls back.
            Err(failure) => tracing::debug!(?failure, "closed a connection to roll back"),
        }
        Ok(())
    }

    fn as_any(&mut self) -> Option<&mut (dyn Any + Send)> {
        Some(self)
    }
}

pub(crate) fn savepoint(level: usize) -> String {
    format!("SAVEPOINT repo_{level}")
}

pub(crate) fn release(level: usize) -> String {
    format!("RELEASE SAVEPOINT repo_{level}")
}

pub(crate) fn rollback_to(level: usize) -> String {
    format!("ROLLBACK TO SAVEPOINT repo_{level}; RELEASE SAVEPOINT repo_{level}")
}

/// Opens the transaction and says whose rows it is about, in one round trip.
fn begin_sql(options: TransactionOptions, setting: Option<&str>) -> Result<String> {
    let isolation = match options.isolation {
        Isolation::Default => "",
        Isolation::ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
        Isolation::RepeatableRead => " ISOLATION LEVEL REPEATABLE READ",
        Isolation::Serializable => " ISOLATION LEVEL SERIALIZABLE",
        _ => return Err(Error::Unsupported { reason: "an unknown isolation level".into() }),
    };
    let access = if options.read_only { " READ ONLY" } else { "" };
    let setting = setting.map(|setting| format!("; {setting}")).unwrap_or_default();
    Ok(format!("BEGIN{isolation}{access}{setting}"))
}
