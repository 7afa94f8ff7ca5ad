//! What sqlx 0.9 leaves open in its own transactions, and what this crate does in the same place.
//!
//! Each test first shows the hole in plain sqlx: where one of these assertions fails, sqlx has closed it,
//! and the code here that works around it may go.

use std::pin::pin;
use std::time::Duration;

use repo_core::backend::{Access, Backend};
use repo_core::{Error, TransactionOptions};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection, query_scalar};
use tokio::time::timeout;

use crate::scratch::{
    CREATE_NOTES, INSERT_NOTE, Scratch, count, no_rows, note, script, statement, write,
};

const COUNT: &str = "SELECT count(*) FROM notes";
const INSERT_1: &str = "INSERT INTO notes VALUES (1, 'a note')";

/// Polls `future` a number of times, waiting for the server in between, and drops it.
async fn cancel_after(polls: usize, future: impl Future) {
    let mut future = pin!(future);
    for _ in 0..polls {
        // The first poll sends what there is to send, whatever the time.
        if timeout(Duration::from_millis(2), future.as_mut()).await.is_ok() {
            return;
        }
    }
}

#[tokio::test]
async fn a_cancelled_begin_leaves_no_transaction_open() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;

    // sqlx: the statement after a cancelled `begin` succeeds, in a transaction that nobody commits.
    let options = PgPoolOptions::new().max_connections(1);
    let pool = options.connect(&scratch.url).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let begin = connection.begin_with("BEGIN; SELECT pg_sleep(1)");
    assert!(timeout(Duration::from_millis(20), begin).await.is_err());
    drop(connection);
    sqlx::query(INSERT_1).execute(&pool).await.unwrap();
    assert_eq!(count(&db, COUNT).await, 0, "sqlx has closed the hole");
    pool.close().await;

    // Ours, wherever it was.
    let mut other = scratch.sqlx().await;
    for polls in 1..10 {
        cancel_after(polls, db.begin(TransactionOptions::new())).await;
        let id = i32::try_from(polls).unwrap();
        write(&db, INSERT_NOTE, &note(id, "a note")).await.unwrap();
        let found: i64 = query_scalar(COUNT).fetch_one(&mut other).await.unwrap();
        assert_eq!(found, i64::from(id), "the write is committed");
    }
}

#[tokio::test]
async fn a_commit_that_rolled_back_is_an_error() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    script(&db, CREATE_NOTES).await;

    // sqlx: `commit` is Ok, and nothing was written.
    let mut connection = scratch.sqlx().await;
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query(INSERT_1).execute(&mut *transaction).await.unwrap();
    sqlx::query(INSERT_1).execute(&mut *transaction).await.unwrap_err();
    transaction.commit().await.expect("sqlx has closed the hole");
    assert_eq!(count(&db, COUNT).await, 0);

    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    let insert = statement(INSERT_1, &[], Access::Write);
    transaction.run(insert, &mut no_rows).await.unwrap();
    transaction.run(insert, &mut no_rows).await.unwrap_err();
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_dropped_transaction_holds_no_lock() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    script(&db, CREATE_NOTES).await;
    write(&db, INSERT_NOTE, &note(1, "a note")).await.unwrap();
    let mut other = scratch.sqlx().await;

    // sqlx: the transaction is rolled back when its connection is used the next time, and no sooner.
    let mut connection = scratch.sqlx().await;
    let mut transaction = connection.begin().await.unwrap();
    let update = "UPDATE notes SET body = 'changed'";
    sqlx::query(update).execute(&mut *transaction).await.unwrap();
    drop(transaction);
    assert!(!is_free_within(&mut other, "500ms").await, "sqlx has closed the hole");
    connection.ping().await.unwrap();
    assert!(is_free_within(&mut other, "5s").await);

    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    transaction.run(statement(update, &[], Access::Write), &mut no_rows).await.unwrap();
    drop(transaction);
    assert!(is_free_within(&mut other, "5s").await);
    assert_eq!(count(&db, "SELECT count(*) FROM notes WHERE body = 'changed'").await, 0);
}

async fn is_free_within(connection: &mut PgConnection, time: &str) -> bool {
    let mut transaction = connection.begin().await.unwrap();
    let limit = format!("SET LOCAL lock_timeout = '{time}'");
    sqlx::query(sqlx::AssertSqlSafe(limit)).execute(&mut *transaction).await.unwrap();
    let lock = sqlx::query("SELECT id FROM notes FOR UPDATE").execute(&mut *transaction).await;
    transaction.rollback().await.unwrap();
    lock.is_ok()
}
