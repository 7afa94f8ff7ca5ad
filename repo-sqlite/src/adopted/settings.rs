//! What policies need of a connection, and what the application had set instead.
//!
//! Keys are checked, and waiting for another writer is ours to do, without holding the thread. Triggers run on what a
//! `REPLACE` removes while SQL by hand is run; what repositories themselves write replaces nothing. All other settings
//! are left alone: a change of most makes SQLite prepare every statement of the connection again, ours and the
//! application's.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

/// The settings of the application.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    busy_timeout: Duration,
    foreign_keys: bool,
    /// Whether triggers were made to run on what is replaced, and have to be stopped.
    replacing: bool,
}

/// The switches by which a name in double quotes that no column has is a text.
const QUOTED_STRINGS: [DbConfig; 2] =
    [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL];

impl Settings {
    /// Reads them.
    pub(crate) fn of(connection: &Connection) -> Result<Self> {
        Ok(Self {
            busy_timeout: busy_timeout(connection)?,
            foreign_keys: connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY)?,
            replacing: false,
        })
    }

    /// How long an operation waits for another writer.
    pub(crate) fn busy_timeout(&self) -> Duration {
        self.busy_timeout
    }

    /// Whether keys are checked. In a transaction this cannot be changed.
    pub(crate) fn has_foreign_keys(&self) -> bool {
        self.foreign_keys
    }

    /// Sets what repositories need.
    pub(crate) fn replace(&self, connection: &Connection) -> Result<()> {
        connection.busy_timeout(Duration::ZERO)?;
        if !self.foreign_keys {
            connection.execute_batch("PRAGMA foreign_keys = ON")?;
        }
        Ok(())
    }

    /// Sets what the application had set. Not within a transaction.
    pub(crate) fn restore(&mut self, connection: &Connection) -> Result<()> {
        self.stop_replacing(connection)?;
        connection.busy_timeout(self.busy_timeout)?;
        if !self.foreign_keys {
            connection.execute_batch("PRAGMA foreign_keys = OFF")?;
        }
        Ok(())
    }

    /// Sets what SQL through sqlx is used to: policies of the tables hold for it too.
    pub(crate) fn suspend(&mut self, connection: &Connection) -> Result<()> {
        self.start_replacing(connection)?;
        connection.busy_timeout(self.busy_timeout)
    }

    /// Sets what statements of the repositories need.
    pub(crate) fn resume(&mut self, connection: &Connection) -> Result<()> {
        self.stop_replacing(connection)?;
        connection.busy_timeout(Duration::ZERO)
    }

    /// Makes triggers run on what a `REPLACE` removes.
    pub(crate) fn start_replacing(&mut self, connection: &Connection) -> Result<()> {
        let is_on: bool =
            connection.query_row("PRAGMA recursive_triggers", [], |row| row.get(0))?;
        if !is_on {
            connection.execute_batch("PRAGMA recursive_triggers = ON")?;
            self.replacing = true;
        }
        Ok(())
    }

    pub(crate) fn stop_replacing(&mut self, connection: &Connection) -> Result<()> {
        if self.replacing {
            connection.execute_batch("PRAGMA recursive_triggers = OFF")?;
            self.replacing = false;
        }
        Ok(())
    }
}

pub(crate) fn busy_timeout(connection: &Connection) -> Result<Duration> {
    let milliseconds: u32 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    Ok(Duration::from_millis(milliseconds.into()))
}

/// Runs `work` where a name in double quotes is a name: what it makes is kept by the database as it is written.
pub(crate) fn with_names_alone<T>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let mut were = [false; 2];
    for (switch, was) in QUOTED_STRINGS.into_iter().zip(&mut were) {
        *was = connection.db_config(switch)?;
        connection.set_db_config(switch, false)?;
    }
    let result = work();
    for (switch, was) in QUOTED_STRINGS.into_iter().zip(were) {
        connection.set_db_config(switch, was)?;
    }
    result
}
