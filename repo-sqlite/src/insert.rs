//! Many rows into one table: one prepared statement in a loop.
//!
//! The transaction around it is the caller's.

use std::ops::Range;

use repo_core::{Error, Insert, Kind, Result, Row as _, Value};
use rusqlite::{CachedStatement, Connection};
use tokio::task::yield_now;

use crate::error::Failure;
use crate::pool::Checkout;
use crate::statement::check_parameters;
use crate::value::{StoredRow, bind};

/// The rows after which the other tasks of the thread have their turn: a few milliseconds.
const CHUNK: usize = 1_000;

/// Inserts all rows and returns their identities, if the table has them.
pub(crate) async fn insert(checkout: &mut Checkout, insert: Insert<'_>) -> Result<Vec<i64>> {
    let count = insert.rows.len();
    let mut identities = Vec::with_capacity(if insert.table.has_identity() { count } else { 0 });
    let mut values = Vec::with_capacity(insert.columns.len());
    let mut start = 0;
    while start < count {
        let end = count.min(start + CHUNK);
        insert_range(checkout.connection(), &insert, start..end, &mut values, &mut identities)?;
        start = end;
        if start < count {
            yield_now().await;
        }
    }
    Ok(identities)
}

pub(crate) fn insert_range<'a>(
    connection: &Connection,
    insert: &Insert<'a>,
    range: Range<usize>,
    values: &mut Vec<Value<'a>>,
    identities: &mut Vec<i64>,
) -> Result<()> {
    let of_table = |failure: Failure| failure.into_error(insert.table);
    let prepared = connection.prepare_cached(insert.sql);
    let mut prepared = prepared.map_err(|error| of_table(error.into()))?;
    check_parameters(prepared.parameter_count(), insert.columns.len()).map_err(of_table)?;
    for index in range {
        values.clear();
        let inserted = insert_row(&mut prepared, insert, index, values, identities);
        inserted.map_err(|failure| of_table(failure).in_row(index))?;
    }
    Ok(())
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
    if !insert.table.has_identity() {
        prepared.raw_execute()?;
        return Ok(());
    }
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        identities.push(identity(&StoredRow(row), insert).map_err(Failure::Ours)?);
    }
    Ok(())
}

fn identity(row: &StoredRow<'_, '_>, insert: &Insert<'_>) -> Result<i64> {
    let reason = match row.value(0, Kind::I64) {
        Ok(Value::I64(identity)) => return Ok(identity),
        Ok(_) => "is NULL".into(),
        Err(invalid) => invalid.into_reason(),
    };
    let (entity, column) = (insert.table.entity, insert.table.id().name);
    Err(Error::Decode { entity, column, reason })
}
