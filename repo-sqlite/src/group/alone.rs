//! A write that has the connection to itself, and its commit.
//!
//! On the calling thread while it is short. What turns out to be long is undone and made again on another thread:
//! nothing else is in its transaction.

use std::time::Instant;

use repo_core::backend::{OnRow, Row, Statement};
use repo_core::{Error, Result};

use crate::connection::{begin, commit_of};
use crate::error::{Failure, of_commit, without_table};
use crate::group::queue::BEGIN;
use crate::pool::checkout::Checkout;
use crate::pool::opened::Opened;
use crate::reference;
use crate::run::busy::Patience;
use crate::run::shapes::{Shape, Speed};
use crate::run::{TIME, run};
use crate::statement::{self, OnError, execute, interrupt};

/// A statement and its commit, with the connection to itself.
pub(crate) async fn alone(
    mut checkout: Checkout,
    statement: Statement<'_>,
    on_row: OnRow<'_>,
    shape: Shape,
) -> Result<u64> {
    let table = statement.table;
    let speed = checkout.shapes().speed(shape);
    if speed != Speed::Long && checkout.commits_in_short() {
        match at_once(&mut checkout, &statement, &mut *on_row, shape).await {
            Err(failure) if failure.is_out_of_time() => checkout.shapes().surprise(shape),
            ran => return ran.map_err(|failure| failure.into_error(table)),
        }
    }
    begin(&mut checkout, BEGIN).await?;
    let in_time = if checkout.shapes().speed(shape) == Speed::Short {
        in_time(&mut checkout, &statement, &mut *on_row, shape).await?
    } else {
        None
    };
    let affected = match in_time {
        Some(affected) => affected,
        None => run(&mut checkout, statement, on_row, OnError::Keep).await?,
    };
    checkout.opened_mut().rhythm.wrote();
    commit_of(&mut checkout, table).await?;
    Ok(affected)
}

/// One statement of the transaction that was begun for it, on this thread. When its time is over it is undone, and
/// the transaction is begun again.
async fn in_time(
    checkout: &mut Checkout,
    statement: &Statement<'_>,
    on_row: OnRow<'_>,
    shape: Shape,
) -> Result<Option<u64>> {
    let started = Instant::now();
    let ran = run_until(checkout.opened(), statement, on_row, started + TIME, &mut 0);
    match ran {
        Err(failure) if failure.is_out_of_time() => {
            checkout.shapes().surprise(shape);
            // SQLite ended it, as what it stopped writes.
            if !checkout.connection().is_autocommit() {
                execute(checkout.connection(), "ROLLBACK")
                    .map_err(|error| without_table(&error))?;
            }
            begin(checkout, BEGIN).await?;
            Ok(None)
        }
        ran => {
            checkout.shapes().record_attempt(shape, started.elapsed(), &ran);
            ran.map(Some).map_err(|failure| failure.into_error(statement.table))
        }
    }
}

/// One statement that commits by itself, on this thread. When its time is over it is undone.
async fn at_once(
    checkout: &mut Checkout,
    statement: &Statement<'_>,
    on_row: OnRow<'_>,
    shape: Shape,
) -> Result<u64, Failure> {
    let mut patience = Patience::new(checkout.busy_timeout());
    loop {
        let (started, mut handed_over) = (Instant::now(), 0);
        let (opened, until) = (checkout.opened(), started + TIME);
        let failure = match run_until(opened, statement, &mut *on_row, until, &mut handed_over) {
            Ok(affected) => {
                checkout.shapes().record(shape, started.elapsed());
                checkout.opened_mut().note_commit();
                checkout.opened_mut().rhythm.wrote();
                return Ok(affected);
            }
            Err(failure) => failure,
        };
        if handed_over > 0 || !failure.is_busy() || !patience.wait().await {
            return Err(failure);
        }
    }
}

/// Runs a statement that commits by itself, if it ends in time.
fn run_until(
    opened: &Opened,
    statement: &Statement<'_>,
    on_row: OnRow<'_>,
    until: Instant,
    handed_over: &mut u64,
) -> Result<u64, Failure> {
    let mut limit = Some(opened.control.limit(until));
    let mut on_row = |row: &dyn Row| {
        // All is written before the first row is handed over.
        limit = None;
        on_row(row)
    };
    let undo = OnError::Undo(interrupt);
    let ran = statement::run_once(&opened.connection, statement, &mut on_row, undo, handed_over);
    // Finding the reference that was refused may take longer.
    drop(limit);
    ran.map_err(|failure| match failure {
        Failure::Driver(error) if opened.control.is_committing() => of_own_commit(error),
        failure => reference::explained(&opened.connection, statement, failure),
    })
}

/// The failure of a statement whose commit was begun: it may be there.
fn of_own_commit(error: rusqlite::Error) -> Failure {
    match of_commit(&error) {
        error @ Error::CommitUnknown { .. } => Failure::Ours(error),
        _ => Failure::Driver(error),
    }
}

#[cfg(test)]
mod tests {
    use repo_core::backend::Effect;
    use rusqlite::Connection;

    use super::*;
    use crate::statement::tests::TABLE;

    #[test]
    fn a_commit_of_its_own_that_could_not_be_written_is_unknown() {
        let error = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let unknown = of_own_commit(error(rusqlite::ffi::SQLITE_IOERR_FSYNC));
        assert!(matches!(unknown, Failure::Ours(Error::CommitUnknown { .. })), "{unknown:?}");
        let full = of_own_commit(error(rusqlite::ffi::SQLITE_FULL));
        assert!(matches!(full, Failure::Driver(_)), "{full:?}");
    }

    #[test]
    fn what_is_said_to_be_stopped_is_undone_and_what_is_said_to_be_done_is_committed() {
        let connection = Connection::open_in_memory().expect("memory");
        // What a trigger wrote counts as changed, also if it is undone.
        let tables = "CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE TABLE log (a INTEGER);
            CREATE TRIGGER logged AFTER INSERT ON t BEGIN
                INSERT INTO log VALUES (NEW.a);
                INSERT INTO log VALUES (-NEW.a);
            END";
        connection.execute_batch(tables).expect("tables");
        let opened = Opened::new(connection).expect("a connection");
        let sql = "INSERT INTO t SELECT max(coalesce(max(a), 0), ?1) + 1 FROM t";
        let params = [repo_core::Value::I64(0)];
        let statement = Statement { sql, params: &params, effect: Effect::Insert, table: &TABLE };
        let (mut done, mut stopped) = (0, 0);
        for _ in 0..5_000 {
            let (until, on_row) = (Instant::now(), &mut |_: &dyn Row| Ok(()));
            match run_until(&opened, &statement, on_row, until, &mut 0) {
                Ok(affected) => done += affected,
                Err(failure) if failure.is_out_of_time() => stopped += 1,
                Err(failure) => panic!("{failure:?}"),
            }
        }
        let count =
            opened.connection.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
        assert_eq!(count, Ok(done as i64), "{stopped} were stopped");
        assert!(stopped > 0, "some were");
    }
}
