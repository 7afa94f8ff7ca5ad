//! What policies need of a connection, and what the application had set instead.
//!
//! Keys are checked, and waiting for another writer is ours to do, without holding the thread. Once something is
//! written triggers run on what a `REPLACE` removes, which may be one of a trigger or of a table of the application's.
//! And where a statement makes something of which SQLite keeps the text, a name in double quotes is a name; in all
//! others the text sees to that (`names`). All other settings are left alone: a change of most, those three among
//! them, makes SQLite prepare every statement of the connection again, ours and the application's.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

/// The settings of the application.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    busy_timeout: Duration,
    foreign_keys: bool,
    /// Unless nobody asked yet.
    recursive_triggers: Option<bool>,
    /// Where it is replaced.
    quoted_strings: Option<[bool; 2]>,
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
            recursive_triggers: None,
            quoted_strings: None,
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

    /// Sets what all operations need.
    pub(crate) fn replace(&self, connection: &Connection) -> Result<()> {
        connection.busy_timeout(Duration::ZERO)?;
        if !self.foreign_keys {
            connection.execute_batch("PRAGMA foreign_keys = ON")?;
        }
        Ok(())
    }

    /// Sets what the application had set. Not within a transaction.
    pub(crate) fn restore(&mut self, connection: &Connection) -> Result<()> {
        self.restore_names(connection)?;
        if self.recursive_triggers == Some(false) {
            connection.execute_batch("PRAGMA recursive_triggers = OFF")?;
        }
        self.recursive_triggers = None;
        if !self.foreign_keys {
            connection.execute_batch("PRAGMA foreign_keys = OFF")?;
        }
        connection.busy_timeout(self.busy_timeout)
    }

    /// Sets what SQL through sqlx is used to: policies of the tables hold for it too.
    pub(crate) fn suspend(&mut self, connection: &Connection) -> Result<()> {
        self.run_triggers_of_replace(connection)?;
        connection.busy_timeout(self.busy_timeout)
    }

    /// Sets what statements of the repositories need.
    pub(crate) fn resume(&self, connection: &Connection) -> Result<()> {
        connection.busy_timeout(Duration::ZERO)
    }

    /// Makes triggers run on what a `REPLACE` removes.
    pub(crate) fn run_triggers_of_replace(&mut self, connection: &Connection) -> Result<()> {
        if self.recursive_triggers.is_some() {
            return Ok(());
        }
        let was: bool = connection.query_row("PRAGMA recursive_triggers", [], |row| row.get(0))?;
        if !was {
            connection.execute_batch("PRAGMA recursive_triggers = ON")?;
        }
        self.recursive_triggers = Some(was);
        Ok(())
    }

    /// Makes a name in double quotes a name.
    pub(crate) fn take_names_alone(&mut self, connection: &Connection) -> Result<()> {
        let [dml, ddl] = QUOTED_STRINGS;
        self.quoted_strings = Some([connection.db_config(dml)?, connection.db_config(ddl)?]);
        set_quoted_strings(connection, [false; 2])
    }

    /// Makes a name in double quotes what it was.
    pub(crate) fn restore_names(&mut self, connection: &Connection) -> Result<()> {
        let Some(were) = self.quoted_strings else { return Ok(()) };
        set_quoted_strings(connection, were)?;
        self.quoted_strings = None;
        Ok(())
    }
}

fn set_quoted_strings(connection: &Connection, to: [bool; 2]) -> Result<()> {
    for (switch, on) in QUOTED_STRINGS.into_iter().zip(to) {
        connection.set_db_config(switch, on)?;
    }
    Ok(())
}

/// How long the application's statements wait for another writer.
pub(crate) fn busy_timeout(connection: &Connection) -> Result<Duration> {
    let milliseconds: u32 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    Ok(Duration::from_millis(milliseconds.into()))
}
