//! What policies need of a connection, and what the application had set instead.
//!
//! Keys are checked and triggers run on what a `REPLACE` removes, whatever the application has set; a name in
//! double quotes is a name, as a query by hand relies on it; and waiting for another writer is ours to do, without
//! holding the thread. All other settings are left alone.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

/// The settings of the application.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    busy_timeout: Duration,
    foreign_keys: bool,
    recursive_triggers: bool,
    quoted_strings: [bool; 2],
}

/// The switches by which a name in double quotes that no column has is a text.
const QUOTED_STRINGS: [DbConfig; 2] =
    [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL];

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
            quoted_strings: [
                connection.db_config(QUOTED_STRINGS[0])?,
                connection.db_config(QUOTED_STRINGS[1])?,
            ],
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
        rusqlite::vtab::array::load_module(connection)?;
        self.resume(connection)?;
        // Each is written only where it differs: it makes SQLite prepare every statement of the connection again.
        if !self.foreign_keys {
            connection.execute_batch("PRAGMA foreign_keys = ON")?;
        }
        if !self.recursive_triggers {
            connection.execute_batch("PRAGMA recursive_triggers = ON")?;
        }
        Ok(())
    }

    /// Sets what the application had set. Not within a transaction.
    pub(crate) fn restore(&self, connection: &Connection) -> Result<()> {
        self.suspend(connection)?;
        if !self.foreign_keys {
            connection.execute_batch("PRAGMA foreign_keys = OFF")?;
        }
        if !self.recursive_triggers {
            connection.execute_batch("PRAGMA recursive_triggers = OFF")?;
        }
        Ok(())
    }

    /// Sets what SQL by hand is used to: policies of the tables hold for it too.
    pub(crate) fn suspend(&self, connection: &Connection) -> Result<()> {
        connection.busy_timeout(self.busy_timeout)?;
        self.set_quoted_strings(connection, |was| was)
    }

    /// Sets what statements of the repositories need.
    pub(crate) fn resume(&self, connection: &Connection) -> Result<()> {
        connection.busy_timeout(Duration::ZERO)?;
        self.set_quoted_strings(connection, |_| false)
    }

    fn set_quoted_strings(&self, connection: &Connection, to: fn(bool) -> bool) -> Result<()> {
        for (switch, was) in QUOTED_STRINGS.into_iter().zip(self.quoted_strings) {
            if was {
                connection.set_db_config(switch, to(was))?;
            }
        }
        Ok(())
    }
}
