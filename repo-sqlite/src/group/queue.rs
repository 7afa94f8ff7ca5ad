//! Writes take turns, and those that wait for each other share a commit.
//!
//! A write that nobody waits behind is one statement that commits by itself. Where others wait, it opens a
//! group and passes the connection on with the transaction open; those behind it join. Whoever opens a
//! group sends a committer into the same queue, so that a group is committed whatever becomes of its
//! members. What is long, or must be alone, has the group committed first.

use std::sync::Arc;
use std::time::Instant;

use repo_core::Result;
use repo_core::backend::{OnRow, Statement};
use repo_core::schema::Table;
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::task::yield_now;

use crate::connection::begin;
use crate::error::{Failure, without_table};
use crate::group::alone::alone;
use crate::group::{Group, wait_for};
use crate::pool::checkout::Checkout;
use crate::pool::{Pool, Purpose};
use crate::run::is_listed;
use crate::run::offload;
use crate::run::shapes::{Shape, Speed};
use crate::statement::{self, OnError, execute};

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
