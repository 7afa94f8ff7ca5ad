//! What sqlx 0.9 leaves open in its own transactions, and what this crate does in the same place.
//!
//! Each test first shows the hole in plain sqlx: where one of these assertions fails, sqlx has closed it,
//! and the code here that works around it may go.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use repo_core::{Access, Backend, Error, TransactionOptions};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection, PgPool, query_scalar};

use crate::scratch::{
    CREATE_NOTES, INSERT_NOTE, Scratch, count, no_rows, note, script, statement, write,
};

const INSERT_1: &str = "INSERT INTO notes VALUES (1, 'a note')";
/// Polls `future` a number of times, waiting for the server in between, and drops it.
async fn cancel_after(polls: usize, future: impl Future) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(_) = future.as_mut().poll(&mut context) {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

async fn sqlx_pool(scratch: &Scratch) -> PgPool {
    let options = PgPoolOptions::new().min_connections(1).max_connections(1);
    options.connect(&scratch.url).await.unwrap()
}

#[tokio::test]
async fn a_cancelled_begin_leaves_no_transaction_open() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;

    // sqlx: the statement after a cancelled `begin` succeeds, in a transaction that nobody commits.
    let pool = sqlx_pool(&scratch).await;
    let mut lost = false;
    for polls in 1..10 {
        cancel_after(polls, pool.begin()).await;
        sqlx::query(INSERT_1).execute(&pool).await.unwrap();
        lost = count(&db, "SELECT count(*) FROM notes").await == 0;
        if lost {
            break;
        }
        script(&db, "TRUNCATE notes").await;
    }
    assert!(lost, "sqlx has closed the hole");
    pool.close().await;
    script(&db, "TRUNCATE notes").await;

    for polls in 1..10 {
        cancel_after(polls, db.begin(TransactionOptions::new())).await;
        let id = i32::try_from(polls).unwrap();
        write(&db, INSERT_NOTE, &note(id, "a note")).await.unwrap();
        let mut other = scratch.sqlx().await;
        let found: i64 =
            query_scalar("SELECT count(*) FROM notes").fetch_one(&mut other).await.unwrap();
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
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);

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
