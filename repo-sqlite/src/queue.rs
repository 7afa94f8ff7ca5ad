//! Writes take turns, and those that wait for each other share a commit.
//!
//! A write that nobody waits behind is one statement that commits by itself. Where others wait, it opens a
//! group and passes the connection on with the transaction open; those behind it join. Whoever opens a
//! group sends a committer into the same queue, so that a group is committed whatever becomes of its
//! members. What is long, or must be alone, has the group committed first.

use std::sync::Arc;
use std::time::Instant;

use repo_core::{OnRow, Result, Row, Statement, Table};
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::task::yield_now;

use crate::busy::Patience;
use crate::checkout::Checkout;
use crate::connection::{begin, commit_of};
use crate::error::Failure;
use crate::group::wait_for;
use crate::offload;
use crate::opened::Opened;
use crate::pool::{Pool, Purpose};
use crate::run::{TIME, is_listed, run};
use crate::shapes::{Shape, Speed};
use crate::statement::{self, OnError, interrupt};

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
            let mut handed_over = 0;
            statement::run(connection, &statement, on_row, OnError::Keep, &mut handed_over)
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
    let (result, answer) = opened.join(work);
    if opened.group.as_ref().is_some_and(|group| group.is_full()) {
        settle(&mut checkout).await?;
    }
    drop(checkout);
    if let Some(answer) = answer {
        wait_for(answer).await?;
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
    let connection = &opened.connection;
    let before = connection.total_changes();
    let mut limit = Some(opened.control.limit(until));
    let mut on_row = |row: &dyn Row| {
        // All is written before the first row is handed over.
        limit = None;
        on_row(row)
    };
    let ran =
        statement::run(connection, statement, &mut on_row, OnError::Undo(interrupt), handed_over);
    match ran {
        // SQLite asks once more behind the commit, and then says that it was stopped.
        Err(failure) if failure.is_out_of_time() && connection.total_changes() != before => {
            Ok(connection.changes())
        }
        ran => ran,
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
    fn what_is_said_to_be_stopped_is_undone_and_what_is_said_to_be_done_is_committed() {
        let connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY)").expect("a table");
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
