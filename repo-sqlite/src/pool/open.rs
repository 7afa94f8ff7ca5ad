//! Opening one connection and setting it up.
//!
//! Every connection has the same settings; nothing relies on the defaults of the SQLite it is linked to.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use repo_core::{Error, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::connect::location::{Location, Mode};
use crate::connect::{Options, Synchronous};
use crate::error::{database_error, is_busy, is_not_a_database, without_table};
use crate::pool::wal;
use crate::run::busy::Patience;

/// The switches of every connection: identifiers and strings are told apart, functions of the schema
/// are not trusted, and a bound value does not choose the plan, which would prepare a statement again
/// at each use.
const SWITCHES: [(DbConfig, bool); 5] = [
    (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
];

/// Where connections of one role come from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) options: Arc<Options>,
    pub(crate) role: Role,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Writing, or everything where there is one connection only.
    Writer,
    /// Reading alone.
    Reader,
}

impl Source {
    /// Whether the data lives as long as the connection.
    pub(crate) fn is_memory(&self) -> bool {
        self.options.location == Location::Memory
    }

    /// Whether a commit waits for the disk.
    pub(crate) fn is_durable(&self) -> bool {
        !self.is_memory() && self.options.synchronous == Synchronous::Full
    }

    /// Opens a connection, waiting while another process holds the database.
    pub(crate) async fn open(&self) -> Result<Connection> {
        let mut patience = Patience::new(self.options.busy_timeout);
        loop {
            let error = match self.try_open() {
                Ok(connection) => return Ok(connection),
                Err(OpenError::Driver(error)) => error,
                Err(OpenError::Ours(error)) => return Err(error),
            };
            if !is_busy(&error) || !patience.wait().await {
                return Err(self.explain(&error));
            }
        }
    }

    fn try_open(&self) -> Result<Connection, OpenError> {
        let connection = match &self.options.location {
            Location::Memory => Connection::open_in_memory_with_flags(
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?,
            Location::File { path, mode } => {
                check_folder(path, *mode)?;
                Connection::open_with_flags(path, self.flags(*mode))?
            }
        };
        self.set_up(&connection)?;
        tracing::debug!(role = ?self.role, "opened a connection");
        Ok(connection)
    }

    /// A connection is used by one thread at a time, so SQLite need not lock it.
    fn flags(&self, mode: Mode) -> OpenFlags {
        let access = match (self.role, mode) {
            (Role::Reader, _) | (_, Mode::ReadOnly) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            (Role::Writer, Mode::ReadWrite) => OpenFlags::SQLITE_OPEN_READ_WRITE,
            (Role::Writer, Mode::Create) => {
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
            }
        };
        access | OpenFlags::SQLITE_OPEN_NO_MUTEX
    }

    fn set_up(&self, connection: &Connection) -> Result<(), OpenError> {
        // SQLite itself would hold the thread while it waits.
        connection.busy_timeout(Duration::ZERO)?;
        connection.set_prepared_statement_cache_capacity(self.options.statement_cache);
        for (switch, on) in SWITCHES {
            connection.set_db_config(switch, on)?;
        }
        rusqlite::vtab::array::load_module(connection)?;
        connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON")?;
        // Before anything in the file is changed, and once for all connections.
        if self.role == Role::Writer {
            check_encoding(connection, &self.options.location)?;
        }
        self.set_up_file(connection)?;
        for (name, value) in &self.options.pragmas {
            connection.pragma_update(None, name, value)?;
        }
        Ok(())
    }

    /// Write-ahead logging, and how sure a commit is.
    fn set_up_file(&self, connection: &Connection) -> Result<(), OpenError> {
        if self.is_memory() {
            return Ok(());
        }
        if self.role == Role::Reader || connection.is_readonly(MAIN_DB)? {
            // Reads the file, and so finds out what it is.
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            return Ok(());
        }
        let mode: String =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            let reason = format!(
                "{} cannot have a write-ahead log: SQLite needs a local file system for it",
                self.options.location
            );
            return Err(OpenError::Ours(Error::Configuration { reason }));
        }
        connection.pragma_update(None, "synchronous", self.options.synchronous.as_pragma())?;
        wal::install(connection)?;
        Ok(())
    }

    /// One line that says what is wrong with which file.
    fn explain(&self, error: &rusqlite::Error) -> Error {
        let location = &self.options.location;
        if is_not_a_database(error) {
            return Error::Configuration { reason: format!("{location} is not a SQLite database") };
        }
        match without_table(error) {
            Error::Connection { .. } => {
                let mut source = database_error(error);
                // SQLite's own message ends in the path.
                source.message = format!("{location} cannot be opened");
                Error::Connection { source }
            }
            other => other,
        }
    }
}

/// Refuses a database whose text is not UTF-8: in UTF-16 it is ordered otherwise, and cursors rely on the order.
pub(crate) fn check_encoding(
    connection: &Connection,
    location: impl Display,
) -> Result<(), OpenError> {
    let encoding: String = connection.query_row("PRAGMA encoding", [], |row| row.get(0))?;
    if encoding == "UTF-8" {
        return Ok(());
    }
    let reason = format!(
        "{location} keeps text as {encoding}, which SQLite orders otherwise than UTF-8: \
         write its `.dump` into a new file"
    );
    Err(OpenError::Ours(Error::Configuration { reason }))
}

/// Why a connection did not open.
pub(crate) enum OpenError {
    Driver(rusqlite::Error),
    Ours(Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        OpenError::Driver(error)
    }
}

/// SQLite says "unable to open database file" to all of these.
fn check_folder(path: &Path, mode: Mode) -> Result<(), OpenError> {
    let shown = path.display();
    let reason = if path.is_dir() {
        format!("`{shown}` is a folder, not a database file")
    } else if !path.exists() && mode != Mode::Create {
        format!("the database file `{shown}` does not exist; with `?mode=rwc` it is made")
    } else if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
        format!("the folder `{}` of the database file does not exist", folder.display())
    } else {
        return Ok(());
    };
    Err(OpenError::Ours(Error::Configuration { reason }))
}
