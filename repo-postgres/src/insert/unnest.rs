//! Rows as one array for each column, in one prepared statement and one round trip.

use std::ops::Range;

use repo_core::Value;
use repo_core::backend::{Effect, Insert, Statement};
use sqlx::PgConnection;

use super::{all_of, no_rows, push_target};
use crate::error::Failure;
use crate::statement;

/// Inserts some of the rows, with their ids if there are any.
pub(super) async fn insert(
    connection: &mut PgConnection,
    persistent: bool,
    insert: &Insert<'_>,
    rows: Range<usize>,
    ids: &[i64],
) -> Result<(), Failure> {
    let count = rows.len();
    let params =
        arrays(insert, rows.clone(), ids.get(rows).unwrap_or_default()).map_err(Failure::Core)?;
    let sql = sql(insert, !ids.is_empty(), params.len());
    let statement =
        Statement { sql: &sql, params: &params, effect: Effect::Insert, table: insert.table };
    all_of(count, statement::run(connection, persistent, statement, &mut no_rows).await?)
}

fn sql(insert: &Insert<'_>, with_id: bool, arrays: usize) -> String {
    let mut sql = String::from("INSERT INTO ");
    push_target(&mut sql, insert, with_id);
    sql.push_str(" SELECT * FROM unnest(");
    for index in 1..=arrays {
        sql.push_str(if index == 1 { "$" } else { ", $" });
        sql.push_str(&index.to_string());
    }
    sql.push(')');
    sql
}

/// One array for each column; `ids` are those of the rows.
fn arrays<'a>(
    insert: &Insert<'a>,
    rows: Range<usize>,
    ids: &[i64],
) -> repo_core::Result<Vec<Value<'a>>> {
    let count = rows.len();
    let mut columns: Vec<Vec<Value<'a>>> =
        insert.columns.iter().map(|_| Vec::with_capacity(count)).collect();
    let mut row = Vec::with_capacity(insert.columns.len());
    for index in rows {
        insert.rows.encode(index, &mut row)?;
        for (column, value) in columns.iter_mut().zip(row.drain(..)) {
            column.push(value);
        }
    }
    let kind = |column: usize| insert.table.columns[column].kind;
    let id = kind(insert.table.roles.id);
    let reserved =
        (!ids.is_empty()).then(|| Value::List(id, ids.iter().copied().map(Value::I64).collect()));
    let given = insert.columns.iter().zip(columns);
    let given = given.map(|(column, values)| Value::List(kind(*column), values));
    Ok(reserved.into_iter().chain(given).collect())
}
