//! What policies need of a connection, and what the application had set instead.
//!
//! Keys are checked and triggers run on what a `REPLACE` removes, whatever the application has set; waiting for
//! another writer is ours to do, without holding the thread. All other settings are left alone.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

/// The settings of the application.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    busy_timeout: Duration,
    foreign_keys: bool,
    recursive_triggers: bool,
}

impl Settings {
    /// Reads them.
    pub(crate) fn of(connection: &Connection) -> Result<Self> {
        let milliseconds: u32 =
            connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
        Ok(Self {
            busy_timeout: Duration::from_millis(milliseconds.into()),
            foreign_keys: connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY)?,
            recursive_triggers: connection
                .query_row("PRAGMA recursive_triggers", [], |row| row.get(0))?,
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

    /// Sets what policies need.
    pub(crate) fn replace(&self, connection: &Connection) -> Result<()> {
        connection.busy_timeout(Duration::ZERO)?;
        rusqlite::vtab::array::load_module(connection)?;
        if !self.foreign_keys {
            connection.execute_batch("PRAGMA foreign_keys = ON")?;
        }
        // Written only where it differs: it makes SQLite prepare every statement of the connection again.
        if !self.recursive_triggers {
            connection.execute_batch("PRAGMA recursive_triggers = ON")?;
        }
        Ok(())
    }

    /// Sets what the application had set. Not within a transaction.
    pub(crate) fn restore(&self, connection: &Connection) -> Result<()> {
        connection.busy_timeout(self.busy_timeout)?;
        if !self.foreign_keys {
            connection.execute_batch("PRAGMA foreign_keys = OFF")?;
        }
        if !self.recursive_triggers {
            connection.execute_batch("PRAGMA recursive_triggers = OFF")?;
        }
        Ok(())
    }
}
