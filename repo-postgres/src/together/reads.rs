//! Reads by key: rows are told apart by the place of their key alone, and decoded by who asked.
//!
//! What goes wrong in a statement that is shared is nobody's error: each of its readers then runs by itself. So it
//! is where the leader is dropped meanwhile, or has read the rows and is not polled.

use std::time::Duration;

use repo_core::backend::{Lookup, OnRow, Row, Statement};
use repo_core::{DatabaseError, Error, InvalidValue, Kind, Result, Value};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::lines::{Turn, Waiting};
use super::{Came, Member, Together};
use crate::error::Failure;
use crate::own::Own;
use crate::pool::Lease;
use crate::statement;
use crate::value::{BinaryRow, arguments, types_of};

/// How long a reader waits for a row that somebody else reads.
const TRUST: Duration = Duration::from_secs(1);

/// The row of a key, behind the place of the key.
pub(super) type Found = Option<PgRow>;

/// Reads the row of a key. Returns how many rows there are.
pub(crate) async fn look_up(
    pool: &Own,
    together: &Together,
    lookup: Lookup<'_>,
    on_row: OnRow<'_>,
) -> Result<u64> {
    if let Some(lease) = pool.get_if_free().await? {
        return alone(lease, lookup.statement, on_row).await;
    }
    let shared = (lookup.of_keys, lookup.statement.params);
    let member = Member::new(pool, &together.reads, shared, Some(TRUST));
    let (mut lease, followers) = match member.wait().await? {
        Came::Done(row) => return hand_over(row, on_row),
        Came::Connection(lease, followers) => (lease, followers),
        Came::Nothing => (pool.get(pool.wait()).await?, Vec::new()),
    };
    if followers.is_empty() {
        return alone(lease, lookup.statement, on_row).await;
    }
    let result = read(lease.start(), lookup, &followers).await;
    lease.finish(&result);
    drop(lease);
    let mut rows = match result {
        Ok(rows) => rows,
        Err(failure) => {
            tracing::debug!(?failure, "the readers of a shared statement go on by themselves");
            drop(followers);
            return alone(pool.get(pool.wait()).await?, lookup.statement, on_row).await;
        }
    };
    for follower in followers.into_iter().rev() {
        // Who does not wait any more needs no row.
        let _ = follower.turn.send(Turn::Done(rows.pop().flatten()));
    }
    hand_over(rows.pop().flatten(), on_row)
}

async fn alone(mut lease: Lease, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
    let result = statement::run_alone(lease.start(), true, statement, on_row).await;
    lease.finish(&result);
    result.map_err(|failure| failure.into_error(statement.table.entity))
}

fn hand_over(row: Found, on_row: OnRow<'_>) -> Result<u64> {
    let Some(row) = row else { return Ok(0) };
    on_row(&Placed(BinaryRow::new(&row, &types_of(&row)))).map(|()| 1)
}

/// The row of the leader's key, and those of the followers' keys, in their order.
async fn read(
    connection: &mut PgConnection,
    lookup: Lookup<'_>,
    followers: &[Waiting<Found>],
) -> Result<Vec<Found>, Failure> {
    let lists = lists(lookup.statement, followers);
    // The text comes from core, which puts no value into it.
    let query = sqlx::query_with(AssertSqlSafe(lookup.of_keys), arguments(&lists)?);
    let answered = connection.fetch_all(query.persistent(true)).await?;
    let mut rows: Vec<Found> = Vec::new();
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
fn lists<'a>(statement: Statement<'a>, followers: &'a [Waiting<Found>]) -> Vec<Value<'a>> {
    let table = statement.table;
    let columns = table.roles.tenant.into_iter().chain([table.roles.id]);
    let list = |(part, column): (usize, usize)| {
        let of_followers = followers.iter().map(|follower| &follower.params[part]);
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
