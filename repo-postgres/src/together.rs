//! Reads by key that wait for a connection share a statement.
//!
//! A read that finds a connection free takes it and runs by itself. Of those that do not, one of each text waits for
//! a connection, the leader, and the others line up behind it (`lines.rs`). The leader takes along as many of them
//! as a statement is to have, and gives each its row. Rows are told apart by the place of their key alone, and
//! decoded by who asked.
//!
//! What goes wrong in a statement that is shared is nobody's error: each of its readers then runs by itself. So it
//! is where the leader is dropped meanwhile. Nobody depends on others for long: a future that is kept and not polled
//! may be ahead of others in a line, and may have read their rows. Absent: transactions and row-level security, where each reader has
//! something of its own beside the key.

mod lines;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use repo_core::{
    DatabaseError, Error, InvalidValue, Kind, Lookup, OnRow, Result, Row, Statement, Value,
};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::Failure;
use crate::pool::{Lease, Own};
use crate::statement;
use crate::value::{BinaryRow, arguments, types_of};
pub(crate) use lines::Lines;
use lines::{Lead, Place, Ticket, Turn, Waiting};

/// The most reads of one statement.
const MOST: usize = 16;

/// How long a read stays in line before it waits for a connection itself: who is ahead may be a future that
/// nobody polls.
const PATIENCE: Duration = Duration::from_millis(10);

/// How long it waits for a row that somebody else reads, for the same reason.
const TRUST: Duration = Duration::from_secs(1);

/// Reads the row of a key. Returns how many rows there are.
pub(crate) async fn look_up(
    pool: &Own,
    lines: &Arc<Lines>,
    lookup: Lookup<'_>,
    on_row: OnRow<'_>,
) -> Result<u64> {
    if let Some(lease) = pool.get_if_free().await? {
        return alone(lease, lookup.statement, on_row).await;
    }
    let reader = Reader { pool, lines, lookup, until: Instant::now() + pool.wait() };
    match lines.enter(lookup.of_keys, lookup.statement.params) {
        Place::Ahead(lead) => reader.lead(lead, on_row).await,
        Place::Behind(ticket) => reader.follow(ticket, on_row).await,
    }
}

/// A read that waits.
#[derive(Clone, Copy)]
struct Reader<'r> {
    pool: &'r Own,
    lines: &'r Arc<Lines>,
    lookup: Lookup<'r>,
    /// When it has waited for a connection for as long as an operation may.
    until: Instant,
}

impl Reader<'_> {
    async fn follow(self, mut ticket: Ticket, on_row: OnRow<'_>) -> Result<u64> {
        let patience = self.until.min(Instant::now() + PATIENCE);
        if let Ok(turn) = timeout_at(patience, &mut ticket.turn).await {
            return self.take(turn.ok(), on_row).await;
        }
        let lease = match self.turn_or_connection(&mut ticket).await {
            Either::Left(turn) => return self.take(turn, on_row).await,
            Either::Right(lease) => lease,
        };
        if self.lines.leave(self.lookup.of_keys, ticket.number) {
            let lease = lease?;
            let followers = self.lines.take(self.lookup.of_keys, MOST - 1);
            return self.read(lease, followers, on_row).await;
        }
        drop(lease);
        let turn = timeout(TRUST, ticket.turn).await;
        self.take(turn.ok().and_then(Result::ok), on_row).await
    }

    /// Whichever comes first. The other is over then: a future that waited on, and was not polled, would be given
    /// the next connection.
    async fn turn_or_connection(self, ticket: &mut Ticket) -> Either<Option<Turn>, Result<Lease>> {
        match select(&mut ticket.turn, pin!(self.connection())).await {
            Either::Left((turn, _)) => Either::Left(turn.ok()),
            Either::Right((lease, _)) => Either::Right(lease),
        }
    }

    /// Waits for a connection, and reads for those behind as well.
    async fn lead(self, lead: Lead, on_row: OnRow<'_>) -> Result<u64> {
        let lease = self.connection().await?;
        let followers = lead.take(MOST - 1);
        self.read(lease, followers, on_row).await
    }

    /// Does what its turn in the line is; without one, it reads by itself.
    async fn take(self, turn: Option<Turn>, on_row: OnRow<'_>) -> Result<u64> {
        match turn {
            Some(Turn::Row(row)) => hand_over(row, on_row),
            Some(Turn::Lead(lead)) => self.lead(lead, on_row).await,
            None => self.by_itself(on_row).await,
        }
    }

    async fn read(
        self,
        mut lease: Lease,
        followers: Vec<Waiting>,
        on_row: OnRow<'_>,
    ) -> Result<u64> {
        if followers.is_empty() {
            return alone(lease, self.lookup.statement, on_row).await;
        }
        let result = read(lease.start(), self.lookup, &followers).await;
        lease.finish(&result);
        drop(lease);
        let mut rows = match result {
            Ok(rows) => rows,
            Err(failure) => {
                tracing::debug!(?failure, "the readers of a shared statement go on by themselves");
                drop(followers);
                return self.by_itself(on_row).await;
            }
        };
        for follower in followers.into_iter().rev() {
            // Who does not wait any more needs no row.
            let _ = follower.turn.send(Turn::Row(rows.pop().flatten()));
        }
        hand_over(rows.pop().flatten(), on_row)
    }

    async fn by_itself(self, on_row: OnRow<'_>) -> Result<u64> {
        alone(self.pool.get(self.pool.wait()).await?, self.lookup.statement, on_row).await
    }

    /// A connection that becomes free in time.
    async fn connection(self) -> Result<Lease> {
        self.pool.get(self.until.saturating_duration_since(Instant::now())).await
    }
}

async fn alone(mut lease: Lease, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
    let result = statement::run(lease.start(), true, statement, on_row).await;
    lease.finish(&result);
    result.map_err(|failure| failure.into_error(statement.table.entity))
}

fn hand_over(row: Option<PgRow>, on_row: OnRow<'_>) -> Result<u64> {
    let Some(row) = row else { return Ok(0) };
    on_row(&Placed(BinaryRow::new(&row, &types_of(&row)))).map(|()| 1)
}

/// The row of the leader's key, and those of the followers' keys, in their order.
async fn read(
    connection: &mut PgConnection,
    lookup: Lookup<'_>,
    followers: &[Waiting],
) -> Result<Vec<Option<PgRow>>, Failure> {
    let lists = lists(lookup.statement, followers);
    // The text comes from core, which puts no value into it.
    let query = sqlx::query_with(AssertSqlSafe(lookup.of_keys), arguments(&lists)?);
    let answered = connection.fetch_all(query.persistent(true)).await?;
    let mut rows: Vec<Option<PgRow>> = Vec::new();
    rows.resize_with(followers.len() + 1, || None);
    for row in answered {
        match place_of(&row).and_then(|place| rows.get_mut(place)) {
            Some(free) if free.is_none() => *free = Some(row),
            _ => return Err(Failure::Core(unasked())),
        }
    }
    Ok(rows)
}

/// One list for each part of the key: the leader's value, then those of the followers.
fn lists<'a>(statement: Statement<'a>, followers: &'a [Waiting]) -> Vec<Value<'a>> {
    let table = statement.table;
    let columns = table.roles.tenant.into_iter().chain([table.roles.id]);
    let list = |(part, column): (usize, usize)| {
        let of_followers = followers.iter().map(|follower| &follower.key[part]);
        let values = std::iter::once(&statement.params[part]).chain(of_followers);
        Value::List(table.columns[column].kind, values.map(Value::borrowed).collect())
    };
    columns.enumerate().map(list).collect()
}

/// The place of the row's key, counted from 0.
fn place_of(row: &PgRow) -> Option<usize> {
    match BinaryRow::new(row, &types_of(row)).value(0, Kind::I64) {
        Ok(Value::I64(place)) => usize::try_from(place).ok()?.checked_sub(1),
        _ => None,
    }
}

fn unasked() -> Error {
    Error::Backend(DatabaseError::new("a row came for a key that nobody asked for"))
}

/// A row behind the place of its key.
struct Placed<'r>(BinaryRow<'r>);

impl Row for Placed<'_> {
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        self.0.value_of(index + 1, kind)
    }
}
