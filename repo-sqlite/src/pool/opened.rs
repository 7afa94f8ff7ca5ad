//! A connection and what belongs to it: its switch, the group that is open on it, and how long the log
//! was at its last commit.

use std::sync::Arc;

use rusqlite::Connection;

use crate::error::Failure;
use crate::group::rhythm::Rhythm;
use crate::group::{Answer, Group, Outcome, in_savepoint};
use crate::pool::wal;
use crate::run::control::Control;
use crate::statement::execute;

const DEFERRED_KEYS: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE upper(sql) LIKE '%INITIALLY%DEFERRED%')";

/// An open connection.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) control: Arc<Control>,
    pub(crate) group: Option<Group>,
    pub(crate) rhythm: Rhythm,
    /// The pages of the log at the last commit that was not looked at.
    pub(crate) log_pages: i32,
    /// The rows that this connection had changed when its transaction began.
    changes_before: u64,
    /// The version of the schema, and whether it has keys that are checked at the commit.
    deferred_keys: Option<(i64, bool)>,
}

impl Opened {
    pub(crate) fn new(connection: Connection) -> rusqlite::Result<Self> {
        let control = Control::install(&connection)?;
        Ok(Self {
            connection,
            control,
            group: None,
            rhythm: Rhythm::default(),
            log_pages: 0,
            changes_before: 0,
            deferred_keys: None,
        })
    }

    /// Runs the work of a member of the open group. It is answered with the others, whatever came of it:
    /// an error too may have its cause in what another member wrote.
    pub(crate) fn join<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> (Result<T, Failure>, Option<Answer>) {
        let result = in_savepoint(&self.connection, work);
        let answer = self.group.as_mut().map(Group::add);
        self.rhythm.wrote();
        if !self.connection.is_autocommit() {
            return (result, answer);
        }
        // SQLite rolled back by itself: the cause is this member's error.
        if let Some(group) = self.group.take() {
            group.answer(Outcome::Ended);
        }
        (result, None)
    }

    /// Commits the open group, if there is one, and answers its members.
    pub(crate) fn settle(&mut self) {
        let Some(group) = self.group.take() else { return };
        self.rhythm.grouped(group.members());
        let outcome = match self.commit() {
            Ok(()) => Outcome::Committed,
            Err(error) => {
                if !self.connection.is_autocommit() {
                    let _ = execute(&self.connection, "ROLLBACK");
                }
                Outcome::Refused(error)
            }
        };
        group.answer(outcome);
    }

    /// Commits the open transaction.
    pub(crate) fn commit(&mut self) -> rusqlite::Result<()> {
        execute(&self.connection, "COMMIT")?;
        self.note_commit();
        Ok(())
    }

    /// To be called after a commit, on the thread it was made on.
    pub(crate) fn note_commit(&mut self) {
        self.log_pages = wal::pages_of_last_commit().unwrap_or(self.log_pages);
    }

    /// To be called when a transaction begins.
    pub(crate) fn note_begin(&mut self) {
        self.changes_before = self.connection.total_changes();
    }

    /// Whether a foreign key of the schema may be checked at the commit only. When in doubt, one is.
    pub(crate) fn has_deferred_keys(&mut self) -> bool {
        match self.find_deferred_keys() {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, "the schema was not read");
                true
            }
        }
    }

    fn find_deferred_keys(&mut self) -> rusqlite::Result<bool> {
        let mut version = self.connection.prepare_cached("PRAGMA schema_version")?;
        let version: i64 = version.query_row([], |row| row.get(0))?;
        if let Some((of, found)) = self.deferred_keys
            && of == version
        {
            return Ok(found);
        }
        let found = self.connection.query_row(DEFERRED_KEYS, [], |row| row.get(0))?;
        self.deferred_keys = Some((version, found));
        Ok(found)
    }

    /// How many rows were changed since the transaction began.
    pub(crate) fn changes(&self) -> u64 {
        self.connection.total_changes().saturating_sub(self.changes_before)
    }
}

/// A group that is open when its connection goes is committed: its members' work is done.
impl Drop for Opened {
    fn drop(&mut self) {
        self.settle();
    }
}
