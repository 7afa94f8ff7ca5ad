//! One statement on one connection.
//!
//! Nothing here knows a pool or a transaction. A statement is read to its end, also after an error of
//! a row: only then is it known what the server did with it.

use futures_util::TryStreamExt as _;
use repo_core::backend::{OnRow, Row, Statement};
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor as _, PgConnection};

use crate::error::Failure;
use crate::value::{BinaryRow, arguments, types_of};

/// Runs a statement, prepared and kept if `persistent`. Returns the rows affected.
pub(crate) async fn run(
    connection: &mut PgConnection,
    persistent: bool,
    statement: Statement<'_>,
    on_row: OnRow<'_>,
) -> Result<u64, Failure> {
    // The text comes from core, which puts no value into it.
    let query = sqlx::query_with(AssertSqlSafe(statement.sql), arguments(statement.params)?)
        .persistent(persistent);
    let mut results = connection.fetch_many(query);
    let mut affected = 0;
    let mut error = None;
    let mut types = None;
    while let Some(result) = results.try_next().await? {
        match result {
            Either::Left(done) => affected += done.rows_affected(),
            Either::Right(row) if error.is_none() => {
                let types = types.get_or_insert_with(|| types_of(&row));
                error = on_row(&BinaryRow::new(&row, types)).err();
            }
            Either::Right(_) => {}
        }
    }
    error.map_or(Ok(affected), |error| Err(Failure::Core(error)))
}

/// Runs a statement outside a transaction. Where the one that was prepared is no more what it was, as its table was
/// altered, nothing was done, and it is prepared anew.
pub(crate) async fn run_alone(
    connection: &mut PgConnection,
    persistent: bool,
    statement: Statement<'_>,
    on_row: OnRow<'_>,
) -> Result<u64, Failure> {
    let mut has_rows = false;
    let mut noting = |row: &dyn Row| {
        has_rows = true;
        on_row(row)
    };
    let result = run(connection, persistent, statement, &mut noting).await;
    match result {
        Err(failure) if failure.is_stale() && !has_rows => {
            Box::pin(async {
                connection.clear_cached_statements().await?;
                run(connection, persistent, statement, on_row).await
            })
            .await
        }
        result => result,
    }
}

/// Runs SQL text without parameters, in one round trip however many statements there are.
pub(crate) async fn run_simple(connection: &mut PgConnection, sql: &str) -> Result<(), Failure> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// The same, with how many of the statements the server said to be complete, also where there is an error.
pub(crate) async fn run_counted(
    connection: &mut PgConnection,
    sql: &str,
) -> (usize, Result<(), Failure>) {
    let mut results = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(connection);
    let mut completed = 0;
    loop {
        match results.try_next().await {
            Ok(Some(Either::Left(_))) => completed += 1,
            Ok(Some(Either::Right(_))) => {}
            Ok(None) => return (completed, Ok(())),
            Err(error) => return (completed, Err(error.into())),
        }
    }
}
