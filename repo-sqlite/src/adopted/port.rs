//! Operations on a connection of sqlx, on the calling thread.
//!
//! A connection of the application has no progress handler and no group of writers: what is here is one
//! statement after the other. Where another writer holds the database, an operation waits for as long as the
//! application lets its own.

use repo_core::backend::{Access, Insert, OnRow, Statement};
use repo_core::{Error, Result};
use rusqlite::{Connection, Row};

use crate::adopted::handle::{Handle, Home};
use crate::adopted::names::{in_backquotes, is_kept_as_text};
use crate::adopted::settings::Settings;
use crate::adopted::sqlx_error::of_sqlx;
use crate::error::{Failure, is_busy, of_script, without_table};
use crate::insert::{self, Connected};
use crate::row::StoredRow;
use crate::run::busy::Patience;
use crate::statement::{OnError, execute, step};

const KNOW_THE_SCHEMA: &str = "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)";

/// A connection that lives at `H`, set up for the repositories.
#[derive(Debug)]
pub(crate) struct Port<H> {
    pub(crate) handle: Handle<H>,
    pub(crate) settings: Settings,
}

impl<H: Home> Port<H> {
    /// Takes the connection from sqlx. Nothing is changed on it yet.
    pub(crate) async fn open(home: H) -> Result<Self> {
        let handle = Handle::take(home).await.map_err(|error| of_sqlx(&error))?;
        let settings = Settings::of(handle.ours()).map_err(|error| without_table(&error))?;
        Ok(Self { handle, settings })
    }

    /// The connection.
    pub(crate) fn connection(&self) -> &Connection {
        self.handle.ours()
    }

    /// Runs one statement, again while another writer holds the database.
    pub(crate) async fn run(
        &mut self,
        statement: Statement<'_>,
        on_row: OnRow<'_>,
        on_error: OnError,
    ) -> Result<u64> {
        let each = |row: &Row<'_>| on_row(&StoredRow(row)).map_err(Failure::Ours);
        self.step(statement, on_error, each).await
    }

    /// The same with rows as SQLite has them.
    pub(crate) async fn step(
        &mut self,
        statement: Statement<'_>,
        on_error: OnError,
        each: impl FnMut(&Row<'_>) -> Result<(), Failure> + Send,
    ) -> Result<u64> {
        if statement.access() == Access::Write {
            self.prepare_to_write()?;
        }
        if !is_kept_as_text(statement.sql) {
            let text = in_backquotes(statement.sql);
            return self.attempt(Statement { sql: &text, ..statement }, on_error, each).await;
        }
        let taken = self.settings.take_names_alone(self.handle.ours());
        taken.map_err(|error| without_table(&error))?;
        let ran = self.attempt(statement, on_error, each).await;
        let restored = self.settings.restore_names(self.handle.ours());
        restored.map_err(|error| without_table(&error)).and(ran)
    }

    fn prepare_to_write(&mut self) -> Result<()> {
        let set = self.settings.run_triggers_of_replace(self.handle.ours());
        set.map_err(|error| without_table(&error))
    }

    async fn attempt(
        &mut self,
        statement: Statement<'_>,
        on_error: OnError,
        mut each: impl FnMut(&Row<'_>) -> Result<(), Failure> + Send,
    ) -> Result<u64> {
        let mut patience = Patience::new(self.settings.busy_timeout());
        loop {
            let mut handed_over = false;
            let ran = step(self.connection(), &statement, on_error, |row| {
                handed_over = true;
                each(row)
            });
            let failure = match ran {
                Ok(affected) => return Ok(affected),
                Err(failure) => failure,
            };
            // A row that was handed over cannot be taken back.
            if handed_over || !failure.is_busy() || !patience.wait().await {
                return Err(failure.into_error(statement.table));
            }
        }
    }

    /// Inserts all rows, in the transaction that is open.
    pub(crate) async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.prepare_to_write()?;
        let text = in_backquotes(insert.sql);
        insert::insert(self, Insert { sql: &text, ..insert }).await
    }

    /// Runs SQL text without parameters, in the transaction that is open.
    pub(crate) fn script(&mut self, sql: &str) -> Result<()> {
        self.prepare_to_write()?;
        let Self { handle, settings } = self;
        let connection = handle.ours();
        let mut run = || {
            settings.take_names_alone(connection)?;
            // What another connection dropped is known only to a statement that runs: one that makes the same again
            // is refused before.
            connection.query_row(KNOW_THE_SCHEMA, [], |_| Ok(()))?;
            connection.execute_batch(sql)
        };
        let ran = run();
        let restored = settings.restore_names(connection);
        ran.and(restored).map_err(|error| of_script(&error))
    }

    /// Runs a statement about the transaction.
    pub(crate) fn control(&self, sql: &str) -> Result<()> {
        self.check_open()?;
        execute(self.connection(), sql).map_err(|error| without_table(&error))
    }

    pub(crate) fn rollback_to(&self, level: usize) -> Result<()> {
        self.control(&format!("ROLLBACK TO repo_{level}"))?;
        self.control(&format!("RELEASE repo_{level}"))
    }

    /// SQLite ends a transaction by itself after some errors; what came after would be committed by itself.
    pub(crate) fn check_open(&self) -> Result<()> {
        if !self.connection().is_autocommit() {
            return Ok(());
        }
        let reason = "SQLite ended it after an earlier error";
        Err(Error::TransactionFailed { reason: reason.to_owned() })
    }

    /// Runs a statement without parameters, waiting while another writer holds the database.
    pub(crate) async fn patiently(&mut self, sql: &str) -> rusqlite::Result<()> {
        let mut patience = Patience::new(self.settings.busy_timeout());
        loop {
            let error = match execute(self.connection(), sql) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if !is_busy(&error) || !patience.wait().await {
                return Err(error);
            }
        }
    }
}

impl<H: Home> Connected for Port<H> {
    fn connection(&self) -> &Connection {
        self.handle.ours()
    }
}
