//! Many rows at once, all or none, by the way that is the fastest for their number.
//!
//! One row goes through its ordinary statement, some through arrays in one statement (`unnest`), many
//! through binary `COPY`. None of them promises an order of what it returns, so ids that the database
//! makes are taken from the sequence first and written as given.

mod copy;
mod unnest;

use repo_core::backend::{Effect, Insert, Row, Statement, quote};
use repo_core::{Error, Kind, Value};
use sqlx::PgConnection;

use crate::error::{Failure, NOT_SUPPORTED};
use crate::statement;

/// From how many rows on `COPY` is faster.
///
/// A row costs it half of what it costs `unnest`. But it takes a round trip more, and over TCP it ends
/// with a small packet that the client's kernel holds back until the server's has acknowledged the one
/// before, which takes 40 ms where that was small as well: the driver does not set `TCP_NODELAY`.
const COPY_FROM: usize = 1_000;

/// How many rows one statement of `unnest` takes, where `COPY` is not to be had.
const UNNEST_MOST: usize = 10_000;

/// How a connection runs the statements of an insert.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ways {
    /// Whether statements stay prepared.
    pub(crate) persistent: bool,
    /// Whether tenants' tables have policies: those take no `COPY`, and all is in one transaction.
    pub(crate) row_level_security: bool,
    /// Whether `COPY` is to be had at all. A connection on which one is dropped before its end is out of step with
    /// the server, as the driver waits for an answer too few: it must be one that is closed then.
    pub(crate) copies: bool,
}

impl Ways {
    fn is_copied(self, insert: &Insert<'_>) -> bool {
        let has_policies = self.row_level_security && insert.table.roles.tenant.is_some();
        insert.rows.len() >= COPY_FROM && self.copies && !has_policies
    }

    /// Whether the error may be that a `COPY` is not taken, by policies of the application's own, and arrays would be.
    pub(crate) fn may_be_refused(self, insert: &Insert<'_>, error: &Error) -> bool {
        let Error::Backend(source) = error else { return false };
        source.code.as_deref() == Some(NOT_SUPPORTED) && self.is_copied(insert)
    }
}

/// The ids in the order in which they are handed out. The sequence is looked up once.
const RESERVE: &str = "SELECT nextval(s.sequence) \
    FROM (SELECT pg_get_serial_sequence($1, $2)::regclass AS sequence OFFSET 0) s, \
         generate_series(1, $3)";

/// Inserts all rows. Returns the identities in the order of the rows, if the table has one.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    ways: Ways,
    insert: Insert<'_>,
) -> Result<Vec<i64>, Failure> {
    match insert.rows.len() {
        0 => Ok(Vec::new()),
        1 => insert_one(connection, ways.persistent, insert).await,
        _ => insert_many(connection, ways, insert).await,
    }
}

async fn insert_one(
    connection: &mut PgConnection,
    persistent: bool,
    insert: Insert<'_>,
) -> Result<Vec<i64>, Failure> {
    let mut params = Vec::with_capacity(insert.columns.len());
    insert.rows.encode(0, &mut params).map_err(Failure::Core)?;
    let statement =
        Statement { sql: insert.sql, params: &params, effect: Effect::Insert, table: insert.table };
    let mut ids = Vec::new();
    let mut on_row = |row: &dyn Row| read_id(row, &insert).map(|id| ids.push(id));
    let added = statement::run(connection, persistent, statement, &mut on_row).await?;
    all_of(1, added)?;
    Ok(ids)
}

/// An error where the database took fewer rows than it was given.
fn all_of(given: usize, added: u64) -> Result<(), Failure> {
    if added == given as u64 { Ok(()) } else { Err(Failure::Core(Error::left_out())) }
}

fn read_id(row: &dyn Row, insert: &Insert<'_>) -> Result<i64, Error> {
    let column = insert.table.id().name;
    let entity = insert.table.entity;
    match row.value(0, Kind::I64) {
        Ok(Value::I64(id)) => Ok(id),
        Ok(_) => Err(Error::Decode { entity, column, reason: "is not an integer".into() }),
        Err(invalid) => Err(Error::Decode { entity, column, reason: invalid.into_reason() }),
    }
}

async fn insert_many(
    connection: &mut PgConnection,
    ways: Ways,
    insert: Insert<'_>,
) -> Result<Vec<i64>, Failure> {
    let ids = if insert.table.has_identity() {
        reserve(connection, ways.persistent, &insert).await?
    } else {
        Vec::new()
    };
    let count = insert.rows.len();
    if ways.is_copied(&insert) {
        copy::insert(connection, &insert, &ids).await?;
        return Ok(ids);
    }
    for start in (0..count).step_by(UNNEST_MOST) {
        let rows = start..count.min(start + UNNEST_MOST);
        unnest::insert(connection, ways.persistent, &insert, rows, &ids).await?;
    }
    Ok(ids)
}

/// Takes an id for each row from the sequence of the table.
async fn reserve(
    connection: &mut PgConnection,
    persistent: bool,
    insert: &Insert<'_>,
) -> Result<Vec<i64>, Failure> {
    let count = insert.rows.len();
    let mut table = String::new();
    quote(&mut table, insert.table.name);
    let params = [
        Value::Text(table.into()),
        Value::Text(insert.table.id().name.into()),
        Value::I64(i64::try_from(count).expect("a slice has at most isize::MAX elements")),
    ];
    let statement =
        Statement { sql: RESERVE, params: &params, effect: Effect::Lock, table: insert.table };
    let mut ids = Vec::with_capacity(count);
    let mut on_row = |row: &dyn Row| read_id(row, insert).map(|id| ids.push(id));
    statement::run(connection, persistent, statement, &mut on_row).await?;
    Ok(ids)
}

/// Appends the table and the columns that are written: those of the insert, after the id if it was
/// reserved.
fn push_target(sql: &mut String, insert: &Insert<'_>, with_id: bool) {
    let table = insert.table;
    let id = with_id.then_some(table.roles.id);
    quote(sql, table.name);
    for (position, column) in id.iter().chain(insert.columns).enumerate() {
        sql.push_str(if position == 0 { " (" } else { ", " });
        quote(sql, table.columns[*column].name);
    }
    sql.push(')');
}

/// For a statement that returns nothing.
fn no_rows(_: &dyn Row) -> Result<(), Error> {
    Ok(())
}
