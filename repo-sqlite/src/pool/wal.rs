//! Moving the write-ahead log into the database file, off the threads of the runtime.
//!
//! SQLite would do it within the COMMIT that makes the log long enough. Here the hook only notes how long
//! it is; the connection that wrote then moves it, on another thread and before anybody writes again:
//! beside a writer that goes on, the log would never be empty, and so would only grow.

use std::cell::Cell;
use std::sync::atomic::{AtomicI32, Ordering};

use rusqlite::Connection;

/// The pages after which the log is moved, as in SQLite.
pub(crate) const PAGES: i32 = 1_000;

thread_local! {
    /// The hook is a plain function: it tells whoever commits on its thread.
    static LAST: Cell<Option<i32>> = const { Cell::new(None) };
}

/// When the log of a file is moved.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    threshold: i32,
    due: AtomicI32,
}

/// Tells [`pages_of_last_commit`] of the commits of this connection, in place of SQLite's own checkpoints.
pub(crate) fn install(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.wal_hook(Some(|_, pages| {
        LAST.set(Some(pages));
        Ok(())
    }));
    Ok(())
}

/// How long the log is since the last commit on this thread, if there was one.
pub(crate) fn pages_of_last_commit() -> Option<i32> {
    LAST.take()
}

impl Checkpoints {
    /// Moves the log at so many pages; never at 0 or less.
    pub(crate) fn new(threshold: i32) -> Self {
        let due = if threshold > 0 { threshold } else { i32::MAX };
        Self { threshold, due: AtomicI32::new(due) }
    }

    /// Whether a log of so many pages is to be moved.
    pub(crate) fn is_due(&self, pages: i32) -> bool {
        pages >= self.due.load(Ordering::Relaxed)
    }

    /// Moves what no reader needs in the log. Where readers keep the log, it is tried again later.
    pub(crate) fn run(&self, connection: &Connection) {
        let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i32>(1)?, row.get::<_, i32>(2)?))
        });
        let due = match moved {
            Ok((pages, moved)) if moved < pages => pages.saturating_add(self.threshold / 4 + 1),
            Ok(_) => self.threshold,
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log was not moved");
                self.threshold.saturating_mul(2)
            }
        };
        self.due.store(due, Ordering::Relaxed);
    }
}
