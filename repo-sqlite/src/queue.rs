//! Writes take turns, and those that wait for each other share a commit.
//!
//! A write that nobody waits behind is one statement that commits by itself. Where others wait, it opens a
//! group and passes the connection on with the transaction open; those behind it join. Whoever opens a
//! group sends a committer into the same queue, so that a group is committed whatever becomes of its
//! members. What is long, or must be alone, has the group committed first.

use std::sync::Arc;
use std::time::Instant;

use repo_core::{Error, OnRow, Result, Row, Statement, Table};
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::task::yield_now;

use crate::busy::Patience;
use crate::checkout::Checkout;
use crate::connection::{begin, commit_of};
use crate::error::{Failure, of_commit, without_table};
use crate::group::{Group, wait_for};
use crate::offload;
use crate::opened::Opened;
use crate::pool::{Pool, Purpose};
use crate::run::{TIME, is_listed, run};
use crate::shapes::{Shape, Speed};
use crate::statement::{self, OnError, execute, interrupt};

pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";

/// Runs a statement that writes, and returns the rows affected when it is committed.
pub(crate) async fn write(
    pool: &Arc<Pool>,
    statement: Statement<'_>,
    on_row: OnRow<'_>,
) -> Result<u64> {
    let mut checkout = pool.checkout(Purpose::Join).await?;
    let shape = Shape::of(statement.sql);
    let is_short = match pool.shapes.speed(shape) {
        Speed::Short => true,
        Speed::Unknown => is_listed(statement.sql),
        Speed::Long => false,
    };
    if is_short && is_shared(&mut checkout) && open(&mut checkout).await? {
        return join(checkout, statement.table, |connection| {
            let started = Instant::now();
            let ran = statement::run(connection, &statement, on_row, OnError::Keep, &mut 0)?;
            pool.shapes.record(shape, started.elapsed());
            Ok(ran)
        })
        .await;
    }
    settle(&mut checkout).await?;
    alone(checkout, statement, on_row, shape).await
}

/// Whether a short write joins others: a group is open, or somebody who could join waits or is likely to
/// come.
pub(crate) fn is_shared(checkout: &mut Checkout) -> bool {
    if checkout.opened().group.is_some() {
        return true;
    }
    let has_company = checkout.pool.has_company()
        || !checkout.pool.is_single() && checkout.opened_mut().rhythm.expects_company();
    has_company && Handle::try_current().is_ok()
}

/// Opens a group, unless one is open. Returns whether there is one: where a key is checked at the commit,
/// one member's mistake would be all members' error.
pub(crate) async fn open(checkout: &mut Checkout) -> Result<bool> {
    if checkout.opened().group.is_some() {
        return Ok(true);
    }
    if checkout.opened_mut().has_deferred_keys() {
        return Ok(false);
    }
    begin(checkout, BEGIN).await?;
    // Another process may have changed the schema before the transaction began.
    if checkout.opened_mut().has_deferred_keys() {
        execute(checkout.connection(), "ROLLBACK").map_err(|error| without_table(&error))?;
        return Ok(false);
    }
    let group = checkout.pool.new_group();
    let committer = Committer { pool: Arc::clone(&checkout.pool), group: group.number() };
    checkout.opened_mut().group = Some(group);
    committer.send();
    Ok(true)
}

/// Does the work of a member, passes the connection on, and answers after the common commit.
pub(crate) async fn join<T>(
    mut checkout: Checkout,
    table: &'static Table,
    work: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T> {
    let opened = checkout.opened_mut();
    let group = opened.group.as_ref().map(Group::number);
    let (result, answer) = opened.join(work);
    if opened.group.as_ref().is_some_and(|group| group.is_full())
        && let Err(error) = settle(&mut checkout).await
    {
        // The committer is still there, and answers.
        tracing::warn!(%error, "a group of writes is committed later");
    }
    let pool = Arc::clone(&checkout.pool);
    drop(checkout);
    if let Some((answer, group)) = answer.zip(group) {
        wait_for(answer, || pool.settle_unused(group)).await?;
    }
    result.map_err(|failure| failure.into_error(table))
}

/// Commits the open group, if there is one, and answers its members.
pub(crate) async fn settle(checkout: &mut Checkout) -> Result<()> {
    if checkout.opened().group.is_none() {
        return Ok(());
    }
    if checkout.commits_in_short() {
        checkout.timed_commit(|opened| opened.settle());
        return Ok(());
    }
    offload::perform(checkout, |checkout| checkout.timed_commit(|opened| opened.settle())).await
}

/// A statement and its commit, with the connection to itself.
async fn alone(
    mut checkout: Checkout,
    statement: Statement<'_>,
    on_row: OnRow<'_>,
    shape: Shape,
) -> Result<u64> {
    let speed = checkout.shapes().speed(shape);
    if speed != Speed::Long && checkout.commits_in_short() {
        match at_once(&mut checkout, &statement, &mut *on_row, shape).await {
            Err(failure) if failure.is_out_of_time() => checkout.shapes().surprise(shape),
            ran => return ran.map_err(|failure| failure.into_error(statement.table)),
        }
    }
    begin(&mut checkout, BEGIN).await?;
    let affected = run(&mut checkout, statement, on_row, OnError::Keep).await?;
    checkout.opened_mut().rhythm.wrote();
    commit_of(&mut checkout, statement.table).await?;
    Ok(affected)
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
    let ran = statement::run(&opened.connection, statement, &mut on_row, undo, handed_over);
    ran.map_err(|failure| match failure {
        Failure::Driver(error) if opened.control.is_committing() => of_own_commit(error),
        failure => failure,
    })
}

/// The failure of a statement whose commit was begun: it may be there.
fn of_own_commit(error: rusqlite::Error) -> Failure {
    match of_commit(&error) {
        error @ Error::CommitUnknown { .. } => Failure::Ours(error),
        _ => Failure::Driver(error),
    }
}

/// Commits one group when its turn comes. Dropped before, it leaves the group to whoever is there.
struct Committer {
    pool: Arc<Pool>,
    group: u64,
}

impl Committer {
    fn send(self) {
        // There is a runtime: `is_shared` says so.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(self.commit());
        }
    }

    async fn commit(self) {
        // Behind those who are ready to write.
        yield_now().await;
        let Ok(mut checkout) = self.pool.checkout_in_the_end().await else { return };
        let open = checkout.opened().group.as_ref().map(|group| group.number());
        if open == Some(self.group)
            && let Err(error) = settle(&mut checkout).await
        {
            tracing::warn!(%error, "a group of writes was committed by nobody");
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.pool.orphan(self.group);
    }
}

#[cfg(test)]
mod tests {
    use repo_core::Access;

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
        let statement = Statement { sql, params: &params, access: Access::Write, table: &TABLE };
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
