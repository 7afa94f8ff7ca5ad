//! Stopping a statement while it runs: when its time is over, or when nobody waits for it any more.
//!
//! SQLite asks every so many of its own instructions, on the thread that runs the statement. A job has a
//! number, so that what comes too late for one never stops the next. What is stopped here fails with
//! `SQLITE_INTERRUPT`: who may run it again is not decided here. A statement that commits by itself is not stopped
//! by its limit once it begins to commit: what was stopped is undone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Instructions between two questions: some ten microseconds.
const INSTRUCTIONS: i32 = 1_000;
const NO_LIMIT: u64 = u64::MAX;

/// The switch of one connection.
#[derive(Debug)]
pub(crate) struct Control {
    epoch: Instant,
    /// When the statement is stopped, in nanoseconds since `epoch`.
    deadline: AtomicU64,
    /// Odd while a job runs.
    running: AtomicU64,
    cancelled: AtomicU64,
    /// Whether a commit was begun since the last limit was set.
    is_committing: AtomicBool,
}

/// A time limit that ends with this value.
#[derive(Debug)]
pub(crate) struct Limit<'a>(&'a Control);

impl Control {
    /// Installs the switch on a connection.
    pub(crate) fn install(connection: &Connection) -> rusqlite::Result<Arc<Self>> {
        let control = Arc::new(Self {
            epoch: Instant::now(),
            deadline: AtomicU64::new(NO_LIMIT),
            running: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            is_committing: AtomicBool::new(false),
        });
        let asked = Arc::clone(&control);
        connection.progress_handler(INSTRUCTIONS, Some(move || asked.must_stop()))?;
        let told = Arc::clone(&control);
        connection.commit_hook(Some(move || {
            told.is_committing.store(true, Ordering::Relaxed);
            told.deadline.store(NO_LIMIT, Ordering::Relaxed);
            false
        }))?;
        Ok(control)
    }

    /// Stops what runs after `end`, unless the limit was dropped before.
    pub(crate) fn limit(&self, end: Instant) -> Limit<'_> {
        self.is_committing.store(false, Ordering::Relaxed);
        let deadline = nanoseconds(end.saturating_duration_since(self.epoch));
        self.deadline.store(deadline, Ordering::Relaxed);
        Limit(self)
    }

    /// Whether a commit was begun since the last limit was set.
    pub(crate) fn is_committing(&self) -> bool {
        self.is_committing.load(Ordering::Relaxed)
    }

    /// Begins a job and returns its number. Whoever has the connection has one job at a time.
    pub(crate) fn begin(&self) -> u64 {
        self.running.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Ends the job.
    pub(crate) fn end(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    /// Stops the job with this number, if it still runs.
    pub(crate) fn cancel(&self, job: u64) {
        self.cancelled.store(job, Ordering::Relaxed);
    }

    fn must_stop(&self) -> bool {
        let deadline = self.deadline.load(Ordering::Relaxed);
        if deadline != NO_LIMIT && nanoseconds(self.epoch.elapsed()) > deadline {
            return true;
        }
        let running = self.running.load(Ordering::Relaxed);
        running % 2 == 1 && self.cancelled.load(Ordering::Relaxed) == running
    }
}

impl Drop for Limit<'_> {
    fn drop(&mut self) {
        self.0.deadline.store(NO_LIMIT, Ordering::Relaxed);
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NO_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
        SELECT max(i) FROM n LIMIT 1";

    #[test]
    fn a_statement_is_stopped_when_its_time_is_over_and_the_next_is_not() {
        let connection = Connection::open_in_memory().expect("memory");
        let control = Control::install(&connection).expect("a handler");
        let limit = control.limit(Instant::now() + Duration::from_millis(1));
        let stopped = connection.query_row(ENDLESS, [], |_| Ok(()));
        drop(limit);
        stopped.expect_err("it never ends by itself");
        connection.query_row("SELECT 1", [], |_| Ok(())).expect("no limit is left");
    }

    #[test]
    fn what_comes_too_late_for_one_job_stops_no_other() {
        let connection = Connection::open_in_memory().expect("memory");
        let control = Control::install(&connection).expect("a handler");
        let first = control.begin();
        control.end();
        control.cancel(first);
        assert!(!control.must_stop());
        let second = control.begin();
        assert!(!control.must_stop());
        control.cancel(second);
        assert!(control.must_stop());
        control.end();
        assert!(!control.must_stop());
    }
}
