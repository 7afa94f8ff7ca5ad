//! Many rows into one table: one prepared statement in a loop.
//!
//! The transaction around it is the caller's.

use std::time::{Duration, Instant};

use repo_core::backend::{Effect, Insert, Row, Statement};
use repo_core::{Error, Kind, Result, Value};
use rusqlite::{CachedStatement, Connection};
use tokio::task::yield_now;

use crate::error::Failure;
use crate::reference;
use crate::row::StoredRow;
use crate::run::turns::make_way;
use crate::statement::check_parameters;
use crate::value::bind;

/// How long the thread is held before the other tasks have their turn.
const TURN: Duration = Duration::from_micros(200);
/// The rows between two looks at the clock.
const ROWS: usize = 16;

/// Whoever has a connection, from one turn of its task to the next.
pub(crate) trait Connected: Send {
    /// The connection.
    fn connection(&self) -> &Connection;
}

/// Inserts all rows and returns their identities, if the table has them.
pub(crate) async fn insert(at: &mut impl Connected, insert: Insert<'_>) -> Result<Vec<i64>> {
    let mut identities = room_for(&insert);
    let mut start = 0;
    while start < insert.rows.len() {
        let until = Some(Instant::now() + TURN);
        let inserted = insert_from(at.connection(), &insert, start, until, &mut identities);
        start = inserted.map_err(|failure| failure.into_error(insert.table))?;
        if start < insert.rows.len() {
            yield_now().await;
            make_way().await;
        }
    }
    Ok(identities)
}

/// Inserts all rows at once.
pub(crate) fn insert_few(
    connection: &Connection,
    insert: &Insert<'_>,
) -> Result<Vec<i64>, Failure> {
    let mut identities = room_for(insert);
    insert_from(connection, insert, 0, None, &mut identities)?;
    Ok(identities)
}

fn room_for(insert: &Insert<'_>) -> Vec<i64> {
    Vec::with_capacity(if insert.table.has_identity() { insert.rows.len() } else { 0 })
}

/// Inserts rows until the time is over, and returns the first that is left.
fn insert_from(
    connection: &Connection,
    insert: &Insert<'_>,
    start: usize,
    until: Option<Instant>,
    identities: &mut Vec<i64>,
) -> Result<usize, Failure> {
    let mut prepared = connection.prepare_cached(insert.sql)?;
    check_parameters(prepared.parameter_count(), insert.columns.len())?;
    let mut values = Vec::with_capacity(insert.columns.len());
    for index in start..insert.rows.len() {
        values.clear();
        let inserted = insert_row(&mut prepared, insert, index, &mut values, identities);
        inserted.map_err(|failure| {
            let (sql, params, table) = (insert.sql, values.as_slice(), insert.table);
            let row = Statement { sql, params, effect: Effect::Insert, table };
            in_row(reference::explained(connection, &row, failure), insert, index)
        })?;
        if index % ROWS == ROWS - 1 && until.is_some_and(|until| Instant::now() >= until) {
            return Ok(index + 1);
        }
    }
    Ok(insert.rows.len())
}

/// The failure of one of the rows.
#[cold]
fn in_row(failure: Failure, insert: &Insert<'_>, index: usize) -> Failure {
    Failure::Ours(failure.into_error(insert.table).in_row(index))
}

fn insert_row<'a>(
    prepared: &mut CachedStatement<'_>,
    insert: &Insert<'a>,
    index: usize,
    values: &mut Vec<Value<'a>>,
    identities: &mut Vec<i64>,
) -> Result<(), Failure> {
    insert.rows.encode(index, values).map_err(Failure::Ours)?;
    check_parameters(insert.columns.len(), values.len())?;
    for (index, value) in values.iter().enumerate() {
        bind(prepared, index + 1, value)?;
    }
    step(prepared, insert, identities)
}

/// Inserts the row that is bound.
fn step(
    prepared: &mut CachedStatement<'_>,
    insert: &Insert<'_>,
    identities: &mut Vec<i64>,
) -> Result<(), Failure> {
    let before = identities.len();
    let added = if insert.table.has_identity() {
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            identities.push(identity(&StoredRow(row), insert).map_err(Failure::Ours)?);
        }
        identities.len() - before
    } else {
        prepared.raw_execute()?
    };
    if added == 0 { Err(Failure::Ours(Error::left_out())) } else { Ok(()) }
}

fn identity(row: &impl Row, insert: &Insert<'_>) -> Result<i64> {
    let reason = match row.value(0, Kind::I64) {
        Ok(Value::I64(identity)) => return Ok(identity),
        Ok(_) => "is NULL".into(),
        Err(invalid) => invalid.into_reason(),
    };
    let (entity, column) = (insert.table.entity, insert.table.id().name);
    Err(Error::Decode { entity, column, reason })
}
